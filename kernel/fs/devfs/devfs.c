/* SPDX-License-Identifier: MIT */
/*
 * Device files.
 *
 * The registry of character devices; what opening a device node does; and devfs, a tmpfs
 * in which a node appears for each device, wherever it is mounted (once: all mounts
 * show the same one).  A block device as a file is its own page cache, so that what
 * a program reads of a mounted disk is what the disk has, not what is on its way.
 *
 * Locking.  devfs_lock covers the registry and devfs_sb.  A registered device stays.
 */
#include <uapi/errno.h>

#include <gemel/block.h>
#include <gemel/iobuf.h>
#include <gemel/log.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/uaccess.h>

#include "../tmpfs/tmpfs.h"
#include "../vfs/vfs.h"

static struct mutex devfs_lock = MUTEX_INIT(devfs_lock, DEVICE);
static struct list char_devices = LIST_INIT(char_devices);      /* devfs_lock */
static struct superblock *devfs_sb;     /* devfs_lock; NULL before the first mount */

/* ---- nodes ---- */

/* Subdirectory @name of @dir, made if missing; both referenced. */
static int devfs_subdir(struct inode *dir, const struct name *n, struct inode **out)
{
	int err;

	mutex_lock(&dir->lock);
	err = inode_lookup(dir, n, out);
	if (err == -ENOENT)
		err = inode_make(dir, n, S_IFDIR | 0755, 0, NULL, out);
	mutex_unlock(&dir->lock);
	return err;
}

/* The directory of @path below the root of @sb, and its last name. */
static int devfs_parent(struct superblock *sb, const char *path, struct inode **out,
			struct name *last)
{
	struct inode *dir = sb->root->inode, *sub;
	const char *slash;
	struct name n;
	int err;

	inode_get(dir);
	while ((slash = strchr(path, '/'))) {
		n = name_make(path, (size_t)(slash - path));
		err = devfs_subdir(dir, &n, &sub);
		inode_put(dir);
		if (err < 0)
			return err;
		dir = sub;
		path = slash + 1;
	}
	*last = name_make(path, strlen(path));
	*out = dir;
	return 0;
}

/* A name may be cached as missing. */
static void devfs_forget(struct inode *dir, const struct name *n)
{
	struct dentry *parent = NULL, *d = NULL;

	spin_lock(&dcache_lock);
	if (!list_is_empty(&dir->dentries))
		parent = list_first(&dir->dentries, struct dentry, alias_link);
	if (parent)
		d = dentry_find(parent, n);
	if (d)
		dentry_get(d);
	spin_unlock(&dcache_lock);
	if (d) {
		dentry_drop(d);
		dentry_put(d);
	}
}

static int devfs_add(struct superblock *sb, const char *path, mode_t mode, dev_t dev,
		     const char *target)
{
	struct inode *dir, *ip;
	struct name n;
	int err = devfs_parent(sb, path, &dir, &n);

	if (err < 0)
		return err;
	mutex_lock(&dir->lock);
	err = inode_make(dir, &n, mode, dev, target, &ip);
	if (err == 0) {
		inode_put(ip);
		devfs_forget(dir, &n);
	}
	mutex_unlock(&dir->lock);
	inode_put(dir);
	return err;
}

/* ---- character devices ---- */

int chrdev_register(struct char_device *cd)
{
	struct char_device *other;
	int err = 0;

	mutex_lock(&devfs_lock);
	list_for_each(other, &char_devices, link)
		if (other->dev == cd->dev)
			err = -EEXIST;
	if (err == 0 && devfs_sb && cd->name)
		err = devfs_add(devfs_sb, cd->name, S_IFCHR | (cd->mode & 0777), cd->dev, NULL);
	if (err == 0)
		list_add_tail(&char_devices, &cd->link);
	mutex_unlock(&devfs_lock);
	return err;
}

void chrdev_show(void (*emit)(void *arg, const struct char_device *cd), void *arg)
{
	struct char_device *cd;

	mutex_lock(&devfs_lock);
	list_for_each(cd, &char_devices, link)
		emit(arg, cd);
	mutex_unlock(&devfs_lock);
}

static int char_open(struct inode *ip, struct file *f)
{
	struct char_device *cd, *found = NULL;

	mutex_lock(&devfs_lock);
	list_for_each(cd, &char_devices, link)
		if (cd->dev == ip->rdev)
			found = cd;
	mutex_unlock(&devfs_lock);
	if (!found)
		return -ENXIO;
	f->ops = found->ops;
	f->private = found->private;
	return found->open ? found->open(found, f) : 0;
}

/* ---- block devices: their page cache, as a file ---- */

static u64 block_size_bytes(const struct block_device *bd)
{
	return bd->nsectors << SECTOR_SHIFT;
}

static ssize_t block_file_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct block_device *bd = f->private;
	ssize_t n = mapping_read(&bd->mapping, io, *pos, block_size_bytes(bd));

	if (n > 0)
		*pos += (u64)n;
	return n;
}

static ssize_t block_file_write(struct file *f, struct iobuf *io, u64 *pos)
{
	struct block_device *bd = f->private;
	u64 size = block_size_bytes(bd);
	ssize_t n;

	if (bd->is_read_only)
		return -EPERM;
	if (*pos >= size)
		return io->left ? -ENOSPC : 0;
	io->left = MIN(io->left, (size_t)(size - *pos));
	mutex_lock(&f->inode->lock);
	n = mapping_write(&bd->mapping, io, *pos);
	mutex_unlock(&f->inode->lock);
	if (n > 0)
		*pos += (u64)n;
	return n;
}

static s64 block_file_seek(struct file *f, s64 off, int whence)
{
	s64 pos = seek_position(f, off, whence, block_size_bytes(f->private));

	if (pos >= 0)
		f->pos = (u64)pos;
	return pos;
}

static int block_file_fsync(struct file *f, bool data_only)
{
	(void)data_only;
	return block_sync(f->private);
}

#define BLKROGET        0x125e
#define BLKGETSIZE      0x1260
#define BLKFLSBUF       0x1261
#define BLKSSZGET       0x1268
#define BLKBSZGET       0x80081270u
#define BLKGETSIZE64    0x80081272u
#define BLKPBSZGET      0x127b

static long put_u32(ulong arg, u32 v)
{
	return user_write(user_ptr(u32, arg), &v) < 0 ? -EFAULT : 0;
}

static long put_u64(ulong arg, u64 v)
{
	return user_write(user_ptr(u64, arg), &v) < 0 ? -EFAULT : 0;
}

static long block_file_ioctl(struct file *f, uint cmd, ulong arg)
{
	struct block_device *bd = f->private;

	switch (cmd) {
	case BLKROGET:
		return put_u32(arg, bd->is_read_only);
	case BLKGETSIZE:
		return put_u64(arg, bd->nsectors);
	case BLKGETSIZE64:
		return put_u64(arg, block_size_bytes(bd));
	case BLKSSZGET:
	case BLKPBSZGET:
		return put_u32(arg, bd->block_size);
	case BLKBSZGET:
		return put_u32(arg, PAGE_SIZE);
	case BLKFLSBUF:
		return block_sync(bd);
	default:
		return -ENOTTY;
	}
}

static const struct file_ops block_file_ops = {
	.read = block_file_read,
	.write = block_file_write,
	.seek = block_file_seek,
	.ioctl = block_file_ioctl,
	.fsync = block_file_fsync,
};

static int block_open(struct inode *ip, struct file *f)
{
	struct block_device *bd = block_find_dev(ip->rdev);

	if (!bd)
		return -ENXIO;
	if (bd->is_read_only && (f->mode & FILE_WRITE))
		return -EACCES;
	f->ops = &block_file_ops;
	f->private = bd;
	return 0;
}

int device_open(struct inode *ip, struct file *f)
{
	return S_ISCHR(ip->mode) ? char_open(ip, f) : block_open(ip, f);
}

/* ---- the file system ---- */

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static int devfs_fill(struct superblock *sb)
{
	struct char_device *cd;
	struct block_device *bd = NULL;
	struct inode *dir;
	struct name n;
	int err = 0;

	list_for_each(cd, &char_devices, link) {
		if (cd->name)
			err = devfs_add(sb, cd->name, S_IFCHR | (cd->mode & 0777), cd->dev, NULL);
		if (err < 0)
			return err;
	}
	while ((bd = block_next(bd))) {
		err = devfs_add(sb, bd->name, S_IFBLK | 0660, bd->dev, NULL);
		if (err < 0)
			return err;
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		err = devfs_add(sb, links[i].name, S_IFLNK | 0777, 0, links[i].target);
		if (err < 0)
			return err;
	}
	/* Where others are usually mounted. */
	err = devfs_parent(sb, "pts/", &dir, &n);
	if (err == 0)
		inode_put(dir);
	err = err < 0 ? err : devfs_parent(sb, "shm/", &dir, &n);
	if (err == 0) {
		dir->mode = S_IFDIR | 01777;
		inode_put(dir);
	}
	return err;
}

/* The instance is one: mounting again shows the same nodes. */
static int devfs_mount(struct superblock *sb, const char *data)
{
	int err;

	(void)data;
	mutex_lock(&devfs_lock);
	err = tmpfs_mount(sb, "mode=755,size=1m");
	if (err == 0) {
		err = devfs_fill(sb);
		/* It stays, mounted or not: devices come and go with it. */
		if (!devfs_sb) {
			refs_get(&sb->refs);
			devfs_sb = sb;
		}
	}
	mutex_unlock(&devfs_lock);
	return err;
}

static struct fs_type devfs_type = { .name = "devtmpfs", .mount = devfs_mount, .is_single = true };

void devfs_register(void)
{
	fs_register(&devfs_type);
}

void devfs_block_added(struct block_device *bd)
{
	mutex_lock(&devfs_lock);
	if (devfs_sb && devfs_add(devfs_sb, bd->name, S_IFBLK | 0660, bd->dev, NULL) < 0)
		printk(LOG_WARN, "devfs", "%s: no node", bd->name);
	mutex_unlock(&devfs_lock);
}
