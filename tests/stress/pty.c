/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals opened, closed and hung up from all sides at once.
 *
 * Every life ends with everybody gone: a writer that the hang-up finds waiting gets EIO, a
 * reader of the master gets all that was written and then EIO, the leader of a session gets
 * SIGHUP.  One pair is shared by all workers, who open its slave by name, change its settings and
 * hang it up under each other; nobody of them may wait for ever.  A round is one life.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "stress.h"

enum { PROCESSES = 8 };

static int shared_master;
static char shared_name[32];

static void name_of(int master, char *name)
{
	unsigned n;

	STRESS_EQ(0, ioctl(master, TIOCGPTN, &n));
	snprintf(name, 32, "/dev/pts/%u", n);
}

static int open_master(char *name)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY), unlock = 0;

	STRESS_CHECK(fd >= 0);
	STRESS_EQ(0, ioctl(fd, TIOCSPTLCK, &unlock));
	name_of(fd, name);
	return fd;
}

static int open_raw_slave(const char *name)
{
	int fd = open(name, O_RDWR | O_NOCTTY);
	struct termios t;

	STRESS_CHECK(fd >= 0);
	STRESS_EQ(0, tcgetattr(fd, &t));
	t.c_lflag = t.c_iflag = t.c_oflag = 0;
	t.c_cc[VMIN] = 1;
	STRESS_EQ(0, tcsetattr(fd, TCSANOW, &t));
	return fd;
}

static void reap(int pid, int want)
{
	int status;

	STRESS_EQ(pid, waitpid(pid, &status, 0));
	STRESS_EQ(want, status);
}

static unsigned char byte_at(long at)
{
	return (unsigned char)(at * 7 + at / 251);
}

static void write_bytes(int fd, long n)
{
	unsigned char buf[700];

	for (long done = 0; done < n;) {
		long len = 0, written;

		for (; len < 700 && done + len < n; len++)
			buf[len] = byte_at(done + len);
		written = write(fd, buf, len);
		STRESS_CHECK(written > 0);
		done += written;
	}
}

/* All of it arrives, in order, and then the end. */
static void output_life(void)
{
	char name[32];
	int master = open_master(name), slave = open_raw_slave(name);
	long n = stress_random(60000), at = 0, got;
	unsigned char buf[999];
	int pid = fork();

	STRESS_CHECK(pid >= 0);
	if (pid == 0) {
		close(master);
		write_bytes(slave, n);
		_exit(0);
	}
	close(slave);
	while ((got = read(master, buf, sizeof(buf))) > 0)
		for (long i = 0; i < got; i++)
			STRESS_EQ(byte_at(at++), buf[i]);
	STRESS_EQ(EIO, errno);
	STRESS_EQ(n, at);
	reap(pid, 0);
	close(master);
}

/* The master goes while somebody writes, who may be waiting for room. */
static void hangup_life(void)
{
	char name[32], buf[4096] = { 0 };
	int master = open_master(name), slave = open_raw_slave(name);
	int pid = fork();

	STRESS_CHECK(pid >= 0);
	if (pid == 0) {
		close(master);
		while (write(slave, buf, sizeof(buf)) > 0)
			;
		_exit(errno != EIO);
	}
	for (unsigned i = stress_random(20); i > 0; i--)
		STRESS_CHECK(read(master, buf, 1 + stress_random(sizeof(buf) - 1)) > 0);
	close(master);
	/* The child may have it open a little longer: a read of the slave waits for that. */
	STRESS_CHECK(read(slave, buf, 1) <= 0);
	close(slave);
	reap(pid, 0);
}

static void lead_session(int master, const char *name)
{
	int pid, slave;

	STRESS_EQ(getpid(), setsid());
	slave = open(name, O_RDWR);
	if (slave < 0)
		_exit(1);
	close(master);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(pid, pid);
	if (tcsetpgrp(slave, pid) < 0 || write(slave, "!", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* A session with a job: hung up, or interrupted and then hung up.  The job becomes our child. */
static void session_life(void)
{
	char name[32], c;
	int master = open_master(name), pid = fork(), status;

	STRESS_CHECK(pid >= 0);
	if (pid == 0)
		lead_session(master, name);
	/* EIO cannot be: nobody has closed it before it was opened. */
	STRESS_EQ(1, read(master, &c, 1));
	if (stress_random(2))
		STRESS_EQ(1, write(master, "\003", 1));
	close(master);
	reap(pid, SIGHUP);
	STRESS_CHECK(wait(&status) > 0);
	STRESS_CHECK(status == SIGHUP || status == SIGINT);
}

static void many_life(void)
{
	enum { MANY = 20 };
	int masters[MANY], slaves[MANY];
	char name[32], c;

	for (int i = 0; i < MANY; i++) {
		masters[i] = open_master(name);
		slaves[i] = open(name, O_RDWR | O_NOCTTY);
		STRESS_CHECK(slaves[i] >= 0);
	}
	for (int i = 0; i < MANY; i++) {
		STRESS_EQ(1, write(slaves[i], "x", 1));
		STRESS_EQ(1, read(masters[i], &c, 1));
		if (stress_random(2)) {
			close(slaves[i]);
			STRESS_EQ(-1, read(masters[i], &c, 1));
			close(masters[i]);
		} else {
			close(masters[i]);
			STRESS_EQ(0, read(slaves[i], &c, 1));
			close(slaves[i]);
		}
	}
}

/* Under each other's feet: any call may find the slave hung up, none waits for ever. */
static void shared_life(void)
{
	int slave = open(shared_name, O_RDWR | O_NOCTTY | O_NONBLOCK);
	struct winsize ws = { .ws_row = (unsigned short)stress_random(99) };
	struct termios t;
	char buf[256] = { 0 };

	STRESS_CHECK(slave >= 0);
	for (int i = 0; i < 20; i++) {
		struct pollfd p = { shared_master, POLLIN | POLLOUT, 0 };

		(void)!write(slave, buf, stress_random(sizeof(buf)));
		(void)!write(shared_master, "typed\n", 6);
		(void)!read(slave, buf, sizeof(buf));
		if (tcgetattr(slave, &t) == 0)
			tcsetattr(slave, stress_random(3), &t);
		ioctl(slave, TIOCSWINSZ, &ws);
		STRESS_CHECK(poll(&p, 1, 0) >= 0);
		(void)!read(shared_master, buf, sizeof(buf));
	}
	if (stress_random(4) == 0)
		ioctl(slave, TIOCVHANGUP);
	close(slave);
}

static void worker(int i)
{
	static void (*const lives[])(void) = {
		output_life, hangup_life, session_life, many_life, shared_life,
	};

	(void)i;
	STRESS_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	while (stress_goes_on()) {
		lives[stress_random(5)]();
		stress_done(1);
	}
}

void stress_main(void)
{
	shared_master = open_master(shared_name);
	STRESS_EQ(0, fcntl(shared_master, F_SETFL, O_RDWR | O_NONBLOCK));
	stress_together(PROCESSES, worker);
	close(shared_master);
}
