/* SPDX-License-Identifier: MIT */
/*
 * Tasks beyond fork and exec: clone3, pidfds, robust futexes, timers, stopped threads, orphaned
 * groups, set-uid programs, credentials, limits.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define P_PIDFD_ID 3
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- clone3 and pidfds ---- */

TEST(clone3_makes_a_child_with_a_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD,
	};
	struct pollfd p = { .events = POLLIN };
	siginfo_t info;
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0) {
		sleep_ms(100);
		_exit(5);
	}
	EXPECT(pid > 0);
	EXPECT(pidfd >= 0);
	EXPECT_EQ(FD_CLOEXEC, fcntl(pidfd, F_GETFD));
	p.fd = pidfd;
	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_EQ(1, poll(&p, 1, 10000));
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

/* ---- robust futexes ---- */

static pthread_mutex_t robust;

static void *die_with_lock(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&robust);
	return NULL;
}

TEST(a_dead_owner_leaves_its_lock)
{
	pthread_mutexattr_t attr;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	EXPECT_EQ(0, pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST));
	EXPECT_EQ(0, pthread_mutex_init(&robust, &attr));
	EXPECT_EQ(0, pthread_create(&t, NULL, die_with_lock, NULL));
	EXPECT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(EOWNERDEAD, pthread_mutex_lock(&robust));
	EXPECT_EQ(0, pthread_mutex_consistent(&robust));
	EXPECT_EQ(0, pthread_mutex_unlock(&robust));
	EXPECT_EQ(0, pthread_mutex_lock(&robust));
}

static uint32_t word, word2;

static long futex(uint32_t *addr, int op, uint32_t val, uintptr_t val2, uint32_t *addr2,
		  uint32_t val3)
{
	return syscall(SYS_futex, addr, op, val, val2, addr2, val3);
}

static void *wait_on_word(void *result)
{
	*(long *)result = futex(&word, FUTEX_WAIT_PRIVATE, 0, 0, NULL, 0);
	return NULL;
}

TEST(requeue_moves_waiters)
{
	pthread_t t[3];
	long result[3] = { -2, -2, -2 };

	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, pthread_create(&t[i], NULL, wait_on_word, &result[i]));
	sleep_ms(100);
	EXPECT_ERRNO(EAGAIN, futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, INT_MAX, &word2, 1));
	EXPECT_EQ(3, futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, INT_MAX, &word2, 0));
	EXPECT_EQ(0, futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0));
	sleep_ms(50);
	EXPECT_EQ(2, futex(&word2, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, pthread_join(t[i], NULL));
		EXPECT_EQ(0, result[i]);
	}
}

TEST(wake_op_changes_the_second_word)
{
	pthread_t t;
	long result = -2;

	word2 = 7;
	EXPECT_EQ(0, pthread_create(&t, NULL, wait_on_word, &result));
	sleep_ms(100);
	/* word2 += 5; wake one of word; if it was 7, one of word2 too. */
	EXPECT_EQ(1, futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &word2,
			   FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 7)));
	EXPECT_EQ(12, word2);
	EXPECT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(0, result);
}

TEST(bitset_wakes_only_its_waiters)
{
	struct timespec soon;

	clock_gettime(CLOCK_MONOTONIC, &soon);
	soon.tv_nsec += 50000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	EXPECT_ERRNO(ETIMEDOUT, futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, (uintptr_t)&soon, NULL,
				      1));
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, 0, NULL, 0));
	EXPECT_ERRNO(EINVAL, futex((uint32_t *)((char *)&word + 1), FUTEX_WAKE, 1, 0, NULL, 0));
}

/* ---- stopping ---- */

static volatile long counter;

static void *count(void *arg)
{
	(void)arg;
	for (;;)
		counter++;
	return NULL;
}

static int count_in_shared(void)
{
	pthread_t t;

	pthread_create(&t, NULL, count, NULL);
	for (;;)
		pause();
}

TEST(stop_stops_every_thread)
{
	pid_t pid = fork();
	struct rusage used;
	int status;

	if (pid == 0)
		_exit(count_in_shared());
	sleep_ms(100);
	EXPECT_EQ(0, kill(pid, SIGSTOP));
	EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT(WIFSTOPPED(status));
	EXPECT_EQ(SIGSTOP, WSTOPSIG(status));
	EXPECT_EQ(0, waitpid(pid, &status, WUNTRACED | WNOHANG));
	/* Killing works while it is stopped; CONT is not needed. */
	EXPECT_EQ(0, kill(pid, SIGTERM));
	sleep_ms(50);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	getrusage(RUSAGE_CHILDREN, &used);
	EXPECT(used.ru_utime.tv_sec || used.ru_utime.tv_usec > 10000);
}

/* Child: a group of its own with a stopped member, then it dies; the member is orphaned. */
TEST(an_orphaned_stopped_group_is_hung_up)
{
	int fds[2];
	char c = 0;
	pid_t leader;

	EXPECT_EQ(0, pipe(fds));
	leader = fork();
	if (leader == 0) {
		pid_t member;
		int status;

		setsid();
		member = fork();
		if (member == 0) {
			sigset_t set;
			int sig = 0;

			setpgid(0, 0);
			sigemptyset(&set);
			sigaddset(&set, SIGHUP);
			sigprocmask(SIG_BLOCK, &set, NULL);
			raise(SIGSTOP);
			sigwait(&set, &sig);
			c = (char)sig;
			_exit(write(fds[1], &c, 1) == 1 ? 0 : 1);
		}
		waitpid(member, &status, WUNTRACED);
		_exit(0);
	}
	close(fds[1]);
	EXPECT_EQ(leader, waitpid(leader, NULL, 0));
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(SIGHUP, c);
}

TEST(a_subreaper_gets_orphans)
{
	int status, n = 0;
	pid_t pid;

	EXPECT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			sleep_ms(100);
			_exit(9);
		}
		_exit(3);
	}
	while (waitpid(-1, &status, 0) > 0)
		n += WEXITSTATUS(status);
	EXPECT_EQ(12, n);
	EXPECT_EQ(ECHILD, errno);
}

TEST(parent_death_signal)
{
	int fds[2];
	char c = 0;
	pid_t pid;

	EXPECT_EQ(0, pipe(fds));
	pid = fork();
	if (pid == 0) {
		pid_t parent = getpid();

		if (fork() == 0) {
			sigset_t set;
			int sig;

			sigemptyset(&set);
			sigaddset(&set, SIGUSR1);
			sigprocmask(SIG_BLOCK, &set, NULL);
			prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
			if (getppid() != parent)
				_exit(1);
			c = 'r';
			if (write(fds[1], &c, 1) != 1)
				_exit(1);
			sigwait(&set, &sig);
			c = (char)sig;
			_exit(write(fds[1], &c, 1) != 1);
		}
		sleep_ms(200);
		_exit(0);
	}
	close(fds[1]);
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ('r', c);
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(SIGUSR1, c);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

/* ---- timers and signal descriptors ---- */

TEST(periodic_timerfd_counts_and_polls)
{
	struct itimerspec its = { { 0, 20000000 }, { 0, 20000000 } }, left;
	struct epoll_event ev = { .events = EPOLLIN }, got;
	int ep = epoll_create1(0), fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t n = 0;

	EXPECT(ep >= 0);
	EXPECT(fd >= 0);
	EXPECT_ERRNO(EAGAIN, read(fd, &n, sizeof(n)));
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
	EXPECT_EQ(0, timerfd_settime(fd, 0, &its, NULL));
	EXPECT_EQ(1, epoll_wait(ep, &got, 1, 5000));
	sleep_ms(110);
	EXPECT_EQ(8, read(fd, &n, sizeof(n)));
	EXPECT(n >= 5 && n < 100);
	EXPECT_EQ(0, timerfd_gettime(fd, &left));
	EXPECT_EQ(20000000, left.it_interval.tv_nsec);
	EXPECT(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 20000000);
	memset(&its, 0, sizeof(its));
	EXPECT_EQ(0, timerfd_settime(fd, 0, &its, NULL));
	EXPECT_ERRNO(EINVAL, read(fd, &n, 4));
}

TEST(signalfd_is_polled)
{
	struct signalfd_siginfo si;
	struct epoll_event ev = { .events = EPOLLIN }, got;
	sigset_t set;
	int fd, ep = epoll_create1(0);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	EXPECT(fd >= 0);
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
	EXPECT_ERRNO(EAGAIN, read(fd, &si, sizeof(si)));
	EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 77 }));
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	EXPECT_EQ(1, epoll_wait(ep, &got, 1, 1000));
	EXPECT_EQ(sizeof(si), read(fd, &si, sizeof(si)));
	EXPECT_EQ(SIGUSR1, si.ssi_signo);
	EXPECT_EQ(getpid(), si.ssi_pid);
	EXPECT_EQ(sizeof(si), read(fd, &si, sizeof(si)));
	EXPECT_EQ(SIGRTMIN, si.ssi_signo);
	EXPECT_EQ(77, si.ssi_int);
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
}

static volatile sig_atomic_t timer_hits, timer_value;

static void on_timer(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)uc;
	timer_hits++;
	timer_value = info->si_value.sival_int;
}

TEST(posix_timers_repeat_and_count_overruns)
{
	struct sigaction sa = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct itimerspec its = { { 0, 10000000 }, { 0, 10000000 } }, old;
	sigset_t set;
	timer_t t;
	long end;

	ev.sigev_value.sival_int = 4321;
	sigaction(SIGUSR2, &sa, NULL);
	EXPECT_EQ(0, timer_create(CLOCK_MONOTONIC, &ev, &t));
	EXPECT_EQ(0, timer_settime(t, 0, &its, NULL));
	end = now_ms() + 5000;
	while (timer_hits < 3 && now_ms() < end)
		pause();
	EXPECT(timer_hits >= 3);
	EXPECT_EQ(4321, timer_value);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sleep_ms(100);
	timer_hits = 0;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	EXPECT(timer_hits >= 1);
	EXPECT(timer_getoverrun(t) >= 3);
	memset(&its, 0, sizeof(its));
	EXPECT_EQ(0, timer_settime(t, 0, &its, &old));
	EXPECT_EQ(10000000, old.it_interval.tv_nsec);
	EXPECT_EQ(0, timer_gettime(t, &old));
	EXPECT_EQ(0, old.it_value.tv_nsec);
	EXPECT_EQ(0, timer_delete(t));
}

TEST(interval_timer_is_not_inherited)
{
	struct itimerval it = { { 0, 0 }, { 10, 0 } }, got;
	int status;
	pid_t pid;

	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	pid = fork();
	if (pid == 0) {
		getitimer(ITIMER_REAL, &got);
		_exit(got.it_value.tv_sec || got.it_value.tv_usec);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(10, alarm(0));
	EXPECT_EQ(0, alarm(0));
}

/* ---- credentials ---- */

static int become_user(void *arg)
{
	uid_t r, e, s;

	(void)arg;
	if (setgid(100) || setuid(1000))
		return 1;
	if (getresuid(&r, &e, &s) || r != 1000 || e != 1000 || s != 1000)
		return 2;
	if (setuid(0) == 0 || errno != EPERM)
		return 3;
	if (kill(1, 0) == 0 || errno != EPERM)
		return 4;
	if (setpriority(PRIO_PROCESS, 0, -5) == 0)
		return 5;
	return 0;
}

TEST(a_user_is_no_root)
{
	int status;

	if (geteuid() != 0)
		return;
	status = test_in_child(become_user, NULL);
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

static int switch_there_and_back(void *arg)
{
	(void)arg;
	if (setresuid(1000, 1001, 0))
		return 1;
	if (getuid() != 1000 || geteuid() != 1001)
		return 2;
	if (seteuid(0))
		return 3;
	if (setreuid(-1, 1000) || geteuid() != 1000)
		return 4;
	return 0;
}

TEST(saved_id_leads_back)
{
	int status;

	if (geteuid() != 0)
		return;
	status = test_in_child(switch_there_and_back, NULL);
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

static int run_as_user(void *path)
{
	char *argv[] = { path, "set_uid_child", NULL }, *envp[] = { NULL };

	if (setgid(100) || setuid(1000))
		return 99;
	/* Its line is not one of ours. */
	close(STDOUT_FILENO);
	open("/dev/null", O_WRONLY);
	execve(path, argv, envp);
	return 98;
}

/* Run by the next test: through a set-uid file it is root in effect, by uid 1000. */
TEST(set_uid_child)
{
	if (getuid() != 1000)
		return;
	EXPECT_EQ(0, geteuid());
	EXPECT_EQ(100, getgid());
	EXPECT_EQ(0, setuid(0));
	EXPECT_EQ(0, getuid());
}

static void copy_self(const char *to, mode_t mode)
{
	static char buf[65536];
	int in = open("/proc/self/exe", O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0700);
	ssize_t n;

	EXPECT(in >= 0);
	EXPECT(out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		EXPECT_EQ(n, write(out, buf, (size_t)n));
	EXPECT_EQ(0, fchmod(out, mode));
	close(in);
	close(out);
}

TEST(a_set_uid_file_gives_its_owners_rights)
{
	int status;

	if (geteuid() != 0)
		return;
	test_chdir_scratch_in("/var/tmp");
	EXPECT_EQ(0, chmod(".", 0755));
	copy_self("suid", 04755);
	status = test_in_child(run_as_user, "./suid");
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST(limits_are_kept)
{
	struct rlimit r, set = { 100, 200 };
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		if (setrlimit(RLIMIT_NOFILE, &set) || getrlimit(RLIMIT_NOFILE, &r) ||
		    r.rlim_cur != 100 || r.rlim_max != 200)
			_exit(1);
		if (dup2(0, 100) >= 0 || errno != EBADF)
			_exit(2);
		set.rlim_cur = 300;
		if (setrlimit(RLIMIT_NOFILE, &set) == 0 || errno != EINVAL)
			_exit(3);
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_ERRNO(EINVAL, getrlimit(100, &r));
}

TEST(prctl_answers)
{
	int sig = -1;

	EXPECT_EQ(0, prctl(PR_GET_PDEATHSIG, &sig));
	EXPECT_EQ(0, sig);
	EXPECT_EQ(1, prctl(PR_CAPBSET_READ, 0));
	EXPECT_ERRNO(EINVAL, prctl(PR_CAPBSET_READ, 500));
	EXPECT_EQ(0, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	EXPECT_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_EQ(1, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, prctl(12345, 0, 0, 0, 0));
}

TEST(nice_is_inherited)
{
	int status;
	pid_t pid;

	EXPECT_EQ(0, setpriority(PRIO_PROCESS, 0, 5));
	EXPECT_EQ(5, getpriority(PRIO_PROCESS, 0));
	pid = fork();
	if (pid == 0)
		_exit(getpriority(PRIO_PROCESS, 0));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(5, WEXITSTATUS(status));
}

/* ---- many at once ---- */

static void *exit_soon(void *arg)
{
	sleep_ms((long)(intptr_t)arg);
	return NULL;
}

TEST(threads_die_with_exec_and_exit)
{
	char *argv[] = { "true", NULL }, *envp[] = { NULL };
	int status;

	for (int round = 0; round < 20; round++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t t[4];

			for (int i = 0; i < 4; i++)
				pthread_create(&t[i], NULL, exit_soon, (void *)(intptr_t)(i * 3));
			if (round & 1)
				_exit(7);
			execve("/bin/true", argv, envp);
			_exit(8);
		}
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT(WIFEXITED(status));
		EXPECT_EQ(round & 1 ? 7 : 0, WEXITSTATUS(status));
	}
}

static volatile sig_atomic_t storm;

static void on_storm(int sig)
{
	(void)sig;
	storm++;
}

TEST(a_storm_of_signals_loses_no_realtime_one)
{
	struct sigaction sa = { .sa_handler = on_storm };
	pid_t parent = getpid();
	sigset_t set, old;
	int status, sent = 0;

	sigaction(SIGRTMIN + 1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int k = 0; k < 200; k++)
				while (sigqueue(parent, SIGRTMIN + 1,
						(union sigval){ .sival_int = k }) < 0)
					sched_yield();
			_exit(0);
		}
	sigprocmask(SIG_BLOCK, &set, &old);
	while (sent < 4) {
		pid_t pid = waitpid(-1, &status, 0);

		if (pid < 0 && errno == EINTR)
			continue;
		EXPECT(pid > 0);
		sent++;
	}
	EXPECT_EQ(800, storm);
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
		sleep_ms(1);
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

/* ---- scheduling ---- */

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

TEST(sched_calls_check_their_arguments)
{
	struct sched_param zero = { 0 }, five = { .sched_priority = 5 };
	struct sched_param many = { .sched_priority = 100 };
	struct attr attr = { .size = 3 };
	struct timespec ts;
	unsigned long mask = 0;
	const struct { int want; long call, a, b, c, d; } row[] = {
		{ EINVAL, SYS_sched_setscheduler, 0, -1, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, 4, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, 99, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, -1, SCHED_OTHER, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, SCHED_OTHER, 0, 0 },
		{ EFAULT, SYS_sched_setscheduler, 0, SCHED_OTHER, 8, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, SCHED_OTHER, (long)&five, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, SCHED_FIFO, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, SCHED_FIFO, (long)&many, 0 },
		{ ESRCH, SYS_sched_setscheduler, 0x3ffffff, SCHED_OTHER, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setparam, 0, 0, 0, 0 },
		{ EINVAL, SYS_sched_setparam, -1, (long)&zero, 0, 0 },
		{ EINVAL, SYS_sched_setparam, 0, (long)&five, 0, 0 },
		{ EINVAL, SYS_sched_getparam, 0, 0, 0, 0 },
		{ ESRCH, SYS_sched_getparam, 0x3ffffff, (long)&zero, 0, 0 },
		{ EINVAL, SYS_sched_getscheduler, -1, 0, 0, 0 },
		{ ESRCH, SYS_sched_getscheduler, 0x3ffffff, 0, 0, 0 },
		{ EINVAL, SYS_sched_get_priority_max, 4, 0, 0, 0 },
		{ EINVAL, SYS_sched_get_priority_min, -1, 0, 0, 0 },
		{ EINVAL, SYS_sched_rr_get_interval, -1, (long)&ts, 0, 0 },
		{ EFAULT, SYS_sched_rr_get_interval, 0, 8, 0, 0 },
		{ EINVAL, SYS_sched_getaffinity, 0, 4, (long)&mask, 0 },
		{ EINVAL, SYS_sched_getaffinity, 0, 9, (long)&mask, 0 },
		{ ESRCH, SYS_sched_getaffinity, 0x3ffffff, 8, (long)&mask, 0 },
		{ EINVAL, SYS_sched_setaffinity, 0, 8, (long)&mask, 0 },
		{ EFAULT, SYS_sched_setaffinity, 0, 8, 8, 0 },
		{ ESRCH, SYS_sched_setaffinity, -1, 8, (long)&mask, 0 },
		{ EINVAL, SYS_sched_setattr, 0, 0, 0, 0 },
		{ EINVAL, SYS_sched_setattr, 0, (long)&attr, 1, 0 },
		{ EINVAL, SYS_sched_setattr, -1, (long)&attr, 0, 0 },
		{ E2BIG, SYS_sched_setattr, 0, (long)&attr, 0, 0 },
		{ EINVAL, SYS_sched_getattr, 0, (long)&attr, 47, 0 },
		{ EINVAL, SYS_sched_getattr, 0, (long)&attr, 4097, 0 },
		{ EINVAL, SYS_sched_getattr, 0, (long)&attr, 56, 1 },
		{ ESRCH, SYS_sched_getattr, 0x3ffffff, (long)&attr, 56, 0 },
		{ EINVAL, SYS_setpriority, 3, 0, 0, 0 },
		{ EINVAL, SYS_getpriority, -1, 0, 0, 0 },
		{ ESRCH, SYS_setpriority, PRIO_PROCESS, 0x3ffffff, 0, 0 },
		{ ESRCH, SYS_getpriority, PRIO_PGRP, 0x3ffffff, 0, 0 },
		{ ESRCH, SYS_getpriority, PRIO_USER, 54321, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		long got = syscall(row[i].call, row[i].a, row[i].b, row[i].c, row[i].d);

		if (got != -1 || errno != row[i].want)
			test_fail(__FILE__, __LINE__, "row", (long)i, got == -1 ? -errno : got);
		if (row[i].want == E2BIG)
			EXPECT(attr.size >= 56);
	}
}

static int reports_policy(void *arg)
{
	(void)arg;
	return (int)syscall(SYS_sched_getscheduler, 0) * 10 +
	       (getpriority(PRIO_PROCESS, 0) == 0);
}

TEST(sched_attributes)
{
	struct attr attr = { .size = sizeof(attr), .policy = SCHED_BATCH, .nice = 7 }, got;
	struct timespec ts;

	EXPECT_EQ(0, syscall(SYS_sched_setattr, 0, &attr, 0));
	memset(&got, 0xff, sizeof(got));
	EXPECT_EQ(0, syscall(SYS_sched_getattr, 0, &got, sizeof(got), 0));
	EXPECT_EQ(56, got.size);
	EXPECT_EQ(SCHED_BATCH, got.policy);
	EXPECT_EQ(7, got.nice);
	EXPECT_EQ(0, got.priority);
	EXPECT_EQ(7, getpriority(PRIO_PROCESS, 0));
	/* An old program's size; nice is brought into its range. */
	attr = (struct attr){ .size = 0, .policy = SCHED_OTHER, .nice = 100 };
	EXPECT_EQ(0, syscall(SYS_sched_setattr, 0, &attr, 0));
	EXPECT_EQ(19, getpriority(PRIO_PROCESS, 0));
	got.util_min = 77;
	EXPECT_EQ(0, syscall(SYS_sched_getattr, 0, &got, 48, 0));
	EXPECT_EQ(48, got.size);
	EXPECT_EQ(77, got.util_min);
	attr = (struct attr){ .size = 48, .policy = SCHED_RR, .priority = 9, .flags = 1 };
	EXPECT_EQ(0, syscall(SYS_sched_setattr, 0, &attr, 0));
	EXPECT_EQ(SCHED_RR | SCHED_RESET_ON_FORK, syscall(SYS_sched_getscheduler, 0));
	EXPECT_EQ(0, syscall(SYS_sched_getattr, 0, &got, 48, 0));
	EXPECT_EQ(9, got.priority);
	EXPECT_EQ(1, got.flags);
	EXPECT_EQ(0, syscall(SYS_sched_rr_get_interval, 0, &ts));
	EXPECT_EQ(100000000, ts.tv_nsec);
	/* Children begin as if nothing had been set. */
	EXPECT_EQ(1, WEXITSTATUS(test_in_child(reports_policy, NULL)));
	/* Keep policy and parameters, and with them the flag. */
	attr = (struct attr){ .size = 48, .policy = SCHED_OTHER, .flags = 0x18 };
	EXPECT_EQ(0, syscall(SYS_sched_setattr, 0, &attr, 0));
	EXPECT_EQ(SCHED_RR | SCHED_RESET_ON_FORK, syscall(SYS_sched_getscheduler, 0));
	EXPECT_EQ(0, syscall(SYS_sched_setscheduler, 0, SCHED_RR,
			     &(struct sched_param){ .sched_priority = 9 }));
	EXPECT_EQ(SCHED_RR * 10, WEXITSTATUS(test_in_child(reports_policy, NULL)) / 10 * 10);
	attr.flags = 1 << 20;
	EXPECT_ERRNO(EINVAL, syscall(SYS_sched_setattr, 0, &attr, 0));
	attr = (struct attr){ .size = 48, .policy = SCHED_FIFO };
	EXPECT_ERRNO(EINVAL, syscall(SYS_sched_setattr, 0, &attr, 0));
}

TEST(io_priorities)
{
	enum { WHO_PROCESS = 1, WHO_GROUP = 2, BEST_EFFORT = 2 << 13, IDLE = 3 << 13 };

	EXPECT_EQ(0, syscall(SYS_ioprio_set, WHO_PROCESS, 0, BEST_EFFORT | 5));
	EXPECT_EQ(BEST_EFFORT | 5, syscall(SYS_ioprio_get, WHO_PROCESS, 0));
	EXPECT_EQ(0, syscall(SYS_ioprio_set, WHO_PROCESS, 0, IDLE));
	EXPECT_EQ(IDLE, syscall(SYS_ioprio_get, WHO_PROCESS, getpid()));
	EXPECT_EQ(0, syscall(SYS_ioprio_set, WHO_GROUP, 0, BEST_EFFORT | 1));
	EXPECT_EQ(BEST_EFFORT | 1, syscall(SYS_ioprio_get, WHO_PROCESS, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_ioprio_set, 9, 0, IDLE));
	EXPECT_ERRNO(EINVAL, syscall(SYS_ioprio_get, 9, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_ioprio_set, WHO_PROCESS, 0, 5 << 13));
	EXPECT_ERRNO(ESRCH, syscall(SYS_ioprio_set, WHO_PROCESS, 0x3ffffff, IDLE));
	EXPECT_ERRNO(ESRCH, syscall(SYS_ioprio_get, WHO_PROCESS, 0x3ffffff));
}

static int reports_persona(void *arg)
{
	(void)arg;
	return syscall(SYS_personality, 0xffffffff) == 0x0040000 ? 3 : 4;
}

TEST(personality_is_kept_and_inherited)
{
	EXPECT_EQ(0, syscall(SYS_personality, 0xffffffff));
	EXPECT_EQ(0, syscall(SYS_personality, 0x0040000));      /* ADDR_NO_RANDOMIZE */
	EXPECT_EQ(0x0040000, syscall(SYS_personality, 0xffffffff));
	EXPECT_EQ(3, WEXITSTATUS(test_in_child(reports_persona, NULL)));
	EXPECT_EQ(0x0040000, syscall(SYS_personality, 0));
}
