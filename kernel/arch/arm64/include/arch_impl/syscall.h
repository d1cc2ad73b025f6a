/* SPDX-License-Identifier: MIT */
#pragma once

#define ARCH_SYSCALL_NR(amd64, arm64) (arm64)

/* clone(): tls is argument 3, child_tid 4. */
#define ARCH_CLONE_TLS_ARG 3
#define SYSCALL_INSN_SIZE 4

static inline ulong arch_syscall_nr(const struct trapframe *tf)
{
	return (u32)tf->syscall;
}

static inline void arch_syscall_args(const struct trapframe *tf, ulong a[6])
{
	a[0] = tf->orig_x0;
	for (int i = 1; i < 6; i++)
		a[i] = tf->x[i];
}

static inline void arch_syscall_set_return(struct trapframe *tf, long ret)
{
	tf->x[0] = (u64)ret;
}

static inline long arch_syscall_return(const struct trapframe *tf)
{
	return (long)tf->x[0];
}

static inline void arch_syscall_rewind(struct trapframe *tf)
{
	tf->x[0] = tf->orig_x0;
	tf->pc -= SYSCALL_INSN_SIZE;
}

static inline void arch_syscall_rewind_to(struct trapframe *tf, ulong nr)
{
	arch_syscall_rewind(tf);
	tf->x[8] = nr;
}

static inline bool arch_in_syscall(const struct trapframe *tf)
{
	return tf->syscall != -1;
}

static inline void arch_syscall_forget(struct trapframe *tf)
{
	tf->syscall = -1;
}
