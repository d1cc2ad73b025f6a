/* SPDX-License-Identifier: MIT */
/* Sessions, process groups, controlling terminals, and who is stopped by them. */
#include "job.h"

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
	test_block(SIGTTIN);
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

/* ---- a job, as a shell runs it ---- */

static void copy_lines(struct terminal *t)
{
	char buf[64];
	ssize_t n;

	/* As its parent: a SIGTTIN that it has begun to send itself might come after a SIGCONT. */
	EXPECT_EQ(0, tcsetpgrp(t->slave, getpgrp()));
	while ((n = read(t->slave, buf, sizeof(buf))) > 0)
		EXPECT_EQ(n, write(t->slave, buf, n));
	EXPECT_EQ(0, n);
}

static void run_job(struct terminal *t)
{
	int pid = child_group(t, copy_lines);

	EXPECT_EQ(0, tcsetpgrp(t->slave, pid));
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
