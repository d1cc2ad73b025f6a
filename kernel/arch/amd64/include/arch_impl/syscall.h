/* SPDX-License-Identifier: MIT */
#pragma once

#define ARCH_SYSCALL_NR(amd64, arm64) (amd64)
/* clone(): child_tid is argument 3, tls 4. */
#define ARCH_CLONE_TLS_ARG 4

static inline ulong arch_syscall_nr(const struct trapframe *tf)
{
	return (ulong)tf->nr;
}

static inline void arch_syscall_args(const struct trapframe *tf, ulong a[6])
{
	a[0] = tf->rdi;
	a[1] = tf->rsi;
	a[2] = tf->rdx;
	a[3] = tf->r10;
	a[4] = tf->r8;
	a[5] = tf->r9;
}

static inline void arch_syscall_set_return(struct trapframe *tf, long ret)
{
	tf->rax = (ulong)ret;
}

static inline long arch_syscall_return(const struct trapframe *tf)
{
	return (long)tf->rax;
}

/* The arguments are where they were; the instruction has two bytes. */
static inline void arch_syscall_rewind_to(struct trapframe *tf, ulong nr)
{
	tf->rax = nr;
	tf->rip -= 2;
}

static inline void arch_syscall_rewind(struct trapframe *tf)
{
	arch_syscall_rewind_to(tf, (ulong)tf->nr);
}

static inline bool arch_in_syscall(const struct trapframe *tf)
{
	return tf->nr >= 0;
}

static inline void arch_syscall_forget(struct trapframe *tf)
{
	tf->nr = -1;
}
