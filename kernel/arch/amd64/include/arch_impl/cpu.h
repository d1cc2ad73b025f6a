/* SPDX-License-Identifier: MIT */
#pragma once
/* In the kernel GS base is the struct cpu; its first two members are self and current. */

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	asm volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* Not volatile: for the code of one task it never changes. */
static inline struct task *arch_current(void)
{
	struct task *t;

	asm("movq %%gs:8, %0" : "=r"(t));
	return t;
}

static inline void arch_cpu_relax(void)
{
	asm volatile("pause" ::: "memory");
}

/* sti takes effect after the next instruction. */
static inline void arch_cpu_idle(void)
{
	asm volatile("sti\n\thlt\n\tcli" ::: "memory");
}
