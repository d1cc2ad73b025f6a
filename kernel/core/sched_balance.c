/* SPDX-License-Identifier: MIT */
/*
 * Which CPU a task runs on.
 *
 * - A woken task goes to the CPU where it last ran if that is idle (its cache is
 *   there), else to another idle one, else where it was; but not behind a real-time
 *   task, if it may run elsewhere.
 * - A new task goes to an idle CPU, else to the one with the fewest runnable tasks.
 * - A real-time task goes where the least urgent task runs: when it wakes, when it is
 *   preempted, and when a CPU has run out of real-time tasks and looks for one.
 * - A CPU that runs out of work takes a task from the busiest one that has one for it.
 * - A CPU at the end of a slice, where others wait, gives one to an idle CPU, or to
 *   one that has at least two fewer.
 *
 * So work moves only when somebody is idle or somebody is at the end of a slice: a
 * quiet system does nothing here, and no idle CPU is woken without work for it.
 *
 * sched_idle_mask has the CPUs in their idle task.  Whoever chooses an idle CPU
 * clears its bit, so that two wakers choose two; the CPU sets it again when it
 * next goes idle.  The mask is a hint: a wrong bit costs time, nothing else.
 *
 * Locking.  The caller holds the lock of the queue it works on; a second one is only
 * tried, so no order is needed.
 */
#include <gemel/bits.h>
#include <gemel/time.h>

#include <arch/irq.h>

#include "runq.h"

u64 sched_idle_mask;

static bool idle_claim(uint cpu)
{
	u64 bit = BIT(cpu);

	return __atomic_fetch_and(&sched_idle_mask, ~bit, __ATOMIC_SEQ_CST) & bit;
}

/* Runnable tasks; a real-time one that runs leaves little for the others. */
static uint load_of(const struct run_queue *rq)
{
	return READ_ONCE(rq->nr_running) + (READ_ONCE(rq->curr_priority) ? 1 : 0);
}

static uint least_loaded(u64 allowed)
{
	uint best = bit_lowest(allowed), best_n = ~0u;

	for (u64 left = allowed; left; left &= left - 1) {
		uint cpu = bit_lowest(left);
		uint n = load_of(cpus[cpu]->rq);

		if (n < best_n) {
			best = cpu;
			best_n = n;
		}
	}
	return best;
}

/* Of @allowed, the CPU that runs the least urgent task; @prev if none is better. */
static uint least_urgent(u64 allowed, uint prev)
{
	uint best = allowed >> prev & 1 ? prev : bit_lowest(allowed);

	for (u64 left = allowed; left; left &= left - 1) {
		uint cpu = bit_lowest(left);

		if (READ_ONCE(cpus[cpu]->rq->curr_priority) <
		    READ_ONCE(cpus[best]->rq->curr_priority))
			best = cpu;
	}
	return best;
}

uint balance_choose_cpu(struct task *t, bool is_new)
{
	uint prev = t->se.cpu;
	u64 allowed, idle;

	if (cpu_count == 1)
		return 0;
	if (!is_new && (t->se.affinity & READ_ONCE(sched_idle_mask)) >> prev & 1 &&
	    idle_claim(prev))
		return prev;
	allowed = t->se.affinity & sched_online_mask();
	if (!allowed)
		allowed = BIT(0);
	while ((idle = READ_ONCE(sched_idle_mask) & allowed)) {
		uint cpu = bit_lowest(idle);

		if (idle_claim(cpu))
			return cpu;
	}
	if (unlikely(se_is_rt(&t->se)))
		return least_urgent(allowed, prev);
	if (!is_new && allowed >> prev & 1 && !READ_ONCE(cpus[prev]->rq->curr_priority))
		return prev;
	return least_loaded(allowed);
}

static struct task *stealable(struct run_queue *rq, uint for_cpu)
{
	struct sched_entity *se = rt_first_for(rq, for_cpu);

	if (!se)
		se = fair_last_for(rq, for_cpu);
	return se ? se_task(se) : NULL;
}

static void move(struct run_queue *from, struct run_queue *to, struct task *t)
{
	rq_dequeue(from, t);
	WRITE_ONCE(t->se.cpu, to->cpu->id);
	rq_enqueue(to, t);
}

static bool pull_from(struct run_queue *rq, struct run_queue *from)
{
	struct task *t;

	if (!lock_bit_try(&from->lock.locked))
		return false;
	t = from->nr_running > 1 ? stealable(from, rq->cpu->id) : NULL;
	if (t)
		move(from, rq, t);
	lock_bit_release(&from->lock.locked);
	return t != NULL;
}

bool balance_pull(struct run_queue *rq)
{
	struct cpu *cpu;
	u64 left = 0;

	if (cpu_count == 1)
		return false;
	for_each_online_cpu(cpu)
		if (READ_ONCE(cpu->rq->nr_running) > 1 && cpu->rq != rq)
			left |= BIT(cpu->id);
	while (left) {
		uint busiest = bit_lowest(left);

		for (u64 rest = left; rest; rest &= rest - 1)
			if (load_of(cpus[bit_lowest(rest)]->rq) > load_of(cpus[busiest]->rq))
				busiest = bit_lowest(rest);
		if (pull_from(rq, cpus[busiest]->rq))
			return true;
		left &= ~BIT(busiest);
	}
	return false;
}

void balance_pull_rt(struct run_queue *rq)
{
	struct cpu *cpu;

	for_each_online_cpu(cpu)
		if (cpu->rq != rq && rt_first(cpu->rq) && pull_from(rq, cpu->rq))
			return;
}

void balance_push_rt(struct run_queue *rq, struct task *t)
{
	u64 allowed = t->se.affinity & sched_online_mask() & ~BIT(rq->cpu->id);
	struct run_queue *to;

	if (!allowed)
		return;
	to = cpus[least_urgent(allowed, bit_lowest(allowed))]->rq;
	if (to->curr_priority >= t->se.rt_priority || !lock_bit_try(&to->lock.locked))
		return;
	move(rq, to, t);
	rq_resched(to);
	lock_bit_release(&to->lock.locked);
}

/* Give a waiting task to @cpu if that is worth it. */
static bool push_to(struct run_queue *rq, uint cpu)
{
	struct run_queue *to = cpus[cpu]->rq;
	struct task *t = NULL;

	if (to == rq || load_of(to) + 2 > load_of(rq) || !lock_bit_try(&to->lock.locked))
		return false;
	if (load_of(to) + 2 <= load_of(rq))
		t = stealable(rq, cpu);
	if (t) {
		move(rq, to, t);
		rq_resched(to);
	}
	lock_bit_release(&to->lock.locked);
	return t != NULL;
}

void balance_push(struct run_queue *rq, u64 now_ns)
{
	u64 left = cpu_count > 1 ? sched_online_mask() : 0;

	balance_load_update(now_ns);
	while (rq->nr_running > 1 && left) {
		uint cpu = least_loaded(left);

		if (push_to(rq, cpu) || load_of(cpus[cpu]->rq) + 2 > load_of(rq))
			return;
		left &= ~BIT(cpu);
	}
}

/*
 * Load averages: exponential means of the number of runnable tasks, one step each
 * five seconds, fixed point << 16.  There is no tick: steps that nobody took are
 * made up for, with the present number, by the next who looks.
 */
enum { LOAD_STEP_SECONDS = 5, LOAD_STEPS_MAX = 1000 };

/* 2^16 * exp(-5 s / 1, 5, 15 minutes) */
static const u32 load_decay[3] = { 60296, 64453, 65173 };
static struct {
	u32 busy;               /* the bit lock of who takes the steps; others skip */
	u64 next_ns;
	u64 avg[3];
} load = { .next_ns = LOAD_STEP_SECONDS * NSEC_PER_SEC };

static void load_step(u64 running)
{
	for (uint i = 0; i < 3; i++)
		load.avg[i] = (load.avg[i] * load_decay[i] +
			       (running << 16) * (65536 - load_decay[i])) >> 16;
}

void balance_load_update(u64 now_ns)
{
	u64 running;

	if (now_ns < READ_ONCE(load.next_ns))
		return;
	running = sched_nr_running();
	irq_push_off();
	if (!lock_bit_try(&load.busy))
		goto out_pop;
	for (uint n = 0; load.next_ns <= now_ns && n < LOAD_STEPS_MAX; n++) {
		load_step(running);
		load.next_ns += LOAD_STEP_SECONDS * NSEC_PER_SEC;
	}
	if (load.next_ns <= now_ns)
		load.next_ns = now_ns + LOAD_STEP_SECONDS * NSEC_PER_SEC;
	lock_bit_release(&load.busy);
out_pop:
	irq_pop_off();
}

void sched_loadavg(u64 avg[3])
{
	balance_load_update(time_now());
	for (uint i = 0; i < 3; i++)
		avg[i] = READ_ONCE(load.avg[i]);
}
