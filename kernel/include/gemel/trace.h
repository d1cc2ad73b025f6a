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
	X(SYSARGS,      "%lx %lx")                                      \
	X(SYSRET,       "nr=%lu ret=%ld")                               \
	X(FAULT,        "addr=%lx access=%lx")                          \
	X(IRQ,          "irq=%lu pc=%lx")                               \
	X(SIGNAL,       "signo=%lu to=%lu")                             \
	X(FORK,         "child=%lu flags=%lx")                          \
	X(EXEC,         "was=%lu entry=%lx")                            \
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

/* How often since boot, on all CPUs; events that are not recorded are not counted. */
u64 trace_count(enum trace_event ev);
const char *trace_event_name(enum trace_event ev);

/* A system call with its arguments: SYSCALL, then SYSARGS this often. */
enum { TRACE_SYSARGS_RECORDS = 3 };
void trace_syscall(ulong nr, const ulong args[6]);

/*
 * Reading live (trace_live.c).  Between start and stop every CPU also keeps a larger ring.
 * trace_read() turns records after *@cursor into lines of text, oldest first over all CPUs; bytes
 * written, 0: nothing new.  One cursor is used by one reader at a time.
 */
struct trace_cursor;
int __must_check trace_open(struct trace_cursor **out);         /* 0, -ENOMEM */
void trace_close(struct trace_cursor *c);
enum { TRACE_LINE_MAX = 400 };                  /* trace_read() gives none to a smaller buffer */
size_t trace_read(struct trace_cursor *c, char *buf, size_t size);
bool trace_has_more(struct trace_cursor *c);
/* "syscall,sched", event names, all, none, default: the events that are recorded and read by @c,
 * whatever others choose; before that it reads all that is recorded.  0, -EINVAL. */
int trace_select(struct trace_cursor *c, const char *words);

/* After the command line is known: `trace` enables all events. */
void trace_init(void);

/* The last @n records of a CPU through printk; for panic. */
void trace_dump(uint cpu, uint n);
