/* SPDX-License-Identifier: MIT */
#include "terminal.h"
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

const char *terminal_name(int master)
{
	static char name[32];
	unsigned n;

	EXPECT_EQ(0, ioctl(master, TIOCGPTN, &n));
	snprintf(name, sizeof(name), "/dev/pts/%u", n);
	return name;
}

void terminal_open(struct terminal *t)
{
	int unlock = 0;

	t->master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	EXPECT(t->master >= 0);
	EXPECT_EQ(0, ioctl(t->master, TIOCSPTLCK, &unlock));
	t->slave = open(terminal_name(t->master), O_RDWR | O_NOCTTY);
	EXPECT(t->slave >= 0);
}

void terminal_close(struct terminal *t)
{
	EXPECT_EQ(0, close(t->slave));
	EXPECT_EQ(0, close(t->master));
}

void terminal_raw(int fd)
{
	struct termios t;

	EXPECT_EQ(0, tcgetattr(fd, &t));
	t.c_iflag = t.c_oflag = t.c_lflag = 0;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	EXPECT_EQ(0, tcsetattr(fd, TCSANOW, &t));
}

void terminal_iflag(int fd, tcflag_t on, tcflag_t off)
{
	struct termios t;

	EXPECT_EQ(0, tcgetattr(fd, &t));
	t.c_iflag = (t.c_iflag | on) & ~off;
	EXPECT_EQ(0, tcsetattr(fd, TCSANOW, &t));
}

void terminal_oflag(int fd, tcflag_t on, tcflag_t off)
{
	struct termios t;

	EXPECT_EQ(0, tcgetattr(fd, &t));
	t.c_oflag = (t.c_oflag | on) & ~off;
	EXPECT_EQ(0, tcsetattr(fd, TCSANOW, &t));
}

void terminal_lflag(int fd, tcflag_t on, tcflag_t off)
{
	struct termios t;

	EXPECT_EQ(0, tcgetattr(fd, &t));
	t.c_lflag = (t.c_lflag | on) & ~off;
	EXPECT_EQ(0, tcsetattr(fd, TCSANOW, &t));
}

void terminal_cc(int fd, int which, cc_t value)
{
	struct termios t;

	EXPECT_EQ(0, tcgetattr(fd, &t));
	t.c_cc[which] = value;
	EXPECT_EQ(0, tcsetattr(fd, TCSANOW, &t));
}

void terminal_type(int fd, const char *text)
{
	EXPECT_EQ(strlen(text), write(fd, text, strlen(text)));
}

void terminal_expect_at(const char *file, int line, int fd, const char *text, size_t n)
{
	char buf[8192], shown[64];
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, buf + have, n - have);

		if (got <= 0)
			test_fail(file, line, text, (long)n, got < 0 ? -errno : (long)have);
		if (memcmp(buf, text, have + got) != 0) {
			snprintf(shown, sizeof(shown), "read \"%.*s\"", (int)(have + got), buf);
			test_fail(file, line, shown, (long)n, (long)(have + got));
		}
		have += got;
	}
}

int terminal_events(int fd)
{
	struct pollfd p = { fd, ~0, 0 };

	EXPECT(poll(&p, 1, 0) >= 0);
	return p.revents;
}

void terminal_await(int fd, int bits)
{
	struct pollfd p = { fd, bits, 0 };

	while ((p.revents & bits) != bits)
		EXPECT_EQ(1, poll(&p, 1, -1));
}

int terminal_session(struct terminal *t, void (*fn)(struct terminal *t))
{
	int pid = fork();

	EXPECT(pid >= 0);
	if (pid == 0) {
		EXPECT_EQ(getpid(), setsid());
		EXPECT_EQ(0, ioctl(t->slave, TIOCSCTTY, 0));
		fn(t);
		_exit(0);
	}
	return pid;
}

void end_session(int pid)
{
	int status;

	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

void signpost_make(struct signpost *s)
{
	EXPECT_EQ(0, pipe(s->fd));
}

void signpost_tell(struct signpost *s)
{
	EXPECT_EQ(1, write(s->fd[1], "", 1));
}

void signpost_wait(struct signpost *s)
{
	char c;

	EXPECT_EQ(1, read(s->fd[0], &c, 1));
}
