/* SPDX-License-Identifier: MIT */
/*
 * Process ids, groups and sessions: the calls.
 */
#include "task_private.h"

#include <uapi/errno.h>
#include <gemel/syscalls.h>

long sys_getpid(void)
{
	return current->process->pid;
}

long sys_gettid(void)
{
	return current->tid;
}

long sys_getppid(void)
{
	struct process *me = current->process, *parent;
	pid_t pid;

	/*
	 * A parent that goes gives us another first: the number is good if it is still our
	 * parent.
	 */
	do {
		parent = load_acquire(&me->parent);
		pid = READ_ONCE(parent->pid);
		smp_rmb();
	} while (unlikely(parent != READ_ONCE(me->parent)));
	return pid;
}

/* The group or session number of process @pid (0: current's own). */
static long of_process(pid_t pid, bool is_session)
{
	struct process *p;
	long nr = -ESRCH;

	irq_lock(&process_lock);
	p = pid ? process_find(pid) : current->process;
	if (p && p->session)
		nr = is_session ? p->session->sid : p->pgid;
	irq_unlock(&process_lock);
	return nr;
}

long sys_getpgid(int pid)
{
	return of_process(pid, false);
}

long sys_getsid(int pid)
{
	return of_process(pid, true);
}

static int setpgid_check(struct process *p, struct process *me) __must_hold(process_lock)
{
	if (!p || (p != me && p->parent != me))
		return -ESRCH;
	/* A zombie too: it may have made the group and ended before its parent came to it. */
	if (p != me) {
		if (p->session != me->session)
			return -EPERM;
		if (p->did_exec)
			return -EACCES;
	}
	return p->session->sid == p->pid ? -EPERM : 0;
}

static int setpgid_locked(pid_t nr, pid_t pgid) __must_hold(process_lock)
{
	struct process *me = current->process, *p = process_find(nr), *member;
	struct pid *pid;
	int err;

	if (!p && task_find(nr))
		return -EINVAL;         /* a thread that leads nothing */
	err = setpgid_check(p, me);
	if (err < 0)
		return err;
	pid = pid_find(pgid);
	if (pgid != p->pid) {
		if (!pid || list_is_empty(&pid->members))
			return -EPERM;
		member = list_first(&pid->members, struct process, group_link);
		if (member->session != me->session)
			return -EPERM;
	}
	if (p->group == pid)
		return 0;
	group_leave(p);
	group_join(p, pid);
	return 0;
}

long sys_setpgid(int pid, int pgid)
{
	int err;

	if (pgid < 0)
		return -EINVAL;
	if (pid == 0)
		pid = current->process->pid;
	if (pgid == 0)
		pgid = pid;
	irq_lock(&process_lock);
	err = setpgid_locked(pid, pgid);
	irq_unlock(&process_lock);
	return err;
}

long sys_setsid(void)
{
	struct process *p = current->process;
	struct session *s, *old;
	struct pid *pid;

	irq_lock(&process_lock);
	pid = pid_find(p->pid);
	if (p->session->sid == p->pid || !list_is_empty(&pid->members)) {
		irq_unlock(&process_lock);
		return -EPERM;
	}
	s = session_create(pid);
	if (!s) {
		irq_unlock(&process_lock);
		return -ENOMEM;
	}
	old = p->session;
	p->session = s;
	p->has_tty = false;
	session_put(old);
	group_leave(p);
	group_join(p, pid);
	irq_unlock(&process_lock);
	return p->pid;
}
