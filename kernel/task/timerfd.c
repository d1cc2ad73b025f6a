/* SPDX-License-Identifier: MIT */
/*
 * timerfd: a timer that is read.
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
	int clock;
	struct irqlock lock;            /* rank POLL */
	struct timer timer;
	u64 interval_ns, deadline_ns;   /* deadline 0: disarmed */
	u64 expirations;                /* since the last read */
	struct wait_queue queue;
};

/* Count what is due by now, and wait for the next. */
static void count_due(struct timerfd *tfd)
{
	u64 now = time_now(), n = 1;

	if (!tfd->deadline_ns || tfd->deadline_ns > now)
		return;
	if (tfd->interval_ns) {
		n += (now - tfd->deadline_ns) / tfd->interval_ns;
		tfd->deadline_ns += n * tfd->interval_ns;
		timer_set(&tfd->timer, tfd->deadline_ns);
	} else {
		tfd->deadline_ns = 0;
	}
	tfd->expirations += n;
}

static void timerfd_fire(struct timer *timer)
{
	struct timerfd *tfd = container_of(timer, struct timerfd, timer);

	irq_lock(&tfd->lock);
	count_due(tfd);
	if (tfd->expirations)
		wake_all_key(&tfd->queue, POLLIN);
	irq_unlock(&tfd->lock);
}

/* Once there is something to tell, it is all up to now. */
static u64 take_expirations(struct timerfd *tfd)
{
	u64 n;

	irq_lock(&tfd->lock);
	if (tfd->expirations)
		count_due(tfd);
	n = tfd->expirations;
	tfd->expirations = 0;
	irq_unlock(&tfd->lock);
	return n;
}

static ssize_t timerfd_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct timerfd *tfd = f->private;
	u64 n;
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
	return iobuf_put(io, &n, sizeof(n));
}

static uint timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *tfd = f->private;

	poll_wait(pt, &tfd->queue);
	return READ_ONCE(tfd->expirations) ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *tfd = f->private;

	irq_lock(&tfd->lock);
	tfd->deadline_ns = 0;
	irq_unlock(&tfd->lock);
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
	struct timerfd *tfd;
	struct file *f;
	int fd;

	if ((flags & ~(TFD_CLOEXEC | TFD_NONBLOCK)) || !clock_can_sleep(clock))
		return -EINVAL;
	tfd = kzalloc(sizeof(*tfd));
	if (!tfd)
		return -ENOMEM;
	tfd->clock = clock;
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
	u64 now = time_now(), left = 0;

	if (tfd->deadline_ns)
		left = tfd->deadline_ns > now ? tfd->deadline_ns - now : 1;
	its->value = timespec_from_ns(left);
	its->interval = timespec_from_ns(tfd->interval_ns);
}

static void timerfd_set(struct timerfd *tfd, int flags, const struct uapi_itimerspec *new,
			struct uapi_itimerspec *old)
{
	u64 value = timespec_to_ns(&new->value);

	irq_lock(&tfd->lock);
	timerfd_get_locked(tfd, old);
	(void)timer_cancel(&tfd->timer);
	tfd->expirations = 0;
	tfd->interval_ns = timespec_to_ns(&new->interval);
	tfd->deadline_ns = 0;
	if (value) {
		tfd->deadline_ns = MAX(clock_deadline(tfd->clock, value,
						      flags & TFD_TIMER_ABSTIME), 1ull);
		timer_set(&tfd->timer, tfd->deadline_ns);
	}
	irq_unlock(&tfd->lock);
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
	timerfd_set(f->private, flags, &new, &old);
	file_put(f);
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
