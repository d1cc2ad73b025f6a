/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/types.h>

struct arch_mmu;

struct arch_cpu {
	ulong emergency_top;            /* where a kernel stack overflow is reported from */
	struct arch_mmu *active_mmu;    /* what TTBR0 has; NULL: nothing */
	/* ASIDs: mmu.c. */
	u64 active_context;             /* atomic */
	u64 reserved_context;
	bool needs_tlb_flush;
	/* Of this CPU, for /proc/cpuinfo. */
	u32 midr;
	u64 redistributor;              /* GICv3: kernel address of its registers */
	u64 gic_target;                 /* GICv2: mask of this CPU; ITS: its collection target */
};
