/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers: timer_create() and its family.
 *
 * Each timer has one signal-queue entry of its own: while that is queued,
 * further expirations only count as overruns.  A periodic timer is set again when its signal is
 * delivered, so a process that does not look costs nothing.
 *
 * The deadline is of the timer's clock (clock.h): when the kernel's timer fires, it
 * may have to be set again, because CPU time or the wall clock have not come so far.
 * A timer of wall time hears of the clock's being set through time_was_set, and then looks.
 *
 * Locking.  The list and all timers of a process: its sighand's lock.  CPU time cannot
 * be read under it, so who needs it reads it before: it is too small then, and
 * a timer late at worst.
 */
#include "task_private.h"
#include "clock.h"

#include <uapi/errno.h>
#include <uapi/time.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>

#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2
#define SIGEV_THREAD_ID 4
#define TIMERS_MAX      4096
#define OVERRUN_MAX     0x7fffffff

struct uapi_sigevent {
	u64 value;
	s32 signo;
	s32 notify;
	s32 tid;
	s32 pad[11];
};
_Static_assert(sizeof(struct uapi_sigevent) == 64, "struct sigevent");

struct posix_timer {
	struct list link;
	struct timer timer;
	struct waiter was_set;          /* on time_was_set, once the clock was wall time */
	struct process *process;        /* referenced by being on its list */
	struct clock_ref ref;           /* constant but for is_wall */
	int id;
	int notify, signo;
	struct task *target;            /* SIGEV_THREAD_ID: referenced */
	u64 interval_ns, deadline_ns;   /* deadline 0: not armed */
	u64 missed;                     /* expirations since the last that was queued */
	u64 expired_ns;                 /* what the clock was when it was queued */
	int overrun;                    /* of the last delivery */
	bool is_queued, is_deleted;
	struct sigqueue entry;
};

static struct posix_timer *timer_find(struct process *p, int id)
{
	struct posix_timer *pt;

	list_for_each(pt, &p->posix_timers, link)
		if (pt->id == id)
			return pt;
	return NULL;
}

/* ---- expiry and delivery ---- */

/* False: nobody would see it. */
static bool queue_entry(struct posix_timer *pt)
{
	struct process *p = pt->process;
	struct task *t = pt->target ? pt->target :
				      list_first(&p->threads, struct task, thread_link);
	struct sigpending *sp = pt->target ? &t->pending : &p->shared_pending;

	if (pt->is_queued) {
		pt->missed++;
		return true;
	}
	if (p->group_exiting || (pt->target && t->is_exiting))
		return false;
	if (signal_is_ignored(p->sighand, p, pt->signo) && !sigset_has(t->blocked, pt->signo) &&
	    !sigset_has(t->waiting_for, pt->signo))
		return false;
	pt->is_queued = true;
	list_add_tail(&sp->queue, &pt->entry.link);
	sigset_add(&sp->set, pt->signo);
	signal_notify_locked(p, pt->target, pt->signo);
	return true;
}

/* The deadline has come.  While the entry is queued the next waits for delivery. */
static void expire(struct posix_timer *pt, u64 now)
{
	bool is_seen = queue_entry(pt);

	pt->expired_ns = now;
	if (!pt->interval_ns) {
		pt->deadline_ns = 0;
	} else if (!is_seen) {
		pt->missed += clock_advance(&pt->deadline_ns, pt->interval_ns, now);
		timer_set(&pt->timer, MAX(clock_ref_when(&pt->ref, now, pt->deadline_ns),
					  time_now() + NSEC_PER_MSEC));
	}
}

static void posix_timer_fire(struct timer *timer)
{
	struct posix_timer *pt = container_of(timer, struct posix_timer, timer);
	u64 cpu = clock_ref_cpu(&pt->ref), now;
	struct process *p = pt->process;
	struct sighand *sh = sighand_lock(p);

	now = clock_ref_now(&pt->ref, cpu);
	if (!pt->deadline_ns || pt->is_deleted || list_is_empty(&p->threads))
		;
	else if (now < pt->deadline_ns)
		timer_set(timer, clock_ref_when(&pt->ref, now, pt->deadline_ns));
	else
		expire(pt, now);
	sighand_unlock(sh);
}

static bool clock_was_set(struct waiter *w, ulong key __unused)
{
	timer_set(&container_of(w, struct posix_timer, was_set)->timer, time_now());
	return false;
}

bool posix_timer_deliver(struct posix_timer *pt, struct ksiginfo *info)
{
	u64 now = clock_ref_now(&pt->ref, pt->expired_ns), n;

	list_init(&pt->entry.link);
	pt->is_queued = false;
	if (pt->is_deleted) {
		kfree(pt);
		return false;
	}
	if (pt->deadline_ns && pt->interval_ns) {
		n = clock_advance(&pt->deadline_ns, pt->interval_ns, now);
		pt->missed += n ? n - 1 : 0;
		/* What CPU time is now, the timer's function sees. */
		timer_set(&pt->timer, clock_ref_is_cpu(&pt->ref) ? time_now() :
			  clock_ref_when(&pt->ref, now, pt->deadline_ns));
	}
	pt->overrun = (int)MIN(pt->missed, (u64)OVERRUN_MAX);
	pt->missed = 0;
	info->timer.overrun = pt->overrun;
	return true;
}

/* ---- create and delete ---- */

static int sigevent_check(const struct uapi_sigevent *ev, struct task **target)
{
	struct task *t;

	*target = NULL;
	switch (ev->notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_THREAD_ID:
		t = task_lookup(ev->tid);
		if (!t)
			return -EINVAL;
		if (t->process != current->process) {
			task_put(t);
			return -EINVAL;
		}
		*target = t;
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		break;
	default:
		return -EINVAL;
	}
	if (ev->signo > 0 && ev->signo <= SIGNAL_MAX)
		return 0;
	if (*target)
		task_put(*target);
	return -EINVAL;
}

/* Give it a number, which is also its value if @is_value.  0, -EAGAIN. */
static int timer_add(struct process *p, struct posix_timer *pt, bool is_value)
{
	struct sighand *sh = sighand_lock(p);
	int tries;

	for (tries = 0; tries < TIMERS_MAX; tries++) {
		pt->id = p->next_timer_id;
		p->next_timer_id = (p->next_timer_id + 1) & 0x7fffffff;
		if (timer_find(p, pt->id))
			continue;
		pt->entry.info.timer.tid = pt->id;
		if (is_value)
			pt->entry.info.timer.value = (u64)pt->id;
		list_add_tail(&p->posix_timers, &pt->link);
		sighand_unlock(sh);
		return 0;
	}
	sighand_unlock(sh);
	return -EAGAIN;
}

static void timer_delete(struct process *p, struct posix_timer *pt)
{
	struct sighand *sh;
	struct task *target;
	bool is_queued;

	if (pt->was_set.queue)
		wait_remove(&pt->was_set);
	timer_cancel_sync(&pt->timer);
	clock_ref_put(&pt->ref);
	sh = sighand_lock(p);
	target = pt->target;
	pt->target = NULL;
	is_queued = pt->is_queued;
	pt->is_deleted = true;
	sighand_unlock(sh);
	if (target)
		task_put(target);
	/* A queued entry is freed by whoever takes or drops it. */
	if (!is_queued)
		kfree(pt);
}

/* With the clock and the target of what is asked.  0, -EINVAL, -EOPNOTSUPP, -EPERM, -EAGAIN. */
static int timer_make(int clock, const struct uapi_sigevent *ev, struct posix_timer **out)
{
	struct posix_timer *pt = kzalloc(sizeof(*pt));
	int err;

	if (!pt)
		return -EAGAIN;
	err = clock_ref_get(&pt->ref, clock, CLOCK_USE_TIMER);
	if (err < 0)
		goto err_free;
	err = sigevent_check(ev, &pt->target);
	if (err < 0)
		goto err_put_clock;
	timer_init(&pt->timer, posix_timer_fire);
	pt->process = current->process;
	pt->notify = ev->notify;
	pt->signo = ev->signo;
	list_init(&pt->entry.link);
	pt->entry.timer = pt;
	pt->entry.info = (struct ksiginfo){ .signo = ev->signo, .code = SI_TIMER };
	pt->entry.info.timer.value = ev->value;
	*out = pt;
	return 0;

err_put_clock:
	clock_ref_put(&pt->ref);
err_free:
	kfree(pt);
	return err;
}

long sys_timer_create(int clock, const void __user *uevent, int __user *uid)
{
	struct uapi_sigevent ev = { .signo = SIGALRM, .notify = SIGEV_SIGNAL };
	struct process *p = current->process;
	struct posix_timer *pt;
	int err, id;

	if (uevent && copy_from_user(&ev, uevent, sizeof(ev)) < 0)
		return -EFAULT;
	err = timer_make(clock, &ev, &pt);
	if (err < 0)
		return err;
	err = timer_add(p, pt, !uevent);
	if (err < 0) {
		timer_delete(p, pt);
		return err;
	}
	id = pt->id;
	if (user_write(uid, &id) < 0) {
		(void)sys_timer_delete(id);
		return -EFAULT;
	}
	return 0;
}

long sys_timer_delete(int id)
{
	struct process *p = current->process;
	struct sighand *sh = sighand_lock(p);
	struct posix_timer *pt = timer_find(p, id);

	if (pt) {
		list_remove(&pt->link);
		pt->deadline_ns = 0;
	}
	sighand_unlock(sh);
	if (!pt)
		return -EINVAL;
	timer_delete(p, pt);
	return 0;
}

void posix_timers_delete_all(struct process *p)
{
	struct posix_timer *pt;
	struct sighand *sh;

	for (;;) {
		if (list_is_empty(&p->posix_timers))
			return;
		sh = sighand_lock(p);
		pt = list_first(&p->posix_timers, struct posix_timer, link);
		list_remove(&pt->link);
		pt->deadline_ns = 0;
		sighand_unlock(sh);
		timer_delete(p, pt);
	}
}

/* ---- set and get ---- */

/* CPU time by the clock of timer @id; 0: another clock, or no timer. */
static u64 timer_cpu(struct process *p, int id)
{
	struct clock_ref ref = { .clock = 0 };
	struct posix_timer *pt;
	struct sighand *sh;
	u64 cpu;

	sh = sighand_lock(p);
	pt = timer_find(p, id);
	if (pt)
		ref = pt->ref;
	if (ref.process)
		process_get(ref.process);
	if (ref.task)
		task_get(ref.task);
	sighand_unlock(sh);
	cpu = clock_ref_cpu(&ref);
	clock_ref_put(&ref);
	return cpu;
}

static void timer_read(struct posix_timer *pt, struct uapi_itimerspec *its, u64 cpu)
{
	u64 now = clock_ref_now(&pt->ref, cpu), deadline = pt->deadline_ns, left = 0;

	if (deadline) {
		clock_advance(&deadline, pt->interval_ns, now);
		left = deadline > now ? deadline - now : pt->notify != SIGEV_NONE;
	}
	its->interval = timespec_from_ns(pt->interval_ns);
	its->value = timespec_from_ns(left);
}

long sys_timer_gettime(int id, struct uapi_itimerspec __user *uits)
{
	struct process *p = current->process;
	u64 cpu = timer_cpu(p, id);
	struct uapi_itimerspec its;
	struct posix_timer *pt;
	struct sighand *sh;

	sh = sighand_lock(p);
	pt = timer_find(p, id);
	if (pt)
		timer_read(pt, &its, cpu);
	sighand_unlock(sh);
	if (!pt)
		return -EINVAL;
	return user_write(uits, &its);
}

static void timer_start(struct posix_timer *pt, const struct uapi_itimerspec *new, int flags,
			u64 cpu)
{
	u64 value = timespec_to_ns(&new->value), now;

	pt->interval_ns = timespec_to_ns(&new->interval);
	pt->missed = 0;
	pt->overrun = 0;
	(void)timer_cancel(&pt->timer);
	pt->deadline_ns = 0;
	if (!value)
		return;
	pt->deadline_ns = clock_ref_deadline(&pt->ref, value, flags & TIMER_ABSTIME, cpu);
	if (pt->notify == SIGEV_NONE)
		return;
	if (pt->ref.is_wall && !pt->was_set.queue)
		wait_add(&pt->was_set, &time_was_set, clock_was_set);
	now = clock_ref_now(&pt->ref, cpu);
	timer_set(&pt->timer, now < pt->deadline_ns ?
		  clock_ref_when(&pt->ref, now, pt->deadline_ns) : time_now());
}

long sys_timer_settime(int id, int flags, const struct uapi_itimerspec __user *unew,
		       struct uapi_itimerspec __user *uold)
{
	struct process *p = current->process;
	struct uapi_itimerspec new, old;
	struct posix_timer *pt;
	struct sighand *sh;
	u64 cpu;

	if (!unew)
		return -EINVAL;
	if (user_read(&new, unew) < 0)
		return -EFAULT;
	if (!timespec_is_valid(&new.value) || !timespec_is_valid(&new.interval))
		return -EINVAL;
	cpu = timer_cpu(p, id);
	sh = sighand_lock(p);
	pt = timer_find(p, id);
	if (pt) {
		timer_read(pt, &old, cpu);
		timer_start(pt, &new, flags, cpu);
	}
	sighand_unlock(sh);
	if (!pt)
		return -EINVAL;
	return uold ? user_write(uold, &old) : 0;
}

long sys_timer_getoverrun(int id)
{
	struct process *p = current->process;
	struct sighand *sh = sighand_lock(p);
	struct posix_timer *pt = timer_find(p, id);
	long n = pt ? pt->overrun : -EINVAL;

	sighand_unlock(sh);
	return n;
}
