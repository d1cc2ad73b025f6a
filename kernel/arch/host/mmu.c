/* SPDX-License-Identifier: MIT */
/*
 * The host port's MMU.
 *
 * mm/pagetable.c keeps the tables, in RAM, as everywhere.  The "TLB" is what the
 * host process has mapped: filled page by page from the tables when an access
 * faults, emptied by arch_tlb_flush().  The physmap is there from the start.
 *
 * User space is not mapped at all: who copies to or from it walks the tables of
 * current's address space, and asks page_fault() for what is missing.
 */
#include <arch/mmu.h>
#include <arch/trap.h>
#include <arch/uaccess.h>

#include <uapi/errno.h>

#include <gemel/address_space.h>
#include <gemel/assert.h>
#include <gemel/pagetable.h>
#include <gemel/string.h>
#include <gemel/task.h>

#include "host.h"
#include "posix.h"

struct arch_mmu kernel_mmu;

int arch_mmu_init(struct arch_mmu *m)
{
	return pagetable_create(m);
}

void arch_mmu_free(struct arch_mmu *m)
{
	pagetable_destroy(m);
}

void arch_mmu_activate(struct arch_mmu *m __unused)
{
}

void arch_mmu_cache_code(const void *va __unused, size_t bytes __unused)
{
}

static bool is_filled_on_demand(vaddr_t va)
{
	return (va >= VMALLOC_BASE && va < VMALLOC_END) ||
	       (va >= VMEMMAP_BASE && va < VMEMMAP_END);
}

static bool tlb_fill(vaddr_t va)
{
	paddr_t pa;
	uint prot;

	if (!is_filled_on_demand(va) || !arch_mmu_query(&kernel_mmu, va, &pa, &prot) ||
	    pa >= HOST_RAM)
		return false;
	posix_map(va & PAGE_MASK, pa, PAGE_SIZE, prot & PROT_WRITE_BIT);
	return true;
}

void arch_tlb_flush(struct arch_mmu *m, vaddr_t va, size_t n)
{
	if (m == &kernel_mmu)
		posix_reserve(va, n << PAGE_SHIFT);
}

void host_mmu_init(void)
{
	posix_ram_create(PHYSMAP_BASE, HOST_RAM);
	posix_reserve(VMALLOC_BASE, VMALLOC_END - VMALLOC_BASE);
	posix_reserve(VMEMMAP_BASE, VMEMMAP_END - VMEMMAP_BASE);
	posix_catch_faults(tlb_fill);
	kernel_mmu.root = pagetable_page_alloc();
	if (!kernel_mmu.root)
		panic("host: no memory for page tables");
}

/* ---- uaccess.h ---- */

/* Where the user's @va is, for @access; NULL: nowhere, and the fault was reported. */
static void *user_at(vaddr_t va, uint access)
{
	uint want = access == FAULT_WRITE ? PROT_WRITE_BIT : PROT_READ_BIT;
	struct trapframe tf = { .syscall = -1, .args = { 0 } };
	paddr_t pa;
	uint prot = 0;

	while (current->as) {
		bool is_there = arch_mmu_query(&current->as->mmu, va, &pa, &prot);

		if (is_there && prot & want)
			return (char *)phys_to_virt(pa) + (va & ~PAGE_MASK);
		page_fault(&tf, va, access | (is_there ? FAULT_PRESENT : 0));
		/* arch_uaccess_fixup() was here. */
		if (tf.result)
			break;
	}
	return NULL;
}

bool arch_uaccess_fixup(struct trapframe *tf)
{
	tf->result = 1;
	return true;
}

/* Call @move for each page's part of the user's range.  Bytes that are left. */
static size_t user_walk(ulong user, char *kernel, size_t n, uint access)
{
	while (n) {
		size_t here = MIN(n, PAGE_SIZE - (user & ~PAGE_MASK));
		char *at = user_at(user, access);

		if (!at)
			break;
		if (access == FAULT_READ)
			memcpy(kernel, at, here);
		else if (kernel)
			memcpy(at, kernel, here);
		else
			memset(at, 0, here);
		user += here;
		kernel += kernel ? here : 0;
		n -= here;
	}
	return n;
}

size_t arch_copy_from_user(void *dst, const void __user *src, size_t n)
{
	return user_walk((ulong)src, dst, n, FAULT_READ);
}

size_t arch_copy_to_user(void __user *dst, const void *src, size_t n)
{
	return user_walk((ulong)dst, (char *)src, n, FAULT_WRITE);
}

size_t arch_clear_user(void __user *dst, size_t n)
{
	return user_walk((ulong)dst, NULL, n, FAULT_WRITE);
}

int arch_user_load32(const u32 __user *u, u32 *v)
{
	u32 *at = user_at((ulong)u, FAULT_READ);

	if (!at)
		return -EFAULT;
	*v = READ_ONCE(*at);
	return 0;
}

int arch_user_cmpxchg32(u32 __user *u, u32 old, u32 new, u32 *seen)
{
	u32 *at = user_at((ulong)u, FAULT_WRITE);

	if (!at)
		return -EFAULT;
	*seen = old;
	__atomic_compare_exchange_n(at, seen, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return 0;
}
