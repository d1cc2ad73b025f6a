/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Accessed and dirty are set from the start: the CPU then never writes to a
 * table, and an update by the kernel needs no atomic operation.
 * A page without any access is kept, not present to the CPU, as PTE_NONE.
 */
#define PTE_P           0x001ull
#define PTE_W           0x002ull
#define PTE_U           0x004ull
#define PTE_PWT         0x008ull
#define PTE_PCD         0x010ull
#define PTE_A           0x020ull
#define PTE_D           0x040ull
#define PTE_LARGE       0x080ull        /* at levels 1 and 2 */
#define PTE_G           0x100ull
#define PTE_NONE        0x200ull        /* software: present, but not to the CPU */
#define PTE_NX          0x8000000000000000ull
#define PTE_ADDR        0x000ffffffffff000ull

#define PTE_ANY_PRESENT (PTE_P | PTE_NONE)

extern u64 pte_nx_mask;         /* PTE_NX where the CPU has it, else 0 */
extern bool pte_has_1g;

static inline bool pte_is_present(pte_t e)
{
	return e.bits & PTE_ANY_PRESENT;
}

static inline bool pte_is_leaf(pte_t e, uint level)
{
	return pte_is_present(e) && (level == 0 || (e.bits & PTE_LARGE));
}

static inline paddr_t pte_addr(pte_t e)
{
	return e.bits & PTE_ADDR;
}

static inline uint pte_prot(pte_t e)
{
	uint prot = 0;

	if (e.bits & PTE_U)
		prot |= PROT_USER_BIT;
	if (e.bits & PTE_PCD)
		prot |= PROT_DEVICE_BIT;
	if (!(e.bits & PTE_P))
		return prot;
	prot |= PROT_READ_BIT;
	if (e.bits & PTE_W)
		prot |= PROT_WRITE_BIT;
	if (!(e.bits & PTE_NX))
		prot |= PROT_EXEC_BIT;
	return prot;
}

static inline pte_t pte_make_leaf(paddr_t pa, uint prot, uint level)
{
	u64 bits = pa | PTE_A | PTE_D;

	bits |= prot & (PROT_READ_BIT | PROT_WRITE_BIT | PROT_EXEC_BIT) ? PTE_P : PTE_NONE;
	if (prot & PROT_WRITE_BIT)
		bits |= PTE_W;
	if (!(prot & PROT_EXEC_BIT))
		bits |= pte_nx_mask;
	bits |= prot & PROT_USER_BIT ? PTE_U : PTE_G;
	if (prot & PROT_DEVICE_BIT)
		bits |= PTE_PCD | PTE_PWT;
	if (level)
		bits |= PTE_LARGE;
	return (pte_t){ bits };
}

/* A table grants everything; its leaves decide. */
static inline pte_t pte_make_table(paddr_t pa)
{
	return (pte_t){ pa | PTE_P | PTE_W | PTE_U | PTE_A };
}

static inline bool pte_level_has_leaf(uint level)
{
	return level < 2 || (level == 2 && pte_has_1g);
}

static inline void pte_write(pte_t *p, pte_t e)
{
	__atomic_store_n(&p->bits, e.bits, __ATOMIC_RELEASE);
}

/* The walker is coherent, and stores are seen in order. */
static inline void pte_sync(void)
{
}
