/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Page-table entries, for mm/pagetable.c only.  Four levels of 512 entries;
 * level 0 is the leaf table (4 KiB pages), 1: 2 MiB, 2: 1 GiB, 3: root.
 * One root per space: on amd64 user and kernel halves share it; on arm64
 * kernel_mmu's root is TTBR1's and a user space's root is TTBR0's.
 */
#include <arch/mmu.h>

typedef struct pte { u64 bits; } pte_t;

static inline bool pte_is_present(pte_t e);
/* Present and maps memory at @level (a leaf), rather than pointing at a table. */
static inline bool pte_is_leaf(pte_t e, uint level);
static inline paddr_t pte_addr(pte_t e);
static inline uint pte_prot(pte_t e);
static inline pte_t pte_make_leaf(paddr_t pa, uint prot, uint level);
static inline pte_t pte_make_table(paddr_t pa);
/* Leaves of @level allowed (1 GiB pages may be missing). */
static inline bool pte_level_has_leaf(uint level);
/* Store an entry so that the table walker of any CPU sees it whole; what barriers a new valid
 * entry needs (arm64: dsb ishst, isb) are pte_sync()'s, once after a batch. */
static inline void pte_write(pte_t *p, pte_t e);
static inline void pte_sync(void);
/* Index into the table of @level for @va. */
static inline uint pte_index(vaddr_t va, uint level)
{
	return (va >> (PAGE_SHIFT + 9 * level)) & 511;
}

#include <arch_impl/pte.h>
