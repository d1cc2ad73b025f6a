/* SPDX-License-Identifier: MIT */
/*
 * epoll.
 *
 * An epoll instance has items, one a (file, descriptor) pair that it watches.  An item hangs
 * on the wait queues of its file; their wake-up puts it on the ready list and wakes
 * whoever waits.  epoll_wait() takes ready items off one by one, asks the file again, reports,
 * and puts level-triggered ones back.
 *
 * An item does not keep its file open: the file's last put removes it (epoll_release_file).
 *
 * Locking.  epoll_lock (mutex) covers file->epolls and the life of instances; ep->lock (mutex)
 * the items; ep->ready_lock (irq) the ready list.  A wake-up comes under the lock of the file's
 * queue, and itself takes ready_lock and then the lock of ep->wait: the ranks after
 * WAITQ.  An instance that watches another has the next pair of ranks, which is why there are
 * no more than two levels.
 */
#include <gemel/poll.h>

#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/time.h>

#include <gemel/fs.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/rbtree.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/syscalls.h>
#include <gemel/time.h>
#include <gemel/uaccess.h>

#include "vfs/vfs.h"

#define EPOLL_CTL_ADD   1
#define EPOLL_CTL_DEL   2
#define EPOLL_CTL_MOD   3

#define EPOLLEXCLUSIVE  (1u << 28)
#define EPOLLWAKEUP     (1u << 29)
#define EPOLLONESHOT    (1u << 30)
#define EPOLLET         (1u << 31)
#define EPOLL_PRIVATE   (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

#define EPOLL_MAX_EVENTS ((int)(0x7fffffff / sizeof(struct uapi_epoll_event)))

struct epoll {
	struct mutex lock;              /* rank EPOLL */
	struct rb_root items;           /* lock */
	uint level;                     /* epoll_lock: 2 when it watches another */
	uint watched;                   /* epoll_lock: how many watch it */
	struct irqlock ready_lock;
	struct list ready;              /* ready_lock */
	struct wait_queue wait;         /* epoll_wait, and poll on the instance */
};

struct hook {
	struct waiter w;
	struct epitem *item;
	struct hook *next;
	const struct poll_keeper *keeper;       /* of @owner, a reference; NULL: none is needed */
	void *owner;
};

struct epitem {
	struct rb_node node;
	struct epoll *ep;
	struct file *file;              /* not referenced */
	int fd;
	u32 events;                     /* ep->lock to change; only private bits: disabled */
	u64 data;
	struct list file_link;          /* epoll_lock */
	struct list ready_link;         /* ready_lock */
	struct hook *hooks;
	struct hook first_hook;
};

struct item_table {
	struct poll_table table;
	struct epitem *item;
	bool failed;
};

static struct mutex epoll_lock = MUTEX_INIT(epoll_lock, EPOLL);
static const struct file_ops epoll_ops;

static bool file_is_epoll(const struct file *f)
{
	return f->ops == &epoll_ops;
}

/* ---- the ready list ---- */

static bool item_make_ready(struct epitem *item)
{
	struct epoll *ep = item->ep;
	bool is_new;

	irq_lock(&ep->ready_lock);
	is_new = list_is_empty(&item->ready_link);
	if (is_new)
		list_add_tail(&ep->ready, &item->ready_link);
	irq_unlock(&ep->ready_lock);
	return is_new;
}

/* Under the lock of the file's queue, any context. */
static bool hook_wake(struct waiter *w, ulong key)
{
	struct epitem *item = container_of(w, struct hook, w)->item;
	u32 events = READ_ONCE(item->events);

	if (!(events & ~EPOLL_PRIVATE) || (key && !(key & events)))
		return false;
	item_make_ready(item);
	wake_all_key(&item->ep->wait, POLLIN | POLLRDNORM);
	return true;
}

static void item_hook(struct poll_table *pt, struct wait_queue *q)
{
	struct item_table *t = container_of(pt, struct item_table, table);
	struct epitem *item = t->item;
	struct hook *h = &item->first_hook;

	if (item->hooks)
		h = kzalloc(sizeof(*h));
	if (!h) {
		t->failed = true;
		return;
	}
	h->item = item;
	h->keeper = pt->keeper;
	h->owner = pt->owner;
	if (h->keeper)
		h->keeper->get(h->owner);
	h->next = item->hooks;
	item->hooks = h;
	wait_add(&h->w, q, hook_wake);
}

static void item_unhook(struct epitem *item)
{
	struct hook *h;

	while ((h = item->hooks)) {
		item->hooks = h->next;
		wait_remove(&h->w);
		if (h->keeper)
			h->keeper->put(h->owner);
		if (h != &item->first_hook)
			kfree(h);
	}
}

static uint item_ask(struct epitem *item, struct poll_table *pt)
{
	return item->file->ops->poll(item->file, pt) & item->events;
}

/* ---- items ---- */

static int item_compare(const struct epitem *item, const struct file *f, int fd)
{
	if (item->file != f)
		return f < item->file ? -1 : 1;
	return fd < item->fd ? -1 : fd > item->fd;
}

static struct epitem *item_find(struct epoll *ep, const struct file *f, int fd)
{
	struct rb_node *n = ep->items.node;

	while (n) {
		struct epitem *item = rb_entry(n, struct epitem, node);
		int order = item_compare(item, f, fd);

		if (order == 0)
			return item;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

static void item_insert(struct epoll *ep, struct epitem *item)
{
	struct rb_node **link = &ep->items.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = item_compare(rb_entry(parent, struct epitem, node), item->file,
				    item->fd) < 0 ? &parent->left : &parent->right;
	}
	rb_insert(&ep->items, &item->node, parent, link);
}

/* ep->lock and epoll_lock held. */
static void item_remove(struct epoll *ep, struct epitem *item)
{
	item_unhook(item);
	list_remove(&item->file_link);
	rb_erase(&ep->items, &item->node);
	irq_lock(&ep->ready_lock);
	list_remove(&item->ready_link);
	irq_unlock(&ep->ready_lock);
	if (file_is_epoll(item->file))
		((struct epoll *)item->file->private)->watched--;
	kfree(item);
}

/* Levels: see the theory. */
static int epoll_nest(struct epoll *ep, struct file *f)
{
	struct epoll *target;

	if (!file_is_epoll(f))
		return 0;
	target = f->private;
	if (target->level > 1 || ep->watched)
		return -ELOOP;
	ep->level = 2;
	ep->ready_lock.rank = LOCK_RANK_EPREADY2;
	ep->wait.lock.rank = LOCK_RANK_EPWAIT2;
	target->watched++;
	return 0;
}

static int item_add(struct epoll *ep, struct file *f, int fd, const struct uapi_epoll_event *ev)
{
	struct epitem *item = kzalloc(sizeof(*item));
	struct item_table t = { .table = { .queue = item_hook }, .item = item };
	int err;

	if (!item)
		return -ENOMEM;
	err = epoll_nest(ep, f);
	if (err < 0) {
		kfree(item);
		return err;
	}
	item->ep = ep;
	item->file = f;
	item->fd = fd;
	item->events = ev->events | POLLERR | POLLHUP;
	item->data = ev->data;
	list_init(&item->ready_link);
	list_add_tail(&f->epolls, &item->file_link);
	item_insert(ep, item);
	if (item_ask(item, &t.table) && item_make_ready(item))
		wake_all_key(&ep->wait, POLLIN | POLLRDNORM);
	if (t.failed) {
		item_remove(ep, item);
		return -ENOMEM;
	}
	return 0;
}

static int item_modify(struct epitem *item, const struct uapi_epoll_event *ev)
{
	if ((item->events | ev->events) & EPOLLEXCLUSIVE)
		return -EINVAL;
	WRITE_ONCE(item->events, ev->events | POLLERR | POLLHUP);
	item->data = ev->data;
	smp_mb();       /* a wake-up that saw the old events came before what is asked now */
	if (item_ask(item, NULL) && item_make_ready(item))
		wake_all_key(&item->ep->wait, POLLIN | POLLRDNORM);
	return 0;
}

void epoll_release_file(struct file *f)
{
	mutex_lock(&epoll_lock);
	while (!list_is_empty(&f->epolls)) {
		struct epitem *item = list_first(&f->epolls, struct epitem, file_link);
		struct epoll *ep = item->ep;

		mutex_lock_nested(&ep->lock);
		item_remove(ep, item);
		mutex_unlock(&ep->lock);
	}
	mutex_unlock(&epoll_lock);
}

/* ---- waiting ---- */

static bool epoll_is_ready(struct epoll *ep)
{
	bool is_ready;

	irq_lock(&ep->ready_lock);
	is_ready = !list_is_empty(&ep->ready);
	irq_unlock(&ep->ready_lock);
	return is_ready;
}

/* The first of @list, taken off; NULL: empty. */
static struct epitem *epoll_pop(struct epoll *ep, struct list *list)
{
	struct epitem *item = NULL;

	irq_lock(&ep->ready_lock);
	if (!list_is_empty(list)) {
		item = list_first(list, struct epitem, ready_link);
		list_remove(&item->ready_link);
	}
	irq_unlock(&ep->ready_lock);
	return item;
}

/* Report one item.  1 reported, 0 not ready after all, -EFAULT. */
static int epoll_report(struct epitem *item, struct uapi_epoll_event __user *uev)
{
	struct uapi_epoll_event ev = { .data = item->data };

	ev.events = item_ask(item, NULL);
	if (!ev.events)
		return 0;
	if (user_write(uev, &ev) < 0) {
		item_make_ready(item);
		return -EFAULT;
	}
	if (item->events & EPOLLONESHOT)
		WRITE_ONCE(item->events, item->events & EPOLL_PRIVATE);
	else if (!(item->events & EPOLLET))
		item_make_ready(item);
	return 1;
}

/* What is ready now, at most @max. */
static int epoll_collect(struct epoll *ep, struct uapi_epoll_event __user *events, int max)
{
	struct list taken = LIST_INIT(taken);
	struct epitem *item;
	int n = 0, got = 0;

	mutex_lock(&ep->lock);
	irq_lock(&ep->ready_lock);
	list_splice_tail(&taken, &ep->ready);
	irq_unlock(&ep->ready_lock);
	while (n < max && got >= 0 && (item = epoll_pop(ep, &taken))) {
		got = epoll_report(item, &events[n]);
		if (got > 0)
			n++;
	}
	/* What was not looked at goes before what came meanwhile. */
	irq_lock(&ep->ready_lock);
	list_splice_tail(&taken, &ep->ready);
	list_splice_tail(&ep->ready, &taken);
	irq_unlock(&ep->ready_lock);
	mutex_unlock(&ep->lock);
	return n ? n : MIN(got, 0);
}

static long epoll_wait_file(struct epoll *ep, struct uapi_epoll_event __user *events, int max,
			    u64 deadline)
{
	int n, err;

	for (;;) {
		n = epoll_is_ready(ep) ? epoll_collect(ep, events, max) : 0;
		if (n != 0 || deadline == 0)
			return n;
		err = wait_event_timeout(&ep->wait, epoll_is_ready(ep), deadline);
		if (err < 0)
			return err == -ETIMEDOUT ? 0 : err;
	}
}

long epoll_wait_fd(int epfd, struct uapi_epoll_event __user *events, int max, u64 deadline)
{
	struct file *f;
	long n = -EINVAL;

	if (max <= 0 || max > EPOLL_MAX_EVENTS)
		return -EINVAL;
	if (!user_range_ok(events, (size_t)max * sizeof(*events)))
		return -EFAULT;
	f = fd_get(epfd);
	if (!f)
		return -EBADF;
	if (file_is_epoll(f))
		n = epoll_wait_file(f->private, events, max, deadline);
	file_put(f);
	return n;
}

/* ---- the instance as a file ---- */

static uint epoll_poll(struct file *f, struct poll_table *pt)
{
	struct epoll *ep = f->private;

	poll_wait(pt, &ep->wait);
	return epoll_is_ready(ep) ? POLLIN | POLLRDNORM : 0;
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->private;
	struct rb_node *n;

	mutex_lock(&epoll_lock);
	mutex_lock_nested(&ep->lock);
	while ((n = rb_first(&ep->items)))
		item_remove(ep, rb_entry(n, struct epitem, node));
	mutex_unlock(&ep->lock);
	mutex_unlock(&epoll_lock);
	kfree(ep);
}

static void epoll_show_info(struct file *f, char *buf, size_t size)
{
	struct epoll *ep = f->private;
	size_t used = 0;

	/* The reader of /proc holds locks that come after this one. */
	if (!mutex_try_lock(&ep->lock))
		return;
	for (struct rb_node *n = rb_first(&ep->items); n; n = rb_next(n)) {
		struct epitem *item = rb_entry(n, struct epitem, node);

		used += (size_t)scnprintf(buf + used, size - used,
					  "tfd: %8d events: %8x data: %16lx\n", item->fd,
					  item->events, (ulong)item->data);
	}
	mutex_unlock(&ep->lock);
}

static const struct file_ops epoll_ops = {
	.poll = epoll_poll,
	.release = epoll_release,
	.show_info = epoll_show_info,
};

/* ---- system calls ---- */

long sys_epoll_create1(int flags)
{
	struct epoll *ep;
	struct file *f;

	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	ep = kzalloc(sizeof(*ep));
	if (!ep)
		return -ENOMEM;
	mutex_init(&ep->lock, LOCK_RANK_EPOLL);
	irqlock_init(&ep->ready_lock, LOCK_RANK_EPREADY1);
	wait_queue_init_rank(&ep->wait, LOCK_RANK_EPWAIT1);
	list_init(&ep->ready);
	ep->level = 1;
	f = file_create(&epoll_ops, ep, FILE_READ | FILE_WRITE | FILE_NOSEEK, O_RDWR,
			"[eventpoll]");
	if (!f) {
		kfree(ep);
		return -ENOMEM;
	}
	return file_install(f, flags & O_CLOEXEC);
}

static int epoll_change(struct epoll *ep, int op, struct file *f, int fd,
			const struct uapi_epoll_event *ev)
{
	struct epitem *item;
	int err = -EINVAL;

	mutex_lock(&epoll_lock);
	mutex_lock_nested(&ep->lock);
	item = item_find(ep, f, fd);
	if (op == EPOLL_CTL_ADD)
		err = item ? -EEXIST : item_add(ep, f, fd, ev);
	else if (op == EPOLL_CTL_MOD)
		err = item ? item_modify(item, ev) : -ENOENT;
	else if (op == EPOLL_CTL_DEL)
		err = item ? 0 : -ENOENT;
	if (op == EPOLL_CTL_DEL && item)
		item_remove(ep, item);
	mutex_unlock(&ep->lock);
	mutex_unlock(&epoll_lock);
	return err;
}

long sys_epoll_ctl(int epfd, int op, int fd, struct uapi_epoll_event __user *uev)
{
	struct uapi_epoll_event ev = { .events = 0 };
	struct file *epf, *f;
	int err = -EBADF;

	if (op != EPOLL_CTL_DEL && user_read(&ev, uev) < 0)
		return -EFAULT;
	epf = fd_get(epfd);
	if (!epf)
		return -EBADF;
	f = fd_get(fd);
	if (!f)
		goto out_put_epoll;
	if (!f->ops->poll)
		err = -EPERM;
	else if (!file_is_epoll(epf) || epf == f)
		err = -EINVAL;
	else
		err = epoll_change(epf->private, op, f, fd, &ev);
	file_put(f);
out_put_epoll:
	file_put(epf);
	return err;
}

static long epoll_wait_masked(int epfd, struct uapi_epoll_event __user *events, int max,
			      u64 deadline, const sigset_t __user *mask, size_t mask_size)
{
	int masked = poll_mask_set(mask, mask_size);
	long n;

	if (masked < 0)
		return masked;
	n = epoll_wait_fd(epfd, events, max, deadline);
	if (masked && n != -EINTR)
		signal_restore_mask();
	return n;
}

long sys_epoll_pwait(int epfd, struct uapi_epoll_event __user *events, int max, int timeout_ms,
		     const sigset_t __user *mask, size_t mask_size)
{
	return epoll_wait_masked(epfd, events, max, poll_deadline_ms(timeout_ms), mask, mask_size);
}

long sys_epoll_pwait2(int epfd, struct uapi_epoll_event __user *events, int max,
		      const struct uapi_timespec __user *timeout, const sigset_t __user *mask,
		      size_t mask_size)
{
	struct uapi_timespec ts;
	u64 deadline = WAIT_FOREVER;
	int err;

	if (timeout) {
		if (user_read(&ts, timeout) < 0)
			return -EFAULT;
		err = poll_deadline(&ts, &deadline);
		if (err < 0)
			return err;
	}
	return epoll_wait_masked(epfd, events, max, deadline, mask, mask_size);
}
