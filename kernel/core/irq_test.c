/* SPDX-License-Identifier: MIT */
/* Deferred interrupt work, and calls between CPUs. */
#include <arch/irqflags.h>

#include <gemel/cpu.h>
#include <gemel/irq.h>
#include <gemel/ktest.h>
#include <gemel/task.h>
#include <gemel/time.h>

#include "test_threads.h"

enum { ITEMS = 4, FLOOD = 100 };

static struct {
	struct deferred item[ITEMS];
	struct deferred again;
	struct timer timer;
	uint order[ITEMS];
	uint done;
	uint depth, deepest;
	uint in_task, repeats;
} dt;

static void item_run(struct deferred *d)
{
	if (++dt.depth > dt.deepest)
		dt.deepest = dt.depth;
	if (!in_interrupt() || can_sleep())
		dt.in_task++;
	dt.order[dt.done++] = (uint)(d - dt.item);
	dt.depth--;
}

/* In a timer's interrupt: raised lowest priority first. */
static void raise_all(struct timer *timer)
{
	(void)timer;
	for (uint i = ITEMS; i-- > 0;)
		deferred_raise(&dt.item[i]);
	deferred_raise(&dt.item[0]);
}

static void after_timer(void (*fn)(struct timer *timer))
{
	timer_init(&dt.timer, fn);
	timer_set(&dt.timer, time_now() + NSEC_PER_MSEC);
	(void)sleep_until(time_now() + 30 * NSEC_PER_MSEC, TASK_BLOCKED);
}

KTEST(deferred, runs_by_priority_once_each)
{
	dt.done = dt.depth = dt.deepest = dt.in_task = 0;
	for (uint i = 0; i < ITEMS; i++)
		deferred_init(&dt.item[i], item_run, (u8)i);
	after_timer(raise_all);
	EXPECT_EQ(ITEMS, READ_ONCE(dt.done));
	for (uint i = 0; i < ITEMS; i++)
		EXPECT_EQ(i, dt.order[i]);
	EXPECT_EQ(1, dt.deepest);
	EXPECT_EQ(0, dt.in_task);
}

/* Raises itself again and again: more than one interrupt may do, the rest is the thread's. */
static void again_run(struct deferred *d)
{
	if (++dt.depth > dt.deepest)
		dt.deepest = dt.depth;
	if (++dt.repeats < FLOOD)
		deferred_raise(d);
	dt.depth--;
}

static void raise_again(struct timer *timer)
{
	(void)timer;
	deferred_raise(&dt.again);
}

KTEST(deferred, a_flood_is_handed_to_the_thread)
{
	dt.depth = dt.deepest = dt.repeats = 0;
	deferred_init(&dt.again, again_run, 0);
	after_timer(raise_again);
	EXPECT_EQ(FLOOD, READ_ONCE(dt.repeats));
	EXPECT_EQ(1, dt.deepest);
}

KTEST(deferred, raised_by_a_task_it_runs_too)
{
	dt.done = dt.in_task = 0;
	deferred_init(&dt.item[0], item_run, 0);
	EXPECT(deferred_raise(&dt.item[0]));
	(void)sleep_until(time_now() + 20 * NSEC_PER_MSEC, TASK_BLOCKED);
	EXPECT_EQ(1, READ_ONCE(dt.done));
	EXPECT_EQ(0, dt.in_task);
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
