/* SPDX-License-Identifier: MIT */
/*
 * Interval timers of a process: ITIMER_REAL (and alarm) on the clock,
 * ITIMER_VIRTUAL and ITIMER_PROF on CPU time.
 *
 * The CPU time ones have no clock of their own: process->cpu_timer fires when the
 * process could have used up what is missing at the earliest (all its
 * threads running), looks, and is set again.
 *
 * Locking.  The sighand's lock covers the fields; a timer's function takes it.
 */
#include "task_private.h"
#include "clock.h"

#include <uapi/errno.h>
#include <uapi/time.h>
#include <gemel/syscalls.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>

#define CPU_CHECK_MIN   (4 * NSEC_PER_MSEC)

static void real_timer_fire(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, real_timer);
	struct sighand *sh = sighand_lock(p);

	if (p->real_timer_deadline_ns) {
		(void)signal_send_locked(p, NULL, SIGALRM, NULL);
		if (p->real_timer_interval_ns) {
			p->real_timer_deadline_ns += p->real_timer_interval_ns;
			p->real_timer_deadline_ns = MAX(p->real_timer_deadline_ns, time_now());
			timer_set(&p->real_timer, p->real_timer_deadline_ns);
		} else {
			p->real_timer_deadline_ns = 0;
		}
	}
	sighand_unlock(sh);
}

/* ---- CPU time ---- */

/* CPU time of one kind; no lock that orders after SIGNAL may be held. */
static u64 cpu_now(struct process *p, uint which)
{
	struct process_times times;

	if (which)
		return process_cpu_now(p);
	process_times(p, &times);
	return times.user_ns;
}

/* How long until one of the timers may expire at the earliest; 0: none is set. */
static u64 cpu_check(struct process *p, const u64 now[2])
{
	static const int signo[2] = { SIGVTALRM, SIGPROF };
	u64 left = 0, min = 0;
	uint i;

	for (i = 0; i < 2; i++) {
		struct cpu_itimer *it = &p->cpu_itimer[i];

		if (!it->expires_ns)
			continue;
		if (now[i] >= it->expires_ns) {
			(void)signal_send_locked(p, NULL, signo[i], NULL);
			it->expires_ns = it->interval_ns ? now[i] + it->interval_ns : 0;
		}
		if (!it->expires_ns)
			continue;
		left = (it->expires_ns - now[i]) / MAX(p->nthreads, 1u);
		min = min ? MIN(min, left) : left;
		min = MAX(min, CPU_CHECK_MIN);
	}
	return min;
}

static void cpu_timer_fire(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, cpu_timer);
	u64 now[2] = { cpu_now(p, 0), cpu_now(p, 1) }, next;
	struct sighand *sh = sighand_lock(p);

	next = cpu_check(p, now);
	if (next)
		timer_set(&p->cpu_timer, time_now() + next);
	sighand_unlock(sh);
}

/* ---- life ---- */

void itimer_init_process(struct process *p)
{
	timer_init(&p->real_timer, real_timer_fire);
	timer_init(&p->cpu_timer, cpu_timer_fire);
}

void itimer_stop(struct process *p)
{
	struct sighand *sh = sighand_lock(p);
	bool was_used = p->itimers_used;

	p->real_timer_deadline_ns = 0;
	p->cpu_itimer[0].expires_ns = p->cpu_itimer[1].expires_ns = 0;
	sighand_unlock(sh);
	if (!was_used)
		return;
	timer_cancel_sync(&p->real_timer);
	timer_cancel_sync(&p->cpu_timer);
}

/* ---- set and get ---- */

static void real_get(struct process *p, u64 *value, u64 *interval)
{
	u64 now = time_now();

	*interval = p->real_timer_interval_ns;
	*value = 0;
	if (p->real_timer_deadline_ns)
		*value = p->real_timer_deadline_ns > now ? p->real_timer_deadline_ns - now :
			 NSEC_PER_USEC;
}

static void itimer_real(u64 value, u64 interval, bool is_set, u64 *old, u64 *old_interval)
{
	struct process *p = current->process;
	struct sighand *sh = sighand_lock(p);

	real_get(p, old, old_interval);
	if (is_set) {
		p->itimers_used = true;
		p->real_timer_interval_ns = interval;
		p->real_timer_deadline_ns = value ? deadline_after(time_now(), value) : 0;
		if (value)
			timer_set(&p->real_timer, p->real_timer_deadline_ns);
		else
			(void)timer_cancel(&p->real_timer);
	}
	sighand_unlock(sh);
}

static void itimer_cpu(uint which, u64 value, u64 interval, bool is_set, u64 *old,
		       u64 *old_interval)
{
	struct process *p = current->process;
	struct cpu_itimer *it = &p->cpu_itimer[which];
	u64 now = cpu_now(p, which);
	struct sighand *sh = sighand_lock(p);

	*old_interval = it->interval_ns;
	*old = 0;
	if (it->expires_ns)
		*old = it->expires_ns > now ? it->expires_ns - now : NSEC_PER_USEC;
	if (is_set) {
		p->itimers_used = true;
		it->interval_ns = interval;
		it->expires_ns = value ? now + value : 0;
		if (value)
			timer_set(&p->cpu_timer, time_now() + CPU_CHECK_MIN);
	}
	sighand_unlock(sh);
}

static void itimer(uint which, const struct uapi_itimerval *new, struct uapi_itimerval *old)
{
	u64 value = new ? timeval_to_ns(&new->value) : 0;
	u64 interval = new ? timeval_to_ns(&new->interval) : 0;
	u64 old_value, old_interval;

	if (which == ITIMER_REAL)
		itimer_real(value, interval, new, &old_value, &old_interval);
	else
		itimer_cpu(which - 1, value, interval, new, &old_value, &old_interval);
	old->value = timeval_from_ns(old_value);
	old->interval = timeval_from_ns(old_interval);
}

long sys_setitimer(int which, const struct uapi_itimerval __user *unew,
		   struct uapi_itimerval __user *uold)
{
	struct uapi_itimerval new = { { 0, 0 }, { 0, 0 } }, old;

	if ((uint)which > ITIMER_PROF)
		return -EINVAL;
	if (unew && user_read(&new, unew) < 0)
		return -EFAULT;
	if (!timeval_is_valid(&new.value) || !timeval_is_valid(&new.interval))
		return -EINVAL;
	itimer((uint)which, &new, &old);
	return uold ? user_write(uold, &old) : 0;
}

long sys_getitimer(int which, struct uapi_itimerval __user *uold)
{
	struct uapi_itimerval old;

	if ((uint)which > ITIMER_PROF)
		return -EINVAL;
	itimer((uint)which, NULL, &old);
	return user_write(uold, &old);
}

long alarm_set(uint seconds)
{
	u64 old, interval;

	itimer_real(seconds * NSEC_PER_SEC, 0, true, &old, &interval);
	/* Not 0 when there was one; to the nearest second. */
	if (old && old < NSEC_PER_SEC / 2)
		return 1;
	return (long)((old + NSEC_PER_SEC / 2) / NSEC_PER_SEC);
}
