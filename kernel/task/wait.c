/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children: wait4 and waitid, and what they tell of usage.
 *
 * One pass over the children under process_lock decides; between passes the
 * caller sleeps on its process's child_wait, which exits, stops and continues wake.
 */
#include "task_private.h"

#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/resource.h>
#include <uapi/sched.h>
#include <gemel/address_space.h>
#include <gemel/fs.h>
#include <gemel/sched.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>

#include "pidfd.h"

struct wait_request {
	int type;               /* P_* */
	pid_t id;
	struct process *process;        /* P_PIDFD */
	uint options;
	bool is_usage_wanted;
	/* Result. */
	struct process *reaped; /* to be finished by the caller */
	pid_t pid;
	uid_t uid;
	int code, status;       /* CLD_*, wait status */
	struct uapi_rusage rusage;
};

/* ---- times and usage ---- */

void task_times(struct task *t, u64 *user_ns, u64 *system_ns)
{
	u64 run = task_run_ns(t), charged = READ_ONCE(t->se.run_ns);
	u64 system = READ_ONCE(t->system_ns);

	/* What has not been charged yet is where the last look found it. */
	if (t->is_seen_in_kernel && run > charged)
		system += run - charged;
	*system_ns = MIN(system, run);
	*user_ns = run - *system_ns;
}

static void times_locked(struct process *p, struct process_times *out)
	__must_hold(process_lock)
{
	u64 user, system;
	struct task *t;

	*out = (struct process_times){
		p->user_ns, p->system_ns, p->child_user_ns, p->child_system_ns,
		p->min_faults, p->maj_faults, p->nvcsw, p->nivcsw
	};
	list_for_each(t, &p->threads, thread_link) {
		task_times(t, &user, &system);
		out->user_ns += user;
		out->system_ns += system;
		out->min_faults += t->min_faults;
		out->maj_faults += t->maj_faults;
		out->nvcsw += t->nvcsw;
		out->nivcsw += t->nivcsw;
	}
}

void process_times(struct process *p, struct process_times *out)
{
	irq_lock(&process_lock);
	times_locked(p, out);
	irq_unlock(&process_lock);
}

/* Of @p, dead or alive, and the children it has waited for. */
static void rusage_both(struct process *p, struct uapi_rusage *ru) __must_hold(process_lock)
{
	u64 rss = MAX(p->maxrss, p->child_maxrss);
	struct process_times t;

	times_locked(p, &t);
	if (p->leader->as)
		rss = MAX(rss, READ_ONCE(p->leader->as->rss_max));
	memset(ru, 0, sizeof(*ru));
	ru->utime = timeval_from_ns(t.user_ns + t.child_user_ns);
	ru->stime = timeval_from_ns(t.system_ns + t.child_system_ns);
	ru->minflt = (s64)(t.min_faults + p->child_min_faults);
	ru->majflt = (s64)(t.maj_faults + p->child_maj_faults);
	ru->nvcsw = (s64)t.nvcsw;
	ru->nivcsw = (s64)t.nivcsw;
	ru->maxrss = (s64)(rss * (PAGE_SIZE / 1024));
}

static void rusage_children(const struct process *p, struct uapi_rusage *ru)
{
	ru->utime = timeval_from_ns(p->child_user_ns);
	ru->stime = timeval_from_ns(p->child_system_ns);
	ru->minflt = (s64)p->child_min_faults;
	ru->majflt = (s64)p->child_maj_faults;
	ru->maxrss = (s64)(p->child_maxrss * (PAGE_SIZE / 1024));
}

static void rusage_self(struct process *p, struct uapi_rusage *ru)
{
	struct process_times times;
	u64 rss = p->maxrss;

	process_times(p, &times);
	if (current->as)
		rss = MAX(rss, READ_ONCE(current->as->rss_max));
	ru->utime = timeval_from_ns(times.user_ns);
	ru->stime = timeval_from_ns(times.system_ns);
	ru->minflt = (s64)times.min_faults;
	ru->majflt = (s64)times.maj_faults;
	ru->nvcsw = (s64)times.nvcsw;
	ru->nivcsw = (s64)times.nivcsw;
	ru->maxrss = (s64)(rss * (PAGE_SIZE / 1024));
}

static void rusage_thread(struct task *t, struct uapi_rusage *ru)
{
	u64 user, system;

	task_times(t, &user, &system);
	ru->utime = timeval_from_ns(user);
	ru->stime = timeval_from_ns(system);
	ru->minflt = (s64)t->min_faults;
	ru->majflt = (s64)t->maj_faults;
	ru->nvcsw = (s64)t->nvcsw;
	ru->nivcsw = (s64)t->nivcsw;
	if (t->as)
		ru->maxrss = (s64)(READ_ONCE(t->as->rss_max) * (PAGE_SIZE / 1024));
}

long sys_getrusage(int who, struct uapi_rusage __user *uru)
{
	struct uapi_rusage ru;

	memset(&ru, 0, sizeof(ru));
	switch (who) {
	case RUSAGE_SELF:
		rusage_self(current->process, &ru);
		break;
	case RUSAGE_CHILDREN:
		rusage_children(current->process, &ru);
		break;
	case RUSAGE_THREAD:
		rusage_thread(current, &ru);
		break;
	default:
		return -EINVAL;
	}
	return user_write(uru, &ru);
}

/* ---- one pass ---- */

static bool is_wanted(const struct wait_request *rq, const struct process *p)
{
	bool is_clone = p->leader->exit_signal != SIGCHLD;

	switch (rq->type) {
	case P_PID:
		if (p->pid != rq->id)
			return false;
		break;
	case P_PGID:
		if (p->pgid != rq->id)
			return false;
		break;
	case P_PIDFD:
		if (p != rq->process)
			return false;
		break;
	}
	if ((rq->options & WNOTHREAD) && p->forker != current)
		return false;
	return (rq->options & WALL) || is_clone == !!(rq->options & WCLONE);
}

static void take_zombie(struct wait_request *rq, struct process *p) __must_hold(process_lock)
{
	struct ksiginfo info;

	chld_info(p, p->exit_code, &info);
	rq->code = info.code;
	rq->status = p->exit_code;
	if (rq->options & WNOWAIT)
		return;
	process_reap(p);
	rq->reaped = p;
}

static bool take_stopped(struct wait_request *rq, struct process *p)
{
	struct sighand *sh = sighand_lock(p);
	bool is_taken = p->group_stop && p->stop_count == 0 && !p->stop_reported;

	if (is_taken) {
		rq->code = CLD_STOPPED;
		rq->status = p->stop_signo << 8 | 0x7f;
		if (!(rq->options & WNOWAIT))
			p->stop_reported = true;
	}
	sighand_unlock(sh);
	return is_taken;
}

static bool take_continued(struct wait_request *rq, struct process *p)
{
	struct sighand *sh = sighand_lock(p);
	bool is_taken = p->cont_pending;

	if (is_taken) {
		rq->code = CLD_CONTINUED;
		rq->status = 0xffff;
		if (!(rq->options & WNOWAIT))
			p->cont_pending = false;
	}
	sighand_unlock(sh);
	return is_taken;
}

static bool try_take(struct wait_request *rq, struct process *p) __must_hold(process_lock)
{
	pid_t pid = p->pid;
	uid_t uid = p->leader->cred->uid;

	if (rq->is_usage_wanted)
		rusage_both(p, &rq->rusage);
	if (p->is_zombie) {
		if (!(rq->options & WEXITED))
			return false;
		take_zombie(rq, p);
	} else if (!((rq->options & WSTOPPED) && take_stopped(rq, p)) &&
		   !((rq->options & WCONTINUED) && take_continued(rq, p))) {
		return false;
	}
	rq->pid = pid;
	rq->uid = uid;
	return true;
}

/* 1: taken, 0: none yet, -ECHILD: none that could ever. */
static int wait_scan(struct wait_request *rq)
{
	struct process *p, *next;
	int found = -ECHILD;

	irq_lock(&process_lock);
	list_for_each_safe(p, next, &current->process->children, sibling) {
		if (!is_wanted(rq, p))
			continue;
		found = 0;
		if (try_take(rq, p)) {
			found = 1;
			break;
		}
	}
	irq_unlock(&process_lock);
	return found;
}

static int wait_for_child(struct wait_request *rq)
{
	int found = wait_scan(rq), err;

	if (found == 0 && !(rq->options & WNOHANG)) {
		err = wait_event(&current->process->child_wait, (found = wait_scan(rq)) != 0);
		if (err < 0 && found == 0)
			return -ERESTARTSYS;
	}
	if (rq->reaped)
		process_reap_finish(rq->reaped);
	return found;
}

/* ---- system calls ---- */

long sys_wait4(int pid, int __user *ustatus, int options, struct uapi_rusage __user *uru)
{
	struct wait_request rq = { .options = (uint)options | WEXITED, .is_usage_wanted = uru };
	int found;

	if ((uint)options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
		return -EINVAL;
	if (pid == (int)(1u << 31))
		return -ESRCH;
	if (pid == -1) {
		rq.type = P_ALL;
	} else if (pid > 0) {
		rq.type = P_PID;
		rq.id = pid;
	} else {
		rq.type = P_PGID;
		rq.id = pid ? -pid : current->process->pgid;
	}
	found = wait_for_child(&rq);
	if (found <= 0)
		return found;
	if (ustatus && user_write(ustatus, &rq.status) < 0)
		return -EFAULT;
	if (uru && user_write(uru, &rq.rusage) < 0)
		return -EFAULT;
	return rq.pid;
}

static int waitid_target(struct wait_request *rq, int type, int id)
{
	u32 flags;
	int err;

	rq->type = type;
	rq->id = id;
	switch (type) {
	case P_ALL:
		return 0;
	case P_PID:
		return id > 0 ? 0 : -EINVAL;
	case P_PGID:
		if (id < 0)
			return -EINVAL;
		if (id == 0)
			rq->id = current->process->pgid;
		return 0;
	case P_PIDFD:
		if (id < 0)
			return -EINVAL;
		err = pidfd_lookup(id, &rq->process, &flags);
		if (err == 0 && (flags & O_NONBLOCK))
			rq->options |= WNOHANG;
		return err;
	default:
		return -EINVAL;
	}
}

static void waitid_info(const struct wait_request *rq, struct ksiginfo *info)
{
	memset(info, 0, sizeof(*info));
	info->signo = SIGCHLD;
	info->code = rq->code;
	info->chld.pid = rq->pid;
	info->chld.uid = rq->uid;
	if (rq->code == CLD_EXITED || rq->code == CLD_STOPPED)
		info->chld.status = rq->status >> 8 & 0xff;
	else if (rq->code == CLD_CONTINUED)
		info->chld.status = SIGCONT;
	else
		info->chld.status = rq->status & 0x7f;
}

long sys_waitid(int type, int id, struct ksiginfo __user *uinfo, int options,
		struct uapi_rusage __user *uru)
{
	struct wait_request rq = { .options = (uint)options, .is_usage_wanted = uru };
	struct ksiginfo info;
	int found, err;

	if ((uint)options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WNOTHREAD |
			      WALL | WCLONE))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	err = waitid_target(&rq, type, id);
	if (err < 0)
		return err;
	found = wait_for_child(&rq);
	if (rq.process)
		process_put(rq.process);
	if (found < 0)
		return found;
	if (found == 0 && (rq.options & WNOHANG) && !(options & WNOHANG))
		return -EAGAIN;
	/* Nothing yet (WNOHANG): signo and pid are zero.  The tail of siginfo is not touched. */
	if (uinfo) {
		if (found)
			waitid_info(&rq, &info);
		else
			memset(&info, 0, sizeof(info));
		if (copy_to_user(uinfo, &info, offsetof(struct ksiginfo, chld.utime)) < 0)
			return -EFAULT;
	}
	if (found && uru && user_write(uru, &rq.rusage) < 0)
		return -EFAULT;
	return 0;
}
