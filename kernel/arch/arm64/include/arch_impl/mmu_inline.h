/* SPDX-License-Identifier: MIT */
#pragma once

/* What TLBI by address takes: the page number, and the ASID above it. */
static inline u64 tlbi_operand(const struct arch_mmu *m, vaddr_t va)
{
	return ((u64)__atomic_load_n(&m->context, __ATOMIC_RELAXED) << 48) |
	       ((va >> PAGE_SHIFT) & 0xfffffffffffull);
}

/* A read-only entry may still be in this CPU's TLB, and would fault again. */
static inline void arch_tlb_fixup_local(struct arch_mmu *m, vaddr_t va)
{
	asm volatile("tlbi vale1, %0\n\tdsb nsh" :: "r"(tlbi_operand(m, va)) : "memory");
}
