/* SPDX-License-Identifier: MIT */
/*
 * ioctl(2) on terminals: settings, window size, flow and queues.  Job control
 * is in tty_job.c.
 *
 * Settings have three forms that programs may use; the kernel keeps the widest
 * (termios2), in which speeds are numbers.  A change is refused or corrected by
 * the driver first, then takes effect whole, under tty->lock.
 *
 * What changes a terminal is for the foreground: tty_check_job() comes first.
 * tty_mode_ioctl() are the calls that mean the slave also when a master makes them.
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

/* ---- settings ---- */

/* cflag's codes for a speed: 0 to 15, and with CBAUDEX 1 to 15. */
static const u32 speeds[] = {
	0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400,
	0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000,
	2000000, 2500000, 3000000, 3500000, 4000000,
};

/* The speed of a code; BOTHER: @given. */
static u32 speed_of(u32 code, u32 given)
{
	code &= CBAUDEX | 0xf;
	if (code == BOTHER)
		return given;
	return speeds[code & CBAUDEX ? (code & 0xf) + 16 : code];
}

static void termios_set_speeds(struct uapi_termios2 *t)
{
	u32 in = t->cflag >> CIBAUD_SHIFT & (CBAUDEX | 0xf);

	t->ospeed = speed_of(t->cflag, t->ospeed);
	t->ispeed = in == B0 ? t->ospeed : speed_of(in, t->ispeed);
}

/* The upper halves of the flags stay. */
static void termios_from_termio(struct uapi_termios2 *t, const struct uapi_termio *old)
{
	t->iflag = (t->iflag & 0xffff0000) | old->iflag;
	t->oflag = (t->oflag & 0xffff0000) | old->oflag;
	t->cflag = (t->cflag & 0xffff0000) | old->cflag;
	t->lflag = (t->lflag & 0xffff0000) | old->lflag;
	memcpy(t->cc, old->cc, NCC);
}

static long tty_get_termios(struct tty *tty, uint cmd, ulong arg)
{
	struct uapi_termios2 t;
	struct uapi_termio old;

	irq_lock(&tty->lock);
	t = tty->ld.termios;
	irq_unlock(&tty->lock);
	if (cmd == TCGETS2)
		return user_write(user_ptr(struct uapi_termios2, arg), &t);
	if (cmd == TCGETS)
		return copy_to_user(user_ptr(struct uapi_termios, arg), &t,
				    sizeof(struct uapi_termios));
	old = (struct uapi_termio){
		.iflag = (u16)t.iflag, .oflag = (u16)t.oflag, .cflag = (u16)t.cflag,
		.lflag = (u16)t.lflag, .line = t.line,
	};
	memcpy(old.cc, t.cc, NCC);
	return user_write(user_ptr(struct uapi_termio, arg), &old);
}

/* What the program gave, in the form that the kernel keeps. */
static int termios_read(struct tty *tty, uint cmd, ulong arg, struct uapi_termios2 *t)
{
	struct uapi_termio old;
	int err;

	irq_lock(&tty->lock);
	*t = tty->ld.termios;
	irq_unlock(&tty->lock);
	if (cmd >= TCSETS2) {
		err = user_read(t, user_ptr(const struct uapi_termios2, arg));
	} else if (cmd <= TCSETSF) {
		err = copy_from_user(t, user_ptr(const struct uapi_termios, arg),
				     sizeof(struct uapi_termios));
	} else {
		err = user_read(&old, user_ptr(const struct uapi_termio, arg));
		if (err == 0)
			termios_from_termio(t, &old);
	}
	termios_set_speeds(t);
	return err;
}

static void tty_apply_termios(struct tty *tty, struct uapi_termios2 *new, bool flush)
{
	struct uapi_termios2 old;

	irq_lock(&tty->lock);
	old = tty->ld.termios;
	new->line = old.line;
	if (tty->ops->set_termios)
		tty->ops->set_termios(tty, new, &old);
	tty->ld.termios = *new;
	if (flush) {
		ldisc_flush_input(&tty->ld);
		tty_event_locked(tty, TIOCPKT_FLUSHREAD);
	}
	ldisc_termios_changed(&tty->ld, &old);
	tty_kick_locked(tty);
	tty_taken_locked(tty);
	irq_unlock(&tty->lock);
	/* Look again, whatever you wait for. */
	wake_all(&tty->read_wait);
	wake_all(&tty->write_wait);
}

/* TCSETS, TCSETSW (drain first), TCSETSF (drain, drop input), and their kin. */
static long tty_set_termios(struct tty *tty, uint cmd, ulong arg)
{
	bool wait = cmd != TCSETS && cmd != TCSETS2 && cmd != TCSETA;
	struct uapi_termios2 new;
	int err = tty_check_job(tty, SIGTTOU);

	if (err == 0)
		err = termios_read(tty, cmd, arg, &new);
	if (err == 0 && wait)
		err = tty_drain(tty);
	if (err < 0)
		return err;
	tty_apply_termios(tty, &new, cmd == TCSETSF || cmd == TCSETSF2 || cmd == TCSETAF);
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

	if (user_read(&ws, uarg) < 0)
		return -EFAULT;
	irq_lock(&tty->lock);
	is_new = memcmp(&ws, &tty->winsize, sizeof(ws)) != 0;
	tty->winsize = ws;
	irq_unlock(&tty->lock);
	if (is_new)
		tty_signal_foreground(tty, SIGWINCH);
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
	if (which != TCOFLUSH) {
		ldisc_flush_input(&tty->ld);
		tty_event_locked(tty, TIOCPKT_FLUSHREAD);
		tty_taken_locked(tty);
	}
	if (which != TCIFLUSH) {
		tty_drop_output_locked(tty);
		tty_event_locked(tty, TIOCPKT_FLUSHWRITE);
	}
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
	if (what == TCOOFF || what == TCOON) {
		tty_hold_locked(tty, what == TCOOFF);
	} else {
		u8 c = tty->ld.termios.cc[what == TCIOFF ? VSTOP : VSTART];

		if (c)
			tty->ld.output(&tty->ld, c);
	}
	tty_kick_locked(tty);
	irq_unlock(&tty->lock);
	wake_all_key(&tty->write_wait, POLLOUT | POLLWRNORM);
	return 0;
}

/* tcdrain(), and then a break, which no driver of ours can: as on Linux it is left out. */
static long tty_break(struct tty *tty)
{
	int err = tty_check_job(tty, SIGTTOU);

	return err < 0 ? err : tty_drain(tty);
}

static long tty_count(struct tty *tty, uint cmd, int __user *uarg)
{
	int n;

	irq_lock(&tty->lock);
	if (cmd == TIOCINQ)
		n = (int)ldisc_readable(&tty->ld);
	else
		n = tty->is_pty ? 0 : (int)tty_out_used(tty);
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

static long tty_get_dev(struct tty *tty, u32 __user *uarg)
{
	u32 dev = (u32)tty->dev;

	return user_write(uarg, &dev);
}

static long tty_hang_up(struct tty *tty)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	tty_vhangup(tty);
	return 0;
}

long tty_mode_ioctl(struct tty *tty, bool is_master, struct file *f, uint cmd, ulong arg)
{
	switch (cmd) {
	case TCGETS:
	case TCGETS2:
	case TCGETA:
		return tty_get_termios(tty, cmd, arg);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
	case TCSETA:
	case TCSETAW:
	case TCSETAF:
		return tty_set_termios(tty, cmd, arg);
	case TIOCGWINSZ:
		return tty_get_size(tty, user_ptr(struct uapi_winsize, arg));
	case TIOCSWINSZ:
		return tty_set_size(tty, user_ptr(const struct uapi_winsize, arg));
	case TCSBRK:
	case TCSBRKP:
	case TIOCSBRK:
	case TIOCCBRK:
		return tty_break(tty);
	case TIOCGETD:
	case TIOCSETD:
		return tty_line_discipline(cmd, user_ptr(int, arg));
	case TIOCGDEV:
		return tty_get_dev(tty, user_ptr(u32, arg));
	default:
		return tty_job_ioctl(tty, is_master, f, cmd, arg);
	}
}

long tty_ioctl(struct file *f, uint cmd, ulong arg)
{
	struct tty *tty = tty_of_file(f);

	if (tty_is_hung_up(f))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	switch (cmd) {
	case TCFLSH:
		return tty_flush(tty, arg);
	case TCXONC:
		return tty_flow_control(tty, arg);
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
	case TIOCVHANGUP:
		return tty_hang_up(tty);
	case TIOCGPTPEER:
		return -EIO;            /* only a master has one */
	default:
		return tty_mode_ioctl(tty, false, f, cmd, arg);
	}
}
