/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What sleeps and timers measure their deadlines on.
 *
 * A deadline is a number of ns of its clock.  The clock says when it can be reached at
 * the earliest; then one looks again, because the wall clock may have been set, and
 * CPU time may have stood still.
 */
#include <gemel/compiler.h>

struct process;
struct task;

/* How many ns of CPU time a timer of it may be late, if its process does not run all along. */
#define CPU_LOOK_NS     NSEC_PER_MSEC

/* From Linux: no time beyond this may be set, so that the clock never overflows. */
#define SETTIME_MAX     ((s64)(INT64_MAX / NSEC_PER_SEC) - 30 * 365 * 24 * 3600ll)

struct clock_ref {
	int clock;              /* CLOCK_*, or one of CPU time */
	bool is_wall;           /* deadlines are absolute, on a clock that can be set */
	/* Whose CPU time, referenced, one of them; or NULL both: not CPU time. */
	struct process *process;
	struct task *task;
};

/* The clock now.  0, -EINVAL. */
int clock_read(int clock, u64 *ns);

/* What to do with the clock. */
enum clock_use { CLOCK_USE_SLEEP, CLOCK_USE_TIMER, CLOCK_USE_TIMERFD };

/* 0; -EINVAL: no such clock; -EOPNOTSUPP: not for that; -EPERM. */
int __must_check clock_ref_get(struct clock_ref *ref, int clock, enum clock_use use);
void clock_ref_put(struct clock_ref *ref);
static inline bool clock_ref_is_cpu(const struct clock_ref *ref)
{
	return ref->process || ref->task;
}
/* CPU time, under no lock that orders after PROCTREE; 0 of other clocks. */
u64 clock_ref_cpu(const struct clock_ref *ref);
/* The clock, in any context; @cpu: what clock_ref_cpu() said before. */
u64 clock_ref_now(const struct clock_ref *ref, u64 cpu);
/* When, on time_now()'s scale, to look whether @deadline has come; at @now it has not. */
u64 clock_ref_when(const struct clock_ref *ref, u64 now, u64 deadline);
/* The deadline for a user's @ns, at @now; sets ref->is_wall. */
u64 clock_ref_deadline(struct clock_ref *ref, u64 ns, bool is_absolute, u64 cpu);
/* The first deadline after @now, *deadline, and how many have passed by then. */
u64 clock_advance(u64 *deadline, u64 interval, u64 now);

/* What is counted. */
#define CPUCLOCK_PROF   0       /* user and system */
#define CPUCLOCK_VIRT   1       /* user */
#define CPUCLOCK_SCHED  2       /* user and system */
#define CPUCLOCK_FD     3       /* with no thread bit: clocks of devices, of which there are none */
