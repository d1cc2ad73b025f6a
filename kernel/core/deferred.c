/* SPDX-License-Identifier: MIT */
/*
 * Deferred interrupt work: what a handler leaves for later, on the same CPU.
 *
 *	deferred_raise()	puts it on the CPU's list of its priority
 *	irq_exit()		runs up to DEFERRED_RUN_MAX of them, highest priority first,
 *				interrupts on, in the context of whatever was interrupted
 *	the thread		runs what is left over, so that a flood of interrupts
 *				cannot keep tasks from running forever
 *
 * While deferred work runs, PREEMPT_UNIT_DEFERRED is in the preempt count: it may
 * not sleep, is not preempted, and an interrupt that comes meanwhile does not start
 * another round.  `pending` is cleared before the function is called, so it
 * may be raised again from then on, also by itself.
 *
 * Everything belongs to one CPU and is touched with interrupts off: no lock.
 */
#include "deferred.h"

#include <arch/irqflags.h>

#include <gemel/kthread.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/task.h>
#include <gemel/wait.h>

#define LOG_TAG "deferred"

DEFINE_PER_CPU(struct deferred_queue, deferred_queues);

void deferred_init(struct deferred *d, void (*fn)(struct deferred *d), u8 priority)
{
	list_init(&d->link);
	d->fn = fn;
	d->pending = false;
	d->priority = MIN(priority, DEFERRED_PRIORITIES - 1);
}

bool deferred_raise(struct deferred *d)
{
	struct deferred_queue *q;
	bool is_new;

	irq_push_off();
	is_new = !__atomic_exchange_n(&d->pending, true, __ATOMIC_ACQ_REL);
	if (is_new) {
		q = this_cpu_ptr(deferred_queues);
		list_add_tail(&q->pending[d->priority], &d->link);
		q->is_due = true;
		/* Not on the way out of an interrupt: the thread does it. */
		if (!in_interrupt() && q->wake)
			wake_all(q->wake);
	}
	irq_pop_off();
	return is_new;
}

static struct deferred *take_first(struct deferred_queue *q)
{
	for (uint i = 0; i < DEFERRED_PRIORITIES; i++) {
		struct deferred *d;

		if (list_is_empty(&q->pending[i]))
			continue;
		d = list_first(&q->pending[i], struct deferred, link);
		list_remove(&d->link);
		return d;
	}
	return NULL;
}

/* Interrupts off.  True: there is more. */
static bool run_some(struct deferred_queue *q, uint max)
{
	struct task_head *head = current_head();
	struct deferred *d = NULL;

	head->preempt_count += PREEMPT_UNIT_DEFERRED;
	while (max-- > 0 && (d = take_first(q))) {
		store_release(&d->pending, false);
		arch_irq_enable();
		d->fn(d);
		arch_irq_disable();
	}
	head->preempt_count -= PREEMPT_UNIT_DEFERRED;
	return d != NULL;
}

void deferred_run(void)
{
	struct deferred_queue *q = this_cpu_ptr(deferred_queues);

	q->is_due = false;
	if (run_some(q, DEFERRED_RUN_MAX) && q->wake)
		wake_all(q->wake);
	else if (!q->wake)
		q->is_due = true;
}

static bool thread_has_work(void)
{
	struct deferred_queue *q;
	bool has = false;

	irq_push_off();
	q = this_cpu_ptr(deferred_queues);
	for (uint i = 0; i < DEFERRED_PRIORITIES; i++)
		has |= !list_is_empty(&q->pending[i]);
	irq_pop_off();
	return has;
}

static int thread_main(void *arg)
{
	struct deferred_queue *q = arg;
	struct wait_queue queue;

	wait_queue_init(&queue);
	WRITE_ONCE(q->wake, &queue);
	while (!kthread_should_stop()) {
		wait_event_idle(&queue, thread_has_work() || kthread_is_asked());
		arch_irq_disable();
		run_some(q, DEFERRED_RUN_MAX);
		arch_irq_enable();
		preempt_check();
	}
	WRITE_ONCE(q->wake, NULL);
	return 0;
}

void deferred_init_queues(void)
{
	for (uint i = 0; i < cpu_count; i++)
		for (uint j = 0; j < DEFERRED_PRIORITIES; j++)
			list_init(&per_cpu_ptr(deferred_queues, cpus[i])->pending[j]);
}

void deferred_start_threads(void)
{
	struct cpu *cpu;

	for_each_online_cpu(cpu) {
		char name[TASK_NAME_LEN];
		struct task *t;

		scnprintf(name, sizeof(name), "deferred/%u", cpu->id);
		t = kthread_run(thread_main, per_cpu_ptr(deferred_queues, cpu), name,
				1ull << cpu->id);
		if (t)
			kthread_detach(t);
		else
			log_warn("CPU %u: no memory for its thread", cpu->id);
	}
}
