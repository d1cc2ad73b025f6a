/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Terminals for the tests: a pseudo-terminal, whose master the test holds as the
 * person at the keyboard.  What is typed arrives when it arrives (on Linux a worker
 * carries it): so everything here waits for what it expects and nothing looks early.
 */
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct terminal {
	int master, slave;
};

/* Both sides, as the system makes them: cooked, with echo; nobody's controlling terminal. */
void terminal_open(struct terminal *t);
void terminal_close(struct terminal *t);
/* The name of the slave: a static buffer. */
const char *terminal_name(int master);

/* Settings of the slave: no processing at all; these flags on and off. */
void terminal_raw(int fd);
void terminal_iflag(int fd, tcflag_t on, tcflag_t off);
void terminal_oflag(int fd, tcflag_t on, tcflag_t off);
void terminal_lflag(int fd, tcflag_t on, tcflag_t off);
void terminal_cc(int fd, int which, cc_t value);

/* Write all of it; the next bytes that can be read are exactly these. */
void terminal_type(int fd, const char *text);
void terminal_expect_at(const char *file, int line, int fd, const char *text, size_t n);
#define terminal_expect(fd, text) \
	terminal_expect_at(__FILE__, __LINE__, (fd), (text), strlen(text))
#define terminal_expect_bytes(fd, text) \
	terminal_expect_at(__FILE__, __LINE__, (fd), (text), sizeof(text) - 1)

/* poll(2) of @fd for everything, without waiting; waiting until @bits are all there. */
int terminal_events(int fd);
void terminal_await(int fd, int bits);

/*
 * Run @fn(@t) in the leader of a new session that has the slave as controlling terminal.  The
 * parent continues; end_session() fails the test unless it exited with 0.
 */
int terminal_session(struct terminal *t, void (*fn)(struct terminal *t));
void end_session(int pid);

/* A pipe between test and child: say one byte, wait for one. */
struct signpost {
	int fd[2];
};
void signpost_make(struct signpost *s);
void signpost_tell(struct signpost *s);
void signpost_wait(struct signpost *s);
