/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: the calls.
 *
 * They find the task, ask whether the caller may, and leave the rest to the scheduler, whose
 * run-queue locks guard what is read and changed here: policy, priority, weight,
 * affinity.
 *
 * Who may: a task of one's own, or of a process with one's own user id, or anybody with
 * CAP_SYS_NICE.  More than that, a higher priority or less nice, has the limits RLIMIT_RTPRIO and
 * RLIMIT_NICE.
 *
 * A policy may carry SCHED_RESET_ON_FORK: then children start as ordinary tasks.
 */
#include "task_private.h"

#include <uapi/errno.h>
#include <uapi/resource.h>
#include <uapi/sched.h>
#include <gemel/cpu.h>
#include <gemel/sched.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>

#define RT_PRIORITY_MAX 99
#define RR_SLICE_NS     (100 * NSEC_PER_MSEC)

/* Task @tid (0: current), referenced; may current change it?  0, -ESRCH, -EPERM. */
static int target(pid_t tid, bool is_change, struct task **out)
{
	const struct cred *me = current_cred(), *it;
	struct task *t;

	if (tid < 0)
		return -EINVAL;
	if (tid == 0) {
		task_get(current);
		*out = current;
		return 0;
	}
	t = task_lookup(tid);
	if (!t)
		return -ESRCH;
	if (is_change && t->process != current->process && !capable(CAP_SYS_NICE)) {
		it = task_get_cred(t);
		if (me->euid != it->uid && me->euid != it->euid) {
			cred_put(it);
			task_put(t);
			return -EPERM;
		}
		cred_put(it);
	}
	*out = t;
	return 0;
}

long sys_sched_yield(void)
{
	sched_yield();
	return 0;
}

/* ---- affinity ---- */

static u64 cpus_online(void)
{
	struct cpu *c;
	u64 mask = 0;

	for_each_online_cpu(c)
		mask |= 1ull << c->id;
	return mask;
}

long sys_sched_getaffinity(int pid, uint len, ulong __user *umask)
{
	struct task *t;
	u64 mask;
	int err;

	if (len < sizeof(mask) || len % sizeof(ulong))
		return -EINVAL;
	err = pid < 0 ? -ESRCH : target(pid, false, &t);
	if (err < 0)
		return err;
	mask = t->se.affinity & cpus_online();
	task_put(t);
	if (copy_to_user(umask, &mask, sizeof(mask)) < 0)
		return -EFAULT;
	return sizeof(mask);
}

long sys_sched_setaffinity(int pid, uint len, const ulong __user *umask)
{
	struct task *t;
	u64 mask = 0;
	int err;

	if (copy_from_user(&mask, umask, MIN((size_t)len, sizeof(mask))) < 0)
		return -EFAULT;
	err = pid < 0 ? -ESRCH : target(pid, true, &t);
	if (err < 0)
		return err;
	mask &= cpus_online();
	err = mask ? sched_set_affinity(t, mask) : -EINVAL;
	task_put(t);
	return err;
}

/* ---- policy ---- */

static bool policy_is_realtime(uint policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static int policy_set(pid_t pid, uint policy, s32 priority)
{
	bool reset = policy & SCHED_RESET_ON_FORK;
	struct task *t;
	int err;

	policy &= ~SCHED_RESET_ON_FORK;
	if (policy > SCHED_IDLE || policy == 4)
		return -EINVAL;
	if (policy_is_realtime(policy) ? priority < 1 || priority > RT_PRIORITY_MAX : priority != 0)
		return -EINVAL;
	err = target(pid, true, &t);
	if (err < 0)
		return err;
	if (policy_is_realtime(policy) && !capable(CAP_SYS_NICE) &&
	    (u64)priority > rlimit_get(RLIMIT_RTPRIO))
		err = -EPERM;
	else if (t->se.reset_on_fork && !reset && !capable(CAP_SYS_NICE))
		err = -EPERM;
	else
		err = sched_set_policy(t, policy, (uint)priority);
	if (err == 0) {
		WRITE_ONCE(t->se.reset_on_fork, reset);
		futex_pi_adjust(t);
	}
	task_put(t);
	return err;
}

long sys_sched_setscheduler(int pid, int policy, const struct uapi_sched_param __user *uparam)
{
	struct uapi_sched_param param;

	if (policy < 0 || pid < 0 || !uparam)
		return -EINVAL;
	if (user_read(&param, uparam) < 0)
		return -EFAULT;
	return policy_set(pid, (uint)policy, param.priority);
}

long sys_sched_getscheduler(int pid)
{
	struct task *t;
	long policy;
	int err;

	err = target(pid, false, &t);
	if (err < 0)
		return err;
	policy = t->se.policy | (t->se.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	task_put(t);
	return policy;
}

long sys_sched_setparam(int pid, const struct uapi_sched_param __user *uparam)
{
	struct uapi_sched_param param;
	long policy;

	if (pid < 0 || !uparam)
		return -EINVAL;
	if (user_read(&param, uparam) < 0)
		return -EFAULT;
	policy = sys_sched_getscheduler(pid);
	return policy < 0 ? policy : policy_set(pid, (uint)policy, param.priority);
}

long sys_sched_getparam(int pid, struct uapi_sched_param __user *uparam)
{
	struct uapi_sched_param param;
	struct task *t;
	int err;

	if (!uparam)
		return -EINVAL;
	err = target(pid, false, &t);
	if (err < 0)
		return err;
	param.priority = t->se.own_priority;
	task_put(t);
	return user_write(uparam, &param);
}

long sys_sched_get_priority_max(int policy)
{
	if (policy < 0 || policy > SCHED_IDLE || policy == 4)
		return -EINVAL;
	return policy_is_realtime((uint)policy) ? RT_PRIORITY_MAX : 0;
}

long sys_sched_get_priority_min(int policy)
{
	if (policy < 0 || policy > SCHED_IDLE || policy == 4)
		return -EINVAL;
	return policy_is_realtime((uint)policy) ? 1 : 0;
}

long sys_sched_rr_get_interval(int pid, struct uapi_timespec __user *uts)
{
	struct uapi_timespec ts;
	struct task *t;
	int err;

	err = target(pid, false, &t);
	if (err < 0)
		return err;
	ts = timespec_from_ns(t->se.policy == SCHED_RR ? RR_SLICE_NS :
			      t->se.policy == SCHED_FIFO ? 0 : t->se.slice_ns);
	task_put(t);
	return user_write(uts, &ts);
}

/* ---- nice ---- */

/* May @t be made that nice?  process_lock held. */
static int nice_one(struct task *t, int nice) __must_hold(process_lock)
{
	const struct cred *me = current_cred(), *it = t->cred;
	u64 limit = rlimit_get(RLIMIT_NICE);

	if (!it)
		return -EPERM;
	if (me->euid != it->uid && me->euid != it->euid && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (nice < t->se.nice && !capable(CAP_SYS_NICE) && (u64)(20 - nice) > limit)
		return -EACCES;
	sched_set_nice(t, nice);
	return 0;
}

static bool is_meant(const struct task *t, int which, int who)
{
	switch (which) {
	case PRIO_PROCESS:
		return t->tid == who;
	case PRIO_PGRP:
		return t->process->pgid == who;
	default:
		return t->cred && t->cred->uid == (uid_t)who;
	}
}

static int resolve_who(int which, int who)
{
	if (who)
		return who;
	return which == PRIO_PROCESS ? current->tid :
	       which == PRIO_PGRP ? current->process->pgid : (int)current_cred()->uid;
}

long sys_setpriority(int which, int who, int nice)
{
	int err = -ESRCH, one;
	struct task *t;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
	who = resolve_who(which, who);
	irq_lock(&process_lock);
	list_for_each(t, &all_tasks, all_link) {
		if (t->is_kernel || !is_meant(t, which, who))
			continue;
		one = nice_one(t, nice);
		if (err == -ESRCH || one < 0)
			err = one;
	}
	irq_unlock(&process_lock);
	return err;
}

long sys_getpriority(int which, int who)
{
	long best = -ESRCH;
	struct task *t;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	who = resolve_who(which, who);
	irq_lock(&process_lock);
	list_for_each(t, &all_tasks, all_link)
		if (!t->is_kernel && is_meant(t, which, who))
			best = MAX(best, 20l - t->se.nice);
	irq_unlock(&process_lock);
	return best;
}

long sys_getcpu(uint __user *ucpu, uint __user *unode, void __user *unused_cache)
{
	uint cpu = cpu_id(), node = 0;

	(void)unused_cache;
	if (ucpu && user_write(ucpu, &cpu) < 0)
		return -EFAULT;
	return unode ? user_write(unode, &node) : 0;
}
