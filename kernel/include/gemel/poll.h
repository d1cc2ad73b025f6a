/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Readiness: what poll, select and epoll ask of a file.  A file's poll op calls poll_wait() for
 * each queue that will be woken (wake_all_key(q, events)) when its answer changes, then returns
 * the events that hold now.
 */
#include <gemel/wait.h>

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

struct poll_table {
	void (*queue)(struct poll_table *pt, struct wait_queue *q);
};

static inline void poll_wait(struct poll_table *pt, struct wait_queue *q)
{
	if (pt)
		pt->queue(pt, q);
}
