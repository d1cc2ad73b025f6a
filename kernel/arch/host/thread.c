/* SPDX-License-Identifier: MIT */
/*
 * The host port's tasks: fibers.  A kernel stack is there, but nobody runs on it.  There is
 * no user mode: what leads there is refused, or a bug.
 */
#include <arch/thread.h>

#include <arch/regset.h>
#include <arch/signal.h>
#include <arch/trap.h>
#include <arch/vdso.h>
#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/log.h>
#include <gemel/task.h>
#include <gemel/vdso.h>

#include "host.h"
#include "posix.h"

static struct task *switched_from;

static void fiber_start(void)
{
	struct arch_thread *arch = &current->arch;

	thread_entry(switched_from, arch->fn, arch->arg);
}

void arch_thread_start(struct task *t, void (*fn)(void *arg), void *arg)
{
	t->arch = (struct arch_thread){ posix_fiber_create(fiber_start), fn, arg };
}

void arch_thread_free(struct task *t)
{
	posix_fiber_free(t->arch.fiber);
	t->arch.fiber = NULL;
}

struct task *arch_switch(struct task *prev, struct task *next)
{
	switched_from = prev;
	host_current = next;
	cpu_boot.running = next;
	posix_fiber_switch(next->arch.fiber);
	return switched_from;
}

void arch_thread_backtrace_start(const struct task *t __unused, ulong *pc, ulong *fp)
{
	*pc = 0;
	*fp = 0;
}

int arch_thread_fork(struct task *child __unused, const struct trapframe *tf __unused,
		     ulong sp __unused, bool set_tls __unused, ulong tls __unused)
{
	return -ENOMEM;
}

void arch_thread_exec(struct trapframe *tf __unused, ulong pc __unused, ulong sp __unused)
{
}

void arch_set_tls(ulong addr __unused)
{
}

/* ---- trap.h, signal.h ---- */

void arch_dump_regs(const struct trapframe *tf)
{
	printk(LOG_ERR, NULL, "pc 0x%lx", trapframe_pc(tf));
}

void arch_enter_user(struct trapframe *tf __unused)
{
	panic("host: there is no user mode");
}

int arch_signal_push(struct trapframe *tf __unused, const struct signal_frame *sf __unused)
{
	return -EFAULT;
}

int arch_signal_pop(struct trapframe *tf __unused, sigset_t *mask __unused,
		    struct uapi_stack *ss __unused)
{
	return -EFAULT;
}

/* ---- regset.h, vdso.h: programs do not run here ---- */

bool arch_regset(struct task *t __unused, uint i __unused, struct regset *rs __unused,
		 void *buf __unused)
{
	return false;
}

u32 arch_vdso_features(void)
{
	return 0;
}

/* As much of an ELF file as vdso_init() looks at; the end is measured by host.ld. */
__used __section("host_vdso") const u8 vdso_image[64] = {
	0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 3, [20] = 1, [54] = 56, [56] = 1,
};
