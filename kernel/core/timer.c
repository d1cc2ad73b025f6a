/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers: on each CPU a tree ordered by deadline.
 *
 * Each timer has a home, the CPU in timer->cpu, whose queue's lock guards the
 * timer, armed or not.  timer_set() makes the caller's CPU the home, because a CPU
 * can program only its own hardware: the timer is taken out under the old home's
 * lock, the home is changed there, and then it is put in under the new one's; if
 * another setter came between, its deadline is simply replaced.
 *
 * The hardware is armed for armed_ns, never later than the earliest deadline of the
 * tree and the end of the running slice (sched.c).  It may be armed too early, after
 * a timer was cancelled or a slice ended by itself: then timer_interrupt() finds
 * nothing to do and arms it anew.  That saves programming it on every switch.
 *
 * A callback runs without a lock, and may free or re-arm its timer: the queue, not
 * the timer, says what is running, for timer_cancel_sync() to wait for.
 *
 * Locking.  queue->lock (irq lock, rank TIMER).  armed_ns: this CPU only, interrupts off.
 */
#include <gemel/time.h>

#include <arch/time.h>
#include <arch/trap.h>

#include <gemel/cpu.h>
#include <gemel/sched.h>
#include <gemel/spin.h>

#include "timer.h"

#define NEVER (~0ull)

struct timer_queue {
	struct irqlock lock;
	struct rb_root_cached tree;
	struct timer *running;
	u64 armed_ns;
};

static DEFINE_PER_CPU(struct timer_queue, timer_queues);

static struct timer_queue *queue_of(struct cpu *cpu)
{
	return per_cpu_ptr(timer_queues, cpu);
}

static struct timer *node_timer(struct rb_node *n)
{
	return rb_entry(n, struct timer, node);
}

void timer_arm(u64 deadline_ns)
{
	struct timer_queue *q = this_cpu_ptr(timer_queues);

	if (deadline_ns >= q->armed_ns)
		return;
	q->armed_ns = deadline_ns;
	arch_timer_set(time_to_cycles(deadline_ns));
}

void timer_init(struct timer *t, void (*fn)(struct timer *timer))
{
	rb_node_init(&t->node);
	t->fn = fn;
	t->deadline_ns = 0;
	t->cpu = arch_this_cpu();
}

/* Lock the queue of the timer's home. */
static struct timer_queue *home_lock(struct timer *t) __no_lock_analysis
{
	for (;;) {
		struct cpu *cpu = READ_ONCE(t->cpu);
		struct timer_queue *q = queue_of(cpu);

		irq_lock(&q->lock);
		if (likely(t->cpu == cpu))
			return q;
		irq_unlock(&q->lock);
	}
}

static bool queue_remove(struct timer_queue *q, struct timer *t)
{
	if (!rb_node_is_linked(&t->node))
		return false;
	rb_erase_cached(&q->tree, &t->node, NULL);
	return true;
}

static void queue_insert(struct timer_queue *q, struct timer *t)
{
	struct rb_node **link = &q->tree.root.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = t->deadline_ns < node_timer(parent)->deadline_ns ? &parent->left :
									  &parent->right;
	}
	rb_insert_cached(&q->tree, &t->node, parent, link, NULL);
}

void timer_set(struct timer *t, u64 deadline_ns) __no_lock_analysis
{
	struct timer_queue *q, *here;

	irq_push_off();
	here = this_cpu_ptr(timer_queues);
	q = home_lock(t);
	queue_remove(q, t);
	while (q != here) {
		WRITE_ONCE(t->cpu, arch_this_cpu());
		irq_unlock(&q->lock);
		q = home_lock(t);
		queue_remove(q, t);
	}
	t->deadline_ns = deadline_ns;
	queue_insert(q, t);
	timer_arm(deadline_ns);
	irq_unlock(&q->lock);
	irq_pop_off();
}

bool timer_cancel(struct timer *t) __no_lock_analysis
{
	struct timer_queue *q = home_lock(t);
	bool was_armed = queue_remove(q, t);

	irq_unlock(&q->lock);
	return was_armed;
}

static bool timer_is_running(const struct timer *t)
{
	for (uint i = 0; i < cpu_count; i++)
		if (load_acquire(&queue_of(cpus[i])->running) == t)
			return true;
	return false;
}

/* Take @t out of its home's queue.  False: its callback runs there, and may set it again. */
static bool cancel_at_rest(struct timer *t) __no_lock_analysis
{
	struct timer_queue *q = home_lock(t);
	bool at_rest = q->running != t;

	queue_remove(q, t);
	irq_unlock(&q->lock);
	return at_rest;
}

/*
 * After the wait no callback runs that began at a home before this one: whoever sets the timer from
 * now on, its callback, does so at its home.  There, one look under the lock tells all.
 */
void timer_cancel_sync(struct timer *t)
{
	do {
		while (timer_is_running(t))
			arch_cpu_relax();
	} while (!cancel_at_rest(t));
}

/* Take the first timer that is due, and say that it runs; NULL: none, and the rest is armed. */
static struct timer *queue_next_due(struct timer_queue *q, u64 now)
{
	struct rb_node *n;
	struct timer *t = NULL;

	irq_lock(&q->lock);
	n = rb_first_cached(&q->tree);
	if (n && node_timer(n)->deadline_ns <= now) {
		t = node_timer(n);
		queue_remove(q, t);
	} else if (n) {
		timer_arm(node_timer(n)->deadline_ns);
	}
	/* After the last use of the one before; pairs with timer_is_running(). */
	store_release(&q->running, t);
	irq_unlock(&q->lock);
	return t;
}

void timer_interrupt(void)
{
	struct timer_queue *q = this_cpu_ptr(timer_queues);
	u64 now = time_now();
	struct timer *t;

	q->armed_ns = NEVER;
	while ((t = queue_next_due(q, now)))
		t->fn(t);
	sched_timer(now);
	if (q->armed_ns == NEVER)
		arch_timer_stop();      /* or a level-triggered one would come again */
}

void timer_init_queues(void)
{
	for (uint i = 0; i < cpu_count; i++) {
		struct timer_queue *q = queue_of(cpus[i]);

		irqlock_init(&q->lock, LOCK_RANK_TIMER);
		q->tree = (struct rb_root_cached)RB_ROOT_CACHED;
		q->running = NULL;
		q->armed_ns = NEVER;
	}
}
