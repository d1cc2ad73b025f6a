/* SPDX-License-Identifier: MIT */
/*
 * The system calls about signals.
 *
 * They change actions, masks and the alternate stack of current, and send.
 * What is shared (actions, pending sets) is under the sighand's lock; a mask
 * is written by its own task only, under that lock too, since senders look at it.
 *
 * After each change signal_recalc() sets WORK_SIGNAL to what is true now, so
 * a signal that has become deliverable is delivered on the way out of this
 * very call.
 *
 * Waiting.  sigsuspend and pause sleep until WORK_SIGNAL is set and always end
 * with a restart code, so that being woken for nothing does not show.
 */
#include "task_private.h"

#include <arch/signal.h>
#include <arch/syscall.h>
#include <arch/uapi_bits.h>
#include <uapi/errno.h>
#include <uapi/time.h>
#include <gemel/sched.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>

#define SA_KNOWN (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | \
		  SA_RESTART | SA_NODEFER | SA_RESETHAND | SA_EXPOSE_TAGBITS)

/* Of a siginfo that a program sends. */
#define INFO_KEPT       48

/* ---- actions ---- */

static bool becomes_ignored(const struct ksigaction *act, int signo)
{
	return act->handler == SIG_IGN_ADDR ||
	       (act->handler == SIG_DFL_ADDR && (SIGNAL_BIT(signo) & SIGNALS_IGNORED));
}

static void action_set(struct process *p, struct sighand *sh, int signo,
		       const struct ksigaction *act)
{
	struct task *t;

	sh->action[signo - 1] = *act;
	sh->changed |= SIGNAL_BIT(signo);
	if (!becomes_ignored(act, signo))
		return;
	sigpending_remove(&p->shared_pending, SIGNAL_BIT(signo));
	list_for_each(t, &p->threads, thread_link)
		sigpending_remove(&t->pending, SIGNAL_BIT(signo));
}

long sys_rt_sigaction(int signo, const struct uapi_sigaction __user *uact,
		      struct uapi_sigaction __user *uold, size_t set_size)
{
	struct process *p = current->process;
	struct uapi_sigaction new, old;
	struct ksigaction act, before;
	struct sighand *sh;

	if (set_size != sizeof(sigset_t))
		return -EINVAL;
	if (uact && user_read(&new, uact) < 0)
		return -EFAULT;
	if (signo < 1 || signo > SIGNAL_MAX ||
	    (uact && (SIGNAL_BIT(signo) & SIGNALS_UNBLOCKABLE)))
		return -EINVAL;
	if (uact) {
		act.handler = new.handler;
		act.flags = new.flags & SA_KNOWN;
		act.restorer = new.restorer;
		act.mask.bits = new.mask.bits & ~SIGNALS_UNBLOCKABLE;
	}
	sh = sighand_lock(p);
	before = sh->action[signo - 1];
	if (uact)
		action_set(p, sh, signo, &act);
	sighand_unlock(sh);
	if (!uold)
		return 0;
	old.handler = before.handler;
	old.flags = before.flags;
	old.restorer = before.restorer;
	old.mask = before.mask;
	return user_write(uold, &old);
}

/* ---- masks ---- */

long sys_rt_sigprocmask(int how, const sigset_t __user *uset, sigset_t __user *uold,
			size_t set_size)
{
	sigset_t old = current->blocked, set;

	if (set_size != sizeof(sigset_t))
		return -EINVAL;
	if (uset) {
		if (user_read(&set, uset) < 0)
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			set.bits |= old.bits;
			break;
		case SIG_UNBLOCK:
			set.bits = old.bits & ~set.bits;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		set.bits &= ~SIGNALS_UNBLOCKABLE;
		if (set.bits != old.bits)
			signal_set_mask(set);
	}
	return uold ? user_write(uold, &old) : 0;
}

long sys_rt_sigpending(sigset_t __user *uset, size_t set_size)
{
	struct process *p = current->process;
	struct sighand *sh;
	sigset_t set;

	if (set_size > sizeof(sigset_t))
		return -EINVAL;
	sh = sighand_lock(p);
	set.bits = (current->pending.set.bits | p->shared_pending.set.bits) &
		   current->blocked.bits;
	sighand_unlock(sh);
	return copy_to_user(uset, &set, set_size);
}

long signal_pause(void)
{
	while (!signal_is_pending(current))
		(void)sleep_until(WAIT_FOREVER, TASK_SLEEPING);
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(const sigset_t __user *uset, size_t set_size)
{
	sigset_t set;

	if (set_size != sizeof(sigset_t))
		return -EINVAL;
	if (user_read(&set, uset) < 0)
		return -EFAULT;
	signal_set_temporary_mask(set);
	return signal_pause();
}

int signal_take_locked(u64 mask, struct ksiginfo *info)
{
	int signo = sigpending_take(&current->pending, ~mask, info);

	return signo ? signo : sigpending_take(&current->process->shared_pending, ~mask, info);
}

static int take(u64 mask, sigset_t waiting_for, struct ksiginfo *info)
{
	struct sighand *sh = sighand_lock(current->process);
	int signo = signal_take_locked(mask, info);

	current->waiting_for = signo ? (sigset_t){ 0 } : waiting_for;
	signal_recalc();
	sighand_unlock(sh);
	return signo;
}

long sys_rt_sigtimedwait(const sigset_t __user *uset, struct ksiginfo __user *uinfo,
			 const struct uapi_timespec __user *utimeout, size_t set_size)
{
	u64 deadline = WAIT_FOREVER;
	struct uapi_timespec ts;
	struct ksiginfo info;
	int signo, err = 0;
	sigset_t set;

	if (set_size != sizeof(sigset_t))
		return -EINVAL;
	if (user_read(&set, uset) < 0)
		return -EFAULT;
	set.bits &= ~SIGNALS_UNBLOCKABLE;
	if (utimeout) {
		if (user_read(&ts, utimeout) < 0)
			return -EFAULT;
		if (!timespec_is_valid(&ts))
			return -EINVAL;
		deadline = deadline_after(time_now(), timespec_to_ns(&ts));
	}
	signo = take(set.bits, set, &info);
	if (!signo) {
		err = sleep_until(deadline, TASK_SLEEPING);
		signo = take(set.bits, (sigset_t){ 0 }, &info);
	}
	if (!signo)
		return err == 0 || err == -ETIMEDOUT ? -EAGAIN : -EINTR;
	if (uinfo && user_write(uinfo, &info) < 0)
		return -EFAULT;
	return signo;
}

/* ---- alternate stack, return from a handler ---- */

static bool is_on_altstack(ulong sp)
{
	const struct uapi_stack *ss = &current->altstack;

	if ((u32)ss->flags & SS_AUTODISARM)
		return false;
	return sp > ss->sp && sp - ss->sp <= ss->size;
}

static int altstack_set(const struct uapi_stack *ss, ulong sp)
{
	u32 mode = (u32)ss->flags & ~SS_AUTODISARM;

	if (is_on_altstack(sp))
		return -EPERM;
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		current->altstack = (struct uapi_stack){ .flags = ss->flags };
		return 0;
	}
	if (ss->size < UAPI_MINSIGSTKSZ)
		return -ENOMEM;
	current->altstack = (struct uapi_stack){
		.sp = ss->sp, .flags = ss->flags, .size = ss->size
	};
	return 0;
}

long sys_sigaltstack(const struct uapi_stack __user *uss, struct uapi_stack __user *uold)
{
	ulong sp = trapframe_sp(task_trapframe(current));
	struct uapi_stack old = current->altstack, ss;
	int err;

	old.flags = (s32)(((u32)old.flags & SS_AUTODISARM) |
			  (!old.size ? SS_DISABLE : is_on_altstack(sp) ? SS_ONSTACK : 0));
	if (uss) {
		if (user_read(&ss, uss) < 0)
			return -EFAULT;
		err = altstack_set(&ss, sp);
		if (err < 0)
			return err;
	}
	return uold ? user_write(uold, &old) : 0;
}

long sys_rt_sigreturn(void)
{
	struct trapframe *tf = task_trapframe(current);
	struct uapi_stack ss;
	sigset_t mask;

	if (arch_signal_pop(tf, &mask, &ss) < 0) {
		signal_force(current, SIGSEGV);
		arch_syscall_forget(tf);
		return 0;
	}
	signal_set_mask(mask);
	/* As Linux: what cannot be set is left as it is. */
	(void)altstack_set(&ss, trapframe_sp(tf));
	arch_syscall_forget(tf);
	return arch_syscall_return(tf);
}

long sys_restart_syscall(void)
{
	struct restart_block *rb = &current->restart;

	return rb->fn ? rb->fn(rb) : -EINTR;
}

/* ---- sending ---- */

/* To one process; process_lock held. */
static int kill_one(struct process *p, int signo, const struct ksiginfo *info)
	__must_hold(process_lock)
{
	if (signo < 0 || signo > SIGNAL_MAX)
		return -EINVAL;
	if (!cred_can_signal(p->leader, signo))
		return -EPERM;
	return signo ? signal_send_process(p, signo, info) : 0;
}

static int kill_group(pid_t pgid, int signo, const struct ksiginfo *info)
	__must_hold(process_lock)
{
	struct pid *pid = pid_find(pgid);
	bool has_sent = false;
	struct process *p;
	int err = -ESRCH;

	if (!pid)
		return -ESRCH;
	list_for_each(p, &pid->members, group_link) {
		int one = kill_one(p, signo, info);

		has_sent |= one == 0;
		if (one < 0)
			err = one;
	}
	return has_sent ? 0 : err;
}

static int kill_all(int signo, const struct ksiginfo *info) __must_hold(process_lock)
{
	int err = -ESRCH;
	struct task *t;

	list_for_each(t, &all_tasks, all_link) {
		struct process *p = t->process;
		int one;

		if (t->is_kernel || t->tid != p->pid || p == init_process ||
		    p == current->process)
			continue;
		/* To be refused by all is no error: so it is on Linux. */
		if (err == -ESRCH)
			err = 0;
		one = kill_one(p, signo, info);
		if (one != -EPERM)
			err = one;
	}
	return err;
}

/* A thread's number stands for its process. */
static struct process *process_of(pid_t pid) __must_hold(process_lock)
{
	struct task *t = pid > 0 ? task_find(pid) : NULL;

	return t && !t->is_kernel ? t->process : NULL;
}

long sys_kill(int pid, int signo)
{
	struct ksiginfo info;
	struct process *p;
	int err;

	if (pid == (int)(1u << 31))
		return -ESRCH;
	info_from_current(&info, signo, SI_USER);
	irq_lock(&process_lock);
	if (pid > 0) {
		p = process_of(pid);
		err = p ? kill_one(p, signo, &info) : -ESRCH;
	} else if (pid == -1) {
		err = kill_all(signo, &info);
	} else {
		err = kill_group(pid ? -pid : current->process->pgid, signo, &info);
	}
	irq_unlock(&process_lock);
	return err;
}

static int kill_thread(int tgid, int tid, int signo, const struct ksiginfo *info)
{
	int err = -ESRCH;
	struct task *t;

	irq_lock(&process_lock);
	t = task_find(tid);
	if (t && (tgid <= 0 || t->process->pid == tgid)) {
		if (signo < 0 || signo > SIGNAL_MAX)
			err = -EINVAL;
		else if (!cred_can_signal(t, signo))
			err = -EPERM;
		else
			err = signo ? signal_send_task(t, signo, info) : 0;
	}
	irq_unlock(&process_lock);
	return err;
}

long sys_tgkill(int tgid, int tid, int signo)
{
	struct ksiginfo info;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	info_from_current(&info, signo, SI_TKILL);
	return kill_thread(tgid, tid, signo, &info);
}

long sys_tkill(int tid, int signo)
{
	struct ksiginfo info;

	if (tid <= 0)
		return -EINVAL;
	info_from_current(&info, signo, SI_TKILL);
	return kill_thread(0, tid, signo, &info);
}

/* Codes whose fields are known, all within INFO_KEPT bytes. */
static bool is_known_code(int signo, int code)
{
	static const u8 last[SIGNAL_MAX + 1] = {
		[SIGILL] = 11, [SIGFPE] = 15, [SIGSEGV] = 9, [SIGBUS] = 5, [SIGTRAP] = 6,
		[SIGCHLD] = 6, [SIGIO] = 6, [SIGSYS] = 2,
	};

	if (code > 0)
		return code == SI_KERNEL || code <= (last[signo] ? last[signo] : 6);
	return code >= SI_DETHREAD || code == SI_ASYNCNL;
}

/* Only the kernel and kill() may say who sent it, unless it is to oneself.  What lies behind the
 * fields is not sent on; of an unknown code it could matter. */
static int read_info(struct ksiginfo *info, const struct ksiginfo __user *uinfo, int signo,
		     int target_pid)
{
	u8 *rest = (u8 *)info + INFO_KEPT;
	bool is_kept = false;

	if (user_read(info, uinfo) < 0)
		return -EFAULT;
	info->signo = signo;
	for (uint i = 0; i < sizeof(*info) - INFO_KEPT; i++)
		is_kept |= rest[i];
	if (is_kept && !is_known_code(signo & 63, info->code))
		return -E2BIG;
	memset(rest, 0, sizeof(*info) - INFO_KEPT);
	if ((info->code >= 0 || info->code == SI_TKILL) && current->process->pid != target_pid)
		return -EPERM;
	return 0;
}

long sys_rt_sigqueueinfo(int pid, int signo, const struct ksiginfo __user *uinfo)
{
	struct ksiginfo info;
	struct process *p;
	int err;

	err = read_info(&info, uinfo, signo, pid);
	if (err < 0)
		return err;
	irq_lock(&process_lock);
	p = process_of(pid);
	err = p ? kill_one(p, signo, &info) : -ESRCH;
	irq_unlock(&process_lock);
	return err;
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int signo, const struct ksiginfo __user *uinfo)
{
	struct ksiginfo info;
	int err;

	err = read_info(&info, uinfo, signo, tgid);
	if (err < 0)
		return err;
	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	return kill_thread(tgid, tid, signo, &info);
}
