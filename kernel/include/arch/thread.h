/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The machine state of a task: saved stack pointer, FPU area, user TLS.
 * struct arch_thread is embedded as task->arch.
 *
 * Each task has a kernel stack of KSTACK_SIZE bytes at task->kstack (guard
 * page below).  A user task's trapframe lies at the very top
 * (task_trapframe()); its size is a multiple of 16.
 */
#include <arch/trap.h>
#include <arch_impl/thread.h>           /* struct arch_thread */

struct task;

#define KSTACK_SHIFT    14
#define KSTACK_SIZE     (1ul << KSTACK_SHIFT)

/*
 * Prepare @t so that its first switch calls thread_entry(@fn, @arg) (task.h) with interrupts
 * off.
 */
void arch_thread_start(struct task *t, void (*fn)(void *arg), void *arg);

/*
 * @child (fresh) will return to user mode with the parent's registers of
 * @tf, result 0, user stack @sp if not 0.  FPU and TLS state copied from
 * current; TLS is @tls if @set_tls.  Its first switch calls
 * thread_fork_entry() (task.h), then leaves through the exit path.  0, -ENOMEM.
 */
int __must_check arch_thread_fork(struct task *child, const struct trapframe *tf, ulong sp,
				  bool set_tls, ulong tls);

/*
 * Current forgets all user state: FPU initial, TLS 0, all registers 0; next return starts at
 * @pc.
 */
void arch_thread_exec(struct trapframe *tf, ulong pc, ulong sp);

/* Release what the three above allocated (FPU area). */
void arch_thread_free(struct task *t);

/*
 * Interrupts off.  Saves callee-saved, FPU (user tasks) and TLS state of @prev, switches
 * kernel stacks, makes @next current; returns the task switched away from, on the new stack.
 */
struct task *arch_switch(struct task *prev, struct task *next);

/* User thread pointer of current, effective at next return (arm64 TPIDR_EL0, amd64 FS base). */
void arch_set_tls(ulong addr);

/* Where a backtrace of @t, not running, starts: pc and fp at its arch_switch(). */
void arch_thread_backtrace_start(const struct task *t, ulong *pc, ulong *fp);
