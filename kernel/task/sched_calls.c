/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: the calls.
 *
 * All ways to set a policy become one struct uapi_sched_attr and meet in attr_apply(), which
 * knows what is valid and what needs privilege: to be made less urgent needs none, to be made more
 * urgent needs RLIMIT_NICE, RLIMIT_RTPRIO or CAP_SYS_NICE, and another user's task the last.
 *
 * nice and I/O priority go to all tasks of a process, group or user; they are found
 * under process_lock in the list of all tasks.
 *
 * Locking.  The scheduler's fields change under the run queue's lock (core/sched.c), task->ioprio
 * under process_lock; what is read here without a lock is one word each, and was true once.
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

/* Task @tid (0: current), referenced.  NULL: none. */
static struct task *task_of(pid_t tid)
{
	if (tid)
		return task_lookup(tid);
	task_get(current);
	return current;
}

/* Same user, as scheduling sees it; current needs nothing else to change @t. */
static bool is_owner(struct task *t)
{
	const struct cred *me = current_cred(), *it = task_get_cred(t);
	bool is_same = me->euid == it->uid || me->euid == it->euid;

	cred_put(it);
	return is_same || t == current;
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

	if (len < sizeof(mask) || len % sizeof(ulong))
		return -EINVAL;
	t = task_of(pid);
	if (!t)
		return -ESRCH;
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
	t = task_of(pid);
	if (!t)
		return -ESRCH;
	mask &= cpus_online();
	if (!is_owner(t) && !capable(CAP_SYS_NICE))
		err = -EPERM;
	else
		err = mask ? sched_set_affinity(t, mask) : -EINVAL;
	task_put(t);
	return err;
}

/* ---- policy ---- */

static bool policy_is_realtime(uint policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_is_known(uint policy)
{
	return policy <= SCHED_IDLE && policy != 4;
}

static u64 limit_of(const struct task *t, uint which)
{
	return READ_ONCE(t->process->rlimits[which].cur);
}

/* Without privilege a task may be made less urgent, or as urgent as its limits say. */
static bool may_be_nice(const struct task *t, int nice)
{
	return (u64)(20 - nice) <= limit_of(t, RLIMIT_NICE);
}

static bool is_privileged_change(struct task *t, uint policy, const struct uapi_sched_attr *a)
{
	const struct sched_entity *se = &t->se;
	u64 limit = limit_of(t, RLIMIT_RTPRIO);

	if (!policy_is_realtime(policy) && a->nice < se->nice && !may_be_nice(t, a->nice))
		return true;
	if (policy_is_realtime(policy) &&
	    ((policy != se->policy && !limit) ||
	     (a->priority > se->own_priority && a->priority > limit)))
		return true;
	if (se->policy == SCHED_IDLE && policy != SCHED_IDLE && !may_be_nice(t, se->nice))
		return true;
	return !is_owner(t) || (se->reset_on_fork && !(a->flags & SCHED_FLAG_RESET_ON_FORK));
}

/* @a says what @t is to be, its nice value valid. */
static int attr_apply(struct task *t, struct uapi_sched_attr *a)
{
	uint policy = a->policy;
	int err;

	if (a->flags & SCHED_FLAG_KEEP_POLICY) {
		policy = t->se.policy;
		if (t->se.reset_on_fork)
			a->flags |= SCHED_FLAG_RESET_ON_FORK;
	} else if (!policy_is_known(policy)) {
		return -EINVAL;
	}
	if (a->flags & SCHED_FLAG_KEEP_PARAMS) {
		a->nice = t->se.nice;
		a->priority = t->se.own_priority;
	}
	if (a->priority > RT_PRIORITY_MAX || policy_is_realtime(policy) != (a->priority != 0))
		return -EINVAL;
	if (is_privileged_change(t, policy, a) && !capable(CAP_SYS_NICE))
		return -EPERM;
	err = sched_set_policy(t, policy, a->priority);
	if (err < 0)
		return err;
	t->se.reset_on_fork = a->flags & SCHED_FLAG_RESET_ON_FORK;
	if (!policy_is_realtime(policy) && a->nice != t->se.nice)
		sched_set_nice(t, a->nice);
	futex_pi_adjust(t);
	return 0;
}

static int attr_set(pid_t pid, struct uapi_sched_attr *a, bool is_nice_kept)
{
	struct task *t = task_of(pid);
	int err;

	if (!t)
		return -ESRCH;
	if (is_nice_kept)
		a->nice = t->se.nice;
	err = attr_apply(t, a);
	task_put(t);
	return err;
}

static long param_set(pid_t pid, struct uapi_sched_attr *a,
		      const struct uapi_sched_param __user *uparam)
{
	struct uapi_sched_param param;

	if (!uparam || pid < 0)
		return -EINVAL;
	if (user_read(&param, uparam) < 0)
		return -EFAULT;
	a->priority = (u32)param.priority;
	return attr_set(pid, a, true);
}

long sys_sched_setscheduler(int pid, int policy, const struct uapi_sched_param __user *uparam)
{
	struct uapi_sched_attr a = { .policy = (uint)policy & ~SCHED_RESET_ON_FORK };

	if (policy < 0)
		return -EINVAL;
	if (policy & SCHED_RESET_ON_FORK)
		a.flags = SCHED_FLAG_RESET_ON_FORK;
	return param_set(pid, &a, uparam);
}

long sys_sched_setparam(int pid, const struct uapi_sched_param __user *uparam)
{
	struct uapi_sched_attr a = { .flags = SCHED_FLAG_KEEP_POLICY };

	return param_set(pid, &a, uparam);
}

long sys_sched_setattr(int pid, struct uapi_sched_attr __user *uattr, uint flags)
{
	struct uapi_sched_attr a;
	u32 size, known = sizeof(a);
	int err;

	if (!uattr || pid < 0 || flags)
		return -EINVAL;
	if (user_read(&size, &uattr->size) < 0)
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	err = size < SCHED_ATTR_SIZE_VER0 ? -E2BIG : copy_struct_from_user(&a, sizeof(a), uattr,
									  size);
	if (err == -E2BIG && user_write(&uattr->size, &known) < 0)
		return -EFAULT;
	if (err < 0)
		return err;
	if ((int)a.policy < 0 ||
	    (a.flags & ~(u64)(SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_POLICY |
			      SCHED_FLAG_KEEP_PARAMS | SCHED_FLAG_DEADLINE | SCHED_FLAG_UTIL)))
		return -EINVAL;
	if (a.flags & SCHED_FLAG_UTIL)
		return size < sizeof(a) ? -EINVAL : -EOPNOTSUPP;
	a.nice = a.nice < -20 ? -20 : a.nice > 19 ? 19 : a.nice;
	return attr_set(pid, &a, false);
}

/* What @pid is.  0, -EINVAL, -ESRCH. */
static int attr_get(pid_t pid, struct uapi_sched_attr *a)
{
	struct task *t = pid < 0 ? NULL : task_of(pid);

	if (!t)
		return pid < 0 ? -EINVAL : -ESRCH;
	*a = (struct uapi_sched_attr){
		.size = sizeof(*a), .policy = t->se.policy, .priority = t->se.own_priority,
		.flags = t->se.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
		.nice = policy_is_realtime(t->se.policy) ? 0 : t->se.nice,
	};
	task_put(t);
	return 0;
}

long sys_sched_getscheduler(int pid)
{
	struct uapi_sched_attr a;
	int err = attr_get(pid, &a);

	return err < 0 ? err : (long)(a.policy | (a.flags ? SCHED_RESET_ON_FORK : 0));
}

long sys_sched_getparam(int pid, struct uapi_sched_param __user *uparam)
{
	struct uapi_sched_param param;
	struct uapi_sched_attr a;
	int err;

	if (!uparam)
		return -EINVAL;
	err = attr_get(pid, &a);
	if (err < 0)
		return err;
	param.priority = (s32)a.priority;
	return user_write(uparam, &param);
}

long sys_sched_getattr(int pid, struct uapi_sched_attr __user *uattr, uint size, uint flags)
{
	struct uapi_sched_attr a;
	int err;

	if (!uattr || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE || flags)
		return -EINVAL;
	err = attr_get(pid, &a);
	if (err < 0)
		return err;
	a.size = MIN(size, (uint)sizeof(a));
	return copy_to_user(uattr, &a, a.size);
}

long sys_sched_get_priority_max(int policy)
{
	if (policy < 0 || !policy_is_known((uint)policy))
		return -EINVAL;
	return policy_is_realtime((uint)policy) ? RT_PRIORITY_MAX : 0;
}

long sys_sched_get_priority_min(int policy)
{
	if (policy < 0 || !policy_is_known((uint)policy))
		return -EINVAL;
	return policy_is_realtime((uint)policy) ? 1 : 0;
}

long sys_sched_rr_get_interval(int pid, struct uapi_timespec __user *uts)
{
	struct uapi_timespec ts;
	struct task *t = pid < 0 ? NULL : task_of(pid);

	if (!t)
		return pid < 0 ? -EINVAL : -ESRCH;
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

	if (!it)
		return -EPERM;
	if (me->euid != it->uid && me->euid != it->euid && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (nice < t->se.nice && !capable(CAP_SYS_NICE) && !may_be_nice(t, nice))
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

/* ---- priority of input and output: kept for who asks; requests go in their order ---- */

#define IOPRIO_CLASS(p) ((p) >> 13 & 7)
#define IOPRIO_LEVEL(p) ((p) & 0x1fff)
enum { IOPRIO_NONE, IOPRIO_RT, IOPRIO_BE, IOPRIO_IDLE };

static int ioprio_check(int prio)
{
	switch (IOPRIO_CLASS(prio)) {
	case IOPRIO_RT:
		if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
			return -EPERM;
		__attribute__((fallthrough));
	case IOPRIO_BE:
		return IOPRIO_LEVEL(prio) < 8 ? 0 : -EINVAL;
	case IOPRIO_NONE:
		return IOPRIO_LEVEL(prio) ? -EINVAL : 0;
	case IOPRIO_IDLE:
		return 0;
	}
	return -EINVAL;
}

long sys_ioprio_set(int which, int who, int prio)
{
	const struct cred *me = current_cred();
	int err = ioprio_check(prio);
	struct task *t;

	if (err < 0)
		return err;
	/* 1, 2, 3: as PRIO_* and one more. */
	if (which < 1 || which > 3)
		return -EINVAL;
	who = resolve_who(which - 1, who);
	err = -ESRCH;
	irq_lock(&process_lock);
	list_for_each(t, &all_tasks, all_link) {
		if (t->is_kernel || !is_meant(t, which - 1, who))
			continue;
		err = -EPERM;
		if (t->cred->uid != me->euid && t->cred->uid != me->uid && !capable(CAP_SYS_NICE))
			break;
		t->ioprio = (u16)prio;
		err = 0;
	}
	irq_unlock(&process_lock);
	return err;
}

/* The most urgent: real-time before best effort before idle, low levels first. */
long sys_ioprio_get(int which, int who)
{
	long best = -ESRCH;
	struct task *t;

	if (which < 1 || which > 3)
		return -EINVAL;
	who = resolve_who(which - 1, who);
	irq_lock(&process_lock);
	list_for_each(t, &all_tasks, all_link)
		if (!t->is_kernel && is_meant(t, which - 1, who))
			best = best < 0 ? t->ioprio : MIN(best, (long)t->ioprio);
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
