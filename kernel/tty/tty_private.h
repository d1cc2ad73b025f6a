/* SPDX-License-Identifier: MIT */
#pragma once
/* struct tty, for the files of kernel/tty only. */
#include "ldisc.h"

#include <gemel/process.h>
#include <gemel/tty.h>

#define TTY_OUTPUT_SIZE 4096u

struct tty {
	/* Constant. */
	char name[16];
	dev_t dev;
	const struct tty_ops *ops;
	void *driver_data;
	struct char_device chrdev;

	struct refs refs;

	struct mutex write_lock;                /* rank TTY: one write(2) at a time */

	struct irqlock lock;                    /* rank TTYBUF */
	struct ldisc ld __guarded_by(lock);
	u8 out[TTY_OUTPUT_SIZE] __guarded_by(lock);
	u32 out_head __guarded_by(lock), out_tail __guarded_by(lock);
	struct uapi_winsize winsize __guarded_by(lock);
	bool is_exclusive __guarded_by(lock);
	bool is_held __guarded_by(lock);        /* output, by TCXONC */
	uint opens __guarded_by(lock);
	uint generation __guarded_by(lock);     /* hang-ups so far; older files are dead */

	/* process_lock */
	struct session *session;                /* whose controlling terminal it is; not referenced:
						 * the session lets go of us before it dies */
	pid_t pgid;                             /* foreground group; ldisc reads it unlocked */

	/* Own locks inside. */
	struct wait_queue read_wait, write_wait;
};

/* One open of a terminal. */
struct tty_file {
	struct tty *tty;
	uint generation;
	bool is_console;        /* opened as /dev/console: no hang-up ends it */
};

extern const struct file_ops tty_file_ops;

void tty_get(struct tty *tty);
void tty_put(struct tty *tty);
struct tty *tty_of_file(struct file *f);
bool tty_is_hung_up(struct file *f);

/* Push what is in the output ring to the driver; tty->lock held. */
void tty_kick_locked(struct tty *tty) __must_hold(tty->lock);
u32 tty_out_used(const struct tty *tty);
/* Sleep until the output is on the line: 0 or -ERESTARTSYS. */
int __must_check tty_drain(struct tty *tty);

/* tty_job.c */
/* May current do what @signo (SIGTTIN: read, SIGTTOU: change) stands for?  0, -EIO,
 * -ERESTARTSYS. */
int __must_check tty_check_job(struct tty *tty, int signo);
/* An open by a session leader without a terminal acquires it. */
void tty_acquire_on_open(struct tty *tty);
/* Current's controlling terminal, referenced, or NULL. */
struct tty *tty_of_current(void);
long tty_job_ioctl(struct tty *tty, uint cmd, ulong arg);

/* tty_ioctl.c */
long tty_ioctl(struct file *f, uint cmd, ulong arg);
