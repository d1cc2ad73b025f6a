/* SPDX-License-Identifier: MIT */
/*
 * The end of a thread, and of a process with its last one.
 *
 * A thread gives up what it shares while it can still sleep, then leaves
 * its process under process_lock.  The last to leave makes the process a
 * zombie: children go to the nearest subreaper or init, groups that became
 * orphans and have stopped members get SIGHUP and SIGCONT, the parent is told.
 *
 *	living -> zombie	exit_leave(), last thread
 *	zombie -> reaped	wait4 (process_reap()), or at once if the parent does not care
 *	reaped -> freed		process_put() of the last who looks
 *
 * The task struct of the leader stays until the process is reaped, those of
 * other threads go with their last switch.
 */
#define LOG_TAG "task"
#include "task_private.h"

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <uapi/errno.h>
#include <uapi/sched.h>
#include <uapi/time.h>
#include <gemel/address_space.h>
#include <gemel/fs.h>
#include <gemel/kcov.h>
#include <gemel/log.h>
#include <gemel/sched.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/trace.h>
#include <gemel/tty.h>

/* ---- giving up ---- */

static void drop_as(struct task *t)
{
	struct address_space *as = t->as;

	if (!as)
		return;
	irq_lock(&process_lock);
	t->as = NULL;
	arch_mmu_activate(NULL);
	irq_unlock(&process_lock);
	as_unuse(as);
}

static void drop_files(struct task *t)
{
	struct files *files = t->files;
	struct fs_context *fs = t->fs;

	irq_lock(&process_lock);
	t->files = NULL;
	t->fs = NULL;
	irq_unlock(&process_lock);
	if (files)
		files_put(files);
	if (fs)
		fs_context_put(fs);
}

/* From here on no signal chooses this thread; what was meant for any thread goes to another. */
static void stop_taking_signals(struct task *t)
{
	struct process *p = t->process;
	struct sighand *sh = sighand_lock(p);
	bool is_stop_complete;
	struct task *other;

	coredump_park(t);
	is_stop_complete = signal_stop_count_out(t);
	t->is_exiting = true;
	if (p->shared_pending.set.bits && p->nthreads > 1)
		list_for_each(other, &p->threads, thread_link)
			if (!other->is_exiting)
				signal_wake(other, false);
	sighand_unlock(sh);
	if (is_stop_complete)
		process_notify_stopped(p, CLD_STOPPED, p->stop_signo);
}

/* ---- orphans ---- */

/* @parent can continue @p's group: of the same session, outside the group. */
static bool is_job_control(const struct process *parent, const struct process *p)
	__must_hold(process_lock)
{
	return parent->group != p->group && parent->session == p->session;
}

static bool has_job_control(struct pid *pid, const struct process *except)
	__must_hold(process_lock)
{
	struct process *p;

	list_for_each(p, &pid->members, group_link)
		if (p != except && !(p->is_zombie) && p->parent != init_process && p->parent &&
		    is_job_control(p->parent, p))
			return true;
	return false;
}

static bool has_stopped_member(struct pid *pid) __must_hold(process_lock)
{
	struct process *p;

	list_for_each(p, &pid->members, group_link)
		if (p->group_stop)
			return true;
	return false;
}

bool process_group_is_orphaned(pid_t pgid)
{
	struct pid *pid;
	bool is_orphaned;

	irq_lock(&process_lock);
	pid = pid_find(pgid);
	is_orphaned = !pid || !has_job_control(pid, NULL);
	irq_unlock(&process_lock);
	return is_orphaned;
}

static void hangup_if_orphaned(struct pid *pid, const struct process *except)
	__must_hold(process_lock)
{
	if (!has_stopped_member(pid) || has_job_control(pid, except))
		return;
	signal_group_locked(pid, SIGHUP);
	signal_group_locked(pid, SIGCONT);
}

static struct process *find_reaper(struct process *p) __must_hold(process_lock)
{
	struct process *up;

	for (up = p->parent; up && up != &kernel_process; up = up->parent)
		if (up->is_child_subreaper && up->nthreads > 0)
			return up;
	return init_process;
}

/* ---- telling the parent ---- */

void chld_info(struct process *p, int status, struct ksiginfo *info)
{
	u64 user, system;

	memset(info, 0, sizeof(*info));
	info->signo = SIGCHLD;
	info->chld.pid = p->pid;
	info->chld.uid = p->leader->cred->uid;
	if ((status & 0x7f) == 0) {
		info->code = CLD_EXITED;
		info->chld.status = status >> 8 & 0xff;
	} else {
		info->code = status & 0x80 ? CLD_DUMPED : CLD_KILLED;
		info->chld.status = status & 0x7f;
	}
	user = p->user_ns;
	system = p->system_ns;
	info->chld.utime = (s64)(user / (NSEC_PER_SEC / USER_HZ));
	info->chld.stime = (s64)(system / (NSEC_PER_SEC / USER_HZ));
}

/* True if the parent does not want a zombie. */
static bool notify_parent(struct process *p) __must_hold(process_lock)
{
	struct process *parent = p->parent;
	int signo = p->leader->exit_signal;
	const struct ksigaction *act;
	struct ksiginfo info;
	bool is_unwanted = false;
	struct sighand *sh;

	sh = sighand_lock(parent);
	act = &parent->sighand->action[SIGCHLD - 1];
	if (signo == SIGCHLD) {
		is_unwanted = act->handler == SIG_IGN_ADDR || (act->flags & SA_NOCLDWAIT);
		if (act->handler == SIG_IGN_ADDR)
			signo = 0;
	}
	if (signo > 0 && signo <= SIGNAL_MAX) {
		chld_info(p, p->exit_code, &info);
		info.signo = signo;
		(void)signal_send_locked(parent, NULL, signo, &info);
	}
	sighand_unlock(sh);
	wake_all(&parent->child_wait);
	return is_unwanted;
}

static struct task *any_thread(const struct process *p) __must_hold(process_lock)
{
	return list_is_empty(&p->threads) ? NULL :
	       list_first(&p->threads, struct task, thread_link);
}

/* Thread @t is gone, its process goes on: its children are another thread's. */
static void bequeath_children(struct process *p, const struct task *t) __must_hold(process_lock)
{
	struct process *c;

	list_for_each(c, &p->children, sibling) {
		if (c->forker != t)
			continue;
		c->forker = any_thread(p);
		if (c->pdeath_signal)
			(void)signal_send_process(c, c->pdeath_signal, NULL);
	}
}

static void reparent_one(struct process *c, struct process *to, struct list *dead)
	__must_hold(process_lock)
{
	struct ksiginfo info;

	list_remove(&c->sibling);
	c->parent = to;
	c->forker = any_thread(to);
	list_add_tail(&to->children, &c->sibling);
	if (c->leader)
		c->leader->exit_signal = SIGCHLD;
	if (c->pdeath_signal) {
		info_from_current(&info, c->pdeath_signal, SI_USER);
		(void)signal_send_process(c, c->pdeath_signal, &info);
	}
	if (c->is_zombie && notify_parent(c)) {
		process_reap(c);
		list_add(dead, &c->sibling);
	}
}

static void reparent_children(struct process *p, struct list *dead) __must_hold(process_lock)
{
	struct process *c, *next, *to = NULL;

	list_for_each_safe(c, next, &p->children, sibling) {
		struct pid *group = is_job_control(p, c) ? c->group : NULL;

		if (!to)
			to = find_reaper(p);
		if (group)
			pid_get(group); /* the child may be its last user */
		reparent_one(c, to, dead);
		if (group) {
			hangup_if_orphaned(group, p);
			pid_put(group);
		}
	}
}

/* ---- reaping ---- */

/* What was sent and never taken is its user's again, though the last who looks frees @p later. */
static void drop_signals(struct process *p) __must_hold(process_lock)
{
	struct sighand *sh = sighand_lock(p);

	sigpending_flush(&p->leader->pending);
	sigpending_flush(&p->shared_pending);
	sighand_unlock(sh);
}

void process_reap(struct process *p)
{
	struct process *parent = p->parent;

	ASSERT(p->is_zombie && !p->is_reaped);
	p->is_reaped = true;
	drop_signals(p);
	list_remove(&p->sibling);
	group_leave(p);
	session_put(p->session);
	p->session = NULL;
	pid_detach(p->leader);
	list_remove(&p->leader->all_link);
	parent->child_user_ns += p->user_ns + p->child_user_ns;
	parent->child_system_ns += p->system_ns + p->child_system_ns;
	parent->child_min_faults += p->min_faults + p->child_min_faults;
	parent->child_maj_faults += p->maj_faults + p->child_maj_faults;
	parent->child_maxrss = MAX(parent->child_maxrss, p->maxrss);
	parent->child_maxrss = MAX(parent->child_maxrss, p->child_maxrss);
}

void process_reap_finish(struct process *p)
{
	task_put(p->leader);
	process_put(p);
}

/* ---- leaving ---- */

static void add_times(struct process *p, struct task *t)
{
	u64 user, system;

	task_times(t, &user, &system);
	p->user_ns += user;
	p->system_ns += system;
	p->min_faults += t->min_faults;
	p->maj_faults += t->maj_faults;
	p->nvcsw += t->nvcsw;
	p->nivcsw += t->nivcsw;
}

static void become_zombie(struct process *p, struct list *dead) __must_hold(process_lock)
{
	reparent_children(p, dead);
	if (p->parent && is_job_control(p->parent, p))
		hangup_if_orphaned(p->group, p);
	p->is_zombie = true;
	if (!p->group_exiting)
		p->exit_code = p->leader->exit_code;
	wake_all(&p->exit_wait);
	if (notify_parent(p)) {
		process_reap(p);
		list_add(dead, &p->sibling);
	}
}

/* Returns true if @t's reference of the tree is to be dropped: it was not the leader. */
static bool exit_leave(struct task *t, struct list *dead)
{
	struct process *p = t->process;
	bool is_leader = p->leader == t;

	irq_lock(&process_lock);
	add_times(p, t);
	process_remove_thread(p, t);
	/* The leader can be found until it is reaped. */
	if (is_leader)
		list_add_tail(&all_tasks, &t->all_link);
	else
		pid_detach(t);
	if (p->nthreads == 0)
		become_zombie(p, dead);
	else
		bequeath_children(p, t);
	if (p->exec_task)
		wake_all(&p->exec_wait);
	irq_unlock(&process_lock);
	return !is_leader;
}

static void last_thread(struct process *p)
{
	itimer_stop(p);
	posix_timers_delete_all(p);
	if (p == init_process) {
		log_err("init: ended with status 0x%x, there is nothing left to run",
			p->group_exiting ? p->exit_code : current->exit_code);
		vfs_shutdown();
		arch_restart(RESTART_FAILURE);
	}
	if (p->session->sid == p->pid)
		session_tty_detach(p->session);
}

void task_exit(int status)
{
	struct task *t = current;
	struct process *p = t->process, *z, *next;
	struct list dead = LIST_INIT(dead);

	ASSERT(!t->is_kernel);
	trace(TRACE_EXIT, t->tid, status);
	t->exit_code = status;
	stop_taking_signals(t);
	kcov_task_end(t);
	if (__atomic_sub_fetch(&p->nlive, 1, __ATOMIC_ACQ_REL) == 0)
		last_thread(p);
	futex_exit_task(true);
	if (t->as)
		p->maxrss = MAX(p->maxrss, READ_ONCE(t->as->rss_max));
	drop_as(t);
	vfork_release(t);
	drop_files(t);
	if (exit_leave(t, &dead))
		task_put(t);
	list_for_each_safe(z, next, &dead, sibling) {
		list_remove(&z->sibling);
		process_reap_finish(z);
	}
	sched_exit();
}

void process_exit(int status)
{
	struct process *p = current->process;
	struct sighand *sh = sighand_lock(p);

	if (!p->group_exiting) {
		if (p->exec_task && p->exec_task != current)
			status = 0;     /* the thread in execve goes on */
		else
			process_kill_locked(p, status);
	}
	if (p->group_exiting)
		status = p->exit_code;
	sighand_unlock(sh);
	task_exit(status);
}

long sys_exit(int code)
{
	task_exit((code & 0xff) << 8);
}

long sys_exit_group(int code)
{
	process_exit((code & 0xff) << 8);
}
