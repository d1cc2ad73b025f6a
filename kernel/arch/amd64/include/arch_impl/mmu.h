/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

/*
 * One address space.  @root: its level-3 table; the kernel half of every root
 * is a copy of kernel_mmu's.
 *
 * @id names the space for ever (0: the kernel's); a CPU that gives it a PCID
 * remembers the id.  @active has a bit for each CPU that has the space loaded
 * or may hold tagged entries of it; mmu.c has the rules.
 */
struct page;

struct arch_mmu {
	paddr_t root;
	struct page *tables;    /* mm/pagetable.c: chain of this space's tables */
	u64 id;
	u64 active;             /* atomic; bit: CPU number */
	u64 generation;         /* atomic; grows with every flush */
};
