/* SPDX-License-Identifier: MIT */
/* To the disk: fsync and its family; hints about future reading. */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/syscalls.h>

#include "fdtable.h"

static long fsync_fd(int fd, bool data_only)
{
	struct fd_ref r = fd_borrow(fd);
	struct file *f = fd_ref_file(r);
	long err;

	if (!f)
		return -EBADF;
	err = f->ops->fsync ? f->ops->fsync(f, data_only) : -EINVAL;
	fd_return(r);
	return err;
}

long sys_fsync(int fd)
{
	return fsync_fd(fd, false);
}

long sys_fdatasync(int fd)
{
	return fsync_fd(fd, true);
}

long sys_sync(void)
{
	sync_all();
	return 0;
}

long sys_syncfs(int fd)
{
	struct fd_ref r = fd_borrow(fd);
	struct file *f = fd_ref_file(r);
	long err = 0;

	if (!f)
		return -EBADF;
	if (f->path.mount && !f->path.mount->sb->read_only)
		err = sb_sync(f->path.mount->sb, true);
	fd_return(r);
	return err;
}

static long file_range_call(int fd, s64 off, s64 len, long (*fn)(struct file *f, s64 off, s64 len))
{
	struct fd_ref r = fd_borrow(fd);
	struct file *f = fd_ref_file(r);
	long err;

	if (!f)
		return -EBADF;
	if (off < 0 || len < 0)
		err = -EINVAL;
	else if (!f->inode || S_ISFIFO(f->inode->mode) || (f->mode & FILE_NOSEEK))
		err = -ESPIPE;
	else
		err = fn(f, off, len);
	fd_return(r);
	return err;
}

static long sync_range(struct file *f, s64 off, s64 len)
{
	u64 last = len ? (u64)off + (u64)len - 1 : ~0ull;

	return mapping_writeback(&f->inode->mapping, (u64)off, last, true);
}

long sys_sync_file_range(int fd, s64 off, s64 len, uint flags)
{
	if (flags & ~7u)
		return -EINVAL;
	return file_range_call(fd, off, len, sync_range);
}

#define READ_AHEAD_MAX (2ul << 20)

/* Pages of the range come in now, for the caller to find later. */
static long read_ahead_range(struct file *f, s64 off, s64 len)
{
	struct mapping *m = &f->inode->mapping;
	u64 size = READ_ONCE(f->inode->size);
	u64 end = (u64)off + MIN((u64)len, READ_AHEAD_MAX);

	if (!(f->mode & FILE_READ))
		return -EBADF;
	if (!S_ISREG(f->inode->mode))
		return -EINVAL;
	if ((u64)off >= size || !m->ops || !m->ops->read_ahead)
		return 0;
	end = MIN(size, end);
	m->ops->read_ahead(m, (u64)off >> PAGE_SHIFT,
			   DIV_ROUND_UP(end, PAGE_SIZE) - ((u64)off >> PAGE_SHIFT));
	return 0;
}

long sys_readahead(int fd, s64 off, size_t len)
{
	return file_range_call(fd, off, (s64)MIN(len, READ_AHEAD_MAX), read_ahead_range);
}

#define POSIX_FADV_WILLNEED 3

static long advise_nothing(struct file *f, s64 off, s64 len)
{
	(void)f;
	(void)off;
	(void)len;
	return 0;
}

long sys_fadvise64(int fd, s64 off, s64 len, int advice)
{
	if ((uint)advice > 5)
		return -EINVAL;
	if (advice != POSIX_FADV_WILLNEED)
		return file_range_call(fd, 0, 0, advise_nothing);
	return file_range_call(fd, off, len ? len : (s64)READ_AHEAD_MAX, read_ahead_range);
}
