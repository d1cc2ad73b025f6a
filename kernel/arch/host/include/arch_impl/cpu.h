/* SPDX-License-Identifier: MIT */
#pragma once

extern struct cpu cpu_boot;
extern struct task *host_current;
void host_idle(void);
void host_relax(void);

static inline struct cpu *arch_this_cpu(void)
{
	return &cpu_boot;
}

static inline struct task *arch_current(void)
{
	return host_current;
}

static inline void arch_cpu_relax(void)
{
	host_relax();
}

static inline void arch_cpu_idle(void)
{
	host_idle();
}
