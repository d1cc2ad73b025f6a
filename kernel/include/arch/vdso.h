/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the vDSO needs of the machine, beside arch_cycles().  All but the last run in user mode.
 */
#include <gemel/compiler.h>

/* VDSO_NAME(f): the name of function f in the vDSO. */

/* The system call @nr; what it returned. */
static inline long vdso_syscall2(long nr, long a, long b);
/* The number of the CPU, or false: ask the kernel.  @features: arch_vdso_features(). */
static inline bool vdso_cpu(u32 features, u32 *cpu);

/* For vdso_data->features; after arch_cpu_init(). */
u32 arch_vdso_features(void);

#include <arch_impl/vdso.h>
