/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The kernel log: one line, one event.  printk works in any context, never
 * blocks, never allocates: it writes the ring, consoles drain it.
 *
 * A file that logs defines LOG_TAG before including this.
 */
#include <gemel/compiler.h>

enum log_level { LOG_ERR = 3, LOG_WARN = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/* @tag NULL: the text alone, without a time stamp (panics, tests). */
void printk(enum log_level level, const char *tag, const char *fmt, ...) __printf_like(3, 4);

#define log_err(...)    printk(LOG_ERR, LOG_TAG, __VA_ARGS__)   /* data or device lost */
#define log_warn(...)   printk(LOG_WARN, LOG_TAG, __VA_ARGS__)  /* degraded */
#define log_info(...)   printk(LOG_INFO, LOG_TAG, __VA_ARGS__)  /* boot-time or rare fact */
#define log_debug(...)  printk(LOG_DEBUG, LOG_TAG, __VA_ARGS__) /* off; log=TAG,TAG turns it on */

/* After the command line is known: `quiet` shows only err and warn on consoles, loglevel=N. */
void log_init(void);

/* A place where lines appear.  write() is called with the console lock held, interrupts off; it may
 * poll the device.  Registering replays the ring. */
struct console {
	const char *name;
	void (*write)(struct console *con, const char *text, size_t len);
	struct console *next;
	bool is_boot;           /* replaced by the first real console */
};
void console_register(struct console *con);

/* /proc/kmsg, dmesg (syslog(2)): copy the ring's text from sequence *seq; bytes, advances. */
size_t log_read(u64 *seq, char *buf, size_t size);

/* Straight to the early console, for panic. */
void log_panic_mode(void);
