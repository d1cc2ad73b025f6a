/* SPDX-License-Identifier: MIT */
/*
 * Which CPU a task runs on.
 *
 * - A woken task goes to the CPU where it last ran if that is idle (its cache is
 *   there), else to another idle one, else where it was.
 * - A new task goes to an idle CPU, else to the one with the fewest runnable tasks.
 * - A CPU that runs out of work takes a task from the busiest one.
 * - A CPU at the end of a slice, where others wait, wakes an idle CPU to do that,
 *   or gives a task to a CPU that has at least two fewer.
 *
 * So work moves only when somebody is idle or somebody is at the end of a slice: a
 * quiet system does nothing here.
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

static uint least_loaded(u64 allowed)
{
	uint best = bit_lowest(allowed), best_n = ~0u;

	for (u64 left = allowed; left; left &= left - 1) {
		uint cpu = bit_lowest(left);
		uint n = READ_ONCE(cpus[cpu]->rq->nr_running);

		if (n < best_n) {
			best = cpu;
			best_n = n;
		}
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
	if (!is_new && allowed >> prev & 1)
		return prev;
	return least_loaded(allowed);
}

static struct task *stealable(struct run_queue *rq, uint for_cpu)
{
	struct sched_entity *se = rt_last_for(rq, for_cpu);

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
	struct run_queue *busiest = NULL;
	uint most = 1;
	struct cpu *cpu;

	if (cpu_count == 1)
		return false;
	for_each_online_cpu(cpu) {
		uint n = READ_ONCE(cpu->rq->nr_running);

		if (n > most && cpu->rq != rq) {
			busiest = cpu->rq;
			most = n;
		}
	}
	return busiest && pull_from(rq, busiest);
}

/* Have an idle CPU look around (balance_pull()). */
static void idle_wake(uint cpu)
{
	__atomic_fetch_or(&cpus[cpu]->idle->work, WORK_RESCHED, __ATOMIC_SEQ_CST);
	arch_ipi_send(cpu, IPI_RESCHED);
}

void balance_push(struct run_queue *rq, u64 now_ns)
{
	u64 idle = READ_ONCE(sched_idle_mask) & ~BIT(rq->cpu->id);
	struct run_queue *to;
	struct task *t;

	balance_load_update(now_ns);
	if (cpu_count == 1 || rq->nr_running < 2)
		return;
	if (idle) {
		idle_wake(bit_lowest(idle));
		return;
	}
	to = cpus[least_loaded(sched_online_mask())]->rq;
	if (to == rq || READ_ONCE(to->nr_running) + 2 > rq->nr_running ||
	    !lock_bit_try(&to->lock.locked))
		return;
	t = stealable(rq, to->cpu->id);
	if (t) {
		move(rq, to, t);
		rq_resched(to);
	}
	lock_bit_release(&to->lock.locked);
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
