/* SPDX-License-Identifier: MIT */
/*
 * The line discipline (POSIX.1-2017, chapter 11; Linux's extensions by termios(3)).
 *
 * Input.  Bytes pass these gates in order: literal next, mapping (ISTRIP IUCLC
 * IGNCR ICRNL INLCR), flow control (IXON), signals (ISIG), canonical editing
 * (ICANON), the ring.  Each gate either consumes the byte or hands it on;
 * ldisc_receive() is the list of gates.
 *
 * The ring.  Three free-running counters:
 *
 *	tail              canon             head
 *	 |<- whole lines -->|<- being typed -->|
 *
 * Raw mode does not look at canon: all of [tail, head) is readable.  Erasing
 * moves head back, never past canon.  In canonical mode the last free byte is
 * kept for a line's end, so that an over-long line can always be finished.
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

#define LDISC_EOF_BYTE          0xffu
#define CC_DISABLED             0u
#define IFLAG_MAPS              (INLCR | IGNCR | ICRNL | ISTRIP | IUCLC)

static const u8 default_cc[NCCS] = {
	[VINTR] = 3,     [VQUIT] = 28,    [VERASE] = 127,   [VKILL] = 21,    [VEOF] = 4,
	[VMIN] = 1,      [VSTART] = 17,   [VSTOP] = 19,     [VSUSP] = 26,    [VREPRINT] = 18,
	[VDISCARD] = 15, [VWERASE] = 23,  [VLNEXT] = 22,
};

void ldisc_init(struct ldisc *ld)
{
	ld->termios = (struct uapi_termios){
		.iflag = ICRNL | IXON | IUTF8,
		.oflag = OPOST | ONLCR,
		.cflag = B38400 | CS8 | CREAD | HUPCL | CLOCAL,
		.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	};
	memcpy(ld->termios.cc, default_cc, sizeof(default_cc));
	ldisc_flush_input(ld);
}

void ldisc_flush_input(struct ldisc *ld)
{
	ld->head = ld->canon = ld->tail = 0;
	ld->literal_next = false;
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

/* Append; a byte that ends a line may use the last free place.  False: full. */
static bool ring_put(struct ldisc *ld, u8 c, bool is_end)
{
	u32 keep = has_lflag(ld, ICANON) && !is_end;

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
	return has_lflag(ld, ECHOCTL) && is_control(c) && c != '\t' && c != '\n';
}

static void echo_char(struct ldisc *ld, u8 c)
{
	if (is_echoed_as_caret(ld, c)) {
		ldisc_write(ld, '^');
		c ^= 0x40;
	}
	ldisc_write(ld, c);
}

static void echo_input(struct ldisc *ld, u8 c)
{
	if (has_lflag(ld, ECHO))
		echo_char(ld, c);
	else if (c == '\n' && has_lflag(ld, ECHONL) && has_lflag(ld, ICANON))
		ldisc_write(ld, c);
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

static void echo_erase(struct ldisc *ld, u8 erased)
{
	if (!has_lflag(ld, ECHO))
		return;
	if (!has_lflag(ld, ECHOE)) {
		echo_char(ld, ld->termios.cc[VERASE]);
	} else if (erased == '\t') {
		u32 want = column_of(ld, ld->head);

		for (u32 n = ld->column > want ? MIN(ld->column - want, 8u) : 0; n > 0; n--)
			ldisc_write(ld, '\b');
	} else if (is_echoed_as_caret(ld, erased)) {
		rub_out(ld);
		rub_out(ld);
	} else if (!is_control(erased)) {
		rub_out(ld);
	}
}

/* ---- canonical editing ---- */

/* Take the last character (with all its UTF-8 bytes) off the line being typed. */
static bool erase_char(struct ldisc *ld)
{
	u8 c;

	if (ld->head == ld->canon)
		return false;
	do {
		c = ring_at(ld, --ld->head);
	} while (is_utf8_tail(ld, c) && ld->head != ld->canon);
	echo_erase(ld, c);
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
		erase_char(ld);
	while (ld->head != ld->canon && is_word_char(ring_at(ld, ld->head - 1)))
		erase_char(ld);
}

static void erase_line(struct ldisc *ld)
{
	bool by_rubbing = has_lflag(ld, ECHOKE) && has_lflag(ld, ECHOE);

	if (has_lflag(ld, ECHO) && has_lflag(ld, ECHOK) && !by_rubbing) {
		ld->head = ld->canon;
		echo_char(ld, ld->termios.cc[VKILL]);
		ldisc_write(ld, '\n');
		ld->line_column = ld->column;
		return;
	}
	while (erase_char(ld))
		;
}

static void reprint_line(struct ldisc *ld)
{
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

static bool is_line_end(const struct ldisc *ld, u8 c)
{
	return c == '\n' || is_cc(ld, VEOL, c) || (is_cc(ld, VEOL2, c) && has_lflag(ld, IEXTEN));
}

static void line_end(struct ldisc *ld, u8 c)
{
	ring_put(ld, c, true);
	ld->line_column = ld->column;
}

/* An editing or line-ending character of canonical mode?  True if consumed. */
static bool gate_canonical(struct ldisc *ld, u8 c)
{
	if (!has_lflag(ld, ICANON))
		return false;
	if (is_cc(ld, VERASE, c)) {
		erase_char(ld);
	} else if (is_cc(ld, VKILL, c)) {
		erase_line(ld);
	} else if (is_cc(ld, VWERASE, c) && has_lflag(ld, IEXTEN)) {
		erase_word(ld);
	} else if (is_cc(ld, VREPRINT, c) && has_lflag(ld, IEXTEN) && has_lflag(ld, ECHO)) {
		reprint_line(ld);
	} else if (is_cc(ld, VEOF, c)) {
		line_end(ld, LDISC_EOF_BYTE);
	} else if (is_line_end(ld, c)) {
		echo_input(ld, c);
		line_end(ld, c);
	} else {
		return false;
	}
	return true;
}

/* ---- the other gates of input ---- */

static bool gate_literal(struct ldisc *ld, u8 c)
{
	if (!has_lflag(ld, IEXTEN) || !has_lflag(ld, ICANON) || !is_cc(ld, VLNEXT, c))
		return false;
	ld->literal_next = true;
	if (has_lflag(ld, ECHO) && has_lflag(ld, ECHOCTL)) {
		ldisc_write(ld, '^');
		ldisc_write(ld, '\b');
	}
	return true;
}

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
	if (is_cc(ld, VSTART, c) && (ld->stopped || !is_cc(ld, VSTOP, c))) {
		flow_set(ld, false);
		return true;
	}
	if (is_cc(ld, VSTOP, c)) {
		flow_set(ld, true);
		return true;
	}
	if (ld->stopped && (ld->termios.iflag & IXANY))
		flow_set(ld, false);
	return false;
}

/* False: the byte is dropped. */
static bool map_input(const struct ldisc *ld, u8 *c)
{
	u32 iflag = ld->termios.iflag;

	if (!(iflag & IFLAG_MAPS))
		return true;
	if (iflag & ISTRIP)
		*c &= 0x7f;
	if ((iflag & IUCLC) && has_lflag(ld, IEXTEN) && *c >= 'A' && *c <= 'Z')
		*c = (u8)(*c - 'A' + 'a');
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
	if (!has_lflag(ld, NOFLSH))
		ldisc_flush_input(ld);
	flow_set(ld, false);
	if (has_lflag(ld, ECHO))
		echo_char(ld, c);
	ld->line_column = ld->column;
	ld->signal(ld, signo);
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

static void store(struct ldisc *ld, u8 c)
{
	if (ld->head == ld->canon)
		ld->line_column = ld->column;
	if (!ring_put(ld, c, false)) {
		if (ld->termios.iflag & IMAXBEL)
			ld->output(ld, '\a');
		return;
	}
	echo_input(ld, c);
	if (c == 0xff && (ld->termios.iflag & PARMRK) && !(ld->termios.iflag & ISTRIP))
		ring_put(ld, c, false);
}

void ldisc_receive(struct ldisc *ld, u8 c)
{
	if (ld->literal_next) {
		ld->literal_next = false;
		store(ld, c);
		return;
	}
	if (!map_input(ld, &c))
		return;
	if (gate_flow(ld, c) || gate_literal(ld, c) || gate_signal(ld, c) || gate_canonical(ld, c))
		return;
	store(ld, c);
	throttle_input(ld);
}

void ldisc_receive_break(struct ldisc *ld)
{
	if (ld->termios.iflag & IGNBRK)
		return;
	if (ld->termios.iflag & BRKINT) {
		ldisc_flush_input(ld);
		ld->signal(ld, SIGINT);
		return;
	}
	ldisc_receive_error(ld, 0);
}

void ldisc_receive_error(struct ldisc *ld, u8 c)
{
	if (ld->termios.iflag & IGNPAR)
		return;
	if (ld->termios.iflag & PARMRK) {
		ring_put(ld, 0xff, false);
		ring_put(ld, 0, false);
		ring_put(ld, c, false);
		return;
	}
	store(ld, (ld->termios.iflag & INPCK) ? 0 : c);
}

/* ---- reading ---- */

size_t ldisc_readable(const struct ldisc *ld)
{
	return (has_lflag(ld, ICANON) ? ld->canon : ld->head) - ld->tail;
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
	if (has_lflag(ld, ICANON)) {
		done = read_line(ld, buf, n, is_end);
	} else {
		while (done < n && ld->tail != ld->head)
			buf[done++] = ring_at(ld, ld->tail++);
	}
	throttle_input(ld);
	return done;
}

void ldisc_termios_changed(struct ldisc *ld, const struct uapi_termios *old)
{
	if ((old->lflag ^ ld->termios.lflag) & ICANON) {
		/* What was typed raw becomes one finished line, and the other way round. */
		if (has_lflag(ld, ICANON) && ld->head != ld->tail)
			mark_set(ld, ld->head - 1, true);
		ld->canon = ld->head;
		ld->literal_next = false;
		ld->line_column = ld->column;
	}
	if ((old->iflag & IXON) && !(ld->termios.iflag & IXON))
		flow_set(ld, false);
}
