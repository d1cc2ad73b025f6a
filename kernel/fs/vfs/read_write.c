/* SPDX-License-Identifier: MIT */
/*
 * The system calls that read and write: plain, positioned, by vectors; and lseek.
 *
 * Locking.  The position of a file belongs to f->pos_lock, but whoever holds the only
 * reference to the file needs no lock: nobody else can move it.  That is the usual
 * case, and the reason why fd_borrow() does not count.  Files without positions
 * (pipes, terminals, sockets) never take the lock, so a reader that sleeps keeps nobody out.
 */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/iobuf.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#include "fdtable.h"

#define IO_MAX          0x7ffff000ul
#define IOV_MAX         1024
#define IOV_FAST        8

ssize_t file_read(struct file *f, struct iobuf *io, u64 *pos)
{
	if (!(f->mode & FILE_READ))
		return -EBADF;
	if (!f->ops->read)
		return -EINVAL;
	return f->ops->read(f, io, pos);
}

ssize_t file_write(struct file *f, struct iobuf *io, u64 *pos)
{
	if (!(f->mode & FILE_WRITE))
		return -EBADF;
	if (!f->ops->write)
		return -EINVAL;
	return f->ops->write(f, io, pos);
}

ssize_t file_read_kernel(struct file *f, void *buf, size_t n, u64 pos)
{
	struct iobuf io;

	iobuf_init_kernel(&io, buf, n);
	return f->ops->read ? f->ops->read(f, &io, &pos) : -EINVAL;
}

ssize_t file_write_kernel(struct file *f, const void *buf, size_t n, u64 pos)
{
	struct iobuf io;

	iobuf_init_kernel(&io, (void *)(ulong)buf, n);
	return f->ops->write ? f->ops->write(f, &io, &pos) : -EINVAL;
}

typedef ssize_t file_io_fn(struct file *f, struct iobuf *io, u64 *pos);

/* At the file's own position. */
static inline ssize_t file_io(struct file *f, struct iobuf *io, file_io_fn *fn)
	__no_lock_analysis
{
	u64 none = 0;
	bool lock;
	ssize_t n;

	if (f->mode & FILE_NOSEEK)
		return fn(f, io, &none);
	/* Alone with the file, nobody else moves the position. */
	lock = READ_ONCE(f->refs.count) > 1;
	if (lock)
		mutex_lock(&f->pos_lock);
	n = fn(f, io, &f->pos);
	if (lock)
		mutex_unlock(&f->pos_lock);
	return n;
}

long sys_read(int fd, void __user *buf, size_t len)
{
	struct fd_ref r = fd_borrow(fd);
	struct file *f = fd_ref_file(r);
	struct iobuf io;
	ssize_t n;

	if (!f)
		return -EBADF;
	n = -EBADF;
	if (f->mode & FILE_READ) {
		n = iobuf_init_user(&io, buf, MIN(len, IO_MAX));
		if (n == 0)
			n = file_io(f, &io, file_read);
	}
	fd_return(r);
	return restart_if_interrupted(n);
}

long sys_write(int fd, const void __user *buf, size_t len)
{
	struct fd_ref r = fd_borrow(fd);
	struct file *f = fd_ref_file(r);
	struct iobuf io;
	ssize_t n;

	if (!f)
		return -EBADF;
	n = -EBADF;
	if (f->mode & FILE_WRITE) {
		n = iobuf_init_user(&io, (void __user *)buf, MIN(len, IO_MAX));
		if (n == 0)
			n = file_io(f, &io, file_write);
	}
	fd_return(r);
	return restart_if_interrupted(n);
}

/* At @pos, for pread and pwrite. */
static ssize_t fd_io_at(int fd, struct iobuf *io, s64 pos, file_io_fn *fn)
{
	struct fd_ref r = fd_borrow(fd);
	struct file *f = fd_ref_file(r);
	u64 at = (u64)pos;
	ssize_t n;

	if (!f)
		return -EBADF;
	n = f->mode & FILE_NOSEEK ? -ESPIPE : fn(f, io, &at);
	fd_return(r);
	return restart_if_interrupted(n);
}

long sys_pread64(int fd, void __user *buf, size_t len, s64 pos)
{
	struct iobuf io;
	int err;

	if (pos < 0)
		return -EINVAL;
	err = iobuf_init_user(&io, buf, MIN(len, IO_MAX));
	return err < 0 ? err : fd_io_at(fd, &io, pos, file_read);
}

long sys_pwrite64(int fd, const void __user *buf, size_t len, s64 pos)
{
	struct iobuf io;
	int err;

	if (pos < 0)
		return -EINVAL;
	err = iobuf_init_user(&io, (void __user *)buf, MIN(len, IO_MAX));
	return err < 0 ? err : fd_io_at(fd, &io, pos, file_write);
}

/* ---- vectors ---- */

struct vector {
	struct iovec fast[IOV_FAST];
	struct iovec *iov;
	struct iobuf io;
};

static int vector_get(struct vector *v, const struct iovec __user *uiov, ulong n)
{
	int err;

	if (n > IOV_MAX)
		return -EINVAL;
	v->iov = v->fast;
	if (n > IOV_FAST) {
		v->iov = kalloc(n * sizeof(*v->iov));
		if (!v->iov)
			return -ENOMEM;
	}
	err = copy_from_user(v->iov, uiov, n * sizeof(*v->iov));
	if (err == 0)
		err = iobuf_init_iovec(&v->io, v->iov, n);
	if (err < 0 && v->iov != v->fast)
		kfree(v->iov);
	if (err == 0)
		v->io.left = MIN(v->io.left, IO_MAX);
	return err;
}

static void vector_put(struct vector *v)
{
	if (v->iov != v->fast)
		kfree(v->iov);
}

static long fd_io_vector(int fd, const struct iovec __user *uiov, ulong count, file_io_fn *fn)
{
	struct fd_ref r = fd_borrow(fd);
	struct file *f = fd_ref_file(r);
	struct vector v;
	ssize_t n;

	if (!f)
		return -EBADF;
	n = -EBADF;
	if (f->mode & (fn == file_read ? FILE_READ : FILE_WRITE))
		n = vector_get(&v, uiov, count);
	if (n == 0) {
		n = file_io(f, &v.io, fn);
		vector_put(&v);
	}
	fd_return(r);
	return restart_if_interrupted(n);
}

long sys_readv(int fd, const struct iovec __user *iov, ulong n)
{
	return fd_io_vector(fd, iov, n, file_read);
}

long sys_writev(int fd, const struct iovec __user *iov, ulong n)
{
	return fd_io_vector(fd, iov, n, file_write);
}

static long fd_io_vector_at(int fd, const struct iovec __user *iov, ulong count, s64 pos,
			    file_io_fn *fn)
{
	struct vector v;
	ssize_t n;

	if (pos < 0)
		return -EINVAL;
	n = vector_get(&v, iov, count);
	if (n < 0)
		return n;
	n = fd_io_at(fd, &v.io, pos, fn);
	vector_put(&v);
	return n;
}

long sys_preadv(int fd, const struct iovec __user *iov, ulong n, ulong pos_low, ulong pos_high)
{
	(void)pos_high;
	return fd_io_vector_at(fd, iov, n, (s64)pos_low, file_read);
}

long sys_pwritev(int fd, const struct iovec __user *iov, ulong n, ulong pos_low, ulong pos_high)
{
	(void)pos_high;
	return fd_io_vector_at(fd, iov, n, (s64)pos_low, file_write);
}

/* The hints are honoured by doing without them; what changes the meaning is refused. */
static int rwf_check(int flags)
{
	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
		return -EOPNOTSUPP;
	return flags & (RWF_NOWAIT | RWF_APPEND) ? -EOPNOTSUPP : 0;
}

long sys_preadv2(int fd, const struct iovec __user *iov, ulong n, ulong pos_low, ulong pos_high,
		 int flags)
{
	int err = rwf_check(flags);

	(void)pos_high;
	if (err < 0)
		return err;
	if ((s64)pos_low == -1)
		return fd_io_vector(fd, iov, n, file_read);
	return fd_io_vector_at(fd, iov, n, (s64)pos_low, file_read);
}

long sys_pwritev2(int fd, const struct iovec __user *iov, ulong n, ulong pos_low,
		  ulong pos_high, int flags)
{
	int err = rwf_check(flags);
	long done;

	(void)pos_high;
	if (err < 0)
		return err;
	if ((s64)pos_low == -1)
		done = fd_io_vector(fd, iov, n, file_write);
	else
		done = fd_io_vector_at(fd, iov, n, (s64)pos_low, file_write);
	if (done > 0 && (flags & (RWF_DSYNC | RWF_SYNC)))
		err = (int)(flags & RWF_SYNC ? sys_fsync(fd) : sys_fdatasync(fd));
	return err < 0 ? err : done;
}

/* ---- position ---- */

static s64 file_seek(struct file *f, s64 off, int whence)
{
	s64 pos;

	if (f->mode & FILE_NOSEEK)
		return -ESPIPE;
	if ((uint)whence > SEEK_HOLE)
		return -EINVAL;
	mutex_lock(&f->pos_lock);
	if (f->ops->seek) {
		pos = f->ops->seek(f, off, whence);
	} else {
		pos = seek_position(f, off, whence, f->inode ? f->inode->size : 0);
		if (pos >= 0)
			f->pos = (u64)pos;
	}
	mutex_unlock(&f->pos_lock);
	return pos;
}

long sys_lseek(int fd, s64 off, int whence)
{
	struct fd_ref r = fd_borrow(fd);
	struct file *f = fd_ref_file(r);
	long pos;

	if (!f)
		return -EBADF;
	pos = file_seek(f, off, whence);
	fd_return(r);
	return pos;
}
