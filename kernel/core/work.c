/* SPDX-License-Identifier: MIT */
/*
 * Work queues: a list of works and a thread that runs them in order.
 *
 * A work is pending from work_queue() until the thread takes it off; then it may be
 * queued again, even from its own function, which may also free it.  So the queue, not
 * the work, says what runs.  A delayed work is pending from work_queue_delayed() on: first its
 * timer has it, then the list.
 *
 * work->queue is the queue of a pending work, NULL otherwise.  It is claimed by a
 * compare-and-swap from NULL, so that of two who queue a work at once one wins; it
 * is cleared under the queue's lock.
 *
 * A flush is a work that completes; it stands behind all that was queued before.
 *
 * Locking.  queue->lock (irq lock, rank WORKQ): the list, `running`.
 */
#include <gemel/work.h>

#include <gemel/assert.h>
#include <gemel/kthread.h>
#include <gemel/slab.h>
#include <gemel/task.h>
#include <gemel/wait.h>

struct work_queue {
	struct irqlock lock;
	struct list works;
	struct work *running;
	bool is_ending;
	struct wait_queue not_empty;
	struct wait_queue done;         /* something has run */
	struct task *thread;
};

struct flush {
	struct work work;
	struct completion done;
};

struct work_queue *system_work;

static struct work *queue_take(struct work_queue *q)
{
	struct work *w = NULL;

	irq_lock(&q->lock);
	if (!list_is_empty(&q->works)) {
		w = list_first(&q->works, struct work, link);
		list_remove(&w->link);
		WRITE_ONCE(w->queue, NULL);
	}
	WRITE_ONCE(q->running, w);
	irq_unlock(&q->lock);
	return w;
}

static bool queue_has_work(struct work_queue *q)
{
	return READ_ONCE(q->works.next) != &q->works;
}

static int worker_main(void *arg)
{
	struct work_queue *q = arg;

	for (;;) {
		struct work *w;

		while ((w = queue_take(q))) {
			w->fn(w);
			WRITE_ONCE(q->running, NULL);
			wake_all(&q->done);
		}
		if (READ_ONCE(q->is_ending))
			return 0;
		wait_event_idle(&q->not_empty, queue_has_work(q) || READ_ONCE(q->is_ending));
	}
}

void work_init(struct work *w, void (*fn)(struct work *w))
{
	list_init(&w->link);
	w->fn = fn;
	w->queue = NULL;
	w->target = NULL;
}

static bool work_claim(struct work *w, struct work_queue *q) __must_hold(q->lock)
{
	struct work_queue *none = NULL;

	if (!__atomic_compare_exchange_n(&w->queue, &none, q, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return false;
	WRITE_ONCE(w->target, q);
	return true;
}

bool work_queue(struct work_queue *q, struct work *w)
{
	bool is_mine;

	irq_lock(&q->lock);
	is_mine = work_claim(w, q);
	if (is_mine)
		list_add_tail(&q->works, &w->link);
	irq_unlock(&q->lock);
	if (is_mine)
		wake_all(&q->not_empty);
	return is_mine;
}

/* Unless it was cancelled, or queued without delay after that. */
static void delayed_fire(struct timer *timer)
{
	struct work *w = &container_of(timer, struct delayed_work, timer)->work;
	struct work_queue *q = w->target;

	irq_lock(&q->lock);
	if (w->queue == q && list_is_empty(&w->link))
		list_add_tail(&q->works, &w->link);
	irq_unlock(&q->lock);
	wake_all(&q->not_empty);
}

void delayed_work_init(struct delayed_work *w, void (*fn)(struct work *w))
{
	work_init(&w->work, fn);
	timer_init(&w->timer, delayed_fire);
}

bool work_queue_delayed(struct work_queue *q, struct delayed_work *w, u64 delay_ns)
{
	bool is_mine;

	irq_lock(&q->lock);
	is_mine = work_claim(&w->work, q);
	if (is_mine)
		timer_set(&w->timer, time_now() + delay_ns);
	irq_unlock(&q->lock);
	return is_mine;
}

static void flush_run(struct work *w)
{
	completion_done(&container_of(w, struct flush, work)->done);
}

void work_flush(struct work_queue *q)
{
	struct flush f;

	ASSERT(current != q->thread);
	work_init(&f.work, flush_run);
	completion_init(&f.done);
	work_queue(q, &f.work);
	completion_wait(&f.done);
	/* The thread still names f.work as running; it does not touch it. */
}

bool work_cancel_sync(struct work *w)
{
	struct work_queue *q = READ_ONCE(w->target);
	bool was_pending = false;

	if (!q)
		return false;
	irq_lock(&q->lock);
	if (w->queue == q) {
		list_remove(&w->link);
		WRITE_ONCE(w->queue, NULL);
		was_pending = true;
	}
	irq_unlock(&q->lock);
	if (current != q->thread)
		wait_event_blocked(&q->done, READ_ONCE(q->running) != w);
	return was_pending;
}

bool delayed_work_cancel_sync(struct delayed_work *w)
{
	timer_cancel_sync(&w->timer);
	return work_cancel_sync(&w->work);
}

struct work_queue *work_queue_create(const char *name)
{
	struct work_queue *q = kzalloc(sizeof(*q));

	if (!q)
		return NULL;
	irqlock_init(&q->lock, LOCK_RANK_WORKQ);
	list_init(&q->works);
	wait_queue_init(&q->not_empty);
	wait_queue_init(&q->done);
	q->thread = kthread_run(worker_main, q, name, ~0ull);
	if (!q->thread) {
		kfree(q);
		return NULL;
	}
	return q;
}

void work_queue_destroy(struct work_queue *q)
{
	WRITE_ONCE(q->is_ending, true);
	wake_all(&q->not_empty);
	kthread_join(q->thread);
	kfree(q);
}

void work_init_system(void)
{
	system_work = work_queue_create("system_work");
	if (!system_work)
		panic("work: no memory for the system's queue");
}
