/* SPDX-License-Identifier: MIT */
/* Kernel threads: run, end with a code, stop, park. */
#include <gemel/bits.h>
#include <gemel/cpu.h>
#include <gemel/kthread.h>
#include <gemel/ktest.h>
#include <gemel/task.h>

static ulong counter, witness;

static int answer(void *arg)
{
	return (int)(ulong)arg * 2;
}

static int leaver(void *arg)
{
	kthread_exit((int)(ulong)arg + 1);
}

static int looper(void *arg)
{
	while (!kthread_should_stop()) {
		kthread_park_point();
		__atomic_fetch_add((ulong *)arg, 1, __ATOMIC_SEQ_CST);
		sched_yield();
	}
	return 77;
}

/* Until the loop has gone round so many times more. */
static void await(const ulong *of, ulong rounds)
{
	ulong from = READ_ONCE(*of);

	while (READ_ONCE(*of) - from < rounds)
		sched_yield();
}

KTEST(kthread, join_returns_the_code)
{
	struct task *t = kthread_run(answer, (void *)21, "answer", ~0ull);

	EXPECT(t != NULL);
	EXPECT_EQ(42, kthread_join(t));
}

KTEST(kthread, exit_ends_it_anywhere)
{
	struct task *t = kthread_run(leaver, (void *)8, "leaver", ~0ull);

	EXPECT_EQ(9, kthread_join(t));
}

KTEST(kthread, create_does_not_start)
{
	struct task *t = kthread_create(answer, (void *)1, "later");

	EXPECT_EQ(TASK_NEW, t->state);
	task_start(t);
	EXPECT_EQ(2, kthread_join(t));
}

KTEST(kthread, stop_ends_a_loop)
{
	struct task *t = kthread_run(looper, &counter, "looper", ~0ull);

	EXPECT_EQ(77, kthread_stop(t));
}

/* Another one's loop is the clock by which it stands still. */
KTEST(kthread, park_stops_and_unpark_continues)
{
	struct task *t = kthread_run(looper, &counter, "looper", ~0ull);
	struct task *other = kthread_run(looper, &witness, "witness", ~0ull);
	ulong at;

	kthread_park(t);
	at = READ_ONCE(counter);
	await(&witness, 100);
	EXPECT_EQ(at, READ_ONCE(counter));
	kthread_unpark(t);
	await(&counter, 1);
	EXPECT_EQ(77, kthread_stop(t));
	EXPECT_EQ(77, kthread_stop(other));
}

/* It may be on its way out of the last park when it is parked again. */
KTEST(kthread, parked_again_it_stands_still_too)
{
	struct task *t = kthread_run(looper, &counter, "looper", ~0ull);
	uint moved = 0;

	for (uint i = 0; i < 2000; i++) {
		ulong at;

		kthread_park(t);
		at = READ_ONCE(counter);
		for (uint spin = 0; spin < 2000; spin++)
			arch_cpu_relax();
		moved += READ_ONCE(counter) != at;
		kthread_unpark(t);
		for (uint spin = 0; spin < 4 * i; spin++)
			(void)READ_ONCE(counter);
	}
	EXPECT_EQ(0, moved);
	EXPECT_EQ(77, kthread_stop(t));
}

KTEST(kthread, park_of_one_that_has_ended_returns)
{
	struct task *t = kthread_run(answer, (void *)4, "answer", ~0ull);

	kthread_park(t);
	kthread_unpark(t);
	EXPECT_EQ(8, kthread_join(t));
}

static int where(void *arg)
{
	(void)arg;
	return (int)cpu_id();
}

KTEST(kthread, it_runs_where_it_may)
{
	for (uint i = 0; i < cpu_count; i++)
		EXPECT_EQ(i, kthread_join(kthread_run(where, NULL, "where", BIT(i))));
}

KTEST(kthread, stop_ends_a_parked_thread)
{
	struct task *t = kthread_run(looper, &counter, "looper", ~0ull);

	kthread_park(t);
	EXPECT_EQ(77, kthread_stop(t));
}
