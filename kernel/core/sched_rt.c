/* SPDX-License-Identifier: MIT */
/*
 * The real-time class: a list for each priority 1..99, and a bitmap of those that are
 * not empty.  The first task of the highest list runs; FIFO until it sleeps or
 * yields, RR until its slice is over.  Lock: rq->lock.
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

struct sched_entity *rt_last_for(struct run_queue *rq, uint cpu_id)
{
	for (uint prio = 1; prio < RT_PRIORITIES; prio++) {
		struct sched_entity *se;

		list_for_each(se, &rq->rt[prio], rt_link)
			if (se->affinity >> cpu_id & 1)
				return se;
	}
	return NULL;
}
