/* SPDX-License-Identifier: MIT */
/*
 * Resource limits: the calls.
 */
#include "task_private.h"

#include <uapi/errno.h>
#include <uapi/resource.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#define FILES_HARD_MAX  1048576         /* /proc/sys/fs/nr_open */

static int limit_check(const struct rlimit *old, const struct rlimit *new, uint which)
{
	if (new->cur > new->max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new->max > FILES_HARD_MAX)
		return -EPERM;
	if (new->max > old->max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	return 0;
}

static int limit_change(struct process *p, uint which, const struct rlimit *new,
			struct rlimit *old)
{
	int err = 0;

	irq_lock(&process_lock);
	*old = p->rlimits[which];
	if (new) {
		err = limit_check(old, new, which);
		if (err == 0)
			p->rlimits[which] = *new;
		if (err == 0 && which == RLIMIT_CPU)
			itimer_limit_changed(p);
	}
	irq_unlock(&process_lock);
	return err;
}

static int target(pid_t pid, struct process **out)
{
	const struct cred *me = current_cred();
	struct process *p;
	int err = -ESRCH;

	if (pid == 0) {
		process_get(current->process);
		*out = current->process;
		return 0;
	}
	irq_lock(&process_lock);
	p = process_find(pid);
	if (p) {
		const struct cred *it = p->leader->cred;

		err = p == current->process || capable(CAP_SYS_RESOURCE) ||
		      (me->uid == it->uid && me->uid == it->euid && me->uid == it->suid &&
		       me->gid == it->gid && me->gid == it->egid && me->gid == it->sgid) ?
		      0 : -EPERM;
		if (err == 0) {
			process_get(p);
			*out = p;
		}
	}
	irq_unlock(&process_lock);
	return err;
}

long sys_prlimit64(int pid, uint which, const struct rlimit __user *unew,
		   struct rlimit __user *uold)
{
	struct rlimit new, old;
	struct process *p;
	int err;

	if (which >= RLIMIT_COUNT)
		return -EINVAL;
	if (unew && user_read(&new, unew) < 0)
		return -EFAULT;
	err = target(pid, &p);
	if (err < 0)
		return err;
	err = limit_change(p, which, unew ? &new : NULL, &old);
	process_put(p);
	if (err < 0)
		return err;
	return uold ? user_write(uold, &old) : 0;
}

long sys_getrlimit(uint which, struct rlimit __user *uold)
{
	return sys_prlimit64(0, which, NULL, uold);
}

long sys_setrlimit(uint which, const struct rlimit __user *unew)
{
	return sys_prlimit64(0, which, unew, NULL);
}
