/* SPDX-License-Identifier: MIT */
/*
 * Signals: the sending half.
 *
 * What is pending for one thread is in task->pending, for any thread of the
 * process in process->shared_pending.  A set has one bit a signal; the queue
 * behind it holds the siginfo: at most one entry for a standard signal, any
 * number (RLIMIT_SIGPENDING) for a real-time one.  A bit without an entry is a
 * signal of which only the number is known (no memory, or SIGKILL).
 *
 * Sending never delivers.  It sets WORK_SIGNAL of a thread that can take the
 * signal and wakes it; that thread looks for itself on its way to user mode
 * (signal_deliver.c).  WORK_SIGNAL may be set for nothing, never the reverse.
 *
 * Death.  A signal whose default action kills makes the whole process
 * group_exiting here already, and each thread gets SIGKILL: nothing that is sent
 * later changes the exit status.
 *
 * Locking.  All of it under the sighand's lock, which all threads of a process
 * share.  Senders in any context take it through sighand_lock(): exec may have
 * replaced the sighand in between, so look again after locking.
 */
#include "task_private.h"

#include <uapi/errno.h>
#include <uapi/resource.h>
#include <gemel/poll.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/trace.h>

static struct slab_cache *sigqueue_cache;

void sigqueue_init(void)
{
	sigqueue_cache = slab_cache_create("sigqueue", sizeof(struct sigqueue), 0, NULL);
	if (!sigqueue_cache)
		panic("signal: no memory");
}

struct sighand *sighand_lock(struct process *p)
{
	for (;;) {
		struct sighand *sh = load_acquire(&p->sighand);

		irq_lock(&sh->lock);
		if (likely(sh == READ_ONCE(p->sighand)))
			return sh;
		irq_unlock(&sh->lock);
	}
}

void sighand_unlock(struct sighand *sh)
{
	irq_unlock(&sh->lock);
}

/* ---- pending sets ---- */

void sigpending_init(struct sigpending *sp)
{
	sp->set.bits = 0;
	list_init(&sp->queue);
}

static void sigqueue_free(struct sigqueue *q)
{
	if (q->timer) {
		struct ksiginfo ignored;

		(void)posix_timer_deliver(q->timer, &ignored);
		return;
	}
	if (q->charged) {
		__atomic_sub_fetch(&q->charged->nsigqueue, 1, __ATOMIC_RELAXED);
		user_put(q->charged);
	}
	slab_free(sigqueue_cache, q);
}

void sigpending_remove(struct sigpending *sp, u64 mask)
{
	struct sigqueue *q, *tmp;

	if (!(sp->set.bits & mask))
		return;
	sp->set.bits &= ~mask;
	list_for_each_safe(q, tmp, &sp->queue, link)
		if (mask & SIGNAL_BIT(q->info.signo)) {
			list_remove(&q->link);
			sigqueue_free(q);
		}
}

void sigpending_flush(struct sigpending *sp)
{
	sigpending_remove(sp, ~0ull);
}

static int pick(u64 ready)
{
	if (ready & SIGNALS_SYNCHRONOUS)
		ready &= SIGNALS_SYNCHRONOUS;
	return __builtin_ctzll(ready) + 1;
}

static void info_unknown(struct ksiginfo *info, int signo)
{
	memset(info, 0, sizeof(*info));
	info->signo = signo;
	info->code = SI_USER;
}

int sigpending_take(struct sigpending *sp, u64 blocked, struct ksiginfo *info)
{
	struct sigqueue *q, *found = NULL;
	bool has_more = false;
	u64 ready = sp->set.bits & ~blocked;
	int signo;

	if (!ready)
		return 0;
	signo = ready & SIGNAL_BIT(SIGKILL) ? SIGKILL : pick(ready);
	list_for_each(q, &sp->queue, link) {
		if (q->info.signo != signo)
			continue;
		if (found) {
			has_more = true;
			break;
		}
		found = q;
	}
	if (!has_more)
		sp->set.bits &= ~SIGNAL_BIT(signo);
	if (unlikely(signo == SIGALRM))
		itimer_taken();
	if (!found) {
		info_unknown(info, signo);
		return signo;
	}
	list_remove(&found->link);
	*info = found->info;
	if (!found->timer)
		sigqueue_free(found);
	else if (!posix_timer_deliver(found->timer, info))
		return sigpending_take(sp, blocked, info);
	return signo;
}

void info_from_current(struct ksiginfo *info, int signo, int code)
{
	memset(info, 0, sizeof(*info));
	info->signo = signo;
	info->code = code;
	info->kill.pid = current->process->pid;
	info->kill.uid = current_cred()->uid;
}

/* ---- who takes it ---- */

static ulong handler_of(const struct sighand *sh, int signo)
{
	return sh->action[signo - 1].handler;
}

/* Default action is to end the process. */
static bool is_fatal_default(const struct sighand *sh, const struct process *p, int signo)
{
	return handler_of(sh, signo) == SIG_DFL_ADDR && !p->is_init &&
	       !(SIGNAL_BIT(signo) & (SIGNALS_IGNORED | SIGNALS_STOP));
}

bool signal_is_ignored(const struct sighand *sh, const struct process *p, int signo)
{
	ulong handler = handler_of(sh, signo);

	if (handler == SIG_IGN_ADDR)
		return true;
	if (handler != SIG_DFL_ADDR)
		return false;
	return (SIGNAL_BIT(signo) & SIGNALS_IGNORED) || p->is_init;
}

void signal_wake(struct task *t, bool fatal)
{
	uint states = 1u << TASK_SLEEPING;

	if (fatal)
		states |= 1u << TASK_KILLABLE | 1u << TASK_STOPPED;
	task_set_work(t, WORK_SIGNAL);
	task_wake_state(t, states);
}

void process_kill_locked(struct process *p, int status)
{
	struct task *t;

	if (p->group_exiting) {
		/* Nobody waits for the end of a dump that was told to end. */
		if (p->core_dumper) {
			p->exit_code = status;
			sigset_add(&p->core_dumper->pending.set, SIGKILL);
			signal_wake(p->core_dumper, true);
		}
		return;
	}
	p->group_exiting = true;
	p->exit_code = status;
	p->group_stop = false;
	list_for_each(t, &p->threads, thread_link) {
		t->is_stop_due = false;
		sigset_add(&t->pending.set, SIGKILL);
		signal_wake(t, true);
	}
	p->stop_count = 0;
}

static bool can_take(const struct task *t, int signo)
{
	if (t->is_exiting)
		return false;
	if (signo == SIGKILL)
		return true;
	/* Who stops looks when it goes on: even a deadly signal waits until then. */
	if (t->process->group_stop)
		return false;
	if (sigset_has(t->blocked, signo))
		return sigset_has(t->waiting_for, signo);
	return true;
}

/* A thread for a signal to the process: current for its own, else one with nothing to do yet. */
static struct task *choose_thread(struct process *p, int signo)
{
	struct task *t, *busy = NULL;

	if (current->process == p && can_take(current, signo))
		return current;
	list_for_each(t, &p->threads, thread_link) {
		if (!can_take(t, signo))
			continue;
		if (!(READ_ONCE(t->work) & WORK_SIGNAL))
			return t;
		if (!busy)
			busy = t;
	}
	return busy;
}

static void notify_thread(struct sighand *sh, struct process *p, struct task *t, int signo)
{
	struct task *taker = t ? (can_take(t, signo) ? t : NULL) : choose_thread(p, signo);

	if (wait_queue_is_active(&sh->signalfd_wait))
		wake_all_key(&sh->signalfd_wait, POLLIN);
	if (!taker)
		return;
	if (is_fatal_default(sh, p, signo) && !sigset_has(taker->blocked, signo) &&
	    !(SIGNAL_BIT(signo) & SIGNALS_CORE)) {
		process_kill_locked(p, signo);
		return;
	}
	signal_wake(taker, signo == SIGKILL);
}

void signal_notify_locked(struct process *p, struct task *t, int signo)
{
	notify_thread(p->sighand, p, t, signo);
}

/* ---- stop and continue undo each other at the moment of sending ---- */

static void remove_everywhere(struct process *p, u64 mask)
{
	struct task *t;

	sigpending_remove(&p->shared_pending, mask);
	list_for_each(t, &p->threads, thread_link)
		sigpending_remove(&t->pending, mask);
}

static void process_continue(struct process *p)
{
	struct task *t;

	remove_everywhere(p, SIGNALS_STOP);
	if (!p->group_stop)
		return;
	/* The parent hears of it from a thread that runs again: signal_deliver(). */
	if (p->stop_count == 0)
		p->cont_pending = p->cont_notify = true;
	p->group_stop = false;
	p->stop_count = 0;
	p->stop_reported = false;
	list_for_each(t, &p->threads, thread_link) {
		t->is_stop_due = false;
		task_set_work(t, WORK_SIGNAL);
		task_wake_state(t, 1u << TASK_STOPPED);
	}
}

static void prepare(struct process *p, int signo)
{
	if (signo == SIGCONT)
		process_continue(p);
	else if (SIGNAL_BIT(signo) & SIGNALS_STOP)
		remove_everywhere(p, SIGNAL_BIT(SIGCONT));
}

/* ---- queueing ---- */

static void charge(struct sigqueue *q, struct user *u)
{
	user_get(u);
	q->charged = u;
	__atomic_add_fetch(&u->nsigqueue, 1, __ATOMIC_RELAXED);
}

static int enqueue(struct process *p, struct sigpending *sp, int signo, const struct ksiginfo *info)
{
	bool is_realtime = signo >= SIGRTMIN;
	struct sigqueue *q = NULL;

	if (!is_realtime && sigset_has(sp->set, signo))
		return 0;
	/* Standard signals that no program put together always come whole. */
	if ((!is_realtime && (!info || info->code >= 0)) ||
	    READ_ONCE(p->user->nsigqueue) < p->rlimits[RLIMIT_SIGPENDING].cur)
		q = slab_alloc_atomic(sigqueue_cache);
	if (!q) {
		/* Only kill()'s kind may lose what came with it. */
		if (is_realtime && info && info->code != SI_USER && info->code != SI_KERNEL)
			return -EAGAIN;
		sigset_add(&sp->set, signo);
		return 0;
	}
	if (info) {
		q->info = *info;
	} else {
		info_unknown(&q->info, signo);
		q->info.code = SI_KERNEL;
	}
	q->info.signo = signo;
	q->timer = NULL;
	charge(q, p->user);
	list_add_tail(&sp->queue, &q->link);
	sigset_add(&sp->set, signo);
	return 0;
}

/* Nobody would ever see it. */
static bool is_dropped(const struct sighand *sh, struct process *p, struct task *t, int signo)
{
	struct task *who = t;

	if (p->group_exiting && signo != SIGKILL)
		return true;
	if (!signal_is_ignored(sh, p, signo))
		return false;
	if (!who && !list_is_empty(&p->threads))
		who = list_first(&p->threads, struct task, thread_link);
	return !who || (!sigset_has(who->blocked, signo) && !sigset_has(who->waiting_for, signo)) ||
	       signo == SIGKILL;
}

int signal_send_locked(struct process *p, struct task *t, int signo, const struct ksiginfo *info)
{
	struct sighand *sh = p->sighand;
	int err;

	prepare(p, signo);
	if (is_dropped(sh, p, t, signo))
		return 0;
	if (signo == SIGKILL) {
		process_kill_locked(p, SIGKILL);
		return 0;
	}
	err = enqueue(p, t ? &t->pending : &p->shared_pending, signo, info);
	if (err < 0)
		return err;
	notify_thread(sh, p, t, signo);
	return 0;
}

static int signal_send(struct process *p, struct task *t, int signo, const struct ksiginfo *info)
{
	struct sighand *sh;
	int err;

	if (signo < 1 || signo > SIGNAL_MAX)
		return -EINVAL;
	if (!p->sighand)
		return -ESRCH;          /* a kernel thread */
	trace(TRACE_SIGNAL, signo, t ? t->tid : p->pid);
	sh = sighand_lock(p);
	err = signal_send_locked(p, t, signo, info);
	sighand_unlock(sh);
	return err;
}

int signal_send_task(struct task *t, int signo, const struct ksiginfo *info)
{
	return signal_send(t->process, t, signo, info);
}

int signal_send_process(struct process *p, int signo, const struct ksiginfo *info)
{
	return signal_send(p, NULL, signo, info);
}

void signal_raise(int signo)
{
	struct ksiginfo info;

	info_from_current(&info, signo, SI_USER);
	(void)signal_send_task(current, signo, &info);
}

void signal_group_locked(struct pid *group, int signo)
{
	struct process *p;

	list_for_each(p, &group->members, group_link)
		(void)signal_send_process(p, signo, NULL);
}

void signal_group(pid_t pgid, int signo)
{
	struct pid *pid;

	irq_lock(&process_lock);
	pid = pid_find(pgid);
	if (pid)
		signal_group_locked(pid, signo);
	irq_unlock(&process_lock);
}

/* ---- faults and other signals that cannot be refused ---- */

static void force_locked(struct task *t, int signo, const struct ksiginfo *info)
{
	struct process *p = t->process;
	struct ksigaction *act = &p->sighand->action[signo - 1];

	if (sigset_has(t->blocked, signo) || act->handler == SIG_IGN_ADDR) {
		*act = (struct ksigaction){ .handler = SIG_DFL_ADDR };
		sigset_remove(&t->blocked, signo);
	}
	/* Also pid 1 dies of what it did itself. */
	if (act->handler == SIG_DFL_ADDR)
		p->is_init = false;
	(void)enqueue(p, &t->pending, signo, info);
	task_set_work(t, WORK_SIGNAL);
}

void signal_force(struct task *t, int signo)
{
	struct sighand *sh = sighand_lock(t->process);

	if (signo == SIGKILL)
		process_kill_locked(t->process, SIGKILL);
	else
		force_locked(t, signo, NULL);
	sighand_unlock(sh);
}

void signal_fault(int signo, int code, ulong addr)
{
	struct ksiginfo info;
	struct sighand *sh;

	memset(&info, 0, sizeof(info));
	info.signo = signo;
	info.code = code;
	info.fault.addr = addr;
	sh = sighand_lock(current->process);
	force_locked(current, signo, &info);
	sighand_unlock(sh);
}

/* ---- questions ---- */

bool signal_is_pending(const struct task *t)
{
	return READ_ONCE(t->work) & WORK_SIGNAL;
}

bool signal_is_fatal_pending(const struct task *t)
{
	return signal_is_pending(t) && sigset_has(t->pending.set, SIGKILL);
}

bool signal_is_blocked_or_ignored(int signo)
{
	struct sighand *sh = current->process->sighand;

	return sigset_has(current->blocked, signo) ||
	       handler_of(sh, signo) == SIG_IGN_ADDR;
}
