/* SPDX-License-Identifier: MIT */
/*
 * O_ASYNC: the signal that says a file can be read or written.
 *
 * A file that has it hangs on its own wait queues, as one more waiter on each of those its poll
 * op names; their wake-ups send the signal there and then.  A file without it costs nothing.
 * Only files with a set_async op can have it: the queues they register on have the rank
 * FILEWAIT, which lets a wake-up look for the owner and send.
 *
 * The owner is remembered by its number and that number's serial: it keeps no number in use, and
 * a number that has become another's is nobody's.  Whether it may be sent a signal is asked with
 * the ids of who set it, as they were then.
 *
 * Locking.  f->pos_lock: f->async, which file_destroy() takes down alone.  process_lock: the owner.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include <gemel/cred.h>
#include <gemel/fs.h>
#include <gemel/poll.h>
#include <gemel/process.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

#define QUEUES          2               /* the most that a poll op names: to read, to write */
#define BIT_OF(signo)   (1ull << ((signo) - 1))
/* Their si_code means something of its own. */
#define HAS_CODES       (BIT_OF(SIGILL) | BIT_OF(SIGFPE) | BIT_OF(SIGSEGV) | BIT_OF(SIGBUS) | \
			 BIT_OF(SIGTRAP) | BIT_OF(SIGCHLD) | BIT_OF(SIGSYS))

struct file_async {
	struct poll_table table;
	struct file *file;              /* whose it is */
	async_filter_fn *filter;
	int fd;                         /* by which it was turned on */
	uint n;
	struct async_hook {
		struct waiter w;
		struct file_async *async;
	} hook[QUEUES];
};

/* ---- the owner ---- */

static bool may_send(const struct file_owner *o, const struct cred *it)
{
	return it && (o->euid == 0 || o->euid == it->suid || o->euid == it->uid ||
		      o->uid == it->suid || o->uid == it->uid);
}

/* To the thread @t, or its process. */
static void send(const struct file_async *a, struct task *t, bool is_process, int code, uint band)
	__must_hold(process_lock)
{
	const struct file_owner *o = &a->file->owner;
	struct ksiginfo info;
	int signo = o->signo, err = -EAGAIN;

	if (!may_send(o, t->cred))
		return;
	if (signo) {
		memset(&info, 0, sizeof(info));
		info.signo = signo;
		info.code = BIT_OF(signo) & HAS_CODES ? SI_SIGIO : code;
		info.poll.band = band;
		info.poll.fd = a->fd;
		err = is_process ? signal_send_process(t->process, signo, &info) :
				   signal_send_task(t, signo, &info);
	}
	if (err == 0)
		return;
	(void)(is_process ? signal_send_process(t->process, SIGIO, NULL) :
			    signal_send_task(t, SIGIO, NULL));
}

/* The number, while it is the one that was meant. */
static struct pid *owner_pid(const struct file_owner *o) __must_hold(process_lock)
{
	struct pid *pid = o->nr ? pid_find(o->nr) : NULL;

	return pid && pid->serial == o->serial ? pid : NULL;
}

static void send_to_owner(const struct file_async *a, int code, uint band)
{
	const struct file_owner *o = &a->file->owner;
	struct process *p;
	struct pid *pid;

	irq_lock(&process_lock);
	pid = owner_pid(o);
	if (pid && o->type == F_OWNER_PGRP) {
		list_for_each(p, &pid->members, group_link)
			send(a, p->leader, true, code, band);
	} else if (pid && pid->task) {
		send(a, pid->task, o->type == F_OWNER_PID, code, band);
	}
	irq_unlock(&process_lock);
}

static void owner_set(struct file_owner *o, const struct pid *pid, int type)
	__must_hold(process_lock)
{
	o->nr = pid ? pid->nr : 0;
	o->type = type;
	if (pid) {
		o->serial = pid->serial;
		o->uid = current_cred()->uid;
		o->euid = current_cred()->euid;
	}
}

void file_set_first_owner(struct file *f, struct pid *const *group)
{
	irq_lock(&process_lock);
	if (f->owner.nr)
		;
	else if (group && *group)
		owner_set(&f->owner, *group, F_OWNER_PGRP);
	else
		owner_set(&f->owner, current->process->leader->pid, F_OWNER_PID);
	irq_unlock(&process_lock);
}

static long set_owner(struct file *f, pid_t nr, int type)
{
	struct pid *pid;
	long err = 0;

	irq_lock(&process_lock);
	pid = nr > 0 ? pid_find(nr) : NULL;
	if (nr && !pid)
		err = -ESRCH;
	else
		owner_set(&f->owner, pid, type);
	irq_unlock(&process_lock);
	return err;
}

/* Who it is now: nr 0 when there is none of this type left. */
static struct uapi_f_owner_ex get_owner(struct file *f)
{
	struct uapi_f_owner_ex ox = { f->owner.type, 0 };
	struct pid *pid;
	bool is_there = false;

	irq_lock(&process_lock);
	pid = owner_pid(&f->owner);
	if (pid && ox.type == F_OWNER_PGRP)
		is_there = !list_is_empty(&pid->members);
	else if (pid && ox.type == F_OWNER_PID)
		is_there = process_find(pid->nr) != NULL;
	else if (pid)
		is_there = pid->task != NULL;
	if (is_there)
		ox.pid = pid->nr;
	irq_unlock(&process_lock);
	return ox;
}

static long set_owner_ex(struct file *f, ulong arg)
{
	struct uapi_f_owner_ex ox;

	if (user_read(&ox, user_ptr(struct uapi_f_owner_ex, arg)) < 0)
		return -EFAULT;
	if (ox.type != F_OWNER_TID && ox.type != F_OWNER_PID && ox.type != F_OWNER_PGRP)
		return -EINVAL;
	return set_owner(f, ox.pid, ox.type);
}

long sigio_fcntl(struct file *f, uint cmd, ulong arg)
{
	int who = (int)arg;
	struct uapi_f_owner_ex ox;

	switch (cmd) {
	case F_SETOWN:
		/* It has no opposite, which would be the process group. */
		if (who == (int)0x80000000u)
			return -EINVAL;
		return set_owner(f, who < 0 ? -who : who, who < 0 ? F_OWNER_PGRP : F_OWNER_PID);
	case F_GETOWN:
		ox = get_owner(f);
		return ox.type == F_OWNER_PGRP ? -ox.pid : ox.pid;
	case F_SETOWN_EX:
		return set_owner_ex(f, arg);
	case F_GETOWN_EX:
		ox = get_owner(f);
		return user_write(user_ptr(struct uapi_f_owner_ex, arg), &ox) < 0 ? -EFAULT : 0;
	case F_SETSIG:
		if (arg > SIGNAL_MAX)
			return -EINVAL;
		WRITE_ONCE(f->owner.signo, (int)arg);
		return 0;
	default:        /* F_GETSIG */
		return f->owner.signo;
	}
}

/* ---- the file ---- */

/* Under the queue's lock, any context. */
static bool async_wake(struct waiter *w, ulong key)
{
	struct file_async *a = container_of(w, struct async_hook, w)->async;
	uint events = (uint)key;

	if (a->filter)
		events = a->filter(a->file, events);
	if (events & POLLIN)
		send_to_owner(a, POLL_IN, POLLIN | POLLRDNORM);
	else if (events & POLLOUT)
		send_to_owner(a, POLL_OUT, POLLOUT | POLLWRNORM | POLLWRBAND);
	return false;
}

static void async_hang(struct poll_table *pt, struct wait_queue *q)
{
	struct file_async *a = container_of(pt, struct file_async, table);
	struct async_hook *h = &a->hook[a->n++];

	ASSERT(a->n <= QUEUES);
	h->async = a;
	wait_add(&h->w, q, async_wake);
}

static int async_start(struct file *f, int fd, async_filter_fn *filter)
{
	struct file_async *a = f->async;

	if (!a) {
		a = kzalloc(sizeof(*a));
		if (!a)
			return -ENOMEM;
		a->table.queue = async_hang;
		a->file = f;
		a->filter = filter;
		a->fd = fd;
		f->async = a;
		(void)f->ops->poll(f, &a->table);
	}
	WRITE_ONCE(a->fd, fd);
	__atomic_fetch_or(&f->flags, (u32)O_ASYNC, __ATOMIC_RELAXED);
	return 0;
}

void file_async_stop(struct file *f)
{
	struct file_async *a = f->async;

	for (uint i = 0; i < a->n; i++)
		wait_remove(&a->hook[i].w);
	f->async = NULL;
	kfree(a);
	__atomic_fetch_and(&f->flags, ~(u32)O_ASYNC, __ATOMIC_RELAXED);
}

int file_set_async(struct file *f, int fd, bool on, async_filter_fn *filter)
{
	int err = 0;

	mutex_lock(&f->pos_lock);
	if (on)
		err = async_start(f, fd, filter);
	else if (f->async)
		file_async_stop(f);
	mutex_unlock(&f->pos_lock);
	return err;
}
