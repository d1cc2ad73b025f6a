/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The system-call registers.  Contract; bodies in <arch_impl/syscall.h>.
 */
#include <arch/trap.h>

static inline ulong arch_syscall_nr(const struct trapframe *tf);
/* The six argument registers, in ABI order. */
static inline void arch_syscall_args(const struct trapframe *tf, ulong a[6]);
/* Where user space looks for the result. */
static inline void arch_syscall_set_return(struct trapframe *tf, long ret);
static inline long arch_syscall_return(const struct trapframe *tf);
/*
 * Make the same call happen again when user mode is next entered (signal restart): the number and
 * first argument are what they were on entry, the pc is back on the instruction.
 */
static inline void arch_syscall_rewind(struct trapframe *tf);
/* As rewind, but the call that happens is @nr (restart_syscall). */
static inline void arch_syscall_rewind_to(struct trapframe *tf, ulong nr);
/*
 * The frame was made by a system call (so a -ERESTART* result means restart); cleared by
 * arch_syscall_forget(), which sigreturn and a delivered restart use.
 */
static inline bool arch_in_syscall(const struct trapframe *tf);
static inline void arch_syscall_forget(struct trapframe *tf);

/* ARCH_SYSCALL_NR(amd64, arm64): picks its own column of the one table. */
#include <arch_impl/syscall.h>
