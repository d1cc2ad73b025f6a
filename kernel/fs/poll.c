/* SPDX-License-Identifier: MIT */
/*
 * poll(2) and select(2).
 *
 * One pass asks every file; the first pass also registers on their wait queues through
 * struct poll_table.  Any queue's wake-up sets "triggered" and wakes the caller, who asks again.
 * Registrations are kept until the end: a few on the stack, more in pages.
 */
#include <gemel/poll.h>

#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/time.h>

#include <gemel/fs.h>
#include <gemel/process.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/uaccess.h>

#include "vfs/fdtable.h"

#define POLLERS_INLINE  8
#define POLLERS_CHUNK   48
#define FDS_FAST        16

struct poller {
	struct waiter w;
	struct poll_set *set;
	struct file *file;
};

struct poll_chunk {
	struct poll_chunk *next;
	uint n;
	struct poller p[POLLERS_CHUNK];
};

/* One call of poll or select. */
struct poll_set {
	struct poll_table table;
	struct wait_queue queue;        /* where the caller sleeps */
	bool triggered;                 /* atomic */
	bool failed;                    /* no memory for a registration */
	uint ninline;
	struct file *file;              /* being asked */
	struct poll_chunk *chunks;
	struct poller inline_pollers[POLLERS_INLINE];
};

static bool poller_wake(struct waiter *w, ulong key)
{
	struct poll_set *s = container_of(w, struct poller, w)->set;

	(void)key;
	store_release(&s->triggered, true);
	wake_all(&s->queue);
	return true;
}

static struct poller *poll_set_alloc(struct poll_set *s)
{
	struct poll_chunk *c;

	if (s->ninline < POLLERS_INLINE)
		return &s->inline_pollers[s->ninline++];
	c = s->chunks;
	if (!c || c->n == POLLERS_CHUNK) {
		c = kalloc(sizeof(*c));
		if (!c)
			return NULL;
		c->n = 0;
		c->next = s->chunks;
		s->chunks = c;
	}
	return &c->p[c->n++];
}

static void poll_set_queue(struct poll_table *pt, struct wait_queue *q)
{
	struct poll_set *s = container_of(pt, struct poll_set, table);
	struct poller *p = poll_set_alloc(s);

	if (!p) {
		s->failed = true;
		return;
	}
	memset(&p->w, 0, sizeof(p->w));
	p->set = s;
	p->file = s->file;
	file_get(p->file);
	wait_add(&p->w, q, poller_wake);
}

static void poll_set_init(struct poll_set *s)
{
	s->table.queue = poll_set_queue;
	wait_queue_init_rank(&s->queue, LOCK_RANK_POLLWAIT);
	s->triggered = s->failed = false;
	s->ninline = 0;
	s->chunks = NULL;
}

static void poller_fini(struct poller *p)
{
	wait_remove(&p->w);
	file_put(p->file);
}

static void poll_set_fini(struct poll_set *s)
{
	struct poll_chunk *c;

	for (uint i = 0; i < s->ninline; i++)
		poller_fini(&s->inline_pollers[i]);
	while ((c = s->chunks)) {
		for (uint i = 0; i < c->n; i++)
			poller_fini(&c->p[i]);
		s->chunks = c->next;
		kfree(c);
	}
}

static uint poll_file(struct poll_set *s, struct file *f, bool registering)
{
	if (!f->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	s->file = f;
	return f->ops->poll(f, registering ? &s->table : NULL);
}

/* What one pass over the descriptors does; returns how many are ready, or -errno. */
typedef int poll_pass_fn(struct poll_set *s, void *arg, bool registering);

static int poll_loop(poll_pass_fn *pass, void *arg, u64 deadline)
{
	struct poll_set *s = kalloc(sizeof(*s));
	int n, err = 0;

	if (!s)
		return -ENOMEM;
	poll_set_init(s);
	n = pass(s, arg, deadline != 0);
	while (n == 0 && err == 0 && deadline != 0) {
		if (s->failed) {
			n = -ENOMEM;
			break;
		}
		err = wait_event_timeout(&s->queue, load_acquire(&s->triggered), deadline);
		WRITE_ONCE(s->triggered, false);
		smp_mb();               /* pairs with the wake-up that sets it after a change */
		n = pass(s, arg, false);
	}
	poll_set_fini(s);
	kfree(s);
	if (n == 0 && err == -EINTR)
		return -EINTR;
	return n;
}

/* ---- poll ---- */

struct uapi_pollfd {
	int fd;
	s16 events, revents;
};

struct poll_call {
	struct uapi_pollfd *fds;
	uint n;
};

static uint pollfd_ask(struct poll_set *s, struct uapi_pollfd *p, bool registering)
{
	struct file *f;
	uint events;

	if (p->fd < 0)
		return 0;
	f = fd_get(p->fd);
	if (!f)
		return POLLNVAL;
	events = poll_file(s, f, registering) & ((u16)p->events | POLLERR | POLLHUP);
	file_put(f);
	return events;
}

static int poll_pass(struct poll_set *s, void *arg, bool registering)
{
	struct poll_call *call = arg;
	int ready = 0;

	for (uint i = 0; i < call->n; i++) {
		struct uapi_pollfd *p = &call->fds[i];

		p->revents = (s16)pollfd_ask(s, p, registering && ready == 0);
		ready += p->revents != 0;
	}
	return ready;
}

static int pollfds_write_back(struct uapi_pollfd __user *ufds, const struct uapi_pollfd *fds,
			      uint n)
{
	for (uint i = 0; i < n; i++)
		if (copy_to_user(&ufds[i].revents, &fds[i].revents, sizeof(fds[i].revents)) < 0)
			return -EFAULT;
	return 0;
}

long poll_fds(struct uapi_pollfd __user *ufds, uint n, u64 deadline)
{
	struct uapi_pollfd fast[FDS_FAST], *fds = fast;
	struct poll_call call;
	long ready = -EFAULT;

	if (n > rlimit_get(7))
		return -EINVAL;
	if (n > FDS_FAST) {
		fds = kalloc(n * sizeof(*fds));
		if (!fds)
			return -ENOMEM;
	}
	if (copy_from_user(fds, ufds, n * sizeof(*fds)) == 0) {
		call = (struct poll_call){ fds, n };
		ready = poll_loop(poll_pass, &call, deadline);
		if (ready >= 0 && pollfds_write_back(ufds, fds, n) < 0)
			ready = -EFAULT;
	}
	if (fds != fast)
		kfree(fds);
	return ready;
}

/* ---- time-outs and masks ---- */

u64 poll_deadline_ms(int timeout_ms)
{
	if (timeout_ms < 0)
		return WAIT_FOREVER;
	return timeout_ms ? time_now() + (u64)timeout_ms * NSEC_PER_MSEC : 0;
}

int poll_deadline(const struct uapi_timespec *ts, u64 *deadline)
{
	u64 now = time_now(), ns;

	if (ts->sec < 0 || ts->nsec < 0 || ts->nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	ns = (u64)ts->sec > WAIT_FOREVER / NSEC_PER_SEC / 2 ? WAIT_FOREVER / 2 :
		(u64)ts->sec * NSEC_PER_SEC + (u64)ts->nsec;
	*deadline = ns == 0 ? 0 : now + ns;
	return 0;
}

/* An optional timespec: NULL waits for ever. */
static int poll_timeout_get(struct uapi_timespec __user *uts, u64 *deadline)
{
	struct uapi_timespec ts;

	*deadline = WAIT_FOREVER;
	if (!uts)
		return 0;
	if (user_read(&ts, uts) < 0)
		return -EFAULT;
	return poll_deadline(&ts, deadline);
}

/* What is left of the time goes back to the caller; a fault is not an error any more. */
static void poll_timeout_put(struct uapi_timespec __user *uts, u64 deadline)
{
	u64 now = time_now(), left = deadline > now ? deadline - now : 0;
	struct uapi_timespec ts = { (s64)(left / NSEC_PER_SEC), (s64)(left % NSEC_PER_SEC) };

	if (uts && user_write(uts, &ts) < 0)
		return;
}

int poll_mask_set(const sigset_t __user *umask, size_t size)
{
	sigset_t mask;

	if (!umask)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (user_read(&mask, umask) < 0)
		return -EFAULT;
	signal_set_temporary_mask(mask);
	return 1;
}

long sys_ppoll(struct uapi_pollfd __user *fds, uint n, struct uapi_timespec __user *timeout,
	       const sigset_t __user *mask, size_t mask_size)
{
	u64 deadline;
	long ready;
	int masked, err = poll_timeout_get(timeout, &deadline);

	if (err < 0)
		return err;
	masked = poll_mask_set(mask, mask_size);
	if (masked < 0)
		return masked;
	ready = poll_fds(fds, n, deadline);
	if (masked && ready != -EINTR)
		signal_restore_mask();
	poll_timeout_put(timeout, deadline);
	return ready == -EINTR ? -ERESTARTNOHAND : ready;
}

/* ---- select ---- */

#define SELECT_IN       (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define SELECT_OUT      (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)
#define SELECT_EX       POLLPRI

struct select_call {
	uint n, words;
	ulong *want[3], *got[3];
};

static const uint select_masks[3] = { SELECT_IN, SELECT_OUT, SELECT_EX };

static int select_ask(struct poll_set *s, struct select_call *call, uint fd, bool registering)
{
	ulong bit = 1ul << (fd % 64);
	uint word = fd / 64, events;
	struct file *f;
	int ready = 0;

	if (!((call->want[0][word] | call->want[1][word] | call->want[2][word]) & bit))
		return 0;
	f = fd_get((int)fd);
	if (!f)
		return -EBADF;
	events = poll_file(s, f, registering);
	file_put(f);
	for (uint i = 0; i < 3; i++) {
		if ((call->want[i][word] & bit) && (events & select_masks[i])) {
			call->got[i][word] |= bit;
			ready++;
		}
	}
	return ready;
}

static int select_pass(struct poll_set *s, void *arg, bool registering)
{
	struct select_call *call = arg;
	int ready = 0;

	for (uint i = 0; i < 3; i++)
		memset(call->got[i], 0, call->words * sizeof(ulong));
	for (uint fd = 0; fd < call->n; fd++) {
		int n = select_ask(s, call, fd, registering && ready == 0);

		if (n < 0)
			return n;
		ready += n;
	}
	return ready;
}

long select_fds(int n, ulong __user *sets[3], u64 deadline)
{
	struct select_call call;
	ulong *bits;
	long ready = 0;

	if (n < 0)
		return -EINVAL;
	call.n = MIN((uint)n, current->files->max);
	call.words = DIV_ROUND_UP(call.n, 64u);
	bits = kcalloc(6, MAX(call.words, 1u) * sizeof(ulong));
	if (!bits)
		return -ENOMEM;
	for (uint i = 0; i < 3; i++) {
		call.want[i] = bits + i * call.words;
		call.got[i] = bits + (3 + i) * call.words;
		if (sets[i] && copy_from_user(call.want[i], sets[i], call.words * 8) < 0)
			ready = -EFAULT;
	}
	if (ready == 0)
		ready = poll_loop(select_pass, &call, deadline);
	for (uint i = 0; i < 3 && ready >= 0; i++)
		if (sets[i] && copy_to_user(sets[i], call.got[i], call.words * 8) < 0)
			ready = -EFAULT;
	kfree(bits);
	return ready;
}

long sys_pselect6(int n, ulong __user *in, ulong __user *out, ulong __user *except,
		  struct uapi_timespec __user *timeout, const void __user *usig)
{
	struct {
		ulong mask;
		size_t size;
	} sig = { 0, 0 };
	ulong __user *sets[3] = { in, out, except };
	u64 deadline;
	long ready;
	int masked, err = poll_timeout_get(timeout, &deadline);

	if (err < 0)
		return err;
	if (usig && copy_from_user(&sig, usig, sizeof(sig)) < 0)
		return -EFAULT;
	masked = poll_mask_set(user_ptr(const sigset_t, sig.mask), sig.size);
	if (masked < 0)
		return masked;
	ready = select_fds(n, sets, deadline);
	if (masked && ready != -EINTR)
		signal_restore_mask();
	poll_timeout_put(timeout, deadline);
	return ready == -EINTR ? -ERESTARTNOHAND : ready;
}
