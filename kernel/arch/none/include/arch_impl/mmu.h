/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

struct page;

/* What the hardware needs to know of an address space: its root, and an identifier for the TLB. */
struct arch_mmu {
	paddr_t root;
	struct page *tables;    /* mm/pagetable.c */
};
