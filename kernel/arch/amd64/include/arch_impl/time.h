/* SPDX-License-Identifier: MIT */
#pragma once

static inline u64 arch_cycles(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}
