/* SPDX-License-Identifier: MIT */
#pragma once

static inline ulong trapframe_pc(const struct trapframe *tf)
{
	return tf->rip;
}

static inline ulong trapframe_sp(const struct trapframe *tf)
{
	return tf->rsp;
}

static inline bool trapframe_from_user(const struct trapframe *tf)
{
	return tf->cs & 3;
}

static inline ulong trapframe_fp(const struct trapframe *tf)
{
	return tf->rbp;
}

static inline void arch_capture_regs(struct trapframe *tf)
{
#define CAPTURE(reg) asm volatile("movq %%" #reg ", %0" : "=m"(tf->reg))
	CAPTURE(rax);
	CAPTURE(rbx);
	CAPTURE(rcx);
	CAPTURE(rdx);
	CAPTURE(rsi);
	CAPTURE(rdi);
	CAPTURE(rbp);
	CAPTURE(rsp);
	CAPTURE(r8);
	CAPTURE(r9);
	CAPTURE(r10);
	CAPTURE(r11);
	CAPTURE(r12);
	CAPTURE(r13);
	CAPTURE(r14);
	CAPTURE(r15);
#undef CAPTURE
	asm volatile("movl %%cs, %k0" : "=r"(tf->cs));
	asm volatile("movl %%ss, %k0" : "=r"(tf->ss));
	asm volatile("leaq 0(%%rip), %0" : "=r"(tf->rip));
	asm volatile("pushfq; popq %0" : "=r"(tf->rflags));
	tf->nr = -1;
	tf->error = 0;
}
