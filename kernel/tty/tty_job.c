/* SPDX-License-Identifier: MIT */
/*
 * Terminals and job control: the controlling terminal of a session and its
 * foreground group (POSIX.1-2017, 11.1.3 and 11.1.4).
 *
 * A session has at most one terminal (session->tty, which holds a reference),
 * a terminal at most one session (tty->session).  A process has its session's terminal if
 * process->has_tty: the leader who acquired it, and those it has forked since.  All of these and
 * tty->foreground change together under process_lock.
 *
 * The end of a terminal, from either side:
 *
 *	session_tty_detach()	the leader exits: the foreground group gets SIGHUP, and a terminal
 *				that is not a PTY is hung up
 *	tty_vhangup()		the line is gone: files die, the leader gets SIGHUP; when it exits,
 *				those who were in the foreground get it too (session->hung_group)
 *	TIOCNOTTY		the leader lets go: SIGHUP and SIGCONT to the foreground group
 */
#include "tty_private.h"

#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/signal.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

static bool is_controlling_locked(const struct tty *tty)
{
	return current->process->has_tty && current->process->session->tty == tty;
}

struct tty *tty_of_current(void)
{
	struct process *p = current->process;
	struct tty *tty = NULL;

	irq_lock(&process_lock);
	if (p->has_tty)
		tty = p->session->tty;
	if (tty)
		tty_get(tty);
	irq_unlock(&process_lock);
	return tty;
}

static bool is_leader(void)
{
	return current->process->session->sid == current->process->pid;
}

void tty_signal_foreground(struct tty *tty, int signo)
{
	irq_lock(&process_lock);
	if (tty->foreground)
		signal_group_locked(tty->foreground, signo);
	irq_unlock(&process_lock);
}

int tty_check_job(struct tty *tty, int signo)
{
	pid_t own;
	bool is_background;

	irq_lock(&process_lock);
	own = current->process->pgid;
	is_background = is_controlling_locked(tty) && tty->foreground &&
			tty->foreground != current->process->group;
	irq_unlock(&process_lock);
	if (!is_background)
		return 0;
	if (signal_is_blocked_or_ignored(signo))
		return signo == SIGTTIN ? -EIO : 0;
	if (process_group_is_orphaned(own))
		return -EIO;
	signal_group(own, signo);
	return -ERESTARTSYS;
}

static void tty_set_foreground_locked(struct tty *tty, struct pid *group)
	__must_hold(process_lock)
{
	if (group)
		pid_get(group);
	if (tty->foreground)
		pid_put(tty->foreground);
	tty->foreground = group;
}

static void session_forget_hung_group(struct session *s) __must_hold(process_lock)
{
	if (s->hung_group)
		pid_put(s->hung_group);
	s->hung_group = NULL;
}

static void tty_attach_locked(struct tty *tty) __must_hold(process_lock)
{
	struct process *p = current->process;

	tty_get(tty);
	tty->session = p->session;
	tty_set_foreground_locked(tty, p->group);
	p->session->tty = tty;
	p->has_tty = true;
	session_forget_hung_group(p->session);
}

/* Cut the terminal of @s off; the caller drops the reference that is returned. */
static struct tty *tty_detach_locked(struct session *s) __must_hold(process_lock)
{
	struct tty *tty = s->tty;
	struct task *t;

	if (!tty)
		return NULL;
	s->tty = NULL;
	tty->session = NULL;
	tty_set_foreground_locked(tty, NULL);
	list_for_each(t, &all_tasks, all_link)
		if (!t->is_kernel && t->process->session == s)
			t->process->has_tty = false;
	return tty;
}

void tty_acquire_on_open(struct tty *tty)
{
	irq_lock(&process_lock);
	if (is_leader() && !current->process->has_tty && !current->process->session->tty &&
	    !tty->session)
		tty_attach_locked(tty);
	irq_unlock(&process_lock);
}

/* Current, a leader, lets go of its terminal. */
static void tty_let_go(struct session *s, bool is_exiting)
{
	struct tty *tty;

	irq_lock(&process_lock);
	if (s->tty && s->tty->foreground) {
		signal_group_locked(s->tty->foreground, SIGHUP);
		if (!is_exiting)
			signal_group_locked(s->tty->foreground, SIGCONT);
	} else if (is_exiting && !s->tty && s->hung_group) {
		signal_group_locked(s->hung_group, SIGHUP);
		signal_group_locked(s->hung_group, SIGCONT);
	}
	tty = tty_detach_locked(s);
	if (is_exiting)
		session_forget_hung_group(s);
	irq_unlock(&process_lock);
	if (!tty)
		return;
	if (is_exiting && !tty->is_pty)
		tty_hangup(tty);
	tty_put(tty);
}

void session_tty_detach(struct session *s)
{
	tty_let_go(s, true);
}

void tty_vhangup(struct tty *tty)
{
	struct tty *lost = NULL;
	struct session *s;

	irq_lock(&process_lock);
	s = tty->session;
	if (s) {
		struct process *leader = process_find(s->sid);

		if (leader) {
			(void)signal_send_process(leader, SIGHUP, NULL);
			(void)signal_send_process(leader, SIGCONT, NULL);
		}
		session_forget_hung_group(s);
		s->hung_group = tty->foreground;
		if (s->hung_group)
			pid_get(s->hung_group);
		lost = tty_detach_locked(s);
	}
	irq_unlock(&process_lock);
	tty_hangup(tty);
	if (lost)
		tty_put(lost);
}

long sys_vhangup(void)
{
	struct tty *tty;

	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	tty = tty_of_current();
	if (tty) {
		tty_vhangup(tty);
		tty_put(tty);
	}
	return 0;
}

dev_t session_tty_dev(struct process *p, pid_t *foreground)
{
	dev_t dev = 0;

	*foreground = -1;
	irq_lock(&process_lock);
	if (p->has_tty && p->session && p->session->tty) {
		struct tty *tty = p->session->tty;

		dev = tty->dev;
		*foreground = tty->foreground ? tty->foreground->nr : -1;
	}
	irq_unlock(&process_lock);
	return dev;
}

/* ---- ioctls ---- */

static long tty_set_controlling(struct tty *tty, struct file *f, ulong arg)
{
	bool is_admin = capable(CAP_SYS_ADMIN);
	struct process *p = current->process;
	struct tty *lost = NULL;
	long err = 0;

	irq_lock(&process_lock);
	if (is_leader() && tty->session == p->session)
		goto out_unlock;
	err = -EPERM;
	if (!is_leader() || p->has_tty || (tty->session && !(arg == 1 && is_admin)) ||
	    (!(f->mode & FILE_READ) && !is_admin))
		goto out_unlock;
	if (tty->session)
		lost = tty_detach_locked(tty->session);
	tty_attach_locked(tty);
	err = 0;
out_unlock:
	irq_unlock(&process_lock);
	if (lost)
		tty_put(lost);
	return err;
}

static long tty_give_up(struct tty *tty)
{
	struct process *p = current->process;
	bool is_ours, leads;

	irq_lock(&process_lock);
	is_ours = is_controlling_locked(tty);
	leads = is_leader();
	if (is_ours && !leads)
		p->has_tty = false;
	irq_unlock(&process_lock);
	if (is_ours && leads)
		tty_let_go(p->session, false);
	return is_ours ? 0 : -ENOTTY;
}

static long tty_get_foreground(struct tty *tty, bool is_master, int __user *uarg)
{
	bool is_ours;
	int pgid;

	irq_lock(&process_lock);
	is_ours = is_master || is_controlling_locked(tty);
	pgid = tty->foreground ? tty->foreground->nr : 0;
	irq_unlock(&process_lock);
	return is_ours ? user_write(uarg, &pgid) : -ENOTTY;
}

/* The session of group, or else process, @pid. */
static struct session *session_of_group(struct pid *pid)
{
	if (!list_is_empty(&pid->members))
		return list_first(&pid->members, struct process, group_link)->session;
	return pid->task && !pid->task->is_kernel ? pid->task->process->session : NULL;
}

static long tty_set_foreground(struct tty *tty, int __user *uarg)
{
	long err = tty_check_job(tty, SIGTTOU);
	struct pid *pid;
	int pgid;

	if (err < 0)
		return err == -EIO ? -ENOTTY : err;
	if (user_read(&pgid, uarg) < 0)
		return -EFAULT;
	if (pgid < 0)
		return -EINVAL;
	irq_lock(&process_lock);
	pid = pid_find(pgid);
	if (!is_controlling_locked(tty))
		err = -ENOTTY;
	else if (!pid)
		err = -ESRCH;
	else if (session_of_group(pid) != tty->session)
		err = -EPERM;
	else
		tty_set_foreground_locked(tty, pid);
	irq_unlock(&process_lock);
	return err;
}

static long tty_get_session(struct tty *tty, bool is_master, int __user *uarg)
{
	int sid = 0;

	irq_lock(&process_lock);
	if (tty->session && (is_master || is_controlling_locked(tty)))
		sid = tty->session->sid;
	irq_unlock(&process_lock);
	return sid ? user_write(uarg, &sid) : -ENOTTY;
}

long tty_job_ioctl(struct tty *tty, bool is_master, struct file *f, uint cmd, ulong arg)
{
	switch (cmd) {
	case TIOCSCTTY:
		return tty_set_controlling(tty, f, arg);
	case TIOCNOTTY:
		return is_master ? -ENOTTY : tty_give_up(tty);
	case TIOCGPGRP:
		return tty_get_foreground(tty, is_master, user_ptr(int, arg));
	case TIOCSPGRP:
		return tty_set_foreground(tty, user_ptr(int, arg));
	case TIOCGSID:
		return tty_get_session(tty, is_master, user_ptr(int, arg));
	default:
		return -ENOTTY;
	}
}
