/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Readiness: what poll, select and epoll ask of a file.  A file's poll op calls poll_wait() for
 * each queue that will be woken (wake_all_key(q, events)) when its answer changes, then returns
 * the events that hold now.
 */
#include <gemel/wait.h>
#include <uapi/signal.h>

struct uapi_epoll_event;
struct uapi_pollfd;
struct uapi_timespec;

#define POLLIN          0x0001u
#define POLLPRI         0x0002u
#define POLLOUT         0x0004u
#define POLLERR         0x0008u
#define POLLHUP         0x0010u
#define POLLNVAL        0x0020u
#define POLLRDNORM      0x0040u
#define POLLRDBAND      0x0080u
#define POLLWRNORM      0x0100u
#define POLLWRBAND      0x0200u
#define POLLMSG         0x0400u
#define POLLRDHUP       0x2000u

/* How to keep what a queue is in, where that is not the file's own. */
struct poll_keeper {
	void (*get)(void *owner);
	void (*put)(void *owner);       /* holding epoll's mutexes */
};

struct poll_table {
	void (*queue)(struct poll_table *pt, struct wait_queue *q);
	/* During queue(): a registration that outlives the call gets @owner.  NULL: need not. */
	const struct poll_keeper *keeper;
	void *owner;
};

static inline void poll_wait(struct poll_table *pt, struct wait_queue *q)
{
	if (pt)
		pt->queue(pt, q);
}

static inline void poll_wait_kept(struct poll_table *pt, struct wait_queue *q,
				  const struct poll_keeper *keeper, void *owner)
{
	if (!pt)
		return;
	pt->keeper = keeper;
	pt->owner = owner;
	pt->queue(pt, q);
	pt->keeper = NULL;
}

/*
 * poll, select, epoll_wait without the mask and the form of the time-out: @deadline on the
 * time_now() scale, WAIT_FOREVER, or 0: do not wait.  Number ready; 0 at the deadline; -EINTR
 * (never restarted by itself), -EFAULT, -EINVAL, -ENOMEM, -EBADF.
 */
long poll_fds(struct uapi_pollfd __user *fds, uint n, u64 deadline);
long select_fds(int n, ulong __user *sets[3], u64 deadline);
long epoll_wait_fd(int epfd, struct uapi_epoll_event __user *events, int max, u64 deadline);
u64 poll_deadline_ms(int timeout_ms);           /* negative: for ever */
int poll_deadline(const struct uapi_timespec *ts, u64 *deadline);       /* 0, -EINVAL */
/* The temporary mask of ppoll and its like.  1 set, 0 no mask given, -EINVAL, -EFAULT. */
int poll_mask_set(const sigset_t __user *mask, size_t size);
