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
#define LOG_USER        8u      /* added to a level, 0 to 7: a program's line (facility 1) */

/* @tag NULL: the text alone, without a time stamp (panics, tests); "": without a tag. */
void printk(uint priority, const char *tag, const char *fmt, ...) __printf_like(3, 4);

#define log_err(...)    printk(LOG_ERR, LOG_TAG, __VA_ARGS__)   /* data or device lost */
#define log_warn(...)   printk(LOG_WARN, LOG_TAG, __VA_ARGS__)  /* degraded */
#define log_info(...)   printk(LOG_INFO, LOG_TAG, __VA_ARGS__)  /* boot-time or rare fact */
#define log_debug(...)  printk(LOG_DEBUG, LOG_TAG, __VA_ARGS__) /* off; log=TAG,TAG turns it on */

/* After the command line is known: `quiet` shows only err and warn on consoles, loglevel=N only
 * what is below N. */
void log_init(void);

/* Consoles show lines of levels below it, 1 to 8. */
uint log_console_level(void);
void log_set_console_level(uint level);

/* A place where lines appear.  write() is called with the console lock held, interrupts off; it may
 * poll the device.  Registering replays the ring. */
struct console {
	const char *name;
	void (*write)(struct console *con, const char *text, size_t len);
	struct console *next;
	bool is_boot;           /* replaced by the first real console */
};
void console_register(struct console *con);

/*
 * Readers.  A place is a line's first byte and its number, both since boot; {}: the first ever.
 * A line is "[ seconds.micros] tag: text\n", its priority is level + 8 * facility as in RFC 5424.
 */
enum { LOG_SIZE = 1 << 15 /* what the ring holds */, LOG_LINE_MAX = 400 };
struct log_place {
	u64 at, seq;
};
struct log_place log_begin(void);       /* the oldest line there is */
struct log_place log_end(void);         /* where the next line will be */
/* Lines at @p were overwritten: log_line() goes on with the oldest there is. */
bool log_is_overrun(const struct log_place *p);
/* The line at *p into @buf of LOG_LINE_MAX, not terminated, and its priority: its length;
 * advances.  0: there is none yet. */
size_t log_line(struct log_place *p, char *buf, uint *priority);
/* Woken soon after a line has come. */
extern struct wait_queue log_readers;
/* From the interrupt that printk() has sent to its own CPU for that. */
void log_wake_readers(void);

/* Straight to the early console, for panic. */
void log_panic_mode(void);
