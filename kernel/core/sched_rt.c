/* SPDX-License-Identifier: MIT */
/*
 * The real-time class: a list for each priority 1..99, and a bitmap of those that are
 * not empty.  The first task of the highest list runs; FIFO until it sleeps or
 * yields, RR until its slice is over.
 *
 * The class may use RT_RUNTIME_NS of each RT_PERIOD_NS.  That is asked only when a fair task
 * waits: without one, what real-time tasks leave is nobody's.  What a period had too much, as its
 * end was seen late, the next has too little: however late timers are, fair tasks get their part.
 *
 * Lock: rq->lock.
 */
#include <gemel/bits.h>

#include "runq.h"

void rt_init(struct run_queue *rq)
{
	for (uint i = 0; i < RT_PRIORITIES; i++)
		list_init(&rq->rt[i]);
}

void rt_push(struct run_queue *rq, struct sched_entity *se, bool at_head)
{
	uint prio = se->rt_priority;

	if (at_head)
		list_add(&rq->rt[prio], &se->rt_link);
	else
		list_add_tail(&rq->rt[prio], &se->rt_link);
	rq->rt_map[prio / 64] |= BIT(prio % 64);
}

void rt_pull(struct run_queue *rq, struct sched_entity *se)
{
	uint prio = se->rt_priority;

	list_remove(&se->rt_link);
	if (list_is_empty(&rq->rt[prio]))
		rq->rt_map[prio / 64] &= ~BIT(prio % 64);
}

struct sched_entity *rt_first(struct run_queue *rq)
{
	uint prio;

	if (likely(!(rq->rt_map[0] | rq->rt_map[1])))
		return NULL;
	prio = rq->rt_map[1] ? 64 + bit_highest(rq->rt_map[1]) : bit_highest(rq->rt_map[0]);
	return list_first(&rq->rt[prio], struct sched_entity, rt_link);
}

void rt_charge(struct run_queue *rq, struct sched_entity *se, u64 delta_ns)
{
	rq->rt_used_ns += delta_ns;
	se->rr_left_ns -= MIN(delta_ns, se->rr_left_ns);
}

bool rt_is_throttled(struct run_queue *rq, u64 now_ns)
{
	if (now_ns >= rq->rt_period_end_ns) {
		u64 periods = (now_ns - rq->rt_period_end_ns) / RT_PERIOD_NS + 1;

		rq->rt_period_end_ns += periods * RT_PERIOD_NS;
		rq->rt_used_ns -= MIN(rq->rt_used_ns, periods * RT_RUNTIME_NS);
	}
	return rq->rt_used_ns >= RT_RUNTIME_NS && rq->nr_fair;
}

bool rt_slice_is_over(const struct sched_entity *se)
{
	return se->policy == SCHED_RR && !se->rr_left_ns;
}

u64 rt_slice_end(struct run_queue *rq, const struct sched_entity *se, u64 now_ns)
{
	u64 left = se->policy == SCHED_RR ? se->rr_left_ns : TIME_NEVER;

	if (rt_is_throttled(rq, now_ns))
		left = 0;
	else if (rq->nr_fair)
		left = MIN(left, RT_RUNTIME_NS - rq->rt_used_ns);
	return left == TIME_NEVER ? TIME_NEVER : now_ns + left;
}

struct sched_entity *rt_first_for(struct run_queue *rq, uint cpu_id)
{
	for (uint prio = RT_PRIORITIES - 1; prio > 0 && rt_first(rq); prio--) {
		struct sched_entity *se;

		list_for_each(se, &rq->rt[prio], rt_link)
			if (se->affinity >> cpu_id & 1)
				return se;
	}
	return NULL;
}
