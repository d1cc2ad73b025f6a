/* SPDX-License-Identifier: MIT */
#pragma once
/* A real port keeps both in registers: they are read everywhere. */
extern struct cpu *none_this_cpu;
extern struct task *none_current;

static inline struct cpu *arch_this_cpu(void)
{
	return none_this_cpu;
}

static inline struct task *arch_current(void)
{
	return none_current;
}

static inline void arch_cpu_relax(void)
{
}

static inline void arch_cpu_idle(void)
{
}
