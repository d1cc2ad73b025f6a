/* SPDX-License-Identifier: MIT */
/* Terminal settings: each flag and special character that stty(1) knows does what it says. */
#include "terminal.h"
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef EXTPROC
#define EXTPROC 0200000
#endif

/* The kernel's own structures. */
struct termios2 {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line, cc[19];
	uint32_t ispeed, ospeed;
};
struct termio_ {
	uint16_t iflag, oflag, cflag, lflag;
	uint8_t line, cc[8];
};
#define TCGETS2_        0x802c542aul
#define TCSETS2_        0x402c542bul
#define TCGETA_         0x5405
#define TCSETA_         0x5406
#define BOTHER_         0010000

TEST(settings_of_a_new_terminal)
{
	static const unsigned char cc[17] = { 3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15,
					      23, 22, 0 };
	struct terminal t;
	struct termios s;

	terminal_open(&t);
	EXPECT_EQ(0, tcgetattr(t.slave, &s));
	EXPECT_EQ(ICRNL | IXON, s.c_iflag);
	EXPECT_EQ(OPOST | ONLCR, s.c_oflag);
	EXPECT_EQ(B38400 | CS8 | CREAD, s.c_cflag);
	EXPECT_EQ(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN, s.c_lflag);
	EXPECT_EQ(0, memcmp(cc, s.c_cc, sizeof(cc)));
}

TEST(flags_are_kept)
{
	struct terminal t;
	struct termios s, seen;

	terminal_open(&t);
	EXPECT_EQ(0, tcgetattr(t.slave, &s));
	s.c_iflag = IGNBRK | BRKINT | IGNPAR | PARMRK | INPCK | ISTRIP | INLCR | IGNCR | ICRNL |
		    IUCLC | IXON | IXANY | IXOFF | IMAXBEL | IUTF8;
	s.c_oflag = OPOST | OLCUC | ONLCR | OCRNL | ONOCR | ONLRET | OFILL | OFDEL | NLDLY |
		    CRDLY | TABDLY | BSDLY | VTDLY | FFDLY;
	s.c_lflag = ISIG | ICANON | XCASE | ECHO | ECHOE | ECHOK | ECHONL | NOFLSH | TOSTOP |
		    ECHOCTL | ECHOPRT | ECHOKE | FLUSHO | IEXTEN | EXTPROC;
	s.c_cflag = B9600 | CS8 | CSTOPB | CREAD | PARODD | HUPCL | CLOCAL | CRTSCTS;
	for (int i = 0; i < 17; i++)
		s.c_cc[i] = i + 'a';
	EXPECT_EQ(0, tcsetattr(t.slave, TCSANOW, &s));
	EXPECT_EQ(0, tcgetattr(t.slave, &seen));
	EXPECT_EQ(s.c_iflag, seen.c_iflag);
	EXPECT_EQ(s.c_oflag, seen.c_oflag);
	EXPECT_EQ(s.c_lflag, seen.c_lflag);
	EXPECT_EQ(s.c_cflag, seen.c_cflag);
	EXPECT_EQ(0, memcmp(s.c_cc, seen.c_cc, 17));
}

/* Bytes are eight bits here, and there is no line that could have errors. */
TEST(pseudo_terminal_has_eight_bits)
{
	struct terminal t;
	struct termios s;

	terminal_open(&t);
	EXPECT_EQ(0, tcgetattr(t.slave, &s));
	s.c_cflag = B9600 | CS5 | PARENB;
	EXPECT_EQ(0, tcsetattr(t.slave, TCSANOW, &s));
	EXPECT_EQ(0, tcgetattr(t.slave, &s));
	EXPECT_EQ(B9600 | CS8 | CREAD, s.c_cflag);
}

TEST(speeds_are_numbers)
{
	struct terminal t;
	struct termios2 s;
	struct termios old;

	terminal_open(&t);
	EXPECT_EQ(0, ioctl(t.slave, TCGETS2_, &s));
	EXPECT_EQ(38400, s.ospeed);
	EXPECT_EQ(38400, s.ispeed);
	EXPECT_EQ(0, tcgetattr(t.slave, &old));
	old.c_cflag = (old.c_cflag & ~CBAUD) | B115200;
	EXPECT_EQ(0, tcsetattr(t.slave, TCSANOW, &old));
	EXPECT_EQ(0, ioctl(t.slave, TCGETS2_, &s));
	EXPECT_EQ(115200, s.ospeed);
	EXPECT_EQ(115200, s.ispeed);
	s.cflag = (s.cflag & ~CBAUD) | BOTHER_;
	s.ospeed = s.ispeed = 12345;
	EXPECT_EQ(0, ioctl(t.slave, TCSETS2_, &s));
	memset(&s, 0, sizeof(s));
	EXPECT_EQ(0, ioctl(t.slave, TCGETS2_, &s));
	EXPECT_EQ(12345, s.ospeed);
	EXPECT_EQ(BOTHER_, s.cflag & CBAUD);
	EXPECT_ERRNO(EFAULT, ioctl(t.slave, TCSETS2_, NULL));
	EXPECT_ERRNO(EFAULT, ioctl(t.slave, TCGETS2_, NULL));
}

TEST(old_structure_keeps_the_upper_bits)
{
	struct terminal t;
	struct termio_ old;
	struct termios s;

	terminal_open(&t);
	terminal_lflag(t.slave, EXTPROC, 0);
	EXPECT_EQ(0, ioctl(t.slave, TCGETA_, &old));
	EXPECT_EQ(ICRNL | IXON, old.iflag);
	EXPECT_EQ(127, old.cc[2]);
	old.lflag &= ~ECHO;
	old.cc[2] = 'e';
	EXPECT_EQ(0, ioctl(t.slave, TCSETA_, &old));
	EXPECT_EQ(0, tcgetattr(t.slave, &s));
	EXPECT_EQ(EXTPROC, s.c_lflag & (EXTPROC | ECHO));
	EXPECT_EQ('e', s.c_cc[VERASE]);
	EXPECT_EQ(23, s.c_cc[VWERASE]);
}

/* ---- input: what is typed, what is shown, what is read ---- */

struct typing {
	tcflag_t iflag, lflag, no_iflag, no_lflag;
	const char *typed, *shown, *read;
};

static void check_typing(const struct typing *c)
{
	struct terminal t;

	terminal_open(&t);
	terminal_cc(t.slave, VEOL, 'Q');
	terminal_cc(t.slave, VEOL2, 'Z');
	terminal_iflag(t.slave, c->iflag, c->no_iflag);
	terminal_lflag(t.slave, c->lflag, c->no_lflag);
	terminal_type(t.master, c->typed);
	terminal_expect(t.slave, c->read);
	/* Nothing more was shown than that. */
	terminal_type(t.slave, "!");
	terminal_expect(t.master, c->shown);
	terminal_expect(t.master, "!");
	terminal_close(&t);
}

static void check_typings(const struct typing *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_typing(&c[i]);
}

#define CHECK(table) check_typings(table, sizeof(table) / sizeof(table[0]))

TEST(erase_a_character)
{
	static const struct typing cases[] = {
		{ .typed = "abx\177c\n", .shown = "abx\b \bc\r\n", .read = "abc\n" },
		{ .typed = "\177\177x\n", .shown = "x\r\n", .read = "x\n" },
		{ .typed = "a\1\177b\n", .shown = "a^A\b \b\b \bb\r\n", .read = "ab\n" },
		{ .typed = "ab\t\177c\n", .shown = "ab\t\b\b\b\b\b\bc\r\n", .read = "abc\n" },
		{ .no_lflag = ECHOE, .typed = "ab\177c\n", .shown = "ab^?c\r\n", .read = "ac\n" },
		{ .no_lflag = ECHOCTL, .typed = "a\1\177b\n", .shown = "a\1b\r\n",
		  .read = "ab\n" },
		{ .no_lflag = ECHO, .typed = "ab\177c\n", .shown = "", .read = "ac\n" },
		{ .iflag = IUTF8, .typed = "a\xc3\xa4\177b\n", .shown = "a\xc3\xa4\b \bb\r\n",
		  .read = "ab\n" },
		{ .typed = "a\xc3\xa4\177b\n", .shown = "a\xc3\xa4\b \bb\r\n",
		  .read = "a\xc3" "b\n" },
	};

	CHECK(cases);
}

TEST(erase_a_word)
{
	static const struct typing cases[] = {
		{ .typed = "one two\027x\n", .shown = "one two\b \b\b \b\b \bx\r\n",
		  .read = "one x\n" },
		{ .typed = "one two  \027x\n",
		  .shown = "one two  \b \b\b \b\b \b\b \b\b \bx\r\n", .read = "one x\n" },
		{ .typed = "a-b_c\027x\n", .shown = "a-b_c\b \b\b \b\b \bx\r\n",
		  .read = "a-x\n" },
		{ .no_lflag = ECHOE, .typed = "ab\027x\n", .shown = "ab\b \b\b \bx\r\n",
		  .read = "x\n" },
		{ .no_lflag = IEXTEN, .typed = "ab\027x\n", .shown = "ab^Wx\r\n",
		  .read = "ab\027x\n" },
	};

	CHECK(cases);
}

TEST(kill_the_line)
{
	static const struct typing cases[] = {
		{ .typed = "ab\025x\n", .shown = "ab\b \b\b \bx\r\n", .read = "x\n" },
		{ .no_lflag = ECHOKE, .typed = "ab\025x\n", .shown = "ab^U\r\nx\r\n",
		  .read = "x\n" },
		{ .no_lflag = ECHOK | ECHOKE, .typed = "ab\025x\n", .shown = "ab^Ux\r\n",
		  .read = "x\n" },
		{ .no_lflag = ECHOK, .typed = "ab\025x\n", .shown = "ab^Ux\r\n", .read = "x\n" },
		{ .no_lflag = ECHO, .typed = "ab\025x\n", .shown = "", .read = "x\n" },
		{ .typed = "\025x\n", .shown = "x\r\n", .read = "x\n" },
	};

	CHECK(cases);
}

TEST(print_what_is_erased)
{
	static const struct typing cases[] = {
		{ .lflag = ECHOPRT, .typed = "abc\177\177d\n", .shown = "abc\\cb/d\r\n",
		  .read = "ad\n" },
		{ .lflag = ECHOPRT, .typed = "ab\177\177c\n", .shown = "ab\\ba/c\r\n",
		  .read = "c\n" },
		{ .lflag = ECHOPRT, .typed = "ab\177\n", .shown = "ab\\b\r\n", .read = "a\n" },
		{ .lflag = ECHOPRT, .typed = "x yz\027w\n", .shown = "x yz\\zy/w\r\n",
		  .read = "x w\n" },
		{ .lflag = ECHOPRT, .typed = "ab\025c\n", .shown = "ab\\ba/c\r\n", .read = "c\n" },
		{ .lflag = ECHOPRT, .no_lflag = ECHOKE, .typed = "ab\177\025c\n",
		  .shown = "ab\\b/^U\r\nc\r\n", .read = "c\n" },
		{ .lflag = ECHOPRT, .iflag = IUTF8, .typed = "a\xc3\xa4\177b\n",
		  .shown = "a\xc3\xa4\\\xc3\xa4/b\r\n", .read = "ab\n" },
	};

	CHECK(cases);
}

TEST(reprint_and_literal)
{
	static const struct typing cases[] = {
		{ .typed = "ab\022c\n", .shown = "ab^R\r\nabc\r\n", .read = "abc\n" },
		{ .no_lflag = IEXTEN, .typed = "ab\022c\n", .shown = "ab^Rc\r\n",
		  .read = "ab\022c\n" },
		{ .typed = "a\026\003b\n", .shown = "a^\b^Cb\r\n", .read = "a\003b\n" },
		{ .typed = "a\026\n\n", .shown = "a^\b^J\r\n", .read = "a\n\n" },
		{ .typed = "a\026\026\n", .shown = "a^\b^V\r\n", .read = "a\026\n" },
		{ .typed = "\026\021\026\023\n", .shown = "^\b^Q^\b^S\r\n", .read = "\021\023\n" },
		{ .no_lflag = ECHOCTL, .typed = "a\026\001\n", .shown = "a\001\r\n",
		  .read = "a\001\n" },
		{ .no_lflag = IEXTEN, .typed = "a\026\n", .shown = "a^V\r\n", .read = "a\026\n" },
	};

	CHECK(cases);
}

TEST(line_ends)
{
	static const struct typing cases[] = {
		{ .typed = "a\n", .shown = "a\r\n", .read = "a\n" },
		{ .typed = "a\r", .shown = "a\r\n", .read = "a\n" },
		{ .typed = "abQ", .shown = "abQ", .read = "abQ" },
		{ .typed = "abZ", .shown = "abZ", .read = "abZ" },
		{ .no_lflag = IEXTEN, .typed = "abZQ", .shown = "abZQ", .read = "abZQ" },
		{ .typed = "ab\004", .shown = "ab", .read = "ab" },
		{ .no_lflag = ECHO, .typed = "a\n", .shown = "", .read = "a\n" },
		{ .no_lflag = ECHO, .lflag = ECHONL, .typed = "a\n", .shown = "\r\n",
		  .read = "a\n" },
		{ .no_iflag = ICRNL, .typed = "a\rb\n", .shown = "a^Mb\r\n", .read = "a\rb\n" },
		{ .iflag = IGNCR, .typed = "a\rb\n", .shown = "ab\r\n", .read = "ab\n" },
		{ .iflag = INLCR, .no_iflag = ICRNL, .typed = "a\nbQ", .shown = "a^MbQ",
		  .read = "a\rbQ" },
	};

	CHECK(cases);
}

TEST(input_bits)
{
	static const struct typing cases[] = {
		{ .iflag = ISTRIP, .typed = "\xe1\xe2\n", .shown = "ab\r\n", .read = "ab\n" },
		{ .iflag = IUCLC, .typed = "AbC\n", .shown = "abc\r\n", .read = "abc\n" },
		{ .iflag = IUCLC, .no_lflag = IEXTEN, .typed = "AbC\n", .shown = "AbC\r\n",
		  .read = "AbC\n" },
		{ .iflag = PARMRK, .typed = "a\377b\n", .shown = "a\377b\r\n",
		  .read = "a\377\377b\n" },
		{ .typed = "a\377b\n", .shown = "a\377b\r\n", .read = "a\377b\n" },
		{ .iflag = IXOFF | IMAXBEL | INPCK, .typed = "x\n", .shown = "x\r\n",
		  .read = "x\n" },
	};

	CHECK(cases);
}

TEST(raw_input)
{
	static const struct typing cases[] = {
		{ .no_lflag = ICANON, .typed = "a\177\025\004", .shown = "a^?^U^D",
		  .read = "a\177\025\004" },
		{ .no_lflag = ICANON, .typed = "a\n\026\t", .shown = "a^J^V\t",
		  .read = "a\n\026\t" },
		{ .no_lflag = ICANON, .typed = "a\rb", .shown = "a\r\nb", .read = "a\nb" },
		{ .no_lflag = ICANON | ISIG | ECHO, .no_iflag = IXON, .typed = "\003\021\023\032",
		  .shown = "", .read = "\003\021\023\032" },
		{ .no_lflag = ICANON | ECHO, .lflag = ECHONL, .typed = "\n", .shown = "",
		  .read = "\n" },
		{ .lflag = EXTPROC, .typed = "a\177\003\n", .shown = "", .read = "a\177\003\n" },
		{ .lflag = EXTPROC, .iflag = ISTRIP | IUCLC, .typed = "A\xe1", .shown = "",
		  .read = "aa" },
	};

	CHECK(cases);
}

TEST(end_of_file)
{
	struct terminal t;
	char buf[8];

	terminal_open(&t);
	terminal_type(t.master, "\004ab\004cd\n\004");
	EXPECT_EQ(0, read(t.slave, buf, sizeof(buf)));
	EXPECT_EQ(2, read(t.slave, buf, 2));
	EXPECT_EQ(3, read(t.slave, buf, sizeof(buf)));
	EXPECT_EQ(0, read(t.slave, buf, sizeof(buf)));
	terminal_type(t.master, "ab\004\n");
	EXPECT_EQ(1, read(t.slave, buf, 1));
	EXPECT_EQ(1, read(t.slave, buf, sizeof(buf)));
	EXPECT_EQ(1, read(t.slave, buf, sizeof(buf)));
}

TEST(one_read_one_line)
{
	struct terminal t;
	char buf[16];

	terminal_open(&t);
	terminal_type(t.master, "one\ntwo\n");
	EXPECT_EQ(4, read(t.slave, buf, sizeof(buf)));
	EXPECT_EQ(2, read(t.slave, buf, 2));
	EXPECT_EQ(2, read(t.slave, buf, sizeof(buf)));
}

TEST(line_that_is_too_long)
{
	static char line[6000];
	struct terminal t;

	terminal_open(&t);
	terminal_lflag(t.slave, 0, ECHO);
	memset(line, 'x', sizeof(line));
	EXPECT_EQ(sizeof(line), write(t.master, line, sizeof(line)));
	terminal_type(t.master, "\nnext\n");
	EXPECT_EQ(4096, read(t.slave, line, sizeof(line)));
	EXPECT_EQ('\n', line[4095]);
	terminal_expect(t.slave, "next\n");
}

TEST(change_of_mode_keeps_what_was_typed)
{
	struct terminal t;
	char buf[16];

	terminal_open(&t);
	terminal_type(t.master, "a\nhalf");
	terminal_expect(t.master, "a\r\nhalf");
	terminal_lflag(t.slave, 0, ICANON);
	terminal_expect(t.slave, "a\nhalf");
	terminal_type(t.master, "raw");
	terminal_expect(t.master, "raw");
	terminal_lflag(t.slave, ICANON, 0);
	EXPECT_EQ(3, read(t.slave, buf, sizeof(buf)));
}

TEST(flush_while_setting)
{
	struct terminal t;
	struct termios s;

	terminal_open(&t);
	EXPECT_EQ(0, tcgetattr(t.slave, &s));
	terminal_type(t.master, "gone\n");
	terminal_await(t.slave, POLLIN);
	EXPECT_EQ(0, tcsetattr(t.slave, TCSAFLUSH, &s));
	terminal_type(t.master, "kept\n");
	EXPECT_EQ(0, tcsetattr(t.slave, TCSADRAIN, &s));
	terminal_expect(t.slave, "kept\n");
}

/* ---- raw reads: MIN and TIME ---- */

static void set_min_time(int fd, int min, int time)
{
	terminal_raw(fd);
	terminal_cc(fd, VMIN, min);
	terminal_cc(fd, VTIME, time);
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

TEST(min_bytes_are_waited_for)
{
	struct signpost ready;
	struct terminal t;
	char buf[16];
	int pid, status;

	terminal_open(&t);
	set_min_time(t.slave, 5, 0);
	signpost_make(&ready);
	terminal_type(t.master, "abc");
	pid = fork();
	if (pid == 0) {
		signpost_tell(&ready);
		_exit(read(t.slave, buf, sizeof(buf)) != 5);
	}
	signpost_wait(&ready);
	EXPECT_EQ(0, terminal_events(t.slave) & POLLIN);
	terminal_type(t.master, "de");
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* A smaller read is content with less. */
	terminal_type(t.master, "xy");
	EXPECT_EQ(2, read(t.slave, buf, 2));
}

TEST(no_min_and_no_time_never_wait)
{
	struct terminal t;
	char buf[16];

	terminal_open(&t);
	set_min_time(t.slave, 0, 0);
	EXPECT_EQ(0, read(t.slave, buf, sizeof(buf)));
	EXPECT_EQ(0, fcntl(t.slave, F_SETFL, O_RDWR | O_NONBLOCK));
	EXPECT_EQ(0, read(t.slave, buf, sizeof(buf)));
	terminal_type(t.master, "a");
	terminal_await(t.slave, POLLIN);
	EXPECT_EQ(1, read(t.slave, buf, sizeof(buf)));
}

TEST(time_without_min_limits_the_wait)
{
	struct timespec start;
	struct terminal t;
	char buf[16];

	terminal_open(&t);
	set_min_time(t.slave, 0, 2);
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(0, read(t.slave, buf, sizeof(buf)));
	EXPECT(elapsed_ms(&start) >= 199);
	terminal_type(t.master, "ab");
	terminal_await(t.slave, POLLIN);
	EXPECT(read(t.slave, buf, sizeof(buf)) > 0);
}

TEST(time_with_min_runs_between_bytes)
{
	struct timespec start;
	struct terminal t;
	char buf[16];

	terminal_open(&t);
	set_min_time(t.slave, 10, 2);
	terminal_type(t.master, "abc");
	terminal_await(t.slave, POLLIN);
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(3, read(t.slave, buf, sizeof(buf)));
	EXPECT(elapsed_ms(&start) >= 199);
}

/* ---- output ---- */

struct printing {
	tcflag_t on, off;
	const char *written, *seen;
};

TEST(output_flags)
{
	static const struct printing cases[] = {
		{ .written = "a\nb", .seen = "a\r\nb" },
		{ .off = ONLCR, .written = "a\nb", .seen = "a\nb" },
		{ .off = OPOST, .written = "a\n\r\t", .seen = "a\n\r\t" },
		{ .on = OLCUC, .written = "aBc1\n", .seen = "ABC1\r\n" },
		{ .on = OCRNL, .written = "a\rb", .seen = "a\nb" },
		{ .on = ONOCR, .written = "\ra\rb", .seen = "a\rb" },
		{ .on = ONOCR, .written = "a\n\rb", .seen = "a\r\nb" },
		{ .on = ONOCR, .off = ONLCR, .written = "a\n\rb", .seen = "a\n\rb" },
		{ .on = ONOCR | ONLRET, .off = ONLCR, .written = "a\n\rb", .seen = "a\nb" },
		{ .on = TAB3, .written = "ab\tc\t\td", .seen = "ab      c               d" },
		{ .on = TAB3, .written = "abc\b\t.", .seen = "abc\b      ." },
		{ .on = TAB3, .written = "12345678\t.", .seen = "12345678        ." },
		{ .on = NL1 | CR3 | TAB2 | BS1 | VT1 | FF1, .written = "a\n\b\v\f\t",
		  .seen = "a\r\n\b\v\f\t" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct terminal t;

		terminal_open(&t);
		terminal_oflag(t.slave, cases[i].on, cases[i].off);
		terminal_type(t.slave, cases[i].written);
		terminal_type(t.slave, "!");
		terminal_expect(t.master, cases[i].seen);
		terminal_expect(t.master, "!");
		terminal_close(&t);
	}
}

/* ---- the other calls ---- */

TEST(break_and_drain)
{
	struct terminal t;

	terminal_open(&t);
	EXPECT_EQ(0, tcsendbreak(t.slave, 0));
	EXPECT_EQ(0, ioctl(t.slave, TCSBRKP, 1));
	EXPECT_EQ(0, ioctl(t.slave, TIOCSBRK));
	EXPECT_EQ(0, ioctl(t.slave, TIOCCBRK));
	EXPECT_EQ(0, tcdrain(t.slave));
	terminal_type(t.slave, "x");
	terminal_expect(t.master, "x");
}

TEST(input_can_be_faked)
{
	struct terminal t;

	terminal_open(&t);
	for (const char *c = "ls\n"; *c; c++)
		EXPECT_EQ(0, ioctl(t.slave, TIOCSTI, c));
	terminal_expect(t.master, "ls\r\n");
	terminal_expect(t.slave, "ls\n");
	EXPECT_ERRNO(EFAULT, ioctl(t.slave, TIOCSTI, NULL));
}

TEST(line_discipline_is_one)
{
	struct terminal t;
	int which = -1;

	terminal_open(&t);
	EXPECT_EQ(0, ioctl(t.slave, TIOCGETD, &which));
	EXPECT_EQ(0, which);
	EXPECT_EQ(0, ioctl(t.slave, TIOCSETD, &which));
	which = 1234;
	EXPECT_ERRNO(EINVAL, ioctl(t.slave, TIOCSETD, &which));
	EXPECT_ERRNO(EFAULT, ioctl(t.slave, TIOCSETD, NULL));
}

TEST(bad_pointers_and_calls)
{
	static const unsigned long requests[] = {
		TCGETS, TCSETS, TCSETSW, TCSETSF, TCGETA_, TCSETA_, TIOCGWINSZ, TIOCSWINSZ,
		FIONREAD, TIOCOUTQ, TIOCGEXCL, TIOCGETD,
	};
	struct terminal t;

	terminal_open(&t);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		EXPECT_ERRNO(EFAULT, ioctl(t.slave, requests[i], 1));
		EXPECT_ERRNO(EFAULT, ioctl(t.slave, requests[i], (void *)-4096));
	}
	EXPECT_ERRNO(ENOTTY, ioctl(t.slave, 0x54fe, 0));
	EXPECT_ERRNO(ENOTTY, ioctl(t.master, 0x54fe, 0));
	EXPECT_EQ(0, close(t.slave));
	t.slave = open("/dev/null", O_RDWR);
	EXPECT_ERRNO(ENOTTY, ioctl(t.slave, TCGETS, 1));
}
