/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The access flag is set from the start, and there is no hardware dirty
 * state: the CPU never writes to a table.  A page without any access is kept
 * as PTE_NONE, which the CPU does not look at (bit 0 is clear).
 *
 * AP[2:1]: bit 7 read-only, bit 6 also for EL0.  Every leaf is unexecutable
 * for at least one of the two levels.
 */
#define PTE_VALID       (1ull << 0)
#define PTE_TABLE       (1ull << 1)     /* a table; at level 0: a page */
#define PTE_ATTR_SHIFT  2
#define PTE_USER        (1ull << 6)
#define PTE_RDONLY      (1ull << 7)
#define PTE_INNER       (3ull << 8)     /* inner shareable */
#define PTE_AF          (1ull << 10)
#define PTE_NG          (1ull << 11)    /* belongs to an ASID */
#define PTE_PXN         (1ull << 53)
#define PTE_UXN         (1ull << 54)
#define PTE_NONE        (1ull << 55)    /* software: present, but not to the CPU */
#define PTE_ADDR        0x0000fffffffff000ull

/* Indices into MAIR_EL1; boot.S loads MAIR_VALUE. */
#define MAIR_NORMAL     0ull
#define MAIR_DEVICE     1ull
#define MAIR_VALUE      0x04ff          /* device nGnRE, normal write-back */

static inline bool pte_is_present(pte_t e)
{
	return e.bits & (PTE_VALID | PTE_NONE);
}

static inline bool pte_is_leaf(pte_t e, uint level)
{
	return pte_is_present(e) && (level == 0 || !(e.bits & PTE_TABLE));
}

static inline paddr_t pte_addr(pte_t e)
{
	return e.bits & PTE_ADDR;
}

static inline uint pte_prot(pte_t e)
{
	uint prot = 0;

	if (e.bits & PTE_USER)
		prot |= PROT_USER_BIT;
	if (((e.bits >> PTE_ATTR_SHIFT) & 7) == MAIR_DEVICE)
		prot |= PROT_DEVICE_BIT;
	if (!(e.bits & PTE_VALID))
		return prot;
	prot |= PROT_READ_BIT;
	if (!(e.bits & PTE_RDONLY))
		prot |= PROT_WRITE_BIT;
	if (!(e.bits & (e.bits & PTE_USER ? PTE_UXN : PTE_PXN)))
		prot |= PROT_EXEC_BIT;
	return prot;
}

static inline pte_t pte_make_leaf(paddr_t pa, uint prot, uint level)
{
	u64 bits = pa | PTE_AF | PTE_INNER;

	bits |= prot & (PROT_READ_BIT | PROT_WRITE_BIT | PROT_EXEC_BIT) ? PTE_VALID : PTE_NONE;
	if (level == 0)
		bits |= PTE_TABLE;
	if (!(prot & PROT_WRITE_BIT))
		bits |= PTE_RDONLY;
	bits |= prot & PROT_USER_BIT ? PTE_USER | PTE_NG | PTE_PXN : PTE_UXN;
	if (!(prot & PROT_EXEC_BIT))
		bits |= PTE_PXN | PTE_UXN;
	bits |= (prot & PROT_DEVICE_BIT ? MAIR_DEVICE : MAIR_NORMAL) << PTE_ATTR_SHIFT;
	return (pte_t){ bits };
}

/* A table grants everything; its leaves decide. */
static inline pte_t pte_make_table(paddr_t pa)
{
	return (pte_t){ pa | PTE_VALID | PTE_TABLE };
}

static inline bool pte_level_has_leaf(uint level)
{
	return level <= 2;
}

static inline void pte_write(pte_t *p, pte_t e)
{
	__atomic_store_n(&p->bits, e.bits, __ATOMIC_RELEASE);
}

/* The stores are seen by every walker; the instructions behind use what they map. */
static inline void pte_sync(void)
{
	asm volatile("dsb ishst\n\tisb" ::: "memory");
}
