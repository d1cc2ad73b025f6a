/* SPDX-License-Identifier: MIT */
#pragma once
/* Process groups and sessions of a test, and what became of them: for jobs.c and hangup.c. */
#include "terminal.h"
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t seen[65];

static inline void on_signal(int signo)
{
	seen[signo]++;
}

/* Without SA_RESTART: a call that waits ends with EINTR. */
static inline void watch(int signo)
{
	struct sigaction sa = { .sa_handler = on_signal };

	EXPECT_EQ(0, sigaction(signo, &sa, NULL));
}

static inline void await(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	EXPECT_EQ(signo, sigwaitinfo(&set, NULL));
}

static inline bool is_pending(int signo)
{
	sigset_t set;

	EXPECT_EQ(0, sigpending(&set));
	return sigismember(&set, signo);
}

/* A child that runs @fn(@t) in a process group of its own. */
static inline int child_group(struct terminal *t, void (*fn)(struct terminal *t))
{
	int pid = fork();

	EXPECT(pid >= 0);
	if (pid == 0) {
		EXPECT_EQ(0, setpgid(0, 0));
		fn(t);
		_exit(0);
	}
	setpgid(pid, pid);      /* whoever is first */
	return pid;
}

static inline void run_for_ever(struct terminal *t)
{
	(void)t;
	for (;;)
		pause();
}

static inline void reap(int pid, int want)
{
	int status;

	EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED | WCONTINUED));
	EXPECT_EQ(want, status);
}

#define STOPPED_BY(signo) ((signo) << 8 | 0x7f)
#define CONTINUED 0xffff

/* It goes on and ends with 0; the first may be told, or not any more. */
static inline void reap_continued(int pid)
{
	int status;

	do
		EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED | WCONTINUED));
	while (status == CONTINUED);
	EXPECT_EQ(0, status);
}

static inline void kill_and_reap(int pid)
{
	EXPECT_EQ(0, kill(pid, SIGKILL));
	reap(pid, SIGKILL);
}

static inline bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR);

	if (fd < 0)
		EXPECT_EQ(ENXIO, errno);
	else
		close(fd);
	return fd >= 0;
}

/* Run @fn(@t) in a session without a terminal. */
static inline void in_new_session(struct terminal *t, void (*fn)(struct terminal *t))
{
	int pid = fork();

	EXPECT(pid >= 0);
	if (pid == 0) {
		EXPECT_EQ(getpid(), setsid());
		fn(t);
		_exit(0);
	}
	end_session(pid);
}

static inline void in_session(void (*fn)(struct terminal *t))
{
	struct terminal t;

	terminal_open(&t);
	end_session(terminal_session(&t, fn));
}
