/* SPDX-License-Identifier: MIT */
/* Work queues: order, flush, refusal while pending, cancel, drain on destroy. */
#include <gemel/ktest.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/work.h>

enum { WORKS = 8 };

static struct work works[WORKS];
static uint order[2 * WORKS];
static uint done;
static bool gate;

static void work_note(struct work *w)
{
	order[done++] = (uint)(w - works);
}

static void work_block(struct work *w)
{
	(void)w;
	while (!READ_ONCE(gate))
		(void)sleep_until(time_now() + NSEC_PER_MSEC, TASK_BLOCKED);
}

static struct work_queue *queue_new(void)
{
	struct work_queue *q = work_queue_create("test-work");

	done = 0;
	gate = false;
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
	WRITE_ONCE(gate, true);
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
	WRITE_ONCE(gate, true);
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
	WRITE_ONCE(gate, true);
	work_queue_destroy(q);
	EXPECT_EQ(0, done);
}

static struct {
	struct delayed_work work;
	u64 ran_ns;
} delayed;

static void delayed_note(struct work *w)
{
	(void)w;
	WRITE_ONCE(delayed.ran_ns, time_now());
}

KTEST(work, delayed_work_waits)
{
	struct work_queue *q = queue_new();
	u64 start = time_now();

	delayed.ran_ns = 0;
	delayed_work_init(&delayed.work, delayed_note);
	EXPECT(work_queue_delayed(q, &delayed.work, 10 * NSEC_PER_MSEC));
	EXPECT(!work_queue_delayed(q, &delayed.work, 10 * NSEC_PER_MSEC));
	(void)sleep_until(start + 60 * NSEC_PER_MSEC, TASK_BLOCKED);
	work_flush(q);
	EXPECT(delayed.ran_ns - start >= 10 * NSEC_PER_MSEC);
	EXPECT(work_queue_delayed(q, &delayed.work, 1000 * NSEC_PER_MSEC));
	EXPECT(delayed_work_cancel_sync(&delayed.work));
	work_queue_destroy(q);
}
