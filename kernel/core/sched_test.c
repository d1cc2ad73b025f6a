/* SPDX-License-Identifier: MIT */
/* The scheduler: spread over CPUs, preemption, shares, affinity, real time. */
#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/irq.h>
#include <gemel/ktest.h>
#include <gemel/task.h>
#include <gemel/time.h>

#include "test_threads.h"

static u64 seen_cpus;
static bool stop;

static void spin_for(u64 ns)
{
	u64 end = time_now() + ns;

	while (time_now() < end)
		;
}

static int note_cpu(void *arg)
{
	u64 end = time_now() + 60 * NSEC_PER_MSEC;

	(void)arg;
	while (time_now() < end)
		__atomic_fetch_or(&seen_cpus, 1ull << cpu_id(), __ATOMIC_SEQ_CST);
	return 0;
}

static u64 online_mask(void)
{
	struct cpu *cpu;
	u64 mask = 0;

	for_each_online_cpu(cpu)
		mask |= 1ull << cpu->id;
	return mask;
}

KTEST(sched, busy_threads_spread_over_all_cpus)
{
	seen_cpus = 0;
	EXPECT_EQ(cpu_count, test_threads_run(note_cpu, cpu_count));
	EXPECT_EQ(online_mask(), seen_cpus);
}

static int spinner(void *arg)
{
	u64 *ns = arg;

	while (!READ_ONCE(stop))
		;
	*ns = task_run_ns(current);
	return 0;
}

/* A thread that never sleeps must not keep another from running on the same CPU. */
KTEST(sched, a_kernel_loop_is_preempted)
{
	u64 ns = 0, start = time_now();
	struct task *hog, *other;

	stop = false;
	hog = kthread_run(spinner, &ns, "hog", 1);
	other = kthread_run(note_cpu, NULL, "other", 1);
	EXPECT(hog && other);
	EXPECT_EQ(0, kthread_join(other));
	EXPECT(time_now() - start < 2 * NSEC_PER_SEC);
	WRITE_ONCE(stop, true);
	EXPECT_EQ(0, kthread_join(hog));
	EXPECT(ns > 0);
}

/* Nice 0 and nice 5 on one CPU: about three to one. */
KTEST(sched, shares_follow_nice)
{
	u64 ns[2] = { 0, 0 };
	struct task *t[2];

	stop = false;
	for (uint i = 0; i < 2; i++) {
		t[i] = kthread_create(spinner, &ns[i], "share");
		EXPECT(t[i] != NULL);
		EXPECT_EQ(0, sched_set_affinity(t[i], 1));
		sched_set_nice(t[i], i ? 5 : 0);
	}
	for (uint i = 0; i < 2; i++)
		task_start(t[i]);
	(void)sleep_until(time_now() + 300 * NSEC_PER_MSEC, TASK_BLOCKED);
	WRITE_ONCE(stop, true);
	for (uint i = 0; i < 2; i++)
		EXPECT_EQ(0, kthread_join(t[i]));
	EXPECT(ns[0] > 2 * ns[1]);
	EXPECT(ns[0] < 5 * ns[1]);
}

KTEST(sched, affinity_moves_a_running_thread)
{
	u64 ns = 0;
	struct task *t;
	uint last = cpu_count - 1;

	stop = false;
	t = kthread_run(spinner, &ns, "mover", 1);
	EXPECT(t != NULL);
	EXPECT_EQ(0, sched_set_affinity(t, 1ull << last));
	(void)sleep_until(time_now() + 20 * NSEC_PER_MSEC, TASK_BLOCKED);
	EXPECT_EQ(last, READ_ONCE(t->se.cpu));
	EXPECT_EQ(-EINVAL, sched_set_affinity(t, 0));
	WRITE_ONCE(stop, true);
	EXPECT_EQ(0, kthread_join(t));
}

static int fifo_holder(void *arg)
{
	uint *value = arg;

	spin_for(30 * NSEC_PER_MSEC);
	WRITE_ONCE(*value, 1);
	return 0;
}

static int fair_reader(void *arg)
{
	return (int)READ_ONCE(*(uint *)arg);
}

/* A fair thread does not run while a FIFO one wants that CPU. */
KTEST(sched, real_time_comes_first)
{
	uint value = 0;
	struct task *rt = kthread_create(fifo_holder, &value, "fifo");
	struct task *fair = kthread_create(fair_reader, &value, "fair");

	EXPECT_EQ(0, sched_set_affinity(rt, 1));
	EXPECT_EQ(0, sched_set_affinity(fair, 1));
	EXPECT_EQ(-EINVAL, sched_set_policy(rt, SCHED_FIFO, 0));
	EXPECT_EQ(-EINVAL, sched_set_policy(rt, SCHED_NORMAL, 1));
	EXPECT_EQ(0, sched_set_policy(rt, SCHED_FIFO, 10));
	preempt_disable();
	task_start(rt);
	task_start(fair);
	preempt_enable();
	EXPECT_EQ(1, kthread_join(fair));
	EXPECT_EQ(0, kthread_join(rt));
}

static int yielder(void *arg)
{
	(void)arg;
	for (uint i = 0; i < 1000; i++)
		sched_yield();
	return 0;
}

KTEST(sched, yield_storm)
{
	EXPECT_EQ(8, test_threads_run(yielder, 8));
}

static int short_life(void *arg)
{
	(void)arg;
	return 0;
}

/* More threads than any cache of stacks holds, again and again. */
KTEST(sched, create_and_end_many)
{
	for (uint i = 0; i < 20; i++)
		EXPECT_EQ(16, test_threads_run(short_life, 16));
}

KTEST(sched, an_idle_cpu_takes_no_tick)
{
	u64 before;

	(void)sleep_until(time_now() + 50 * NSEC_PER_MSEC, TASK_BLOCKED);
	before = irq_count_total();
	(void)sleep_until(time_now() + 200 * NSEC_PER_MSEC, TASK_BLOCKED);
	/* The sleep itself, a stray device or flush: nothing periodic. */
	EXPECT(irq_count_total() - before < 20);
}
