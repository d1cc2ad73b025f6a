/* SPDX-License-Identifier: MIT */
#pragma once
/* The end of the world, as the rest of core/ sees it. */
#include <gemel/compiler.h>

struct task;

/* A CPU is panicking: locks are not to be trusted, checks keep quiet. */
extern u32 panic_state;
static inline bool panic_in_progress(void)
{
	return READ_ONCE(panic_state) != 0;
}

/* From an interrupt: a panic that is about what it interrupted; about @t, which does not run. */
void __noreturn __cold panic_interrupted(const char *fmt, ...) __printf_like(1, 2);
void __noreturn __cold panic_task(const struct task *t, const char *fmt, ...) __printf_like(2, 3);

/* From ipi_dispatch(IPI_STOP): print this CPU's stack in its turn, then stop forever. */
void __noreturn panic_stop_this_cpu(void);

/* Print the call chain from frame record @fp on, first line @pc if not 0, through printk.  Reads
 * only mapped memory; takes no lock. */
void backtrace_print(ulong pc, ulong fp);
/* One step up the chain: the frame record at *@fp gives *@ret, and *@fp moves on (0: it was the
 * last).  False: there is none that is good. */
bool backtrace_next(ulong *fp, ulong *ret);
/* Of a task that does not run. */
void backtrace_print_task(const struct task *t);
