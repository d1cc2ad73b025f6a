/* SPDX-License-Identifier: MIT */
/*
 * The kernel log for programs: syslog(2), /proc/kmsg, /dev/kmsg.
 *
 * These write to the log of the machine they run on, read it away and turn its console off, so
 * tools/test runs them on Gemel only; as root of a Linux machine they pass.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { CLOSE, OPEN, READ, READ_ALL, READ_CLEAR, CLEAR, CONSOLE_OFF, CONSOLE_ON, CONSOLE_LEVEL,
       SIZE_UNREAD, SIZE_BUFFER };
enum { NOBODY = 65534, RECORD_MAX = 8192 };
#define PRINTK          "/proc/sys/kernel/printk"
#define RESTRICT        "/proc/sys/kernel/dmesg_restrict"

struct record {
	unsigned priority;
	unsigned long long number, micros;
	char text[RECORD_MAX];          /* the first line */
};

/*
 * Not on the console, where the verdicts are.  Linux takes ten lines in five seconds from an
 * opener, and keeps one open that has no end.
 */
static void say(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY);
	char line[1024];
	int len = snprintf(line, sizeof(line), "%s\n", text);

	EXPECT(fd >= 0);
	EXPECT_EQ(0, klogctl(CONSOLE_OFF, NULL, 0));
	EXPECT_EQ(len, write(fd, line, (size_t)len));
	EXPECT_EQ(0, klogctl(CONSOLE_ON, NULL, 0));
	close(fd);
}

static int open_at_end(int flags)
{
	int fd = open("/dev/kmsg", flags);

	EXPECT(fd >= 0);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_END));
	return fd;
}

static void parse(char *buf, ssize_t n, struct record *r)
{
	char *text;

	EXPECT(n > 0);
	buf[n] = '\0';
	EXPECT_EQ(3, sscanf(buf, "%u,%llu,%llu,", &r->priority, &r->number, &r->micros));
	text = strchr(buf, ';');
	EXPECT(text != NULL);
	snprintf(r->text, sizeof(r->text), "%.*s", (int)strcspn(text + 1, "\n"), text + 1);
}

/* The next record whose text is @text; the kernel has something to say, too. */
static struct record find(int fd, const char *text)
{
	static struct record r;
	char buf[RECORD_MAX + 1];

	do
		parse(buf, read(fd, buf, RECORD_MAX), &r);
	while (strcmp(r.text, text) != 0);
	return r;
}

/* The whole log as dmesg has it. */
static char *read_all(int action)
{
	int size = klogctl(SIZE_BUFFER, NULL, 0), n;
	char *buf;

	EXPECT(size > 0);
	buf = malloc((size_t)size + 1);
	n = klogctl(action, buf, size);
	EXPECT(n >= 0);
	buf[n] = '\0';
	return buf;
}

static int as_nobody(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setuid(NOBODY) < 0)
			_exit(99);
		_exit(fn());
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	return status;
}

/* ---- /dev/kmsg ---- */

TEST(a_line_is_a_record)
{
	int fd = open_at_end(O_RDONLY);
	struct record first, second;

	say("<5>gemel says one");
	say("gemel says two");
	first = find(fd, "gemel says one");
	second = find(fd, "gemel says two");
	EXPECT_EQ(8 + 5, first.priority);
	EXPECT_EQ(1, second.priority >> 3);
	EXPECT(second.number > first.number);
	EXPECT(second.micros >= first.micros);
}

TEST(a_level_without_a_name_is_that_of_sysctl)
{
	int fd = open_at_end(O_RDONLY), level;

	EXPECT_EQ(1, sscanf(test_read_file(PRINTK), "%*d %d", &level));
	say("gemel has no level");
	EXPECT_EQ(8 + level, find(fd, "gemel has no level").priority);
	say("<30>gemel is a daemon");
	EXPECT_EQ(6, find(fd, "gemel is a daemon").priority & 7);
	say("<2>gemel is no kernel");
	EXPECT_EQ(8 + 2, find(fd, "gemel is no kernel").priority);
	say("<x>gemel has no number");
	find(fd, "<x>gemel has no number");
}

TEST(what_is_not_printed_is_escaped)
{
	int fd = open_at_end(O_RDONLY);

	say("gemel\ttab \\ back \xc3\xa4");
	find(fd, "gemel\\x09tab \\x5c back \\xc3\\xa4");
}

TEST(a_record_without_room_is_lost)
{
	int fd = open_at_end(O_RDONLY);
	char small[8];

	say("gemel needs room");
	say("gemel has room");
	EXPECT_ERRNO(EINVAL, read(fd, small, sizeof(small)));
	find(fd, "gemel has room");
}

TEST(the_end_is_waited_for_or_not)
{
	int fd = open_at_end(O_RDWR | O_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[RECORD_MAX];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
	EXPECT_EQ(EAGAIN, errno);
	say("gemel goes on");
	EXPECT_EQ(1, poll(&p, 1, -1));
	EXPECT_EQ(POLLIN, p.revents);
	find(fd, "gemel goes on");
}

TEST(who_waits_is_woken)
{
	int fd = open_at_end(O_RDONLY), status;
	pid_t pid = fork();

	if (pid == 0) {
		find(fd, "gemel wakes");
		_exit(0);
	}
	test_await_sleep(pid);
	say("gemel wakes");
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

static void on_signal(int signo)
{
	(void)signo;
}

TEST(waiting_is_interrupted)
{
	int fd = open_at_end(O_RDONLY), status;
	char buf[RECORD_MAX];
	pid_t pid;

	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	pid = fork();
	if (pid == 0) {
		while (read(fd, buf, sizeof(buf)) > 0)
			;
		_exit(errno == EINTR ? 0 : 1);
	}
	test_await_sleep(pid);
	kill(pid, SIGUSR1);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(seeks_to_three_places)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	struct record before, after;
	char buf[RECORD_MAX + 1];

	EXPECT(fd >= 0);
	EXPECT_ERRNO(ESPIPE, lseek(fd, 1, SEEK_SET));
	EXPECT_ERRNO(ESPIPE, lseek(fd, -1, SEEK_END));
	EXPECT_ERRNO(EINVAL, lseek(fd, 0, SEEK_CUR));
	EXPECT_ERRNO(EINVAL, lseek(fd, 0, SEEK_HOLE));
	say("gemel before");
	EXPECT_EQ(0, klogctl(CLEAR, NULL, 0));
	say("gemel after");
	EXPECT_EQ(0, lseek(fd, 0, SEEK_DATA));
	parse(buf, read(fd, buf, RECORD_MAX), &after);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	parse(buf, read(fd, buf, RECORD_MAX), &before);
	EXPECT(before.number < after.number);
	before = find(fd, "gemel before");
	EXPECT(before.number < after.number);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_DATA));
	EXPECT(find(fd, "gemel after").number >= after.number);
}

/* Who is too late hears so once, and goes on with what there is. */
TEST(what_is_overwritten_is_told)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK), size = klogctl(SIZE_BUFFER, NULL, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct record first, next;
	char text[900], buf[RECORD_MAX + 1];

	EXPECT(fd >= 0);
	parse(buf, read(fd, buf, RECORD_MAX), &first);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 2 * size / (int)sizeof(text); i++)
		say(text);
	EXPECT_EQ(1, poll(&p, 1, -1));
	EXPECT_EQ(POLLIN | POLLERR, p.revents & ~POLLPRI);
	EXPECT_ERRNO(EPIPE, read(fd, buf, RECORD_MAX));
	parse(buf, read(fd, buf, RECORD_MAX), &next);
	EXPECT(next.number > first.number + 1);
}

TEST(writing_has_limits)
{
	int fd = open("/dev/kmsg", O_WRONLY);
	char text[1025];

	memset(text, 'x', sizeof(text));
	EXPECT_ERRNO(EINVAL, write(fd, text, sizeof(text)));
	EXPECT_ERRNO(EFAULT, write(fd, (void *)8, 4));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	EXPECT_ERRNO(EBADF, read(fd, text, sizeof(text)));
}

/* ---- syslog(2) ---- */

TEST(dmesg_reads_all_there_is)
{
	char *log, *line;
	unsigned priority, n = 0;

	say("<4>gemel is in dmesg");
	log = read_all(READ_ALL);
	line = strstr(log, "gemel is in dmesg\n");
	EXPECT(line != NULL);
	while (line > log && line[-1] != '\n')
		line--;
	EXPECT_EQ(1, sscanf(line, "<%u>[%n", &priority, (int *)&n));
	EXPECT_EQ(8 + 4, priority);
	EXPECT(n > 0);
	EXPECT(strstr(read_all(READ_ALL), "gemel is in dmesg\n") != NULL);
}

TEST(dmesg_has_the_last_lines_that_fit)
{
	char buf[200];
	int n;

	say("gemel is first, and it does not fit into the buffer with the other");
	say("gemel is last, and it is the last of all the lines that there are");
	n = klogctl(READ_ALL, buf, 100);
	EXPECT(n > 0 && n <= 100);
	buf[n] = '\0';
	EXPECT_EQ('<', buf[0]);
	EXPECT_EQ('\n', buf[n - 1]);
	EXPECT(!strstr(buf, "gemel is first"));
	EXPECT_EQ(0, klogctl(READ_ALL, buf, 3));
	EXPECT_EQ(0, klogctl(READ_ALL, buf, 0));
}

TEST(clearing_hides_what_was)
{
	say("gemel was before");
	EXPECT_EQ(0, klogctl(CLEAR, NULL, 0));
	say("gemel came later");
	EXPECT(!strstr(read_all(READ_ALL), "gemel was before"));
	EXPECT(strstr(read_all(READ_CLEAR), "gemel came later") != NULL);
	EXPECT(!strstr(read_all(READ_ALL), "gemel came later"));
}

/* All of it, @piece bytes a call, until nothing is unread; the end of it. */
static const char *read_unread(int piece)
{
	static char log[1 << 21];
	int n, done = 0;

	while (klogctl(SIZE_UNREAD, NULL, 0) > 0 && done < (int)sizeof(log) - piece - 1) {
		n = klogctl(READ, log + done, piece);
		EXPECT(n > 0 && n <= piece);
		done += n;
	}
	log[done] = '\0';
	return log;
}

TEST(the_log_is_read_once)
{
	read_unread(4096);
	say("gemel is read in pieces");
	EXPECT(klogctl(SIZE_UNREAD, NULL, 0) > 20);
	EXPECT(strstr(read_unread(7), "gemel is read in pieces\n") != NULL);
	say("gemel is read again");
	EXPECT(!strstr(read_unread(4096), "gemel is read in pieces\n"));
	EXPECT_EQ(0, klogctl(READ, (char *)1, 0));
}

TEST(the_reader_waits)
{
	char buf[256];
	int status, n;
	pid_t pid;

	read_unread(4096);
	pid = fork();
	if (pid == 0) {
		do {
			n = klogctl(READ, buf, sizeof(buf) - 1);
			EXPECT(n > 0);
			buf[n] = '\0';
		} while (!strstr(buf, "gemel is waited for\n"));
		_exit(0);
	}
	test_await_sleep(pid);
	say("gemel is waited for");
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(proc_has_the_same_text)
{
	int fd = open("/proc/kmsg", O_RDONLY | O_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[4096];
	ssize_t n;

	EXPECT(fd >= 0);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	EXPECT_EQ(EAGAIN, errno);
	say("gemel is in proc");
	EXPECT_EQ(1, poll(&p, 1, -1));
	EXPECT_EQ(POLLIN, p.revents);
	n = read(fd, buf, sizeof(buf) - 1);
	EXPECT(n > 0);
	buf[n] = '\0';
	EXPECT(strstr(buf, "gemel is in proc\n") != NULL);
}

TEST(syslog_errors)
{
	char buf[64];

	EXPECT_ERRNO(EINVAL, klogctl(READ, NULL, 8));
	EXPECT_ERRNO(EINVAL, klogctl(READ, buf, -1));
	EXPECT_ERRNO(EINVAL, klogctl(READ_ALL, NULL, 8));
	EXPECT_ERRNO(EINVAL, klogctl(READ_ALL, buf, -1));
	EXPECT_ERRNO(EINVAL, klogctl(READ_CLEAR, NULL, 0));
	EXPECT_ERRNO(EINVAL, klogctl(SIZE_BUFFER + 1, buf, 1));
	EXPECT_ERRNO(EINVAL, klogctl(-1, buf, 1));
	EXPECT_ERRNO(EINVAL, klogctl(CONSOLE_LEVEL, NULL, 0));
	EXPECT_ERRNO(EINVAL, klogctl(CONSOLE_LEVEL, NULL, 9));
	say("gemel cannot be copied");
	EXPECT_ERRNO(EFAULT, klogctl(READ_ALL, (char *)8, 65536));
	EXPECT_EQ(0, klogctl(CLOSE, NULL, 0));
	EXPECT_EQ(0, klogctl(OPEN, NULL, 0));
}

/* ---- levels ---- */

static int console_level(void)
{
	return atoi(test_read_file(PRINTK));
}

TEST(the_console_has_a_level)
{
	char was[64];
	int minimum;

	snprintf(was, sizeof(was), "%s", test_read_file(PRINTK));
	EXPECT_EQ(1, sscanf(was, "%*d %*d %d", &minimum));
	EXPECT_EQ(0, klogctl(CONSOLE_LEVEL, NULL, 5));
	EXPECT_EQ(5, console_level());
	EXPECT_EQ(0, klogctl(CONSOLE_OFF, NULL, 0));
	EXPECT_EQ(minimum, console_level());
	EXPECT_EQ(0, klogctl(CONSOLE_OFF, NULL, 0));
	EXPECT_EQ(0, klogctl(CONSOLE_ON, NULL, 0));
	EXPECT_EQ(5, console_level());
	EXPECT_EQ(0, klogctl(CONSOLE_ON, NULL, 0));
	EXPECT_EQ(5, console_level());
	test_write_file(PRINTK, "6 3");
	EXPECT_EQ(0, strncmp(test_read_file(PRINTK), "6\t3\t", 4));
	test_write_file(PRINTK, was);
	EXPECT_EQ(0, strcmp(was, test_read_file(PRINTK)));
}

/* ---- permissions ---- */

static int privileged_calls(void)
{
	static const char actions[] = { CLOSE, OPEN, READ, READ_CLEAR, CLEAR, CONSOLE_OFF,
					CONSOLE_ON, CONSOLE_LEVEL, SIZE_UNREAD, SIZE_BUFFER + 1 };

	for (size_t i = 0; i < sizeof(actions); i++)
		EXPECT_ERRNO(EPERM, klogctl(actions[i], NULL, 0));
	EXPECT_ERRNO(EACCES, open("/dev/kmsg", O_WRONLY));
	EXPECT_ERRNO(EACCES, open("/proc/kmsg", O_RDONLY));
	return 0;
}

static int reads(void)
{
	char buf[64];

	EXPECT(klogctl(SIZE_BUFFER, NULL, 0) > 0);
	EXPECT(klogctl(READ_ALL, buf, sizeof(buf)) >= 0);
	EXPECT(open("/dev/kmsg", O_RDONLY) >= 0);
	return 0;
}

static int is_refused(void)
{
	EXPECT_ERRNO(EPERM, klogctl(SIZE_BUFFER, NULL, 0));
	EXPECT_ERRNO(EPERM, klogctl(READ_ALL, NULL, 0));
	EXPECT_ERRNO(EPERM, open("/dev/kmsg", O_RDONLY));
	return 0;
}

TEST(changing_needs_a_privilege)
{
	EXPECT_EQ(0, as_nobody(privileged_calls));
}

TEST(reading_needs_one_if_so_set)
{
	char was[16];

	snprintf(was, sizeof(was), "%s", test_read_file(RESTRICT));
	test_write_file(RESTRICT, "1");
	EXPECT_EQ(0, as_nobody(is_refused));
	reads();
	test_write_file(RESTRICT, "0");
	EXPECT_EQ(0, as_nobody(reads));
	test_write_file(RESTRICT, was);
}
