/* SPDX-License-Identifier: MIT */
#pragma once

#define VDSO_NAME(f) __vdso_##f

static inline long vdso_syscall2(long nr __unused, long a __unused, long b __unused)
{
	return -1;
}

static inline bool vdso_cpu(u32 features __unused, u32 *cpu __unused)
{
	return false;
}
