/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's core: states, switching, waking.
 *
 * Each CPU has a run queue.  A task belongs to the queue of CPU se.cpu: that
 * queue's lock guards its scheduling fields and every change of state by others.
 *
 * States, as the scheduler sees them:
 *
 *	state		on_rq	on_cpu
 *	NEW		-	-	task_start() queues it
 *	RUNNING		yes	-	queued
 *	any but ZOMBIE	yes	yes	runs; it has announced a sleep if not RUNNING
 *	sleeping	-	yes	in the middle of its last switch: queue locked
 *	sleeping	-	-	task_wake_state() queues it
 *	RUNNING		-	-	woken or moved, on its way to another queue
 *	ZOMBIE		-	-	gone; sched_finish_switch() drops the reference
 *
 * A task announces a sleep by storing its own state, without a lock; it goes to
 * sleep in schedule(), which looks at the state again under the queue's lock.  A
 * waker changes the state to RUNNING under that lock.  So either the waker comes
 * first, and schedule() keeps the task, or schedule() does, and the waker queues it.
 *
 * The lock is held across arch_switch(): taken by the task that leaves, released in
 * sched_finish_switch() by the task that comes, after on_cpu of the former is
 * clear.  So whoever holds the queue's lock and sees a task neither queued nor
 * current knows that its stack is unused: it may be moved to another CPU and run
 * there at once.  Nobody ever spins on on_cpu.
 *
 * Moving: se.cpu changes under the old queue's lock, while the task is in no queue;
 * then the new queue's lock is taken.  Only the one who changed the state to
 * RUNNING does this, or who took the task out of the old queue: there is only one.  Two queues are
 * locked together only by trying for the second.
 *
 * Preemption.  WORK_RESCHED in task->work asks for a switch.  It is honoured on
 * return to user mode, at the end of an interrupt in kernel mode, when preempt_count
 * falls to 0, and when the outermost irq lock is released.  A preempted task keeps
 * its place in the queue whatever state it has announced.
 *
 * Interrupts.  From the disabling in schedule() to the enabling after the switch
 * they are off, in both tasks; the nesting count of irq locks is 0 at the switch,
 * and the queue's lock is taken by its bare bit, so nothing per CPU has to be handed over.
 *
 * Real time.  While a fair task waits, tasks of the real-time class have RT_RUNTIME_NS of
 * each RT_PERIOD_NS of a CPU, as Linux's default is; nobody starves.
 *
 * Time.  No tick on an idle CPU.  A task that runs for long is looked at every SAMPLE_NS, to
 * tell user from system time.  A slice has an end only while somebody waits for the CPU:
 * rq->slice_end_ns, for which the CPU's timer is armed (sched_timer()).  CPU time is
 * charged when a slice or a stay ends.
 */
#include <gemel/sched.h>

#include <arch/mmu.h>
#include <arch/time.h>
#include <uapi/errno.h>

#include <gemel/address_space.h>
#include <gemel/assert.h>
#include <gemel/irq.h>
#include <gemel/process.h>
#include <gemel/string.h>
#include <gemel/time.h>
#include <gemel/trace.h>

#include "runq.h"

static DEFINE_PER_CPU(struct run_queue, run_queues);

bool sched_is_running;

/* Weights of nice -20 .. 19: each step is a factor of 1.25. */
static const u32 nice_weights[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
	1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
	110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
};

static u32 policy_weight(uint policy, int nice)
{
	return policy == SCHED_IDLE ? WEIGHT_IDLE : nice_weights[nice + 20];
}

static void rq_lock_bare(struct run_queue *rq)
{
	lock_bit_acquire(&rq->lock.locked);
}

static void rq_unlock_bare(struct run_queue *rq)
{
	lock_bit_release(&rq->lock.locked);
}

/* Lock the queue that @t belongs to. */
static struct run_queue *task_rq_lock(struct task *t) __no_lock_analysis
{
	for (;;) {
		uint cpu = READ_ONCE(t->se.cpu);
		struct run_queue *rq = cpus[cpu]->rq;

		irq_lock(&rq->lock);
		if (likely(t->se.cpu == cpu))
			return rq;
		irq_unlock(&rq->lock);
	}
}

static void rq_unlock(struct run_queue *rq) __no_lock_analysis
{
	irq_unlock(&rq->lock);
}

/* Accounting. */

/*
 * Interrupts that came since the last charge say where the time was spent; if there were none, it
 * was where the last ones found the task.  What is not system time is the program's.
 */
static void charge_modes(struct task *t, u64 delta)
{
	u32 user = t->ticks_user, all = user + t->ticks_system;

	if (all) {
		t->system_ns += delta - delta / all * user;
		t->is_seen_in_kernel = user * 2 < all;
		t->ticks_user = t->ticks_system = 0;
	} else if (!t->as || t->is_seen_in_kernel) {
		t->system_ns += delta;
	}
}

void rq_charge_current(struct run_queue *rq, u64 now_ns)
{
	struct task *t = rq->curr;
	struct sched_entity *se = &t->se;
	s64 delta = (s64)(now_ns - se->exec_start_ns);

	if (delta <= 0)
		return;
	se->exec_start_ns = now_ns;
	se->run_ns += (u64)delta;
	charge_modes(t, (u64)delta);
	if (!se->on_rq)
		return;
	if (se_is_rt(se))
		rt_charge(rq, se, (u64)delta);
	else
		fair_charge(rq, se, (u64)delta);
}

/* Queues. */

static void rq_push(struct run_queue *rq, struct task *t, bool at_head)
{
	if (unlikely(se_is_rt(&t->se)))
		rt_push(rq, &t->se, at_head);
	else
		fair_push(rq, &t->se);
}

static void rq_pull(struct run_queue *rq, struct task *t)
{
	if (unlikely(se_is_rt(&t->se)))
		rt_pull(rq, &t->se);
	else
		fair_pull(rq, &t->se);
}

static void rq_join(struct run_queue *rq, struct task *t)
{
	t->se.on_rq = true;
	WRITE_ONCE(rq->nr_running, rq->nr_running + 1);
	if (!se_is_rt(&t->se))
		fair_join(rq, &t->se);
}

static void rq_leave(struct run_queue *rq, struct task *t)
{
	t->se.on_rq = false;
	WRITE_ONCE(rq->nr_running, rq->nr_running - 1);
	if (!se_is_rt(&t->se))
		fair_leave(rq, &t->se);
}

void rq_enqueue(struct run_queue *rq, struct task *t)
{
	rq_join(rq, t);
	rq_push(rq, t, false);
}

void rq_dequeue(struct run_queue *rq, struct task *t)
{
	rq_pull(rq, t);
	rq_leave(rq, t);
}

void rq_resched(struct run_queue *rq)
{
	u32 old = __atomic_fetch_or(&rq->curr->work, WORK_RESCHED, __ATOMIC_SEQ_CST);

	if (!(old & WORK_RESCHED) && rq != this_rq())
		arch_ipi_send(rq->cpu->id, IPI_RESCHED);
}

static bool preempts_current(struct run_queue *rq, const struct sched_entity *se)
{
	const struct sched_entity *curr = &rq->curr->se;

	if (rq->curr == rq->idle)
		return true;
	if (se_is_rt(se) || se_is_rt(curr))
		return se->rt_priority > curr->rt_priority;
	return fair_preempts(rq, se, curr);
}

/* When does the stay of current end?  TIME_NEVER: nobody waits for that. */
static u64 slice_end(struct run_queue *rq, u64 now_ns)
{
	const struct sched_entity *se = &rq->curr->se;

	if (rq->nr_running < 2)
		return TIME_NEVER;
	if (se_is_rt(se))
		return rt_slice_end(rq, se, now_ns);
	if (rt_first(rq))               /* they wait for their next period */
		return MIN(now_ns + fair_slice_left(se), rq->rt_period_end_ns);
	return now_ns + fair_slice_left(se);
}

/* Give current's stay an end if somebody waits, and have it sampled; on its own CPU. */
static void slice_arm(struct run_queue *rq, u64 now_ns)
{
	rq->slice_end_ns = TIME_NEVER;
	if (rq->curr == rq->idle)
		return;
	rq->slice_end_ns = slice_end(rq, now_ns);
	if (rq->sample_ns <= now_ns)
		rq->sample_ns = now_ns + SAMPLE_NS;
	timer_arm(MIN(rq->slice_end_ns, rq->sample_ns));
}

/* @t has been queued: does it run at once, or at the end of a slice? */
static void rq_notice(struct run_queue *rq, struct task *t, u64 now_ns)
{
	if (preempts_current(rq, &t->se))
		rq_resched(rq);
	else if (rq->slice_end_ns != TIME_NEVER)
		return;
	else if (rq == this_rq())
		slice_arm(rq, now_ns);
	else
		arch_ipi_send(rq->cpu->id, IPI_RESCHED);        /* arms it there */
}

/* Put @t, off its stack, on the queue of @cpu. */
static void task_place(struct task *t, uint cpu) __no_lock_analysis
{
	struct run_queue *rq = cpus[cpu]->rq;
	u64 now = time_now();

	irq_lock(&rq->lock);
	rq_charge_current(rq, now);
	rq_enqueue(rq, t);
	rq_notice(rq, t, now);
	irq_unlock(&rq->lock);
}

/* Waking. */

bool task_wake_state(struct task *t, uint states) __no_lock_analysis
{
	struct run_queue *rq;
	uint cpu;

	smp_mb();       /* pairs with wait_prepare(): what we woke for, then its state */
	if (!(BIT(READ_ONCE(t->state)) & states))
		return false;
	rq = task_rq_lock(t);
	if (!(BIT(READ_ONCE(t->state)) & states)) {
		rq_unlock(rq);
		return false;
	}
	WRITE_ONCE(t->state, TASK_RUNNING);
	trace(TRACE_WAKE, (ulong)t->tid, (ulong)current->tid);
	if (t->se.on_rq) {
		rq_unlock(rq);
		return true;
	}
	cpu = balance_choose_cpu(t, false);
	if (likely(cpu == rq->cpu->id)) {
		u64 now = time_now();

		rq_charge_current(rq, now);
		rq_enqueue(rq, t);
		rq_notice(rq, t, now);
		rq_unlock(rq);
		return true;
	}
	WRITE_ONCE(t->se.cpu, cpu);
	rq_unlock(rq);
	task_place(t, cpu);
	return true;
}

bool task_wake(struct task *t)
{
	return task_wake_state(t, BIT(TASK_SLEEPING) | BIT(TASK_KILLABLE) | BIT(TASK_BLOCKED));
}

void task_start(struct task *t)
{
	ASSERT(t->state == TASK_NEW);
	task_get(t);
	WRITE_ONCE(t->state, TASK_RUNNING);
	t->se.cpu = balance_choose_cpu(t, true);
	task_place(t, t->se.cpu);
}

void task_set_work(struct task *t, u32 bits)
{
	__atomic_fetch_or(&t->work, bits, __ATOMIC_SEQ_CST);
	smp_mb();       /* pairs with the switch: it runs and sees the bits, or is seen running */
	if (t != current && READ_ONCE(t->on_cpu))
		arch_ipi_send(READ_ONCE(t->se.cpu), IPI_RESCHED);
}

/* Switching. */

static struct task *rq_pick(struct run_queue *rq, u64 now_ns)
{
	struct sched_entity *se = rt_first(rq);

	if (likely(!se) || rt_is_throttled(rq, now_ns))
		se = fair_first(rq);
	if (!se)
		return NULL;
	rq_pull(rq, se_task(se));
	return se_task(se);
}

/* May @prev not stay here?  Then it goes as soon as it is off its stack. */
static bool must_move(struct run_queue *rq, const struct task *prev)
{
	return unlikely(!(prev->se.affinity >> rq->cpu->id & 1)) && prev != rq->idle &&
	       READ_ONCE(prev->state) == TASK_RUNNING;
}

/* Current leaves the CPU: back into the queue, or out of it. */
static void put_current(struct run_queue *rq, struct task *prev, bool preempted)
{
	if (prev == rq->idle)
		return;
	if (must_move(rq, prev)) {
		rq_leave(rq, prev);
		return;
	}
	if (!preempted && READ_ONCE(prev->state) != TASK_RUNNING) {
		rq_leave(rq, prev);
		prev->nvcsw++;
		return;
	}
	if (!se_is_rt(&prev->se))
		fair_new_slice(&prev->se);
	else if (rq->slice_is_over)
		prev->se.rr_left_ns = SLICE_RR_NS;
	rq_push(rq, prev, preempted && !rq->slice_is_over);
}

static void idle_mark(struct run_queue *rq, bool is_idle)
{
	u64 bit = BIT(rq->cpu->id);

	if (is_idle)
		__atomic_fetch_or(&sched_idle_mask, bit, __ATOMIC_SEQ_CST);
	else if (READ_ONCE(sched_idle_mask) & bit)
		__atomic_fetch_and(&sched_idle_mask, ~bit, __ATOMIC_SEQ_CST);
}

static void switch_to(struct run_queue *rq, struct task *prev, struct task *next)
{
	if (unlikely(prev == rq->idle))
		idle_mark(rq, false);
	if (unlikely(next == rq->idle))
		idle_mark(rq, true);
	rq->switches++;
	next->on_cpu = true;
	trace(TRACE_SWITCH, (ulong)prev->tid, (ulong)next->tid);
	arch_mmu_activate(next->as ? &next->as->mmu : NULL);
	sched_finish_switch(arch_switch(prev, next));
}

/* Interrupts off. */
static void reschedule(bool preempted)
{
	struct run_queue *rq = this_rq();
	struct task *prev = rq->curr, *next;
	u64 now = time_now();

	DEBUG_ASSERT(prev == current && prev->preempt_count == 0);
	DEBUG_ASSERT(rq->cpu->irqlock_depth == 0);
	rq_lock_bare(rq);
	__atomic_fetch_and(&prev->work, ~WORK_RESCHED, __ATOMIC_RELAXED);
	rq_charge_current(rq, now);
	put_current(rq, prev, preempted);
	rq->slice_is_over = false;
	if (unlikely(se_is_rt(&prev->se)) && !rt_first(rq))
		balance_pull_rt(rq);
	next = rq_pick(rq, now);
	if (!next && balance_pull(rq))
		next = rq_pick(rq, now);
	if (!next)
		next = rq->idle;
	next->se.exec_start_ns = now;
	if (next == prev) {
		slice_arm(rq, now);
		rq_unlock_bare(rq);
		return;
	}
	if (preempted)
		prev->nivcsw++;
	rq->curr = next;
	WRITE_ONCE(rq->curr_priority, next->se.rt_priority);
	slice_arm(rq, now);
	switch_to(rq, prev, next);
}

void sched_finish_switch(struct task *prev)
{
	struct run_queue *rq = this_rq();
	uint state = READ_ONCE(prev->state);
	bool is_off = !prev->se.on_rq && prev != rq->idle;

	prev->on_cpu = false;
	if (unlikely(se_is_rt(&prev->se)) && prev->se.on_rq)
		balance_push_rt(rq, prev);
	if (unlikely(is_off && state == TASK_RUNNING)) {
		uint cpu = balance_choose_cpu(prev, true);

		WRITE_ONCE(prev->se.cpu, cpu);
		rq_unlock_bare(rq);
		task_place(prev, cpu);
		return;
	}
	rq_unlock_bare(rq);
	if (unlikely(is_off && state == TASK_ZOMBIE))
		task_put(prev);
}

void schedule(void)
{
	might_sleep();
	arch_irq_disable();
	reschedule(false);
	arch_irq_enable();
}

void sched_yield(void)
{
	struct run_queue *rq;

	might_sleep();
	arch_irq_disable();
	rq = this_rq();
	rq_lock_bare(rq);
	rq_charge_current(rq, time_now());
	if (!se_is_rt(&current->se))
		fair_yield(rq, &current->se);
	rq->slice_is_over = true;
	rq_unlock_bare(rq);
	reschedule(true);
	arch_irq_enable();
}

void sched_exit(void)
{
	ASSERT(current->preempt_count == 0);
	arch_irq_disable();
	WRITE_ONCE(current->state, TASK_ZOMBIE);
	reschedule(false);
	panic("sched: a dead task runs");
}

void preempt_check(void)
{
	while (arch_irq_enabled() && READ_ONCE(current->work) & WORK_RESCHED &&
	       current->preempt_count == 0) {
		arch_irq_disable();
		reschedule(true);
		arch_irq_enable();
	}
}

void kernel_return_work(void)
{
	while (READ_ONCE(current->work) & WORK_RESCHED && current->preempt_count == 0)
		reschedule(true);
}

void sched_timer(u64 now_ns)
{
	struct run_queue *rq = this_rq();

	if (rq->curr == rq->idle)
		return;
	rq_lock_bare(rq);
	if (rq->slice_end_ns <= now_ns) {
		rq_charge_current(rq, now_ns);
		balance_push(rq, now_ns);
		rq->slice_is_over = !se_is_rt(&rq->curr->se) || rt_slice_is_over(&rq->curr->se);
		rq_resched(rq);
		rq_unlock_bare(rq);
		return;
	}
	if (rq->sample_ns <= now_ns) {
		rq_charge_current(rq, now_ns);
		rq->sample_ns = now_ns + SAMPLE_NS;
	}
	if (rq->slice_end_ns == TIME_NEVER)
		slice_arm(rq, now_ns);
	else
		timer_arm(MIN(rq->slice_end_ns, rq->sample_ns));
	rq_unlock_bare(rq);
}

void sched_idle(void)
{
	arch_irq_disable();
	sched_is_running = true;
	idle_mark(this_rq(), true);
	/* Bringing the CPU up was no idling. */
	current->se.exec_start_ns = time_now();
	current->se.run_ns = 0;
	for (;;) {
		while (READ_ONCE(current->work) & WORK_RESCHED)
			reschedule(false);
		arch_cpu_idle();
	}
}

/* Start. */

void sched_fork(struct task *t)
{
	struct sched_entity *se = &t->se, *from = &current->se;

	se->policy = from->policy;
	se->rt_priority = se->own_priority = from->own_priority;
	se->nice = from->nice;
	se->weight = from->weight;
	se->slice_ns = from->slice_ns;
	se->rr_left_ns = SLICE_RR_NS;
	se->affinity = from->affinity;
	se->cpu = from->cpu;
	rb_node_init(&se->node);
	list_init(&se->rt_link);
	if (unlikely(from->reset_on_fork && (from->own_priority || from->nice < 0))) {
		if (from->own_priority)
			se->policy = SCHED_NORMAL;
		se->rt_priority = se->own_priority = 0;
		se->nice = 0;
		se->weight = policy_weight(se->policy, 0);
	}
}

static void idle_prepare(struct cpu *cpu, struct task *idle)
{
	struct sched_entity *se = &idle->se;

	se->policy = SCHED_IDLE;
	se->weight = WEIGHT_IDLE;
	se->slice_ns = SLICE_BASE_NS;
	se->affinity = BIT(cpu->id);
	se->cpu = cpu->id;
	idle->state = TASK_RUNNING;
	idle->on_cpu = true;
	idle->is_kernel = true;
	cpu->idle = idle;
	cpu->running = idle;
}

void sched_init_cpu(struct cpu *cpu, struct task *idle)
{
	struct run_queue *rq = per_cpu_ptr(run_queues, cpu);

	idle_prepare(cpu, idle);
	irqlock_init(&rq->lock, LOCK_RANK_RUNQ);
	rq->cpu = cpu;
	rq->idle = rq->curr = idle;
	rq->slice_end_ns = TIME_NEVER;
	fair_init(rq);
	rt_init(rq);
	cpu->rq = rq;
}

void sched_init(void)
{
	sched_init_cpu(&cpu_boot, current);
}

/* Policy.  The task leaves its queue, changes, and comes back. */

static struct run_queue *policy_begin(struct task *t, bool *was_queued, bool *was_current)
{
	struct run_queue *rq = task_rq_lock(t);

	rq_charge_current(rq, time_now());
	*was_current = rq->curr == t;
	*was_queued = t->se.on_rq && !*was_current;
	if (*was_queued)
		rq_pull(rq, t);
	if (t->se.on_rq && !se_is_rt(&t->se))
		fair_leave(rq, &t->se);
	return rq;
}

static void policy_end(struct run_queue *rq, struct task *t, bool was_queued, bool was_current)
{
	if (t->se.on_rq && !se_is_rt(&t->se))
		fair_join(rq, &t->se);
	if (was_queued)
		rq_push(rq, t, false);
	if (was_current) {
		WRITE_ONCE(rq->curr_priority, t->se.rt_priority);
		rq_resched(rq);
	} else if (was_queued) {
		rq_notice(rq, t, time_now());
	}
	rq_unlock(rq);
}

int sched_set_policy(struct task *t, uint policy, uint rt_priority)
{
	bool is_rt = policy == SCHED_FIFO || policy == SCHED_RR;
	bool queued, running;
	struct run_queue *rq;

	if (!is_rt && policy != SCHED_NORMAL && policy != SCHED_BATCH && policy != SCHED_IDLE)
		return -EINVAL;
	if (is_rt ? rt_priority < 1 || rt_priority >= RT_PRIORITIES : rt_priority != 0)
		return -EINVAL;
	rq = policy_begin(t, &queued, &running);
	t->se.policy = (u8)policy;
	t->se.own_priority = (u8)rt_priority;
	t->se.rt_priority = MAX(t->se.own_priority, t->se.lent_priority);
	t->se.weight = policy_weight(policy, t->se.nice);
	policy_end(rq, t, queued, running);
	return 0;
}

void sched_boost(struct task *t, uint rt_priority)
{
	bool queued, running;
	struct run_queue *rq;

	if (READ_ONCE(t->se.lent_priority) == rt_priority)
		return;
	rq = policy_begin(t, &queued, &running);
	t->se.lent_priority = (u8)rt_priority;
	t->se.rt_priority = MAX(t->se.own_priority, t->se.lent_priority);
	policy_end(rq, t, queued, running);
}

void sched_set_nice(struct task *t, int nice)
{
	bool queued, running;
	struct run_queue *rq;

	ASSERT(nice >= -20 && nice <= 19);
	rq = policy_begin(t, &queued, &running);
	t->se.nice = (s8)nice;
	t->se.weight = policy_weight(t->se.policy, nice);
	policy_end(rq, t, queued, running);
}

/* A queued @t may not stay on @rq: take it along.  Drops the lock. */
static void move_queued(struct run_queue *rq, struct task *t)
{
	rq_dequeue(rq, t);
	WRITE_ONCE(t->se.cpu, balance_choose_cpu(t, true));
	rq_unlock(rq);
	task_place(t, t->se.cpu);
}

u64 sched_online_mask(void)
{
	struct cpu *cpu;
	u64 mask = 0;

	for_each_online_cpu(cpu)
		mask |= BIT(cpu->id);
	return mask;
}

/* Wait until a running @t has left the CPU that it may not use any more. */
static void wait_moved(const struct task *t)
{
	while (READ_ONCE(t->on_cpu) &&
	       !(READ_ONCE(t->se.affinity) >> READ_ONCE(t->se.cpu) & 1))
		arch_cpu_relax();
}

/*
 * A running task goes when it next leaves its CPU, which is made to happen at once: must_move().
 * A queued one also goes when a CPU that it may use now is idle.
 */
int sched_set_affinity(struct task *t, u64 mask)
{
	struct run_queue *rq;

	if (!(mask & sched_online_mask()))
		return -EINVAL;
	rq = task_rq_lock(t);
	t->se.affinity = mask;
	if (rq->curr != t && t->se.on_rq &&
	    (!(mask >> rq->cpu->id & 1) || mask & READ_ONCE(sched_idle_mask))) {
		move_queued(rq, t);
	} else if (rq->curr == t && !(mask >> rq->cpu->id & 1)) {
		rq_resched(rq);
		rq_unlock(rq);
		if (t != current && can_sleep())
			wait_moved(t);
	} else {
		rq_unlock(rq);
	}
	return 0;
}

/* Figures. */

u64 task_run_ns(struct task *t)
{
	struct run_queue *rq = task_rq_lock(t);
	u64 ns;

	if (rq->curr == t)
		rq_charge_current(rq, time_now());
	ns = t->se.run_ns;
	rq_unlock(rq);
	return ns;
}

uint sched_nr_running(void)
{
	struct cpu *cpu;
	uint n = 0;

	for_each_online_cpu(cpu)
		n += READ_ONCE(cpu->rq->nr_running);
	return n;
}

u64 sched_idle_ns(struct cpu *cpu)
{
	return task_run_ns(cpu->idle);
}

u64 sched_context_switches(void)
{
	struct cpu *cpu;
	u64 n = 0;

	for_each_online_cpu(cpu)
		n += READ_ONCE(cpu->rq->switches);
	return n;
}
