/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/cpu.h>
#include <gemel/trace.h>

enum { TRACE_RECORDS = 128 };

struct trace_entry {
	u64 cycles;
	u32 event;
	u32 tid;
	ulong a, b;
};
_Static_assert(sizeof(struct trace_entry) == 32, "a trace record");

struct trace_live;

struct trace_ring {
	u64 head;       /* atomic: records since boot */
	struct trace_entry entries[TRACE_RECORDS];
	struct trace_live *live;        /* the larger ring for readers, once somebody wanted one */
	u64 counts[TRACE_COUNT];        /* atomic: of each event since boot */
};

DECLARE_PER_CPU(struct trace_ring, trace_rings);
extern const char *const trace_event_names[TRACE_COUNT];
void trace_entry_format(char *text, size_t size, const struct trace_entry *e);
/* Any context. */
void trace_live_record(struct trace_live *live, const struct trace_entry *e);

#define TRACE_NOISY     ((1ull << TRACE_SYSCALL) | (1ull << TRACE_SYSARGS) | \
	(1ull << TRACE_SYSRET) | (1ull << TRACE_IRQ))
#define TRACE_DEFAULT   (((1ull << TRACE_COUNT) - 1) & ~TRACE_NOISY)
