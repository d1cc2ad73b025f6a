/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

struct page;

/*
 * One address space.  @root: what TTBR0 gets (kernel_mmu: TTBR1).
 * @context: the ASID in the low 16 bits and the generation it belongs to above
 * them, 0: none yet; mmu.c has the rules.
 */
struct arch_mmu {
	paddr_t root;
	struct page *tables;    /* mm/pagetable.c */
	u64 context;            /* atomic */
};
