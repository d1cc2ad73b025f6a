/* SPDX-License-Identifier: MIT */
/* Orphaned process groups, and terminals that hang up. */
#include "job.h"

/* ---- orphans ---- */

static struct signpost orphan_posts[3];

static void read_as_orphan(struct terminal *t)
{
	char c;

	signpost_wait(&orphan_posts[0]);
	EXPECT_ERRNO(EIO, read(t->slave, &c, 1));
	EXPECT_ERRNO(EIO, tcsetattr(t->slave, TCSANOW, &(struct termios){ 0 }));
	EXPECT_ERRNO(ENOTTY, tcsetpgrp(t->slave, getpgrp()));
	signpost_tell(&orphan_posts[1]);
}

static void make_orphan(struct terminal *t)
{
	int pid = fork();

	if (pid == 0) {
		child_group(t, read_as_orphan);
		_exit(0);
	}
	reap(pid, 0);
	signpost_tell(&orphan_posts[0]);
	signpost_wait(&orphan_posts[1]);
}

TEST(orphan_is_not_stopped_by_the_terminal)
{
	for (int i = 0; i < 3; i++)
		signpost_make(&orphan_posts[i]);
	in_session(make_orphan);
}

/* In a group of its own: stopped; tells whether it was hung up when it goes on. */
static void stop_and_tell(struct terminal *t)
{
	char c;

	(void)t;
	watch(SIGHUP);
	watch(SIGCONT);
	signpost_tell(&orphan_posts[0]);
	raise(SIGSTOP);
	c = '0' + seen[SIGHUP] + 2 * seen[SIGCONT];
	EXPECT_EQ(1, write(orphan_posts[1].fd[1], &c, 1));
}

static int start_stopped(struct terminal *t)
{
	int pid = child_group(t, stop_and_tell), status;

	signpost_wait(&orphan_posts[0]);
	EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT_EQ(STOPPED_BY(SIGSTOP), status);
	return pid;
}

static void orphan_stopped_group(struct terminal *t)
{
	int pid = fork();
	char c;

	if (pid == 0) {
		start_stopped(t);
		_exit(0);
	}
	reap(pid, 0);
	EXPECT_EQ(1, read(orphan_posts[1].fd[0], &c, 1));
	EXPECT_EQ('3', c);
}

TEST(stopped_group_that_becomes_an_orphan_is_hung_up)
{
	for (int i = 0; i < 3; i++)
		signpost_make(&orphan_posts[i]);
	in_new_session(NULL, orphan_stopped_group);
}

/* Of another session than its parent: nobody could continue it before, nothing changes. */
static void orphan_of_another_session(struct terminal *t)
{
	struct signpost told;
	int pid, grandchild;
	char c;

	signpost_make(&told);
	pid = fork();
	if (pid == 0) {
		grandchild = fork();
		if (grandchild == 0) {
			setsid();
			stop_and_tell(t);
			_exit(0);
		}
		signpost_wait(&orphan_posts[0]);
		EXPECT_EQ(grandchild, waitpid(grandchild, NULL, WUNTRACED));
		EXPECT_EQ(4, write(told.fd[1], &grandchild, 4));
		_exit(0);
	}
	EXPECT_EQ(4, read(told.fd[0], &grandchild, 4));
	reap(pid, 0);
	EXPECT_EQ(0, kill(grandchild, SIGCONT));
	EXPECT_EQ(1, read(orphan_posts[1].fd[0], &c, 1));
	EXPECT_EQ('2', c);
}

TEST(stopped_leader_is_not_hung_up_by_its_parents_end)
{
	for (int i = 0; i < 3; i++)
		signpost_make(&orphan_posts[i]);
	in_new_session(NULL, orphan_of_another_session);
}

static void end_when_told(void)
{
	signpost_wait(&orphan_posts[2]);
	_exit(0);
}

/* A member that ends is no news to an orphaned group. */
static void orphan_already(struct terminal *t)
{
	int pid, group, member, status;
	struct signpost told;
	char c;

	(void)t;
	signpost_make(&told);
	pid = fork();
	if (pid == 0) {
		/* A session leader's group has no parent in the session: an orphan from birth. */
		EXPECT_EQ(getpid(), setsid());
		member = fork();
		if (member == 0)
			end_when_told();
		group = fork();
		if (group == 0) {
			stop_and_tell(NULL);
			_exit(0);
		}
		signpost_wait(&orphan_posts[0]);
		EXPECT_EQ(group, waitpid(group, &status, WUNTRACED));
		signpost_tell(&orphan_posts[2]);
		EXPECT_EQ(member, waitpid(member, &status, 0));
		EXPECT_EQ(0, kill(group, SIGCONT));
		EXPECT_EQ(1, read(orphan_posts[1].fd[0], &c, 1));
		EXPECT_EQ('2', c);
		_exit(0);
	}
	end_session(pid);
}

TEST(orphaned_group_is_hung_up_once)
{
	for (int i = 0; i < 3; i++)
		signpost_make(&orphan_posts[i]);
	orphan_already(NULL);
}

/* ---- hanging up ---- */

static void tell_hangup(struct terminal *t)
{
	signpost_tell(&orphan_posts[0]);
	await(SIGHUP);
	/* The pseudo-terminal itself goes on for those who have it. */
	EXPECT_EQ(3, write(t->slave, "bye", 3));
	signpost_tell(&orphan_posts[1]);
}

static void leader_ends(struct terminal *t)
{
	int pid;

	test_block(SIGHUP);
	pid = child_group(t, tell_hangup);
	signpost_wait(&orphan_posts[0]);
	EXPECT_EQ(0, tcsetpgrp(t->slave, pid));
}

static void acquire_free_terminal(struct terminal *t)
{
	EXPECT_EQ(0, ioctl(t->slave, TIOCSCTTY, 0));
}

TEST(end_of_the_leader_hangs_up_the_foreground)
{
	struct terminal t;

	for (int i = 0; i < 3; i++)
		signpost_make(&orphan_posts[i]);
	terminal_open(&t);
	end_session(terminal_session(&t, leader_ends));
	signpost_wait(&orphan_posts[1]);
	terminal_expect(t.master, "bye");
	in_new_session(&t, acquire_free_terminal);
}

static void survive_hangup(struct terminal *t)
{
	char c;

	EXPECT_EQ(0, close(t->master));
	test_block(SIGHUP);
	test_block(SIGCONT);
	signpost_tell(&orphan_posts[0]);
	await(SIGHUP);
	await(SIGCONT);
	EXPECT(!has_terminal());
	EXPECT_EQ(0, read(t->slave, &c, 1));
	EXPECT_ERRNO(EIO, write(t->slave, "x", 1));
}

TEST(closing_the_master_signals_the_leader)
{
	struct terminal t;
	int pid;

	signpost_make(&orphan_posts[0]);
	terminal_open(&t);
	pid = terminal_session(&t, survive_hangup);
	signpost_wait(&orphan_posts[0]);
	EXPECT_EQ(0, close(t.master));
	end_session(pid);
}

static void await_hangup(struct terminal *t)
{
	(void)t;
	await(SIGHUP);
	signpost_tell(&orphan_posts[1]);
}

/* The leader hears of the hang-up; the foreground hears of it when the leader ends. */
static void leader_survives_then_ends(struct terminal *t)
{
	int pid;

	EXPECT_EQ(0, close(t->master));
	test_block(SIGHUP);
	pid = child_group(t, await_hangup);
	EXPECT_EQ(0, tcsetpgrp(t->slave, pid));
	signpost_tell(&orphan_posts[0]);
	await(SIGHUP);
	EXPECT_EQ(0, kill(pid, 0));
}

TEST(foreground_is_hung_up_with_the_leader)
{
	struct terminal t;
	int pid;

	signpost_make(&orphan_posts[0]);
	signpost_make(&orphan_posts[1]);
	terminal_open(&t);
	pid = terminal_session(&t, leader_survives_then_ends);
	signpost_wait(&orphan_posts[0]);
	EXPECT_EQ(0, close(t.master));
	end_session(pid);
	signpost_wait(&orphan_posts[1]);
}

static void hang_self_up(struct terminal *t)
{
	struct termios before, after;
	int fd;
	char c;

	test_block(SIGHUP);
	test_block(SIGCONT);
	terminal_lflag(t->slave, 0, ECHO);
	EXPECT_EQ(0, tcgetattr(t->slave, &before));
	EXPECT_EQ(0, syscall(SYS_vhangup));
	EXPECT(is_pending(SIGHUP) && is_pending(SIGCONT));
	EXPECT(!has_terminal());
	EXPECT_EQ(0, read(t->slave, &c, 1));
	EXPECT_ERRNO(EIO, write(t->slave, "x", 1));
	EXPECT_ERRNO(EIO, tcgetattr(t->slave, &before));
	/* The terminal is there for whoever opens it, with the settings of a new one. */
	fd = open(terminal_name(t->master), O_RDWR);
	EXPECT(fd >= 0 && has_terminal());
	EXPECT_EQ(0, tcgetattr(fd, &after));
	EXPECT_EQ(ECHO, after.c_lflag & ECHO);
	terminal_type(fd, "again");
	terminal_expect(t->master, "again");
	EXPECT_EQ(0, setuid(65534));
	EXPECT_ERRNO(EPERM, syscall(SYS_vhangup));
}

TEST(vhangup)
{
	in_session(hang_self_up);
}
