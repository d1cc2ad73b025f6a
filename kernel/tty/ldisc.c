/* SPDX-License-Identifier: MIT */
/*
 * The line discipline (POSIX.1-2017, chapter 11; Linux's extensions by termios(3)).
 *
 * Input.  Bytes pass these gates in order: bits (ISTRIP IUCLC), literal next,
 * flow control (IXON), signals (ISIG), mapping (IGNCR ICRNL INLCR), canonical
 * editing (ICANON), the ring.  Each gate either consumes the byte or hands it on;
 * ldisc_receive() is the list of gates.  With EXTPROC all but the first are the
 * other side's business.
 *
 * The ring.  Three free-running counters:
 *
 *	tail              canon             head
 *	 |<- whole lines -->|<- being typed -->|
 *
 * Raw mode does not look at canon: all of [tail, head) is readable.  Erasing
 * moves head back, never past canon.  In canonical mode the last free byte is
 * kept for a line's end, so that an over-long line can always be finished.  A
 * change of mode makes all that is there one line, or no line.
 *
 * Output.  OPOST expands one byte to at most LDISC_EXPAND_MAX (a tab).  The
 * first byte that output() refuses refuses the whole.
 *
 * Requirements on callers.  One call at a time.  Callbacks do not call back in.
 */
#include "ldisc.h"

#include <uapi/signo.h>

#include <gemel/compiler.h>
#include <gemel/string.h>

#define CC_DISABLED             0u
#define LDISC_EOF_BYTE          CC_DISABLED     /* no other line end can be this byte */

static const u8 default_cc[NCCS] = {
	[VINTR] = 3,     [VQUIT] = 28,    [VERASE] = 127,   [VKILL] = 21,    [VEOF] = 4,
	[VMIN] = 1,      [VSTART] = 17,   [VSTOP] = 19,     [VSUSP] = 26,    [VREPRINT] = 18,
	[VDISCARD] = 15, [VWERASE] = 23,  [VLNEXT] = 22,
};

void ldisc_init(struct ldisc *ld)
{
	ld->termios = (struct uapi_termios2){
		.iflag = ICRNL | IXON | IUTF8,
		.oflag = OPOST | ONLCR,
		.cflag = B38400 | CS8 | CREAD | HUPCL | CLOCAL,
		.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
		.ispeed = 38400,
		.ospeed = 38400,
	};
	memcpy(ld->termios.cc, default_cc, sizeof(default_cc));
	ldisc_flush_input(ld);
}

void ldisc_flush_input(struct ldisc *ld)
{
	ld->head = ld->canon = ld->tail = 0;
	ld->literal_next = ld->is_erasing = false;
	ld->line_column = ld->column;
}

/* ---- the ring ---- */

static u32 ring_used(const struct ldisc *ld)
{
	return ld->head - ld->tail;
}

static u8 ring_at(const struct ldisc *ld, u32 at)
{
	return ld->ring[at % LDISC_INPUT_SIZE];
}

static bool mark_get(const struct ldisc *ld, u32 at)
{
	u32 i = at % LDISC_INPUT_SIZE;

	return ld->marks[i / 8] & (1u << (i % 8));
}

static void mark_set(struct ldisc *ld, u32 at, bool on)
{
	u32 i = at % LDISC_INPUT_SIZE;
	u8 bit = (u8)(1u << (i % 8));

	ld->marks[i / 8] = on ? ld->marks[i / 8] | bit : ld->marks[i / 8] & (u8)~bit;
}

static bool has_lflag(const struct ldisc *ld, u32 flag)
{
	return ld->termios.lflag & flag;
}

static bool has_oflag(const struct ldisc *ld, u32 flag)
{
	return ld->termios.oflag & flag;
}

bool ldisc_is_canonical(const struct ldisc *ld)
{
	return (ld->termios.lflag & (ICANON | EXTPROC)) == ICANON;
}

bool ldisc_can_receive(const struct ldisc *ld)
{
	if (ldisc_is_canonical(ld))
		return ld->canon == ld->tail || ring_used(ld) < LDISC_INPUT_SIZE - 1;
	return ring_used(ld) < LDISC_INPUT_SIZE - 1;    /* PARMRK stores up to two */
}

/* Append; a byte that ends a line may use the last free place.  False: full. */
static bool ring_put(struct ldisc *ld, u8 c, bool is_end)
{
	u32 keep = ldisc_is_canonical(ld) && !is_end;

	if (ring_used(ld) + keep >= LDISC_INPUT_SIZE)
		return false;
	ld->ring[ld->head % LDISC_INPUT_SIZE] = c;
	mark_set(ld, ld->head, is_end);
	ld->head++;
	if (is_end)
		ld->canon = ld->head;
	return true;
}

/* ---- output ---- */

static bool output_tab(struct ldisc *ld)
{
	u32 spaces = 8 - ld->column % 8;

	if ((ld->termios.oflag & TABDLY) != XTABS) {
		if (!ld->output(ld, '\t'))
			return false;
	} else {
		for (u32 i = 0; i < spaces; i++)
			if (!ld->output(ld, ' '))
				return i > 0;
	}
	ld->column += spaces;
	return true;
}

static bool output_newline(struct ldisc *ld)
{
	if (has_oflag(ld, ONLCR)) {
		if (!ld->output(ld, '\r'))
			return false;
		ld->column = 0;
	} else if (has_oflag(ld, ONLRET)) {
		ld->column = 0;
	}
	return ld->output(ld, '\n');
}

static bool output_return(struct ldisc *ld)
{
	if (has_oflag(ld, ONOCR) && ld->column == 0)
		return true;
	if (has_oflag(ld, OCRNL)) {
		if (has_oflag(ld, ONLRET))
			ld->column = 0;
		return ld->output(ld, '\n');
	}
	if (!ld->output(ld, '\r'))
		return false;
	ld->column = 0;
	return true;
}

static bool is_utf8_tail(const struct ldisc *ld, u8 c)
{
	return (ld->termios.iflag & IUTF8) && (c & 0xc0) == 0x80;
}

static bool output_plain(struct ldisc *ld, u8 c)
{
	if (has_oflag(ld, OLCUC) && c >= 'a' && c <= 'z')
		c = (u8)(c - 'a' + 'A');
	if (!ld->output(ld, c))
		return false;
	if (c == '\b' && ld->column > 0)
		ld->column--;
	else if (c >= 0x20 && c != 0x7f && !is_utf8_tail(ld, c))
		ld->column++;
	return true;
}

bool ldisc_write(struct ldisc *ld, u8 c)
{
	if (!has_oflag(ld, OPOST))
		return ld->output(ld, c);
	switch (c) {
	case '\n':
		return output_newline(ld);
	case '\r':
		return output_return(ld);
	case '\t':
		return output_tab(ld);
	default:
		return output_plain(ld, c);
	}
}

/* ---- echo ---- */

static bool is_control(u8 c)
{
	return c < 0x20 || c == 0x7f;
}

/* Shown as ^X? */
static bool is_echoed_as_caret(const struct ldisc *ld, u8 c)
{
	return has_lflag(ld, ECHOCTL) && is_control(c) && c != '\t';
}

static void echo_char(struct ldisc *ld, u8 c)
{
	if (is_echoed_as_caret(ld, c)) {
		ldisc_write(ld, '^');
		c ^= 0x40;
	}
	ldisc_write(ld, c);
}

/* ECHOPRT: the erased characters have been shown. */
static void end_erasing(struct ldisc *ld)
{
	if (ld->is_erasing)
		ldisc_write(ld, '/');
	ld->is_erasing = false;
}

/* The column at which the byte at @at begins. */
static u32 column_of(const struct ldisc *ld, u32 at)
{
	u32 column = ld->line_column;

	for (u32 i = ld->canon; i != at; i++) {
		u8 c = ring_at(ld, i);

		if (c == '\t')
			column += 8 - column % 8;
		else if (is_echoed_as_caret(ld, c))
			column += 2;
		else if (!is_control(c) && !is_utf8_tail(ld, c))
			column++;
	}
	return column;
}

static void rub_out(struct ldisc *ld)
{
	ldisc_write(ld, '\b');
	ldisc_write(ld, ' ');
	ldisc_write(ld, '\b');
}

static void rub_out_tab(struct ldisc *ld)
{
	u32 want = column_of(ld, ld->head);

	for (u32 n = ld->column > want ? MIN(ld->column - want, 8u) : 0; n > 0; n--)
		ldisc_write(ld, '\b');
}

/* ECHOPRT: show the @n bytes behind head that are erased. */
static void print_erased(struct ldisc *ld, u32 n)
{
	if (!ld->is_erasing)
		ldisc_write(ld, '\\');
	ld->is_erasing = true;
	echo_char(ld, ring_at(ld, ld->head));
	for (u32 i = 1; i < n; i++)
		ldisc_write(ld, ring_at(ld, ld->head + i));
}

/* The character of @n bytes at head is gone; @one: the erase key did it. */
static void echo_erase(struct ldisc *ld, u32 n, bool one)
{
	u8 c = ring_at(ld, ld->head);

	if (!has_lflag(ld, ECHO))
		return;
	if (has_lflag(ld, ECHOPRT)) {
		print_erased(ld, n);
	} else if (one && !has_lflag(ld, ECHOE)) {
		echo_char(ld, ld->termios.cc[VERASE]);
	} else if (c == '\t') {
		rub_out_tab(ld);
	} else if (is_echoed_as_caret(ld, c)) {
		rub_out(ld);
		rub_out(ld);
	} else if (!is_control(c)) {
		rub_out(ld);
	}
}

/* ---- canonical editing ---- */

/* Take the last character (with all its UTF-8 bytes) off the line being typed. */
static bool erase_char(struct ldisc *ld, bool one)
{
	u32 at = ld->head;

	if (at == ld->canon)
		return false;
	do {
		at--;
	} while (is_utf8_tail(ld, ring_at(ld, at)) && at != ld->canon);
	if (is_utf8_tail(ld, ring_at(ld, at)))
		return false;           /* its beginning is not ours to erase */
	at = ld->head - at;
	ld->head -= at;
	echo_erase(ld, at, one);
	return true;
}

static bool is_word_char(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c >= 0x80;
}

static void erase_word(struct ldisc *ld)
{
	while (ld->head != ld->canon && !is_word_char(ring_at(ld, ld->head - 1)))
		if (!erase_char(ld, false))
			return;
	while (ld->head != ld->canon && is_word_char(ring_at(ld, ld->head - 1)))
		if (!erase_char(ld, false))
			return;
}

static void erase_line(struct ldisc *ld)
{
	const u32 rub = ECHOK | ECHOKE | ECHOE;

	if (!has_lflag(ld, ECHO)) {
		ld->head = ld->canon;
	} else if ((ld->termios.lflag & rub) == rub) {
		while (erase_char(ld, false))
			;
	} else {
		ld->head = ld->canon;
		end_erasing(ld);
		echo_char(ld, ld->termios.cc[VKILL]);
		if (has_lflag(ld, ECHOK))
			ldisc_write(ld, '\n');
		ld->line_column = ld->column;
	}
}

/* One of the three keys; nothing to erase, nothing to show. */
static void erase(struct ldisc *ld, u8 key)
{
	if (ld->head == ld->canon)
		return;
	if (key == ld->termios.cc[VERASE])
		erase_char(ld, true);
	else if (key == ld->termios.cc[VWERASE])
		erase_word(ld);
	else
		erase_line(ld);
	if (ld->head == ld->canon && has_lflag(ld, ECHO))
		end_erasing(ld);
}

static void reprint_line(struct ldisc *ld)
{
	end_erasing(ld);
	echo_char(ld, ld->termios.cc[VREPRINT]);
	ldisc_write(ld, '\n');
	ld->line_column = ld->column;
	for (u32 i = ld->canon; i != ld->head; i++)
		echo_char(ld, ring_at(ld, i));
}

static bool is_cc(const struct ldisc *ld, uint which, u8 c)
{
	return ld->termios.cc[which] != CC_DISABLED && ld->termios.cc[which] == c;
}

static bool is_erase_key(const struct ldisc *ld, u8 c)
{
	return is_cc(ld, VERASE, c) || is_cc(ld, VKILL, c) ||
	       (is_cc(ld, VWERASE, c) && has_lflag(ld, IEXTEN));
}

static void line_end(struct ldisc *ld, u8 c)
{
	if (c == 0xff && (ld->termios.iflag & PARMRK))
		ring_put(ld, c, false);
	ring_put(ld, c, true);
	ld->line_column = ld->column;
}

static void literal_next(struct ldisc *ld)
{
	ld->literal_next = true;
	if (!has_lflag(ld, ECHO))
		return;
	end_erasing(ld);
	if (has_lflag(ld, ECHOCTL)) {
		ldisc_write(ld, '^');
		ldisc_write(ld, '\b');
	}
}

/* An editing or line-ending character of canonical mode?  True if consumed. */
static bool gate_canonical(struct ldisc *ld, u8 c)
{
	if (!has_lflag(ld, ICANON))
		return false;
	if (is_erase_key(ld, c)) {
		erase(ld, c);
	} else if (is_cc(ld, VLNEXT, c) && has_lflag(ld, IEXTEN)) {
		literal_next(ld);
	} else if (is_cc(ld, VREPRINT, c) && has_lflag(ld, IEXTEN) && has_lflag(ld, ECHO)) {
		reprint_line(ld);
	} else if (c == '\n') {
		if (has_lflag(ld, ECHO | ECHONL))
			ldisc_write(ld, c);
		line_end(ld, c);
	} else if (is_cc(ld, VEOF, c)) {
		line_end(ld, LDISC_EOF_BYTE);
	} else if (is_cc(ld, VEOL, c) || (is_cc(ld, VEOL2, c) && has_lflag(ld, IEXTEN))) {
		if (has_lflag(ld, ECHO))
			echo_char(ld, c);
		line_end(ld, c);
	} else {
		return false;
	}
	return true;
}

/* ---- the other gates of input ---- */

static void flow_set(struct ldisc *ld, bool stop)
{
	if (ld->stopped == stop)
		return;
	ld->stopped = stop;
	ld->flow(ld, stop);
}

static bool gate_flow(struct ldisc *ld, u8 c)
{
	if (!(ld->termios.iflag & IXON))
		return false;
	if (!is_cc(ld, VSTART, c) && !is_cc(ld, VSTOP, c))
		return false;
	flow_set(ld, !is_cc(ld, VSTART, c));
	return true;
}

static u8 map_bits(const struct ldisc *ld, u8 c)
{
	if (ld->termios.iflag & ISTRIP)
		c &= 0x7f;
	if ((ld->termios.iflag & IUCLC) && has_lflag(ld, IEXTEN) && c >= 'A' && c <= 'Z')
		c = (u8)(c - 'A' + 'a');
	return c;
}

/* False: the byte is dropped. */
static bool map_line_end(const struct ldisc *ld, u8 *c)
{
	u32 iflag = ld->termios.iflag;

	if (*c == '\r') {
		if (iflag & IGNCR)
			return false;
		if (iflag & ICRNL)
			*c = '\n';
	} else if (*c == '\n' && (iflag & INLCR)) {
		*c = '\r';
	}
	return true;
}

static bool gate_signal(struct ldisc *ld, u8 c)
{
	int signo;

	if (!has_lflag(ld, ISIG))
		return false;
	if (is_cc(ld, VINTR, c))
		signo = SIGINT;
	else if (is_cc(ld, VQUIT, c))
		signo = SIGQUIT;
	else if (is_cc(ld, VSUSP, c))
		signo = SIGTSTP;
	else
		return false;
	ld->signal(ld, signo);
	if (!has_lflag(ld, NOFLSH)) {
		ldisc_flush_input(ld);
		ld->flushed(ld);
	}
	if (ld->termios.iflag & IXON)
		flow_set(ld, false);
	if (has_lflag(ld, ECHO))
		echo_char(ld, c);
	ld->line_column = ld->column;
	return true;
}

/* IXOFF: ask the other side to stop while the ring is nearly full. */
static void throttle_input(struct ldisc *ld)
{
	if (!(ld->termios.iflag & IXOFF) && !ld->input_throttled)
		return;
	if (!ld->input_throttled && ring_used(ld) > LDISC_INPUT_SIZE - 128)
		ld->input_throttled = ld->output(ld, ld->termios.cc[VSTOP]);
	else if (ld->input_throttled && ring_used(ld) < 128)
		ld->input_throttled = !ld->output(ld, ld->termios.cc[VSTART]);
}

/* An ordinary character.  What does not fit is shown all the same. */
static void store(struct ldisc *ld, u8 c, bool is_mapped)
{
	if (ld->head == ld->canon)
		ld->line_column = ld->column;
	if (has_lflag(ld, ECHO)) {
		end_erasing(ld);
		if (c == '\n' && is_mapped)
			ldisc_write(ld, c);
		else
			echo_char(ld, c);
	}
	if (c == 0xff && (ld->termios.iflag & PARMRK))
		ring_put(ld, c, false);
	ring_put(ld, c, false);
}

void ldisc_receive(struct ldisc *ld, u8 c)
{
	u8 typed;

	c = map_bits(ld, c);
	if (has_lflag(ld, EXTPROC)) {
		ring_put(ld, c, false);
	} else if (ld->literal_next) {
		ld->literal_next = false;
		store(ld, c, false);
	} else if (!gate_flow(ld, c) && !gate_signal(ld, c)) {
		if (ld->stopped && (ld->termios.iflag & (IXON | IXANY)) == (IXON | IXANY))
			flow_set(ld, false);
		typed = c;
		if (map_line_end(ld, &c) && !gate_canonical(ld, c))
			store(ld, c, c != typed);
	}
	throttle_input(ld);
}

void ldisc_receive_break(struct ldisc *ld)
{
	if (ld->termios.iflag & IGNBRK)
		return;
	if (ld->termios.iflag & BRKINT) {
		ld->signal(ld, SIGINT);
		if (!has_lflag(ld, NOFLSH)) {
			ldisc_flush_input(ld);
			ld->flushed(ld);
		}
		return;
	}
	if (ld->termios.iflag & PARMRK) {
		ring_put(ld, 0xff, false);
		ring_put(ld, 0, false);
	}
	ring_put(ld, 0, false);
}

void ldisc_receive_error(struct ldisc *ld, u8 c)
{
	u32 iflag = ld->termios.iflag;

	if (!(iflag & INPCK)) {
		ldisc_receive(ld, c);
		return;
	}
	if (iflag & IGNPAR)
		return;
	if (iflag & PARMRK) {
		ring_put(ld, 0xff, false);
		ring_put(ld, 0, false);
		ring_put(ld, c, false);
	} else {
		ring_put(ld, 0, false);
	}
}

/* ---- reading ---- */

size_t ldisc_readable(const struct ldisc *ld)
{
	return (ldisc_is_canonical(ld) ? ld->canon : ld->head) - ld->tail;
}

static size_t read_line(struct ldisc *ld, u8 *buf, size_t n, bool *is_end)
{
	size_t done = 0;

	while (ld->tail != ld->canon && !*is_end) {
		u8 c = ring_at(ld, ld->tail);

		*is_end = mark_get(ld, ld->tail);
		if (*is_end && c == LDISC_EOF_BYTE) {
			ld->tail++;
			break;
		}
		if (done == n) {
			*is_end = false;
			break;
		}
		buf[done++] = c;
		ld->tail++;
	}
	return done;
}

size_t ldisc_read(struct ldisc *ld, u8 *buf, size_t n, bool *is_end)
{
	size_t done = 0;

	*is_end = false;
	if (ldisc_is_canonical(ld)) {
		done = read_line(ld, buf, n, is_end);
	} else {
		while (done < n && ld->tail != ld->head)
			buf[done++] = ring_at(ld, ld->tail++);
	}
	throttle_input(ld);
	return done;
}

void ldisc_termios_changed(struct ldisc *ld, const struct uapi_termios2 *old)
{
	if ((old->lflag ^ ld->termios.lflag) & (ICANON | EXTPROC)) {
		/* All that is there is one finished line, or none. */
		for (u32 i = ld->tail; i != ld->head; i++)
			mark_set(ld, i, false);
		ld->canon = ld->tail;
		if (ldisc_is_canonical(ld) && ld->head != ld->tail) {
			mark_set(ld, ld->head - 1, true);
			ld->canon = ld->head;
		}
		ld->literal_next = ld->is_erasing = false;
		ld->line_column = ld->column;
	}
	if ((old->iflag & IXON) && !(ld->termios.iflag & IXON))
		flow_set(ld, false);
}
