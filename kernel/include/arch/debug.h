/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What panic, backtraces and early messages need.  Both ABIs have the same
 * frame record (saved fp, return address), so one generic walker serves.
 */
#include <gemel/types.h>

/* Where a backtrace of the caller starts. */
static inline ulong arch_frame_pointer(void);

/* Polled output; works after arch_early_init() began and in panic.  No locks. */
void arch_early_putc(char c);

/* Hardware entropy, or false. */
bool arch_random(u64 *out);

/* Stop for a debugger where one listens; otherwise reports itself and continues. */
static inline void arch_breakpoint(void);

#include <arch_impl/debug.h>
