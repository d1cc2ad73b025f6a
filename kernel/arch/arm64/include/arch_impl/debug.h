/* SPDX-License-Identifier: MIT */
#pragma once

static inline ulong arch_frame_pointer(void)
{
	return (ulong)__builtin_frame_address(0);
}

static inline void arch_breakpoint(void)
{
	asm volatile("brk #1" ::: "memory");
}
