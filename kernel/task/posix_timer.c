/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers: timer_create() and its family.
 *
 * Each timer has one signal-queue entry of its own: while that is queued,
 * further expirations only count as overruns.  A periodic timer is set again when its signal is
 * delivered, so a process that does not look costs nothing.
 *
 * Locking.  The list and all timers of a process: its sighand's lock.
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
	struct process *process;        /* referenced by being on its list */
	int id, clock;
	int notify, signo;
	struct task *target;            /* SIGEV_THREAD_ID: referenced */
	u64 interval_ns, deadline_ns;   /* deadline 0: not armed */
	u64 expirations;                /* while the entry is queued */
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

static void queue_entry(struct posix_timer *pt)
{
	struct process *p = pt->process;
	struct sigpending *sp = pt->target ? &pt->target->pending : &p->shared_pending;
	bool is_repeat = pt->signo < SIGRTMIN && sigset_has(sp->set, pt->signo);

	if (pt->is_queued || is_repeat) {
		pt->expirations++;
		return;
	}
	if (p->group_exiting ||
	    (signal_is_ignored(p->sighand, p, pt->signo) &&
	     !sigset_has(list_first(&p->threads, struct task, thread_link)->blocked, pt->signo)))
		return;
	pt->is_queued = true;
	pt->expirations = 0;
	list_add_tail(&sp->queue, &pt->entry.link);
	sigset_add(&sp->set, pt->signo);
	signal_notify_locked(p, pt->target, pt->signo);
}

static void posix_timer_fire(struct timer *timer)
{
	struct posix_timer *pt = container_of(timer, struct posix_timer, timer);
	struct process *p = pt->process;
	struct sighand *sh = sighand_lock(p);

	if (pt->deadline_ns && !pt->is_deleted && !list_is_empty(&p->threads)) {
		if (pt->notify != SIGEV_NONE)
			queue_entry(pt);
		/* While it is queued the next expiry waits for delivery. */
		if (!pt->interval_ns)
			pt->deadline_ns = 0;
		else if (!pt->is_queued)
			timer_set(&pt->timer, pt->deadline_ns += MAX(pt->interval_ns,
								     NSEC_PER_MSEC));
	}
	sighand_unlock(sh);
}

/* Intervals that have passed by now; the deadline moves beyond it. */
static u64 advance(struct posix_timer *pt)
{
	u64 now = time_now(), n;

	if (!pt->interval_ns || pt->deadline_ns > now)
		return 0;
	n = (now - pt->deadline_ns) / pt->interval_ns + 1;
	pt->deadline_ns += n * pt->interval_ns;
	return n;
}

bool posix_timer_deliver(struct posix_timer *pt, struct ksiginfo *info)
{
	u64 missed = pt->expirations;

	list_init(&pt->entry.link);
	pt->is_queued = false;
	if (pt->is_deleted) {
		kfree(pt);
		return false;
	}
	if (pt->deadline_ns && pt->interval_ns) {
		u64 n = advance(pt);

		missed += n ? n - 1 : 0;
		timer_set(&pt->timer, pt->deadline_ns);
	}
	pt->overrun = (int)MIN(missed, (u64)OVERRUN_MAX);
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

static int timer_add(struct process *p, struct posix_timer *pt)
{
	struct sighand *sh = sighand_lock(p);
	int tries;

	for (tries = 0; tries < TIMERS_MAX; tries++) {
		pt->id = p->next_timer_id;
		p->next_timer_id = (p->next_timer_id + 1) & 0x7fffffff;
		if (timer_find(p, pt->id))
			continue;
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

	timer_cancel_sync(&pt->timer);
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

long sys_timer_create(int clock, const void __user *uevent, int __user *uid)
{
	struct uapi_sigevent ev = { .signo = SIGALRM, .notify = SIGEV_SIGNAL };
	struct process *p = current->process;
	struct posix_timer *pt;
	struct task *target;
	int err;

	if (!clock_can_sleep(clock) && clock != CLOCK_PROCESS_CPUTIME_ID &&
	    clock != CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL;
	if (!clock_can_sleep(clock))
		return -EOPNOTSUPP;
	if (uevent && copy_from_user(&ev, uevent, sizeof(ev)) < 0)
		return -EFAULT;
	err = sigevent_check(&ev, &target);
	if (err < 0)
		return err;
	pt = kzalloc(sizeof(*pt));
	if (!pt) {
		if (target)
			task_put(target);
		return -EAGAIN;
	}
	timer_init(&pt->timer, posix_timer_fire);
	pt->process = p;
	pt->clock = clock;
	pt->notify = ev.notify;
	pt->signo = ev.signo;
	pt->target = target;
	list_init(&pt->entry.link);
	pt->entry.timer = pt;
	err = timer_add(p, pt);
	if (err < 0)
		goto err_free;
	pt->entry.info = (struct ksiginfo){ .signo = ev.signo, .code = SI_TIMER };
	pt->entry.info.timer.tid = pt->id;
	pt->entry.info.timer.value = uevent ? ev.value : (u64)pt->id;
	if (user_write(uid, &pt->id) < 0) {
		(void)sys_timer_delete(pt->id);
		return -EFAULT;
	}
	return 0;

err_free:
	if (target)
		task_put(target);
	kfree(pt);
	return err;
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

static void timer_read(struct posix_timer *pt, struct uapi_itimerspec *its)
{
	u64 now = time_now(), left = 0;

	if (pt->deadline_ns) {
		advance(pt);
		left = pt->deadline_ns > now ? pt->deadline_ns - now : 1;
	}
	its->interval = timespec_from_ns(pt->interval_ns);
	its->value = timespec_from_ns(left);
}

long sys_timer_gettime(int id, struct uapi_itimerspec __user *uits)
{
	struct process *p = current->process;
	struct uapi_itimerspec its;
	struct posix_timer *pt;
	struct sighand *sh;

	sh = sighand_lock(p);
	pt = timer_find(p, id);
	if (pt)
		timer_read(pt, &its);
	sighand_unlock(sh);
	if (!pt)
		return -EINVAL;
	return user_write(uits, &its);
}

static void timer_start(struct posix_timer *pt, const struct uapi_itimerspec *new, int flags)
{
	u64 value = timespec_to_ns(&new->value);

	pt->interval_ns = timespec_to_ns(&new->interval);
	pt->expirations = 0;
	pt->overrun = 0;
	(void)timer_cancel(&pt->timer);
	pt->deadline_ns = 0;
	if (!value)
		return;
	pt->deadline_ns = MAX(clock_deadline(pt->clock, value, flags & TIMER_ABSTIME), 1ull);
	timer_set(&pt->timer, pt->deadline_ns);
}

long sys_timer_settime(int id, int flags, const struct uapi_itimerspec __user *unew,
		       struct uapi_itimerspec __user *uold)
{
	struct process *p = current->process;
	struct uapi_itimerspec new, old;
	struct posix_timer *pt;
	struct sighand *sh;

	if (!unew)
		return -EINVAL;
	if (user_read(&new, unew) < 0)
		return -EFAULT;
	if (!timespec_is_valid(&new.value) || !timespec_is_valid(&new.interval))
		return -EINVAL;
	sh = sighand_lock(p);
	pt = timer_find(p, id);
	if (pt) {
		timer_read(pt, &old);
		timer_start(pt, &new, flags);
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
