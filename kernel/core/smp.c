/* SPDX-License-Identifier: MIT */
/*
 * Several processors: starting them, and having them run a function.
 *
 * A CPU has one outgoing call at a time (its struct call: it waits for the answers
 * with preemption off) and a word of incoming ones, a bit for each caller:
 *
 *	caller c			target t
 *	call[c] = fn, arg, waiting
 *	incoming[t] |= bit c		bits = exchange(incoming[t], 0)
 *	IPI				for each bit: run call[c].fn
 *	spin until waiting is 0		call[c].waiting &= ~bit t	(release)
 *
 * The caller has interrupts on while it spins, so it serves calls meanwhile: two
 * CPUs that call each other, or a ring of them, all proceed.  No lock is involved.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/irqflags.h>
#include <arch/trap.h>

#include <gemel/assert.h>
#include <gemel/bits.h>
#include <gemel/cpu.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/task.h>
#include <gemel/time.h>

#define LOG_TAG "smp"
#define START_TIMEOUT_NS NSEC_PER_SEC

struct call {
	void (*fn)(void *arg);
	void *arg;
	u64 waiting;            /* atomic: targets that have not run it yet */
	u64 incoming;           /* atomic: callers of this CPU */
};

static DEFINE_PER_CPU(struct call, calls);

static struct call *call_of(uint cpu)
{
	return per_cpu_ptr(calls, cpus[cpu]);
}

void smp_call_serve(void)
{
	uint me = cpu_id();
	u64 callers = __atomic_exchange_n(&call_of(me)->incoming, 0, __ATOMIC_ACQ_REL);

	for (; callers; callers &= callers - 1) {
		struct call *c = call_of(bit_lowest(callers));

		c->fn(c->arg);
		__atomic_fetch_and(&c->waiting, ~BIT(me), __ATOMIC_ACQ_REL);
	}
}

void smp_call_mask(u64 cpu_mask, void (*fn)(void *arg), void *arg)
{
	struct call *mine;
	uint me;

	preempt_disable();
	ASSERT(arch_irq_enabled() || cpu_count == 1);
	me = cpu_id();
	mine = call_of(me);
	mine->fn = fn;
	mine->arg = arg;
	cpu_mask &= ~BIT(me);
	WRITE_ONCE(mine->waiting, cpu_mask);
	for (u64 left = cpu_mask; left; left &= left - 1) {
		uint cpu = bit_lowest(left);

		__atomic_fetch_or(&call_of(cpu)->incoming, BIT(me), __ATOMIC_ACQ_REL);
		arch_ipi_send(cpu, IPI_CALL);
	}
	while (load_acquire(&mine->waiting))
		arch_cpu_relax();
	preempt_enable();
}

void smp_call_others(void (*fn)(void *arg), void *arg)
{
	struct cpu *cpu;
	u64 mask = 0;

	for_each_online_cpu(cpu)
		mask |= BIT(cpu->id);
	smp_call_mask(mask, fn, arg);
}

/* The other CPU comes in here, on its idle task's stack, after arch_cpu_init(). */
void secondary_main(void)
{
	store_release(&this_cpu()->online, true);       /* pairs with wait_online() */
	sched_idle();
}

static bool wait_online(struct cpu *cpu)
{
	u64 deadline = time_now() + START_TIMEOUT_NS;

	while (!load_acquire(&cpu->online)) {
		if (time_now() > deadline)
			return false;
		arch_cpu_relax();
	}
	return true;
}

static void start_one(struct cpu *cpu)
{
	char name[TASK_NAME_LEN];
	struct task *idle;
	int err;

	scnprintf(name, sizeof(name), "idle/%u", cpu->id);
	idle = task_alloc(name);
	if (!idle) {
		log_err("CPU %u: no memory for its idle task", cpu->id);
		return;
	}
	sched_init_cpu(cpu, idle);
	cpu->kstack_top = (ulong)idle->kstack + KSTACK_SIZE;
	err = arch_cpu_start(cpu);
	if (err < 0)
		log_err("CPU %u: cannot be started: error %d", cpu->id, -err);
	else if (!wait_online(cpu))
		log_err("CPU %u: does not come up", cpu->id);
}

void smp_start_others(void)
{
	uint n = 1;

	for (uint i = 1; i < cpu_count; i++) {
		start_one(cpus[i]);
		n += READ_ONCE(cpus[i]->online);
	}
	log_info("%u of %u CPUs online", n, cpu_count);
}
