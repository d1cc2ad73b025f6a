/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: entry and exit, the handler table, the inter-processor kinds.
 *
 * irq_table[] has a chain of handlers for each irq.  irq_dispatch() walks it without a
 * lock, with interrupts off.  A chain only grows at its head by one store, and
 * irq_free() unlinks a row and then waits until every CPU has taken one more
 * interrupt (smp_call_others()): a walk that began before is over then.
 *
 * Locking.  table_lock (irq lock, rank IRQ) for changes of the table.
 */
#include <gemel/irq.h>

#include <arch/trap.h>
#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/log.h>
#include <gemel/sched.h>
#include <gemel/slab.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/trace.h>

#include "deferred.h"
#include "panic.h"
#include "watchdog.h"

enum { IRQ_MAX = 2048 };        /* the contract's limit of arch_irq_count() */

struct irq_handler {
	struct irq_handler *next;
	void (*fn)(void *arg);
	void *arg;
	const char *name;
};

struct irq_counts {
	u64 total;
};

static struct irq_handler *irq_table[IRQ_MAX];
static struct irqlock table_lock = IRQLOCK_INIT(IRQ);
static DEFINE_PER_CPU(struct irq_counts, irq_counts);

void irq_enter(struct trapframe *tf)
{
	struct task *t = current;

	t->preempt_count += PREEMPT_UNIT_IRQ;
	arch_this_cpu()->irq_frame = tf;
	this_cpu_ptr(irq_counts)->total++;
	if (trapframe_from_user(tf))
		t->ticks_user++;
	else
		t->ticks_system++;
	trace(TRACE_IRQ, 0, trapframe_pc(tf));
}

void irq_exit(void)
{
	struct task_head *head = current_head();

	head->preempt_count -= PREEMPT_UNIT_IRQ;
	if (unlikely(deferred_is_due()) && head->preempt_count < PREEMPT_UNIT_DEFERRED)
		deferred_run();
}

void irq_dispatch(uint irq)
{
	if (irq >= IRQ_MAX)
		return;
	for (struct irq_handler *h = load_acquire(&irq_table[irq]); h; h = READ_ONCE(h->next))
		h->fn(h->arg);
}

void ipi_dispatch(uint ipi)
{
	switch (ipi) {
	case IPI_RESCHED:
		if (unlikely(watchdog_beat_is_due()))
			watchdog_beat();
		sched_timer(time_now());
		break;
	case IPI_CALL:
		smp_call_serve();
		log_wake_readers();
		break;
	case IPI_STOP:
		panic_stop_this_cpu();
	default:
		break;
	}
}

static int handler_add(uint irq, void (*fn)(void *arg), void *arg, const char *name)
{
	struct irq_handler *h;

	if (irq >= IRQ_MAX || irq >= arch_irq_count())
		return -EINVAL;
	h = kalloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->fn = fn;
	h->arg = arg;
	h->name = name;
	irq_lock(&table_lock);
	h->next = irq_table[irq];
	store_release(&irq_table[irq], h);      /* pairs with irq_dispatch() */
	irq_unlock(&table_lock);
	return 0;
}

int irq_request(uint irq, enum irq_trigger trigger, void (*fn)(void *arg), void *arg,
		const char *name)
{
	bool is_first = irq < IRQ_MAX && !READ_ONCE(irq_table[irq]);
	int err = handler_add(irq, fn, arg, name);

	if (err < 0)
		return err;
	if (is_first) {
		err = arch_irq_setup(irq, trigger, 0);
		if (err < 0) {
			irq_free(irq, arg);
			return err;
		}
	}
	arch_irq_unmask(irq);
	return 0;
}

int irq_request_msi(const struct msi *msi, void (*fn)(void *arg), void *arg, const char *name)
{
	return handler_add(msi->irq, fn, arg, name);
}

static struct irq_handler *handler_unlink(uint irq, void *arg)
{
	struct irq_handler **link = &irq_table[irq], *h;

	irq_lock(&table_lock);
	while ((h = *link) && h->arg != arg)
		link = &h->next;
	if (h)
		WRITE_ONCE(*link, h->next);
	irq_unlock(&table_lock);
	return h;
}

static void nothing(void *arg)
{
	(void)arg;
}

void irq_free(uint irq, void *arg)
{
	struct irq_handler *h = handler_unlink(irq, arg);

	if (!READ_ONCE(irq_table[irq]))
		arch_irq_mask(irq);
	smp_call_others(nothing, NULL);
	kfree(h);
}

bool irq_has_handler(uint irq)
{
	return irq < IRQ_MAX && READ_ONCE(irq_table[irq]);
}

u64 irq_count_total(void)
{
	struct cpu *cpu;
	u64 n = 0;

	for_each_online_cpu(cpu)
		n += READ_ONCE(per_cpu_ptr(irq_counts, cpu)->total);
	return n;
}
