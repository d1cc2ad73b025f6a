/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

/*
 * The user registers, or those of interrupted kernel code, at the top of the
 * stack.  entry.S pushes it; asm_offsets.c knows it.  22 words: rsp stays
 * aligned to 16 below it.
 *
 * @nr: the system-call number as it came in rax; negative when the frame is
 * not (or no longer) a system call's: then ~nr is the vector.
 */
struct trapframe {
	ulong r15, r14, r13, r12, rbp, rbx;
	ulong r11, r10, r9, r8;
	ulong rax, rcx, rdx, rsi, rdi;
	long nr;
	ulong error;            /* the CPU's error code, or 0 */
	/* What the CPU itself pushes and iret pops. */
	ulong rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trapframe) == 176, "entry.S");
