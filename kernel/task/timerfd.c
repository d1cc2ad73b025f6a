/* SPDX-License-Identifier: MIT */
/*
 * timerfd: a timer that is read.
 *
 * One that is periodic stands still from its expiry until it is read or looked at;
 * what passed meanwhile is counted then, and it is set for the next multiple.  So a short
 * interval costs no more than its reader takes.
 *
 * A timer of wall time hears of the clock's being set through time_was_set, and looks.
 * With TFD_TIMER_CANCEL_ON_SET that also ends the next read, or the one that waits.
 *
 * Locking.  tfd->queue's owner lock is tfd->lock (irq): the timer's function
 * takes it and wakes the queue under it.
 */
#include "clock.h"

#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/time.h>
#include <gemel/fs.h>
#include <gemel/iobuf.h>
#include <gemel/poll.h>
#include <gemel/slab.h>
#include <gemel/spin.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>
#include <gemel/wait.h>

struct timerfd {
	struct irqlock lock;            /* rank POLL */
	struct clock_ref ref;           /* never of CPU time */
	struct timer timer;
	struct waiter was_set;          /* on time_was_set, once the clock was wall time */
	u64 interval_ns, deadline_ns;   /* deadline 0: disarmed, or over */
	bool is_expired;                /* periodic, and stands still since deadline_ns */
	bool may_cancel;                /* TFD_TIMER_CANCEL_ON_SET */
	u32 set_count;                  /* time_step_count when that was last told */
	u64 expirations;                /* since the last read */
	struct wait_queue queue;
};

static bool is_cancelled(const struct timerfd *tfd)
{
	return tfd->may_cancel && tfd->set_count != READ_ONCE(time_step_count);
}

static void timerfd_fire(struct timer *timer)
{
	struct timerfd *tfd = container_of(timer, struct timerfd, timer);
	u64 now;

	irq_lock(&tfd->lock);
	now = clock_ref_now(&tfd->ref, 0);
	if (is_cancelled(tfd)) {
		wake_all_key(&tfd->queue, POLLIN);
	} else if (!tfd->deadline_ns || tfd->is_expired) {
		;
	} else if (now < tfd->deadline_ns) {
		timer_set(timer, clock_ref_when(&tfd->ref, now, tfd->deadline_ns));
	} else {
		tfd->expirations++;
		tfd->is_expired = tfd->interval_ns != 0;
		if (!tfd->interval_ns)
			tfd->deadline_ns = 0;
		wake_all_key(&tfd->queue, POLLIN);
	}
	irq_unlock(&tfd->lock);
}

static bool clock_was_set(struct waiter *w, ulong key __unused)
{
	timer_set(&container_of(w, struct timerfd, was_set)->timer, time_now());
	return false;
}

/* A periodic one: count all that is due by now, also what no interrupt has told, and go on. */
static void catch_up(struct timerfd *tfd)
{
	u64 now = clock_ref_now(&tfd->ref, 0), n;

	if (!tfd->deadline_ns || !tfd->interval_ns)
		return;
	n = clock_advance(&tfd->deadline_ns, tfd->interval_ns, now);
	if (n || tfd->is_expired)
		timer_set(&tfd->timer, clock_ref_when(&tfd->ref, now, tfd->deadline_ns));
	/* The first is counted; it is not among these if the clock was set back since. */
	tfd->expirations += n && tfd->is_expired ? n - 1 : n;
	tfd->is_expired = false;
}

/* How many there were since the last time; 0: none; or -ECANCELED. */
static s64 take_expirations(struct timerfd *tfd)
{
	s64 n;

	irq_lock(&tfd->lock);
	if (is_cancelled(tfd)) {
		/* The reader has to think anew: the timer does not go on by itself. */
		tfd->set_count = READ_ONCE(time_step_count);
		tfd->is_expired = false;
		n = -ECANCELED;
	} else {
		catch_up(tfd);
		n = (s64)tfd->expirations;
	}
	tfd->expirations = 0;
	irq_unlock(&tfd->lock);
	return n;
}

static ssize_t timerfd_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct timerfd *tfd = f->private;
	s64 n;
	int err;

	(void)pos;
	if (io->left < sizeof(n))
		return -EINVAL;
	n = take_expirations(tfd);
	if (!n && (READ_ONCE(f->flags) & O_NONBLOCK))
		return -EAGAIN;
	if (!n) {
		err = wait_event(&tfd->queue, (n = take_expirations(tfd)) != 0);
		if (err < 0 && !n)
			return err;
	}
	return n < 0 ? n : iobuf_put(io, &n, sizeof(n));
}

static uint timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *tfd = f->private;

	poll_wait(pt, &tfd->queue);
	return READ_ONCE(tfd->expirations) || is_cancelled(tfd) ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *tfd = f->private;

	irq_lock(&tfd->lock);
	tfd->deadline_ns = 0;
	irq_unlock(&tfd->lock);
	if (tfd->was_set.queue)
		wait_remove(&tfd->was_set);
	timer_cancel_sync(&tfd->timer);
	kfree(tfd);
}

static const struct file_ops timerfd_ops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
};

long sys_timerfd_create(int clock, int flags)
{
	struct clock_ref ref;
	struct timerfd *tfd;
	struct file *f;
	int fd, err;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	err = clock_ref_get(&ref, clock, CLOCK_USE_TIMERFD);
	if (err < 0)
		return err;
	tfd = kzalloc(sizeof(*tfd));
	if (!tfd)
		return -ENOMEM;
	tfd->ref = ref;
	irqlock_init(&tfd->lock, LOCK_RANK_POLL);
	timer_init(&tfd->timer, timerfd_fire);
	wait_queue_init(&tfd->queue);
	f = file_create(&timerfd_ops, tfd, FILE_READ | FILE_NOSEEK,
			O_RDWR | (flags & TFD_NONBLOCK), "[timerfd]");
	if (!f) {
		kfree(tfd);
		return -ENOMEM;
	}
	fd = fd_install(f, 0, flags & TFD_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

static void timerfd_get_locked(struct timerfd *tfd, struct uapi_itimerspec *its)
{
	u64 now, left = 0;

	catch_up(tfd);
	now = clock_ref_now(&tfd->ref, 0);
	if (tfd->deadline_ns)
		left = tfd->deadline_ns > now ? tfd->deadline_ns - now : 1;
	its->value = timespec_from_ns(left);
	its->interval = timespec_from_ns(tfd->interval_ns);
}

/* 0, or -ECANCELED: it is set, but the clock was too since the last read. */
static int timerfd_start(struct timerfd *tfd, int flags, u64 value)
{
	const int cancel = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	bool was_cancelled = is_cancelled(tfd);
	u64 now;

	tfd->deadline_ns = clock_ref_deadline(&tfd->ref, value, flags & TFD_TIMER_ABSTIME, 0);
	tfd->may_cancel = tfd->ref.is_wall && (flags & cancel) == cancel;
	tfd->set_count = READ_ONCE(time_step_count);
	if (tfd->ref.is_wall && !tfd->was_set.queue)
		wait_add(&tfd->was_set, &time_was_set, clock_was_set);
	now = clock_ref_now(&tfd->ref, 0);
	timer_set(&tfd->timer, now < tfd->deadline_ns ?
		  clock_ref_when(&tfd->ref, now, tfd->deadline_ns) : time_now());
	return was_cancelled && tfd->may_cancel ? -ECANCELED : 0;
}

static int timerfd_set(struct timerfd *tfd, int flags, const struct uapi_itimerspec *new,
		       struct uapi_itimerspec *old)
{
	u64 value = timespec_to_ns(&new->value);
	int err = 0;

	irq_lock(&tfd->lock);
	timerfd_get_locked(tfd, old);
	(void)timer_cancel(&tfd->timer);
	tfd->expirations = 0;
	tfd->interval_ns = timespec_to_ns(&new->interval);
	tfd->deadline_ns = 0;
	if (value)
		err = timerfd_start(tfd, flags, value);
	else
		tfd->may_cancel = false;
	irq_unlock(&tfd->lock);
	return err;
}

static int timerfd_lookup(int fd, struct file **out)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	if (f->ops != &timerfd_ops) {
		file_put(f);
		return -EINVAL;
	}
	*out = f;
	return 0;
}

long sys_timerfd_settime(int fd, int flags, const struct uapi_itimerspec __user *unew,
			 struct uapi_itimerspec __user *uold)
{
	struct uapi_itimerspec new, old;
	struct file *f;
	int err;

	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	if (user_read(&new, unew) < 0)
		return -EFAULT;
	if (!timespec_is_valid(&new.value) || !timespec_is_valid(&new.interval))
		return -EINVAL;
	err = timerfd_lookup(fd, &f);
	if (err < 0)
		return err;
	err = timerfd_set(f->private, flags, &new, &old);
	file_put(f);
	if (err < 0)
		return err;
	return uold ? user_write(uold, &old) : 0;
}

long sys_timerfd_gettime(int fd, struct uapi_itimerspec __user *uits)
{
	struct uapi_itimerspec its;
	struct timerfd *tfd;
	struct file *f;
	int err;

	err = timerfd_lookup(fd, &f);
	if (err < 0)
		return err;
	tfd = f->private;
	irq_lock(&tfd->lock);
	timerfd_get_locked(tfd, &its);
	irq_unlock(&tfd->lock);
	file_put(f);
	return user_write(uits, &its);
}
