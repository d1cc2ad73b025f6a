/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Terminals: one line discipline for serial consoles, virtual terminals and
 * PTYs.  tty/.
 */
#include <gemel/fs.h>
#include <gemel/refs.h>

struct process;
struct session;
struct tty;

struct uapi_termios2;

enum tty_flaw { TTY_GOOD, TTY_ERROR, TTY_BREAK };       /* error: of parity or framing */

/* Called with the terminal's lock held and interrupts off; none sleeps.  All but put are
 * optional; get and listen go together. */
struct tty_ops {
	/* Send up to @n bytes; returns how many were taken (the rest waits for
	 * tty_write_wakeup()). */
	size_t (*put)(struct tty *tty, const u8 *buf, size_t n);
	/* Take the next byte off the line.  False: none is there. */
	bool (*get)(struct tty *tty, u8 *c, enum tty_flaw *flaw);
	/* Call tty_read_wakeup() when bytes arrive; off: leave them where they are. */
	void (*listen)(struct tty *tty, bool on);
	/* Each open, last close. */
	int (*open)(struct tty *tty);
	void (*close)(struct tty *tty);
	bool (*is_drained)(struct tty *tty);
	/* @new is about to replace @old: change back what cannot be. */
	void (*set_termios)(struct tty *tty, struct uapi_termios2 *new,
			    const struct uapi_termios2 *old);
	/* Something that packet mode tells: TIOCPKT_* bits.  Input was taken: room for more. */
	void (*event)(struct tty *tty, u8 bits);
	void (*taken)(struct tty *tty);
	/* The last reference is gone; may sleep, no lock held. */
	void (*destroy)(struct tty *tty);
};

/* Drivers, any context: there are bytes to get(); bytes arrived; room for output again. */
void tty_read_wakeup(struct tty *tty);
void tty_receive(struct tty *tty, const u8 *buf, size_t n);
void tty_write_wakeup(struct tty *tty);

/* A terminal "/dev/@name".  NULL: no memory. */
struct tty *tty_create(const char *name, dev_t dev, const struct tty_ops *ops, void *driver_data);
void *tty_driver_data(struct tty *tty);
/* /dev/console is this one from now on. */
void tty_set_console(struct tty *tty);
const char *tty_console_name(void);             /* its own; NULL: there is none */
void tty_init(void);
void pty_init(void);
uint pty_count(void);

/* For devpts: @f becomes an open file of @tty as its slave side. */
int __must_check tty_open_slave(struct tty *tty, struct file *f);
void tty_get(struct tty *tty);
void tty_put(struct tty *tty);

/* Process side, for task/: all take what locks they need. */
/* The leader exits: its terminal is hung up (a PTY only taken away), or was before. */
void session_tty_detach(struct session *s);
dev_t session_tty_dev(struct process *p, pid_t *foreground);    /* /proc/PID/stat; 0: none */
