/* SPDX-License-Identifier: MIT */
/*
 * The trace rings: on each CPU the last TRACE_RECORDS events, 32 bytes each.
 *
 * A writer takes a slot by one atomic add on its CPU's counter and fills it; an
 * interrupt or NMI in between takes the next one.  Nothing is locked, and nothing
 * waits: a reader may see a record that is being overwritten, and shows it.
 * trace_head[] counts records since boot, so it tells the next slot and how many are valid.
 */
#include <gemel/trace.h>

#include <arch/time.h>

#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/task.h>
#include <gemel/time.h>

#include "trace_ring.h"

DEFINE_PER_CPU(struct trace_ring, trace_rings);

const char *const trace_event_names[TRACE_COUNT] = {
#define X(name, fmt) [TRACE_##name] = #name,
	TRACE_EVENTS(X)
#undef X
};

u64 trace_enabled = TRACE_DEFAULT;

void trace_init(void)
{
	if (cmdline_has("trace"))
		trace_enabled = ~0ull;
}

void trace_record(enum trace_event ev, ulong a, ulong b)
{
	struct trace_ring *ring = this_cpu_ptr(trace_rings);
	u64 at = __atomic_fetch_add(&ring->head, 1, __ATOMIC_RELAXED);
	struct trace_entry e = { arch_cycles(), (u32)ev, (u32)arch_current()->tid, a, b };

	ring->entries[at % TRACE_RECORDS] = e;
	__atomic_fetch_add(&ring->counts[ev], 1, __ATOMIC_RELAXED);
	if (unlikely(READ_ONCE(ring->live)))
		trace_live_record(ring->live, &e);
}

u64 trace_count(enum trace_event ev)
{
	u64 n = 0;

	for (uint i = 0; i < cpu_count; i++)
		n += READ_ONCE(per_cpu_ptr(trace_rings, cpus[i])->counts[ev]);
	return n;
}

const char *trace_event_name(enum trace_event ev)
{
	return trace_event_names[ev];
}

void trace_syscall(ulong nr, const ulong args[6])
{
	/* Together in the ring of one CPU. */
	irq_push_off();
	trace_record(TRACE_SYSCALL, nr, args[0]);
	trace_record(TRACE_SYSARGS, args[1], args[2]);
	trace_record(TRACE_SYSARGS, args[3], args[4]);
	trace_record(TRACE_SYSARGS, args[5], 0);
	irq_pop_off();
}

void trace_entry_format(char *text, size_t size, const struct trace_entry *e)
{
	switch (e->event) {
#define X(name, fmt)                                            \
	case TRACE_##name:                                      \
		scnprintf(text, size, fmt, e->a, e->b);         \
		break;
	TRACE_EVENTS(X)
#undef X
	default:
		scnprintf(text, size, "?");
	}
}

static void entry_print(const struct trace_entry *e)
{
	u64 us = time_from_cycles(e->cycles - boot_info.entry_cycles) / NSEC_PER_USEC;
	char text[64];

	trace_entry_format(text, sizeof(text), e);
	printk(LOG_ERR, NULL, "  %5lu.%06lu %5u %-10s %s", (ulong)(us / 1000000),
	       (ulong)(us % 1000000), e->tid,
	       e->event < TRACE_COUNT ? trace_event_names[e->event] : "?", text);
}

void trace_dump(uint cpu, uint n)
{
	const struct trace_ring *ring = per_cpu_ptr(trace_rings, cpus[cpu]);
	u64 head = READ_ONCE(ring->head);
	u64 at = head > n ? head - n : 0;

	if (head - at > TRACE_RECORDS)
		at = head - TRACE_RECORDS;
	for (; at < head; at++)
		entry_print(&ring->entries[at % TRACE_RECORDS]);
}
