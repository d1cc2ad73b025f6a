/* SPDX-License-Identifier: MIT */
#pragma once

/* A fault drops what the TLB had for its address (SDM 4.10.4.1): nothing is left to fix. */
static inline void arch_tlb_fixup_local(struct arch_mmu *m __unused, vaddr_t va __unused)
{
}
