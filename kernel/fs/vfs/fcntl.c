/* SPDX-License-Identifier: MIT */
/* fcntl(2) and ioctl(2): what is common to all files; the rest goes to the file. */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/process.h>
#include <gemel/signal.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#include "fdtable.h"

/* O_ASYNC changes with what it stands for: sigio.c. */
#define SETFL_FLAGS ((u32)(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME))

static long fcntl_dup(struct file *f, ulong min, bool cloexec)
{
	int fd;

	if (min >= rlimit_get(7))
		return -EINVAL;
	fd = fd_install(f, (int)min, cloexec);
	if (fd >= 0)
		file_get(f);
	return fd;
}

static int file_set_flags(struct file *f, int fd, u32 flags)
{
	u32 old = READ_ONCE(f->flags), changed = old ^ flags;
	int err = 0;

	if ((changed & O_NOATIME) && (flags & O_NOATIME) && f->inode &&
	    !inode_is_owner_or_capable(f->inode))
		return -EPERM;
	if ((changed & O_ASYNC) && f->ops->set_async)
		err = f->ops->set_async(f, fd, flags & O_ASYNC);
	if (err < 0)
		return err;
	old = READ_ONCE(f->flags);
	while (!__atomic_compare_exchange_n(&f->flags, &old,
					    (old & ~SETFL_FLAGS) | (flags & SETFL_FLAGS), true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return 0;
}

static long fcntl_file(struct file *f, int fd, uint cmd, ulong arg)
{
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return fcntl_dup(f, arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_is_cloexec(fd) ? FD_CLOEXEC : 0;
	case F_SETFD:
		fd_set_cloexec(fd, arg & FD_CLOEXEC);
		return 0;
	case F_GETFL:
		return (long)f->flags;
	default:
		break;
	}
	if (f->mode & FILE_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL:
		return file_set_flags(f, fd, (u32)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return locks_fcntl(f, fd, cmd, arg);
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_SETSIG:
	case F_GETSIG:
		return sigio_fcntl(f, cmd, arg);
	case F_NOTIFY:
		/* Nothing is ever watched, so no events is the one wish that can be met. */
		return arg & ~DN_MULTISHOT ? -EINVAL : 0;
	case F_GETPIPE_SZ:
		return file_is_pipe(f) ? pipe_get_size(f) : -EBADF;
	case F_SETPIPE_SZ:
		return file_is_pipe(f) ? pipe_set_size(f, arg) : -EBADF;
	default:
		return -EINVAL;
	}
}

long sys_fcntl(int fd, uint cmd, ulong arg)
{
	struct file *f = fd_get_raw(fd);
	long ret;

	if (!f)
		return -EBADF;
	ret = fcntl_file(f, fd, cmd, arg);
	file_put(f);
	return ret;
}

/* ---- ioctl ---- */

static long ioctl_flag(struct file *f, int fd, u32 flag, ulong arg)
{
	u32 flags = READ_ONCE(f->flags);
	int on;

	if (user_read(&on, user_ptr(int, arg)) < 0)
		return -EFAULT;
	if (flag == O_ASYNC && !(flags & O_ASYNC) == !!on && !f->ops->set_async)
		return -ENOTTY;
	return file_set_flags(f, fd, on ? flags | flag : flags & ~flag);
}

/* What is left to read of a regular file. */
static long ioctl_bytes_left(struct file *f, ulong arg)
{
	int n = (int)(f->inode->size - MIN(f->pos, f->inode->size));

	return user_write(user_ptr(int, arg), &n) < 0 ? -EFAULT : 0;
}

static long ioctl_file(struct file *f, int fd, uint cmd, ulong arg)
{
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		fd_set_cloexec(fd, cmd == FIOCLEX);
		return 0;
	case FIONBIO:
		return ioctl_flag(f, fd, O_NONBLOCK, arg);
	case FIOASYNC:
		return ioctl_flag(f, fd, O_ASYNC, arg);
	case FIONREAD:
		if (f->inode && S_ISREG(f->inode->mode) && !f->ops->ioctl)
			return ioctl_bytes_left(f, arg);
		break;
	default:
		break;
	}
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

long sys_ioctl(int fd, uint cmd, ulong arg)
{
	struct fd_ref r = fd_borrow(fd);
	long ret;

	if (!fd_ref_file(r))
		return -EBADF;
	ret = ioctl_file(fd_ref_file(r), fd, cmd, arg);
	fd_return(r);
	return restart_if_interrupted(ret);
}
