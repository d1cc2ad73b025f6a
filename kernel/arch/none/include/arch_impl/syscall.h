/* SPDX-License-Identifier: MIT */
#pragma once
/* A new architecture has Linux's generic numbers, which are arm64's. */
/* Which of clone()'s arguments 3 and 4 is tls; the other is child_tid. */
#define ARCH_CLONE_TLS_ARG 3
#define ARCH_SYSCALL_NR(amd64, arm64) (arm64)

static inline ulong arch_syscall_nr(const struct trapframe *tf)
{
	return (ulong)tf->syscall;
}

static inline void arch_syscall_args(const struct trapframe *tf, ulong a[6])
{
	for (int i = 0; i < 6; i++)
		a[i] = tf->args[i];
}

static inline void arch_syscall_set_return(struct trapframe *tf, long ret)
{
	tf->result = (u64)ret;
}

static inline long arch_syscall_return(const struct trapframe *tf)
{
	return (long)tf->result;
}

static inline void arch_syscall_rewind(struct trapframe *tf)
{
	tf->pc -= 4;
}

static inline void arch_syscall_rewind_to(struct trapframe *tf, ulong nr)
{
	arch_syscall_rewind(tf);
	tf->syscall = (s64)nr;
}

static inline bool arch_in_syscall(const struct trapframe *tf)
{
	return tf->syscall != -1;
}

static inline void arch_syscall_forget(struct trapframe *tf)
{
	tf->syscall = -1;
}
