/* SPDX-License-Identifier: MIT */
#pragma once
/* The run queue of a CPU, private to core/sched*.c. */
#include <gemel/bits.h>
#include <gemel/cpu.h>
#include <gemel/sched.h>
#include <gemel/spin.h>
#include <gemel/task.h>

#define RT_PRIORITIES   100
#define SLICE_BASE_NS   3000000ull      /* fair class */
#define SLICE_RR_NS     100000000ull
#define RT_PERIOD_NS    1000000000ull
#define RT_RUNTIME_NS   950000000ull
#define WEIGHT_NICE_0   1024u
#define WEIGHT_IDLE     3u
#define TIME_NEVER      (~0ull)
#define SAMPLE_NS       (10ull * NSEC_PER_MSEC)

struct run_queue {
	/* Constant. */
	struct cpu *cpu;
	struct task *idle;

	struct irqlock lock;                    /* rank RUNQ; held across a switch */
	/* the running one; it is in neither class's queue */
	struct task *curr;
	uint nr_running;                        /* read by others without the lock; without idle */
	u64 slice_end_ns;                       /* of current, TIME_NEVER: nobody waits for it */
	u64 sample_ns;                          /* when current is looked at, at the latest */
	bool slice_is_over;                     /* current goes behind its equals */
	u8 curr_priority;                       /* real time; read by others without the lock */
	u64 switches;

	/* Fair class: sums over queued tasks and a fair current (sched_fair.c). */
	struct rb_root_cached fair;             /* by deadline */
	u64 base;                               /* virtual ns that sums are relative to */
	s64 sum;                                /* of weight * (vruntime - base) */
	u64 load;                               /* of weight */
	uint nr_fair;                           /* without current */

	/* Real-time class. */
	u64 rt_map[2];                          /* bit: that list is not empty */
	u64 rt_period_end_ns, rt_used_ns;
	struct list rt[RT_PRIORITIES];
};

static inline struct run_queue *this_rq(void)
{
	return arch_this_cpu()->rq;
}

static inline bool se_is_rt(const struct sched_entity *se)
{
	return se->rt_priority != 0;
}

static inline struct task *se_task(struct sched_entity *se)
{
	return container_of(se, struct task, se);
}

/*
 * The two classes.  Lock: rq->lock.
 *	join	becomes runnable on this queue (counted), not queued: place it
 *	leave	is runnable here no more
 *	push	into the class's queue; it is not current (any more)
 *	pull	out of it
 *	first	the one to run next, or NULL; stays queued
 */
void fair_init(struct run_queue *rq);
void fair_join(struct run_queue *rq, struct sched_entity *se);
void fair_leave(struct run_queue *rq, struct sched_entity *se);
void fair_push(struct run_queue *rq, struct sched_entity *se);
void fair_pull(struct run_queue *rq, struct sched_entity *se);
struct sched_entity *fair_first(struct run_queue *rq);
/* A queued task that may run on @cpu_id, one of the least urgent, or NULL. */
struct sched_entity *fair_last_for(struct run_queue *rq, uint cpu_id);
/* Charge @delta ns to the running @se. */
void fair_charge(struct run_queue *rq, struct sched_entity *se, u64 delta_ns);
/* How long the slice of @se still is, in real ns. */
u64 fair_slice_left(const struct sched_entity *se);
/* The slice is used up: the next one. */
void fair_new_slice(struct sched_entity *se);
/* Let the others go first. */
void fair_yield(struct run_queue *rq, struct sched_entity *se);
/* Should the queued @se run instead of the running @curr? */
bool fair_preempts(struct run_queue *rq, const struct sched_entity *se,
		   const struct sched_entity *curr);

void rt_init(struct run_queue *rq);
void rt_push(struct run_queue *rq, struct sched_entity *se, bool at_head);
void rt_pull(struct run_queue *rq, struct sched_entity *se);
struct sched_entity *rt_first(struct run_queue *rq);
/* The most urgent one queued that may run on @cpu_id, or NULL. */
struct sched_entity *rt_first_for(struct run_queue *rq, uint cpu_id);
void rt_charge(struct run_queue *rq, struct sched_entity *se, u64 delta_ns);
/* When the running @se goes behind its equals, or has used up what the class may; TIME_NEVER. */
u64 rt_slice_end(struct run_queue *rq, const struct sched_entity *se, u64 now_ns);
bool rt_slice_is_over(const struct sched_entity *se);
/* Has the class used up its part of the period, and does a fair task wait? */
bool rt_is_throttled(struct run_queue *rq, u64 now_ns);

/* sched.c.  Lock: rq->lock. */
void rq_enqueue(struct run_queue *rq, struct task *t);
void rq_dequeue(struct run_queue *rq, struct task *t);
void rq_charge_current(struct run_queue *rq, u64 now_ns);
void rq_resched(struct run_queue *rq);
u64 sched_online_mask(void);

/* sched_balance.c. */
/* atomic: CPUs in their idle task, not yet claimed */
extern u64 sched_idle_mask;
/* Where @t, which is off its stack, should run; the lock of its old queue. */
uint balance_choose_cpu(struct task *t, bool is_new);
/* This CPU has nothing to run: take a task from a busy one.  rq->lock; others' only by trying. */
bool balance_pull(struct run_queue *rq);
/* The real-time task @t has been preempted: does another CPU run something less urgent? */
void balance_push_rt(struct run_queue *rq, struct task *t);
/* This CPU has no real-time task any more: does one wait elsewhere? */
void balance_pull_rt(struct run_queue *rq);
/* This CPU is busy and has been for a slice: give a task away.  rq->lock. */
void balance_push(struct run_queue *rq, u64 now_ns);
void balance_load_update(u64 now_ns);
