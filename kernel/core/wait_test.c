/* SPDX-License-Identifier: MIT */
/* Waiting: no wake-up is lost, time-outs come in time, one wakes one. */
#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/ktest.h>
#include <gemel/mutex.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/wait.h>

#include "test_threads.h"

enum { BALLS = 3000 };

static struct {
	struct wait_queue queue[2];
	uint turn;
	uint hits;
} game;

/* Each player waits for its turn and gives it to the other: one lost wake-up and both hang. */
static int player(void *arg)
{
	uint me = (uint)(ulong)arg;

	for (uint i = 0; i < BALLS; i++) {
		wait_event_blocked(&game.queue[me], READ_ONCE(game.turn) == me);
		game.hits++;
		WRITE_ONCE(game.turn, 1 - me);
		wake_one(&game.queue[1 - me]);
	}
	return 0;
}

KTEST(wait, ping_pong_loses_no_wake_up)
{
	wait_queue_init(&game.queue[0]);
	wait_queue_init(&game.queue[1]);
	game.turn = 0;
	game.hits = 0;
	EXPECT_EQ(2, test_threads_run(player, 2));
	EXPECT_EQ(2 * BALLS, game.hits);
}

enum { STORM_THREADS = 8, STORM_ROUNDS = 500 };

static struct {
	struct mutex lock;
	struct wait_queue queue;
	uint tokens, taken;
} storm;

/* Half put tokens, half take them, all on one queue. */
static int storm_worker(void *arg)
{
	bool puts = (ulong)arg % 2;
	int err = 0;

	for (uint i = 0; i < STORM_ROUNDS && !err; i++) {
		mutex_lock(&storm.lock);
		if (puts) {
			storm.tokens++;
			wake_all(&storm.queue);
		} else {
			while (!storm.tokens && !err)
				err = wait_on(&storm.queue, &storm.lock);
			storm.tokens--;
			storm.taken++;
		}
		mutex_unlock(&storm.lock);
	}
	return err;
}

KTEST(wait, storm_of_producers_and_consumers)
{
	mutex_init(&storm.lock, LOCK_RANK_PIPE);
	wait_queue_init(&storm.queue);
	storm.tokens = storm.taken = 0;
	EXPECT_EQ(STORM_THREADS, test_threads_run(storm_worker, STORM_THREADS));
	EXPECT_EQ(0, storm.tokens);
	EXPECT_EQ(STORM_THREADS / 2 * STORM_ROUNDS, storm.taken);
}

KTEST(wait, timeout_ends_a_wait_in_time)
{
	struct wait_queue q;
	u64 start = time_now();
	int err;

	wait_queue_init(&q);
	err = wait_event_timeout(&q, false, start + 20 * NSEC_PER_MSEC);
	EXPECT_EQ(-ETIMEDOUT, err);
	EXPECT(time_now() - start >= 20 * NSEC_PER_MSEC);
	EXPECT(time_now() - start < 500 * NSEC_PER_MSEC);
	EXPECT(!wait_queue_is_active(&q));
}

KTEST(wait, a_past_deadline_does_not_sleep)
{
	struct wait_queue q;

	wait_queue_init(&q);
	EXPECT_EQ(-ETIMEDOUT, wait_event_timeout(&q, false, 1));
	EXPECT_EQ(0, wait_event_timeout(&q, true, 1));
}

static struct {
	struct wait_queue queue;
	uint woken;
} line;

static int line_waiter(void *arg)
{
	struct waiter w = { .link = LIST_INIT(w.link), .exclusive = true };

	(void)arg;
	wait_prepare(&w, &line.queue, TASK_BLOCKED);
	(void)wait_commit(&w, WAIT_FOREVER);
	wait_finish(&w);
	__atomic_fetch_add(&line.woken, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static uint queue_length(struct wait_queue *q)
{
	struct waiter *w;
	uint n = 0;

	irq_lock(&q->lock);
	list_for_each(w, &q->waiters, link)
		n++;
	irq_unlock(&q->lock);
	return n;
}

KTEST(wait, wake_one_wakes_one_exclusive_waiter)
{
	struct task *t[3];

	wait_queue_init(&line.queue);
	line.woken = 0;
	for (uint i = 0; i < 3; i++)
		t[i] = kthread_run(line_waiter, NULL, "test", ~0ull);
	while (queue_length(&line.queue) < 3)
		sched_yield();
	wake_one(&line.queue);
	(void)sleep_until(time_now() + 20 * NSEC_PER_MSEC, TASK_BLOCKED);
	EXPECT_EQ(1, READ_ONCE(line.woken));
	wake_one(&line.queue);
	wake_one(&line.queue);
	for (uint i = 0; i < 3; i++)
		EXPECT_EQ(0, kthread_join(t[i]));
	EXPECT_EQ(3, line.woken);
}

static void complete_later(struct timer *timer);

static struct {
	struct completion done;
	struct timer timer;
} later;

static void complete_later(struct timer *timer)
{
	(void)timer;
	completion_done(&later.done);
}

KTEST(wait, completion_from_a_timer)
{
	completion_init(&later.done);
	timer_init(&later.timer, complete_later);
	timer_set(&later.timer, time_now() + 5 * NSEC_PER_MSEC);
	completion_wait(&later.done);
	EXPECT(later.done.done);
}

KTEST(wait, sleep_lasts_at_least_as_long_as_asked)
{
	for (uint ms = 1; ms <= 8; ms *= 2) {
		u64 start = time_now();

		EXPECT_EQ(0, sleep_until(start + ms * NSEC_PER_MSEC, TASK_BLOCKED));
		EXPECT(time_now() - start >= ms * NSEC_PER_MSEC);
	}
}
