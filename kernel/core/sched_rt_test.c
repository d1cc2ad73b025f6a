/* SPDX-License-Identifier: MIT */
/* The real-time class's part of the time, by a clock of the test's own. */
#include <gemel/ktest.h>
#include <gemel/time.h>

#include "runq.h"

/* A hog, of which the kernel hears every @step_ns only: how much fair tasks have of 100 periods. */
static u64 left_by_hog(u64 step_ns)
{
	static struct run_queue rq;
	struct sched_entity hog = { .policy = SCHED_FIFO };
	u64 left = 0;

	rq.nr_fair = 1;
	rq.rt_used_ns = rq.rt_period_end_ns = 0;
	for (u64 now = 0; now < 100 * RT_PERIOD_NS; now += step_ns) {
		if (rt_is_throttled(&rq, now))
			left += step_ns;
		else
			rt_charge(&rq, &hog, step_ns);
	}
	return left;
}

KTEST(sched_rt, late_timers_starve_nobody)
{
	static const u64 steps_ms[] = { 1, 10, 300, 960, 1050, 2000, 5000 };
	u64 due = 100 * (RT_PERIOD_NS - RT_RUNTIME_NS);

	for (uint i = 0; i < ARRAY_SIZE(steps_ms); i++) {
		u64 step = steps_ms[i] * NSEC_PER_MSEC, left = left_by_hog(step);

		EXPECT(left + step + RT_PERIOD_NS >= due);
	}
	EXPECT(left_by_hog(NSEC_PER_MSEC) <= due + RT_PERIOD_NS);
}

KTEST(sched_rt, time_not_asked_about_is_forgotten)
{
	static struct run_queue rq;
	struct sched_entity hog = { .policy = SCHED_FIFO };

	rq.nr_fair = 1;
	rt_charge(&rq, &hog, 3 * RT_PERIOD_NS);
	EXPECT(rt_is_throttled(&rq, 1));
	EXPECT(!rt_is_throttled(&rq, 100 * RT_PERIOD_NS));
	EXPECT_EQ(0, rq.rt_used_ns);
}
