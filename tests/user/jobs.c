/* SPDX-License-Identifier: MIT */
/* Sessions, process groups, controlling terminals, and who is stopped or hung up by them. */
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

static void on_signal(int signo)
{
	seen[signo]++;
}

/* Without SA_RESTART: a call that waits ends with EINTR. */
static void watch(int signo)
{
	struct sigaction sa = { .sa_handler = on_signal };

	EXPECT_EQ(0, sigaction(signo, &sa, NULL));
}

/* @signo is blocked, so that it can be waited for. */
static void hold(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
}

static void await(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	EXPECT_EQ(signo, sigwaitinfo(&set, NULL));
}

static bool is_pending(int signo)
{
	sigset_t set;

	EXPECT_EQ(0, sigpending(&set));
	return sigismember(&set, signo);
}

/* A child that runs @fn(@t) in a process group of its own. */
static int child_group(struct terminal *t, void (*fn)(struct terminal *t))
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

static void run_for_ever(struct terminal *t)
{
	(void)t;
	for (;;)
		pause();
}

static void reap(int pid, int want)
{
	int status;

	EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED | WCONTINUED));
	EXPECT_EQ(want, status);
}

#define STOPPED_BY(signo) ((signo) << 8 | 0x7f)
#define CONTINUED 0xffff

/* It goes on and ends with 0; the first may be told, or not any more. */
static void reap_continued(int pid)
{
	int status;

	do
		EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED | WCONTINUED));
	while (status == CONTINUED);
	EXPECT_EQ(0, status);
}

static void kill_and_reap(int pid)
{
	EXPECT_EQ(0, kill(pid, SIGKILL));
	reap(pid, SIGKILL);
}

static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR);

	if (fd < 0)
		EXPECT_EQ(ENXIO, errno);
	else
		close(fd);
	return fd >= 0;
}

/* Run @fn(@t) in a session without a terminal. */
static void in_new_session(struct terminal *t, void (*fn)(struct terminal *t))
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

static void in_session(void (*fn)(struct terminal *t))
{
	struct terminal t;

	terminal_open(&t);
	end_session(terminal_session(&t, fn));
}

/* ---- groups and sessions ---- */

static void session_rules(struct terminal *t)
{
	int pid, other;

	(void)t;
	EXPECT_EQ(getpid(), getsid(0));
	EXPECT_EQ(getpid(), getpgrp());
	EXPECT_ERRNO(EPERM, setsid());
	EXPECT_ERRNO(EPERM, setpgid(0, 0));
	pid = child_group(t, run_for_ever);
	EXPECT_EQ(pid, getpgid(pid));
	EXPECT_EQ(getpid(), getsid(pid));
	other = fork();
	if (other == 0)
		run_for_ever(t);
	EXPECT_EQ(0, setpgid(other, pid));
	EXPECT_EQ(pid, getpgid(other));
	EXPECT_EQ(0, setpgid(other, getpid()));
	kill_and_reap(pid);
	EXPECT_ERRNO(EPERM, setpgid(other, pid));
	kill_and_reap(other);
	EXPECT_ERRNO(ESRCH, setpgid(other, 0));
	EXPECT_ERRNO(ESRCH, getpgid(other));
	EXPECT_ERRNO(ESRCH, getsid(other));
}

TEST(rules_of_groups)
{
	in_new_session(NULL, session_rules);
	EXPECT_ERRNO(EINVAL, setpgid(0, -1));
	EXPECT_ERRNO(ESRCH, setpgid(getppid(), 0));
	EXPECT_ERRNO(ESRCH, getpgid(-1));
	EXPECT_ERRNO(ESRCH, getsid(-1));
}

TEST(group_of_another_session)
{
	struct signpost ready;
	int pid;

	signpost_make(&ready);
	pid = fork();
	if (pid == 0) {
		setsid();
		signpost_tell(&ready);
		run_for_ever(NULL);
	}
	signpost_wait(&ready);
	EXPECT_ERRNO(EPERM, setpgid(pid, getpgrp()));
	EXPECT_ERRNO(EPERM, setpgid(0, pid));
	EXPECT_EQ(pid, getsid(pid));
	kill_and_reap(pid);
}

TEST(child_that_has_called_exec)
{
	struct signpost done;
	int pid;
	char c;

	signpost_make(&done);
	EXPECT_EQ(0, fcntl(done.fd[1], F_SETFD, FD_CLOEXEC));
	pid = fork();
	if (pid == 0) {
		EXPECT_EQ(1, dup2(open("/dev/null", O_WRONLY), 1));
		execl("/proc/self/exe", "jobs", "-l", (char *)NULL);
		_exit(1);
	}
	EXPECT_EQ(0, close(done.fd[1]));
	EXPECT_EQ(0, read(done.fd[0], &c, 1));
	EXPECT_ERRNO(EACCES, setpgid(pid, pid));
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST(parent_and_child_race_to_make_the_group)
{
	for (int i = 0; i < 200; i++) {
		int pid = fork();

		if (pid == 0)
			_exit(setpgid(0, 0) != 0 || getpgrp() != getpid());
		EXPECT_EQ(0, setpgid(pid, pid));
		EXPECT_EQ(pid, getpgid(pid));
		reap(pid, 0);
	}
}

static void *make_group_of_thread(void *arg)
{
	(void)arg;
	EXPECT_ERRNO(EINVAL, setpgid((int)syscall(SYS_gettid), 0));
	return NULL;
}

TEST(thread_is_no_process)
{
	pthread_t thread;

	EXPECT_EQ(0, pthread_create(&thread, NULL, make_group_of_thread, NULL));
	EXPECT_EQ(0, pthread_join(thread, NULL));
}

/* The number of a group that somebody is in cannot become a session. */
static void leave_group(struct terminal *t)
{
	struct signpost *posts = (struct signpost *)t;

	signpost_wait(&posts[0]);
	EXPECT_ERRNO(EPERM, setsid());
	signpost_tell(&posts[1]);
	run_for_ever(NULL);
}

TEST(leader_of_a_group_cannot_leave_it)
{
	struct signpost posts[2];
	int pid;

	signpost_make(&posts[0]);
	signpost_make(&posts[1]);
	pid = child_group((struct terminal *)posts, leave_group);
	signpost_tell(&posts[0]);
	signpost_wait(&posts[1]);
	kill_and_reap(pid);
}

/* ---- the controlling terminal ---- */

static void open_acquires(struct terminal *t)
{
	const char *name = terminal_name(t->master);
	struct terminal other;
	int fd;

	EXPECT(!has_terminal());
	EXPECT(open(name, O_RDWR | O_NOCTTY) >= 0);
	EXPECT(!has_terminal());
	EXPECT(open(name, O_WRONLY) >= 0);
	EXPECT(!has_terminal());
	fd = open(name, O_RDWR);
	EXPECT(has_terminal());
	EXPECT_EQ(getpid(), tcgetsid(fd));
	EXPECT_EQ(getpgrp(), tcgetpgrp(fd));
	/* One is enough. */
	terminal_open(&other);
	fd = open(terminal_name(other.master), O_RDWR);
	EXPECT_ERRNO(ENOTTY, tcgetpgrp(fd));
	EXPECT_ERRNO(ENOTTY, tcgetsid(fd));
	EXPECT_ERRNO(EPERM, ioctl(fd, TIOCSCTTY, 1));
}

TEST(open_acquires_the_terminal)
{
	struct terminal t;

	terminal_open(&t);
	in_new_session(&t, open_acquires);
}

static void open_as_follower(struct terminal *t)
{
	int pid = fork();

	if (pid == 0) {
		EXPECT(open(terminal_name(t->master), O_RDWR) >= 0);
		EXPECT(!has_terminal());
		EXPECT_ERRNO(EPERM, ioctl(t->slave, TIOCSCTTY, 1));
		_exit(0);
	}
	end_session(pid);
	EXPECT_EQ(0, ioctl(t->slave, TIOCSCTTY, 0));
	EXPECT_EQ(0, ioctl(t->slave, TIOCSCTTY, 0));
	EXPECT(has_terminal());
}

TEST(only_a_leader_acquires)
{
	struct terminal t;

	terminal_open(&t);
	in_new_session(&t, open_as_follower);
}

static struct signpost take_posts[2];

static void take_away(struct terminal *t)
{
	EXPECT_ERRNO(EPERM, ioctl(t->slave, TIOCSCTTY, 0));
	EXPECT(open(terminal_name(t->master), O_RDWR) >= 0);
	EXPECT(!has_terminal());
	EXPECT_EQ(0, ioctl(t->slave, TIOCSCTTY, 1));
	EXPECT(has_terminal());
}

static void be_robbed(struct terminal *t)
{
	signpost_tell(&take_posts[0]);
	signpost_wait(&take_posts[1]);
	EXPECT(!has_terminal());
	EXPECT_ERRNO(ENOTTY, tcgetpgrp(t->slave));
	/* The file still works. */
	EXPECT_EQ(1, write(t->slave, "x", 1));
}

TEST(privileged_may_take_it_away)
{
	struct terminal t;
	int pid;

	terminal_open(&t);
	signpost_make(&take_posts[0]);
	signpost_make(&take_posts[1]);
	pid = terminal_session(&t, be_robbed);
	signpost_wait(&take_posts[0]);
	in_new_session(&t, take_away);
	signpost_tell(&take_posts[1]);
	end_session(pid);
}

static void inherit(struct terminal *t)
{
	struct signpost go;
	int before, after;

	signpost_make(&go);
	before = fork();
	if (before == 0) {
		signpost_wait(&go);
		_exit(has_terminal());
	}
	EXPECT_EQ(0, ioctl(t->slave, TIOCSCTTY, 0));
	after = fork();
	if (after == 0) {
		EXPECT(has_terminal());
		EXPECT_EQ(getppid(), tcgetsid(t->slave));
		/* A follower gives up only its own. */
		EXPECT_EQ(0, ioctl(t->slave, TIOCNOTTY));
		EXPECT(!has_terminal());
		EXPECT_ERRNO(ENOTTY, ioctl(t->slave, TIOCNOTTY));
		_exit(0);
	}
	end_session(after);
	signpost_tell(&go);
	end_session(before);
	EXPECT(has_terminal());
}

TEST(children_have_it_and_may_give_it_up)
{
	struct terminal t;

	terminal_open(&t);
	in_new_session(&t, inherit);
}

static void let_go(struct terminal *t)
{
	watch(SIGHUP);
	watch(SIGCONT);
	EXPECT_EQ(0, ioctl(t->slave, TIOCNOTTY));
	EXPECT_EQ(1, seen[SIGHUP]);
	EXPECT_EQ(1, seen[SIGCONT]);
	EXPECT(!has_terminal());
	EXPECT_ERRNO(ENOTTY, ioctl(t->slave, TIOCNOTTY));
	EXPECT_EQ(0, ioctl(t->slave, TIOCSCTTY, 0));
	EXPECT(has_terminal());
}

TEST(leader_that_gives_up_hangs_up)
{
	in_session(let_go);
}

static void ask_from_both_sides(struct terminal *t)
{
	int pid = 0;

	EXPECT_EQ(0, ioctl(t->master, TIOCGPGRP, &pid));
	EXPECT_EQ(getpgrp(), pid);
	EXPECT_EQ(0, ioctl(t->master, TIOCGSID, &pid));
	EXPECT_EQ(getpid(), pid);
	EXPECT_ERRNO(EFAULT, ioctl(t->slave, TIOCGPGRP, NULL));
	EXPECT_ERRNO(EFAULT, ioctl(t->slave, TIOCGSID, NULL));
	EXPECT_ERRNO(EFAULT, ioctl(t->slave, TIOCSPGRP, NULL));
	EXPECT_ERRNO(EINVAL, tcsetpgrp(t->slave, -1));
	EXPECT_ERRNO(ESRCH, tcsetpgrp(t->slave, 0x3fffffff));
	EXPECT_ERRNO(EPERM, tcsetpgrp(t->slave, getppid()));
}

TEST(foreground_group_is_asked_and_set)
{
	struct terminal t;
	int pid = -1;

	terminal_open(&t);
	EXPECT_EQ(0, ioctl(t.master, TIOCGPGRP, &pid));
	EXPECT_EQ(0, pid);
	EXPECT_ERRNO(ENOTTY, ioctl(t.master, TIOCGSID, &pid));
	EXPECT_ERRNO(ENOTTY, tcgetpgrp(t.slave));
	EXPECT_ERRNO(ENOTTY, tcsetpgrp(t.slave, getpgrp()));
	EXPECT_ERRNO(ENOTTY, ioctl(t.slave, TIOCNOTTY));
	end_session(terminal_session(&t, ask_from_both_sides));
}

/* ---- the keys ---- */

static void press_keys(struct terminal *t)
{
	static const struct {
		const char *key;
		int status;
	} keys[] = {
		{ "\003", SIGINT },
		{ "\034", SIGQUIT },
		{ "\032", STOPPED_BY(SIGTSTP) },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int pid = child_group(t, run_for_ever), status;

		EXPECT_EQ(0, tcsetpgrp(t->slave, pid));
		terminal_type(t->master, keys[i].key);
		EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		EXPECT_EQ(keys[i].status, status & ~0x80);
		if (WIFSTOPPED(status)) {
			EXPECT_EQ(0, kill(-pid, SIGCONT));
			reap(pid, CONTINUED);
			kill_and_reap(pid);
		}
		signal(SIGTTOU, SIG_IGN);
		EXPECT_EQ(0, tcsetpgrp(t->slave, getpgrp()));
	}
}

TEST(keys_signal_the_foreground_group)
{
	in_session(press_keys);
}

static void keys_flush(struct terminal *t)
{
	watch(SIGINT);
	terminal_type(t->master, "half");
	terminal_expect(t->master, "half");
	terminal_type(t->master, "\003");
	terminal_expect(t->master, "^C");
	EXPECT_EQ(1, seen[SIGINT]);
	terminal_type(t->master, "x\n");
	terminal_expect(t->slave, "x\n");
	terminal_expect(t->master, "x\r\n");
	terminal_lflag(t->slave, NOFLSH, 0);
	terminal_type(t->master, "half\003\n");
	terminal_expect(t->slave, "half\n");
	terminal_expect(t->master, "half^C\r\n");
	EXPECT_EQ(2, seen[SIGINT]);
	terminal_lflag(t->slave, 0, ISIG);
	terminal_type(t->master, "\003\n");
	terminal_expect(t->slave, "\003\n");
	EXPECT_EQ(2, seen[SIGINT]);
}

TEST(keys_flush_what_was_typed)
{
	in_session(keys_flush);
}

/* Nothing but what it waits for will wake it. */
static void await_sleep(int pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (strncmp(strrchr(test_read_file(path), ')'), ") S", 3) != 0)
		sched_yield();
}

static void interrupted_read(struct terminal *t)
{
	char c;

	watch(SIGINT);
	signpost_tell(&take_posts[0]);
	EXPECT_ERRNO(EINTR, read(t->slave, &c, 1));
	EXPECT_EQ(1, seen[SIGINT]);
}

TEST(key_interrupts_a_read)
{
	struct terminal t;
	int pid;

	terminal_open(&t);
	signpost_make(&take_posts[0]);
	pid = terminal_session(&t, interrupted_read);
	signpost_wait(&take_posts[0]);
	await_sleep(pid);
	terminal_type(t.master, "\003");
	end_session(pid);
}

static void master_signals(struct terminal *t)
{
	watch(SIGINT);
	watch(SIGWINCH);
	EXPECT_EQ(0, ioctl(t->master, TIOCSIG, SIGINT));
	EXPECT_EQ(1, seen[SIGINT]);
	EXPECT_ERRNO(EINVAL, ioctl(t->master, TIOCSIG, SIGTERM));
	EXPECT_ERRNO(EINVAL, ioctl(t->master, TIOCSIG, 0));
	EXPECT_EQ(0, ioctl(t->master, TIOCSWINSZ, &(struct winsize){ 1, 2, 3, 4 }));
	EXPECT_EQ(1, seen[SIGWINCH]);
	EXPECT_EQ(0, ioctl(t->master, TIOCSWINSZ, &(struct winsize){ 1, 2, 3, 4 }));
	EXPECT_EQ(1, seen[SIGWINCH]);
	EXPECT_EQ(0, ioctl(t->slave, TIOCSWINSZ, &(struct winsize){ 5, 2, 3, 4 }));
	EXPECT_EQ(2, seen[SIGWINCH]);
}

TEST(master_signals_and_resizes)
{
	in_session(master_signals);
}

/* ---- the background ---- */

static void read_terminal(struct terminal *t)
{
	char buf[8];

	_exit(read(t->slave, buf, sizeof(buf)) != 3);
}

static void background_read(struct terminal *t)
{
	int pid = child_group(t, read_terminal);

	reap(pid, STOPPED_BY(SIGTTIN));
	EXPECT_EQ(0, tcsetpgrp(t->slave, pid));
	EXPECT_EQ(0, kill(-pid, SIGCONT));
	reap(pid, CONTINUED);
	terminal_type(t->master, "hi\n");
	reap(pid, 0);
}

TEST(background_read_stops)
{
	in_session(background_read);
}

static void read_ignoring(struct terminal *t)
{
	char c;

	signal(SIGTTIN, SIG_IGN);
	EXPECT_ERRNO(EIO, read(t->slave, &c, 1));
	signal(SIGTTIN, SIG_DFL);
	hold(SIGTTIN);
	EXPECT_ERRNO(EIO, read(t->slave, &c, 1));
	EXPECT(!is_pending(SIGTTIN));
}

static void background_read_ignored(struct terminal *t)
{
	reap(child_group(t, read_ignoring), 0);
}

TEST(background_read_fails_if_nothing_can_stop_it)
{
	in_session(background_read_ignored);
}

static void write_terminal(struct terminal *t)
{
	_exit(write(t->slave, "bg\n", 3) != 3);
}

static void background_write(struct terminal *t)
{
	int pid;

	reap(child_group(t, write_terminal), 0);
	terminal_expect(t->master, "bg\r\n");
	terminal_lflag(t->slave, TOSTOP, 0);
	pid = child_group(t, write_terminal);
	reap(pid, STOPPED_BY(SIGTTOU));
	terminal_lflag(t->slave, 0, TOSTOP);
	EXPECT_EQ(0, kill(-pid, SIGCONT));
	reap_continued(pid);
	terminal_expect(t->master, "bg\r\n");
}

TEST(background_write_stops_with_tostop)
{
	in_session(background_write);
}

static void set_settings(struct terminal *t)
{
	terminal_lflag(t->slave, 0, ECHO);
}

static void flush_terminal(struct terminal *t)
{
	EXPECT_EQ(0, tcflush(t->slave, TCIFLUSH));
}

static void drain_terminal(struct terminal *t)
{
	EXPECT_EQ(0, tcdrain(t->slave));
}

static void hold_terminal(struct terminal *t)
{
	EXPECT_EQ(0, tcflow(t->slave, TCOON));
}

static void take_foreground(struct terminal *t)
{
	EXPECT_EQ(0, tcsetpgrp(t->slave, getpgrp()));
}

static void set_settings_ignoring(struct terminal *t)
{
	signal(SIGTTOU, SIG_IGN);
	terminal_lflag(t->slave, 0, ECHO);
	EXPECT_EQ(0, tcsetpgrp(t->slave, getpgrp()));
}

static void background_changes(struct terminal *t)
{
	static void (*const changes[])(struct terminal *t) = {
		set_settings, flush_terminal, drain_terminal, hold_terminal, take_foreground,
	};

	signal(SIGTTOU, SIG_DFL);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		int pid = child_group(t, changes[i]);

		reap(pid, STOPPED_BY(SIGTTOU));
		EXPECT_EQ(0, tcsetpgrp(t->slave, pid));
		EXPECT_EQ(0, kill(-pid, SIGCONT));
		reap_continued(pid);
		signal(SIGTTOU, SIG_IGN);
		EXPECT_EQ(0, tcsetpgrp(t->slave, getpgrp()));
		signal(SIGTTOU, SIG_DFL);
	}
	reap(child_group(t, set_settings_ignoring), 0);
}

TEST(background_changes_stop)
{
	in_session(background_changes);
}

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

	hold(SIGHUP);
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
	hold(SIGHUP);
	hold(SIGCONT);
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
	hold(SIGHUP);
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

	hold(SIGHUP);
	hold(SIGCONT);
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

/* ---- a job, as a shell runs it ---- */

static void copy_lines(struct terminal *t)
{
	char buf[64];
	ssize_t n;

	while ((n = read(t->slave, buf, sizeof(buf))) > 0)
		EXPECT_EQ(n, write(t->slave, buf, n));
	EXPECT_EQ(0, n);
}

static void run_job(struct terminal *t)
{
	int pid = child_group(t, copy_lines);

	/* It may have stopped before it is given the terminal. */
	EXPECT_EQ(0, tcsetpgrp(t->slave, pid));
	EXPECT_EQ(0, kill(-pid, SIGCONT));
	terminal_lflag(t->master, 0, ECHO);
	for (int i = 0; i < 20; i++) {
		int status;

		terminal_type(t->master, "line\n");
		terminal_expect(t->master, "line\r\n");
		terminal_type(t->master, "\032");
		do
			EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		while (status != STOPPED_BY(SIGTSTP));
		EXPECT_EQ(0, kill(-pid, SIGCONT));
	}
	terminal_type(t->master, "\004");
	end_session(pid);
}

static void run_jobs(struct terminal *t)
{
	signal(SIGTTOU, SIG_IGN);
	for (int i = 0; i < 3; i++)
		run_job(t);
}

TEST(job_is_stopped_and_continued)
{
	in_session(run_jobs);
}
