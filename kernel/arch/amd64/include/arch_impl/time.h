/* SPDX-License-Identifier: MIT */
#pragma once

/* The barrier keeps the counter from being read before what precedes it. */
static inline u64 arch_cycles(void)
{
	u32 low, high;

	asm volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) :: "memory");
	return (u64)high << 32 | low;
}
