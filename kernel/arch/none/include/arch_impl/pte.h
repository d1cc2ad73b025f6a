/* SPDX-License-Identifier: MIT */
#pragma once
/* An invented format: the PROT_ bits as they are, and two of the machine's. */
#define PTE_PRESENT     0x100ull
#define PTE_TABLE       0x200ull
#define PTE_ADDR        0x000ffffffffff000ull

static inline bool pte_is_present(pte_t e)
{
	return e.bits & PTE_PRESENT;
}

static inline bool pte_is_leaf(pte_t e, uint level __unused)
{
	return pte_is_present(e) && !(e.bits & PTE_TABLE);
}

static inline paddr_t pte_addr(pte_t e)
{
	return e.bits & PTE_ADDR;
}

static inline uint pte_prot(pte_t e)
{
	return e.bits & 0x1f;
}

static inline pte_t pte_make_leaf(paddr_t pa, uint prot, uint level __unused)
{
	return (pte_t){ pa | PTE_PRESENT | prot };
}

static inline pte_t pte_make_table(paddr_t pa)
{
	return (pte_t){ pa | PTE_PRESENT | PTE_TABLE };
}

static inline bool pte_level_has_leaf(uint level)
{
	return level <= 2;
}

static inline void pte_write(pte_t *p, pte_t e)
{
	__atomic_store_n(&p->bits, e.bits, __ATOMIC_RELEASE);
}

static inline void pte_sync(void)
{
}
