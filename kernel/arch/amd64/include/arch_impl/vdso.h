/* SPDX-License-Identifier: MIT */
#pragma once

#define VDSO_NAME(f) __vdso_##f

#define VDSO_RDTSCP 1u          /* and TSC_AUX is the number of the CPU */

static inline long vdso_syscall2(long nr, long a, long b)
{
	long ret;

	asm volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return ret;
}

static inline bool vdso_cpu(u32 features, u32 *cpu)
{
	if (!(features & VDSO_RDTSCP))
		return false;
	asm volatile("rdtscp" : "=c"(*cpu) :: "eax", "edx");
	return true;
}
