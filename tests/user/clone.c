/* SPDX-License-Identifier: MIT */
/* clone3, pidfds and waiting: what they do, and what they refuse. */

#include <limits.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "terminal.h"
#include "test.h"

#define P_PIDFD_ID 3
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* ---- clone3 and pidfds ---- */

TEST(clone3_makes_a_child_with_a_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD,
	};
	struct pollfd p = { .events = POLLIN };
	struct signpost go;
	siginfo_t info;
	long pid;

	signpost_make(&go);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		signpost_wait(&go);
		_exit(5);
	}
	EXPECT(pid > 0);
	EXPECT(pidfd >= 0);
	EXPECT_EQ(FD_CLOEXEC, fcntl(pidfd, F_GETFD));
	p.fd = pidfd;
	EXPECT_EQ(0, poll(&p, 1, 0));
	signpost_tell(&go);
	EXPECT_EQ(1, poll(&p, 1, -1));
	memset(&info, 0, sizeof(info));
	EXPECT_EQ(0, waitid(P_PIDFD_ID, pidfd, &info, WEXITED));
	EXPECT_EQ(pid, info.si_pid);
	EXPECT_EQ(CLD_EXITED, info.si_code);
	EXPECT_EQ(5, info.si_status);
	EXPECT_ERRNO(ESRCH, syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
}

TEST(clone3_checks_its_arguments)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	EXPECT_ERRNO(EINVAL, syscall(SYS_clone3, &args, 8));
	args.exit_signal = 200;
	EXPECT_ERRNO(EINVAL, syscall(SYS_clone3, &args, sizeof(args)));
	args.exit_signal = SIGCHLD;
	args.stack = 0x1000;
	EXPECT_ERRNO(EINVAL, syscall(SYS_clone3, &args, sizeof(args)));
	args.stack = 0;
	args.flags = CLONE_THREAD;
	EXPECT_ERRNO(EINVAL, syscall(SYS_clone3, &args, sizeof(args)));
	EXPECT_ERRNO(EFAULT, syscall(SYS_clone3, (void *)8, sizeof(args)));
}

TEST(pidfd_sends_signals)
{
	pid_t pid = fork();
	int fd, status;

	if (pid == 0) {
		pause();
		_exit(1);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	EXPECT(fd >= 0);
	EXPECT_EQ(0, syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	EXPECT_EQ(0, syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	EXPECT_ERRNO(ESRCH, syscall(SYS_pidfd_open, 0x3ffffff, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_pidfd_open, -1, 0));
	EXPECT_ERRNO(EBADF, syscall(SYS_pidfd_send_signal, 0, SIGTERM, NULL, 0));
}

TEST(a_directory_of_proc_sends_signals)
{
	char path[32];
	pid_t pid = fork();
	int fd, thread, above, status;

	if (pid == 0) {
		pause();
		_exit(1);
	}
	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, pid);
	thread = open(path, O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	above = open(path, O_RDONLY | O_DIRECTORY);
	EXPECT(fd >= 0 && thread >= 0 && above >= 0);
	EXPECT_ERRNO(EBADF, syscall(SYS_pidfd_send_signal, thread, SIGKILL, NULL, 0));
	EXPECT_ERRNO(EBADF, syscall(SYS_pidfd_send_signal, above, SIGKILL, NULL, 0));
	EXPECT_EQ(0, syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	EXPECT_EQ(0, syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	EXPECT_ERRNO(ESRCH, syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
}

TEST(child_tid_is_written_in_the_child)
{
	static int tid;
	struct clone_args args = {
		.flags = CLONE_CHILD_SETTID | CLONE_PARENT_SETTID, .child_tid = (uintptr_t)&tid,
		.exit_signal = SIGCHLD,
	};
	static int parent_tid;
	int status;
	long pid;

	args.parent_tid = (uintptr_t)&parent_tid;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(tid == (int)syscall(SYS_gettid) ? 0 : 1);
	EXPECT_EQ(pid, waitpid((pid_t)pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(0, tid);
	EXPECT_EQ(pid, parent_tid);
}

/* ---- arguments of clone3, wait, pidfds ---- */

struct row_args {
	int want;
	size_t size;
	struct clone_args a;
};

TEST(clone3_refuses_what_makes_no_sense)
{
	static char buf[4096 + 64];
	static pid_t bad_tid = -5, one = 1, huge = 0x3fffffff;
	const size_t full = sizeof(struct clone_args);
	const struct row_args row[] = {
		{ EINVAL, 63, { 0 } },
		{ E2BIG, 4097, { 0 } },
		{ EINVAL, full, { .flags = SIGCHLD } },
		{ EINVAL, full, { .flags = 1ull << 40 } },
		{ EINVAL, full, { .flags = CLONE_DETACHED } },
		{ EINVAL, full, { .exit_signal = 65 } },
		{ EINVAL, full, { .exit_signal = 256 } },
		{ EINVAL, full, { .flags = CLONE_SIGHAND } },
		{ EINVAL, full, { .flags = CLONE_VM | CLONE_SIGHAND | CLONE_CLEAR_SIGHAND } },
		{ EINVAL, full, { .flags = CLONE_THREAD | CLONE_VM } },
		{ EINVAL, full, { .flags = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND,
				  .exit_signal = SIGCHLD } },
		{ EINVAL, full, { .flags = CLONE_PARENT, .exit_signal = SIGCHLD } },
		{ EINVAL, full, { .stack_size = 4096 } },
		{ EINVAL, full, { .stack = 4096 } },
		{ EINVAL, full, { .stack = ~4095ull, .stack_size = 4096 } },
		{ EINVAL, full, { .set_tid_size = 1 } },
		{ EINVAL, full, { .set_tid = (uintptr_t)&one } },
		{ EINVAL, full, { .set_tid = (uintptr_t)&one, .set_tid_size = 33 } },
		{ EFAULT, full, { .set_tid = 8, .set_tid_size = 1 } },
		{ EINVAL, full, { .set_tid = (uintptr_t)&bad_tid, .set_tid_size = 1 } },
		{ EINVAL, full, { .set_tid = (uintptr_t)&huge, .set_tid_size = 1 } },
		{ EEXIST, full, { .set_tid = (uintptr_t)&one, .set_tid_size = 1 } },
		{ EINVAL, full, { .flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
				  .pidfd = (uintptr_t)buf, .parent_tid = (uintptr_t)buf } },
		{ EFAULT, full, { .flags = CLONE_PIDFD, .pidfd = 8 } },
		{ EINVAL, full, { .flags = CLONE_NEWNS | CLONE_FS } },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		long got;

		memcpy(buf, &row[i].a, full);
		got = syscall(SYS_clone3, buf, row[i].size);
		if (got == 0)
			_exit(0);
		if (got != -1 || errno != row[i].want)
			test_fail(__FILE__, __LINE__, "row", (long)i, got == -1 ? -errno : got);
	}
	/* What a newer program would say must be zero. */
	memset(buf, 0, sizeof(buf));
	buf[full + 3] = 1;
	EXPECT_ERRNO(E2BIG, syscall(SYS_clone3, buf, full + 8));
	EXPECT_ERRNO(EFAULT, syscall(SYS_clone3, (void *)8, full));
}

static long clone3_run(struct clone_args *a, int code)
{
	long pid = syscall(SYS_clone3, a, sizeof(*a));

	if (pid == 0)
		_exit(code);
	return pid;
}

TEST(clone3_with_a_chosen_number)
{
	pid_t tid = 30123;
	struct clone_args a = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&tid,
				.set_tid_size = 1 };
	int status;

	EXPECT_EQ(tid, clone3_run(&a, 3));
	EXPECT_ERRNO(EEXIST, clone3_run(&a, 3));
	EXPECT_EQ(tid, waitpid(tid, &status, 0));
	EXPECT_EQ(3, WEXITSTATUS(status));
	EXPECT_EQ(tid, clone3_run(&a, 4));
	EXPECT_EQ(tid, waitpid(tid, &status, 0));
	EXPECT_EQ(0, setuid(1000));
	EXPECT_ERRNO(EPERM, clone3_run(&a, 3));
}

static volatile sig_atomic_t got_signal;

static void note_signal(int signo)
{
	got_signal = signo;
}

TEST(clear_sighand_keeps_only_ignored)
{
	struct clone_args a = { .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
	struct sigaction sa;
	int status;
	long pid;

	signal(SIGUSR1, note_signal);
	signal(SIGUSR2, SIG_IGN);
	pid = syscall(SYS_clone3, &a, sizeof(a));
	if (pid == 0) {
		sigaction(SIGUSR1, NULL, &sa);
		if (sa.sa_handler != SIG_DFL)
			_exit(1);
		sigaction(SIGUSR2, NULL, &sa);
		_exit(sa.sa_handler != SIG_IGN);
	}
	EXPECT_EQ(pid, waitpid((pid_t)pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(clones_with_other_exit_signals)
{
	siginfo_t info;
	int status;
	long pid;

	signal(SIGUSR1, note_signal);
	signal(SIGCHLD, SIG_IGN);
	pid = syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
	if (pid == 0)
		_exit(7);
	while (got_signal != SIGUSR1)
		sched_yield();
	/* It is no child to wait(): neither by its number nor at all. */
	EXPECT_ERRNO(ECHILD, waitpid(-1, &status, 0));
	EXPECT_ERRNO(ECHILD, waitpid((pid_t)pid, &status, 0));
	EXPECT_EQ(0, waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | __WCLONE));
	EXPECT_EQ(SIGCHLD, info.si_signo);
	EXPECT_EQ(pid, waitpid(-1, &status, __WALL));
	EXPECT_EQ(7, WEXITSTATUS(status));
	/* No signal at all; a number that is none. */
	got_signal = 0;
	for (int i = 0; i < 2; i++) {
		pid = syscall(SYS_clone, i * 100, 0, 0, 0, 0);
		if (pid == 0)
			_exit(8);
		EXPECT_EQ(pid, waitpid((pid_t)pid, &status, __WCLONE));
		EXPECT_EQ(8, WEXITSTATUS(status));
	}
	EXPECT_EQ(0, got_signal);
}

TEST(wait_checks_its_arguments)
{
	static const struct { int want, type, id, options; } row[] = {
		{ EINVAL, P_ALL, 0, 0 }, { EINVAL, P_ALL, 0, WNOHANG },
		{ EINVAL, P_ALL, 0, WEXITED | 0x100 }, { EINVAL, 77, 0, WEXITED },
		{ EINVAL, P_PID, 0, WEXITED }, { EINVAL, P_PID, -1, WEXITED },
		{ EINVAL, P_PGID, -1, WEXITED }, { ECHILD, P_PGID, 0, WEXITED },
		{ ECHILD, P_ALL, 0, WEXITED }, { ECHILD, P_PID, 1, WEXITED },
		{ EINVAL, P_PIDFD_ID, -1, WEXITED }, { EBADF, P_PIDFD_ID, 0, WEXITED },
		{ EBADF, P_PIDFD_ID, 77, WEXITED }, { ECHILD, P_ALL, 0, WSTOPPED | WNOHANG },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		long got = syscall(SYS_waitid, row[i].type, row[i].id, NULL, row[i].options, NULL);

		if (got != -1 || errno != row[i].want)
			test_fail(__FILE__, __LINE__, "row", (long)i, got == -1 ? -errno : got);
	}
	EXPECT_ERRNO(EINVAL, waitpid(-1, NULL, WEXITED));
	EXPECT_ERRNO(EINVAL, waitpid(-1, NULL, WNOWAIT));
	EXPECT_ERRNO(ESRCH, waitpid(INT_MIN, NULL, 0));
	EXPECT_ERRNO(ECHILD, waitpid(-0x3fffffff, NULL, 0));
	EXPECT_ERRNO(ECHILD, waitpid(0, NULL, WNOHANG));
}

static void *has_no_children(void *arg)
{
	int status;

	*(long *)arg = syscall(SYS_wait4, -1, &status, __WNOTHREAD, NULL);
	if (*(long *)arg < 0)
		*(long *)arg = -errno;
	return NULL;
}

static void *makes_a_child(void *arg)
{
	*(pid_t *)arg = fork();
	if (*(pid_t *)arg == 0)
		_exit(6);
	return NULL;
}

TEST(wnothread_sees_the_threads_own_children)
{
	pthread_t t;
	pid_t mine = fork(), its = 0;
	long result = 1;
	int status;

	if (mine == 0)
		_exit(5);
	EXPECT_EQ(0, pthread_create(&t, NULL, has_no_children, &result));
	EXPECT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(-ECHILD, result);
	EXPECT_EQ(mine, waitpid(-1, &status, __WNOTHREAD));
	/* Those of a thread that is gone belong to another. */
	EXPECT_EQ(0, pthread_create(&t, NULL, makes_a_child, &its));
	EXPECT_EQ(0, pthread_join(t, NULL));
	/* It has been joined, and may still be on its way out. */
	while (waitpid(-1, &status, __WNOTHREAD) != its)
		EXPECT_EQ(ECHILD, errno);
	EXPECT_EQ(6, WEXITSTATUS(status));
}

TEST(waitid_tells_of_stops_and_usage)
{
	struct rusage used;
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0) {
		struct timespec t;

		do
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
		while (t.tv_sec == 0 && t.tv_nsec < 30000000);
		raise(SIGSTOP);
		/* Not again: a stop would be the end of having continued. */
		for (;;)
			pause();
	}
	for (int i = 0; i < 2; i++) {
		memset(&used, 0, sizeof(used));
		EXPECT_EQ(0, syscall(SYS_waitid, P_PID, pid, &info, WSTOPPED | (i ? 0 : WNOWAIT),
				     &used));
		EXPECT_EQ(pid, info.si_pid);
		EXPECT_EQ(CLD_STOPPED, info.si_code);
		EXPECT_EQ(SIGSTOP, info.si_status);
		EXPECT(used.ru_utime.tv_usec + used.ru_stime.tv_usec >= 20000);
	}
	info.si_pid = 1;
	EXPECT_EQ(0, waitid(P_PID, (id_t)pid, &info, WSTOPPED | WCONTINUED | WNOHANG));
	EXPECT_EQ(0, info.si_pid);
	EXPECT_EQ(0, kill(pid, SIGCONT));
	EXPECT_EQ(0, waitid(P_PID, (id_t)pid, &info, WCONTINUED | WNOWAIT));
	EXPECT_EQ(CLD_CONTINUED, info.si_code);
	EXPECT_EQ(SIGCONT, info.si_status);
	EXPECT_EQ(0, waitid(P_PID, (id_t)pid, &info, WCONTINUED));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(0, waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED));
	EXPECT_EQ(CLD_KILLED, info.si_code);
	EXPECT_EQ(SIGKILL, info.si_status);
}

TEST(pidfd_that_does_not_block)
{
	struct epoll_event ev = { .events = EPOLLIN }, got;
	siginfo_t info;
	pid_t pid = fork();
	int fd, ep;
	char c;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, O_NONBLOCK);
	EXPECT(fd >= 0);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_ERRNO(EAGAIN, waitid(P_PIDFD_ID, (id_t)fd, &info, WEXITED));
	EXPECT_EQ(0, waitid(P_PIDFD_ID, (id_t)fd, &info, WEXITED | WNOHANG));
	EXPECT_ERRNO(EINVAL, read(fd, &c, 1));
	EXPECT_ERRNO(EINVAL, syscall(SYS_pidfd_open, pid, 1));
	EXPECT_ERRNO(EINVAL, syscall(SYS_pidfd_open, 0, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0x100));
	EXPECT_ERRNO(EINVAL, syscall(SYS_pidfd_send_signal, fd, 65, NULL, 0));
	ep = epoll_create1(0);
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
	EXPECT_EQ(0, syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
	EXPECT_EQ(1, epoll_wait(ep, &got, 1, -1));
	EXPECT_EQ(0, waitid(P_PIDFD_ID, (id_t)fd, &info, WEXITED));
	EXPECT_EQ(pid, info.si_pid);
	EXPECT_ERRNO(ECHILD, waitid(P_PIDFD_ID, (id_t)fd, &info, WEXITED));
}

TEST(pidfd_getfd_takes_a_copy)
{
	int fds[2], fd, copy, status;
	pid_t pid, watcher;
	char c;

	EXPECT_EQ(0, pipe(fds));
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	copy = (int)syscall(SYS_pidfd_getfd, fd, fds[1], 0);
	EXPECT(copy > fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(copy, F_GETFD));
	EXPECT_EQ(1, write(copy, "x", 1));
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_ERRNO(EINVAL, syscall(SYS_pidfd_getfd, fd, fds[1], 1));
	EXPECT_ERRNO(EBADF, syscall(SYS_pidfd_getfd, fd, 777, 0));
	EXPECT_ERRNO(EBADF, syscall(SYS_pidfd_getfd, 777, 0, 0));
	EXPECT_ERRNO(EBADF, syscall(SYS_pidfd_getfd, fds[0], 0, 0));
	watcher = fork();
	if (watcher == 0)
		_exit(setuid(1000) || syscall(SYS_pidfd_getfd, fd, fds[1], 0) != -1 ||
		      errno != EPERM);
	EXPECT_EQ(watcher, waitpid(watcher, &status, 0));
	EXPECT_EQ(0, status);
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_ERRNO(ESRCH, syscall(SYS_pidfd_getfd, fd, fds[1], 0));
}

TEST(unshare_of_what_is_not_shared)
{
	EXPECT_ERRNO(EINVAL, syscall(SYS_unshare, 1));
	EXPECT_EQ(0, unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
	EXPECT_EQ(0, unshare(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM));
}
