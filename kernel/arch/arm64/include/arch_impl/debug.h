/* SPDX-License-Identifier: MIT */
#pragma once

static inline ulong arch_frame_pointer(void)
{
	return (ulong)__builtin_frame_address(0);
}

static inline void arch_breakpoint(void)
{
	__asm__ volatile("brk #1" ::: "memory");
}
