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

struct tty_ops {
	/* Send up to @n bytes; returns how many were taken (the rest waits for tty_write_wakeup()).
	 * Interrupts off, tty->out_lock held; does not sleep. */
	size_t (*put)(struct tty *tty, const u8 *buf, size_t n);
	/* Speed, bits and flow control changed in tty->termios. */
	void (*set_termios)(struct tty *tty);
	void (*set_size)(struct tty *tty);
	/* First open, last close. */
	int (*open)(struct tty *tty);
	void (*close)(struct tty *tty);
	bool (*is_drained)(struct tty *tty);
};

/* Drivers, any context: bytes arrived (flags NULL: all good); room for output again; hang-up. */
void tty_receive(struct tty *tty, const u8 *buf, size_t n);
void tty_write_wakeup(struct tty *tty);
void tty_hangup(struct tty *tty);

/* A terminal "/dev/@name".  NULL: no memory. */
struct tty *tty_create(const char *name, dev_t dev, const struct tty_ops *ops, void *driver_data);
void *tty_driver_data(struct tty *tty);
/* /dev/console is this one from now on. */
void tty_set_console(struct tty *tty);
void tty_init(void);

/* Process side, for task/: all take what locks they need. */
/* The leader exits: hang the terminal up. */
void session_tty_detach(struct session *s);
dev_t session_tty_dev(struct process *p, pid_t *foreground);    /* /proc/PID/stat; 0: none */
