/* SPDX-License-Identifier: MIT */
/* Handlers of interrupts, deferred interrupt work, and calls between CPUs. */
#include <arch/cpu.h>
#include <arch/irqflags.h>

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/cpu.h>
#include <gemel/irq.h>
#include <gemel/ktest.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/wait.h>

#include "deferred.h"
#include "test_threads.h"

enum { ITEMS = 4, FLOOD = 100, LINE_TOP = 64 };

static uint line_calls[2];              /* of each handler */

static void line_count(void *arg)
{
	uint *calls = arg;

	WRITE_ONCE(*calls, *calls + in_interrupt());
}

static void line_await(const uint *calls, uint n)
{
	while (READ_ONCE(*calls) < n)
		arch_cpu_relax();
}

/* A line that no device has, requested for line_calls[0]: machines have their own at the bottom. */
static uint line_request(void)
{
	for (uint irq = LINE_TOP; irq-- > 0;)
		if (irq < arch_irq_count() && !irq_has_handler(irq) &&
		    irq_request(irq, IRQ_EDGE, line_count, &line_calls[0], "test") == 0)
			return irq;
	return LINE_TOP;
}

KTEST(irq, a_line_calls_its_handlers_until_they_are_freed)
{
	uint *first = &line_calls[0], *second = &line_calls[1], irq;

	*first = *second = 0;
	irq = line_request();
	EXPECT(irq < LINE_TOP);
	EXPECT_EQ(0, irq_request(irq, IRQ_EDGE, line_count, second, "test"));
	arch_irq_raise(irq);
	line_await(first, 1);
	line_await(second, 1);
	irq_free(irq, second);
	arch_irq_raise(irq);
	line_await(first, 2);
	EXPECT_EQ(1, *second);
	irq_free(irq, first);
	EXPECT(!irq_has_handler(irq));
	EXPECT_EQ(-EINVAL, irq_request(arch_irq_count(), IRQ_EDGE, line_count, first, "test"));
}

/* Nor is it lost. */
KTEST(irq, a_masked_line_is_not_heard)
{
	uint *calls = &line_calls[0], irq;

	*calls = 0;
	irq = line_request();
	EXPECT(irq < LINE_TOP);
	arch_irq_mask(irq);
	arch_irq_raise(irq);
	for (uint i = 0; i < 1000; i++)
		arch_cpu_relax();
	EXPECT_EQ(0, READ_ONCE(*calls));
	arch_irq_unmask(irq);
	line_await(calls, 1);
	irq_free(irq, calls);
}

static struct {
	struct deferred item[ITEMS];
	struct deferred again;
	struct timer timer;
	struct completion finished;
	uint order[ITEMS];
	uint done, again_done;
	uint depth, deepest;
	uint in_task;
} dt;

static void enter(void)
{
	if (++dt.depth > dt.deepest)
		dt.deepest = dt.depth;
	if (!in_interrupt() || can_sleep())
		dt.in_task++;
}

/* The last one of the lot says that it is over. */
static void item_run(struct deferred *d)
{
	enter();
	dt.order[dt.done++] = (uint)(d - dt.item);
	if (d == &dt.item[ITEMS - 1])
		completion_done(&dt.finished);
	dt.depth--;
}

/* Call @fn in a timer's interrupt, and wait for what it has raised. */
static void after_timer(void (*fn)(struct timer *timer))
{
	dt.done = dt.again_done = dt.depth = dt.deepest = dt.in_task = 0;
	for (uint i = 0; i < ITEMS; i++)
		deferred_init(&dt.item[i], item_run, (u8)i);
	completion_init(&dt.finished);
	timer_init(&dt.timer, fn);
	timer_set(&dt.timer, time_now());
	completion_wait(&dt.finished);
}

/* Raised lowest priority first. */
static void raise_all(struct timer *timer)
{
	(void)timer;
	for (uint i = ITEMS; i-- > 0;)
		deferred_raise(&dt.item[i]);
	deferred_raise(&dt.item[0]);
}

KTEST(deferred, runs_by_priority_once_each)
{
	after_timer(raise_all);
	EXPECT_EQ(ITEMS, dt.done);
	for (uint i = 0; i < ITEMS; i++)
		EXPECT_EQ(i, dt.order[i]);
	EXPECT_EQ(1, dt.deepest);
	EXPECT_EQ(0, dt.in_task);
}

/* An interrupt comes while it runs, and raises one of a higher priority: that one waits. */
static void meanwhile(struct timer *timer)
{
	(void)timer;
	deferred_raise(&dt.item[0]);
	WRITE_ONCE(dt.again_done, 1);
}

static void nest_run(struct deferred *d)
{
	static struct timer timer;

	(void)d;
	enter();
	timer_init(&timer, meanwhile);
	timer_set(&timer, time_now());
	while (!READ_ONCE(dt.again_done))
		arch_cpu_relax();
	timer_cancel_sync(&timer);
	dt.again_done += dt.done;
	deferred_raise(&dt.item[ITEMS - 1]);
	dt.depth--;
}

static void raise_nest(struct timer *timer)
{
	(void)timer;
	deferred_init(&dt.again, nest_run, 1);
	deferred_raise(&dt.again);
}

KTEST(deferred, an_interrupt_meanwhile_does_not_nest)
{
	after_timer(raise_nest);
	EXPECT_EQ(1, dt.again_done);
	EXPECT_EQ(2, dt.done);
	EXPECT_EQ(0, dt.order[0]);
	EXPECT_EQ(1, dt.deepest);
}

/*
 * Raises itself again and again: an interrupt runs DEFERRED_RUN_MAX of them, the thread the rest.
 * Runs with no interrupt between them, on whatever CPU, belong to one.
 */
static struct {
	u64 irqs;
	uint n, most, in_thread;
} flood;

static void flood_count(void)
{
	u64 irqs = irq_count_total();

	if (!strncmp(current->name, "deferred/", 9)) {
		flood.in_thread++;
		flood.n = 0;
	} else if (irqs == flood.irqs) {
		flood.n++;
	} else {
		flood.n = 1;
	}
	flood.irqs = irqs;
	flood.most = MAX(flood.most, flood.n);
}

static void again_run(struct deferred *d)
{
	enter();
	flood_count();
	deferred_raise(++dt.again_done < FLOOD ? d : &dt.item[ITEMS - 1]);
	dt.depth--;
}

static void raise_again(struct timer *timer)
{
	(void)timer;
	deferred_init(&dt.again, again_run, 0);
	deferred_raise(&dt.again);
}

KTEST(deferred, a_flood_is_handed_to_the_thread)
{
	memset(&flood, 0, sizeof(flood));
	after_timer(raise_again);
	EXPECT_EQ(FLOOD, dt.again_done);
	EXPECT_EQ(1, dt.deepest);
	EXPECT_EQ(0, dt.in_task);
	EXPECT(flood.most <= DEFERRED_RUN_MAX);
	EXPECT(flood.in_thread > 0);
}

/* Pending until it is called, and each CPU runs what was raised there. */
KTEST(deferred, raised_by_a_task_it_runs_too)
{
	dt.done = dt.depth = dt.in_task = 0;
	completion_init(&dt.finished);
	deferred_init(&dt.item[ITEMS - 1], item_run, 0);
	irq_push_off();
	EXPECT(deferred_raise(&dt.item[ITEMS - 1]));
	EXPECT(!deferred_raise(&dt.item[ITEMS - 1]));
	EXPECT_EQ(0, dt.done);
	irq_pop_off();
	completion_wait(&dt.finished);
	EXPECT_EQ(1, dt.done);
	EXPECT_EQ(0, dt.in_task);
}

static struct {
	struct deferred d[MAX_CPUS];
	struct completion finished;
	u64 ran;                        /* atomic: a bit for each that ran where it was raised */
	uint left;                      /* atomic */
} local;

static void local_run(struct deferred *d)
{
	if (d == &local.d[cpu_id()])
		__atomic_fetch_or(&local.ran, BIT(cpu_id()), __ATOMIC_RELAXED);
	if (__atomic_sub_fetch(&local.left, 1, __ATOMIC_ACQ_REL) == 0)
		completion_done(&local.finished);
}

static void local_raise(void *arg)
{
	(void)arg;
	deferred_raise(&local.d[cpu_id()]);
}

KTEST(deferred, runs_where_it_was_raised)
{
	completion_init(&local.finished);
	local.ran = 0;
	local.left = cpu_count;
	for (uint i = 0; i < cpu_count; i++)
		deferred_init(&local.d[i], local_run, 0);
	preempt_disable();
	smp_call_others(local_raise, NULL);
	local_raise(NULL);
	preempt_enable();
	completion_wait(&local.finished);
	EXPECT_EQ(BIT(cpu_count) - 1, local.ran);
}

static ulong calls;

static void call_note(void *arg)
{
	(void)arg;
	__atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST);
}

KTEST(smp, a_call_reaches_every_other_cpu)
{
	calls = 0;
	smp_call_others(call_note, NULL);
	EXPECT_EQ(cpu_count - 1, calls);
	smp_call_mask(1ull << (cpu_count - 1), call_note, NULL);
	EXPECT(calls >= cpu_count - 1);
}

static int caller(void *arg)
{
	(void)arg;
	for (uint i = 0; i < 300; i++)
		smp_call_others(call_note, NULL);
	return 0;
}

/* All call all at once: a call that waits must serve the others' meanwhile. */
KTEST(smp, crossing_calls_do_not_deadlock)
{
	calls = 0;
	EXPECT_EQ(cpu_count, test_threads_run(caller, cpu_count));
	EXPECT_EQ(300ul * cpu_count * (cpu_count - 1), calls);
}
