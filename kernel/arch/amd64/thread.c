/* SPDX-License-Identifier: MIT */
/*
 * The machine side of tasks: first stacks, switching, user registers.
 *
 * The newest value of a user segment base is in the CPU while its task runs
 * (with FSGSBASE user mode changes them by itself), else in arch_thread.  In
 * the kernel the user's GS base sits in KERNEL_GS_BASE.
 */
#include <arch/thread.h>

#include <arch/irqflags.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/string.h>
#include <gemel/task.h>

#include "amd64.h"
#include "fpu.h"

/* What switch_stacks() pushes; a new task's first one is made by hand. */
struct switch_frame {
	ulong r15, r14, r13, r12, rbx, rbp, pc;
};

struct task *switch_stacks(ulong *save_rsp, ulong rsp, struct task *prev);
void thread_start(void);
void thread_start_fork(void);

/* Where the frames of a task begin: below its trapframe, which every task has room for. */
static struct switch_frame *switch_frame_make(struct task *t, void (*pc)(void))
{
	/* One word more: at a function's entry rsp is 8 below a multiple of 16. */
	struct switch_frame *f = (struct switch_frame *)task_trapframe(t) - 1;

	memset(f, 0, sizeof(*f));
	f->pc = (ulong)pc;
	t->arch.rsp = (ulong)f;
	return f;
}

void arch_thread_start(struct task *t, void (*fn)(void *arg), void *arg)
{
	struct switch_frame *f = switch_frame_make(t, thread_start);

	f->rbx = (ulong)fn;
	f->r12 = (ulong)arg;
}

/* --- segment bases; interrupts off --- */

static void bases_save(struct arch_thread *at)
{
	if (!cpu_features.fsgsbase)
		return;
	asm volatile("rdfsbase %0" : "=r"(at->fs_base));
	asm volatile("swapgs\n\trdgsbase %0\n\tswapgs" : "=r"(at->gs_base));
}

void thread_bases_load(const struct arch_thread *at)
{
	if (cpu_features.fsgsbase) {
		asm volatile("wrfsbase %0" :: "r"(at->fs_base));
		asm volatile("swapgs\n\twrgsbase %0\n\tswapgs" :: "r"(at->gs_base) : "memory");
		return;
	}
	msr_write(MSR_FS_BASE, at->fs_base);
	msr_write(MSR_KERNEL_GS_BASE, at->gs_base);
}

/* Current's bases as they are now to its arch_thread, which can then be changed and loaded. */
void thread_bases_sync(void)
{
	irqflags_t flags = arch_irq_save();

	bases_save(&arch_current()->arch);
	arch_irq_restore(flags);
}

void arch_set_tls(ulong addr)
{
	struct arch_thread *at = &arch_current()->arch;
	irqflags_t flags = arch_irq_save();

	bases_save(at);
	at->fs_base = addr;
	thread_bases_load(at);
	arch_irq_restore(flags);
}

int arch_thread_fork(struct task *child, const struct trapframe *tf, ulong sp, bool set_tls,
		     ulong tls)
{
	struct arch_thread *at = &arch_current()->arch;
	struct trapframe *ctf = task_trapframe(child);
	int err = fpu_create(&child->arch);

	if (err < 0)
		return err;
	fpu_copy(&child->arch, at);
	thread_bases_sync();
	child->arch.fs_base = set_tls ? tls : at->fs_base;
	child->arch.gs_base = at->gs_base;
	*ctf = *tf;
	ctf->rax = 0;
	if (sp)
		ctf->rsp = sp;
	switch_frame_make(child, thread_start_fork);
	return 0;
}

void arch_thread_exec(struct trapframe *tf, ulong pc, ulong sp)
{
	struct arch_thread *at = &arch_current()->arch;
	irqflags_t flags;

	/* Only the very first program of a kernel thread comes here without. */
	if (!at->fpu && fpu_create(at) < 0)
		panic("thread: no memory for the first program's FPU state");
	memset(tf, 0, sizeof(*tf));
	tf->nr = -1;
	tf->rip = pc;
	tf->rsp = sp;
	tf->cs = USER_CS;
	tf->ss = USER_DS;
	tf->rflags = RFLAGS_FIXED | RFLAGS_IF;
	flags = arch_irq_save();
	fpu_reset(at->fpu);
	fpu_load(at);
	at->fs_base = 0;
	at->gs_base = 0;
	thread_bases_load(at);
	arch_irq_restore(flags);
}

void arch_thread_free(struct task *t)
{
	fpu_destroy(&t->arch);
}

struct task *arch_switch(struct task *prev, struct task *next)
{
	struct cpu *cpu = arch_this_cpu();
	ulong top = (ulong)next->kstack + KSTACK_SIZE;

	if (prev->arch.fpu) {
		fpu_save(&prev->arch);
		bases_save(&prev->arch);
	}
	cpu->running = next;
	cpu->kstack_top = top;
	cpu->arch.tss.rsp[0] = top;
	if (next->arch.fpu) {
		fpu_load(&next->arch);
		thread_bases_load(&next->arch);
	}
	return switch_stacks(&prev->arch.rsp, next->arch.rsp, prev);
}

void arch_thread_backtrace_start(const struct task *t, ulong *pc, ulong *fp)
{
	const struct switch_frame *f = (const struct switch_frame *)t->arch.rsp;

	*pc = f->pc;
	*fp = f->rbp;
}
