/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The processors, and data that each has its own copy of.
 *
 * struct cpu is reached through arch_this_cpu() in one instruction.  What
 * subsystems keep per CPU are DEFINE_PER_CPU variables: the linker gathers
 * them in section .percpu (percpu_start .. percpu_end, initialised data);
 * that is CPU 0's copy, every other CPU has a block made by percpu_init().
 */
#include <arch/cpu_state.h>     /* struct arch_cpu */
#include <gemel/boot_info.h>
#include <gemel/compiler.h>

struct run_queue;
struct task;
struct trapframe;

#define MAX_CPUS BOOT_MAX_CPUS

struct cpu {
	struct cpu *self;               /* offsets of the first three: asm_offsets */
	struct task *running;
	ulong kstack_top;               /* of current; where an entry from user mode pushes */
	ulong percpu_offset;            /* add to the address of a DEFINE_PER_CPU variable */
	/* 0 .. cpu_count - 1, also the index into boot_info.cpu_hwid */
	uint id;
	u64 hwid;
	struct task *idle;
	bool online;                    /* atomic; set by the CPU itself in secondary_main() */
	/* This CPU only, interrupts off. */
	uint irqlock_depth;             /* nesting of irq locks (spin.h) */
	bool irqlock_was_enabled;       /* what the outermost irq lock restores */
	const struct trapframe *irq_frame; /* of the last interrupt; for panic */
	struct run_queue *rq;           /* constant (sched.c) */
	struct arch_cpu arch;
};

/* After struct cpu, which bodies of arch_this_cpu() may need. */
#include <arch/cpu.h>

extern uint cpu_count;                  /* CPUs that exist */
extern struct cpu cpu_boot;             /* CPU 0, static: there from the first instruction */
extern struct cpu *cpus[MAX_CPUS];

/* The caller's CPU; the result is stale as soon as preemption is on. */
static inline struct cpu *this_cpu(void)
{
	return arch_this_cpu();
}

static inline uint cpu_id(void)
{
	return arch_this_cpu()->id;
}

#define DEFINE_PER_CPU(type, name)  __section(".percpu") type name
#define DECLARE_PER_CPU(type, name) extern __section(".percpu") type name
/* Pointer to @cpu's copy; to the caller's own copy (preemption off). */
#define per_cpu_ptr(var, cpu) \
	((__typeof__(&(var)))((ulong)&(var) + (cpu)->percpu_offset))
#define this_cpu_ptr(var)           per_cpu_ptr(var, arch_this_cpu())

extern char percpu_start[], percpu_end[];

/* Right after arch_early_init(), from boot_alloc(): struct cpu and per-CPU blocks of all of
 * boot_info's CPUs.  From here on cpus[0 .. cpu_count - 1] and per_cpu_ptr() of each are valid. */
void percpu_init(void);

/* Make idle tasks for the other CPUs, start them and wait until they are online; one that does not
 * come up is reported and left out. */
void smp_start_others(void);

#define for_each_online_cpu(c)                                                  \
	for (uint each_cpu_ = 0; each_cpu_ < cpu_count; each_cpu_++)            \
		if ((c = cpus[each_cpu_]) && READ_ONCE((c)->online))

/*
 * Run @fn(@arg) on every other online CPU, from its interrupt, and wait until all have.  Interrupts
 * on, preemption off or on.  @fn does not sleep.  smp_call_one(): on one.
 */
void smp_call_others(void (*fn)(void *arg), void *arg);
void smp_call_mask(u64 cpu_mask, void (*fn)(void *arg), void *arg);
/* From ipi_dispatch(IPI_CALL): run what other CPUs ask of this one. */
void smp_call_serve(void);
