/* SPDX-License-Identifier: MIT */
/* What the assembly code knows of C structures. */
#include <gemel/asm_offsets.h>

#include <arch/cpu.h>
#include <arch/pte.h>
#include <arch/thread.h>
#include <arch/trap.h>

#include <gemel/cpu.h>
#include <gemel/task.h>

void asm_offsets(void);

void asm_offsets(void)
{
	DEFINE(TF_X, offsetof(struct trapframe, x));
	DEFINE(TF_SP, offsetof(struct trapframe, sp));
	DEFINE(TF_PC, offsetof(struct trapframe, pc));
	DEFINE(TF_ORIG_X0, offsetof(struct trapframe, orig_x0));
	DEFINE(TF_SYSCALL, offsetof(struct trapframe, syscall));
	DEFINE(TF_RECORD, offsetof(struct trapframe, record));
	DEFINE(TF_SIZE, sizeof(struct trapframe));

	DEFINE(CPU_CURRENT, offsetof(struct cpu, running));
	DEFINE(CPU_KSTACK_TOP, offsetof(struct cpu, kstack_top));
	DEFINE(CPU_EMERGENCY_TOP, offsetof(struct cpu, arch.emergency_top));

	DEFINE(KSTACK_SIZE, KSTACK_SIZE);
	DEFINE(TASK_WORK, offsetof(struct task, work));
	DEFINE(TASK_ARCH_SP, offsetof(struct task, arch.sp));
}
