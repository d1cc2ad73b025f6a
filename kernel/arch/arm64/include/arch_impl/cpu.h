/* SPDX-License-Identifier: MIT */
#pragma once
/* In the kernel SP_EL0 holds the running task and TPIDR_EL1 the struct cpu. */

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	asm volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	return cpu;
}

/* Not volatile: it is the same value for as long as the code that asks runs. */
static inline struct task *arch_current(void)
{
	struct task *t;

	asm("mrs %0, sp_el0" : "=r"(t));
	return t;
}

static inline void arch_cpu_relax(void)
{
	asm volatile("yield" ::: "memory");
}

/* WFI wakes for a masked interrupt too, so none can be lost between the two. */
static inline void arch_cpu_idle(void)
{
	asm volatile("dsb sy\n\twfi\n\tmsr daifclr, #2\n\tisb\n\tmsr daifset, #2" ::: "memory");
}
