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

/* clock ids of other processes and threads: ~pid << 3 | per-thread bit | what */
#define CPUCLOCK_THREAD 4
#define CPUCLOCK_SCHED  2

/* ---- reading ---- */

static u64 process_cpu_ns(struct process *p)
{
	u64 ns = 0;
	struct task *t;

	irq_lock(&process_lock);
	ns = p->user_ns + p->system_ns;
	list_for_each(t, &p->threads, thread_link)
		ns += task_run_ns(t);
	irq_unlock(&process_lock);
	return ns;
}

u64 process_cpu_now(struct process *p)
{
	return process_cpu_ns(p);
}

static int cpu_clock_read(int clock, u64 *ns)
{
	pid_t pid = ~(clock >> 3);
	struct process *p;
	struct task *t;

	if ((clock & 3) > CPUCLOCK_SCHED)
		return -EINVAL;
	if (clock & CPUCLOCK_THREAD) {
		t = pid ? task_lookup(pid) : NULL;
		if (pid && !t)
			return -EINVAL;
		*ns = task_run_ns(t ? t : current);
		if (t)
			task_put(t);
		return 0;
	}
	p = pid ? process_lookup(pid) : NULL;
	if (pid && !p)
		return -EINVAL;
	*ns = process_cpu_ns(p ? p : current->process);
	if (p)
		process_put(p);
	return 0;
}

int clock_read(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*ns = time_realtime();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = time_now();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_cpu_ns(current->process);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = task_run_ns(current);
		return 0;
	}
	return clock < 0 ? cpu_clock_read(clock, ns) : -EINVAL;
}

bool clock_is_wall(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

u64 clock_deadline(int clock, u64 ns, bool is_absolute)
{
	u64 offset;

	if (!is_absolute)
		return deadline_after(time_now(), ns);
	if (!clock_is_wall(clock))
		return ns;
	offset = time_realtime() - time_now();
	return ns > offset ? ns - offset : 0;
}

bool clock_can_sleep(int clock)
{
	return clock_is_wall(clock) || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_BOOTTIME_ALARM;
}

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
	if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
		ts.nsec = (s64)NSEC_PER_MSEC;
	return uts ? user_write(uts, &ts) : 0;
}

long sys_clock_settime(int clock, const struct uapi_timespec __user *uts)
{
	struct uapi_timespec ts;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (user_read(&ts, uts) < 0)
		return -EFAULT;
	if (!timespec_is_valid(&ts))
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	time_set_realtime(timespec_to_ns(&ts));
	return 0;
}

long sys_gettimeofday(struct uapi_timeval __user *utv, struct uapi_timezone __user *utz)
{
	struct uapi_timezone tz = { 0, 0 };
	struct uapi_timeval tv;

	if (utv) {
		tv = timeval_from_ns(time_realtime());
		if (user_write(utv, &tv) < 0)
			return -EFAULT;
	}
	return utz ? user_write(utz, &tz) : 0;
}

long sys_settimeofday(const struct uapi_timeval __user *utv, const struct uapi_timezone __user *utz)
{
	struct uapi_timezone tz;
	struct uapi_timeval tv;

	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (utz && user_read(&tz, utz) < 0)
		return -EFAULT;
	if (!utv)
		return 0;
	if (user_read(&tv, utv) < 0)
		return -EFAULT;
	if (!timeval_is_valid(&tv))
		return -EINVAL;
	time_set_realtime(timeval_to_ns(&tv));
	return 0;
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

static long write_remaining(struct uapi_timespec __user *urem, u64 deadline)
{
	u64 now = time_now();
	struct uapi_timespec ts = timespec_from_ns(deadline > now ? deadline - now : 0);

	return urem && user_write(urem, &ts) < 0 ? -EFAULT : 0;
}

/* arg: deadline, address of the rest */
static long sleep_restart(struct restart_block *rb)
{
	u64 deadline = rb->arg[0];

	if (sleep_until(deadline, TASK_SLEEPING) != -EINTR)
		return 0;
	if (write_remaining(user_ptr(struct uapi_timespec, rb->arg[1]), deadline) < 0)
		return -EFAULT;
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_relative(u64 ns, struct uapi_timespec __user *urem)
{
	current->restart = (struct restart_block){
		.fn = sleep_restart,
		.arg = { deadline_after(time_now(), ns), (ulong)urem },
	};
	return sleep_restart(&current->restart);
}

long sys_nanosleep(const struct uapi_timespec __user *ureq, struct uapi_timespec __user *urem)
{
	struct uapi_timespec ts;

	if (user_read(&ts, ureq) < 0)
		return -EFAULT;
	if (!timespec_is_valid(&ts))
		return -EINVAL;
	return sleep_relative(timespec_to_ns(&ts), urem);
}

long sys_clock_nanosleep(int clock, int flags, const struct uapi_timespec __user *ureq,
			 struct uapi_timespec __user *urem)
{
	struct uapi_timespec ts;
	u64 deadline;

	if (!clock_can_sleep(clock))
		return clock == CLOCK_PROCESS_CPUTIME_ID ? -EOPNOTSUPP : -EINVAL;
	if (user_read(&ts, ureq) < 0)
		return -EFAULT;
	if (!timespec_is_valid(&ts))
		return -EINVAL;
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(timespec_to_ns(&ts), urem);
	deadline = clock_deadline(clock, timespec_to_ns(&ts), true);
	return sleep_until(deadline, TASK_SLEEPING) == -EINTR ? -ERESTARTNOHAND : 0;
}
