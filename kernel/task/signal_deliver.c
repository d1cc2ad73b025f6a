/* SPDX-License-Identifier: MIT */
/*
 * Signals: the receiving half, and the one way out of the kernel.
 *
 * user_return_work() is called by the exit path of the architecture whenever
 * task->work is not zero, and loops until it is.  In it a task switches, stops, dies,
 * gets a handler's frame pushed, or has its system call restarted; nowhere else.
 *
 * The frame holds the interrupted context, taken before the stack is chosen,
 * and the alternate stack as it was then.
 *
 * Restart.  A system call that was interrupted returns one of -ERESTART*:
 *
 *			no handler ran		handler, SA_RESTART	handler without
 *	RESTARTSYS	again			again			EINTR
 *	RESTARTNOINTR	again			again			again
 *	RESTARTNOHAND	again			EINTR			EINTR
 *	RESTART_RESTARTBLOCK	restart_syscall	EINTR			EINTR
 *
 * Stop.  group_stop says that the process is to stop; each thread that has
 * is_stop_due counts itself out of stop_count when it gets here, the last one
 * tells the parent.  SIGCONT and SIGKILL clear group_stop (signal_send.c).
 */
#define LOG_TAG "signal"
#include "task_private.h"

#include <arch/signal.h>
#include <arch/syscall.h>
#include <uapi/errno.h>
#include <gemel/log.h>
#include <gemel/sched.h>
#include <gemel/time.h>

/* restart_syscall's number, from the one table. */
enum {
#define SYSCALL0(n, x, a)       NR_##n = ARCH_SYSCALL_NR(x, a),
#define SYSCALL1(n, x, a, ...)
#define SYSCALL2(n, x, a, ...)
#define SYSCALL3(n, x, a, ...)
#define SYSCALL4(n, x, a, ...)
#define SYSCALL5(n, x, a, ...)
#define SYSCALL6(n, x, a, ...)
#include <gemel/syscall_table.h>
};

static void work_clear(u32 bits)
{
	__atomic_and_fetch(&current->work, ~bits, __ATOMIC_RELAXED);
}

/* ---- masks ---- */

void signal_recalc(void)
{
	struct task *t = current;
	struct process *p = t->process;
	u64 ready = (t->pending.set.bits | p->shared_pending.set.bits) & ~t->blocked.bits;

	if (ready || p->group_stop || p->group_exiting || p->cont_notify ||
	    (p->exec_task && p->exec_task != t))
		task_set_work(t, WORK_SIGNAL);
	else
		work_clear(WORK_SIGNAL);
}

static void set_mask_locked(sigset_t mask)
{
	mask.bits &= ~SIGNALS_UNBLOCKABLE;
	current->blocked = mask;
	signal_recalc();
}

/* A signal to the process that we were chosen for, and block now, may suit another thread. */
static void retarget(struct process *p, u64 newly_blocked)
{
	u64 left = p->shared_pending.set.bits & newly_blocked;
	struct task *t;

	if (!left || p->nthreads < 2)
		return;
	list_for_each(t, &p->threads, thread_link)
		if (t != current && !t->is_exiting && (left & ~t->blocked.bits))
			signal_wake(t, false);
}

void signal_set_mask(sigset_t mask)
{
	struct process *p = current->process;
	struct sighand *sh = sighand_lock(p);
	u64 newly = mask.bits & ~current->blocked.bits;

	set_mask_locked(mask);
	retarget(p, newly);
	sighand_unlock(sh);
}

void signal_set_temporary_mask(sigset_t mask)
{
	struct sighand *sh = sighand_lock(current->process);

	current->saved_blocked = current->blocked;
	current->restore_blocked = true;
	set_mask_locked(mask);
	sighand_unlock(sh);
	task_set_work(current, WORK_NOTIFY);
}

void signal_restore_mask(void)
{
	if (!current->restore_blocked)
		return;
	current->restore_blocked = false;
	work_clear(WORK_NOTIFY);
	signal_set_mask(current->saved_blocked);
}

/* ---- stopping ---- */

void process_notify_stopped(struct process *p, int code, int status)
{
	const struct ksigaction *act;
	struct process *parent;
	struct ksiginfo info;
	struct sighand *sh;

	irq_lock(&process_lock);
	parent = p->parent;
	if (parent && parent->sighand) {
		chld_info(p, 0, &info);
		info.code = code;
		info.chld.status = status;
		sh = sighand_lock(parent);
		act = &parent->sighand->action[SIGCHLD - 1];
		if (act->handler != SIG_IGN_ADDR && !(act->flags & SA_NOCLDSTOP))
			(void)signal_send_locked(parent, NULL, SIGCHLD, &info);
		sighand_unlock(sh);
		wake_all(&parent->child_wait);
	}
	irq_unlock(&process_lock);
}

bool signal_stop_count_out(struct task *t)
{
	struct process *p = t->process;

	if (!t->is_stop_due)
		return false;
	t->is_stop_due = false;
	return --p->stop_count == 0 && p->group_stop;
}

/* Begin a group stop. */
static void stop_process(struct process *p, int signo)
{
	struct task *t;

	if (p->group_stop || p->group_exiting || p->exec_task)
		return;
	p->group_stop = true;
	p->stop_signo = signo;
	p->stop_reported = false;
	p->cont_pending = p->cont_notify = false;
	p->stop_count = 0;
	list_for_each(t, &p->threads, thread_link) {
		if (t->is_exiting)
			continue;
		t->is_stop_due = true;
		p->stop_count++;
		if (t != current)
			signal_wake(t, false);
	}
}

/* Stand still until the process may go on. */
static void stop_here(struct process *p)
{
	struct sighand *sh = sighand_lock(p);
	bool is_last = signal_stop_count_out(current);

	if (is_last) {
		int signo = p->stop_signo;

		sighand_unlock(sh);
		process_notify_stopped(p, CLD_STOPPED, signo);
		sh = sighand_lock(p);
	}
	while (p->group_stop && !p->group_exiting) {
		WRITE_ONCE(current->state, TASK_STOPPED);
		sighand_unlock(sh);
		schedule();
		sh = sighand_lock(p);
	}
	sighand_unlock(sh);
}

/* ---- default actions ---- */

static void report_crash(const struct ksiginfo *info, const struct trapframe *tf)
{
	static u64 last_ns;
	u64 now = time_now();

	if (now - READ_ONCE(last_ns) < NSEC_PER_SEC / 10)
		return;
	WRITE_ONCE(last_ns, now);
	log_info("%s[%d]: signal %d code %d at pc 0x%lx, address 0x%lx", current->name,
		  current->tid, info->signo, info->code, trapframe_pc(tf), (ulong)info->fault.addr);
}

static void __noreturn die(const struct ksiginfo *info, const struct trapframe *tf)
{
	if (SIGNAL_BIT(info->signo) & SIGNALS_SYNCHRONOUS)
		report_crash(info, tf);
	if (SIGNAL_BIT(info->signo) & SIGNALS_CORE)
		coredump(info);
	process_exit(info->signo);
}

/* Default action for the signal of @info; sighand locked, and again on return. */
static struct sighand *default_action(struct sighand *sh, const struct ksiginfo *info,
				      const struct trapframe *tf) __no_lock_analysis
{
	int signo = info->signo;
	struct process *p = current->process;

	if ((SIGNAL_BIT(signo) & SIGNALS_IGNORED) || p->is_init)
		return sh;
	if (!(SIGNAL_BIT(signo) & SIGNALS_STOP)) {
		sighand_unlock(sh);
		die(info, tf);
	}
	if (signo != SIGSTOP) {
		bool is_orphaned;

		sighand_unlock(sh);
		is_orphaned = process_group_is_orphaned(p->pgid);
		sh = sighand_lock(p);
		/* SIGCONT may have come while the lock was open; it wins. */
		if (is_orphaned)
			return sh;
	}
	stop_process(p, signo);
	return sh;
}

/* ---- handlers ---- */

static bool is_on_altstack(const struct task *t, ulong sp)
{
	if ((u32)t->altstack.flags & SS_AUTODISARM)
		return false;
	return sp > t->altstack.sp && sp - t->altstack.sp <= t->altstack.size;
}

static void restart_for_handler(struct trapframe *tf, const struct ksigaction *act)
{
	if (!arch_in_syscall(tf))
		return;
	switch (arch_syscall_return(tf)) {
	case -ERESTARTSYS:
		if (!(act->flags & SA_RESTART)) {
			arch_syscall_set_return(tf, -EINTR);
			break;
		}
		arch_syscall_rewind(tf);
		break;
	case -ERESTARTNOINTR:
		arch_syscall_rewind(tf);
		break;
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		arch_syscall_set_return(tf, -EINTR);
		break;
	}
	arch_syscall_forget(tf);
}

static void restart_without_handler(struct trapframe *tf)
{
	if (!arch_in_syscall(tf))
		return;
	switch (arch_syscall_return(tf)) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
		arch_syscall_rewind(tf);
		break;
	case -ERESTART_RESTARTBLOCK:
		arch_syscall_rewind_to(tf, NR_restart_syscall);
		break;
	default:
		return;
	}
	arch_syscall_forget(tf);
}

/* The frame could not be written: SIGSEGV, which kills if it is that one that failed. */
static void frame_failed(int signo)
{
	if (signo == SIGSEGV) {
		struct sighand *sh = sighand_lock(current->process);

		sh->action[SIGSEGV - 1].handler = SIG_DFL_ADDR;
		sighand_unlock(sh);
	}
	signal_force(current, SIGSEGV);
}

static void push_handler(struct trapframe *tf, int signo, const struct ksiginfo *info,
			 const struct ksigaction *act)
{
	struct task *t = current;
	struct signal_frame sf = {
		.sp = trapframe_sp(tf), .info = info, .act = act, .altstack = t->altstack,
		.oldmask = t->restore_blocked ? t->saved_blocked : t->blocked,
	};
	bool uses_altstack = is_on_altstack(t, sf.sp);
	sigset_t mask;

	restart_for_handler(tf, act);
	if ((act->flags & SA_ONSTACK) && !uses_altstack && t->altstack.size) {
		sf.sp = t->altstack.sp + t->altstack.size;
		uses_altstack = true;
	}
	sf.floor = uses_altstack ? t->altstack.sp : 0;
	if (arch_signal_push(tf, &sf) < 0) {
		frame_failed(signo);
		return;
	}
	if ((u32)t->altstack.flags & SS_AUTODISARM)
		t->altstack = (struct uapi_stack){ .flags = SS_DISABLE };
	t->restore_blocked = false;
	work_clear(WORK_NOTIFY);
	mask.bits = t->blocked.bits | act->mask.bits;
	if (!(act->flags & SA_NODEFER))
		sigset_add(&mask, signo);
	signal_set_mask(mask);
}

/* What comes before any signal: death, and news about a continue.  sighand locked, as on return. */
static struct sighand *check_group(struct sighand *sh) __no_lock_analysis
{
	struct process *p = current->process;

	if (p->group_exiting) {
		int status = p->exit_code;

		sighand_unlock(sh);
		task_exit(status);
	}
	if (p->exec_task && p->exec_task != current) {
		sighand_unlock(sh);
		task_exit(0);
	}
	if (p->cont_notify) {
		p->cont_notify = false;
		sighand_unlock(sh);
		process_notify_stopped(p, CLD_CONTINUED, SIGCONT);
		sh = sighand_lock(p);
	}
	return sh;
}

/* Run default actions until there is a signal with a handler: its number with *info and *act.  0:
 * nothing left. */
static int next_handler(struct trapframe *tf, struct ksiginfo *info, struct ksigaction *act)
	__no_lock_analysis
{
	struct task *t = current;
	struct process *p = t->process;
	struct sighand *sh = sighand_lock(p);
	struct ksigaction *a;
	int signo;

	for (;;) {
		sh = check_group(sh);
		if (p->group_stop) {
			sighand_unlock(sh);
			stop_here(p);
			sh = sighand_lock(p);
			continue;
		}
		signo = sigpending_take(&t->pending, t->blocked.bits, info);
		if (!signo)
			signo = sigpending_take(&p->shared_pending, t->blocked.bits, info);
		if (!signo)
			break;
		a = &sh->action[signo - 1];
		if (a->handler == SIG_IGN_ADDR)
			continue;
		if (a->handler == SIG_DFL_ADDR) {
			sh = default_action(sh, info, tf);
			continue;
		}
		*act = *a;
		if (act->flags & SA_RESETHAND)
			a->handler = SIG_DFL_ADDR;
		break;
	}
	signal_recalc();
	sighand_unlock(sh);
	return signo;
}

void signal_deliver(struct trapframe *tf)
{
	struct ksigaction act;
	struct ksiginfo info;
	int signo;

	signo = READ_ONCE(current->work) & WORK_SIGNAL ? next_handler(tf, &info, &act) : 0;
	if (signo) {
		push_handler(tf, signo, &info, &act);
		return;
	}
	restart_without_handler(tf);
	signal_restore_mask();
}

void user_return_work(struct trapframe *tf)
{
	u32 work;

	while ((work = READ_ONCE(current->work))) {
		arch_irq_enable();
		if (work & WORK_RESCHED)
			schedule();
		if (work & (WORK_SIGNAL | WORK_NOTIFY))
			signal_deliver(tf);
		if (work & WORK_TRACE)
			work_clear(WORK_TRACE);
		arch_irq_disable();
	}
}

void user_exception(struct trapframe *tf, int sig, int code, ulong addr)
{
	(void)tf;
	signal_fault(sig, code, addr);
}
