/* SPDX-License-Identifier: MIT */
#pragma once
/* What a starting CPU finds at the end of the trampoline page: smp.c, trampoline.S. */
#define TRAMPOLINE_ARGS (0x1000 - 64)

#ifndef __ASSEMBLER__
#include <gemel/compiler.h>

struct trampoline {
	u32 cr3;
	u32 efer;
	u64 stack;
	u64 cpu;        /* struct cpu */
	u32 taken;      /* set by the CPU: the rest may be changed for the next one */
	u32 pad;
};
#endif
