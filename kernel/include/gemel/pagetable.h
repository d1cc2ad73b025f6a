/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The part of mm/pagetable.c that the ports' mmu.c build on; everyone else
 * uses arch/mmu.h.
 */
#include <arch/mmu.h>

/* A zeroed page for a table: from boot_alloc() until page_init(), then from the page allocator.
 * 0: no memory. */
paddr_t pagetable_page_alloc(void);

/* An empty root for @m, which is fresh.  0, -ENOMEM. */
int __must_check pagetable_create(struct arch_mmu *m);

/* Free the root of a user space and every table that arch_mmu_map() made below it. */
void pagetable_destroy(struct arch_mmu *m);
