/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The trace ring: per-CPU, fixed records of 32 bytes, always on.  Read by panic(), by
 * k-trace in gdb, and by /proc/trace.  Safe in any context, NMI included.
 */
#include <gemel/compiler.h>

#define TRACE_EVENTS(X)                                                 \
	X(SWITCH,       "prev=%lu next=%lu")                            \
	X(WAKE,         "task=%lu by=%lu")                              \
	X(SYSCALL,      "nr=%lu arg0=%lx")                              \
	X(SYSRET,       "nr=%lu ret=%ld")                               \
	X(FAULT,        "addr=%lx access=%lx")                          \
	X(IRQ,          "irq=%lu pc=%lx")                               \
	X(SIGNAL,       "signo=%lu to=%lu")                             \
	X(FORK,         "child=%lu flags=%lx")                          \
	X(EXEC,         "task=%lu entry=%lx")                           \
	X(EXIT,         "task=%lu code=%lx")                            \
	X(BLK_SUBMIT,   "sector=%lu count=%lu")                         \
	X(BLK_DONE,     "sector=%lu err=%ld")

enum trace_event {
#define X(name, fmt) TRACE_##name,
	TRACE_EVENTS(X)
#undef X
	TRACE_COUNT,
};

/* Mask of enabled events (bit 1 << event); all but SYSCALL, SYSRET, IRQ at boot, `trace` on the
 * command line for all. */
extern u64 trace_enabled;
void trace_record(enum trace_event ev, ulong a, ulong b);

static inline void trace(enum trace_event ev, ulong a, ulong b)
{
	if (unlikely(trace_enabled & (1ull << ev)))
		trace_record(ev, a, b);
}

/* After the command line is known: `trace` enables all events. */
void trace_init(void);

/* The last @n records of a CPU through printk; for panic. */
void trace_dump(uint cpu, uint n);
