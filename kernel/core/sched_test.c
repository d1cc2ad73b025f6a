/* SPDX-License-Identifier: MIT */
/* The scheduler: spread over CPUs, preemption, shares, affinity, real time. */
#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/irq.h>
#include <gemel/ktest.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/wait.h>

#include "runq.h"
#include "test_threads.h"

static u64 seen_cpus;
static bool stop;

static void spin_for(u64 ns)
{
	u64 end = time_now() + ns;

	while (time_now() < end)
		;
}

static u64 online_mask(void)
{
	struct cpu *cpu;
	u64 mask = 0;

	for_each_online_cpu(cpu)
		mask |= 1ull << cpu->id;
	return mask;
}

/* Until all CPUs are seen; the limit ends a test that fails. */
static int note_cpu(void *arg)
{
	u64 end = time_now() + 10 * NSEC_PER_SEC;

	(void)arg;
	while (READ_ONCE(seen_cpus) != online_mask() && time_now() < end)
		__atomic_fetch_or(&seen_cpus, 1ull << cpu_id(), __ATOMIC_SEQ_CST);
	return 0;
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

static int answer(void *arg)
{
	(void)arg;
	return 7;
}

/* A thread that never sleeps must not keep another from running on the same CPU. */
KTEST(sched, a_kernel_loop_is_preempted)
{
	u64 ns = 0;
	struct task *hog, *other;

	WRITE_ONCE(stop, false);
	hog = kthread_run(spinner, &ns, "hog", 1);
	other = kthread_run(answer, NULL, "other", 1);
	EXPECT(hog && other);
	EXPECT_EQ(7, kthread_join(other));
	WRITE_ONCE(stop, true);
	EXPECT_EQ(0, kthread_join(hog));
	EXPECT(ns > 0);
}

/*
 * Shares.  What is compared is the CPU time that the scheduler accounts.  On a virtual CPU that
 * includes time in which the host ran somebody else: it is charged to whoever was current,
 * whose next turn then comes later by as much.  So a task is never further from its share than
 * the longest stay on that CPU, which is a slice and the longest such pause, and a pause is seen
 * by the one it hits, as a charge.  Nothing of this depends on how busy the host is: a
 * scheduler that is unfair goes on drifting, and leaves that bound within the time of the test.
 */
struct sharer {
	struct task *t;
	int nice;
	uint policy;
	u64 ns, longest_ns;             /* charged in all, and at once */
};

static int sharer_main(void *arg)
{
	struct sharer *s = arg;
	u64 last = READ_ONCE(current->se.run_ns);

	while (!READ_ONCE(stop)) {
		u64 now = READ_ONCE(current->se.run_ns);

		s->longest_ns = MAX(s->longest_ns, now - last);
		last = now;
	}
	s->ns = task_run_ns(current);
	s->longest_ns = MAX(s->longest_ns, s->ns - last);
	return 0;
}

/* Start @n that may use the CPUs of @affinity, let them compete for a while, and stop them. */
static void share(struct ktest_run *kt, struct sharer *s, uint n, u64 affinity, u64 ms)
{
	WRITE_ONCE(stop, false);
	for (uint i = 0; i < n; i++) {
		s[i].ns = s[i].longest_ns = 0;
		s[i].t = kthread_create(sharer_main, &s[i], "share");
		EXPECT(s[i].t != NULL);
		EXPECT_EQ(0, sched_set_affinity(s[i].t, affinity));
		EXPECT_EQ(0, sched_set_policy(s[i].t, s[i].policy, 0));
		sched_set_nice(s[i].t, s[i].nice);
	}
	for (uint i = 0; i < n; i++)
		task_start(s[i].t);
	(void)sleep_until(time_now() + ms * NSEC_PER_MSEC, TASK_BLOCKED);
	WRITE_ONCE(stop, true);
	for (uint i = 0; i < n; i++)
		EXPECT_EQ(0, kthread_join(s[i].t));
}

/* Is each of those on one CPU within a stay of what its weight promises? */
static bool shares_are_right(const struct sharer *s, uint n, const uint *weights)
{
	u64 sum = 0, total = 0, stay = 0;

	for (uint i = 0; i < n; i++) {
		sum += s[i].ns;
		total += weights[i];
		stay = MAX(stay, SLICE_BASE_NS + s[i].longest_ns);
	}
	for (uint i = 0; i < n; i++) {
		u64 due = sum * weights[i] / total;

		if (s[i].ns > due + stay || s[i].ns + stay < due)
			return false;
	}
	return true;
}

/* Nice 0 and nice 5 on one CPU: three to one. */
KTEST(sched, shares_follow_nice)
{
	static const uint weights[] = { 1024, 335 };
	struct sharer s[2] = { { .nice = 0 }, { .nice = 5 } };

	share(kt, s, 2, 1, 600);
	EXPECT(shares_are_right(s, 2, weights));
}

KTEST(sched, equal_tasks_have_equal_shares)
{
	static const uint weights[] = { 1, 1, 1 };
	struct sharer s[3] = { { .nice = 0 } };

	share(kt, s, 3, 1, 600);
	EXPECT(shares_are_right(s, 3, weights));
}

/* SCHED_BATCH is a matter of when, not of how much. */
KTEST(sched, batch_has_an_equal_share)
{
	static const uint weights[] = { 1, 1 };
	struct sharer s[2] = { { .policy = SCHED_NORMAL }, { .policy = SCHED_BATCH } };

	share(kt, s, 2, 1, 400);
	EXPECT(shares_are_right(s, 2, weights));
}

/* A nice value changes nothing of SCHED_IDLE. */
KTEST(sched, idle_policy_has_what_is_left)
{
	static const uint weights[] = { 1024, WEIGHT_IDLE };
	struct sharer s[2] = { { .nice = 0 }, { .nice = -20, .policy = SCHED_IDLE } };

	share(kt, s, 2, 1, 600);
	EXPECT(shares_are_right(s, 2, weights));
}

/* The fastest and the slowest, whose weights differ by a factor of 5917. */
KTEST(sched, the_least_weight_is_not_starved)
{
	struct sharer s[2] = { { .nice = -20 }, { .nice = 19 } };

	share(kt, s, 2, 1, 300);
	EXPECT(s[0].ns > s[1].ns);
	EXPECT(s[1].ns > 0);
}

/*
 * Sleepers.  While it sleeps, hogs have CPU 0; a timer there wakes it.
 */
enum { NAPS = 20, NAP_HOGS = 3 };

static struct {
	struct timer timer;
	struct completion go;
	struct sharer hogs[NAP_HOGS];
	uint n;
	struct task *sleeper;
	u64 sleeper_at_wake;            /* the CPU time it is charged with */
	u64 hogs_at_wake, hogs_at_run;
} nap;

/* CPU time that the hogs are charged with. */
static u64 hogs_ns(void)
{
	u64 sum = 0;

	for (uint i = 0; i < nap.n; i++)
		sum += READ_ONCE(nap.hogs[i].t->se.run_ns);
	return sum;
}

/* Waking charges whoever runs. */
static void nap_over(struct timer *timer)
{
	(void)timer;
	completion_done(&nap.go);
	nap.hogs_at_wake = hogs_ns();
	nap.sleeper_at_wake = nap.sleeper->se.run_ns;
}

static void nap_for(u64 ms)
{
	nap.sleeper = current;
	completion_init(&nap.go);
	timer_init(&nap.timer, nap_over);
	timer_set(&nap.timer, time_now() + ms * NSEC_PER_MSEC);
	completion_wait(&nap.go);
	nap.hogs_at_run = hogs_ns();
	timer_cancel_sync(&nap.timer);
}

static void hogs_start(struct ktest_run *kt, uint n)
{
	WRITE_ONCE(stop, false);
	nap.n = n;
	for (uint i = 0; i < n; i++) {
		nap.hogs[i].longest_ns = 0;
		nap.hogs[i].t = kthread_run(sharer_main, &nap.hogs[i], "hog", 1);
		EXPECT(nap.hogs[i].t != NULL);
	}
}

/* Returns the longest stay of one. */
static u64 hogs_stop(struct ktest_run *kt)
{
	u64 longest = 0;

	WRITE_ONCE(stop, true);
	for (uint i = 0; i < nap.n; i++) {
		EXPECT_EQ(0, kthread_join(nap.hogs[i].t));
		longest = MAX(longest, nap.hogs[i].longest_ns);
	}
	return longest;
}

static int napper(void *arg)
{
	u64 *longest_ns = arg;

	for (uint looks = 0; looks < NAPS;) {
		nap_for(5);
		/* Charged since it woke, it has had a turn before it could look. */
		if (current->se.run_ns != nap.sleeper_at_wake)
			continue;
		*longest_ns = MAX(*longest_ns, nap.hogs_at_run - nap.hogs_at_wake);
		looks++;
	}
	return 0;
}

/* Of the hogs each has one turn before it, at most. */
KTEST(sched, a_sleeper_need_not_wait_long)
{
	u64 wait_ns = 0, stay;
	struct task *t;

	hogs_start(kt, NAP_HOGS);
	t = kthread_run(napper, &wait_ns, "napper", 1);
	EXPECT(t != NULL);
	EXPECT_EQ(0, kthread_join(t));
	stay = hogs_stop(kt);
	EXPECT(wait_ns <= NAP_HOGS * MAX(stay, SLICE_BASE_NS));
}

/* From its waking on it has its half, and nothing for the time before. */
static int late_sharer(void *arg)
{
	struct sharer *s = arg;
	u64 before;

	nap_for(200);
	before = current->se.run_ns;
	(void)sharer_main(s);
	s->ns -= before;
	return 0;
}

KTEST(sched, sleeping_earns_nothing)
{
	static const uint weights[] = { 1, 1 };
	static struct sharer s[2];

	hogs_start(kt, 1);
	s[1].longest_ns = 0;
	s[1].t = kthread_run(late_sharer, &s[1], "late", 1);
	EXPECT(s[1].t != NULL);
	(void)sleep_until(time_now() + 500 * NSEC_PER_MSEC, TASK_BLOCKED);
	s[0].longest_ns = hogs_stop(kt);
	EXPECT_EQ(0, kthread_join(s[1].t));
	s[0].ns = nap.hogs[0].ns - nap.hogs_at_run;
	EXPECT(nap.hogs_at_run > 0);
	EXPECT(shares_are_right(s, 2, weights));
}

/*
 * Two for each CPU, all on CPU 0, which they may leave then: each CPU has two of them after
 * 100 ms, which are 33 slices of CPU 0.  The test looks on from another CPU.
 */
KTEST(sched, an_imbalance_is_gone_soon)
{
	static struct sharer s[TEST_THREADS_MAX];
	uint n = MIN(2 * cpu_count, (uint)TEST_THREADS_MAX), most;
	u64 slices, on[MAX_CPUS] = { 0 };

	WRITE_ONCE(stop, false);
	for (uint i = 0; i < n; i++) {
		s[i].longest_ns = 0;
		s[i].t = kthread_run(sharer_main, &s[i], "share", 1);
		EXPECT(s[i].t != NULL);
	}
	EXPECT_EQ(0, sched_set_affinity(current, BIT(cpu_count - 1)));
	slices = READ_ONCE(cpus[0]->rq->switches);
	for (uint i = 0; i < n; i++)
		EXPECT_EQ(0, sched_set_affinity(s[i].t, ~0ull));
	do {
		(void)sleep_until(time_now() + NSEC_PER_MSEC, TASK_BLOCKED);
		most = 0;
		memset(on, 0, sizeof(on));
		for (uint i = 0; i < n; i++)
			on[READ_ONCE(s[i].t->se.cpu)]++;
		for (uint i = 0; i < cpu_count; i++)
			most = MAX(most, (uint)on[i]);
	} while (most > 2 && READ_ONCE(cpus[0]->rq->switches) - slices < 1000);
	slices = READ_ONCE(cpus[0]->rq->switches) - slices;
	WRITE_ONCE(stop, true);
	for (uint i = 0; i < n; i++)
		EXPECT_EQ(0, kthread_join(s[i].t));
	EXPECT_EQ(0, sched_set_affinity(current, ~0ull));
	EXPECT_EQ(2, most);
	EXPECT(slices <= 33);
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
	/* Off the one, it may still be on its way to the other. */
	EXPECT(last == 0 || !READ_ONCE(t->on_cpu) || READ_ONCE(t->se.cpu) == last);
	while (READ_ONCE(t->se.cpu) != last)
		sched_yield();
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

/*
 * A fair hog counts on CPU 0, where a timer's interrupt wakes a FIFO thread: it runs when that
 * interrupt ends, before the hog has counted once more.
 */
static struct {
	struct timer timer;
	struct task *rt;
	ulong count, count_at_wake, count_at_run;
} preempt;

static int counting_hog(void *arg)
{
	(void)arg;
	while (!READ_ONCE(stop))
		WRITE_ONCE(preempt.count, preempt.count + 1);
	return 0;
}

static void wake_rt(struct timer *timer)
{
	(void)timer;
	preempt.count_at_wake = READ_ONCE(preempt.count);
	task_wake(preempt.rt);
}

static int woken_rt(void *arg)
{
	timer_init(&preempt.timer, wake_rt);
	preempt.rt = current;
	WRITE_ONCE(current->state, TASK_BLOCKED);
	timer_set(&preempt.timer, time_now() + 5 * NSEC_PER_MSEC);
	schedule();
	preempt.count_at_run = READ_ONCE(preempt.count);
	(void)arg;
	return 0;
}

KTEST(sched, real_time_preempts_within_one_interrupt)
{
	struct task *hog, *rt;

	WRITE_ONCE(stop, false);
	hog = kthread_run(counting_hog, NULL, "hog", 1);
	EXPECT(hog != NULL);
	for (uint i = 0; i < 10; i++) {
		rt = kthread_create(woken_rt, NULL, "fifo");
		EXPECT(rt != NULL);
		EXPECT_EQ(0, sched_set_affinity(rt, 1));
		EXPECT_EQ(0, sched_set_policy(rt, SCHED_FIFO, 50));
		task_start(rt);
		EXPECT_EQ(0, kthread_join(rt));
		EXPECT_EQ(preempt.count_at_wake, preempt.count_at_run);
	}
	WRITE_ONCE(stop, true);
	EXPECT_EQ(0, kthread_join(hog));
}

static int fair_once(void *arg)
{
	WRITE_ONCE(*(bool *)arg, true);
	return 0;
}

static int fifo_hog(void *arg)
{
	while (!READ_ONCE(*(bool *)arg))
		;
	return 0;
}

/* A FIFO thread that never stops leaves a fair one something of every second. */
KTEST(sched, real_time_does_not_starve_fair_tasks)
{
	struct task *rt = kthread_create(fifo_hog, &stop, "fifo"), *fair;

	WRITE_ONCE(stop, false);
	EXPECT(rt != NULL);
	EXPECT_EQ(0, sched_set_affinity(rt, 1));
	EXPECT_EQ(0, sched_set_policy(rt, SCHED_FIFO, 99));
	task_start(rt);
	fair = kthread_run(fair_once, &stop, "fair", 1);
	EXPECT(fair != NULL);
	EXPECT_EQ(0, kthread_join(fair));
	EXPECT_EQ(0, kthread_join(rt));
}

static struct {
	uint turn, turns[2];
} rr;

/* Spins until the other has had three turns. */
static int rr_main(void *arg)
{
	uint me = (uint)(ulong)arg;

	do {
		if (__atomic_exchange_n(&rr.turn, me, __ATOMIC_SEQ_CST) != me)
			rr.turns[me]++;
	} while (READ_ONCE(rr.turns[!me]) < 3);
	WRITE_ONCE(rr.turns[me], 3);    /* the other has had three, too, and may end */
	return 0;
}

/* RR threads of one priority take turns; each has its whole slice. */
KTEST(sched, round_robin_takes_turns)
{
	struct task *t[2];

	memset(&rr, 0, sizeof(rr));
	for (uint i = 0; i < 2; i++) {
		t[i] = kthread_create(rr_main, (void *)(ulong)i, "rr");
		EXPECT(t[i] != NULL);
		EXPECT_EQ(0, sched_set_affinity(t[i], 1));
		EXPECT_EQ(0, sched_set_policy(t[i], SCHED_RR, 5));
	}
	preempt_disable();
	for (uint i = 0; i < 2; i++)
		task_start(t[i]);
	preempt_enable();
	for (uint i = 0; i < 2; i++)
		EXPECT_EQ(0, kthread_join(t[i]));
}

static int where_woken(void *arg)
{
	completion_wait(arg);
	return (int)cpu_id();
}

/*
 * It last ran where a hog runs now, and is woken by an interrupt there; all other CPUs have
 * nothing to do, once the test itself sleeps.
 */
KTEST(sched, a_woken_task_goes_to_an_idle_cpu)
{
	struct task *t;

	if (cpu_count == 1)
		return;
	EXPECT_EQ(0, sched_set_affinity(current, 1));
	nap.n = 0;
	completion_init(&nap.go);
	timer_init(&nap.timer, nap_over);
	t = kthread_run(where_woken, &nap.go, "sleeper", 1);
	EXPECT(t != NULL);
	while (READ_ONCE(t->state) != TASK_BLOCKED || READ_ONCE(t->on_cpu))
		sched_yield();
	EXPECT_EQ(0, sched_set_affinity(t, ~0ull));
	hogs_start(kt, 1);
	nap.sleeper = t;
	timer_set(&nap.timer, time_now() + 20 * NSEC_PER_MSEC);
	EXPECT(kthread_join(t) != 0);
	(void)hogs_stop(kt);
	timer_cancel_sync(&nap.timer);
	EXPECT_EQ(0, sched_set_affinity(current, ~0ull));
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
