/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The line discipline: what happens between the bytes of a line and the bytes
 * that a program reads and writes.  Pure: no locks, no kernel; the owner
 * serialises calls and supplies the four callbacks.
 */
#include <uapi/termios.h>

#define LDISC_INPUT_SIZE        4096u   /* a canonical line holds at most one byte less */
#define LDISC_EXPAND_MAX        8u      /* bytes that one byte of output may become */

struct ldisc {
	struct uapi_termios2 termios;

	/* Owner's; called by ldisc_receive() and ldisc_write(). */
	bool (*output)(struct ldisc *ld, u8 c);         /* false: no room, nothing taken */
	void (*signal)(struct ldisc *ld, int signo);
	void (*flow)(struct ldisc *ld, bool stop);      /* ^S, ^Q */
	void (*flushed)(struct ldisc *ld);              /* a signal key: output goes as well */

	/*
	 * Input: bytes [tail, head) of the ring; in canonical mode those of [tail, canon) are
	 * complete lines.  A set mark says that the byte ends a line; an end of file is a marked
	 * LDISC_EOF_BYTE, which is never delivered.
	 */
	u8 ring[LDISC_INPUT_SIZE];
	u8 marks[LDISC_INPUT_SIZE / 8];
	u32 head, canon, tail;          /* free-running */
	bool literal_next;              /* after ^V */
	bool is_erasing;                /* ECHOPRT: between \ and / */
	bool stopped;                   /* output, by ^S */
	bool input_throttled;           /* IXOFF: we sent STOP */
	u32 column;                     /* of the output cursor */
	u32 line_column;                /* where the current input line began */
};

/* The settings of a new terminal; the callbacks stay. */
void ldisc_init(struct ldisc *ld);

/*
 * May a byte come?  Not while the ring is full, except that a canonical line without an end may
 * run over: what does not fit is shown and forgotten.
 */
bool ldisc_can_receive(const struct ldisc *ld);
/* One byte from the line.  Echoes through output(). */
void ldisc_receive(struct ldisc *ld, u8 c);
/* A break condition; a byte with a parity or framing error. */
void ldisc_receive_break(struct ldisc *ld);
void ldisc_receive_error(struct ldisc *ld, u8 c);

/* One byte of program output; the owner keeps LDISC_EXPAND_MAX bytes free.  False: no room. */
bool ldisc_write(struct ldisc *ld, u8 c);

/* Bytes a read could have now (a bare end of file counts as one). */
size_t ldisc_readable(const struct ldisc *ld);
/*
 * Move up to @n bytes of one read into @buf.  *is_end: the line's end, or the end of file (then
 * perhaps with 0 bytes), was reached.  Raw: never set.
 */
size_t ldisc_read(struct ldisc *ld, u8 *buf, size_t n, bool *is_end);

/* Input comes as lines that were edited: ICANON, unless the other side edits (EXTPROC). */
bool ldisc_is_canonical(const struct ldisc *ld);
/* After termios changed from @old: a switch between raw and canonical makes what is there
 * readable. */
void ldisc_termios_changed(struct ldisc *ld, const struct uapi_termios2 *old);
void ldisc_flush_input(struct ldisc *ld);
