/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Page tables and TLBs.  arch_mmu_map() .. arch_mmu_query() have one body
 * for all 4-level machines, mm/pagetable.c, built on <arch_impl/pte.h>.
 *
 * Layout constants from <arch_impl/layout.h>:
 *	USER_END        first address that is not user space
 *	PHYSMAP_BASE    all RAM is mapped here: va = PHYSMAP_BASE + pa
 *	VMEMMAP_BASE    struct page array, indexed by pfn
 *	VMALLOC_BASE, VMALLOC_END   vmalloc, kernel stacks, MMIO
 *	KERNEL_BASE     link address of the image
 */
#include <gemel/compiler.h>
#include <arch_impl/layout.h>

#define PAGE_SHIFT      12
#define PAGE_SIZE       (1ul << PAGE_SHIFT)
#define PAGE_MASK       (~(PAGE_SIZE - 1))

#define PROT_READ_BIT   0x1u
#define PROT_WRITE_BIT  0x2u
#define PROT_EXEC_BIT   0x4u
#define PROT_USER_BIT   0x8u
#define PROT_DEVICE_BIT 0x10u   /* MMIO: uncached, strongly ordered */
#define PROT_KERNEL_RW  (PROT_READ_BIT | PROT_WRITE_BIT)

/* Root and address-space tag; embedded in struct address_space, whose lock protects it. */
#include <arch_impl/mmu.h>      /* struct arch_mmu */

/* The kernel's own space; its upper half is shared by all. */
extern struct arch_mmu kernel_mmu;

/* An empty space with the kernel half shared.  0, -ENOMEM. */
int __must_check arch_mmu_init(struct arch_mmu *m);
/* Frees all table pages of the user half.  Must be empty of pages and active nowhere. */
void arch_mmu_free(struct arch_mmu *m);

/* @n pages at @va to physical @pa on.  All or none: -ENOMEM; a live mapping: -EEXIST. */
int __must_check arch_mmu_map(struct arch_mmu *m, vaddr_t va, paddr_t pa, size_t n, uint prot);
/*
 * Kernel mappings only (physmap, vmemmap, MMIO): as map, using the largest pages that fit.
 * Works before the allocators (tables from boot_alloc()).
 */
int __must_check arch_mmu_map_large(struct arch_mmu *m, vaddr_t va, paddr_t pa, size_t bytes,
				    uint prot);
/* Holes are fine.  Stale entries may remain until arch_tlb_flush(). */
void arch_mmu_unmap(struct arch_mmu *m, vaddr_t va, size_t n);
/* Change protection of what is mapped; holes are fine.  Stale entries as above. */
void arch_mmu_protect(struct arch_mmu *m, vaddr_t va, size_t n, uint prot);
/* What is mapped at @va: true and *pa, *prot. */
bool arch_mmu_query(struct arch_mmu *m, vaddr_t va, paddr_t *pa, uint *prot);
/*
 * Next present page in [va, end): returns its address with *pa, *prot, or @end.  For fork and
 * teardown: skips empty tables whole.
 */
vaddr_t arch_mmu_next(struct arch_mmu *m, vaddr_t va, vaddr_t end, paddr_t *pa, uint *prot);

/* This CPU's user half; NULL: kernel only.  Interrupts off.  Cheap when unchanged. */
void arch_mmu_activate(struct arch_mmu *m);

/* After writing instructions at kernel alias @va, before anyone runs them. */
void arch_mmu_cache_code(const void *va, size_t bytes);

/*
 * On return no CPU uses a stale translation of the range in @m (&kernel_mmu for kernel
 * addresses).  Interrupts on unless only this CPU is up; may wait for other CPUs (amd64: IPI to
 * CPUs where @m is active, tags elsewhere forgotten; arm64: broadcast TLBI).  n pages; large n
 * flushes the whole space.
 */
void arch_tlb_flush(struct arch_mmu *m, vaddr_t va, size_t n);
/* This CPU only; for a not-present or read-only entry made more permissive.  May be nothing. */
static inline void arch_tlb_fixup_local(struct arch_mmu *m, vaddr_t va);

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(PHYSMAP_BASE + pa);
}

/* Of a physmap address only. */
static inline paddr_t virt_to_phys(const void *va)
{
	return (paddr_t)(ulong)va - PHYSMAP_BASE;
}

#include <arch_impl/mmu_inline.h>
