/* SPDX-License-Identifier: MIT */
/*
 * devpts: a name for each PTY that has a master.
 *
 * A mount is an instance: numbers of its own, and a ptmx whose opens take from them.  An open of
 * another ptmx, that of devfs, means the instance mounted on "pts" in the same directory.
 *
 * Names come and go with the masters, so none is cached; the inode of a terminal is one, with the
 * owner and mode that programs gave it.  It holds the terminal, the terminal holds the instance.
 *
 *	named		in the list, found by name	[devpts_add]
 *	nameless	open files still have it	[devpts_remove: the master is closed]
 *	free		the number may come again	[devpts_release: the last file too]
 *
 * Locking.  d->lock covers numbers and list.
 */
#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/cred.h>
#include <gemel/devpts.h>
#include <gemel/ids.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/tty.h>

#include "../vfs/vfs.h"

#define DEVPTS_MAGIC    0x1cd1u
#define SLAVE_MAJOR     136u
#define NUMBERS_MAX     (1u << 20)

enum { INO_ROOT = 1, INO_PTMX = 2, INO_FIRST = 3 };

struct options {
	uid_t uid;
	gid_t gid;
	bool has_uid, has_gid;
	mode_t mode, ptmx_mode;
	uint max;
};

struct devpts {
	struct options options;         /* read without a lock */
	struct inode *ptmx;             /* referenced */
	struct mutex lock;              /* rank DEVPTS */
	struct ids ids __guarded_by(lock);
	struct list nodes __guarded_by(lock);
};

static struct fs_type devpts_type;
static uint npty;                       /* atomic */

static struct devpts *devpts_of(const struct superblock *sb)
{
	return sb->private;
}

uint pty_count(void)
{
	return READ_ONCE(npty);
}

/* ---- the directory ---- */

/* The node with the lowest number >= @from, or NULL. */
static struct devpts_node *node_from(struct devpts *d, u64 from) __must_hold(d->lock)
{
	struct devpts_node *n, *best = NULL;

	list_for_each(n, &d->nodes, link)
		if (n->index >= from && (!best || n->index < best->index))
			best = n;
	return best;
}

static bool parse_index(const char *name, size_t len, u64 *index)
{
	*index = 0;
	if (len == 0 || len > 9 || (name[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		*index = *index * 10 + (u64)(name[i] - '0');
	}
	return true;
}

static int devpts_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct devpts *d = devpts_of(dir->sb);
	struct inode *ip = NULL;
	struct devpts_node *n;
	u64 index;

	if (len == 4 && memcmp(name, "ptmx", 4) == 0) {
		ip = d->ptmx;
		inode_get(ip);
	} else if (parse_index(name, len, &index)) {
		mutex_lock(&d->lock);
		n = node_from(d, index);
		if (n && n->index == index) {
			ip = n->ip;
			inode_get(ip);
		}
		mutex_unlock(&d->lock);
	}
	if (!ip)
		return -ENOENT;
	*out = ip;
	return 0;
}

static int iterate_nodes(struct devpts *d, struct dir_context *ctx) __must_hold(d->lock)
{
	struct devpts_node *n;
	char name[16];

	while ((n = node_from(d, ctx->pos - INO_FIRST))) {
		size_t len = (size_t)scnprintf(name, sizeof(name), "%u", n->index);
		u64 next = (u64)n->index + INO_FIRST + 1;

		if (!ctx->emit(ctx, name, len, n->ip->ino, DT_CHR, next))
			return 0;
		ctx->pos = next;
	}
	return 0;
}

static int devpts_iterate(struct inode *dir, struct dir_context *ctx)
{
	static const char *const names[] = { ".", "..", "ptmx" };
	struct devpts *d = devpts_of(dir->sb);

	for (; ctx->pos < ARRAY_SIZE(names); ctx->pos++) {
		bool is_ptmx = ctx->pos == 2;

		if (!ctx->emit(ctx, names[ctx->pos], strlen(names[ctx->pos]),
			       is_ptmx ? INO_PTMX : INO_ROOT, is_ptmx ? DT_CHR : DT_DIR,
			       ctx->pos + 1))
			return 0;
	}
	mutex_lock(&d->lock);
	iterate_nodes(d, ctx);
	mutex_unlock(&d->lock);
	return 0;
}

static int slave_open(struct inode *ip, struct file *f)
{
	return tty_open_slave(ip->private, f);
}

static void slave_evict(struct inode *ip)
{
	tty_put(ip->private);
}

static const struct inode_ops devpts_dir_ops = {
	.lookup = devpts_lookup,
	.iterate = devpts_iterate,
};

static const struct inode_ops devpts_ptmx_ops = { 0 };

static const struct inode_ops devpts_slave_ops = {
	.open = slave_open,
	.evict = slave_evict,
};

/* ---- the masters' side ---- */

/* The root of the instance that @ptmx means, referenced. */
static int instance_of(struct file *ptmx, struct path *root)
{
	struct name pts = name_make("pts", 3);
	struct path p = ptmx->path;
	struct dentry *d;
	int err = -ENODEV;

	spin_lock(&dcache_lock);
	if (p.mount->sb->type == &devpts_type) {
		p.dentry = p.mount->sb->root;
	} else {
		d = dentry_find(p.dentry->parent, &pts);
		if (d) {
			p.dentry = d;
			path_cross_mounts(&p);
		}
	}
	if (p.mount->sb->type == &devpts_type && p.dentry == p.mount->sb->root) {
		*root = p;
		path_get(root);
		err = 0;
	}
	spin_unlock(&dcache_lock);
	return err;
}

static struct inode *slave_inode(struct superblock *sb, uint index, struct tty *tty)
{
	const struct options *o = &devpts_of(sb)->options;
	struct inode *ip = inode_create(sb, S_IFCHR | o->mode);

	if (!ip)
		return NULL;
	ip->ino = (u64)index + INO_FIRST;
	ip->rdev = dev_make(SLAVE_MAJOR, index);
	ip->uid = o->has_uid ? o->uid : current_cred()->fsuid;
	ip->gid = o->has_gid ? o->gid : current_cred()->fsgid;
	ip->ops = &devpts_slave_ops;
	ip->private = tty;
	return ip;
}

static int number_take(struct devpts *d, uint *index)
{
	int err;

	if (__atomic_add_fetch(&npty, 1, __ATOMIC_RELAXED) > PTY_MAX) {
		err = -ENOSPC;
	} else {
		mutex_lock(&d->lock);
		err = ids_alloc(&d->ids, 0, index);
		mutex_unlock(&d->lock);
	}
	if (err < 0)
		__atomic_sub_fetch(&npty, 1, __ATOMIC_RELAXED);
	return err;
}

static void number_give_back(struct devpts *d, uint index)
{
	mutex_lock(&d->lock);
	ids_free(&d->ids, index);
	mutex_unlock(&d->lock);
	__atomic_sub_fetch(&npty, 1, __ATOMIC_RELAXED);
}

int devpts_add(struct file *ptmx, struct tty *tty, struct devpts_node *n)
{
	struct superblock *sb;
	struct devpts *d;
	struct path root;
	int err = instance_of(ptmx, &root);

	if (err < 0)
		return err;
	sb = root.mount->sb;
	d = devpts_of(sb);
	err = number_take(d, &n->index);
	if (err < 0)
		goto out_put;
	n->ip = slave_inode(sb, n->index, tty);
	if (!n->ip) {
		number_give_back(d, n->index);
		err = -ENOMEM;
		goto out_put;
	}
	tty_get(tty);
	refs_get(&sb->refs);
	n->sb = sb;
	mutex_lock(&d->lock);
	list_add_tail(&d->nodes, &n->link);
	mutex_unlock(&d->lock);
out_put:
	path_put(&root);
	return err;
}

void devpts_remove(struct devpts_node *n)
{
	struct devpts *d = devpts_of(n->sb);
	struct inode *ip = n->ip;
	struct dentry *name;

	mutex_lock(&d->lock);
	list_remove(&n->link);
	n->ip = NULL;
	mutex_unlock(&d->lock);
	spin_lock(&dcache_lock);
	list_for_each(name, &ip->dentries, alias_link)
		name->is_deleted = true;
	spin_unlock(&dcache_lock);
	ip->nlink = 0;
	inode_put(ip);
}

void devpts_release(struct devpts_node *n)
{
	number_give_back(devpts_of(n->sb), n->index);
	superblock_put(n->sb);
}

int devpts_open_peer(struct file *ptmx, struct devpts_node *n, int flags, struct file **out)
{
	struct path p;
	struct dentry *root;
	struct name name;
	mode_t mode = 0;
	char text[16];
	int err = open_flags_check(&flags, &mode);

	if (err == 0)
		err = instance_of(ptmx, &p);
	if (err < 0)
		return err;
	root = p.dentry;
	name = name_make(text, (size_t)scnprintf(text, sizeof(text), "%u", n->index));
	err = -ENODEV;
	if (p.mount->sb == n->sb) {
		mutex_lock(&root->inode->lock);
		err = dentry_lookup_locked(root, &name, &p.dentry);
		mutex_unlock(&root->inode->lock);
	}
	if (err == 0) {
		err = file_open_path(&p, flags, true, out);
		dentry_put(p.dentry);
	}
	p.dentry = root;
	path_put(&p);
	return err;
}

/* ---- the file system ---- */

/* "name=" at the start of @text: the number after it.  0, -EINVAL. */
static int option_number(const char *text, uint base, u64 *value)
{
	const char *end;

	if (parse_u64(text, base, value, &end) < 0 || (*end && *end != ',') || *value > ~0u)
		return -EINVAL;
	return 0;
}

static int option_parse(struct options *o, const char *text)
{
	static const struct {
		const char *name;
		uint base;
	} known[] = { { "uid=", 10 }, { "gid=", 10 }, { "mode=", 8 }, { "ptmxmode=", 8 },
		      { "max=", 10 } };
	u64 value = 0;
	size_t which;

	if (strncmp(text, "newinstance", 11) == 0 && (!text[11] || text[11] == ','))
		return 0;
	for (which = 0; which < ARRAY_SIZE(known); which++)
		if (str_has_prefix(text, known[which].name))
			break;
	if (which == ARRAY_SIZE(known) ||
	    option_number(text + strlen(known[which].name), known[which].base, &value) < 0)
		return -EINVAL;
	if (which == 0) {
		o->uid = (uid_t)value;
		o->has_uid = true;
	} else if (which == 1) {
		o->gid = (gid_t)value;
		o->has_gid = true;
	} else if (which == 2) {
		o->mode = (mode_t)value & S_ALLPERM;
	} else if (which == 3) {
		o->ptmx_mode = (mode_t)value & S_ALLPERM;
	} else {
		o->max = (uint)value;
	}
	return value > NUMBERS_MAX && which == 4 ? -EINVAL : 0;
}

static int options_parse(struct options *o, const char *data)
{
	*o = (struct options){ .mode = 0600, .max = NUMBERS_MAX };
	while (data && *data) {
		if (*data != ',' && option_parse(o, data) < 0)
			return -EINVAL;
		data = strchr(data, ',');
		if (data)
			data++;
	}
	return 0;
}

static void devpts_show_options(struct superblock *sb, char *buf, size_t size)
{
	const struct options *o = &devpts_of(sb)->options;
	size_t len = 0;

	if (o->has_uid)
		len += (size_t)scnprintf(buf, size, ",uid=%u", o->uid);
	if (o->has_gid)
		len += (size_t)scnprintf(buf + len, size - len, ",gid=%u", o->gid);
	len += (size_t)scnprintf(buf + len, size - len, ",mode=%03o,ptmxmode=%03o", o->mode,
				 o->ptmx_mode);
	if (o->max < NUMBERS_MAX)
		scnprintf(buf + len, size - len, ",max=%u", o->max);
}

static int devpts_reconfigure(struct superblock *sb, const char *data)
{
	struct devpts *d = devpts_of(sb);
	struct options o;
	int err = options_parse(&o, data);

	if (err < 0)
		return err;
	mutex_lock(&d->lock);
	d->options = o;
	d->ids.limit = o.max;
	mutex_unlock(&d->lock);
	d->ptmx->mode = S_IFCHR | o.ptmx_mode;
	return 0;
}

static void devpts_unmount(struct superblock *sb)
{
	struct devpts *d = devpts_of(sb);

	inode_put(d->ptmx);
	ids_fini(&d->ids);
	kfree(d);
}

static const struct super_ops devpts_super_ops = {
	.show_options = devpts_show_options,
	.reconfigure = devpts_reconfigure,
	.unmount = devpts_unmount,
};

static int devpts_fill(struct superblock *sb, struct devpts *d)
{
	struct inode *root = inode_create(sb, S_IFDIR | 0755);
	int err;

	if (!root)
		return -ENOMEM;
	root->ino = INO_ROOT;
	root->nlink = 2;
	root->ops = &devpts_dir_ops;
	d->ptmx = inode_create(sb, S_IFCHR | d->options.ptmx_mode);
	if (!d->ptmx) {
		inode_put(root);
		return -ENOMEM;
	}
	d->ptmx->ino = INO_PTMX;
	d->ptmx->rdev = dev_make(5, 2);
	d->ptmx->ops = &devpts_ptmx_ops;
	err = sb_set_root(sb, root);
	if (err < 0)
		inode_put(d->ptmx);
	return err;
}

static int devpts_mount(struct superblock *sb, const char *data)
{
	struct devpts *d = kzalloc(sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	err = options_parse(&d->options, data);
	if (err < 0)
		goto err_free;
	mutex_init(&d->lock, LOCK_RANK_DEVPTS);
	list_init(&d->nodes);
	ids_init(&d->ids, d->options.max);
	sb->private = d;
	sb->ops = &devpts_super_ops;
	sb->magic = DEVPTS_MAGIC;
	sb->block_size = 1024;
	sb->is_volatile = true;
	err = devpts_fill(sb, d);
	if (err < 0)
		goto err_free;
	return 0;
err_free:
	kfree(d);
	return err;
}

static struct fs_type devpts_type = { .name = "devpts", .mount = devpts_mount };

void devpts_register(void)
{
	fs_register(&devpts_type);
}
