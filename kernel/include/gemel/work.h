/* SPDX-License-Identifier: MIT */
#pragma once
/* Work queues: functions run later by kernel threads, in order of queueing. */
#include <gemel/list.h>
#include <gemel/time.h>

struct work_queue;

struct work {
	struct list link;
	void (*fn)(struct work *w);
	struct work_queue *queue;       /* pending on it, or NULL */
	struct work_queue *target;      /* the last one it was queued on, or NULL */
};

struct delayed_work {
	struct work work;
	struct timer timer;
};

void work_init(struct work *w, void (*fn)(struct work *w));
/* False if it is pending already.  Any context. */
bool work_queue(struct work_queue *q, struct work *w);
void delayed_work_init(struct delayed_work *w, void (*fn)(struct work *w));
bool work_queue_delayed(struct work_queue *q, struct delayed_work *w, u64 delay_ns);
/* Wait until all that was queued before has run. */
void work_flush(struct work_queue *q);
/* Take it off if pending, wait if running.  True if it was pending. */
bool work_cancel_sync(struct work *w);
bool delayed_work_cancel_sync(struct delayed_work *w);

/* One thread named @name; NULL: no memory.  Destroy drains. */
struct work_queue *work_queue_create(const char *name);
void work_queue_destroy(struct work_queue *q);

/* The kernel's shared queue. */
extern struct work_queue *system_work;
void work_init_system(void);
