/* SPDX-License-Identifier: MIT */
/* Clocks by their numbers, and the clocks of deadlines: clock.h. */
#include "task_private.h"
#include "clock.h"

#include <uapi/errno.h>
#include <uapi/time.h>
#include <gemel/sched.h>
#include <gemel/timespec.h>
#include <gemel/vdso.h>

/* CPU clocks by number: ~pid << 3 | per-thread bit | CPUCLOCK_*; pid 0 is the caller. */
#define CPUCLOCK_THREAD 4

/* ---- CPU time ---- */

static u64 process_cpu_ns(struct process *p, uint what)
{
	struct process_times times;

	process_times(p, &times);
	return times.user_ns + (what == CPUCLOCK_VIRT ? 0 : times.system_ns);
}

static u64 task_cpu_ns(struct task *t, uint what)
{
	u64 user, system;

	if (what == CPUCLOCK_SCHED)
		return task_run_ns(t);
	task_times(t, &user, &system);
	return user + (what == CPUCLOCK_VIRT ? 0 : system);
}

static int cpu_ref_get_thread(struct clock_ref *ref, pid_t tid)
{
	if (tid == 0) {
		task_get(current);
		ref->task = current;
		return 0;
	}
	ref->task = task_lookup(tid);
	if (ref->task && ref->task->process == current->process)
		return 0;
	clock_ref_put(ref);
	return -EINVAL;
}

static int cpu_ref_get_process(struct clock_ref *ref, pid_t pid)
{
	if (pid == 0) {
		process_get(current->process);
		ref->process = current->process;
		return 0;
	}
	ref->process = process_lookup(pid);
	return ref->process ? 0 : -EINVAL;
}

/* The clock of CPU time @clock: negative, or one of two small numbers. */
static int cpu_ref_get(struct clock_ref *ref, int clock)
{
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		clock = (int)(~0u << 3) | CPUCLOCK_SCHED;
	else if (clock == CLOCK_THREAD_CPUTIME_ID)
		clock = (int)(~0u << 3) | CPUCLOCK_THREAD | CPUCLOCK_SCHED;
	*ref = (struct clock_ref){ .clock = clock };
	if ((clock & 3) > CPUCLOCK_SCHED)
		return -EINVAL;
	return clock & CPUCLOCK_THREAD ? cpu_ref_get_thread(ref, ~(clock >> 3)) :
					 cpu_ref_get_process(ref, ~(clock >> 3));
}

/* ---- clocks of deadlines ---- */

static bool is_cpu_clock(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

static int cpu_ref_get_for(struct clock_ref *ref, int clock, enum clock_use use)
{
	bool is_own;
	int err;

	if (use == CLOCK_USE_TIMERFD)
		return -EINVAL;
	if ((clock < 0 && (clock & 7) == CPUCLOCK_FD) ||
	    (use == CLOCK_USE_SLEEP && clock == CLOCK_THREAD_CPUTIME_ID))
		return -EOPNOTSUPP;
	err = cpu_ref_get(ref, clock);
	if (err < 0)
		return err;
	is_own = ref->task == current;
	if (use == CLOCK_USE_SLEEP && is_own) {
		clock_ref_put(ref);
		return -EINVAL;         /* it would stand still */
	}
	return 0;
}

int clock_ref_get(struct clock_ref *ref, int clock, enum clock_use use)
{
	if (is_cpu_clock(clock))
		return cpu_ref_get_for(ref, clock, use);
	*ref = (struct clock_ref){ .clock = clock };
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		return 0;
	case CLOCK_TAI:
		return use == CLOCK_USE_TIMERFD ? -EINVAL : 0;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return capable(CAP_WAKE_ALARM) ? 0 : -EPERM;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return use == CLOCK_USE_TIMERFD ? -EINVAL : -EOPNOTSUPP;
	}
	return -EINVAL;
}

void clock_ref_put(struct clock_ref *ref)
{
	if (ref->task)
		task_put(ref->task);
	if (ref->process)
		process_put(ref->process);
	ref->task = NULL;
	ref->process = NULL;
}

u64 clock_ref_cpu(const struct clock_ref *ref)
{
	if (ref->task)
		return task_cpu_ns(ref->task, ref->clock & 3);
	return ref->process ? process_cpu_ns(ref->process, ref->clock & 3) : 0;
}

u64 clock_ref_now(const struct clock_ref *ref, u64 cpu)
{
	if (unlikely(clock_ref_is_cpu(ref)))
		return cpu;
	if (likely(!ref->is_wall))
		return time_now();
	return time_of(ref->clock == CLOCK_TAI ? CLOCK_TAI : CLOCK_REALTIME);
}

u64 clock_ref_when(const struct clock_ref *ref, u64 now, u64 deadline)
{
	u64 left = deadline - now;

	if (likely(!clock_ref_is_cpu(ref) && !ref->is_wall))
		return deadline;
	if (ref->process)
		left /= MAX(READ_ONCE(ref->process->nthreads), 1u);
	if (clock_ref_is_cpu(ref))
		return deadline_after(time_now(), MAX(left, CPU_LOOK_NS));
	if (ref->clock == CLOCK_TAI)
		deadline -= time_of(CLOCK_TAI) - time_of(CLOCK_REALTIME);
	return time_from_wall(deadline);
}

u64 clock_ref_deadline(struct clock_ref *ref, u64 ns, bool is_absolute, u64 cpu)
{
	ref->is_wall = is_absolute && (ref->clock == CLOCK_REALTIME || ref->clock == CLOCK_TAI ||
				       ref->clock == CLOCK_REALTIME_ALARM);
	/* 0 would be none. */
	return MAX(is_absolute ? ns : deadline_after(clock_ref_now(ref, cpu), ns), 1ull);
}

u64 clock_advance(u64 *deadline, u64 interval, u64 now)
{
	u64 n;

	if (!interval || *deadline > now)
		return 0;
	n = (now - *deadline) / interval + 1;
	*deadline += n * interval;
	return n;
}

/* ---- reading ---- */

int clock_read(int clock, u64 *ns)
{
	struct clock_ref ref;
	int err;

	if ((uint)clock < 32 && VDSO_CLOCKS & BIT(clock)) {
		*ns = time_of((uint)clock);
		return 0;
	}
	if (clock == CLOCK_THREAD_CPUTIME_ID) {
		*ns = task_run_ns(current);
		return 0;
	}
	if (clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM) {
		*ns = time_of(clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : CLOCK_MONOTONIC);
		return 0;
	}
	if (!is_cpu_clock(clock))
		return -EINVAL;
	err = cpu_ref_get(&ref, clock);
	if (err < 0)
		return err;
	*ns = clock_ref_cpu(&ref);
	clock_ref_put(&ref);
	return 0;
}
