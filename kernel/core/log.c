/* SPDX-License-Identifier: MIT */
/*
 * The kernel log.
 *
 * A ring of text: each line is "P[ seconds.micros] tag: text\n" with one
 * character, '0' + P, for the priority (no tag: the bare text).  Positions are byte counts since
 * boot and only grow; the ring holds the last LOG_SIZE bytes in whole lines, and a reader that fell
 * behind starts at the oldest.  A line is one line, whatever its arguments are: control characters
 * in it become '?'.
 *
 * printk() formats on its stack, appends under `ring_bit` (a few hundred
 * instructions, interrupts off), and then tries to become the one that drains.
 *
 * The drainer holds `console_bit` and copies line by line from the ring to every
 * console.  Who finds the bit taken leaves its line to the one who has it: the
 * drainer looks again after it gave the bit back, so no line is left over.
 * Devices may be slow; only the drainer waits for them.
 *
 * Readers wait.  printk() may be under any lock, also those of the scheduler, so it does not wake
 * them: it sends its own CPU an interrupt, which comes when interrupts are on again.
 *
 * Both are bare bits with interrupts off, without rank: printk() must work under
 * every lock and in the rank checker itself.  In a panic nobody takes them.
 */
#include <gemel/log.h>

#include <arch/debug.h>
#include <arch/irq.h>

#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/poll.h>
#include <gemel/printf.h>
#include <gemel/spin.h>
#include <gemel/string.h>
#include <gemel/time.h>
#include <gemel/wait.h>

#include "panic.h"

enum { DEBUG_TAGS_MAX = 128 };

static char ring[LOG_SIZE];
static u64 ring_head;                   /* ring_bit: where the next byte goes */
static u64 ring_lines;                  /* ring_bit: as many have been written */
static struct log_place oldest;         /* ring_bit: the first line that is whole */
static u32 ring_bit;
struct wait_queue log_readers = WAIT_QUEUE_INIT(log_readers);

static u32 console_bit;
static struct log_place console_at;     /* console_bit: up to here the consoles have it */
static uint console_level = LOG_INFO + 1;       /* below it they show it */
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

/* ring_bit.  Make room for @len more. */
static void ring_forget(size_t len)
{
	while (ring_head + len - oldest.at > LOG_SIZE) {
		while (ring[oldest.at++ % LOG_SIZE] != '\n')
			;
		oldest.seq++;
	}
}

/* ring_bit.  A whole line. */
static void ring_append(const char *text, size_t len)
{
	ring_forget(len);
	for (size_t i = 0; i < len; i++)
		ring[ring_head++ % LOG_SIZE] = text[i];
	ring_lines++;
}

/* ring_bit.  The line at *@p without its first character; advances.  0: no more. */
static size_t ring_next_line(struct log_place *p, char *buf, uint *priority)
{
	size_t len = 0;

	if (p->at < oldest.at)
		*p = oldest;
	if (p->at == ring_head)
		return 0;
	*priority = (uint)(ring[p->at++ % LOG_SIZE] - '0');
	do
		buf[len++] = ring[p->at % LOG_SIZE];
	while (ring[p->at++ % LOG_SIZE] != '\n');
	p->seq++;
	return len;
}

static size_t line_take(struct log_place *p, char *buf, uint *priority)
{
	size_t len;

	if (panic_mode)
		return ring_next_line(p, buf, priority);
	lock_bit_acquire(&ring_bit);
	len = ring_next_line(p, buf, priority);
	lock_bit_release(&ring_bit);
	return len;
}

/* Interrupts off, console_bit held or panic. */
static void consoles_drain(void)
{
	char line[LOG_LINE_MAX];
	uint priority;
	size_t len;

	while ((len = line_take(&console_at, line, &priority))) {
		if (priority % LOG_USER >= READ_ONCE(console_level))
			continue;
		for (struct console *con = consoles; con; con = con->next)
			con->write(con, line, len);
	}
}

static void consoles_try_drain(void)
{
	while (READ_ONCE(console_at.at) != READ_ONCE(ring_head) && lock_bit_try(&console_bit)) {
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

/* What a program has chosen may stand in a line: it makes no other line, and moves no cursor. */
static void line_clean(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((u8)text[i] < ' ' && text[i] != '\t')
			text[i] = '?';
}

static size_t line_format(char *buf, uint priority, const char *tag, const char *fmt, va_list ap)
	__printf_like(4, 0);
static size_t line_format(char *buf, uint priority, const char *tag, const char *fmt, va_list ap)
{
	u64 us = time_now() / NSEC_PER_USEC;
	size_t len = 0;

	buf[len++] = (char)('0' + priority);
	if (tag)
		len += (size_t)scnprintf(buf + len, LOG_LINE_MAX - 1 - len, "[%5lu.%06lu] %s%s",
					 (ulong)(us / 1000000), (ulong)(us % 1000000), tag,
					 tag[0] ? ": " : "");
	len += (size_t)vscnprintf(buf + len, LOG_LINE_MAX - 1 - len, fmt, ap);
	while (len > 1 && buf[len - 1] == '\n')
		len--;
	line_clean(buf, len);
	buf[len++] = '\n';
	return len;
}

static void readers_wake_soon(void)
{
	if (unlikely(wait_queue_is_active(&log_readers)))
		arch_ipi_send(this_cpu()->id, IPI_CALL);
}

void log_wake_readers(void)
{
	wake_all_key(&log_readers, POLLIN | POLLRDNORM);
}

void printk(uint priority, const char *tag, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	size_t len;
	va_list ap;

	if (priority == LOG_DEBUG && !(tag && tag_is_debugged(tag)))
		return;
	va_start(ap, fmt);
	len = line_format(line, priority, tag, fmt, ap);
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
	readers_wake_soon();
	irq_pop_off();
}

uint log_console_level(void)
{
	return READ_ONCE(console_level);
}

void log_set_console_level(uint level)
{
	WRITE_ONCE(console_level, level);
}

void log_init(void)
{
	char value[8];

	if (cmdline_has("quiet"))
		console_level = LOG_WARN + 1;
	if (cmdline_get("loglevel", value, sizeof(value)) && value[0] >= '0' && value[0] <= '8')
		console_level = (uint)(value[0] - '0');
	if (cmdline_get("log", debug_tags, sizeof(debug_tags)))
		console_level = LOG_DEBUG + 1;
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

/* *@p or, if NULL, the end. */
static struct log_place place_copy(const struct log_place *p)
{
	struct log_place copy;

	irq_push_off();
	lock_bit_acquire(&ring_bit);
	copy = p ? *p : (struct log_place){ .at = ring_head, .seq = ring_lines };
	lock_bit_release(&ring_bit);
	irq_pop_off();
	return copy;
}

struct log_place log_begin(void)
{
	return place_copy(&oldest);
}

struct log_place log_end(void)
{
	return place_copy(NULL);
}

bool log_is_overrun(const struct log_place *p)
{
	return p->at < READ_ONCE(oldest.at);
}

size_t log_line(struct log_place *p, char *buf, uint *priority)
{
	size_t len;

	irq_push_off();
	len = line_take(p, buf, priority);
	irq_pop_off();
	return len;
}

void log_panic_mode(void)
{
	WRITE_ONCE(panic_mode, true);
	WRITE_ONCE(console_level, LOG_DEBUG + 1);
	early_console.next = NULL;
	consoles = &early_console;
}
