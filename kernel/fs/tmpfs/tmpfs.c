/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: files that live in the page cache alone.
 *
 * A directory keeps its entries in two trees, by name and by the order of creation; the
 * second gives readdir positions that stay valid while entries come and go.  An
 * entry holds a reference to its inode.
 *
 * Locking.  The directory's inode lock covers its entries.  The count of pages is atomic; a
 * writer may go over the limit by what the others write at the same moment.
 *
 * Limits.  Half of RAM a mount, or size= of the mount options.
 */
#include "tmpfs.h"

#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/cred.h>
#include <gemel/hash.h>
#include <gemel/page.h>
#include <gemel/printf.h>
#include <gemel/rbtree.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#include "../vfs/vfs.h"

#define TMPFS_MAGIC     0x01021994u
#define FIRST_COOKIE    2       /* 0 and 1 are "." and ".." */

struct tmpfs {
	u64 max_pages, pages;           /* pages: atomic */
	u64 next_ino;                   /* atomic */
};

struct entry {
	struct rb_node by_name, by_cookie;
	u64 hash, cookie;
	struct inode *ip;
	u16 len;
	char name[];
};

struct tmpfs_dir {
	struct rb_root by_name, by_cookie;
	u64 next_cookie;
	struct inode *parent;           /* not referenced: it outlives its children */
	struct tmpfs_dir *next;         /* of those to be dropped */
};

static struct tmpfs *tmpfs_of(struct inode *ip)
{
	return ip->sb->private;
}

/* ---- pages ---- */

/* What the mapping holds more or less than at the last look. */
static void tmpfs_account(struct inode *ip)
{
	u64 now = READ_ONCE(ip->mapping.npages) * (PAGE_SIZE / 512);
	u64 old = __atomic_exchange_n(&ip->blocks, now, __ATOMIC_RELAXED);

	__atomic_fetch_add(&tmpfs_of(ip)->pages,
			   (u64)((s64)(now - old) / (s64)(PAGE_SIZE / 512)), __ATOMIC_RELAXED);
}

static int tmpfs_prepare_write(struct mapping *m, struct page *pg, uint from, uint to)
{
	struct tmpfs *t = tmpfs_of(m->inode);

	(void)from;
	(void)to;
	tmpfs_account(m->inode);
	/* This page is counted already. */
	if (!(READ_ONCE(pg->flags) & PAGE_DIRTY) && READ_ONCE(t->pages) > t->max_pages)
		return -ENOSPC;
	return 0;
}

static const struct mapping_ops tmpfs_mapping_ops = {
	.prepare_write = tmpfs_prepare_write,
};

/* ---- entries ---- */

static int entry_compare(const struct entry *e, u64 hash, const char *name, size_t len)
{
	if (e->hash != hash)
		return hash < e->hash ? -1 : 1;
	if (e->len != len)
		return len < e->len ? -1 : 1;
	return memcmp(name, e->name, len);
}

static struct entry *entry_find(struct tmpfs_dir *d, const char *name, size_t len)
{
	u64 hash = hash_bytes(name, len, 0);
	struct rb_node *n = d->by_name.node;

	while (n) {
		struct entry *e = rb_entry(n, struct entry, by_name);
		int order = entry_compare(e, hash, name, len);

		if (order == 0)
			return e;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

static void entry_insert_name(struct tmpfs_dir *d, struct entry *e)
{
	struct rb_node **link = &d->by_name.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = entry_compare(rb_entry(parent, struct entry, by_name), e->hash, e->name,
				     e->len) < 0 ? &parent->left : &parent->right;
	}
	rb_insert(&d->by_name, &e->by_name, parent, link);
}

/* Cookies only grow: a new one is the last. */
static void entry_insert_cookie(struct tmpfs_dir *d, struct entry *e)
{
	struct rb_node *last = rb_last(&d->by_cookie);

	e->cookie = d->next_cookie++;
	rb_insert(&d->by_cookie, &e->by_cookie, last, last ? &last->right : &d->by_cookie.node);
}

/* The first with a cookie >= @cookie. */
static struct entry *entry_at(struct tmpfs_dir *d, u64 cookie)
{
	struct rb_node *n = d->by_cookie.node;
	struct entry *best = NULL;

	while (n) {
		struct entry *e = rb_entry(n, struct entry, by_cookie);

		if (e->cookie >= cookie) {
			best = e;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

/* An entry for @ip, whose reference is taken over on success. */
static int entry_add(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	struct tmpfs_dir *d = dir->private;
	struct entry *e = kalloc(sizeof(*e) + len + 1);

	if (!e)
		return -ENOSPC;
	e->hash = hash_bytes(name, len, 0);
	e->ip = ip;
	e->len = (u16)len;
	memcpy(e->name, name, len);
	e->name[len] = '\0';
	entry_insert_name(d, e);
	entry_insert_cookie(d, e);
	dir->size += 20;
	dir->mtime = dir->ctime = time_stamp_now();
	return 0;
}

/* Its reference to the inode is the caller's. */
static void entry_remove(struct inode *dir, struct entry *e)
{
	struct tmpfs_dir *d = dir->private;

	rb_erase(&d->by_name, &e->by_name);
	rb_erase(&d->by_cookie, &e->by_cookie);
	kfree(e);
	dir->size -= 20;
	dir->mtime = dir->ctime = time_stamp_now();
}

/* ---- operations ---- */

static const struct inode_ops tmpfs_dir_ops, tmpfs_file_ops, tmpfs_link_ops, tmpfs_special_ops;
static const struct file_ops tmpfs_regular_ops;

static struct inode *tmpfs_inode(struct superblock *sb, mode_t mode, dev_t rdev)
{
	struct tmpfs *t = sb->private;
	struct inode *ip = inode_create(sb, mode);

	if (!ip)
		return NULL;
	ip->ino = __atomic_fetch_add(&t->next_ino, 1, __ATOMIC_RELAXED);
	ip->rdev = rdev;
	ip->ops = &tmpfs_special_ops;
	if (S_ISREG(mode)) {
		ip->ops = &tmpfs_file_ops;
		ip->fops = &tmpfs_regular_ops;
		mapping_init(&ip->mapping, &tmpfs_mapping_ops, ip);
		ip->mapping.no_reclaim = true;
	}
	return ip;
}

static int tmpfs_make_dir(struct inode *ip, struct inode *parent)
{
	struct tmpfs_dir *d = kzalloc(sizeof(*d));

	if (!d)
		return -ENOSPC;
	d->next_cookie = FIRST_COOKIE;
	d->parent = parent ? parent : ip;
	ip->private = d;
	ip->ops = &tmpfs_dir_ops;
	ip->nlink = 2;
	ip->size = 40;
	return 0;
}

static int tmpfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct entry *e = entry_find(dir->private, name, len);

	if (!e)
		return -ENOENT;
	inode_get(e->ip);
	*out = e->ip;
	return 0;
}

/* @ip is new, owned by the caller; on success the directory has one reference, *out another. */
static int tmpfs_enter(struct inode *dir, const char *name, size_t len, struct inode *ip,
		       struct inode **out)
{
	int err = entry_add(dir, name, len, ip);

	if (err < 0) {
		inode_put(ip);
		return err;
	}
	inode_get(ip);
	*out = ip;
	return 0;
}

static int tmpfs_create(struct inode *dir, const char *name, size_t len, mode_t mode, dev_t rdev,
			struct inode **out)
{
	struct inode *ip = tmpfs_inode(dir->sb, mode, rdev);

	if (!ip)
		return -ENOSPC;
	inode_init_owner(ip, dir, mode);
	return tmpfs_enter(dir, name, len, ip, out);
}

static int tmpfs_mkdir(struct inode *dir, const char *name, size_t len, mode_t mode,
		       struct inode **out)
{
	struct inode *ip = tmpfs_inode(dir->sb, mode, 0);
	int err;

	if (!ip)
		return -ENOSPC;
	inode_init_owner(ip, dir, mode);
	err = tmpfs_make_dir(ip, dir);
	if (err < 0) {
		inode_put(ip);
		return err;
	}
	err = tmpfs_enter(dir, name, len, ip, out);
	if (err == 0)
		dir->nlink++;
	return err;
}

static int tmpfs_symlink(struct inode *dir, const char *name, size_t len, const char *target,
			 struct inode **out)
{
	size_t size = strlen(target);
	struct inode *ip = tmpfs_inode(dir->sb, S_IFLNK | 0777, 0);

	if (!ip)
		return -ENOSPC;
	inode_init_owner(ip, dir, S_IFLNK | 0777);
	ip->ops = &tmpfs_link_ops;
	ip->private = kalloc(size + 1);
	if (!ip->private) {
		inode_put(ip);
		return -ENOSPC;
	}
	memcpy(ip->private, target, size + 1);
	ip->size = size;
	return tmpfs_enter(dir, name, len, ip, out);
}

static int tmpfs_link(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	int err = entry_add(dir, name, len, ip);

	if (err < 0)
		return err;
	inode_get(ip);
	ip->nlink++;
	ip->ctime = time_stamp_now();
	return 0;
}

static int tmpfs_unlink(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	struct entry *e = entry_find(dir->private, name, len);

	if (!e)
		return -ENOENT;
	entry_remove(dir, e);
	ip->nlink--;
	ip->ctime = dir->ctime;
	inode_put(ip);
	return 0;
}

static int tmpfs_rmdir(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	struct tmpfs_dir *d = ip->private;
	struct entry *e = entry_find(dir->private, name, len);

	if (!e)
		return -ENOENT;
	if (!rb_is_empty(&d->by_name))
		return -ENOTEMPTY;
	entry_remove(dir, e);
	ip->nlink = 0;
	dir->nlink--;
	inode_put(ip);
	return 0;
}

static void tmpfs_reparent(struct inode *ip, struct inode *from, struct inode *to)
{
	if (!inode_is_dir(ip) || from == to)
		return;
	((struct tmpfs_dir *)ip->private)->parent = to;
	from->nlink--;
	to->nlink++;
}

static int tmpfs_rename(struct inode *old_dir, const char *old_name, size_t old_len,
			struct inode *new_dir, const char *new_name, size_t new_len,
			struct inode *ip, struct inode *victim)
{
	struct entry *e = entry_find(old_dir->private, old_name, old_len);
	int err;

	if (!e)
		return -ENOENT;
	if (victim && inode_is_dir(victim) &&
	    !rb_is_empty(&((struct tmpfs_dir *)victim->private)->by_name))
		return -ENOTEMPTY;
	if (victim) {
		/* The entry stays, what it names changes: nothing here can fail. */
		struct entry *to = entry_find(new_dir->private, new_name, new_len);

		if (!to)
			return -ENOENT;
		to->ip = ip;
		victim->nlink -= inode_is_dir(victim) ? victim->nlink : 1;
		victim->ctime = new_dir->mtime = new_dir->ctime = time_stamp_now();
		if (inode_is_dir(victim))
			new_dir->nlink--;
		inode_put(victim);
	} else {
		err = entry_add(new_dir, new_name, new_len, ip);
		if (err < 0)
			return err;
	}
	entry_remove(old_dir, e);
	tmpfs_reparent(ip, old_dir, new_dir);
	ip->ctime = time_stamp_now();
	return 0;
}

static int tmpfs_exchange(struct inode *dir_a, const char *name_a, size_t len_a,
			  struct inode *ip_a, struct inode *dir_b, const char *name_b,
			  size_t len_b, struct inode *ip_b)
{
	struct entry *a = entry_find(dir_a->private, name_a, len_a);
	struct entry *b = entry_find(dir_b->private, name_b, len_b);

	if (!a || !b)
		return -ENOENT;
	a->ip = ip_b;
	b->ip = ip_a;
	tmpfs_reparent(ip_a, dir_a, dir_b);
	tmpfs_reparent(ip_b, dir_b, dir_a);
	dir_a->mtime = dir_a->ctime = dir_b->mtime = dir_b->ctime = time_stamp_now();
	return 0;
}

static ssize_t tmpfs_readlink(struct inode *ip, char *buf, size_t size)
{
	size_t len = MIN((size_t)ip->size, size - 1);

	memcpy(buf, ip->private, len);
	buf[len] = '\0';
	return (ssize_t)len;
}

static int tmpfs_iterate(struct inode *dir, struct dir_context *ctx)
{
	struct tmpfs_dir *d = dir->private;
	struct entry *e;

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, dir->ino, DT_DIR, 1))
			return 0;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, d->parent->ino, DT_DIR, 2))
			return 0;
		ctx->pos = FIRST_COOKIE;
	}
	while ((e = entry_at(d, ctx->pos))) {
		if (!ctx->emit(ctx, e->name, e->len, e->ip->ino, MODE_TO_DT(e->ip->mode),
			       e->cookie + 1))
			return 0;
		ctx->pos = e->cookie + 1;
	}
	return 0;
}

/*
 * Drop the entries of a directory that goes with the whole file system.  Directories below
 * lose theirs to @pending first, so that a deep tree does not become a deep recursion.
 */
static void tmpfs_drop_entries(struct tmpfs_dir *d, struct tmpfs_dir **pending)
{
	struct rb_node *n;

	while ((n = rb_first(&d->by_cookie))) {
		struct entry *e = rb_entry(n, struct entry, by_cookie);
		struct inode *child = e->ip;

		rb_erase(&d->by_cookie, n);
		kfree(e);
		if (inode_is_dir(child) && child->private) {
			struct tmpfs_dir *below = child->private;

			child->private = NULL;
			below->next = *pending;
			*pending = below;
		}
		inode_put(child);
	}
	kfree(d);
}

static void tmpfs_evict(struct inode *ip)
{
	struct tmpfs_dir *pending, *d;

	tmpfs_account(ip);
	if (!inode_is_dir(ip)) {
		kfree(ip->private);
		return;
	}
	pending = ip->private;
	while ((d = pending)) {
		pending = d->next;
		tmpfs_drop_entries(d, &pending);
	}
}

static int tmpfs_truncate(struct inode *ip, u64 size)
{
	(void)size;
	tmpfs_account(ip);
	return 0;
}

static const struct inode_ops tmpfs_dir_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.mkdir = tmpfs_mkdir,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
	.exchange = tmpfs_exchange,
	.iterate = tmpfs_iterate,
	.evict = tmpfs_evict,
};

static const struct inode_ops tmpfs_link_ops = {
	.readlink = tmpfs_readlink,
	.evict = tmpfs_evict,
};

static const struct inode_ops tmpfs_special_ops = {
	.evict = tmpfs_evict,
};

static const struct inode_ops tmpfs_file_ops = {
	.truncate = tmpfs_truncate,
	.evict = tmpfs_evict,
};

/* ---- files ---- */

static ssize_t tmpfs_write(struct file *f, struct iobuf *io, u64 *pos)
{
	ssize_t n = generic_file_ops.write(f, io, pos);

	tmpfs_account(f->inode);
	return n;
}

static ssize_t tmpfs_read(struct file *f, struct iobuf *io, u64 *pos)
{
	return generic_file_ops.read(f, io, pos);
}

static s64 tmpfs_seek(struct file *f, s64 off, int whence)
{
	return generic_file_ops.seek(f, off, whence);
}

static int tmpfs_mmap(struct file *f, struct area *a)
{
	return generic_file_ops.mmap(f, a);
}

/* Zero a range that exists already. */
static int tmpfs_zero_range(struct inode *ip, u64 from, u64 to)
{
	while (from < to) {
		u64 stop = MIN(to, ALIGN_UP(from + 1, PAGE_SIZE));
		struct page *pg = mapping_find(&ip->mapping, from >> PAGE_SHIFT);

		if (pg) {
			page_lock(pg);
			memset((u8 *)page_address(pg) + (from & (PAGE_SIZE - 1)), 0, stop - from);
			page_unlock(pg);
			page_put(pg);
		}
		from = stop;
	}
	return 0;
}

/* Pages come when they are touched; only the size is a promise here. */
static int tmpfs_fallocate(struct file *f, int mode, u64 off, u64 len)
{
	struct inode *ip = f->inode;
	struct tmpfs *t = tmpfs_of(ip);
	u64 end = off + len;
	int err = 0;

	mutex_lock(&ip->lock);
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		err = tmpfs_zero_range(ip, off, MIN(end, ip->size));
	else if (len / PAGE_SIZE > t->max_pages - MIN(READ_ONCE(t->pages), t->max_pages))
		err = -ENOSPC;
	if (err == 0 && !(mode & FALLOC_FL_KEEP_SIZE) && end > ip->size)
		WRITE_ONCE(ip->size, end);
	mutex_unlock(&ip->lock);
	return err;
}

static int tmpfs_fsync(struct file *f, bool data_only)
{
	(void)f;
	(void)data_only;
	return 0;
}

static const struct file_ops tmpfs_regular_ops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.mmap = tmpfs_mmap,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
};

/* ---- the file system ---- */

static int tmpfs_statfs(struct superblock *sb, struct statfs_info *st)
{
	struct tmpfs *t = sb->private;

	st->blocks = t->max_pages;
	st->bfree = st->bavail = t->max_pages - MIN(READ_ONCE(t->pages), t->max_pages);
	st->files = t->max_pages;
	st->ffree = t->max_pages;
	return 0;
}

static void tmpfs_unmount(struct superblock *sb)
{
	kfree(sb->private);
}

static const struct super_ops tmpfs_super_ops = {
	.statfs = tmpfs_statfs,
	.unmount = tmpfs_unmount,
};

/* "size=64m,mode=1777": sizes with k, m, g, %. */
static u64 option_size(const char *text, u64 total_pages)
{
	const char *end;
	u64 n;

	if (parse_u64(text, 10, &n, &end) < 0)
		return 0;
	switch (*end) {
	case '%':
		return total_pages * MIN(n, 100ull) / 100;
	case 'k': case 'K':
		return DIV_ROUND_UP(n << 10, PAGE_SIZE);
	case 'm': case 'M':
		return (n << 20) / PAGE_SIZE;
	case 'g': case 'G':
		return (n << 30) / PAGE_SIZE;
	default:
		return DIV_ROUND_UP(n, PAGE_SIZE);
	}
}

static const char *option_value(const char *data, const char *name)
{
	size_t len = strlen(name);

	while (data && *data) {
		if (strncmp(data, name, len) == 0 && data[len] == '=')
			return data + len + 1;
		data = strchr(data, ',');
		if (data)
			data++;
	}
	return NULL;
}

static mode_t option_mode(const char *data)
{
	const char *text = option_value(data, "mode"), *end;
	u64 mode;

	if (text && parse_u64(text, 8, &mode, &end) == 0)
		return (mode_t)mode & S_ALLPERM;
	return 01777;
}

int tmpfs_mount(struct superblock *sb, const char *data)
{
	struct tmpfs *t = kzalloc(sizeof(*t));
	struct memory_info mi;
	struct inode *root;
	const char *size = option_value(data, "size");
	int err = -ENOMEM;

	if (!t)
		return -ENOMEM;
	memory_info(&mi);
	t->max_pages = size ? option_size(size, mi.total) : mi.total / 2;
	t->next_ino = 1;
	sb->private = t;
	sb->ops = &tmpfs_super_ops;
	sb->magic = TMPFS_MAGIC;
	root = tmpfs_inode(sb, S_IFDIR | option_mode(data), 0);
	if (!root)
		goto err_free;
	err = tmpfs_make_dir(root, NULL);
	if (err < 0) {
		inode_put(root);
		goto err_free;
	}
	err = sb_set_root(sb, root);
	if (err == 0)
		return 0;
err_free:
	kfree(t);
	return err;
}

static struct fs_type tmpfs_type = { .name = "tmpfs", .mount = tmpfs_mount };
static struct superblock *unnamed;      /* of files without a name; made by the first */
static struct mount unnamed_mount;

void tmpfs_register(void)
{
	fs_register(&tmpfs_type);
}

static int unnamed_ready(void)
{
	static struct mutex lock = MUTEX_INIT(lock, MOUNT);
	int err = 0;

	mutex_lock(&lock);
	if (!unnamed)
		err = superblock_create(&tmpfs_type, NULL, 0, "", &unnamed);
	if (err == 0 && !unnamed_mount.sb) {
		refs_init(&unnamed_mount.refs, 1);
		list_init(&unnamed_mount.link);
		unnamed_mount.root = unnamed->root;
		unnamed_mount.sb = unnamed;
	}
	mutex_unlock(&lock);
	return err;
}

int tmpfs_file_create(const char *name, u64 size, u32 flags, struct file **out)
{
	struct inode *ip;
	struct path p;
	int err = unnamed_ready();

	if (err < 0)
		return err;
	ip = tmpfs_inode(unnamed, S_IFREG | 0777, 0);
	if (!ip)
		return -ENOMEM;
	ip->uid = current_cred()->fsuid;
	ip->gid = current_cred()->fsgid;
	ip->nlink = 0;
	ip->size = size;
	p.mount = &unnamed_mount;
	p.dentry = dentry_create_root(unnamed, ip, name);
	if (!p.dentry) {
		inode_put(ip);
		return -ENOMEM;
	}
	p.dentry->is_deleted = true;
	err = file_open_path(&p, O_RDWR | (int)flags, true, out);
	dentry_put(p.dentry);
	return err;
}

/* memfd_create(2) */
long sys_memfd_create(const char __user *uname, uint flags)
{
	char name[256] = "memfd:";
	struct file *f;
	ssize_t len;
	int err;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC))
		return -EINVAL;
	len = copy_string_from_user(name + 6, uname, sizeof(name) - 6);
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	err = tmpfs_file_create(name, 0, O_LARGEFILE, &f);
	return err < 0 ? err : file_install(f, flags & MFD_CLOEXEC);
}
