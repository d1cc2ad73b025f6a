/* SPDX-License-Identifier: MIT */
/*
 * The machine state of tasks.
 *
 * A task that does not run has a struct switch_frame on top of its kernel
 * stack, which switch_stacks() pushed or which was made here so that the
 * first switch "returns" to the start of the task.
 *
 * Floating-point and TLS registers of a user task are in the CPU exactly while
 * it is current; kernel threads have none and leave in them what they find.
 */
#include <arch/thread.h>

#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/string.h>
#include <gemel/task.h>

#include "arm64.h"

/* What switch_stacks() pushes. */
struct switch_frame {
	u64 fp, pc;
	u64 x[10];              /* x19-x28 */
};
_Static_assert(sizeof(struct switch_frame) == 96, "switch.S");

static u64 tls_read(void)
{
	u64 v;

	asm volatile("mrs %0, tpidr_el0" : "=r"(v));
	return v;
}

static void tls_write(u64 v)
{
	asm volatile("msr tpidr_el0, %0" :: "r"(v));
}

/* A switch frame below @top that makes the first switch go to @pc. */
static struct switch_frame *switch_frame_make(struct task *t, void *top, void (*pc)(void))
{
	struct switch_frame *f = (struct switch_frame *)top - 1;

	memset(f, 0, sizeof(*f));
	f->pc = (ulong)pc;
	t->arch.sp = (ulong)f;
	return f;
}

void arch_thread_start(struct task *t, void (*fn)(void *arg), void *arg)
{
	struct switch_frame *f = switch_frame_make(t, task_trapframe(t), thread_start);

	f->x[0] = (ulong)fn;
	f->x[1] = (ulong)arg;
}

int arch_thread_fork(struct task *child, const struct trapframe *tf, ulong sp, bool set_tls,
		     ulong tls)
{
	struct trapframe *ctf = task_trapframe(child);

	fpu_copy(&child->arch);
	*ctf = *tf;
	ctf->x[0] = 0;
	if (sp)
		ctf->sp = sp;
	child->arch.tls = set_tls ? tls : tls_read();
	child->arch.fault_addr = 0;
	child->arch.fault_esr = 0;
	switch_frame_make(child, ctf, thread_start_fork);
	return 0;
}

void arch_thread_exec(struct trapframe *tf, ulong pc, ulong sp)
{
	memset(tf, 0, sizeof(*tf));
	tf->pc = pc;
	tf->sp = sp;
	tf->syscall = -1;
	current->arch.fault_addr = 0;
	current->arch.fault_esr = 0;
	tls_write(0);
	fpu_reset(&current->arch);
}

void arch_thread_free(struct task *t)
{
	fpu_destroy(&t->arch);
}

struct task *arch_switch(struct task *prev, struct task *next)
{
	struct cpu *cpu = arch_this_cpu();

	if (!prev->is_kernel) {
		prev->arch.tls = tls_read();
		fpu_save(&prev->arch);
	}
	if (!next->is_kernel) {
		tls_write(next->arch.tls);
		fpu_load(&next->arch);
	}
	cpu->running = next;
	cpu->kstack_top = (ulong)next->kstack + KSTACK_SIZE;
	return switch_stacks(prev, next);
}

void arch_set_tls(ulong addr)
{
	tls_write(addr);
}

void arch_thread_backtrace_start(const struct task *t, ulong *pc, ulong *fp)
{
	const struct switch_frame *f = (const struct switch_frame *)t->arch.sp;

	*pc = f->pc;
	*fp = f->fp;
}
