/* SPDX-License-Identifier: MIT */
/* Timers: order, lateness, cancelling; the clock does not go back. */
#include <arch/cpu.h>
#include <gemel/cpu.h>
#include <gemel/ktest.h>
#include <gemel/task.h>
#include <gemel/time.h>

#include "test_threads.h"

enum { TIMERS = 16 };

static struct {
	struct timer timer[TIMERS];
	uint order[TIMERS];
	u64 late_ns[TIMERS];
	uint fired;
} tt;

static void timer_note(struct timer *timer)
{
	uint n = tt.fired;      /* all fire on one CPU */

	tt.order[n] = (uint)(timer - tt.timer);
	tt.late_ns[n] = time_now() - timer->deadline_ns;
	store_release(&tt.fired, n + 1);
}

/* Set all on this CPU, in no order, and wait until they have fired. */
static void fire_all(void)
{
	u64 base = time_now() + 5 * NSEC_PER_MSEC;
	irqflags_t irq;

	tt.fired = 0;
	for (uint i = 0; i < TIMERS; i++)
		timer_init(&tt.timer[i], timer_note);
	/* Not before the last is set does the first fire, however long that takes. */
	irq = arch_irq_save();
	/* 0, 7, 14, 5, ...: not in order of their deadlines. */
	for (uint i = 0; i < TIMERS; i++) {
		uint k = i * 7 % TIMERS;

		timer_set(&tt.timer[k], base + k * NSEC_PER_MSEC);
	}
	arch_irq_restore(irq);
	do {
		(void)sleep_until(time_now() + NSEC_PER_MSEC, TASK_BLOCKED);
	} while (load_acquire(&tt.fired) < TIMERS);
}

KTEST(timer, fire_in_order_and_not_early)
{
	fire_all();
	for (uint i = 0; i < TIMERS; i++) {
		EXPECT_EQ(i, tt.order[i]);
		EXPECT((s64)tt.late_ns[i] >= 0);
		EXPECT(tt.late_ns[i] < 200 * NSEC_PER_MSEC);
	}
}

KTEST(timer, a_cancelled_timer_does_not_fire)
{
	tt.fired = 0;
	timer_init(&tt.timer[0], timer_note);
	EXPECT(!timer_cancel(&tt.timer[0]));
	timer_set(&tt.timer[0], time_now() + 5 * NSEC_PER_MSEC);
	EXPECT(timer_is_armed(&tt.timer[0]));
	EXPECT(timer_cancel(&tt.timer[0]));
	(void)sleep_until(time_now() + 15 * NSEC_PER_MSEC, TASK_BLOCKED);
	EXPECT_EQ(0, READ_ONCE(tt.fired));
}

KTEST(timer, setting_again_moves_it)
{
	u64 start = time_now();

	tt.fired = 0;
	timer_init(&tt.timer[0], timer_note);
	timer_set(&tt.timer[0], start + 1000 * NSEC_PER_MSEC);
	timer_set(&tt.timer[0], start + 5 * NSEC_PER_MSEC);
	(void)sleep_until(start + 30 * NSEC_PER_MSEC, TASK_BLOCKED);
	EXPECT_EQ(1, READ_ONCE(tt.fired));
	EXPECT(!timer_is_armed(&tt.timer[0]));
}

/* All CPUs set and cancel the same timer: it ends cancelled, and nothing is corrupted. */
static int timer_fighter(void *arg)
{
	for (uint i = 0; i < 500; i++) {
		if ((i + (ulong)arg) % 3)
			timer_set(&tt.timer[0], time_now() + i % 7 * 20 * NSEC_PER_USEC);
		else
			timer_cancel_sync(&tt.timer[0]);
	}
	return 0;
}

static void timer_nothing(struct timer *timer)
{
	(void)timer;
}

KTEST(timer, many_cpus_may_set_one_timer)
{
	timer_init(&tt.timer[0], timer_nothing);
	EXPECT_EQ(4, test_threads_run(timer_fighter, 4));
	timer_cancel_sync(&tt.timer[0]);
	EXPECT(!timer_is_armed(&tt.timer[0]));
}

/* As a periodic one does, and at once. */
static void timer_again(struct timer *timer)
{
	timer_set(timer, time_now());
}

static void timer_start_again(void *arg)
{
	(void)arg;
	timer_set(&tt.timer[0], time_now());
}

/* Its callback runs on another CPU while it is cancelled. */
KTEST(timer, one_that_sets_itself_stays_cancelled)
{
	timer_init(&tt.timer[0], timer_again);
	for (uint i = 0; i < 300; i++) {
		smp_call_others(timer_start_again, NULL);
		for (uint n = i % 64; n > 0; n--)
			arch_cpu_relax();
		timer_cancel_sync(&tt.timer[0]);
		EXPECT(!timer_is_armed(&tt.timer[0]));
	}
}

static int clock_watcher(void *arg)
{
	u64 last = time_now();

	(void)arg;
	for (uint i = 0; i < 20000; i++) {
		u64 now = time_now();

		if (now < last)
			return 1;
		last = now;
	}
	return 0;
}

KTEST(time, the_clock_never_goes_back)
{
	EXPECT_EQ(4, test_threads_run(clock_watcher, 4));
}
