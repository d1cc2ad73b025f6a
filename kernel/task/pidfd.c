/* SPDX-License-Identifier: MIT */
/*
 * pidfd: a descriptor that stands for a process.
 */
#include "pidfd.h"

#include "task_private.h"

#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <gemel/fs.h>
#include <gemel/poll.h>
#include <gemel/printf.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

/* Reaped, or still being made: its maker's other threads may have the descriptor already. */
static bool is_absent(const struct process *p) __must_hold(process_lock)
{
	return p->is_reaped || !p->leader;
}

static uint pidfd_poll(struct file *f, struct poll_table *pt)
{
	struct process *p = f->private;

	poll_wait(pt, &p->exit_wait);
	return READ_ONCE(p->is_zombie) ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct file *f)
{
	process_put(f->private);
}

static void pidfd_show(struct file *f, char *buf, size_t size)
{
	struct process *p = f->private;

	snprintf(buf, size, "Pid:\t%d\nNSpid:\t%d\n", p->is_reaped ? -1 : p->pid,
		 p->is_reaped ? -1 : p->pid);
}

static const struct file_ops pidfd_ops = {
	.poll = pidfd_poll,
	.release = pidfd_release,
	.show_info = pidfd_show,
};

int pidfd_create(struct process *p, u32 flags)
{
	struct file *f;
	int fd;

	process_get(p);
	f = file_create(&pidfd_ops, p, FILE_READ | FILE_NOSEEK, O_RDWR | flags, "[pidfd]");
	if (!f) {
		process_put(p);
		return -ENOMEM;
	}
	fd = fd_install(f, 0, true);
	if (fd < 0)
		file_put(f);
	return fd;
}

int pidfd_lookup(int fd, struct process **out, u32 *flags)
{
	struct file *f = fd_get(fd);
	int err = -EBADF;

	if (!f)
		return -EBADF;
	if (f->ops == &pidfd_ops) {
		*out = f->private;
		*flags = READ_ONCE(f->flags);
		process_get(*out);
		err = 0;
	}
	file_put(f);
	return err;
}

long sys_pidfd_open(int pid, uint flags)
{
	struct process *p;
	int fd;

	if ((flags & ~O_NONBLOCK) || pid <= 0)
		return -EINVAL;
	p = process_lookup(pid);
	if (!p) {
		struct task *t = task_lookup(pid);

		if (t)
			task_put(t);
		return t ? -EINVAL : -ESRCH;
	}
	fd = pidfd_create(p, flags);
	process_put(p);
	return fd;
}

/* A signal may also be sent through an open directory /proc/PID.  The process, referenced. */
static int signal_lookup(int fd, struct process **out)
{
	u32 flags;
	int err = pidfd_lookup(fd, out, &flags);
	struct file *f = err < 0 ? fd_get(fd) : NULL;

	if (!f)
		return err;
	*out = proc_file_process(f);
	file_put(f);
	return *out ? 0 : -EBADF;
}

static int send(struct process *p, int signo, const struct ksiginfo *info)
{
	int err = -ESRCH;

	irq_lock(&process_lock);
	if (!is_absent(p)) {
		err = cred_can_signal(p->leader, signo) ? 0 : -EPERM;
		if (err == 0 && signo)
			err = signal_send_process(p, signo, info);
	}
	irq_unlock(&process_lock);
	return err;
}

long sys_pidfd_send_signal(int fd, int signo, const struct ksiginfo __user *uinfo, uint flags)
{
	struct ksiginfo info;
	struct process *p;
	int err;

	if (flags || signo < 0 || signo > SIGNAL_MAX)
		return -EINVAL;
	err = signal_lookup(fd, &p);
	if (err < 0)
		return err;
	if (uinfo) {
		err = user_read(&info, uinfo);
		if (err == 0 && info.signo != signo)
			err = -EINVAL;
		if (err == 0 && p != current->process &&
		    (info.code >= 0 || info.code == SI_TKILL))
			err = -EPERM;
	} else {
		memset(&info, 0, sizeof(info));
		info.signo = signo;
		info.code = SI_USER;
		info.kill.pid = current->process->pid;
		info.kill.uid = current_cred()->uid;
	}
	if (err == 0)
		err = send(p, signo, &info);
	process_put(p);
	return err;
}

/* The file @fd of @p's, referenced.  -ESRCH, -EPERM, -EBADF. */
static int file_of(struct process *p, int fd, struct file **out)
{
	struct files *files = NULL;
	struct task *t = NULL;
	int err = -ESRCH;

	irq_lock(&process_lock);
	if (!is_absent(p)) {
		t = p->leader;
		task_get(t);
	}
	irq_unlock(&process_lock);
	if (!t)
		return -ESRCH;
	err = cred_may_look(t, true);
	if (err == 0)
		files = task_get_files(t);
	task_put(t);
	if (err < 0)
		return err;
	*out = files ? files_get_file(files, fd) : NULL;
	if (files)
		files_put(files);
	return *out ? 0 : -EBADF;
}

long sys_pidfd_getfd(int pidfd, int fd, uint flags)
{
	struct process *p;
	u32 file_flags;
	struct file *f;
	int err, copy;

	if (flags)
		return -EINVAL;
	err = pidfd_lookup(pidfd, &p, &file_flags);
	if (err < 0)
		return err;
	err = file_of(p, fd, &f);
	process_put(p);
	if (err < 0)
		return err;
	copy = fd_install(f, 0, true);
	if (copy < 0)
		file_put(f);
	return copy;
}
