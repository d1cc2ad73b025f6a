/* SPDX-License-Identifier: MIT */
/*
 * signalfd: signals that are read.  Whoever reads takes its own signals, not those of the
 * one who made the descriptor.
 */
#include "task_private.h"

#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <gemel/fs.h>
#include <gemel/iobuf.h>
#include <gemel/poll.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

struct uapi_signalfd_siginfo {
	u32 signo;
	s32 err;
	s32 code;
	u32 pid, uid;
	s32 fd;
	u32 tid, band, overrun, trapno;
	s32 status, int_value;
	u64 ptr, utime, stime, addr;
	u16 addr_lsb, pad2;
	s32 syscall;
	u64 call_addr;
	u32 arch;
	u8 pad[28];
};
_Static_assert(sizeof(struct uapi_signalfd_siginfo) == 128, "struct signalfd_siginfo");

struct signalfd {
	u64 mask;
};

static void convert(const struct ksiginfo *in, struct uapi_signalfd_siginfo *out)
{
	memset(out, 0, sizeof(*out));
	out->signo = (u32)in->signo;
	out->err = in->err;
	out->code = in->code;
	if (in->code == SI_TIMER) {
		out->tid = (u32)in->timer.tid;
		out->overrun = (u32)in->timer.overrun;
		out->ptr = in->timer.value;
		out->int_value = (s32)in->timer.value;
	} else if (in->signo == SIGCHLD && in->code > 0) {
		out->pid = (u32)in->chld.pid;
		out->uid = in->chld.uid;
		out->status = in->chld.status;
		out->utime = (u64)in->chld.utime;
		out->stime = (u64)in->chld.stime;
	} else if (in->code > 0 && in->code != SI_KERNEL &&
		   (SIGNAL_BIT(in->signo) & SIGNALS_SYNCHRONOUS)) {
		out->addr = in->fault.addr;
	} else if (in->code == SI_SIGIO || (in->code >= POLL_IN && in->code <= POLL_HUP)) {
		out->band = (u32)in->poll.band;
		out->fd = in->poll.fd;
	} else {
		out->pid = (u32)in->rt.pid;
		out->uid = in->rt.uid;
		out->ptr = in->rt.value;
		out->int_value = (s32)in->rt.value;
	}
}

static int take(const struct signalfd *sfd, struct ksiginfo *info)
{
	struct sighand *sh = sighand_lock(current->process);
	int signo = signal_take_locked(READ_ONCE(sfd->mask), info);

	if (signo)
		signal_recalc();
	sighand_unlock(sh);
	return signo;
}

static ssize_t signalfd_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct signalfd *sfd = f->private;
	struct wait_queue *q = &current->process->sighand->signalfd_wait;
	struct uapi_signalfd_siginfo out;
	struct ksiginfo info;
	ssize_t done = 0, n;
	int signo, err;

	(void)pos;
	if (io->left < sizeof(out))
		return -EINVAL;
	signo = take(sfd, &info);
	if (!signo && (READ_ONCE(f->flags) & O_NONBLOCK))
		return -EAGAIN;
	if (!signo) {
		err = wait_event(q, (signo = take(sfd, &info)) != 0);
		if (err < 0 && !signo)
			return err;
	}
	do {
		convert(&info, &out);
		n = iobuf_put(io, &out, sizeof(out));
		if (n < 0)
			return done ? done : n;
		done += n;
		signo = io->left >= sizeof(out) ? take(sfd, &info) : 0;
	} while (signo);
	return done;
}

static void keeper_get(void *owner)
{
	sighand_get(owner);
}

static void keeper_put(void *owner)
{
	sighand_put(owner);
}

/* An epoll of others may watch the signals of a process that is no more. */
static const struct poll_keeper sighand_keeper = { keeper_get, keeper_put };

static uint signalfd_poll(struct file *f, struct poll_table *pt)
{
	struct signalfd *sfd = f->private;
	struct process *p = current->process;

	poll_wait_kept(pt, &p->sighand->signalfd_wait, &sighand_keeper, p->sighand);
	return (current->pending.set.bits | p->shared_pending.set.bits) & READ_ONCE(sfd->mask) ?
	       POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct file *f)
{
	kfree(f->private);
}

static const struct file_ops signalfd_ops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
};

static long signalfd_change(int fd, u64 mask)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	if (f->ops != &signalfd_ops) {
		file_put(f);
		return -EINVAL;
	}
	WRITE_ONCE(((struct signalfd *)f->private)->mask, mask);
	wake_all_key(&current->process->sighand->signalfd_wait, POLLIN);
	file_put(f);
	return fd;
}

long sys_signalfd4(int fd, const sigset_t __user *umask, size_t size, int flags)
{
	struct signalfd *sfd;
	struct file *f;
	sigset_t mask;

	if ((flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) || size != sizeof(mask))
		return -EINVAL;
	if (user_read(&mask, umask) < 0)
		return -EFAULT;
	mask.bits &= ~SIGNALS_UNBLOCKABLE;
	if (fd != -1)
		return signalfd_change(fd, mask.bits);
	sfd = kzalloc(sizeof(*sfd));
	if (!sfd)
		return -ENOMEM;
	sfd->mask = mask.bits;
	f = file_create(&signalfd_ops, sfd, FILE_READ | FILE_WRITE | FILE_NOSEEK,
			O_RDWR | (flags & SFD_NONBLOCK), "[signalfd]");
	if (!f) {
		kfree(sfd);
		return -ENOMEM;
	}
	fd = fd_install(f, 0, flags & SFD_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}
