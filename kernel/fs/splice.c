/* SPDX-License-Identifier: MIT */
/*
 * From file to file inside the kernel: sendfile, copy_file_range, splice, tee, vmsplice.
 *
 * All move the data through one kernel page a time: what they save the caller is the
 * two system calls and the two copies to and from its memory.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/stat.h>

#include <gemel/fs.h>
#include <gemel/iobuf.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#include "vfs/vfs.h"

#define COPY_CHUNK      (4 * PAGE_SIZE)
#define COPY_MAX        0x7ffff000ul

/* One side of a copy: a file and the position to use, its own or the caller's. */
struct copy_end {
	struct file *f;
	u64 pos;
	bool own_pos;
};

static u64 *end_pos(struct copy_end *e)
{
	return e->own_pos ? &e->f->pos : &e->pos;
}

/* Write all of @buf, or what can be. */
static ssize_t copy_write(struct copy_end *to, void *buf, size_t n)
{
	struct iobuf io;
	size_t done = 0;

	while (done < n) {
		ssize_t put;

		iobuf_init_kernel(&io, (u8 *)buf + done, n - done);
		put = file_write(to->f, &io, end_pos(to));
		if (put <= 0)
			return done ? (ssize_t)done : put;
		done += (size_t)put;
	}
	return (ssize_t)done;
}

/* One chunk.  Bytes, 0 at the end of the input, or -errno. */
static ssize_t copy_chunk(struct copy_end *from, struct copy_end *to, void *buf, size_t n)
{
	u64 start = *end_pos(from);
	struct iobuf io;
	ssize_t got, put;

	iobuf_init_kernel(&io, buf, n);
	got = file_read(from->f, &io, end_pos(from));
	if (got <= 0)
		return got;
	put = copy_write(to, buf, (size_t)got);
	/* What could not be written was not read, as far as a file with positions goes. */
	if (put < got && !(from->f->mode & FILE_NOSEEK))
		*end_pos(from) = start + (u64)MAX(put, 0l);
	return put;
}

static ssize_t copy_data(struct copy_end *from, struct copy_end *to, size_t len)
{
	void *buf = kalloc(COPY_CHUNK);
	size_t done = 0;
	ssize_t n = 0;

	if (!buf)
		return -ENOMEM;
	len = MIN(len, COPY_MAX);
	while (done < len) {
		size_t want = MIN(len - done, COPY_CHUNK);

		n = copy_chunk(from, to, buf, want);
		if (n <= 0)
			break;
		done += (size_t)n;
		/* A pipe or a socket gives what it has; do not wait for more. */
		if ((size_t)n < want && (from->f->mode & FILE_NOSEEK))
			break;
		if (signal_is_pending(current))
			break;
	}
	kfree(buf);
	return done ? (ssize_t)done : n;
}

/* A position from user space, if there is one. */
static int end_init(struct copy_end *e, int fd, const s64 __user *upos, uint mode)
{
	s64 pos = 0;

	e->own_pos = !upos;
	if (upos && user_read(&pos, upos) < 0)
		return -EFAULT;
	if (pos < 0)
		return -EINVAL;
	e->pos = (u64)pos;
	e->f = fd_get(fd);
	if (!e->f)
		return -EBADF;
	if (!(e->f->mode & mode)) {
		file_put(e->f);
		return -EBADF;
	}
	if (upos && (e->f->mode & FILE_NOSEEK)) {
		file_put(e->f);
		return -ESPIPE;
	}
	return 0;
}

static long end_fini(struct copy_end *e, s64 __user *upos, long result)
{
	s64 pos = (s64)e->pos;

	file_put(e->f);
	if (upos && result > 0 && user_write(upos, &pos) < 0)
		return -EFAULT;
	return result;
}

typedef int copy_check_fn(struct file *from, struct file *to);

static long copy_call(int in_fd, s64 __user *in_pos, int out_fd, s64 __user *out_pos, size_t len,
		      copy_check_fn *check)
{
	struct copy_end from, to;
	long n = end_init(&from, in_fd, in_pos, FILE_READ);

	if (n < 0)
		return n;
	n = end_init(&to, out_fd, out_pos, FILE_WRITE);
	if (n < 0)
		return end_fini(&from, NULL, n);
	n = check(from.f, to.f);
	if (n == 0 && len)
		n = copy_data(&from, &to, len);
	n = end_fini(&to, out_pos, n);
	return restart_if_interrupted(end_fini(&from, in_pos, n));
}

static int sendfile_check(struct file *from, struct file *to)
{
	if (from->inode && S_ISDIR(from->inode->mode))
		return -EISDIR;
	if (to->flags & O_APPEND)
		return -EINVAL;
	return from->mode & FILE_NOSEEK ? -EINVAL : 0;
}

long sys_sendfile(int out_fd, int in_fd, s64 __user *off, size_t len)
{
	return copy_call(in_fd, off, out_fd, NULL, len, sendfile_check);
}

static int copy_range_check(struct file *from, struct file *to)
{
	if (!from->inode || !to->inode)
		return -EINVAL;
	if (S_ISDIR(from->inode->mode) || S_ISDIR(to->inode->mode))
		return -EISDIR;
	if (!S_ISREG(from->inode->mode) || !S_ISREG(to->inode->mode))
		return -EINVAL;
	return to->flags & O_APPEND ? -EBADF : 0;
}

long sys_copy_file_range(int in_fd, s64 __user *in_off, int out_fd, s64 __user *out_off,
			 size_t len, uint flags)
{
	if (flags)
		return -EINVAL;
	return copy_call(in_fd, in_off, out_fd, out_off, len, copy_range_check);
}

static int splice_check(struct file *from, struct file *to)
{
	if (!file_is_pipe(from) && !file_is_pipe(to))
		return -EINVAL;
	return from->private == to->private && file_is_pipe(from) && file_is_pipe(to) ? -EINVAL : 0;
}

long sys_splice(int in_fd, s64 __user *in_off, int out_fd, s64 __user *out_off, size_t len,
		uint flags)
{
	if (!len)
		return 0;
	if (flags & ~0xfu)
		return -EINVAL;
	return copy_call(in_fd, in_off, out_fd, out_off, len, splice_check);
}

long sys_tee(int in_fd, int out_fd, size_t len, uint flags)
{
	struct file *from, *to;
	long n = -EBADF;

	if (flags & ~0xfu)
		return -EINVAL;
	if (!len)
		return 0;
	from = fd_get(in_fd);
	to = fd_get(out_fd);
	if (from && to)
		n = pipe_tee(from, to, len, flags & SPLICE_F_NONBLOCK);
	if (from)
		file_put(from);
	if (to)
		file_put(to);
	return restart_if_interrupted(n);
}

/* The pages are copied, which the caller cannot tell from their being given. */
long sys_vmsplice(int fd, const struct iovec __user *iov, ulong n, uint flags)
{
	struct file *f = fd_get(fd);
	bool is_pipe, is_read;

	if (!f)
		return -EBADF;
	is_pipe = file_is_pipe(f);
	is_read = f->mode & FILE_READ;
	file_put(f);
	if (flags & ~0xfu)
		return -EINVAL;
	if (!is_pipe)
		return -EBADF;
	return is_read ? sys_readv(fd, iov, n) : sys_writev(fd, iov, n);
}
