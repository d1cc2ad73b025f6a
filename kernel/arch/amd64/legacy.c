/* SPDX-License-Identifier: MIT */
/*
 * The system calls that Linux has on x86-64 only: each is one line over the
 * neutral handler that replaced it.
 */
#include <gemel/syscalls.h>

#include <arch/irqflags.h>
#include <arch/thread.h>

#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/sched.h>
#include <uapi/time.h>

#include <gemel/fs.h>
#include <gemel/poll.h>
#include <gemel/process.h>
#include <gemel/signal.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/uaccess.h>
#include <gemel/wait.h>

#include "amd64.h"

#define ARCH_SET_GS     0x1001
#define ARCH_SET_FS     0x1002
#define ARCH_GET_FS     0x1003
#define ARCH_GET_GS     0x1004

/* --- files --- */

long sys_open(const char __user *path, int flags, mode_t mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(const char __user *path, mode_t mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

long sys_stat(const char __user *path, struct uapi_stat __user *st)
{
	return sys_newfstatat(AT_FDCWD, path, st, 0);
}

long sys_lstat(const char __user *path, struct uapi_stat __user *st)
{
	return sys_newfstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

long sys_access(const char __user *path, int mode)
{
	return sys_faccessat(AT_FDCWD, path, mode);
}

long sys_pipe(int __user *fds)
{
	return sys_pipe2(fds, 0);
}

/* Unlike dup3(), the same number twice is no error if it is open. */
long sys_dup2(int old_fd, int new_fd)
{
	long err;

	if (old_fd != new_fd)
		return sys_dup3(old_fd, new_fd, 0);
	err = sys_fcntl(old_fd, F_GETFD, 0);
	return err < 0 ? err : new_fd;
}

long sys_rename(const char __user *old_path, const char __user *new_path)
{
	return sys_renameat(AT_FDCWD, old_path, AT_FDCWD, new_path);
}

long sys_mkdir(const char __user *path, mode_t mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_rmdir(const char __user *path)
{
	return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

long sys_link(const char __user *old_path, const char __user *new_path)
{
	return sys_linkat(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

long sys_unlink(const char __user *path)
{
	return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_symlink(const char __user *target, const char __user *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

long sys_readlink(const char __user *path, char __user *buf, int size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}

long sys_chmod(const char __user *path, mode_t mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

long sys_chown(const char __user *path, uid_t uid, gid_t gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(const char __user *path, uid_t uid, gid_t gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_mknod(const char __user *path, mode_t mode, uint dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

long sys_epoll_create(int size)
{
	return size > 0 ? sys_epoll_create1(0) : -EINVAL;
}

long sys_epoll_wait(int epfd, struct uapi_epoll_event __user *events, int max, int timeout_ms)
{
	return sys_epoll_pwait(epfd, events, max, timeout_ms, NULL, 0);
}

/* arg: descriptors, how many, deadline */
static long poll_restart(struct restart_block *rb)
{
	long ready = poll_fds(user_ptr(struct uapi_pollfd, rb->arg[0]), (uint)rb->arg[1],
			      rb->arg[2]);

	return ready == -EINTR ? -ERESTART_RESTARTBLOCK : ready;
}

long sys_poll(struct uapi_pollfd __user *fds, uint n, int timeout_ms)
{
	current->restart = (struct restart_block){
		.fn = poll_restart, .arg = { (ulong)fds, n, poll_deadline_ms(timeout_ms) },
	};
	return poll_restart(&current->restart);
}

/* NULL: for ever.  0, -EFAULT, -EINVAL. */
static int select_deadline(struct uapi_timeval __user *timeout, u64 *deadline)
{
	struct uapi_timeval tv;
	struct uapi_timespec ts;

	*deadline = WAIT_FOREVER;
	if (!timeout)
		return 0;
	if (user_read(&tv, timeout) < 0)
		return -EFAULT;
	/* What wraps is negative, and so refused. */
	ts.sec = (s64)((u64)tv.sec + (u64)(tv.usec / 1000000));
	ts.nsec = tv.usec % 1000000 * 1000;
	return poll_deadline(&ts, deadline);
}

/* Unlike pselect6() microseconds; like it, tells what is left of them. */
long sys_select(int n, ulong __user *in, ulong __user *out, ulong __user *except,
		struct uapi_timeval __user *timeout)
{
	ulong __user *sets[3] = { in, out, except };
	u64 deadline, now, left;
	struct uapi_timeval tv;
	long ready = select_deadline(timeout, &deadline);

	if (ready < 0)
		return ready;
	ready = select_fds(n, sets, deadline);
	now = time_now();
	left = deadline > now ? deadline - now : 0;
	tv.sec = (s64)(left / NSEC_PER_SEC);
	tv.usec = (s64)(left % NSEC_PER_SEC / NSEC_PER_USEC);
	/* A time-out in read-only memory is no error. */
	if (timeout)
		(void)!user_write(timeout, &tv);
	return ready == -EINTR ? -ERESTARTNOHAND : ready;
}

long sys_utime(const char __user *path, const s64 __user *seconds)
{
	struct uapi_timespec ts[2] = { { 0, 0 }, { 0, 0 } };
	s64 times[2];

	if (!seconds)
		return path_set_times(AT_FDCWD, path, NULL, 0);
	if (copy_from_user(times, seconds, sizeof(times)) < 0)
		return -EFAULT;
	ts[0].sec = times[0];
	ts[1].sec = times[1];
	return path_set_times(AT_FDCWD, path, ts, 0);
}

long sys_futimesat(int dirfd, const char __user *path, const struct uapi_timeval __user *times)
{
	struct uapi_timeval tv[2];
	struct uapi_timespec ts[2];

	if (!times)
		return path_set_times(dirfd, path, NULL, 0);
	if (copy_from_user(tv, times, sizeof(tv)) < 0)
		return -EFAULT;
	for (uint i = 0; i < 2; i++) {
		if (tv[i].usec < 0 || tv[i].usec >= 1000000)
			return -EINVAL;
		ts[i] = (struct uapi_timespec){ tv[i].sec, tv[i].usec * 1000 };
	}
	return path_set_times(dirfd, path, ts, 0);
}

long sys_utimes(const char __user *path, const struct uapi_timeval __user *times)
{
	return sys_futimesat(AT_FDCWD, path, times);
}

long sys_eventfd(uint count)
{
	return sys_eventfd2(count, 0);
}

/* --- segment bases --- */

static long bases_set(bool is_fs, ulong addr)
{
	struct arch_thread *at = &current->arch;
	irqflags_t flags;

	if (addr >= USER_END)
		return -EPERM;
	if (is_fs) {
		arch_set_tls(addr);
		return 0;
	}
	flags = arch_irq_save();
	thread_bases_sync();
	at->gs_base = addr;
	thread_bases_load(at);
	arch_irq_restore(flags);
	return 0;
}

long sys_arch_prctl(int code, ulong addr)
{
	const struct arch_thread *at = &current->arch;

	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		return bases_set(code == ARCH_SET_FS, addr);
	case ARCH_GET_FS:
		thread_bases_sync();
		return user_write(user_ptr(ulong, addr), &at->fs_base);
	case ARCH_GET_GS:
		thread_bases_sync();
		return user_write(user_ptr(ulong, addr), &at->gs_base);
	default:
		return -EINVAL;
	}
}

/* --- tasks and time --- */

long sys_fork(void)
{
	return sys_clone(SIGCHLD, 0, NULL, 0, 0);
}

long sys_vfork(void)
{
	return sys_clone(CLONE_VFORK | CLONE_VM | SIGCHLD, 0, NULL, 0, 0);
}

long sys_pause(void)
{
	return signal_pause();
}

long sys_alarm(uint seconds)
{
	return alarm_set(seconds);
}

long sys_getpgrp(void)
{
	return sys_getpgid(0);
}

long sys_time(s64 __user *useconds)
{
	s64 now = (s64)(time_realtime() / NSEC_PER_SEC);

	if (useconds && user_write(useconds, &now) < 0)
		return -EFAULT;
	return now;
}

long sys_signalfd(int fd, const sigset_t __user *mask, size_t size)
{
	return sys_signalfd4(fd, mask, size, 0);
}
