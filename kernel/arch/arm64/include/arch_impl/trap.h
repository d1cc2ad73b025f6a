/* SPDX-License-Identifier: MIT */
#pragma once

#define PSTATE_MODE     0xful           /* 0: EL0 */
#define PSTATE_I        (1ul << 7)
#define PSTATE_DAIF     0x3c0ul
#define PSTATE_AARCH32  (1ul << 4)
#define PSTATE_NZCV     0xf0000000ul
#define PSTATE_SSBS     (1ul << 12)
#define PSTATE_DIT      (1ul << 24)
/* What user mode may have; each bit is nothing where the CPU does not have it. */
#define PSTATE_USER     (PSTATE_NZCV | PSTATE_SSBS | PSTATE_DIT)
/* BTYPE, TCO: belong to the interrupted instruction, not to a handler. */
#define PSTATE_SINGLE_CALL (3ul << 10 | 1ul << 25)

static inline ulong trapframe_pc(const struct trapframe *tf)
{
	return tf->pc;
}

static inline ulong trapframe_sp(const struct trapframe *tf)
{
	return tf->sp;
}

static inline bool trapframe_from_user(const struct trapframe *tf)
{
	return !(tf->pstate & PSTATE_MODE);
}

static inline ulong trapframe_fp(const struct trapframe *tf)
{
	return tf->x[29];
}

static inline void arch_capture_regs(struct trapframe *tf)
{
	asm volatile("stp x0, x1, [%0]\n"
		     "stp x2, x3, [%0, 16]\n"
		     "stp x4, x5, [%0, 32]\n"
		     "stp x6, x7, [%0, 48]\n"
		     "stp x8, x9, [%0, 64]\n"
		     "stp x10, x11, [%0, 80]\n"
		     "stp x12, x13, [%0, 96]\n"
		     "stp x14, x15, [%0, 112]\n"
		     "stp x16, x17, [%0, 128]\n"
		     "stp x18, x19, [%0, 144]\n"
		     "stp x20, x21, [%0, 160]\n"
		     "stp x22, x23, [%0, 176]\n"
		     "stp x24, x25, [%0, 192]\n"
		     "stp x26, x27, [%0, 208]\n"
		     "stp x28, x29, [%0, 224]\n"
		     "str x30, [%0, 240]"
		     :: "r"(tf->x) : "memory");
	asm volatile("mov %0, sp" : "=r"(tf->sp));
	asm volatile("adr %0, ." : "=r"(tf->pc));
	asm volatile("mrs %0, daif" : "=r"(tf->pstate));
	tf->pstate |= 5;        /* EL1h */
	tf->syscall = -1;
}
