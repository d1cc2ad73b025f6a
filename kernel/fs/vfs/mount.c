/* SPDX-License-Identifier: MIT */
/*
 * Mounts and superblocks.
 *
 * A mount shows the tree of a superblock at a directory of another mount.  The first
 * one is the root tmpfs; kernel_root is where tasks start.  A mount in the table holds a
 * reference to itself, its parent and the directory it covers; open files and working
 * directories hold others, which make it busy.
 *
 * Locking.  mount_lock (mutex) orders changes.  The table, the tree links and
 * kernel_root change under dcache_lock, so a walk sees them whole.
 */
#include "vfs.h"

#include <uapi/errno.h>
#include <uapi/mount.h>

#include <gemel/block.h>
#include <gemel/cred.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | \
	MS_NODIRATIME | MS_RELATIME | MS_NOSYMFOLLOW)

static struct mutex mount_lock = MUTEX_INIT(mount_lock, MOUNT);
static struct fs_type *fs_types;                /* mount_lock; only grows */
static struct list mounts = LIST_INIT(mounts);  /* dcache_lock */
static struct list superblocks = LIST_INIT(superblocks);        /* dcache_lock */
static uint next_mount_id = 1;                  /* mount_lock */
static uint next_anonymous_dev = 1;             /* atomic */
static struct mount anonymous_mount;
static struct superblock anonymous_sb;

struct path kernel_root;

void fs_register(struct fs_type *type)
{
	type->next = fs_types;
	fs_types = type;
}

static struct fs_type *fs_type_find(const char *name)
{
	for (struct fs_type *t = fs_types; t; t = t->next)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

/* ---- superblocks ---- */

static void superblock_init(struct superblock *sb, struct fs_type *type)
{
	sb->type = type;
	sb->block_size = PAGE_SIZE;
	sb->max_name = NAME_MAX;
	sb->max_file_size = (u64)1 << 62;
	refs_init(&sb->refs, 1);
	mutex_init(&sb->rename_lock, LOCK_RANK_RENAME);
	list_init(&sb->inodes);
	list_init(&sb->link);
}

static void superblock_set_device(struct superblock *sb, struct block_device *bdev)
{
	sb->bdev = bdev;
	sb->dev = bdev ? bdev->dev :
		dev_make(0, __atomic_fetch_add(&next_anonymous_dev, 1, __ATOMIC_RELAXED));
}

int superblock_create(struct fs_type *type, struct block_device *bdev, uint flags,
		      const char *data, struct superblock **out)
{
	struct superblock *sb = kzalloc(sizeof(*sb));
	int err;

	if (!sb)
		return -ENOMEM;
	superblock_init(sb, type);
	superblock_set_device(sb, bdev);
	sb->read_only = flags & MS_RDONLY;
	err = type->mount(sb, data);
	if (err < 0) {
		kfree(sb);
		return err;
	}
	*out = sb;
	return 0;
}

void superblock_put(struct superblock *sb)
{
	struct dentry *root = sb->root;

	if (!refs_put(&sb->refs))
		return;
	spin_lock(&dcache_lock);
	list_remove(&sb->link);
	spin_unlock(&dcache_lock);
	dcache_shrink_sb(sb);
	if (!sb->read_only && sb_sync(sb, true) < 0)
		printk(LOG_ERR, "fs", "%s: unmount: changes lost", sb->type->name);
	sb->root = NULL;
	dentry_put(root);
	if (sb->ops && sb->ops->unmount)
		sb->ops->unmount(sb);
	kfree(sb);
}

struct superblock *superblock_anonymous(void)
{
	return &anonymous_sb;
}

struct mount *mount_anonymous(void)
{
	return &anonymous_mount;
}

/* ---- the tree ---- */

void mount_get(struct mount *m)
{
	refs_get(&m->refs);
}

/* Also lets go of where it is mounted; no lock held. */
static void mount_free(struct mount *m)
{
	dentry_put(m->root);
	if (m->mountpoint)
		dentry_put(m->mountpoint);
	superblock_put(m->sb);
	kfree(m);
}

void mount_put(struct mount *m)
{
	while (m && refs_put(&m->refs)) {
		struct mount *parent = m->parent;

		mount_free(m);
		m = parent;
	}
}

bool mount_is_read_only(const struct mount *m)
{
	return (m->flags & MS_RDONLY) || m->sb->read_only;
}

static struct mount *mount_find_at(const struct path *p) __must_hold(dcache_lock)
{
	struct list *at;

	/* The youngest covers the others. */
	for (at = mounts.prev; at != &mounts; at = at->prev) {
		struct mount *m = list_entry(at, struct mount, link);

		if (m->mountpoint == p->dentry && m->parent == p->mount)
			return m;
	}
	return NULL;
}

void path_cross_mounts(struct path *p)
{
	while (p->dentry->is_mountpoint) {
		struct mount *m = mount_find_at(p);

		if (!m)
			return;
		*p = (struct path){ m, m->root };
	}
}

/* A mount of @root in @sb (whose reference is taken over), not in the tree. */
static int mount_create(struct superblock *sb, struct dentry *root, const char *source,
			uint flags, struct mount **out)
{
	struct mount *m = kzalloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	refs_init(&m->refs, 1);
	m->sb = sb;
	m->root = root;
	dentry_get(root);
	m->flags = flags & MOUNT_FLAGS;
	m->id = next_mount_id++;
	strscpy(m->source, source, sizeof(m->source));
	list_init(&m->link);
	*out = m;
	return 0;
}

/* Put @m on @at, whose references are taken over; NULL: it is the root of all. */
static int mount_attach(struct mount *m, const struct path *at)
{
	int err = 0;

	spin_lock(&dcache_lock);
	/* Below a mount that is in no tree any more nobody could ever unmount it. */
	if (at && !at->mount->is_attached)
		err = -EINVAL;
	else if (at && (at->dentry->is_deleted || inode_is_dir(at->dentry->inode) !=
			inode_is_dir(m->root->inode)))
		err = at->dentry->is_deleted ? -ENOENT : -ENOTDIR;
	if (err == 0) {
		if (at) {
			m->parent = at->mount;
			m->mountpoint = at->dentry;
			at->dentry->is_mountpoint = true;
		}
		m->is_attached = true;
		list_add_tail(&mounts, &m->link);
	}
	spin_unlock(&dcache_lock);
	return err;
}

static bool mount_has_children(const struct mount *m) __must_hold(dcache_lock)
{
	struct mount *c;

	list_for_each(c, &mounts, link)
		if (c->parent == m)
			return true;
	return false;
}

static void mountpoint_update(struct dentry *d) __must_hold(dcache_lock)
{
	struct mount *m;

	d->is_mountpoint = false;
	list_for_each(m, &mounts, link)
		if (m->mountpoint == d)
			d->is_mountpoint = true;
}

/* Take @m out of the tree if it is not busy, or at any rate if @lazy.  The table's and the
 * parent's references are the caller's to put. */
static int mount_detach(struct mount *m, bool lazy, struct path *was)
{
	int err = 0;

	spin_lock(&dcache_lock);
	/* The table's reference and the caller's. */
	if (!m->is_attached || !m->parent)
		err = -EINVAL;
	else if (!lazy && (mount_has_children(m) || READ_ONCE(m->refs.count) > 2))
		err = -EBUSY;
	if (err == 0) {
		*was = (struct path){ m->parent, m->mountpoint };
		list_remove(&m->link);
		m->is_attached = false;
		m->parent = NULL;
		m->mountpoint = NULL;
		mountpoint_update(was->dentry);
	}
	spin_unlock(&dcache_lock);
	return err;
}

/* A mount below @m that has none below itself, referenced; NULL: there is none. */
static struct mount *mount_leaf_below(struct mount *m)
{
	struct mount *leaf = m, *c;
	bool deeper;

	spin_lock(&dcache_lock);
	do {
		deeper = false;
		list_for_each(c, &mounts, link) {
			if (c->parent == leaf) {
				leaf = c;
				deeper = true;
				break;
			}
		}
	} while (deeper);
	if (leaf != m)
		mount_get(leaf);
	spin_unlock(&dcache_lock);
	return leaf == m ? NULL : leaf;
}

/* What is mounted below @m, which has been taken out of the tree, goes too. */
static void mounts_detach_below(struct mount *m)
{
	struct mount *leaf;
	struct path was;

	while ((leaf = mount_leaf_below(m))) {
		if (mount_detach(leaf, true, &was) == 0) {
			path_put(&was);
			mount_put(leaf);
		}
		mount_put(leaf);
	}
}

/* ---- mounting ---- */

/* @source is a path to a block device node, or the bare name of one. */
static int block_device_lookup(const char *source, struct block_device **out)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &p);

	*out = NULL;
	if (err == 0) {
		bool is_block = S_ISBLK(p.dentry->inode->mode);

		if (is_block)
			*out = block_find_dev(p.dentry->inode->rdev);
		path_put(&p);
		if (!is_block)
			return -ENOTBLK;
	} else {
		*out = block_find(str_has_prefix(source, "/dev/") ? source + 5 : source);
		if (!*out)
			return err;
	}
	return *out ? 0 : -ENXIO;
}

/* One that is there already, referenced: of this device, or the only one of its type. */
static struct superblock *superblock_lookup(struct fs_type *type, struct block_device *bdev)
{
	struct superblock *sb, *found = NULL;

	spin_lock(&dcache_lock);
	list_for_each(sb, &superblocks, link) {
		if (bdev ? sb->bdev != bdev : !type->is_single || sb->type != type)
			continue;
		if (refs_try_get(&sb->refs))
			found = sb;
	}
	spin_unlock(&dcache_lock);
	return found;
}

static int superblock_open(struct fs_type *type, const char *source, uint flags,
			   const char *data, struct superblock **out)
{
	struct block_device *bdev = NULL;
	struct superblock *sb;
	int err = 0;

	if (type->needs_device)
		err = block_device_lookup(source, &bdev);
	if (err < 0)
		return err;
	sb = superblock_lookup(type, bdev);
	if (sb) {
		if (!bdev || (sb->type == type && sb->read_only == !!(flags & MS_RDONLY))) {
			*out = sb;
			return 0;
		}
		superblock_put(sb);
		return -EBUSY;
	}
	err = superblock_create(type, bdev, flags, data, &sb);
	if (err < 0)
		return err;
	spin_lock(&dcache_lock);
	list_add_tail(&superblocks, &sb->link);
	spin_unlock(&dcache_lock);
	*out = sb;
	return 0;
}

/* @at: references are taken over on success. */
static int mount_new(const char *source, const struct path *at, const char *type_name,
		     uint flags, const char *data)
{
	struct fs_type *type = fs_type_find(type_name);
	struct superblock *sb;
	struct mount *m;
	int err;

	if (!type)
		return -ENODEV;
	err = superblock_open(type, source, flags, data, &sb);
	if (err < 0)
		return err;
	err = mount_create(sb, sb->root, source, flags, &m);
	if (err < 0) {
		superblock_put(sb);
		return err;
	}
	err = mount_attach(m, at);
	if (err < 0)
		mount_put(m);
	return err;
}

static int mount_bind(const char *source, const struct path *at)
{
	struct path from;
	struct mount *m;
	int err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);

	if (err < 0)
		return err;
	refs_get(&from.mount->sb->refs);
	err = mount_create(from.mount->sb, from.dentry, from.mount->source, from.mount->flags, &m);
	if (err < 0)
		superblock_put(from.mount->sb);
	else
		err = mount_attach(m, at);
	if (err < 0 && err != -ENOMEM)
		mount_put(m);
	path_put(&from);
	return err;
}

/* Names that nobody uses go first: deleted inodes that only they kept are freed on the disk. */
static int sb_end_writing(struct superblock *sb)
{
	int err;

	dcache_shrink_sb(sb);
	err = sb_sync(sb, true);
	if (err == 0 && sb->ops && sb->ops->remount)
		err = sb->ops->remount(sb, true);
	return err;
}

static int sb_begin_writing(struct superblock *sb)
{
	return sb->ops && sb->ops->remount ? sb->ops->remount(sb, false) : 0;
}

static int mount_remount(const struct path *at, uint flags, const char *data)
{
	struct mount *m = at->mount;
	bool read_only = flags & MS_RDONLY;
	int err = 0;

	if (at->dentry != m->root)
		return -EINVAL;
	if (!(flags & MS_BIND) && m->sb->ops && m->sb->ops->reconfigure)
		err = m->sb->ops->reconfigure(m->sb, data);
	if (err < 0)
		return err;
	if (!(flags & MS_BIND) && m->sb->read_only != read_only) {
		err = read_only ? sb_end_writing(m->sb) : sb_begin_writing(m->sb);
		if (err < 0)
			return err;
		m->sb->read_only = read_only;
	}
	WRITE_ONCE(m->flags, flags & MOUNT_FLAGS);
	return 0;
}

static int mount_move(const char *source, const struct path *at)
{
	struct path from, was;
	int err = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);

	if (err < 0)
		return err;
	err = -EINVAL;
	if (from.dentry == from.mount->root && at->mount->is_attached) {
		spin_lock(&dcache_lock);
		err = 0;
		for (struct mount *m = at->mount; m; m = m->parent)
			if (m == from.mount)
				err = -ELOOP;
		spin_unlock(&dcache_lock);
	}
	if (err == 0)
		err = mount_detach(from.mount, true, &was);
	if (err == 0) {
		path_put(&was);
		err = mount_attach(from.mount, at);
	}
	path_put(&from);
	return err;
}

int fs_mount(const char *source, const char *target, const char *type, uint flags,
	     const char *data)
{
	struct path at;
	int err = path_lookup(AT_FDCWD, target, LOOKUP_FOLLOW, &at);

	if (err < 0)
		return err;
	mutex_lock(&mount_lock);
	if (flags & MS_REMOUNT) {
		err = mount_remount(&at, flags, data);
		path_put(&at);
		goto out_unlock;
	}
	if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)) {
		path_put(&at);
		goto out_unlock;
	}
	if (flags & MS_BIND)
		err = mount_bind(source, &at);
	else if (flags & MS_MOVE)
		err = mount_move(source, &at);
	else
		err = mount_new(source, &at, type, flags, data);
	if (err < 0)
		path_put(&at);
out_unlock:
	mutex_unlock(&mount_lock);
	return err;
}

int fs_unmount(const char *target, int flags)
{
	struct path p, was;
	int err = path_lookup(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &p);

	if (err < 0)
		return err;
	mutex_lock(&mount_lock);
	if (p.dentry != p.mount->root) {
		err = -EINVAL;
		path_put(&p);
		goto out_unlock;
	}
	dentry_put(p.dentry);
	dcache_shrink_sb(p.mount->sb);
	err = mount_detach(p.mount, flags & MNT_DETACH, &was);
	if (err == 0) {
		mounts_detach_below(p.mount);
		path_put(&was);
		mount_put(p.mount);
	}
	mount_put(p.mount);
out_unlock:
	mutex_unlock(&mount_lock);
	return err;
}

/* ---- all of them ---- */

/* The superblock after @prev (put), referenced; NULL at the end. */
static struct superblock *superblock_next(struct superblock *prev)
{
	struct superblock *sb = NULL;
	struct list *at;

	spin_lock(&dcache_lock);
	at = prev ? prev->link.next : superblocks.next;
	for (; at != &superblocks; at = at->next) {
		sb = list_entry(at, struct superblock, link);
		if (refs_try_get(&sb->refs))
			break;
		sb = NULL;
	}
	spin_unlock(&dcache_lock);
	if (prev)
		superblock_put(prev);
	return sb;
}

void sync_all(void)
{
	struct superblock *sb = NULL;

	while ((sb = superblock_next(sb)))
		if (!sb->read_only && sb_sync(sb, true) < 0)
			printk(LOG_ERR, "fs", "%s: sync failed", sb->type->name);
	writeback_all(true);
}

void inodes_write_back(void)
{
	struct superblock *sb = NULL;

	while ((sb = superblock_next(sb)))
		if (sb->bdev && !sb->read_only)
			sb_write_inodes(sb);
}

void vfs_shutdown(void)
{
	struct superblock *sb = NULL;

	sync_all();
	while ((sb = superblock_next(sb))) {
		if (sb->read_only || !sb->bdev)
			continue;
		if (sb->ops && sb->ops->remount && sb->ops->remount(sb, true) < 0)
			printk(LOG_ERR, "fs", "%s: not remounted read-only", sb->type->name);
		sb->read_only = true;
	}
}

static void mount_options(const struct mount *m, char *buf, size_t size)
{
	int len = scnprintf(buf, size, "%s%s%s%s%s", mount_is_read_only(m) ? "ro" : "rw",
		  m->flags & MS_NOSUID ? ",nosuid" : "", m->flags & MS_NODEV ? ",nodev" : "",
		  m->flags & MS_NOEXEC ? ",noexec" : "",
		  m->flags & MS_NOATIME ? ",noatime" : ",relatime");

	if (m->sb->ops && m->sb->ops->show_options)
		m->sb->ops->show_options(m->sb, buf + len, size - (size_t)len);
}

static void mount_show(struct mount *m, bool info, char *buf, char *line,
		       void (*emit)(void *arg, const char *line), void *arg)
{
	struct path at = { m, m->root };
	const char *name = path_name(&at, buf, PATH_MAX);
	char options[128];

	if (!name || name[0] != '/')
		return;
	mount_options(m, options, sizeof(options));
	if (info)
		scnprintf(line, PATH_MAX, "%u %u %u:%u / %s %s - %s %s %s\n", m->id,
			  m->parent ? m->parent->id : m->id, dev_major(m->sb->dev),
			  dev_minor(m->sb->dev), name, options, m->sb->type->name, m->source,
			  m->sb->read_only ? "ro" : "rw");
	else
		scnprintf(line, PATH_MAX, "%s %s %s %s 0 0\n", m->source, name,
			  m->sb->type->name, options);
	emit(arg, line);
}

/* The attached mount with the lowest id above @id, referenced; NULL: none. */
static struct mount *mount_next(uint id)
{
	struct mount *m, *best = NULL;

	spin_lock(&dcache_lock);
	list_for_each(m, &mounts, link)
		if (m->id > id && (!best || m->id < best->id))
			best = m;
	if (best)
		mount_get(best);
	spin_unlock(&dcache_lock);
	return best;
}

void mounts_show(bool info, void (*emit)(void *arg, const char *line), void *arg)
{
	char *buf = kalloc(2 * PATH_MAX);
	struct mount *m;
	uint id;

	if (!buf)
		return;
	for (m = mount_next(0); m; m = mount_next(id)) {
		id = m->id;
		mount_show(m, info, buf, buf + PATH_MAX, emit, arg);
		mount_put(m);
	}
	kfree(buf);
}

void filesystems_show(void (*emit)(void *arg, const char *line), void *arg)
{
	char line[64];

	for (struct fs_type *t = fs_types; t; t = t->next) {
		scnprintf(line, sizeof(line), "%s\t%s\n", t->needs_device ? "" : "nodev", t->name);
		emit(arg, line);
	}
}

/* ---- boot ---- */

void mounts_init(void)
{
	superblock_init(&anonymous_sb, NULL);
	superblock_set_device(&anonymous_sb, NULL);
	refs_init(&anonymous_mount.refs, 1);
	anonymous_mount.sb = &anonymous_sb;
	list_init(&anonymous_mount.link);
	if (mount_new("rootfs", NULL, "tmpfs", 0, "") < 0)
		panic("fs: the root file system cannot be made");
	spin_lock(&dcache_lock);
	kernel_root.mount = list_first(&mounts, struct mount, link);
	kernel_root.dentry = kernel_root.mount->root;
	path_get(&kernel_root);
	spin_unlock(&dcache_lock);
}

/* What is mounted at @target becomes the root of everything. */
int mount_make_root(const char *target)
{
	struct path p, old;
	int err = path_lookup(AT_FDCWD, target, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err < 0)
		return err;
	spin_lock(&dcache_lock);
	old = kernel_root;
	kernel_root = p;
	spin_unlock(&dcache_lock);
	path_put(&old);
	return 0;
}

/* ---- system calls ---- */

long sys_umount2(const char __user *target, int flags)
{
	struct user_path up;
	int err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = user_path_get(&up, target);
	if (err < 0)
		return err;
	err = fs_unmount(up.name, flags);
	user_path_put(&up);
	return err;
}

/* mount(2)'s strings in kernel memory. */
struct mount_args {
	char source[256], type[64], data[512];
	struct user_path target;
};

static int mount_string(char *dst, size_t size, const char __user *src)
{
	ssize_t len = 0;

	dst[0] = '\0';
	if (src)
		len = copy_string_from_user(dst, src, size);
	return len < 0 ? (int)len : 0;
}

long sys_mount(const char __user *source, const char __user *target, const char __user *type,
	       ulong flags, const void __user *data)
{
	struct mount_args *a;
	long err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(ulong)MS_MGC_MSK;
	a = kalloc(sizeof(*a));
	if (!a)
		return -ENOMEM;
	err = user_path_get(&a->target, target);
	if (err < 0)
		goto out_free;
	err = mount_string(a->source, sizeof(a->source), source);
	if (err == 0)
		err = mount_string(a->type, sizeof(a->type), type);
	if (err == 0)
		err = mount_string(a->data, sizeof(a->data), (const char __user *)data);
	if (err == 0)
		err = fs_mount(a->source[0] ? a->source : "none", a->target.name, a->type,
			       (uint)flags, a->data);
	user_path_put(&a->target);
out_free:
	kfree(a);
	return err;
}

static int pivot_paths(const struct path *to, const struct path *old_at)
{
	struct path root, was;
	struct mount *new_mount = to->mount;
	int err;

	spin_lock(&dcache_lock);
	root = current->fs->root;
	path_get(&root);
	spin_unlock(&dcache_lock);
	err = -EINVAL;
	if (to->dentry != new_mount->root || root.dentry != root.mount->root ||
	    new_mount == root.mount || !new_mount->parent)
		goto out_put;
	err = mount_detach(new_mount, true, &was);
	if (err < 0)
		goto out_put;
	path_put(&was);
	spin_lock(&dcache_lock);
	/* The old root hangs below the new one; the new one where the old one hung. */
	was = (struct path){ root.mount->parent, root.mount->mountpoint };
	new_mount->parent = was.mount;
	new_mount->mountpoint = was.dentry;
	new_mount->is_attached = true;
	list_add_tail(&mounts, &new_mount->link);
	path_get(old_at);
	root.mount->parent = old_at->mount;
	root.mount->mountpoint = old_at->dentry;
	old_at->dentry->is_mountpoint = true;
	if (path_is_equal(&kernel_root, &root)) {
		path_get(to);
		kernel_root = *to;
	}
	spin_unlock(&dcache_lock);
	fs_contexts_move(&root, to);
out_put:
	path_put(&root);
	return err;
}

long sys_pivot_root(const char __user *new_root, const char __user *put_old)
{
	struct path to, old_at;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = user_path_lookup(AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &to);
	if (err < 0)
		return err;
	err = user_path_lookup(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old_at);
	if (err == 0) {
		mutex_lock(&mount_lock);
		err = old_at.mount == to.mount ? pivot_paths(&to, &old_at) : -EINVAL;
		mutex_unlock(&mount_lock);
		path_put(&old_at);
	}
	path_put(&to);
	return err;
}
