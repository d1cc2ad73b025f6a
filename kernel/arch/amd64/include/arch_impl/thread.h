/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

/*
 * What is not on the kernel stack.  While the task runs in user mode the CPU
 * has the newest FPU state and segment bases, unless @fpu_in_memory.
 */
struct arch_thread {
	ulong rsp;              /* saved by arch_switch() */
	void *fpu;              /* XSAVE area; NULL: never was in user mode */
	ulong fs_base, gs_base; /* the user's */
	bool fpu_in_memory;     /* @fpu is the truth, not the registers: neither save nor load */
};
