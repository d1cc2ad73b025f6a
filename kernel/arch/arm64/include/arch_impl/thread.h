/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

/* The floating-point registers in the order of Linux's fpsimd_context.  fpu_asm.S knows it. */
struct fpsimd_state {
	u64 v[32][2];
	u32 fpsr;
	u32 fpcr;
} __aligned(16);

struct arch_thread {
	ulong sp;                       /* of a task that does not run: its struct switch_frame */
	ulong tls;                      /* TPIDR_EL0, while it does not run */
	void *sve;                      /* SVE registers; NULL: the task has not used them */
	struct fpsimd_state fp;         /* while it does not run and has no SVE */
	/* The last fault in user mode, for the signal frame. */
	u64 fault_addr, fault_tag;      /* the tag: the top byte of the address */
	u64 fault_esr;
};
