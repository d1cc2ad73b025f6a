/* SPDX-License-Identifier: MIT */
/*
 * The fair class: earliest eligible virtual deadline first.
 *
 * A task's vruntime v is its CPU time divided by its weight.  The queue's virtual
 * time V is the weighted average of v over all runnable tasks.  A task with v <= V
 * has had no more than its share: it is eligible.  Each task asks for slices; the
 * deadline of a slice is where v will be when it is used up.  Of the eligible
 * tasks, the one with the earliest deadline runs: shares are exact in the long
 * run, and a shorter slice means an earlier turn, not more time.
 *
 * V is never computed to decide.  With x = v - base, sum = S(w * x) and
 * load = S(w):   v <= V   <=>   x * load <= sum.
 * Some task is always eligible, because the smallest x is no more than the average.
 * base moves up now and then so that x stays small.  (Tasks more than 2^34 ns
 * apart do not occur: a queue keeps them within a slice of V.)
 *
 * The tree is ordered by deadline, and each node knows the least v of its subtree,
 * so the pick goes left as long as something there is eligible.
 *
 * A task that leaves keeps how far it was behind V (vlag, bounded by a slice) and
 * comes back at the same distance: sleeping neither earns nor loses.
 *
 * Lock: everything here belongs to rq->lock.
 */
#include "runq.h"

#define REBASE_AT       (1ll << 34)

static s64 key(const struct run_queue *rq, u64 vruntime)
{
	return (s64)(vruntime - rq->base);
}

static struct sched_entity *node_se(struct rb_node *n)
{
	return rb_entry(n, struct sched_entity, node);
}

/* Real time of @se in its virtual time, and back. */
static u64 to_virtual(const struct sched_entity *se, u64 ns)
{
	return likely(se->weight == WEIGHT_NICE_0) ? ns : ns * WEIGHT_NICE_0 / se->weight;
}

static bool is_eligible(const struct run_queue *rq, u64 vruntime)
{
	return key(rq, vruntime) * (s64)rq->load <= rq->sum;
}

static u64 virtual_now(const struct run_queue *rq)
{
	return rq->load ? rq->base + (u64)(rq->sum / (s64)rq->load) : rq->base;
}

static bool fair_update(struct rb_node *n)
{
	struct sched_entity *se = node_se(n);
	u64 least = se->vruntime;

	if (n->left && (s64)(node_se(n->left)->min_vruntime - least) < 0)
		least = node_se(n->left)->min_vruntime;
	if (n->right && (s64)(node_se(n->right)->min_vruntime - least) < 0)
		least = node_se(n->right)->min_vruntime;
	if (se->min_vruntime == least)
		return false;
	se->min_vruntime = least;
	return true;
}

void fair_init(struct run_queue *rq)
{
	rq->fair = (struct rb_root_cached)RB_ROOT_CACHED;
	rq->base = 1u << 20;
}

static void rebase(struct run_queue *rq)
{
	rq->base += REBASE_AT / 2;
	rq->sum -= REBASE_AT / 2 * (s64)rq->load;
}

void fair_join(struct run_queue *rq, struct sched_entity *se)
{
	s64 lag = rq->load ? se->vlag : 0;

	/* Joining moves V towards the task: start further off, so that it is @lag behind then. */
	if (lag)
		lag = lag * (s64)(rq->load + se->weight) / (s64)rq->load;
	se->vruntime = virtual_now(rq) - (u64)lag;
	se->deadline = se->vruntime + to_virtual(se, se->slice_ns);
	rq->sum += key(rq, se->vruntime) * se->weight;
	rq->load += se->weight;
}

void fair_leave(struct run_queue *rq, struct sched_entity *se)
{
	s64 limit = (s64)to_virtual(se, se->slice_ns);
	s64 lag = 0;

	if (rq->load != se->weight) {
		lag = (s64)(virtual_now(rq) - se->vruntime);
		lag = lag > limit ? limit : lag < -limit ? -limit : lag;
	} else {
		rq->base = se->vruntime;        /* it was alone */
		rq->sum = 0;
	}
	se->vlag = lag;
	rq->sum -= key(rq, se->vruntime) * se->weight;
	rq->load -= se->weight;
}

void fair_push(struct run_queue *rq, struct sched_entity *se)
{
	struct rb_node **link = &rq->fair.root.node, *parent = NULL;

	se->min_vruntime = se->vruntime;
	while (*link) {
		parent = *link;
		link = (s64)(se->deadline - node_se(parent)->deadline) < 0 ? &parent->left :
									    &parent->right;
	}
	rb_insert_cached(&rq->fair, &se->node, parent, link, fair_update);
	rq->nr_fair++;
}

void fair_pull(struct run_queue *rq, struct sched_entity *se)
{
	rb_erase_cached(&rq->fair, &se->node, fair_update);
	rq->nr_fair--;
}

struct sched_entity *fair_first(struct run_queue *rq)
{
	struct rb_node *n = rq->fair.root.node;

	while (n) {
		if (n->left && is_eligible(rq, node_se(n->left)->min_vruntime))
			n = n->left;
		else if (is_eligible(rq, node_se(n)->vruntime))
			return node_se(n);
		else
			n = n->right;
	}
	/* None of the queued: current alone is eligible, and it is not in the tree. */
	n = rb_first_cached(&rq->fair);
	return n ? node_se(n) : NULL;
}

struct sched_entity *fair_last_for(struct run_queue *rq, uint cpu_id)
{
	for (struct rb_node *n = rb_last(&rq->fair.root); n; n = rb_prev(n))
		if (node_se(n)->affinity >> cpu_id & 1)
			return node_se(n);
	return NULL;
}

void fair_charge(struct run_queue *rq, struct sched_entity *se, u64 delta_ns)
{
	u64 delta = to_virtual(se, delta_ns);

	se->vruntime += delta;
	rq->sum += (s64)(delta * se->weight);
	if (unlikely(key(rq, se->vruntime) > REBASE_AT))
		rebase(rq);
}

u64 fair_slice_left(const struct sched_entity *se)
{
	s64 left = (s64)(se->deadline - se->vruntime);

	return left > 0 ? (u64)left * se->weight / WEIGHT_NICE_0 : 0;
}

void fair_new_slice(struct sched_entity *se)
{
	if ((s64)(se->deadline - se->vruntime) <= 0)
		se->deadline = se->vruntime + to_virtual(se, se->slice_ns);
}

void fair_yield(struct run_queue *rq, struct sched_entity *se)
{
	u64 ahead = virtual_now(rq) + 1;

	if (!rq->nr_fair)
		return;
	if ((s64)(ahead - se->vruntime) > 0) {
		rq->sum += (s64)(ahead - se->vruntime) * se->weight;
		se->vruntime = ahead;
	}
	se->deadline = se->vruntime + to_virtual(se, se->slice_ns);
}

bool fair_preempts(struct run_queue *rq, const struct sched_entity *se,
		   const struct sched_entity *curr)
{
	if (curr->policy == SCHED_IDLE && se->policy != SCHED_IDLE)
		return true;
	return se->policy == SCHED_NORMAL && (s64)(se->deadline - curr->deadline) < 0 &&
	       is_eligible(rq, se->vruntime);
}
