/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Time in nanoseconds since boot (monotonic), the wall clock, and one-shot timers.
 */
#include <gemel/compiler.h>
#include <gemel/rbtree.h>
#include <gemel/wait.h>

#define NSEC_PER_SEC    1000000000ull
#define NSEC_PER_MSEC   1000000ull
#define NSEC_PER_USEC   1000ull

void time_init(void);                   /* after arch_init() */
u64 time_now(void);                     /* monotonic ns since kernel entry; any context, no lock */
u64 time_realtime(void);                /* ns since 1970 */
u64 time_of(uint clock);                /* of VDSO_CLOCKS */
/* When the wall clock will be at @ns as it goes now, on time_now()'s scale; 0: it was long ago. */
u64 time_from_wall(u64 ns);

/* The wall clock; may not be called under a lock of rank WAITQ or above. */
void time_set_realtime(u64 ns);
void time_step_realtime(s64 by);
/* @rate: faster than the monotonic clock by that much each ns, << 32. */
void time_set_rate(s64 rate);
void time_set_tai(s64 ahead_ns);
struct uapi_timezone;
void time_set_zone(const struct uapi_timezone *zone);
/* Changed, then woken, after the wall clock was set or its rate changed; the former alone. */
extern u32 time_set_count, time_step_count;
extern struct wait_queue time_was_set;

u64 time_from_cycles(u64 cycles);

struct cpu;

struct timer {
	struct rb_node node;
	u64 deadline_ns;
	/* interrupt context, interrupts off, no lock held */
	void (*fn)(struct timer *timer);
	/* its home: the lock of this CPU's queue guards it */
	struct cpu *cpu;
};

void timer_init(struct timer *t, void (*fn)(struct timer *timer));
/* Arm, or move, to @deadline_ns (time_now() scale) on this CPU.  Any context. */
void timer_set(struct timer *t, u64 deadline_ns);
/* Disarm; true if it was armed.  Does not wait for a running @fn. */
bool timer_cancel(struct timer *t);
/* Stale as soon as read, unless nobody else sets it. */
static inline bool timer_is_armed(const struct timer *t)
{
	return rb_node_is_linked(&t->node);
}
/* Disarm and wait until @fn is not running.  Not from @fn, not under a lock that @fn takes. */
void timer_cancel_sync(struct timer *t);

/* The queues of all CPUs, by time_init(). */
void timer_init_queues(void);
/* Interrupts off: have timer_interrupt() come no later than @deadline_ns on this CPU. */
void timer_arm(u64 deadline_ns);
