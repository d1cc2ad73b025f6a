/* SPDX-License-Identifier: MIT */
#pragma once
/* struct tty, for the files of kernel/tty only. */
#include "ldisc.h"

#include <gemel/process.h>
#include <gemel/tty.h>

#define TTY_OUTPUT_SIZE 4096u
#define PTY_OUTPUT_MAX  32768u          /* nobody may be there to read it yet */

struct tty {
	/* Constant. */
	dev_t dev;
	const struct tty_ops *ops;
	void *driver_data;
	bool is_pty;
	char name[16];
	struct char_device chrdev;              /* not of a PTY: devpts finds those */

	struct refs refs;

	struct irqlock lock;                    /* rank TTYBUF */
	struct ldisc ld __guarded_by(lock);
	u8 *out __guarded_by(lock);             /* a ring of out_size bytes, a power of two */
	u32 out_size __guarded_by(lock);
	u32 out_head __guarded_by(lock), out_tail __guarded_by(lock);   /* free-running */
	u32 out_stop __guarded_by(lock);        /* where it was stopped; a PTY shows up to here */
	struct uapi_winsize winsize __guarded_by(lock);
	bool is_exclusive __guarded_by(lock);
	bool is_held __guarded_by(lock);        /* output, by TCXONC */
	bool is_writing __guarded_by(lock);     /* one write(2) at a time; write_wait */
	bool is_deaf __guarded_by(lock);        /* no room: the line keeps what arrives */
	uint opens __guarded_by(lock);
	uint generation __guarded_by(lock);     /* hang-ups so far; older files are dead */

	/* process_lock */
	struct session *session;                /* whose controlling terminal it is; not referenced:
						 * the session lets go of us before it dies */
	struct pid *foreground;                 /* group, referenced, or NULL */

	/* Own locks inside. */
	struct wait_queue read_wait, write_wait;
};

/* One open of a terminal. */
struct tty_file {
	struct tty *tty;
	uint generation;
	bool is_console;        /* opened as /dev/console: no hang-up ends it */
	bool wants_room;        /* atomic; a write came short, and O_ASYNC says when to go on */
};

extern const struct file_ops tty_file_ops;

/* One that no name leads to yet; NULL: no memory. */
struct tty *tty_alloc(dev_t dev, const struct tty_ops *ops, void *driver_data, bool is_pty);
struct tty *tty_of_file(struct file *f);
bool tty_is_hung_up(struct file *f);
/* Every file that is open now is dead. */
void tty_hangup(struct tty *tty);

/* Push what is in the output ring to the driver; tty->lock held. */
void tty_kick_locked(struct tty *tty) __must_hold(tty->lock);
u32 tty_out_used(const struct tty *tty);
/* Input was taken or dropped: there may be room for what waits on the line. */
void tty_taken_locked(struct tty *tty) __must_hold(tty->lock);
void tty_drop_output_locked(struct tty *tty) __must_hold(tty->lock);
void tty_event_locked(struct tty *tty, u8 bits) __must_hold(tty->lock);
bool tty_is_stopped(const struct tty *tty);     /* by ^S or TCXONC */
/* Stop or start by TCXONC. */
void tty_hold_locked(struct tty *tty, bool on) __must_hold(tty->lock);
/* Sleep until the output is on the line, or it is hung up: 0 or -ERESTARTSYS. */
int __must_check tty_drain(struct tty *tty);

/* tty_job.c */
/* May current do what @signo (SIGTTIN: read, SIGTTOU: change) stands for?  0, -EIO,
 * -ERESTARTSYS. */
int __must_check tty_check_job(struct tty *tty, int signo);
/* An open by a session leader without a terminal acquires it. */
void tty_acquire_on_open(struct tty *tty);
/* Current's controlling terminal, referenced, or NULL. */
struct tty *tty_of_current(void);
void tty_signal_foreground(struct tty *tty, int signo);
/* The line is gone: tty_hangup(), and its session loses it; the leader gets SIGHUP and SIGCONT. */
void tty_vhangup(struct tty *tty);
/* @is_master: asked through the other side of a PTY. */
long tty_job_ioctl(struct tty *tty, bool is_master, struct file *f, uint cmd, ulong arg);

/* tty_ioctl.c */
long tty_ioctl(struct file *f, uint cmd, ulong arg);
/* What both sides of a PTY answer alike. */
long tty_mode_ioctl(struct tty *tty, bool is_master, struct file *f, uint cmd, ulong arg);
