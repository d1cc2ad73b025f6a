/* SPDX-License-Identifier: MIT */
/* Work queues: order, flush, refusal while pending, cancel, drain on destroy. */
#include <gemel/ktest.h>
#include <gemel/slab.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/wait.h>
#include <gemel/work.h>

#include "test_threads.h"

enum { WORKS = 8 };

static struct work works[WORKS];
static uint order[2 * WORKS];
static uint done;
static struct completion gate;
static bool has_passed;

static void work_note(struct work *w)
{
	order[done++] = (uint)(w - works);
}

static void work_block(struct work *w)
{
	(void)w;
	completion_wait(&gate);
	WRITE_ONCE(has_passed, true);
}

static struct work_queue *queue_new(void)
{
	struct work_queue *q = work_queue_create("test-work");

	done = 0;
	completion_init(&gate);
	has_passed = false;
	for (uint i = 0; i < WORKS; i++)
		work_init(&works[i], work_note);
	return q;
}

KTEST(work, runs_in_order_of_queueing)
{
	struct work_queue *q = queue_new();

	EXPECT(q != NULL);
	for (uint i = 0; i < WORKS; i++)
		EXPECT(work_queue(q, &works[i * 3 % WORKS]));
	work_flush(q);
	EXPECT_EQ(WORKS, done);
	for (uint i = 0; i < WORKS; i++)
		EXPECT_EQ(i * 3 % WORKS, order[i]);
	work_queue_destroy(q);
}

KTEST(work, queueing_a_pending_work_is_refused)
{
	struct work_queue *q = queue_new();
	struct work block;

	work_init(&block, work_block);
	EXPECT(work_queue(q, &block));
	EXPECT(work_queue(q, &works[0]));
	EXPECT(!work_queue(q, &works[0]));
	completion_done(&gate);
	work_flush(q);
	EXPECT_EQ(1, done);
	EXPECT(work_queue(q, &works[0]));
	work_queue_destroy(q);
	EXPECT_EQ(2, done);
}

KTEST(work, destroy_drains)
{
	struct work_queue *q = queue_new();
	struct work block;

	work_init(&block, work_block);
	EXPECT(work_queue(q, &block));
	for (uint i = 0; i < WORKS; i++)
		EXPECT(work_queue(q, &works[i]));
	completion_done(&gate);
	work_queue_destroy(q);
	EXPECT_EQ(WORKS, done);
}

KTEST(work, cancel_takes_a_pending_work_off)
{
	struct work_queue *q = queue_new();
	struct work block;

	work_init(&block, work_block);
	EXPECT(work_queue(q, &block));
	EXPECT(work_queue(q, &works[0]));
	EXPECT(work_cancel_sync(&works[0]));
	EXPECT(!work_cancel_sync(&works[0]));
	completion_done(&gate);
	work_queue_destroy(q);
	EXPECT_EQ(0, done);
}

static int canceller(void *arg)
{
	bool was_pending = work_cancel_sync(arg);

	return was_pending * 2 + READ_ONCE(has_passed);
}

KTEST(work, cancel_waits_for_a_running_work)
{
	struct work_queue *q = queue_new();
	struct work block;
	struct task *t;

	work_init(&block, work_block);
	EXPECT(work_queue(q, &block));
	while (READ_ONCE(block.queue))
		sched_yield();
	t = kthread_run(canceller, &block, "cancel", ~0ull);
	EXPECT(t != NULL);
	while (READ_ONCE(t->state) != TASK_BLOCKED)
		sched_yield();
	completion_done(&gate);
	EXPECT_EQ(1, kthread_join(t));
	work_queue_destroy(q);
}

static struct {
	struct work_queue *queue;
	struct work work;
	uint runs, wins;                /* wins: atomic */
} again;

/* Behind what was queued meanwhile. */
static void work_again(struct work *w)
{
	order[done++] = 100;
	if (++again.runs < 3) {
		work_queue(again.queue, &works[again.runs]);
		work_queue(again.queue, w);
	}
}

KTEST(work, a_work_may_queue_itself_again)
{
	static const uint expected[] = { 100, 1, 100, 2, 100 };

	again.queue = queue_new();
	again.runs = 0;
	work_init(&again.work, work_again);
	EXPECT(work_queue(again.queue, &again.work));
	work_queue_destroy(again.queue);        /* drains what comes while it drains, too */
	EXPECT_EQ(ARRAY_SIZE(expected), done);
	for (uint i = 0; i < ARRAY_SIZE(expected); i++)
		EXPECT_EQ(expected[i], order[i]);
}

static void work_free(struct work *w)
{
	kfree(w);
	done++;
}

KTEST(work, a_work_may_free_itself)
{
	struct work_queue *q = queue_new();

	for (uint i = 0; i < 20; i++) {
		struct work *w = kalloc(sizeof(*w));

		EXPECT(w != NULL);
		work_init(w, work_free);
		EXPECT(work_queue(q, w));
	}
	work_flush(q);
	EXPECT_EQ(20, done);
	work_queue_destroy(q);
}

static void work_count(struct work *w)
{
	(void)w;
	again.runs++;
}

static int queuer(void *arg)
{
	(void)arg;
	for (uint i = 0; i < 500; i++) {
		if (work_queue(again.queue, &again.work))
			__atomic_fetch_add(&again.wins, 1, __ATOMIC_RELAXED);
		if (i % 50 == 0)
			work_flush(again.queue);
	}
	return 0;
}

/* A work that was accepted runs once, whoever else wants it to. */
KTEST(work, of_those_who_queue_it_at_once_one_wins)
{
	again.queue = queue_new();
	again.runs = again.wins = 0;
	work_init(&again.work, work_count);
	EXPECT_EQ(4, test_threads_run(queuer, 4));
	work_flush(again.queue);
	EXPECT_EQ(again.wins, again.runs);
	EXPECT(again.runs > 0);
	work_queue_destroy(again.queue);
}

KTEST(work, a_queue_does_not_wait_for_another)
{
	struct work_queue *q = queue_new(), *other = work_queue_create("test-other");
	struct work block;

	EXPECT(other != NULL);
	work_init(&block, work_block);
	EXPECT(work_queue(q, &block));
	EXPECT(work_queue(other, &works[0]));
	work_flush(other);
	EXPECT_EQ(1, done);
	EXPECT(!READ_ONCE(has_passed));
	completion_done(&gate);
	work_queue_destroy(q);
	work_queue_destroy(other);
	EXPECT(has_passed);
}

static struct {
	struct delayed_work work;
	struct completion ran;
	u64 ran_ns;
} delayed;

static void delayed_note(struct work *w)
{
	(void)w;
	delayed.ran_ns = time_now();
	completion_done(&delayed.ran);
}

KTEST(work, delayed_work_waits)
{
	struct work_queue *q = queue_new();
	u64 start = time_now();

	completion_init(&delayed.ran);
	delayed_work_init(&delayed.work, delayed_note);
	EXPECT(work_queue_delayed(q, &delayed.work, 10 * NSEC_PER_MSEC));
	EXPECT(!work_queue_delayed(q, &delayed.work, 10 * NSEC_PER_MSEC));
	completion_wait(&delayed.ran);
	EXPECT(delayed.ran_ns - start >= 10 * NSEC_PER_MSEC);
	work_flush(q);
	EXPECT(work_queue_delayed(q, &delayed.work, 1000 * NSEC_PER_SEC));
	EXPECT(delayed_work_cancel_sync(&delayed.work));
	EXPECT(!delayed_work_cancel_sync(&delayed.work));
	work_queue_destroy(q);
}

static int delayed_queuer(void *arg)
{
	(void)arg;
	for (uint i = 1; READ_ONCE(again.runs) < 1000; i++) {
		if (work_queue_delayed(again.queue, &delayed.work, 0))
			__atomic_fetch_add(&again.wins, 1, __ATOMIC_RELAXED);
		if (i % 64 == 0)
			sched_yield();
	}
	return 0;
}

/* Also while its time has come and it is on its way to the queue. */
KTEST(work, of_those_who_delay_it_at_once_one_wins)
{
	again.queue = queue_new();
	again.runs = again.wins = 0;
	delayed_work_init(&delayed.work, work_count);
	EXPECT_EQ(4, test_threads_run(delayed_queuer, 4));
	again.wins -= delayed_work_cancel_sync(&delayed.work);
	EXPECT_EQ(again.wins, again.runs);
	work_queue_destroy(again.queue);
}
