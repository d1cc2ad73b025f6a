/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Entry to and exit from the kernel.
 *
 * Every entry from user mode saves a struct trapframe at the top of the
 * task's kernel stack and leaves through one exit path.  With interrupts off
 * that path loads task->work (asm offset TASK_WORK); while it is non-zero it
 * calls user_return_work(tf), which returns with interrupts off.  An interrupt
 * or exception in kernel mode ends with kernel_return_work() when interrupts
 * were on in the interrupted context.
 *
 * System calls and exceptions from user mode run with interrupts on.
 *
 * Upward calls (the only ones arch/ makes, with those of gemel/boot_info.h):
 *	syscall_dispatch(tf)            interrupts on
 *	user_exception(tf, sig, code, addr)   interrupts on
 *	page_fault(tf, addr, access)    interrupts as in the interrupted context
 *	irq_dispatch(irq), ipi_dispatch(ipi), timer_interrupt()   interrupts off,
 *	                                between irq_enter(tf) and irq_exit()
 *	user_return_work(tf), kernel_return_work()    interrupts off
 *	kernel_exception(tf, what)      a trap that only a kernel bug explains
 */
#include <gemel/compiler.h>
#include <arch_impl/trapframe.h>        /* struct trapframe: all user-visible integer state */

struct task;

static inline ulong trapframe_pc(const struct trapframe *tf);
static inline ulong trapframe_sp(const struct trapframe *tf);
static inline bool trapframe_from_user(const struct trapframe *tf);
/* The frame pointer, where a backtrace of the interrupted code starts. */
static inline ulong trapframe_fp(const struct trapframe *tf);

/*
 * Fill *@tf with the registers as they are in the caller.  What the compiler has not used since
 * still is what it was: in a function that has just been called, all that a callee saves.
 */
static inline void arch_capture_regs(struct trapframe *tf);

/* Print for a human through printk; safe in panic. */
void arch_dump_regs(const struct trapframe *tf);

/* Leave the kernel for the first time, through the common exit path. */
void __noreturn arch_enter_user(struct trapframe *tf);

#define FAULT_READ      0x1u
#define FAULT_WRITE     0x2u
#define FAULT_EXEC      0x4u
#define FAULT_USER      0x8u    /* the access came from user mode */
#define FAULT_PRESENT   0x10u   /* a mapping was there: a protection fault */

/* Upward calls. */
void syscall_dispatch(struct trapframe *tf);
void user_exception(struct trapframe *tf, int sig, int code, ulong addr);
void page_fault(struct trapframe *tf, ulong addr, uint access);
void __noreturn kernel_exception(struct trapframe *tf, const char *what);
void irq_enter(struct trapframe *tf);
void irq_exit(void);
void irq_dispatch(uint irq);
void ipi_dispatch(uint ipi);
void timer_interrupt(void);
void user_return_work(struct trapframe *tf);
void kernel_return_work(void);

#include <arch_impl/trap.h>
