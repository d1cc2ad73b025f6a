/* SPDX-License-Identifier: MIT */
/*
 * Interval timers of a process: ITIMER_REAL (and alarm) on the clock,
 * ITIMER_VIRTUAL and ITIMER_PROF on CPU time; RLIMIT_CPU.
 *
 * A deadline of a periodic timer is always the start plus a multiple of the
 * interval.  ITIMER_REAL stands still from its expiry until the SIGALRM is taken: then
 * it is set for the next multiple.  So a short interval costs no more than the
 * program takes, and nothing if the program ignores the signal, as on Linux.
 *
 * What counts CPU time has no clock of its own: process->cpu_timer fires when the
 * process could have used up what is missing at the earliest (all its
 * threads running), looks, and is set again.
 *
 * Locking.  The sighand's lock covers the fields; a timer's function takes it.
 */
#include "task_private.h"
#include "clock.h"

#include <uapi/errno.h>
#include <uapi/resource.h>
#include <uapi/time.h>
#include <gemel/syscalls.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>

#define RLIM_INFINITY (~0ull)

static void real_timer_fire(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, real_timer);
	struct sighand *sh = sighand_lock(p);

	/* It may have been set again since it fired. */
	if (p->real_timer_deadline_ns && p->real_timer_deadline_ns <= time_now()) {
		if (!p->real_timer_interval_ns)
			p->real_timer_deadline_ns = 0;
		(void)signal_send_locked(p, NULL, SIGALRM, NULL);
	}
	sighand_unlock(sh);
}

void itimer_taken(void)
{
	struct process *p = current->process;

	if (!p->real_timer_deadline_ns || timer_is_armed(&p->real_timer))
		return;
	if (clock_advance(&p->real_timer_deadline_ns, p->real_timer_interval_ns, time_now()))
		timer_set(&p->real_timer, p->real_timer_deadline_ns);
}

/* ---- CPU time ---- */

struct cpu_times {
	u64 ns[2];              /* what ITIMER_VIRTUAL and ITIMER_PROF count */
};

/* No lock that orders after PROCTREE may be held. */
static struct cpu_times cpu_times(struct process *p)
{
	struct process_times times;

	process_times(p, &times);
	return (struct cpu_times){ { times.user_ns, times.user_ns + times.system_ns } };
}

/* The smallest of what is left until each expires, of those that are set. */
static u64 cpu_itimers_check(struct process *p, const struct cpu_times *now)
{
	static const int signo[2] = { SIGVTALRM, SIGPROF };
	u64 left = ~0ull;
	uint i;

	for (i = 0; i < 2; i++) {
		struct cpu_itimer *it = &p->cpu_itimer[i];

		if (!it->expires_ns)
			continue;
		if (now->ns[i] >= it->expires_ns) {
			(void)signal_send_locked(p, NULL, signo[i], NULL);
			if (!clock_advance(&it->expires_ns, it->interval_ns, now->ns[i]))
				it->expires_ns = 0;
		}
		if (it->expires_ns)
			left = MIN(left, it->expires_ns - now->ns[i]);
	}
	return left;
}

/* SIGKILL at the hard limit; SIGXCPU at the soft one, which is a second more then. */
static u64 cpu_limit_check(struct process *p, u64 now) __must_hold(process_lock)
{
	struct rlimit *limit = &p->rlimits[RLIMIT_CPU];
	u64 left = ~0ull;

	if (limit->max < RLIM_INFINITY / NSEC_PER_SEC) {
		if (now >= limit->max * NSEC_PER_SEC) {
			(void)signal_send_process(p, SIGKILL, NULL);
			return ~0ull;
		}
		left = limit->max * NSEC_PER_SEC - now;
	}
	if (limit->cur < RLIM_INFINITY / NSEC_PER_SEC) {
		if (now >= limit->cur * NSEC_PER_SEC) {
			(void)signal_send_process(p, SIGXCPU, NULL);
			limit->cur++;
		}
		if (now < limit->cur * NSEC_PER_SEC)
			left = MIN(left, limit->cur * NSEC_PER_SEC - now);
	}
	return left;
}

/* Look at all, and see when to look again. */
static void cpu_timer_fire(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, cpu_timer);
	struct cpu_times now = cpu_times(p);
	struct sighand *sh;
	u64 left;

	irq_lock(&process_lock);
	if (p->nthreads) {
		left = cpu_limit_check(p, now.ns[1]);
		sh = sighand_lock(p);
		left = MIN(left, cpu_itimers_check(p, &now));
		if (left != ~0ull) {
			left = MAX(left / p->nthreads, CPU_LOOK_NS);
			timer_set(&p->cpu_timer, deadline_after(time_now(), left));
		}
		sighand_unlock(sh);
	}
	irq_unlock(&process_lock);
}

void itimer_limit_changed(struct process *p)
{
	const struct rlimit *limit = &p->rlimits[RLIMIT_CPU];
	struct sighand *sh;

	if (limit->cur == RLIM_INFINITY && limit->max == RLIM_INFINITY)
		return;
	sh = sighand_lock(p);
	/* itimer_stop() comes after the last has begun to exit, and takes the lock. */
	if (READ_ONCE(p->nlive)) {
		p->itimers_used = true;
		timer_set(&p->cpu_timer, time_now());
	}
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
	/* One that has expired, whose signal nobody has taken, shows as none. */
	if (p->real_timer_deadline_ns && timer_is_armed(&p->real_timer))
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
	u64 now = cpu_times(p).ns[which];
	struct sighand *sh = sighand_lock(p);

	*old_interval = it->interval_ns;
	*old = 0;
	if (it->expires_ns)
		*old = it->expires_ns > now ? it->expires_ns - now : NSEC_PER_USEC;
	if (is_set) {
		p->itimers_used = true;
		it->interval_ns = interval;
		it->expires_ns = value ? deadline_after(now, value) : 0;
		if (value)
			timer_set(&p->cpu_timer, time_now());
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
