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
#define PR_SET_THP_DISABLE      41
#define PR_GET_THP_DISABLE      42
#define PR_CAP_AMBIENT          47
#define PR_CAP_AMBIENT_IS_SET   1
#define PR_CAP_AMBIENT_RAISE    2
#define PR_CAP_AMBIENT_LOWER    3
#define PR_CAP_AMBIENT_CLEAR_ALL 4

#define TIMER_SLACK_NS          50000
#define SECURE_KEEP_CAPS        0x10u
#define SECUREBITS_ALL          0xffu

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

static long set_securebits(u32 bits)
{
	struct cred *c;

	if (bits & ~SECUREBITS_ALL)
		return -EINVAL;
	if (cred_edit(&c) < 0)
		return -ENOMEM;
	c->securebits = bits;
	cred_commit(c);
	return 0;
}

static long drop_bounding(ulong cap)
{
	struct cred *c;

	if (cap > CAP_LAST)
		return -EINVAL;
	if (!capable(CAP_SETPCAP))
		return -EPERM;
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

	if (op == PR_CAP_AMBIENT_CLEAR_ALL)
		cap = 0;
	if (cap > CAP_LAST)
		return -EINVAL;
	bit = 1ull << cap;
	if (op == PR_CAP_AMBIENT_IS_SET)
		return !!(old->cap_ambient & bit);
	if (op == PR_CAP_AMBIENT_RAISE && !(old->cap_permitted & old->cap_inheritable & bit))
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
	case PR_SET_NO_NEW_PRIVS:
		if (arg != 1)
			return -EINVAL;
		p->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return p->no_new_privs;
	}
	return -EINVAL;
}

long sys_prctl(int op, ulong arg2, ulong arg3, ulong arg4, ulong arg5)
{
	const struct cred *c = current_cred();

	(void)arg4;
	(void)arg5;
	switch (op) {
	case PR_SET_NAME:
		return set_name(user_ptr(const char, arg2));
	case PR_GET_NAME:
		return copy_to_user(user_ptr(char, arg2), current->name, TASK_NAME_LEN);
	case PR_GET_KEEPCAPS:
		return !!(c->securebits & SECURE_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		if (arg2 > 1)
			return -EINVAL;
		return set_securebits((c->securebits & ~SECURE_KEEP_CAPS) |
				      (arg2 ? SECURE_KEEP_CAPS : 0));
	case PR_GET_SECUREBITS:
		return c->securebits;
	case PR_SET_SECUREBITS:
		return capable(CAP_SETPCAP) ? set_securebits((u32)arg2) : -EPERM;
	case PR_CAPBSET_READ:
		return arg2 > CAP_LAST ? -EINVAL : (long)(c->cap_bounding >> arg2 & 1);
	case PR_CAPBSET_DROP:
		return drop_bounding(arg2);
	case PR_CAP_AMBIENT:
		return cap_ambient(arg2, arg3);
	case PR_GET_SECCOMP:
	case PR_SET_TIMERSLACK:
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
		return 0;
	case PR_GET_TIMERSLACK:
		return TIMER_SLACK_NS;
	default:
		return prctl_process(op, arg2);
	}
}
