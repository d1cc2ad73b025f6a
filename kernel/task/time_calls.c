/* SPDX-License-Identifier: MIT */
/*
 * Clocks and sleeping: the calls.
 */
#include "task_private.h"
#include "clock.h"

#include <arch/time.h>
#include <uapi/errno.h>
#include <uapi/time.h>
#include <gemel/sched.h>
#include <gemel/syscalls.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>
#include <gemel/vdso.h>

/* CPU clocks that are not CPUCLOCK_SCHED count by ticks on Linux, and say so. */
#define USER_TICK_NS    4000000

#define ZONE_MINUTES_MAX (15 * 60)

/* ---- reading ---- */

long sys_clock_gettime(int clock, struct uapi_timespec __user *uts)
{
	struct uapi_timespec ts;
	u64 ns;
	int err;

	err = clock_read(clock, &ns);
	if (err < 0)
		return err;
	ts = timespec_from_ns(ns);
	return user_write(uts, &ts);
}

long sys_clock_getres(int clock, struct uapi_timespec __user *uts)
{
	struct uapi_timespec ts = { 0, 1 };
	u64 ns;
	int err;

	err = clock_read(clock, &ns);
	if (err < 0)
		return err;
	if (clock >= 0 && VDSO_CLOCKS_COARSE >> clock & 1)
		ts.nsec = (s64)COARSE_NS;
	else if (clock < 0 && (clock & 3) != CPUCLOCK_SCHED)
		ts.nsec = USER_TICK_NS;
	return uts ? user_write(uts, &ts) : 0;
}

/* ---- setting ---- */

/* 0, -EINVAL (also before the machine was started), -EPERM. */
static int realtime_set(const struct uapi_timespec *ts)
{
	if (!timespec_is_valid(ts) || ts->sec >= SETTIME_MAX)
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (timespec_to_ns(ts) < time_now())
		return -EINVAL;
	time_set_realtime(timespec_to_ns(ts));
	return 0;
}

long sys_clock_settime(int clock, const struct uapi_timespec __user *uts)
{
	struct uapi_timespec ts;
	u64 ns;
	int err;

	if (clock != CLOCK_REALTIME && (clock >= 0 || (clock & 7) == CPUCLOCK_FD))
		return -EINVAL;
	if (user_read(&ts, uts) < 0)
		return -EFAULT;
	if (clock == CLOCK_REALTIME)
		return realtime_set(&ts);
	err = clock_read(clock, &ns);
	return err < 0 ? err : -EPERM;
}

long sys_gettimeofday(struct uapi_timeval __user *utv, struct uapi_timezone __user *utz)
{
	struct uapi_timeval tv;

	if (utv) {
		tv = timeval_from_ns(time_realtime());
		if (user_write(utv, &tv) < 0)
			return -EFAULT;
	}
	return utz ? user_write(utz, &vdso_data->zone) : 0;
}

long sys_settimeofday(const struct uapi_timeval __user *utv, const struct uapi_timezone __user *utz)
{
	struct uapi_timezone tz;
	struct uapi_timespec ts = { 0, 0 };
	struct uapi_timeval tv;

	if (utv) {
		if (user_read(&tv, utv) < 0)
			return -EFAULT;
		if (!timeval_is_valid(&tv))
			return -EINVAL;
		ts = (struct uapi_timespec){ tv.sec, tv.usec * (s64)NSEC_PER_USEC };
	}
	if (utz && user_read(&tz, utz) < 0)
		return -EFAULT;
	if (ts.sec >= SETTIME_MAX)
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (utz) {
		if (tz.minuteswest < -ZONE_MINUTES_MAX || tz.minuteswest > ZONE_MINUTES_MAX)
			return -EINVAL;
		time_set_zone(&tz);
	}
	return utv ? realtime_set(&ts) : 0;
}

long sys_times(struct uapi_tms __user *utms)
{
	const u64 tick = NSEC_PER_SEC / USER_HZ;
	struct process_times times;
	struct uapi_tms tms;

	process_times(current->process, &times);
	tms.utime = (s64)(times.user_ns / tick);
	tms.stime = (s64)(times.system_ns / tick);
	tms.cutime = (s64)(times.child_user_ns / tick);
	tms.cstime = (s64)(times.child_system_ns / tick);
	if (utms && user_write(utms, &tms) < 0)
		return -EFAULT;
	return (long)(time_now() / tick);
}

/* ---- sleeping ---- */

/* Until @deadline of the clock.  0, -EINTR. */
static int sleep_on(const struct clock_ref *ref, u64 deadline)
{
	for (;;) {
		u32 count = READ_ONCE(time_set_count);
		u64 now = clock_ref_now(ref, clock_ref_cpu(ref)), when;
		int err;

		if (now >= deadline)
			return 0;
		when = clock_ref_when(ref, now, deadline);
		if (ref->is_wall)
			err = wait_event_timeout(&time_was_set,
						 READ_ONCE(time_set_count) != count, when);
		else
			err = sleep_until(when, TASK_SLEEPING);
		if (err == -EINTR)
			return err;
	}
}

/* arg: deadline, address of the rest, clock.  Relative: the wall clock is not looked at. */
static long sleep_restart(struct restart_block *rb)
{
	u64 deadline = rb->arg[0], now;
	struct uapi_timespec __user *urem = user_ptr(struct uapi_timespec, rb->arg[1]);
	struct uapi_timespec rem;
	struct clock_ref ref;
	int err;

	err = clock_ref_get(&ref, (int)rb->arg[2], CLOCK_USE_SLEEP);
	if (err < 0)
		return err;
	err = sleep_on(&ref, deadline);
	now = clock_ref_now(&ref, clock_ref_cpu(&ref));
	clock_ref_put(&ref);
	if (err == 0)
		return 0;
	rem = timespec_from_ns(deadline > now ? deadline - now : 0);
	if (urem && user_write(urem, &rem) < 0)
		return -EFAULT;
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_relative(struct clock_ref *ref, u64 ns, struct uapi_timespec __user *urem)
{
	current->restart = (struct restart_block){
		.fn = sleep_restart,
		.arg = { clock_ref_deadline(ref, ns, false, clock_ref_cpu(ref)), (ulong)urem,
			 (ulong)ref->clock },
	};
	return sleep_restart(&current->restart);
}

static long sleep_absolute(struct clock_ref *ref, u64 ns)
{
	u64 deadline = clock_ref_deadline(ref, ns, true, 0);

	return sleep_on(ref, deadline) == -EINTR ? -ERESTARTNOHAND : 0;
}

long sys_nanosleep(const struct uapi_timespec __user *ureq, struct uapi_timespec __user *urem)
{
	struct clock_ref ref = { .clock = CLOCK_MONOTONIC };
	struct uapi_timespec ts;

	if (user_read(&ts, ureq) < 0)
		return -EFAULT;
	if (!timespec_is_valid(&ts))
		return -EINVAL;
	return sleep_relative(&ref, timespec_to_ns(&ts), urem);
}

long sys_clock_nanosleep(int clock, int flags, const struct uapi_timespec __user *ureq,
			 struct uapi_timespec __user *urem)
{
	bool is_alarm = clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
	struct uapi_timespec ts;
	struct clock_ref ref;
	long ret;

	ret = clock_ref_get(&ref, clock, CLOCK_USE_SLEEP);
	if (ret < 0)
		return ret;
	if (user_read(&ts, ureq) < 0)
		ret = -EFAULT;
	else if (!timespec_is_valid(&ts) || (is_alarm && (flags & ~TIMER_ABSTIME)))
		ret = -EINVAL;
	else if (flags & TIMER_ABSTIME)
		ret = sleep_absolute(&ref, timespec_to_ns(&ts));
	else
		ret = sleep_relative(&ref, timespec_to_ns(&ts), urem);
	clock_ref_put(&ref);
	return ret;
}
