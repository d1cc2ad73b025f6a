/* SPDX-License-Identifier: MIT */
#include "ldisc.h"

#include <uapi/signo.h>

#include <gemel/ktest.h>
#include <gemel/string.h>

struct line {
	struct ldisc ld;
	char out[4096];
	size_t nout, room;
	int signo;
	bool stopped, flushed;
};

static struct line the_line;

static bool line_output(struct ldisc *ld, u8 c)
{
	struct line *line = container_of(ld, struct line, ld);

	if (line->nout >= line->room)
		return false;
	line->out[line->nout++] = (char)c;
	return true;
}

static void line_signal(struct ldisc *ld, int signo)
{
	container_of(ld, struct line, ld)->signo = signo;
}

static void line_flow(struct ldisc *ld, bool stop)
{
	container_of(ld, struct line, ld)->stopped = stop;
}

static void line_flushed(struct ldisc *ld)
{
	container_of(ld, struct line, ld)->flushed = true;
}

static struct line *line_new(void)
{
	memset(&the_line, 0, sizeof(the_line));
	ldisc_init(&the_line.ld);
	the_line.room = sizeof(the_line.out);
	the_line.ld.output = line_output;
	the_line.ld.signal = line_signal;
	the_line.ld.flow = line_flow;
	the_line.ld.flushed = line_flushed;
	return &the_line;
}

static void type(struct line *line, const char *text)
{
	for (; *text; text++)
		ldisc_receive(&line->ld, (u8)*text);
}

static bool reads(struct line *line, const char *want, bool want_end)
{
	u8 buf[256];
	bool is_end;
	size_t n = ldisc_read(&line->ld, buf, sizeof(buf), &is_end);

	return n == strlen(want) && memcmp(buf, want, n) == 0 && is_end == want_end;
}

static bool shows(struct line *line, const char *want)
{
	bool same = line->nout == strlen(want) && memcmp(line->out, want, line->nout) == 0;

	line->nout = 0;
	return same;
}

static void set_raw(struct line *line)
{
	struct uapi_termios2 old = line->ld.termios;

	line->ld.termios.lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
	ldisc_termios_changed(&line->ld, &old);
}

KTEST(ldisc, a_line_is_readable_when_it_ends)
{
	struct line *line = line_new();

	type(line, "ab");
	EXPECT_EQ(0, ldisc_readable(&line->ld));
	type(line, "c\r");
	EXPECT_EQ(4, ldisc_readable(&line->ld));
	EXPECT(reads(line, "abc\n", true));
	EXPECT(shows(line, "abc\r\n"));
}

KTEST(ldisc, a_read_stops_at_the_end_of_a_line)
{
	struct line *line = line_new();

	type(line, "one\ntwo\n");
	EXPECT(reads(line, "one\n", true));
	EXPECT(reads(line, "two\n", true));
	EXPECT_EQ(0, ldisc_readable(&line->ld));
}

KTEST(ldisc, a_short_read_leaves_the_rest)
{
	struct line *line = line_new();
	bool is_end;
	u8 buf[2];

	type(line, "abc\n");
	EXPECT_EQ(2, ldisc_read(&line->ld, buf, 2, &is_end));
	EXPECT(!is_end);
	EXPECT(reads(line, "c\n", true));
}

KTEST(ldisc, end_of_file_alone_reads_as_nothing)
{
	struct line *line = line_new();

	type(line, "\4");
	EXPECT(ldisc_readable(&line->ld) > 0);
	EXPECT(reads(line, "", true));
	type(line, "ab\4cd\n");
	EXPECT(reads(line, "ab", true));
	EXPECT(reads(line, "cd\n", true));
}

KTEST(ldisc, erase_word_and_line)
{
	struct line *line = line_new();

	type(line, "abx\177c\n");
	EXPECT(reads(line, "abc\n", true));
	EXPECT(shows(line, "abx\b \bc\r\n"));
	type(line, "one two\27three\n");
	EXPECT(reads(line, "one three\n", true));
	type(line, "gone\25kept\n");
	EXPECT(reads(line, "kept\n", true));
	type(line, "\177\177x\n");
	EXPECT(reads(line, "x\n", true));
}

KTEST(ldisc, erase_takes_a_whole_utf8_character)
{
	struct line *line = line_new();

	type(line, "a\xc3\xa4\177\n");
	EXPECT(reads(line, "a\n", true));
	EXPECT(shows(line, "a\xc3\xa4\b \b\r\n"));
}

KTEST(ldisc, erase_of_a_tab_goes_back_to_its_column)
{
	struct line *line = line_new();

	type(line, "ab\t\177");
	EXPECT(shows(line, "ab\t\b\b\b\b\b\b"));
}

KTEST(ldisc, control_characters_echo_with_a_caret)
{
	struct line *line = line_new();

	type(line, "\1\177");
	EXPECT(shows(line, "^A\b \b\b \b"));
}

KTEST(ldisc, signals_flush_what_was_typed)
{
	struct line *line = line_new();

	type(line, "abc\3");
	EXPECT_EQ(SIGINT, line->signo);
	EXPECT(shows(line, "abc^C"));
	EXPECT(line->flushed);
	type(line, "d\n");
	EXPECT(reads(line, "d\n", true));
	line->flushed = false;
	line->ld.termios.lflag |= NOFLSH;
	type(line, "kept\32\n");
	EXPECT(!line->flushed);
	EXPECT(reads(line, "kept\n", true));
	EXPECT_EQ(SIGTSTP, line->signo);
	type(line, "\34");
	EXPECT_EQ(SIGQUIT, line->signo);
}

KTEST(ldisc, literal_next_takes_the_meaning_away)
{
	struct line *line = line_new();

	type(line, "\26\3\n");
	EXPECT_EQ(0, line->signo);
	EXPECT(reads(line, "\3\n", true));
}

KTEST(ldisc, flow_control_stops_and_starts)
{
	struct line *line = line_new();

	type(line, "\23");
	EXPECT(line->stopped && line->ld.stopped);
	type(line, "\21");
	EXPECT(!line->stopped && !line->ld.stopped);
}

KTEST(ldisc, raw_gives_every_byte_at_once)
{
	struct line *line = line_new();

	set_raw(line);
	line->ld.termios.iflag = 0;
	type(line, "a\3\r\177");
	EXPECT(reads(line, "a\3\r\177", false));
	EXPECT_EQ(0, line->signo);
	EXPECT(shows(line, ""));
}

KTEST(ldisc, switching_modes_keeps_what_was_typed)
{
	struct line *line = line_new();

	type(line, "half");
	set_raw(line);
	EXPECT(reads(line, "half", false));
	type(line, "raw");
	line->ld.termios.lflag |= ICANON;
	ldisc_termios_changed(&line->ld, &(struct uapi_termios2){ .lflag = 0 });
	EXPECT(reads(line, "raw", true));
}

KTEST(ldisc, a_full_line_can_still_be_ended)
{
	struct line *line = line_new();

	for (uint i = 0; i < 2 * LDISC_INPUT_SIZE; i++) {
		line->nout = 0;
		ldisc_receive(&line->ld, 'x');
	}
	EXPECT_EQ(0, ldisc_readable(&line->ld));
	ldisc_receive(&line->ld, '\n');
	EXPECT_EQ(LDISC_INPUT_SIZE, ldisc_readable(&line->ld));
}

/* One that does not end runs over: the line that ends is whole, others wait. */
KTEST(ldisc, room_is_where_a_line_can_still_end)
{
	struct line *line = line_new();
	u8 buf[16];
	bool is_end;

	for (uint i = 0; i < 2 * LDISC_INPUT_SIZE; i++) {
		line->nout = 0;
		EXPECT(ldisc_can_receive(&line->ld));
		ldisc_receive(&line->ld, 'x');
	}
	ldisc_receive(&line->ld, '\n');
	EXPECT(!ldisc_can_receive(&line->ld));
	EXPECT_EQ(sizeof(buf), ldisc_read(&line->ld, buf, sizeof(buf), &is_end));
	EXPECT(ldisc_can_receive(&line->ld));
	set_raw(line);
	while (ldisc_can_receive(&line->ld))
		ldisc_receive(&line->ld, 'y');
	EXPECT_EQ(LDISC_INPUT_SIZE - 1, ldisc_readable(&line->ld));
}

KTEST(ldisc, the_other_side_edits_with_extproc)
{
	struct line *line = line_new();
	struct uapi_termios2 old = line->ld.termios;

	line->ld.termios.lflag |= EXTPROC;
	ldisc_termios_changed(&line->ld, &old);
	type(line, "a\177\3");
	EXPECT(reads(line, "a\177\3", false));
	EXPECT(shows(line, ""));
	EXPECT_EQ(0, line->signo);
}

KTEST(ldisc, echoprt_shows_what_is_erased)
{
	struct line *line = line_new();

	line->ld.termios.lflag |= ECHOPRT;
	type(line, "abc\177\177d\177\177");
	EXPECT(shows(line, "abc\\cb/d\\da/"));
	type(line, "xy z\27");
	EXPECT(shows(line, "xy z\\z"));
}

KTEST(ldisc, breaks_and_errors_by_the_flags)
{
	struct line *line = line_new();

	set_raw(line);
	line->ld.termios.iflag = 0;
	ldisc_receive_break(&line->ld);
	ldisc_receive_error(&line->ld, 'e');
	EXPECT_EQ(2, ldisc_readable(&line->ld));
	ldisc_flush_input(&line->ld);
	line->ld.termios.iflag = PARMRK | INPCK;
	ldisc_receive_break(&line->ld);
	ldisc_receive_error(&line->ld, 'e');
	type(line, "\377");
	EXPECT_EQ(8, ldisc_readable(&line->ld));
	ldisc_flush_input(&line->ld);
	line->ld.termios.iflag = IGNBRK | INPCK | IGNPAR;
	ldisc_receive_break(&line->ld);
	ldisc_receive_error(&line->ld, 'e');
	EXPECT_EQ(0, ldisc_readable(&line->ld));
	line->ld.termios.iflag = BRKINT;
	ldisc_receive_break(&line->ld);
	EXPECT_EQ(SIGINT, line->signo);
}

KTEST(ldisc, output_processing)
{
	struct line *line = line_new();

	ldisc_write(&line->ld, 'a');
	ldisc_write(&line->ld, '\n');
	EXPECT(shows(line, "a\r\n"));
	line->ld.termios.oflag |= XTABS;
	ldisc_write(&line->ld, 'a');
	ldisc_write(&line->ld, '\t');
	EXPECT(shows(line, "a       "));
	line->ld.termios.oflag = 0;
	ldisc_write(&line->ld, '\n');
	EXPECT(shows(line, "\n"));
	line->room = 0;
	EXPECT(!ldisc_write(&line->ld, 'x'));
}

/* Whatever arrives under whatever settings, the counters stay in order. */
KTEST(ldisc, random_input_keeps_the_invariants)
{
	struct line *line = line_new();
	u64 seed = 1;

	for (uint i = 0; i < 200000; i++) {
		u8 buf[64];
		bool is_end;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		line->nout = 0;
		if ((seed >> 60) == 0) {
			struct uapi_termios2 old = line->ld.termios;

			line->ld.termios.iflag = (u32)(seed >> 13) & 0177777;
			line->ld.termios.lflag = (u32)(seed >> 31) & 0377777;
			line->ld.termios.oflag = (u32)(seed >> 22) & 077777;
			ldisc_termios_changed(&line->ld, &old);
		} else if ((seed >> 60) == 1) {
			ldisc_read(&line->ld, buf, (seed >> 40) % sizeof(buf), &is_end);
		} else {
			ldisc_receive(&line->ld, (u8)(seed >> 33));
		}
		if (ldisc_is_canonical(&line->ld))
			EXPECT(line->ld.canon - line->ld.tail <= line->ld.head - line->ld.tail);
		EXPECT(line->ld.head - line->ld.tail <= LDISC_INPUT_SIZE);
	}
}
