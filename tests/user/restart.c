/* SPDX-License-Identifier: MIT */
/*
 * Interrupted calls: every one that blocks, under a handler without and with SA_RESTART, and
 * stopped and continued (signal(7) has the same table).
 */
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the calls ---- */

static int wait_pipe[2], full_pipe[2], lock_fd;
static uint32_t futex_word;
static pid_t blocked_child;

static long call_read(void)
{
	char c;

	return read(wait_pipe[0], &c, 1);
}

static long call_readv(void)
{
	char c;
	struct iovec { void *base; size_t len; } v = { &c, 1 };

	return syscall(SYS_readv, wait_pipe[0], &v, 1);
}

static long call_write(void)
{
	static char room[70000];

	return write(full_pipe[1], room, sizeof(room));
}

static long call_open_fifo(void)
{
	return open("fifo", O_RDONLY);
}

static long call_wait4(void)
{
	return waitpid(blocked_child, NULL, 0);
}

static long call_waitid(void)
{
	siginfo_t si;

	return waitid(P_PID, (id_t)blocked_child, &si, WEXITED);
}

static long call_flock(void)
{
	return flock(lock_fd, LOCK_EX);
}

static long call_setlkw(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };

	return fcntl(lock_fd, F_SETLKW, &fl);
}

static long call_ofd_setlkw(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 10 };

	return fcntl(lock_fd, F_OFD_SETLKW, &fl);
}

static long call_futex(void)
{
	return syscall(SYS_futex, &futex_word, 0, 0, NULL, NULL, 0);
}

static const struct timespec minute = { .tv_sec = 60 };

static long call_futex_timed(void)
{
	return syscall(SYS_futex, &futex_word, 0, 0, &minute, NULL, 0);
}

static long call_splice(void)
{
	return splice(wait_pipe[0], NULL, full_pipe[1], NULL, 1, 0);
}

static long call_signalfd(void)
{
	struct signalfd_siginfo si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return read(signalfd(-1, &set, 0), &si, sizeof(si));
}

static long call_nanosleep(void)
{
	return nanosleep(&minute, NULL);
}

static long call_clock_nanosleep(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += 60;
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static long call_poll(void)
{
	struct pollfd pfd = { .fd = wait_pipe[0], .events = POLLIN };

	return poll(&pfd, 1, 60000);
}

static long call_poll_forever(void)
{
	struct pollfd pfd = { .fd = wait_pipe[0], .events = POLLIN };

	return poll(&pfd, 1, -1);
}

static long call_ppoll(void)
{
	struct pollfd pfd = { .fd = wait_pipe[0], .events = POLLIN };

	return ppoll(&pfd, 1, &minute, NULL);
}

static long call_select(void)
{
	struct timeval tv = { .tv_sec = 60 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(wait_pipe[0], &set);
	return select(wait_pipe[0] + 1, &set, NULL, NULL, &tv);
}

static long call_pselect(void)
{
	sigset_t none;
	fd_set set;

	sigemptyset(&none);
	FD_ZERO(&set);
	FD_SET(wait_pipe[0], &set);
	return pselect(wait_pipe[0] + 1, &set, NULL, NULL, &minute, &none);
}

static long call_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);

	epoll_ctl(ep, EPOLL_CTL_ADD, wait_pipe[0], &ev);
	return epoll_wait(ep, &ev, 1, 60000);
}

static long call_pause(void)
{
	return pause();
}

static long call_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	return sigsuspend(&none);
}

/* The library's own would call again. */
static long call_sigtimedwait(void)
{
	unsigned long set = 1ul << (SIGUSR2 - 1);

	return syscall(SYS_rt_sigtimedwait, &set, NULL, &minute, 8);
}

static long call_sigwaitinfo(void)
{
	unsigned long set = 1ul << (SIGUSR2 - 1);

	return syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8);
}

/* What happens: to a handler with SA_RESTART, and when stopped and continued without a handler. */
enum { AGAIN, EINTR_ALWAYS };

static const struct blocking_call {
	const char *name;
	long (*fn)(void);
	int with_restart, after_stop;
} blocking_calls[] = {
	{ "read", call_read, AGAIN, AGAIN },
	{ "readv", call_readv, AGAIN, AGAIN },
	{ "write", call_write, AGAIN, AGAIN },
	{ "open", call_open_fifo, AGAIN, AGAIN },
	{ "wait4", call_wait4, AGAIN, AGAIN },
	{ "waitid", call_waitid, AGAIN, AGAIN },
	{ "flock", call_flock, AGAIN, AGAIN },
	{ "F_SETLKW", call_setlkw, AGAIN, AGAIN },
	{ "F_OFD_SETLKW", call_ofd_setlkw, AGAIN, AGAIN },
	{ "futex", call_futex, AGAIN, AGAIN },
	{ "splice", call_splice, AGAIN, AGAIN },
	{ "signalfd", call_signalfd, AGAIN, AGAIN },
	{ "futex with a timeout", call_futex_timed, EINTR_ALWAYS, AGAIN },
	{ "nanosleep", call_nanosleep, EINTR_ALWAYS, AGAIN },
	{ "clock_nanosleep", call_clock_nanosleep, EINTR_ALWAYS, AGAIN },
	{ "poll", call_poll, EINTR_ALWAYS, AGAIN },
	{ "poll without a timeout", call_poll_forever, EINTR_ALWAYS, AGAIN },
	{ "ppoll", call_ppoll, EINTR_ALWAYS, AGAIN },
	{ "select", call_select, EINTR_ALWAYS, AGAIN },
	{ "pselect", call_pselect, EINTR_ALWAYS, AGAIN },
	{ "epoll_wait", call_epoll, EINTR_ALWAYS, EINTR_ALWAYS },
	{ "pause", call_pause, EINTR_ALWAYS, AGAIN },
	{ "sigsuspend", call_sigsuspend, EINTR_ALWAYS, AGAIN },
	{ "sigtimedwait", call_sigtimedwait, EINTR_ALWAYS, EINTR_ALWAYS },
	{ "sigwaitinfo", call_sigwaitinfo, EINTR_ALWAYS, EINTR_ALWAYS },
};

enum { CALLS = sizeof(blocking_calls) / sizeof(blocking_calls[0]) };

static int handled_fd;

static void on_tell(int signo)
{
	char c = (char)signo;

	if (write(handled_fd, &c, 1) != 1)
		_exit(99);
}

/* True when @pid sleeps: the state letter of /proc/PID/stat. */
static bool sleeps(pid_t pid)
{
	char path[32], text[256], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	end = strrchr(text, ')');
	return end && end[2] == 'S';
}

/* A child in the call; it exits with 100 + EINTR, or 1 if the call ended in another way. */
static pid_t start_call(const struct blocking_call *bc, int flags, int tell_fd)
{
	struct sigaction sa = { .sa_handler = on_tell, .sa_flags = flags };
	int ready[2];
	pid_t pid;
	char c;

	EXPECT_EQ(0, pipe(ready));
	pid = fork();
	if (pid == 0) {
		handled_fd = tell_fd;
		sigaction(SIGUSR1, &sa, NULL);
		test_block(SIGUSR2);
		if (write(ready[1], "r", 1) != 1)
			_exit(2);
		errno = 0;
		_exit(bc->fn() == -1 && errno == EINTR ? 100 + EINTR : 1);
	}
	EXPECT_EQ(1, read(ready[0], &c, 1));
	close(ready[0]);
	close(ready[1]);
	while (!sleeps(pid))
		sched_yield();
	return pid;
}

static void expect_outcome(const struct blocking_call *bc, pid_t pid, int want)
{
	int status;

	if (want == AGAIN) {
		while (!sleeps(pid)) {
			if (waitpid(pid, &status, WNOHANG) == pid) {
				dprintf(1, "# %s ended with status 0x%x\n", bc->name, status);
				EXPECT(!"restarted");
			}
			sched_yield();
		}
		EXPECT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
		return;
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	if (status != (100 + EINTR) << 8)
		dprintf(1, "# %s\n", bc->name);
	EXPECT_EQ((100 + EINTR) << 8, status);
}

static void prepare_calls(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	static char room[1 << 20];
	int owner;

	test_chdir_scratch();
	EXPECT_EQ(0, pipe(wait_pipe));
	EXPECT_EQ(0, pipe(full_pipe));
	fcntl(full_pipe[1], F_SETFL, O_NONBLOCK);
	while (write(full_pipe[1], room, sizeof(room)) > 0)
		;
	fcntl(full_pipe[1], F_SETFL, 0);
	EXPECT_EQ(0, mkfifo("fifo", 0600));
	owner = open("lock", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(0, flock(owner, LOCK_EX));
	lock_fd = open("lock", O_RDWR);
	fl.l_len = 50;
	EXPECT_EQ(0, fcntl(owner, F_SETLK, &fl));
	fl.l_start = 100;
	EXPECT_EQ(0, fcntl(owner, F_OFD_SETLK, &fl));
}

static void try_call(const struct blocking_call *bc, int flags, int want)
{
	int told[2];
	pid_t pid;
	char c;

	EXPECT_EQ(0, pipe(told));
	pid = start_call(bc, flags, told[1]);
	EXPECT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_EQ(1, read(told[0], &c, 1));
	expect_outcome(bc, pid, want);
	close(told[0]);
	close(told[1]);
}

/* The calls that wait for a child need one of their own. */
static long own_child(long (*fn)(void))
{
	blocked_child = fork();
	if (blocked_child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return fn();
}

static long own_wait4(void)
{
	return own_child(call_wait4);
}

static long own_waitid(void)
{
	return own_child(call_waitid);
}

static struct blocking_call with_child(const struct blocking_call *bc)
{
	struct blocking_call own = *bc;

	if (own.fn == call_wait4)
		own.fn = own_wait4;
	if (own.fn == call_waitid)
		own.fn = own_waitid;
	return own;
}

TEST(a_handler_without_restart_ends_each_call)
{
	prepare_calls();
	for (int i = 0; i < CALLS; i++) {
		struct blocking_call bc = with_child(&blocking_calls[i]);

		try_call(&bc, 0, EINTR_ALWAYS);
	}
}

TEST(a_handler_with_restart_restarts_what_it_may)
{
	prepare_calls();
	for (int i = 0; i < CALLS; i++) {
		struct blocking_call bc = with_child(&blocking_calls[i]);

		try_call(&bc, SA_RESTART, bc.with_restart);
	}
}

TEST(stop_and_continue_is_not_seen_by_calls)
{
	prepare_calls();
	for (int i = 0; i < CALLS; i++) {
		struct blocking_call bc = with_child(&blocking_calls[i]);
		pid_t pid = start_call(&bc, 0, 1);
		int status;

		EXPECT_EQ(0, kill(pid, SIGSTOP));
		EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		EXPECT_EQ(0, kill(pid, SIGCONT));
		expect_outcome(&bc, pid, bc.after_stop);
	}
}

static int sleeps_over_a_stop(void *arg)
{
	struct timespec half = { .tv_nsec = 400000000 }, start, end;
	int how = (int)(intptr_t)arg;
	sigset_t set;

	sigemptyset(&set);
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (how == 0)
		EXPECT_EQ(0, nanosleep(&half, NULL));
	else if (how == 1)
		EXPECT_EQ(0, poll(NULL, 0, 400));
	else
		EXPECT_ERRNO(ETIMEDOUT, syscall(SYS_futex, &futex_word, 0, 0, &half, NULL, 0));
	clock_gettime(CLOCK_MONOTONIC, &end);
	/* The stops did not make it begin anew: far from eight times as long. */
	return (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000 < 400;
}

TEST(restarted_timeouts_are_not_shortened)
{
	for (intptr_t how = 0; how < 3; how++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(sleeps_over_a_stop((void *)how));
		/* Stopped as often as there is time for. */
		for (;;) {
			EXPECT_EQ(0, kill(pid, SIGSTOP));
			EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
			if (!WIFSTOPPED(status))
				break;
			EXPECT_EQ(0, kill(pid, SIGCONT));
			usleep(20000);
		}
		EXPECT_EQ(0, status);
	}
}
