/* SPDX-License-Identifier: MIT */
/* Kernel threads: run, end with a code, stop, park. */
#include <gemel/kthread.h>
#include <gemel/ktest.h>
#include <gemel/task.h>
#include <gemel/time.h>

static ulong counter;

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
	(void)arg;
	while (!kthread_should_stop()) {
		kthread_park_point();
		__atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
		sched_yield();
	}
	return 77;
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
	struct task *t = kthread_run(looper, NULL, "looper", ~0ull);

	EXPECT_EQ(77, kthread_stop(t));
}

KTEST(kthread, park_stops_and_unpark_continues)
{
	struct task *t = kthread_run(looper, NULL, "looper", ~0ull);
	ulong at;

	kthread_park(t);
	at = READ_ONCE(counter);
	(void)sleep_until(time_now() + 10 * NSEC_PER_MSEC, TASK_BLOCKED);
	EXPECT_EQ(at, READ_ONCE(counter));
	kthread_unpark(t);
	(void)sleep_until(time_now() + 20 * NSEC_PER_MSEC, TASK_BLOCKED);
	EXPECT(READ_ONCE(counter) > at);
	EXPECT_EQ(77, kthread_stop(t));
}

KTEST(kthread, stop_ends_a_parked_thread)
{
	struct task *t = kthread_run(looper, NULL, "looper", ~0ull);

	kthread_park(t);
	EXPECT_EQ(77, kthread_stop(t));
}
