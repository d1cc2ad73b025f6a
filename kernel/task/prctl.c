/* SPDX-License-Identifier: MIT */
/*
 * prctl: what programs really set and ask.
 */
#include "task_private.h"

#include <uapi/errno.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#define PR_SET_PDEATHSIG        1
#define PR_GET_PDEATHSIG        2
#define PR_GET_DUMPABLE         3
#define PR_SET_DUMPABLE         4
#define PR_GET_KEEPCAPS         7
#define PR_SET_KEEPCAPS         8
#define PR_GET_TIMING           13
#define PR_SET_TIMING           14
#define PR_SET_NAME             15
#define PR_GET_NAME             16
#define PR_GET_SECCOMP          21
#define PR_CAPBSET_READ         23
#define PR_CAPBSET_DROP         24
#define PR_GET_SECUREBITS       27
#define PR_SET_SECUREBITS       28
#define PR_SET_TIMERSLACK       29
#define PR_GET_TIMERSLACK       30
#define PR_SET_CHILD_SUBREAPER  36
#define PR_GET_CHILD_SUBREAPER  37
#define PR_SET_NO_NEW_PRIVS     38
#define PR_GET_NO_NEW_PRIVS     39
#define PR_GET_TID_ADDRESS      40
#define PR_SET_THP_DISABLE      41
#define PR_GET_THP_DISABLE      42
#define PR_CAP_AMBIENT          47
#define PR_CAP_AMBIENT_IS_SET   1
#define PR_CAP_AMBIENT_RAISE    2
#define PR_CAP_AMBIENT_LOWER    3
#define PR_CAP_AMBIENT_CLEAR_ALL 4

#define TIMER_SLACK_NS          50000

static long set_name(const char __user *uname)
{
	char name[TASK_NAME_LEN];
	ssize_t n = copy_string_from_user(name, uname, sizeof(name));
	uint i;

	if (n < 0 && n != -ENAMETOOLONG)
		return n;
	for (i = 0; i < TASK_NAME_LEN - 1 && (n < 0 || i < (uint)n); i++)
		current->name[i] = name[i];
	for (; i < TASK_NAME_LEN; i++)
		current->name[i] = '\0';
	return 0;
}

/* A copy of current's credentials to change.  0, -ENOMEM. */
static int cred_edit(struct cred **out)
{
	*out = cred_copy(current_cred());
	return *out ? 0 : -ENOMEM;
}

static long commit_securebits(u32 bits)
{
	struct cred *c;

	if (cred_edit(&c) < 0)
		return -ENOMEM;
	c->securebits = bits;
	cred_commit(c);
	return 0;
}

/* What is locked stays, locks too. */
static long set_securebits(ulong bits)
{
	u32 old = current_cred()->securebits, locks = old & SECURE_LOCKS;

	if ((locks >> 1 & (old ^ bits)) || (locks & ~bits) || (bits & ~(ulong)SECURE_ALL) ||
	    !capable(CAP_SETPCAP))
		return -EPERM;
	return commit_securebits((u32)bits);
}

static long set_keepcaps(ulong on)
{
	u32 old = current_cred()->securebits;

	if (on > 1)
		return -EINVAL;
	if (old & SECURE_KEEP_CAPS << 1)
		return -EPERM;
	return commit_securebits((old & ~SECURE_KEEP_CAPS) | (on ? SECURE_KEEP_CAPS : 0));
}

static long drop_bounding(ulong cap)
{
	struct cred *c;

	if (!capable(CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST)
		return -EINVAL;
	if (cred_edit(&c) < 0)
		return -ENOMEM;
	c->cap_bounding &= ~(1ull << cap);
	cred_commit(c);
	return 0;
}

static long cap_ambient(ulong op, ulong cap)
{
	const struct cred *old = current_cred();
	struct cred *c;
	u64 bit;

	if (op == PR_CAP_AMBIENT_CLEAR_ALL ? cap != 0 : cap > CAP_LAST)
		return -EINVAL;
	bit = 1ull << cap;
	if (op == PR_CAP_AMBIENT_IS_SET)
		return !!(old->cap_ambient & bit);
	if (op == PR_CAP_AMBIENT_RAISE && (!(old->cap_permitted & old->cap_inheritable & bit) ||
					   (old->securebits & SECURE_NO_AMBIENT_RAISE)))
		return -EPERM;
	if (op < PR_CAP_AMBIENT_RAISE || op > PR_CAP_AMBIENT_CLEAR_ALL)
		return -EINVAL;
	if (cred_edit(&c) < 0)
		return -ENOMEM;
	if (op == PR_CAP_AMBIENT_RAISE)
		c->cap_ambient |= bit;
	else
		c->cap_ambient &= op == PR_CAP_AMBIENT_LOWER ? ~bit : 0;
	cred_commit(c);
	return 0;
}

static long set_pdeath(ulong signo)
{
	if (signo > SIGNAL_MAX)
		return -EINVAL;
	current->process->pdeath_signal = (int)signo;
	return 0;
}

static long write_int(ulong uaddr, int value)
{
	return user_write(user_ptr(int, uaddr), &value);
}

/* Flags of the process. */
static long prctl_process(int op, ulong arg)
{
	struct process *p = current->process;

	switch (op) {
	case PR_SET_PDEATHSIG:
		return set_pdeath(arg);
	case PR_GET_PDEATHSIG:
		return write_int(arg, p->pdeath_signal);
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_DUMPABLE:
		if (arg > 1)
			return -EINVAL;
		p->dumpable = arg;
		return 0;
	case PR_SET_CHILD_SUBREAPER:
		p->is_child_subreaper = arg;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return write_int(arg, p->is_child_subreaper);
	case PR_SET_THP_DISABLE:
		p->is_thp_disabled = arg;
		return 0;
	case PR_GET_THP_DISABLE:
		return p->is_thp_disabled;
	}
	return -EINVAL;
}

static u64 slack_default(const struct task *t)
{
	return t->timer_slack_default_ns ? t->timer_slack_default_ns : TIMER_SLACK_NS;
}

u64 task_timer_slack(const struct task *t)
{
	return t->timer_slack_ns ? t->timer_slack_ns : slack_default(t);
}

/* Of the thread. */
static long prctl_thread(int op, ulong arg)
{
	struct task *t = current;
	u32 __user *address = t->clear_tid;

	switch (op) {
	case PR_SET_NAME:
		return set_name(user_ptr(const char, arg));
	case PR_GET_NAME:
		return copy_to_user(user_ptr(char, arg), t->name, TASK_NAME_LEN);
	case PR_SET_NO_NEW_PRIVS:
		if (arg != 1)
			return -EINVAL;
		t->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return arg ? -EINVAL : t->no_new_privs;
	case PR_SET_TIMERSLACK:
		t->timer_slack_ns = (long)arg > 0 ? arg : slack_default(t);
		return 0;
	case PR_GET_TIMERSLACK:
		return (long)task_timer_slack(t);
	case PR_GET_TID_ADDRESS:
		return user_write(user_ptr(u32 __user *, arg), &address);
	case PR_SET_TIMING:
		return arg ? -EINVAL : 0;
	case PR_GET_TIMING:
	case PR_GET_SECCOMP:
		return 0;
	}
	return prctl_process(op, arg);
}

/* These insist on zeros in what they do not use. */
static bool has_strays(int op, ulong arg2, ulong arg3, ulong arg4, ulong arg5)
{
	switch (op) {
	case PR_GET_THP_DISABLE:
		if (arg2)
			return true;
		__attribute__((fallthrough));
	case PR_SET_NO_NEW_PRIVS:
	case PR_GET_NO_NEW_PRIVS:
	case PR_SET_THP_DISABLE:
		return arg3 || arg4 || arg5;
	case PR_CAP_AMBIENT:
		return arg4 || arg5;
	}
	return false;
}

long sys_prctl(int op, ulong arg2, ulong arg3, ulong arg4, ulong arg5)
{
	const struct cred *c = current_cred();

	if (has_strays(op, arg2, arg3, arg4, arg5))
		return -EINVAL;
	switch (op) {
	case PR_GET_KEEPCAPS:
		return !!(c->securebits & SECURE_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return set_keepcaps(arg2);
	case PR_GET_SECUREBITS:
		return c->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits(arg2);
	case PR_CAPBSET_READ:
		return arg2 > CAP_LAST ? -EINVAL : (long)(c->cap_bounding >> arg2 & 1);
	case PR_CAPBSET_DROP:
		return drop_bounding(arg2);
	case PR_CAP_AMBIENT:
		return cap_ambient(arg2, arg3);
	default:
		return prctl_thread(op, arg2);
	}
}
