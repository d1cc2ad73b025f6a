/* SPDX-License-Identifier: MIT */
#pragma once

/* The barrier keeps the counter from being read before what precedes it. */
static inline u64 arch_cycles(void)
{
	u64 v;

	asm volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v) :: "memory");
	return v;
}
