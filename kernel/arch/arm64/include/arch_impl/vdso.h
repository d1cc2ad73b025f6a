/* SPDX-License-Identifier: MIT */
#pragma once

#define VDSO_NAME(f) __kernel_##f

static inline long vdso_syscall2(long nr, long a, long b)
{
	register long x8 asm("x8") = nr;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;

	asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	return x0;
}

/* No register that user mode can read tells it. */
static inline bool vdso_cpu(u32 features __unused, u32 *cpu __unused)
{
	return false;
}
