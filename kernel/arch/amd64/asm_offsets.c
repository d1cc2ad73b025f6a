/* SPDX-License-Identifier: MIT */
/* What the assembly code knows of C structures. */
#include <gemel/asm_offsets.h>

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/thread.h>
#include <arch/trap.h>

#include <gemel/cpu.h>
#include <gemel/task.h>

#include "smp.h"

void asm_offsets(void);

void asm_offsets(void)
{
	DEFINE(TF_RBP, offsetof(struct trapframe, rbp));
	DEFINE(TF_R11, offsetof(struct trapframe, r11));
	DEFINE(TF_R10, offsetof(struct trapframe, r10));
	DEFINE(TF_R9, offsetof(struct trapframe, r9));
	DEFINE(TF_R8, offsetof(struct trapframe, r8));
	DEFINE(TF_RAX, offsetof(struct trapframe, rax));
	DEFINE(TF_RCX, offsetof(struct trapframe, rcx));
	DEFINE(TF_RDX, offsetof(struct trapframe, rdx));
	DEFINE(TF_RSI, offsetof(struct trapframe, rsi));
	DEFINE(TF_RDI, offsetof(struct trapframe, rdi));
	DEFINE(TF_NR, offsetof(struct trapframe, nr));
	DEFINE(TF_RIP, offsetof(struct trapframe, rip));
	DEFINE(TF_CS, offsetof(struct trapframe, cs));
	DEFINE(TF_RFLAGS, offsetof(struct trapframe, rflags));
	DEFINE(TF_RSP, offsetof(struct trapframe, rsp));
	DEFINE(TF_SIZE, sizeof(struct trapframe));

	DEFINE(CPU_SELF, offsetof(struct cpu, self));
	DEFINE(CPU_CURRENT, offsetof(struct cpu, running));
	DEFINE(CPU_KSTACK_TOP, offsetof(struct cpu, kstack_top));
	DEFINE(CPU_USER_RSP, offsetof(struct cpu, arch.user_rsp));

	DEFINE(KSTACK_SIZE, KSTACK_SIZE);
	DEFINE(TASK_WORK, offsetof(struct task, work));

	DEFINE(TRAMPOLINE_CR3, offsetof(struct trampoline, cr3));
	DEFINE(TRAMPOLINE_STACK, offsetof(struct trampoline, stack));
	DEFINE(TRAMPOLINE_CPU, offsetof(struct trampoline, cpu));
	DEFINE(TRAMPOLINE_TAKEN, offsetof(struct trampoline, taken));
	DEFINE(TRAMPOLINE_EFER, offsetof(struct trampoline, efer));
}
