/* SPDX-License-Identifier: MIT */
/*
 * Waiting and waking.
 *
 * No wake-up is lost.  The sleeper and the waker share the condition, which
 * neither's lock need cover:
 *
 *	sleeper				waker
 *	a  state = SLEEPING
 *	b  queue w			e  condition = true
 *	c  smp_mb, condition?		f  smp_mb, queue empty?
 *	d  schedule()			g  w->woken, wake the task
 *
 * If c sees the condition false, then c is before e in the order of the two full
 * barriers, so f is after b and sees the waiter.  g takes the queue's lock, under
 * which a and b were done, and so sees state SLEEPING; task_wake_state() sets it to
 * RUNNING under the run queue's lock, before d looks at it there (and then d does
 * not sleep) or after (and then it queues the task again).  A signal is the same
 * with "work bit" for e and no queue: task_wake_state() begins with the barrier f.
 * A time-out is a timer that does g.
 *
 * Life of a waiter.  It lies on the sleeper's stack.  It leaves the queue only by
 * wait_finish() or wait_remove(), under the queue's lock, so a waker that holds this
 * lock may touch it, and the task, which cannot go away meanwhile.
 *
 * A waiter that was woken stays queued until it runs; `woken` keeps a second
 * wake_one() from choosing it again.
 */
#include <gemel/wait.h>

#include <uapi/errno.h>

#include <gemel/mutex.h>
#include <gemel/signal.h>
#include <gemel/task.h>
#include <gemel/time.h>

struct wait_timeout {
	struct timer timer;
	struct task *task;
};

void wait_queue_init_rank(struct wait_queue *q, enum lock_rank rank)
{
	irqlock_init(&q->lock, rank);
	list_init(&q->waiters);
}

void wait_queue_init(struct wait_queue *q)
{
	wait_queue_init_rank(q, LOCK_RANK_WAITQ);
}

void wait_prepare(struct waiter *w, struct wait_queue *q, uint task_state)
{
	irq_lock(&q->lock);
	w->state = (u8)task_state;
	WRITE_ONCE(w->woken, false);
	WRITE_ONCE(current->state, task_state);
	if (w->queue != q) {
		w->queue = q;
		w->task = current;
		w->wake = NULL;
		list_add_tail(&q->waiters, &w->link);
	}
	irq_unlock(&q->lock);
	smp_mb();       /* pairs with wait_queue_is_active() and task_wake_state() */
}

static bool is_interrupted(const struct task *t, uint state)
{
	if (likely(!(READ_ONCE(t->work) & WORK_SIGNAL)))
		return false;
	if (state == TASK_SLEEPING)
		return signal_is_pending(t);
	return state == TASK_KILLABLE && signal_is_fatal_pending(t);
}

static void timeout_fire(struct timer *timer)
{
	task_wake(container_of(timer, struct wait_timeout, timer)->task);
}

/* Current has announced its state: sleep until woken, or not beyond @deadline_ns. */
static void sleep_prepared(u64 deadline_ns)
{
	struct wait_timeout timeout;

	if (deadline_ns == WAIT_FOREVER) {
		schedule();
		return;
	}
	timeout.task = current;
	timer_init(&timeout.timer, timeout_fire);
	timer_set(&timeout.timer, deadline_ns);
	schedule();
	timer_cancel_sync(&timeout.timer);
}

int wait_commit(struct waiter *w, u64 deadline_ns)
{
	struct task *t = current;
	int err = 0;

	if (!READ_ONCE(w->woken)) {
		if (is_interrupted(t, w->state))
			err = -EINTR;
		else if (deadline_ns != WAIT_FOREVER && deadline_ns <= time_now())
			err = -ETIMEDOUT;
		else
			sleep_prepared(deadline_ns);
	}
	WRITE_ONCE(t->state, TASK_RUNNING);
	if (READ_ONCE(w->woken))
		return 0;
	if (err < 0)
		return err;
	if (is_interrupted(t, w->state))
		return -EINTR;
	if (deadline_ns != WAIT_FOREVER && deadline_ns <= time_now())
		return -ETIMEDOUT;
	return 0;
}

void wait_finish(struct waiter *w)
{
	WRITE_ONCE(current->state, TASK_RUNNING);
	if (w->queue)
		wait_remove(w);
}

void wait_add(struct waiter *w, struct wait_queue *q, bool (*wake)(struct waiter *w, ulong key))
{
	w->queue = q;
	w->task = current;
	w->wake = wake;
	w->exclusive = false;
	irq_lock(&q->lock);
	w->woken = false;
	list_add_tail(&q->waiters, &w->link);
	irq_unlock(&q->lock);
	smp_mb();       /* pairs with wait_queue_is_active() */
}

void wait_remove(struct waiter *w)
{
	struct wait_queue *q = w->queue;

	irq_lock(&q->lock);
	list_remove(&w->link);
	w->queue = NULL;
	irq_unlock(&q->lock);
}

/* Under the queue's lock.  True: it counts. */
static bool waiter_wake(struct waiter *w, ulong key)
{
	if (w->wake)
		return w->wake(w, key);
	if (w->woken)
		return false;
	WRITE_ONCE(w->woken, true);
	task_wake(w->task);
	return true;
}

static void wake_locked(struct wait_queue *q, uint n, ulong key) __must_hold(q->lock);
static void wake_locked(struct wait_queue *q, uint n, ulong key)
{
	struct waiter *w, *next;

	list_for_each_safe(w, next, &q->waiters, link) {
		bool exclusive = w->exclusive;

		if (waiter_wake(w, key) && exclusive && --n == 0)
			break;
	}
}

void wake_waiters(struct wait_queue *q, uint n, ulong key)
{
	irq_lock(&q->lock);
	wake_locked(q, n, key);
	irq_unlock(&q->lock);
}

static int wait_on_state(struct wait_queue *q, struct mutex *m, uint state, u64 deadline_ns)
	__no_lock_analysis
{
	struct waiter w = { .link = LIST_INIT(w.link) };
	int err;

	wait_prepare(&w, q, state);
	mutex_unlock(m);
	err = wait_commit(&w, deadline_ns);
	wait_finish(&w);
	mutex_lock(m);
	return err;
}

int wait_on(struct wait_queue *q, struct mutex *m)
{
	return wait_on_state(q, m, TASK_SLEEPING, WAIT_FOREVER);
}

int wait_on_timeout(struct wait_queue *q, struct mutex *m, u64 deadline_ns)
{
	return wait_on_state(q, m, TASK_SLEEPING, deadline_ns);
}

void wait_on_blocked(struct wait_queue *q, struct mutex *m)
{
	(void)wait_on_state(q, m, TASK_BLOCKED, WAIT_FOREVER);
}

int __no_lock_analysis wait_on_irq(struct wait_queue *q, struct irqlock *l, u64 deadline_ns)
{
	struct waiter w = { .link = LIST_INIT(w.link) };
	int err;

	wait_prepare(&w, q, TASK_SLEEPING);
	irq_unlock(l);
	err = wait_commit(&w, deadline_ns);
	wait_finish(&w);
	irq_lock(l);
	return err;
}

int sleep_until(u64 deadline_ns, uint task_state)
{
	struct task *t = current;
	int err = 0;

	might_sleep();
	while (time_now() < deadline_ns) {
		WRITE_ONCE(t->state, task_state);
		smp_mb();       /* pairs with task_wake_state() */
		if (is_interrupted(t, task_state)) {
			err = -EINTR;
			break;
		}
		sleep_prepared(deadline_ns);
	}
	WRITE_ONCE(t->state, TASK_RUNNING);
	return err;
}

void completion_init(struct completion *c)
{
	c->done = false;
	wait_queue_init(&c->queue);
}

void completion_wait(struct completion *c)
{
	wait_event_blocked(&c->queue, READ_ONCE(c->done));
	/* completion_done() may still hold the lock, and the caller may free *c. */
	irq_lock(&c->queue.lock);
	irq_unlock(&c->queue.lock);
}

void completion_done(struct completion *c)
{
	irq_lock(&c->queue.lock);
	WRITE_ONCE(c->done, true);
	wake_locked(&c->queue, ~0u, 0);
	irq_unlock(&c->queue.lock);
}
