/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Waiting.  One type under every blocking call: prepare, check, commit.
 *
 *	wait_prepare(&w, q, TASK_SLEEPING);	now a wake-up is not lost
 *	if (condition) ...			check
 *	err = wait_commit(&w, deadline);	sleep until woken
 *	wait_finish(&w);
 *
 * The macros below are that loop; nobody writes it by hand.  Signals and time-outs
 * end a wait through the same commit: a lost wake-up cannot be written.
 */
#include <gemel/list.h>
#include <gemel/spin.h>

struct mutex;
struct task;

#define WAIT_FOREVER    (~0ull)

struct wait_queue {
	struct irqlock lock;            /* rank WAITQ */
	struct list waiters;            /* struct waiter, oldest first */
};

#define WAIT_QUEUE_INIT(q) { .lock = IRQLOCK_INIT(WAITQ), .waiters = LIST_INIT((q).waiters) }

/*
 * One registration on one queue.  When the queue is woken, @wake runs under the queue's lock in
 * any context: NULL means wake @task.  It returns true if it counts as one for wake_one().
 * @key is what the waker passed (poll: the events); a waiter may ignore keys it does not want.
 */
struct waiter {
	struct list link;
	struct wait_queue *queue;
	struct task *task;
	bool (*wake)(struct waiter *w, ulong key);
	bool exclusive;                 /* wake_one() stops after this one */
	bool woken;                     /* since the last wait_prepare() */
	u8 state;                       /* what wait_prepare() was given */
};

void wait_queue_init(struct wait_queue *q);
/* For a queue that is woken from a waiter's @wake, under another queue's lock: @rank is above
 * WAITQ; and for one whose waiters send SIGIO: FILEWAIT. */
void wait_queue_init_rank(struct wait_queue *q, enum lock_rank rank);

void wait_prepare(struct waiter *w, struct wait_queue *q, uint task_state);
/*
 * Sleep until woken, @deadline_ns (time_now(), WAIT_FOREVER) or, in TASK_SLEEPING, a signal (in
 * TASK_KILLABLE a fatal one).  0 woken, -EINTR, -ETIMEDOUT.  Keeps @w queued: re-arm by
 * wait_prepare() again, which re-uses it.
 */
int wait_commit(struct waiter *w, u64 deadline_ns);
void wait_finish(struct waiter *w);

/* Registration without sleeping, for poll and epoll: @wake will be called until wait_remove(). */
void wait_add(struct waiter *w, struct wait_queue *q, bool (*wake)(struct waiter *w, ulong key));
void wait_remove(struct waiter *w);

/* True if somebody waits; ordered after the caller's earlier stores (full barrier). */
static inline bool wait_queue_is_active(struct wait_queue *q)
{
	smp_mb();       /* pairs with the one in wait_prepare() */
	return READ_ONCE(q->waiters.next) != &q->waiters;
}

/* The slow half: wake all non-exclusive waiters and at most @n exclusive ones. */
void wake_waiters(struct wait_queue *q, uint n, ulong key);

/* Any context.  Non-exclusive waiters all wake; exclusive: one / all.  A few instructions when
 * nobody waits. */
static inline void wake_one(struct wait_queue *q)
{
	if (wait_queue_is_active(q))
		wake_waiters(q, 1, 0);
}

static inline void wake_all_key(struct wait_queue *q, ulong key)
{
	if (wait_queue_is_active(q))
		wake_waiters(q, ~0u, key);
}

static inline void wake_all(struct wait_queue *q)
{
	wake_all_key(q, 0);
}

/* Sleep in @state until @cond; 0, -EINTR or -ETIMEDOUT.  @cond is evaluated many times. */
#define wait_event_state(q, cond, state, deadline)                              \
	({                                                                      \
		struct waiter wait_w_ = { .link = LIST_INIT(wait_w_.link) };    \
		int wait_err_ = 0;                                              \
		might_sleep();                                                  \
		while (!(cond)) {                                               \
			wait_prepare(&wait_w_, (q), (state));                   \
			if (cond)                                               \
				break;                                          \
			wait_err_ = wait_commit(&wait_w_, (deadline));          \
			if (wait_err_ < 0) {                                    \
				if (cond)                                       \
					wait_err_ = 0;                          \
				break;                                          \
			}                                                       \
		}                                                               \
		wait_finish(&wait_w_);                                          \
		wait_err_;                                                      \
	})
/* Interruptible: 0 or -EINTR. */
#define wait_event(q, cond)     wait_event_state(q, cond, TASK_SLEEPING, WAIT_FOREVER)
#define wait_event_timeout(q, cond, deadline) \
	wait_event_state(q, cond, TASK_SLEEPING, deadline)
/* Not interruptible: always 0. */
#define wait_event_blocked(q, cond) \
	((void)wait_event_state(q, cond, TASK_BLOCKED, WAIT_FOREVER))

/* Of kernel threads that wait for something to do: it may never come, and that is no hang. */
#define wait_event_idle(q, cond) \
	((void)wait_event_state(q, cond, TASK_SLEEPING, WAIT_FOREVER))

/*
 * Under a mutex: release it, sleep, take it again.  The caller loops on its condition:
 *	while (!condition) { err = wait_on(&queue, &lock); if (err < 0) goto out; }
 * 0 woken, -EINTR, -ETIMEDOUT.
 */
int __must_check wait_on(struct wait_queue *q, struct mutex *m);
int __must_check wait_on_timeout(struct wait_queue *q, struct mutex *m, u64 deadline_ns);
/* As wait_on(), but only for its event. */
void wait_on_blocked(struct wait_queue *q, struct mutex *m);
/* Under an irq lock. */
int __must_check wait_on_irq(struct wait_queue *q, struct irqlock *l, u64 deadline_ns);

/* One-shot event between kernel contexts. */
struct completion {
	bool done;
	struct wait_queue queue;
};

void completion_init(struct completion *c);
void completion_wait(struct completion *c);     /* not interruptible */
/* any context; the last access to *c is under its lock */
void completion_done(struct completion *c);
