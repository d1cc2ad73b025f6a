/* SPDX-License-Identifier: MIT */
/*
 * eventfd: a 64-bit counter as a file.
 *
 * Locking.  lock covers the counter; one queue serves readers and writers, who are few.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include <gemel/fs.h>
#include <gemel/iobuf.h>
#include <gemel/mutex.h>
#include <gemel/poll.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/syscalls.h>

#include "vfs/vfs.h"

#define EFD_SEMAPHORE   1
#define EVENTFD_MAX     (~0ull - 1)

struct eventfd {
	struct mutex lock;              /* rank PIPE */
	u64 count;                      /* lock */
	bool is_semaphore;
	struct wait_queue wait;
};

static ssize_t eventfd_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct eventfd *e = f->private;
	u64 value;
	ssize_t err = 0;

	(void)pos;
	if (io->left < sizeof(value))
		return -EINVAL;
	mutex_lock(&e->lock);
	while (e->count == 0 && err == 0)
		err = f->flags & O_NONBLOCK ? -EAGAIN : wait_on(&e->wait, &e->lock);
	if (err == 0) {
		value = e->is_semaphore ? 1 : e->count;
		e->count -= value;
	}
	mutex_unlock(&e->lock);
	if (err < 0)
		return err;
	wake_all_key(&e->wait, POLLOUT | POLLWRNORM);
	return iobuf_put(io, &value, sizeof(value));
}

static ssize_t eventfd_write(struct file *f, struct iobuf *io, u64 *pos)
{
	struct eventfd *e = f->private;
	u64 value;
	ssize_t err;

	(void)pos;
	if (io->left < sizeof(value))
		return -EINVAL;
	if (iobuf_get(io, &value, sizeof(value)) != sizeof(value))
		return -EFAULT;
	if (value == ~0ull)
		return -EINVAL;
	err = 0;
	mutex_lock(&e->lock);
	while (value > EVENTFD_MAX - e->count && err == 0)
		err = f->flags & O_NONBLOCK ? -EAGAIN : wait_on(&e->wait, &e->lock);
	if (err == 0)
		e->count += value;
	mutex_unlock(&e->lock);
	if (err < 0)
		return err;
	wake_all_key(&e->wait, POLLIN | POLLRDNORM);
	return sizeof(value);
}

static uint eventfd_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->private;
	uint events = 0;
	u64 count;

	poll_wait(pt, &e->wait);
	mutex_lock(&e->lock);
	count = e->count;
	mutex_unlock(&e->lock);
	if (count > 0)
		events |= POLLIN | POLLRDNORM;
	if (count < EVENTFD_MAX)
		events |= POLLOUT | POLLWRNORM;
	return events;
}

static void eventfd_release(struct file *f)
{
	kfree(f->private);
}

static void eventfd_show_info(struct file *f, char *buf, size_t size)
{
	struct eventfd *e = f->private;

	scnprintf(buf, size, "eventfd-count: %16lx\n", (ulong)READ_ONCE(e->count));
}

static const struct file_ops eventfd_ops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.show_info = eventfd_show_info,
};

long sys_eventfd2(uint count, int flags)
{
	struct eventfd *e;
	struct file *f;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE))
		return -EINVAL;
	e = kzalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	mutex_init(&e->lock, LOCK_RANK_PIPE);
	wait_queue_init(&e->wait);
	e->count = count;
	e->is_semaphore = flags & EFD_SEMAPHORE;
	f = file_create(&eventfd_ops, e, FILE_READ | FILE_WRITE | FILE_NOSEEK,
			O_RDWR | (flags & O_NONBLOCK), "[eventfd]");
	if (!f) {
		kfree(e);
		return -ENOMEM;
	}
	return file_install(f, flags & O_CLOEXEC);
}
