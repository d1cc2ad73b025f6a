/* SPDX-License-Identifier: MIT */
/*
 * The kernel log.
 *
 * A ring of text: each line is "L[ seconds.micros] tag: text\n" with one
 * character for the level (no tag: the bare text). Positions are byte counts since boot and only
 * grow; the ring holds the last LOG_SIZE bytes, and a reader that fell behind starts at the
 * oldest whole line.
 *
 * printk() formats on its stack, appends under `ring_bit` (a few hundred
 * instructions, interrupts off), and then tries to become the one that drains.
 *
 * The drainer holds `console_bit` and copies line by line from the ring to every
 * console.  Who finds the bit taken leaves its line to the one who has it: the
 * drainer looks again after it gave the bit back, so no line is left over.
 * Devices may be slow; only the drainer waits for them.
 *
 * Both are bare bits with interrupts off, without rank: printk() must work under
 * every lock and in the rank checker itself.  In a panic nobody takes them.
 */
#include <gemel/log.h>

#include <arch/debug.h>

#include <gemel/boot_info.h>
#include <gemel/printf.h>
#include <gemel/spin.h>
#include <gemel/string.h>
#include <gemel/time.h>

#include "panic.h"

enum {
	LOG_SIZE = 1 << 15,
	LINE_MAX = 400,
	DEBUG_TAGS_MAX = 128,
};

static char ring[LOG_SIZE];
static u64 ring_head;                   /* ring_bit: where the next byte goes */
static u32 ring_bit;

static u32 console_bit;
static u64 console_at;                  /* console_bit: up to here the consoles have it */
static uint console_level = LOG_INFO;
static char debug_tags[DEBUG_TAGS_MAX]; /* constant after log_init() */
static bool panic_mode;

static void early_write(struct console *con, const char *text, size_t len)
{
	(void)con;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			arch_early_putc('\r');
		arch_early_putc(text[i]);
	}
}

static struct console early_console = { .name = "early", .write = early_write, .is_boot = true };
static struct console *consoles = &early_console;       /* console_bit */

static void ring_append(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ring[ring_head++ % LOG_SIZE] = text[i];
}

/* The line at *@at without its end, its level to *@level; advances.  0: no more. */
static size_t ring_next_line(u64 *at, char *buf, uint *level)
{
	size_t len = 0;

	if (ring_head - *at > LOG_SIZE) {
		*at = ring_head - LOG_SIZE;
		while (*at < ring_head && ring[(*at)++ % LOG_SIZE] != '\n')
			;
	}
	if (*at >= ring_head)
		return 0;
	*level = (uint)(ring[(*at)++ % LOG_SIZE] - '0');
	while (*at < ring_head) {
		char c = ring[(*at)++ % LOG_SIZE];

		if (len < LINE_MAX)
			buf[len++] = c;
		if (c == '\n')
			break;
	}
	return len;
}

static size_t line_take(u64 *at, char *buf, uint *level)
{
	size_t len;

	if (panic_mode)
		return ring_next_line(at, buf, level);
	lock_bit_acquire(&ring_bit);
	len = ring_next_line(at, buf, level);
	lock_bit_release(&ring_bit);
	return len;
}

/* Interrupts off, console_bit held or panic. */
static void consoles_drain(void)
{
	char line[LINE_MAX];
	uint level;
	size_t len;

	while ((len = line_take(&console_at, line, &level))) {
		if (level > console_level)
			continue;
		for (struct console *con = consoles; con; con = con->next)
			con->write(con, line, len);
	}
}

static void consoles_try_drain(void)
{
	while (READ_ONCE(console_at) != READ_ONCE(ring_head) && lock_bit_try(&console_bit)) {
		consoles_drain();
		lock_bit_release(&console_bit);
		smp_mb();       /* give the bit back, then look: pairs with append, then try */
	}
}

static bool tag_is_debugged(const char *tag)
{
	size_t len = strlen(tag);

	for (const char *at = debug_tags; *at;) {
		const char *end = at;

		while (*end && *end != ',')
			end++;
		if ((size_t)(end - at) == len && memcmp(at, tag, len) == 0)
			return true;
		at = *end ? end + 1 : end;
	}
	return false;
}

static size_t line_format(char *buf, enum log_level level, const char *tag, const char *fmt,
			  va_list ap) __printf_like(4, 0);
static size_t line_format(char *buf, enum log_level level, const char *tag, const char *fmt,
			  va_list ap)
{
	u64 us = time_now() / NSEC_PER_USEC;
	size_t len;

	len = (size_t)scnprintf(buf, LINE_MAX - 1, "%u", (uint)level);
	if (tag)
		len += (size_t)scnprintf(buf + len, LINE_MAX - 1 - len, "[%5lu.%06lu] %s: ",
					 (ulong)(us / 1000000), (ulong)(us % 1000000), tag);
	len += (size_t)vscnprintf(buf + len, LINE_MAX - 1 - len, fmt, ap);
	while (len && buf[len - 1] == '\n')
		len--;
	buf[len++] = '\n';
	return len;
}

void printk(enum log_level level, const char *tag, const char *fmt, ...)
{
	char line[LINE_MAX];
	size_t len;
	va_list ap;

	if (level == LOG_DEBUG && !(tag && tag_is_debugged(tag)))
		return;
	va_start(ap, fmt);
	len = line_format(line, level, tag, fmt, ap);
	va_end(ap);

	if (panic_mode) {
		ring_append(line, len);
		consoles_drain();
		return;
	}
	irq_push_off();
	lock_bit_acquire(&ring_bit);
	ring_append(line, len);
	lock_bit_release(&ring_bit);
	smp_mb();
	consoles_try_drain();
	irq_pop_off();
}

void log_init(void)
{
	char value[8];

	if (cmdline_has("quiet"))
		console_level = LOG_WARN;
	if (cmdline_get("loglevel", value, sizeof(value)) && value[0] >= '0' && value[0] <= '8')
		console_level = (uint)(value[0] - '0');
	if (cmdline_get("log", debug_tags, sizeof(debug_tags)))
		console_level = LOG_DEBUG;
}

static void boot_consoles_drop(void)
{
	struct console **link = &consoles;

	while (*link) {
		if ((*link)->is_boot)
			*link = (*link)->next;
		else
			link = &(*link)->next;
	}
}

void console_register(struct console *con)
{
	irq_push_off();
	lock_bit_acquire(&console_bit);
	/* The boot console wrote to the same place as the first real one: nothing to replay. */
	if (!con->is_boot && consoles && consoles->is_boot)
		boot_consoles_drop();
	con->next = consoles;
	consoles = con;
	lock_bit_release(&console_bit);
	consoles_try_drain();
	irq_pop_off();
}

size_t log_read(u64 *seq, char *buf, size_t size)
{
	char line[LINE_MAX];
	size_t done = 0;

	for (;;) {
		u64 next = *seq;
		uint level;
		size_t len;

		irq_push_off();
		len = line_take(&next, line, &level);
		irq_pop_off();
		/* "<6>" and the line. */
		if (!len || done + len + 3 > size)
			return done;
		buf[done++] = '<';
		buf[done++] = (char)('0' + level);
		buf[done++] = '>';
		memcpy(buf + done, line, len);
		done += len;
		*seq = next;
	}
}

void log_panic_mode(void)
{
	WRITE_ONCE(panic_mode, true);
	WRITE_ONCE(console_level, LOG_DEBUG);
	early_console.next = NULL;
	consoles = &early_console;
}
