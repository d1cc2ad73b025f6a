/* SPDX-License-Identifier: MIT */
/*
 * File operations for inodes whose data is in the page cache, and for directories.
 *
 * Locking.  A write holds the inode's lock from the check of the size to its change, so
 * appends do not tear; a read takes none.
 */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/iobuf.h>
#include <gemel/process.h>
#include <gemel/signal.h>

#define RLIMIT_FSIZE 1

static ssize_t generic_read(struct file *f, struct iobuf *io, u64 *pos)
{
	ssize_t n = mapping_read(&f->inode->mapping, io, *pos, READ_ONCE(f->inode->size));

	if (n > 0)
		*pos += (u64)n;
	inode_touch_atime(f);
	return n;
}

/* Cut @io to what limits allow at @pos.  0, -EFBIG. */
int write_check_limits(struct inode *ip, struct iobuf *io, u64 pos)
{
	u64 limit = rlimit_get(RLIMIT_FSIZE);

	if (limit != ~0ull && pos >= limit) {
		signal_raise(SIGXFSZ);
		return -EFBIG;
	}
	limit = MIN(limit, ip->sb->max_file_size);
	if (pos >= limit)
		return -EFBIG;
	if (io->left > limit - pos)
		io->left = limit - pos;
	return 0;
}

static ssize_t generic_write_locked(struct file *f, struct iobuf *io, u64 *pos)
{
	struct inode *ip = f->inode;
	ssize_t n;
	int err;

	if (f->flags & O_APPEND)
		*pos = ip->size;
	if (io->left == 0)
		return 0;
	err = write_check_limits(ip, io, *pos);
	if (err < 0)
		return err;
	if (*pos > ip->size)
		err = mapping_zero_tail(&ip->mapping, ip->size);
	if (err < 0)
		return err;
	inode_strip_privileges(ip);
	n = mapping_write(&ip->mapping, io, *pos);
	if (n <= 0)
		return n;
	*pos += (u64)n;
	if (*pos > ip->size)
		WRITE_ONCE(ip->size, *pos);
	ip->mtime = ip->ctime = time_stamp_now();
	inode_mark_dirty(ip);
	return n;
}

static ssize_t generic_write(struct file *f, struct iobuf *io, u64 *pos)
{
	struct inode *ip = f->inode;
	u64 start;
	ssize_t n;

	mutex_lock(&ip->lock);
	n = generic_write_locked(f, io, pos);
	mutex_unlock(&ip->lock);
	if (n > 0 && (f->flags & O_DSYNC)) {
		int err;

		start = *pos - (u64)n;
		err = inode_fsync(ip, start, *pos - 1);
		if (err < 0)
			return err;
	}
	return n;
}

/* 0 .. size is data, as far as anybody can tell. */
static s64 seek_data_or_hole(struct file *f, s64 off, int whence)
{
	s64 size = (s64)f->inode->size;

	if (off < 0 || off >= size)
		return -ENXIO;
	return whence == SEEK_DATA ? off : size;
}

/* The target of a seek in something @size long. */
s64 seek_position(struct file *f, s64 off, int whence, u64 size)
{
	s64 pos;

	switch (whence) {
	case SEEK_SET:
		pos = off;
		break;
	case SEEK_CUR:
		if (__builtin_add_overflow((s64)f->pos, off, &pos))
			return -EOVERFLOW;
		break;
	case SEEK_END:
		if (__builtin_add_overflow((s64)size, off, &pos))
			return -EOVERFLOW;
		break;
	default:
		return -EINVAL;
	}
	return pos < 0 ? -EINVAL : pos;
}

static s64 generic_seek(struct file *f, s64 off, int whence)
{
	s64 pos;

	if (whence == SEEK_DATA || whence == SEEK_HOLE)
		pos = seek_data_or_hole(f, off, whence);
	else
		pos = seek_position(f, off, whence, f->inode->size);
	if (pos >= 0)
		f->pos = (u64)pos;
	return pos;
}

static int generic_mmap(struct file *f, struct area *a)
{
	(void)a;
	inode_touch_atime(f);
	return 0;
}

static int generic_fsync(struct file *f, bool data_only)
{
	(void)data_only;
	return inode_fsync(f->inode, 0, ~0ull);
}

const struct file_ops generic_file_ops = {
	.read = generic_read,
	.write = generic_write,
	.seek = generic_seek,
	.mmap = generic_mmap,
	.fsync = generic_fsync,
};

/* ---- directories ---- */

static ssize_t dir_read(struct file *f, struct iobuf *io, u64 *pos)
{
	(void)f;
	(void)io;
	(void)pos;
	return -EISDIR;
}

static int dir_iterate(struct file *f, struct dir_context *ctx)
{
	struct inode *ip = f->inode;
	int err = -ENOENT;

	mutex_lock(&ip->lock);
	if (ip->nlink > 0)
		err = ip->ops->iterate ? ip->ops->iterate(ip, ctx) : -ENOTDIR;
	mutex_unlock(&ip->lock);
	inode_touch_atime(f);
	return err;
}

const struct file_ops generic_dir_ops = {
	.read = dir_read,
	.seek = generic_seek,
	.iterate = dir_iterate,
	.fsync = generic_fsync,
};
