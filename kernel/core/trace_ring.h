/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/types.h>

enum { TRACE_RECORDS = 128 };

struct trace_entry {
	u64 cycles;
	u32 event;
	u32 tid;
	ulong a, b;
};
_Static_assert(sizeof(struct trace_entry) == 32, "a trace record");

struct trace_ring {
	u64 head;       /* atomic: records since boot */
	struct trace_entry entries[TRACE_RECORDS];
};
