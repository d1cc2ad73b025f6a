/* SPDX-License-Identifier: MIT */
/*
 * ioctl(2) on terminals: settings, window size, flow and queues.  Job control
 * is in tty_job.c.
 */
#include "tty_private.h"

#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/poll.h>
#include <gemel/signal.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/uaccess.h>

static long tty_get_termios(struct tty *tty, struct uapi_termios __user *uarg)
{
	struct uapi_termios t;

	irq_lock(&tty->lock);
	t = tty->ld.termios;
	irq_unlock(&tty->lock);
	return user_write(uarg, &t);
}

/* TCSETS, TCSETSW (drain first), TCSETSF (drain, drop input). */
static long tty_set_termios(struct tty *tty, uint cmd, const struct uapi_termios __user *uarg)
{
	struct uapi_termios new, old;
	int err = tty_check_job(tty, SIGTTOU);

	if (err < 0)
		return err;
	if (user_read(&new, uarg) < 0)
		return -EFAULT;
	if (cmd != TCSETS) {
		err = tty_drain(tty);
		if (err < 0)
			return err;
	}
	irq_lock(&tty->lock);
	old = tty->ld.termios;
	new.line = old.line;
	tty->ld.termios = new;
	if (cmd == TCSETSF)
		ldisc_flush_input(&tty->ld);
	ldisc_termios_changed(&tty->ld, &old);
	tty_kick_locked(tty);
	irq_unlock(&tty->lock);
	if (tty->ops->set_termios)
		tty->ops->set_termios(tty);
	wake_all_key(&tty->read_wait, POLLIN | POLLRDNORM);
	return 0;
}

static long tty_get_size(struct tty *tty, struct uapi_winsize __user *uarg)
{
	struct uapi_winsize ws;

	irq_lock(&tty->lock);
	ws = tty->winsize;
	irq_unlock(&tty->lock);
	return user_write(uarg, &ws);
}

static long tty_set_size(struct tty *tty, const struct uapi_winsize __user *uarg)
{
	struct uapi_winsize ws;
	bool is_new;
	pid_t pgid;

	if (user_read(&ws, uarg) < 0)
		return -EFAULT;
	irq_lock(&tty->lock);
	is_new = memcmp(&ws, &tty->winsize, sizeof(ws)) != 0;
	tty->winsize = ws;
	irq_unlock(&tty->lock);
	pgid = READ_ONCE(tty->pgid);
	if (is_new && pgid)
		signal_group(pgid, SIGWINCH);
	if (is_new && tty->ops->set_size)
		tty->ops->set_size(tty);
	return 0;
}

static long tty_flush(struct tty *tty, ulong which)
{
	int err = tty_check_job(tty, SIGTTOU);

	if (err < 0)
		return err;
	if (which > TCIOFLUSH)
		return -EINVAL;
	irq_lock(&tty->lock);
	if (which != TCOFLUSH)
		ldisc_flush_input(&tty->ld);
	if (which != TCIFLUSH)
		tty->out_tail = tty->out_head;
	irq_unlock(&tty->lock);
	wake_all_key(&tty->write_wait, POLLOUT | POLLWRNORM);
	return 0;
}

static long tty_flow_control(struct tty *tty, ulong what)
{
	int err = tty_check_job(tty, SIGTTOU);

	if (err < 0)
		return err;
	if (what > TCION)
		return -EINVAL;
	irq_lock(&tty->lock);
	if (what == TCOOFF || what == TCOON)
		tty->is_held = what == TCOOFF;
	else
		tty->ld.output(&tty->ld, tty->ld.termios.cc[what == TCIOFF ? VSTOP : VSTART]);
	tty_kick_locked(tty);
	irq_unlock(&tty->lock);
	wake_all_key(&tty->write_wait, POLLOUT | POLLWRNORM);
	return 0;
}

/* TCSBRK with 0 sends a break, which no driver of ours can; else it is tcdrain(). */
static long tty_break(struct tty *tty, ulong arg)
{
	int err = tty_check_job(tty, SIGTTOU);

	if (err < 0)
		return err;
	(void)arg;
	return tty_drain(tty);
}

static long tty_count(struct tty *tty, uint cmd, int __user *uarg)
{
	int n;

	irq_lock(&tty->lock);
	n = cmd == TIOCOUTQ ? (int)tty_out_used(tty) : (int)ldisc_readable(&tty->ld);
	irq_unlock(&tty->lock);
	return user_write(uarg, &n);
}

/* Fake one byte of input: own terminal, or privileged. */
static long tty_fake_input(struct tty *tty, const u8 __user *uarg)
{
	struct tty *own = tty_of_current();
	bool is_own = own == tty;
	u8 c;

	if (own)
		tty_put(own);
	if (!is_own && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (user_read(&c, uarg) < 0)
		return -EFAULT;
	tty_receive(tty, &c, 1);
	return 0;
}

static long tty_set_exclusive(struct tty *tty, bool on)
{
	irq_lock(&tty->lock);
	tty->is_exclusive = on;
	irq_unlock(&tty->lock);
	return 0;
}

static long tty_get_exclusive(struct tty *tty, int __user *uarg)
{
	int on = READ_ONCE(tty->is_exclusive);

	return user_write(uarg, &on);
}

static long tty_line_discipline(uint cmd, int __user *uarg)
{
	int which = 0;

	if (cmd == TIOCGETD)
		return user_write(uarg, &which);
	if (user_read(&which, uarg) < 0)
		return -EFAULT;
	return which == 0 ? 0 : -EINVAL;
}

long tty_ioctl(struct file *f, uint cmd, ulong arg)
{
	struct tty *tty = tty_of_file(f);

	if (tty_is_hung_up(f))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	switch (cmd) {
	case TCGETS:
		return tty_get_termios(tty, user_ptr(struct uapi_termios, arg));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return tty_set_termios(tty, cmd, user_ptr(const struct uapi_termios, arg));
	case TIOCGWINSZ:
		return tty_get_size(tty, user_ptr(struct uapi_winsize, arg));
	case TIOCSWINSZ:
		return tty_set_size(tty, user_ptr(const struct uapi_winsize, arg));
	case TCFLSH:
		return tty_flush(tty, arg);
	case TCXONC:
		return tty_flow_control(tty, arg);
	case TCSBRK:
	case TCSBRKP:
		return tty_break(tty, arg);
	case TIOCOUTQ:
	case TIOCINQ:
		return tty_count(tty, cmd, user_ptr(int, arg));
	case TIOCSTI:
		return tty_fake_input(tty, user_ptr(const u8, arg));
	case TIOCEXCL:
	case TIOCNXCL:
		return tty_set_exclusive(tty, cmd == TIOCEXCL);
	case TIOCGEXCL:
		return tty_get_exclusive(tty, user_ptr(int, arg));
	case TIOCGETD:
	case TIOCSETD:
		return tty_line_discipline(cmd, user_ptr(int, arg));
	default:
		return tty_job_ioctl(tty, cmd, arg);
	}
}
