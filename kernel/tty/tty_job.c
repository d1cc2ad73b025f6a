/* SPDX-License-Identifier: MIT */
/*
 * Terminals and job control: the controlling terminal of a session and its
 * foreground group (POSIX.1-2017, 11.1.3 and 11.1.4).
 *
 * A session has at most one terminal (session->tty, which holds a reference),
 * a terminal at most one session (tty->session).  Both pointers and tty->pgid
 * change together under process_lock.
 */
#include "tty_private.h"

#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/signal.h>
#include <gemel/task.h>
#include <gemel/uaccess.h>

struct tty *tty_of_current(void)
{
	struct tty *tty;

	irq_lock(&process_lock);
	tty = current->process->session ? current->process->session->tty : NULL;
	if (tty)
		tty_get(tty);
	irq_unlock(&process_lock);
	return tty;
}

static bool is_controlling_locked(const struct tty *tty)
{
	return tty->session && tty->session == current->process->session;
}

static bool is_leader(void)
{
	return current->process->session && current->process->session->sid == current->process->pid;
}

int tty_check_job(struct tty *tty, int signo)
{
	pid_t own;
	bool is_background;

	irq_lock(&process_lock);
	own = current->process->pgid;
	is_background = is_controlling_locked(tty) && tty->pgid && tty->pgid != own;
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

static void tty_attach_locked(struct tty *tty)
{
	struct process *p = current->process;

	tty_get(tty);
	tty->session = p->session;
	tty->pgid = p->pgid;
	p->session->tty = tty;
}

/* Cut the terminal of @s off; the caller drops the reference that is returned. */
static struct tty *tty_detach_locked(struct session *s, pid_t *pgid)
{
	struct tty *tty = s->tty;

	*pgid = 0;
	if (!tty)
		return NULL;
	*pgid = tty->pgid;
	s->tty = NULL;
	tty->session = NULL;
	tty->pgid = 0;
	return tty;
}

void tty_acquire_on_open(struct tty *tty)
{
	irq_lock(&process_lock);
	if (is_leader() && !current->process->session->tty && !tty->session)
		tty_attach_locked(tty);
	irq_unlock(&process_lock);
}

static void tty_disassociate(struct session *s, bool hang_up)
{
	struct tty *tty;
	pid_t pgid;

	irq_lock(&process_lock);
	tty = tty_detach_locked(s, &pgid);
	irq_unlock(&process_lock);
	if (!tty)
		return;
	if (pgid) {
		signal_group(pgid, SIGHUP);
		signal_group(pgid, SIGCONT);
	}
	if (hang_up)
		tty_hangup(tty);
	tty_put(tty);
}

void session_tty_detach(struct session *s)
{
	tty_disassociate(s, true);
}

dev_t session_tty_dev(struct process *p, pid_t *foreground)
{
	dev_t dev = 0;

	*foreground = -1;
	irq_lock(&process_lock);
	if (p->session && p->session->tty) {
		dev = p->session->tty->dev;
		*foreground = p->session->tty->pgid;
	}
	irq_unlock(&process_lock);
	return dev;
}

/* ---- ioctls ---- */

static long tty_set_controlling(struct tty *tty, ulong arg)
{
	bool may_steal = arg == 1 && capable(CAP_SYS_ADMIN);
	struct tty *lost = NULL;
	long err = 0;
	pid_t pgid;

	irq_lock(&process_lock);
	if (is_leader() && tty->session == current->process->session)
		goto out_unlock;
	err = -EPERM;
	if (!is_leader() || current->process->session->tty || (tty->session && !may_steal))
		goto out_unlock;
	if (tty->session)
		lost = tty_detach_locked(tty->session, &pgid);
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
	struct session *s = NULL;
	bool leads;

	irq_lock(&process_lock);
	if (is_controlling_locked(tty))
		s = current->process->session;
	leads = is_leader();
	irq_unlock(&process_lock);
	if (!s)
		return -ENOTTY;
	if (!leads)
		return -EPERM;
	tty_disassociate(s, false);
	return 0;
}

static long tty_get_foreground(struct tty *tty, int __user *uarg)
{
	int pgid = 0;
	bool is_ours;

	irq_lock(&process_lock);
	is_ours = is_controlling_locked(tty);
	pgid = tty->pgid;
	irq_unlock(&process_lock);
	if (!is_ours)
		return -ENOTTY;
	return user_write(uarg, &pgid);
}

/* Is there a process of group @pgid, and is it in session @s? */
static long group_check_locked(pid_t pgid, const struct session *s)
{
	struct task *t;

	list_for_each(t, &all_tasks, all_link)
		if (t->process->pgid == pgid && !t->is_kernel)
			return t->process->session == s ? 0 : -EPERM;
	return -ESRCH;
}

static long tty_set_foreground(struct tty *tty, int __user *uarg)
{
	long err = tty_check_job(tty, SIGTTOU);
	int pgid;

	if (err < 0)
		return err;
	if (user_read(&pgid, uarg) < 0)
		return -EFAULT;
	if (pgid < 0)
		return -EINVAL;
	irq_lock(&process_lock);
	if (!is_controlling_locked(tty)) {
		err = -ENOTTY;
	} else {
		err = group_check_locked(pgid, tty->session);
		if (err == 0)
			tty->pgid = pgid;
	}
	irq_unlock(&process_lock);
	return err;
}

static long tty_get_session(struct tty *tty, int __user *uarg)
{
	int sid = 0;

	irq_lock(&process_lock);
	if (is_controlling_locked(tty))
		sid = tty->session->sid;
	irq_unlock(&process_lock);
	return sid ? user_write(uarg, &sid) : -ENOTTY;
}

long tty_job_ioctl(struct tty *tty, uint cmd, ulong arg)
{
	switch (cmd) {
	case TIOCSCTTY:
		return tty_set_controlling(tty, arg);
	case TIOCNOTTY:
		return tty_give_up(tty);
	case TIOCGPGRP:
		return tty_get_foreground(tty, user_ptr(int, arg));
	case TIOCSPGRP:
		return tty_set_foreground(tty, user_ptr(int, arg));
	case TIOCGSID:
		return tty_get_session(tty, user_ptr(int, arg));
	default:
		return -ENOTTY;
	}
}
