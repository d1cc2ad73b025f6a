/* SPDX-License-Identifier: MIT */
#pragma once

/* Drop this CPU's stale entry for @va, if the machine keeps such entries. */
static inline void arch_tlb_fixup_local(struct arch_mmu *m __unused, vaddr_t va __unused)
{
}
