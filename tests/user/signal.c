/* SPDX-License-Identifier: MIT */
/* Signals: sending, masks, handlers, queues, restart. */
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count, last_signo, last_code, last_value, order[64];
static volatile void *last_addr;

static void on_signal(int signo)
{
	last_signo = signo;
	count++;
}

static void on_info(int signo, siginfo_t *si, void *uc)
{
	(void)uc;
	if (count < 64)
		order[count] = si->si_value.sival_int;
	count++;
	last_signo = signo;
	last_code = si->si_code;
	last_value = si->si_value.sival_int;
	last_addr = si->si_addr;
}

static void set_action(int signo, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	EXPECT_EQ(0, sigaction(signo, &sa, NULL));
}

TEST(handler_runs_and_returns)
{
	signal(SIGUSR1, on_signal);
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(1, count);
	EXPECT_EQ(SIGUSR1, last_signo);
}

TEST(blocked_signal_waits_and_coalesces)
{
	sigset_t set;

	signal(SIGUSR1, on_signal);
	test_block(SIGUSR1);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(0, count);
	EXPECT_EQ(0, sigpending(&set));
	EXPECT_EQ(1, sigismember(&set, SIGUSR1));
	test_unblock(SIGUSR1);
	EXPECT_EQ(1, count);
}

TEST(realtime_signals_queue_in_order)
{
	union sigval v;

	set_action(SIGRTMIN + 3, on_info, 0);
	test_block(SIGRTMIN + 3);
	for (int i = 0; i < 20; i++) {
		v.sival_int = i * 3;
		EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN + 3, v));
	}
	test_unblock(SIGRTMIN + 3);
	EXPECT_EQ(20, count);
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(i * 3, order[i]);
	EXPECT_EQ(SI_QUEUE, last_code);
}

TEST(lower_realtime_number_comes_first)
{
	union sigval v;

	set_action(SIGRTMIN + 1, on_info, 0);
	set_action(SIGRTMIN + 5, on_info, 0);
	test_block(SIGRTMIN + 1);
	test_block(SIGRTMIN + 5);
	v.sival_int = 5;
	EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN + 5, v));
	v.sival_int = 1;
	EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN + 1, v));
	sigset_t set;
	sigfillset(&set);
	EXPECT_EQ(0, sigprocmask(SIG_UNBLOCK, &set, NULL));
	EXPECT_EQ(2, count);
	/* Both frames are pushed before either runs: the last pushed, the higher, runs first. */
	EXPECT_EQ(6, order[0] + order[1]);
}

TEST(siginfo_names_the_sender)
{
	struct sigaction sa;

	set_action(SIGUSR1, on_info, 0);
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	EXPECT_EQ(SI_USER, last_code);
	EXPECT_EQ(0, sigaction(SIGUSR1, NULL, &sa));
	EXPECT(sa.sa_sigaction == on_info);
}

TEST(kill_errors)
{
	EXPECT_ERRNO(EINVAL, kill(getpid(), 65));
	EXPECT_ERRNO(EINVAL, kill(getpid(), -1));
	EXPECT_ERRNO(ESRCH, kill(0x3fffffff, SIGTERM));
	EXPECT_EQ(0, kill(getpid(), 0));
	EXPECT_EQ(0, kill(0, 0));
	EXPECT_EQ(0, kill(-getpgrp(), 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_tgkill, -1, getpid(), SIGUSR1));
	EXPECT_ERRNO(ESRCH, syscall(SYS_tgkill, getpid(), 0x3fffffff, 0));
}

TEST(kill_group_reaches_all_of_it)
{
	int ready[2], status, killed = 0;

	EXPECT_EQ(0, pipe(ready));
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			if (write(ready[1], "r", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
	}
	for (int i = 0; i < 3; i++) {
		char c;

		EXPECT_EQ(1, read(ready[0], &c, 1));
	}
	signal(SIGUSR1, SIG_IGN);
	EXPECT_EQ(0, kill(-getpgrp(), SIGUSR1));
	while (waitpid(-1, &status, 0) > 0)
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1;
	EXPECT_EQ(3, killed);
}

TEST(sigaction_errors)
{
	struct sigaction sa = { .sa_handler = on_signal };

	EXPECT_ERRNO(EINVAL, sigaction(SIGKILL, &sa, NULL));
	EXPECT_ERRNO(EINVAL, sigaction(SIGSTOP, &sa, NULL));
	EXPECT_ERRNO(EINVAL, sigaction(0, &sa, NULL));
	EXPECT_ERRNO(EINVAL, syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
	EXPECT_ERRNO(EINVAL, syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
	EXPECT_ERRNO(EFAULT, syscall(SYS_rt_sigaction, SIGUSR1, (void *)1, NULL, 8));
	EXPECT_ERRNO(EINVAL, syscall(SYS_rt_sigprocmask, 77, &sa, NULL, 8));
}

static void on_nested(int signo)
{
	last_signo = signo;
	count++;
	if (count < 3)
		raise(signo);
	last_value = (int)count;
}

TEST(nodefer_lets_it_nest)
{
	struct sigaction sa = { .sa_handler = on_nested, .sa_flags = SA_NODEFER };

	EXPECT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(3, count);
}

static volatile sig_atomic_t depth, max_depth;

static void on_deferred(int signo)
{
	depth++;
	if (depth > max_depth)
		max_depth = depth;
	count++;
	if (count < 3)
		raise(signo);
	depth--;
}

TEST(own_signal_is_blocked_in_its_handler)
{
	signal(SIGUSR1, on_deferred);
	raise(SIGUSR1);
	EXPECT_EQ(3, count);
	EXPECT_EQ(1, max_depth);
}

TEST(resethand_runs_once)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	EXPECT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(1, count);
	EXPECT_EQ(0, sigaction(SIGUSR1, NULL, &sa));
	EXPECT(sa.sa_handler == SIG_DFL);
}

static void on_check_mask(int signo)
{
	sigset_t set;

	(void)signo;
	sigprocmask(SIG_SETMASK, NULL, &set);
	last_value = sigismember(&set, SIGUSR2);
}

TEST(sa_mask_holds_during_the_handler)
{
	struct sigaction sa = { .sa_handler = on_check_mask };
	sigset_t set;

	sigaddset(&sa.sa_mask, SIGUSR2);
	EXPECT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(1, last_value);
	EXPECT_EQ(0, sigprocmask(SIG_SETMASK, NULL, &set));
	EXPECT_EQ(0, sigismember(&set, SIGUSR2));
}

/* Again and again: the first may come before the call that it is to interrupt. */
static void start_timer(int ms)
{
	struct itimerval it = { { 0, ms * 1000 }, { 0, ms * 1000 } };

	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
}

TEST(sigsuspend_waits_and_restores_the_mask)
{
	sigset_t none, now;

	signal(SIGALRM, on_signal);
	test_block(SIGALRM);
	start_timer(20);
	sigemptyset(&none);
	EXPECT_ERRNO(EINTR, sigsuspend(&none));
	EXPECT_EQ(1, count);
	EXPECT_EQ(0, sigprocmask(SIG_SETMASK, NULL, &now));
	EXPECT_EQ(1, sigismember(&now, SIGALRM));
}

TEST(pause_ends_with_eintr)
{
	signal(SIGALRM, on_signal);
	start_timer(20);
	EXPECT_ERRNO(EINTR, pause());
	EXPECT_EQ(SIGALRM, last_signo);
}

TEST(read_is_interrupted_or_restarted)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int fds[2], before;
	char c;

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	start_timer(20);
	EXPECT_ERRNO(EINTR, read(fds[0], &c, 1));

	sa.sa_flags = SA_RESTART;
	EXPECT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	if (fork() == 0) {
		usleep(100 * 1000);
		_exit(write(fds[1], "x", 1) != 1);
	}
	before = count;
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ('x', c);
	EXPECT(count > before);
}

static long long nsec(const struct timespec *t)
{
	return t->tv_sec * 1000000000LL + t->tv_nsec;
}

TEST(nanosleep_reports_the_remainder)
{
	struct timespec want = { .tv_sec = 5 }, left = { 0, 0 }, start, end;

	signal(SIGALRM, on_signal);
	start_timer(30);
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_ERRNO(EINTR, nanosleep(&want, &left));
	clock_gettime(CLOCK_MONOTONIC, &end);
	EXPECT(nsec(&left) < nsec(&want));
	EXPECT(nsec(&left) >= nsec(&want) - (nsec(&end) - nsec(&start)));
}

TEST(sigtimedwait_takes_a_pending_one)
{
	struct timespec zero = { 0, 0 }, brief = { .tv_nsec = 20 * 1000 * 1000 };
	sigset_t set;
	siginfo_t si;

	test_block(SIGUSR1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	EXPECT_ERRNO(EAGAIN, sigtimedwait(&set, &si, &zero));
	EXPECT_ERRNO(EAGAIN, sigtimedwait(&set, &si, &brief));
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(SIGUSR1, sigtimedwait(&set, &si, &brief));
	EXPECT_EQ(getpid(), si.si_pid);
}

TEST(signalfd_reads_signals)
{
	struct signalfd_siginfo si;
	sigset_t set;
	int fd;

	test_block(SIGUSR2);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	EXPECT(fd >= 0);
	EXPECT_ERRNO(EAGAIN, read(fd, &si, sizeof(si)));
	kill(getpid(), SIGUSR2);
	EXPECT_EQ(sizeof(si), read(fd, &si, sizeof(si)));
	EXPECT_EQ(SIGUSR2, si.ssi_signo);
	EXPECT_EQ(getpid(), si.ssi_pid);
	EXPECT_ERRNO(EINVAL, read(fd, &si, 4));
}

TEST(pending_is_not_inherited_handlers_are)
{
	int status;
	pid_t pid;

	signal(SIGUSR1, on_signal);
	test_block(SIGUSR1);
	raise(SIGUSR1);
	pid = fork();
	if (pid == 0) {
		sigset_t set;

		sigpending(&set);
		if (sigismember(&set, SIGUSR1))
			_exit(1);
		test_unblock(SIGUSR1);
		if (count != 0)
			_exit(2);
		raise(SIGUSR1);
		_exit(count == 1 ? 0 : 3);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(sigchld_comes_with_the_status)
{
	siginfo_t si;
	sigset_t set;
	pid_t pid;

	test_block(SIGCHLD);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pid = fork();
	if (pid == 0)
		_exit(33);
	EXPECT_EQ(SIGCHLD, sigwaitinfo(&set, &si));
	EXPECT_EQ(CLD_EXITED, si.si_code);
	EXPECT_EQ(pid, si.si_pid);
	EXPECT_EQ(33, si.si_status);
}

TEST(ignored_sigchld_leaves_no_zombie)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (pid == 0)
		_exit(1);
	EXPECT_ERRNO(ECHILD, waitpid(pid, NULL, 0));
}

/* ---- registers ---- */

static void on_clobber(int signo)
{
	volatile double x = 3.25;
	volatile long many[64];

	(void)signo;
	for (int i = 0; i < 64; i++) {
		x = x * 1.5 + i;
		many[i] = (long)x ^ i;
	}
	count = many[5] != 12345;
}

TEST(registers_survive_a_signal)
{
	unsigned long sum = 0, want = 0;
	double f = 1.0, g = 1.0;

	signal(SIGALRM, on_clobber);
	for (int round = 0; round < 5; round++) {
		count = 0;
		start_timer(5);
		sum = want = 0;
		f = g = 1.0;
		for (unsigned long i = 1; !count; i++) {
			unsigned long a = i * 3, b = i ^ 0x55, c = i + 7;
			double d = (double)i * 0.5;

			sum += a * b - c;
			want += (i * 3) * (i ^ 0x55) - (i + 7);
			f = f * 0.999 + d;
			g = g * 0.999 + (double)i * 0.5;
		}
		EXPECT_EQ(want, sum);
		EXPECT(f == g);
	}
}

TEST(alarm_and_setitimer_count_down)
{
	struct itimerval it = { .it_value.tv_sec = 10 }, old;

	EXPECT_EQ(0, alarm(100));
	EXPECT_EQ(100, alarm(0));
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	EXPECT_EQ(0, getitimer(ITIMER_REAL, &old));
	EXPECT(old.it_value.tv_sec == 9 || old.it_value.tv_sec == 10);
	EXPECT_ERRNO(EINVAL, setitimer(99, &it, NULL));
	it.it_value.tv_usec = 1000000;
	EXPECT_ERRNO(EINVAL, setitimer(ITIMER_REAL, &it, NULL));
}

TEST(interval_timer_repeats)
{
	struct itimerval it = { .it_value.tv_usec = 5000, .it_interval.tv_usec = 5000 };

	signal(SIGALRM, on_signal);
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	while (count < 4)
		pause();
	memset(&it, 0, sizeof(it));
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
}

TEST(virtual_and_prof_timers_fire_while_running)
{
	struct itimerval it = { .it_value.tv_usec = 20000 };

	signal(SIGVTALRM, on_signal);
	EXPECT_EQ(0, setitimer(ITIMER_VIRTUAL, &it, NULL));
	while (count == 0)
		;
	EXPECT_EQ(SIGVTALRM, last_signo);
	signal(SIGPROF, on_signal);
	EXPECT_EQ(0, setitimer(ITIMER_PROF, &it, NULL));
	while (count == 1)
		;
	EXPECT_EQ(SIGPROF, last_signo);
}

static void *thread_waits(void *arg)
{
	sigset_t set;
	int signo;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &signo);
	return (void *)(intptr_t)signo;
}

TEST(thread_directed_signal_reaches_its_thread)
{
	pthread_t t;
	void *got;

	test_block(SIGUSR1);
	EXPECT_EQ(0, pthread_create(&t, NULL, thread_waits, NULL));
	usleep(10000);
	EXPECT_EQ(0, pthread_kill(t, SIGUSR1));
	EXPECT_EQ(0, pthread_join(t, &got));
	EXPECT_EQ(SIGUSR1, (intptr_t)got);
}

/* ---- all of them ---- */

TEST(every_signal_has_its_default_action)
{
	static const char actions[] =
		/* 1 .. 31: terminate, core, ignore, stop */
		"TTCCCCCCTTCTTTTTITSSSSICCTTITTC";

	for (int signo = 1; signo <= 64; signo++) {
		char want = signo <= 31 ? actions[signo - 1] : 'T';
		int status = 0;
		pid_t pid;

		/* 32 to 34 belong to the C library: still the kernel delivers them. */
		if (signo == SIGCONT)
			want = 'I';
		if (signo == SIGIO || signo == SIGPWR)
			want = 'T';
		if (signo == SIGURG || signo == SIGWINCH || signo == SIGCHLD)
			want = 'I';
		pid = fork();
		if (pid == 0) {
			syscall(SYS_tgkill, getpid(), getpid(), signo);
			_exit(77);
		}
		EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		if (want == 'I') {
			EXPECT_EQ(77 << 8, status);
		} else if (signo == SIGSTOP) {
			EXPECT_EQ(SIGSTOP << 8 | 0x7f, status);
			EXPECT_EQ(0, kill(pid, SIGKILL));
			EXPECT_EQ(pid, waitpid(pid, &status, 0));
		} else if (signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU) {
			EXPECT_EQ(signo << 8 | 0x7f, status);
			EXPECT_EQ(0, kill(pid, SIGKILL));
			EXPECT_EQ(pid, waitpid(pid, &status, 0));
		} else {
			EXPECT(WIFSIGNALED(status));
			EXPECT_EQ(signo, WTERMSIG(status));
		}
	}
}

TEST(every_signal_can_be_caught_blocked_and_taken)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} old;

	for (int signo = 1; signo <= 64; signo++) {
		unsigned long set = 1ul << (signo - 1), pending = 0;

		if (signo == SIGKILL || signo == SIGSTOP)
			continue;
		EXPECT_EQ(0, syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8));
		EXPECT_EQ(0, syscall(SYS_rt_sigaction, signo, NULL, &old, 8));
		EXPECT_EQ(0, syscall(SYS_tgkill, getpid(), getpid(), signo));
		EXPECT_EQ(0, syscall(SYS_rt_sigpending, &pending, 8));
		EXPECT_EQ(set, pending & set);
		EXPECT_EQ(signo, syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));
		EXPECT_EQ(0, syscall(SYS_rt_sigpending, &pending, 8));
		EXPECT_EQ(0, pending & set);
	}
}

TEST(kill_and_stop_are_never_blocked)
{
	unsigned long all = ~0ul, now = 0;

	EXPECT_EQ(0, syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
	EXPECT_EQ(0, syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8));
	EXPECT_EQ(~0ul & ~(1ul << (SIGKILL - 1)) & ~(1ul << (SIGSTOP - 1)), now);
}

/* ---- queues ---- */

static struct rlimit pending_limit(rlim_t n)
{
	struct rlimit rl = { n, n }, old;

	EXPECT_EQ(0, getrlimit(RLIMIT_SIGPENDING, &old));
	rl.rlim_max = old.rlim_max;
	EXPECT_EQ(0, setrlimit(RLIMIT_SIGPENDING, &rl));
	return old;
}

/* The limit counts a user's signals, whoever has them: so as one whom nobody else is. */
static int queue_is_full(void *arg)
{
	union sigval v = { .sival_int = 1 };
	sigset_t pending;
	int n, taken;
	siginfo_t si;
	sigset_t set;

	(void)arg;
	EXPECT_EQ(0, setresuid(4711, 4711, 4711));
	pending_limit(10);
	test_block(SIGRTMIN);
	test_block(SIGUSR1);
	for (n = 0; sigqueue(getpid(), SIGRTMIN, v) == 0; n++)
		EXPECT(n < 11);
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(10, n);
	/* A real-time signal without a value is only noted; a standard one always comes. */
	EXPECT_EQ(0, kill(getpid(), SIGRTMIN + 1 - 1));
	EXPECT_ERRNO(EAGAIN, syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN,
				     &(siginfo_t){ .si_code = SI_QUEUE }));
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT(sigismember(&pending, SIGUSR1));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	for (taken = 0; sigtimedwait(&set, &si, &(struct timespec){ 0, 0 }) == SIGRTMIN; taken++)
		EXPECT_EQ(taken < 10 ? SI_QUEUE : SI_USER, si.si_code);
	EXPECT_EQ(10, taken);
	EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN, v));
	return 0;
}

TEST(pending_limit_refuses_values)
{
	EXPECT_EQ(0, test_in_child(queue_is_full, NULL));
}

static int other_of_the_user(void *arg)
{
	union sigval v = { .sival_int = 1 };
	int fds[2], n, status;
	pid_t pid;
	char c;

	(void)arg;
	EXPECT_EQ(0, setresuid(4712, 4712, 4712));
	pending_limit(10);
	test_block(SIGRTMIN);
	EXPECT_EQ(0, pipe(fds));
	for (n = 0; n < 6; n++)
		EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN, v));
	pid = fork();
	if (pid == 0) {
		for (n = 0; sigqueue(getpid(), SIGRTMIN, v) == 0; n++)
			;
		c = (char)n;
		_exit(write(fds[1], &c, 1) != 1);
	}
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(4, c);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	/* What it had is given back with it. */
	for (n = 0; sigqueue(getpid(), SIGRTMIN, v) == 0; n++)
		;
	EXPECT_EQ(4, n);
	return 0;
}

TEST(pending_limit_is_a_users)
{
	EXPECT_EQ(0, test_in_child(other_of_the_user, NULL));
}

TEST(standard_before_realtime_and_thread_before_process)
{
	union sigval v = { .sival_int = 0 };
	siginfo_t si;
	sigset_t set;

	sigfillset(&set);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN, v));
	EXPECT_EQ(0, kill(getpid(), SIGUSR2));
	EXPECT_EQ(0, kill(getpid(), SIGHUP));
	EXPECT_EQ(0, raise(SIGUSR2));
	EXPECT_EQ(SIGUSR2, sigwaitinfo(&set, &si));
	EXPECT_EQ(SI_TKILL, si.si_code);
	EXPECT_EQ(SIGHUP, sigwaitinfo(&set, &si));
	EXPECT_EQ(SIGUSR2, sigwaitinfo(&set, &si));
	EXPECT_EQ(SI_USER, si.si_code);
	EXPECT_EQ(SIGRTMIN, sigwaitinfo(&set, &si));
}

TEST(ignoring_drops_what_is_pending)
{
	sigset_t pending;

	test_block(SIGUSR1);
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	EXPECT_EQ(0, raise(SIGUSR1));
	signal(SIGUSR1, SIG_IGN);
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT(!sigismember(&pending, SIGUSR1));
	/* But while it is blocked, a new one stays: the action may change. */
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT(sigismember(&pending, SIGUSR1));
	signal(SIGUSR1, on_signal);
	test_unblock(SIGUSR1);
	EXPECT_EQ(1, count);
}

TEST(stop_and_continue_undo_each_other)
{
	sigset_t pending;

	test_block(SIGTSTP);
	test_block(SIGCONT);
	test_block(SIGTTIN);
	signal(SIGCONT, on_signal);
	EXPECT_EQ(0, kill(getpid(), SIGTSTP));
	EXPECT_EQ(0, raise(SIGTTIN));
	EXPECT_EQ(0, kill(getpid(), SIGCONT));
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT(!sigismember(&pending, SIGTSTP) && !sigismember(&pending, SIGTTIN));
	EXPECT(sigismember(&pending, SIGCONT));
	EXPECT_EQ(0, kill(getpid(), SIGTSTP));
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT(sigismember(&pending, SIGTSTP) && !sigismember(&pending, SIGCONT));
}

/* ---- flags ---- */

struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

TEST(flags_that_are_not_known_are_cleared)
{
	struct kernel_action act = { .handler = SIG_IGN, .flags = ~0ul, .mask = ~0ul }, old;

	EXPECT_EQ(0, syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8));
	EXPECT_EQ(0, syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8));
	/* SA_UNSUPPORTED, 0x400, is among the cleared; SA_EXPOSE_TAGBITS, 0x800, is not. */
	EXPECT_EQ(0xdc000807, old.flags);
	EXPECT_EQ(~(1ul << (SIGKILL - 1)) & ~(1ul << (SIGSTOP - 1)), old.mask);
}

TEST(nodefer_and_mask_together)
{
	struct sigaction sa = { .sa_handler = on_check_mask, .sa_flags = SA_NODEFER };
	sigset_t set;

	sigaddset(&sa.sa_mask, SIGUSR1);
	sigaddset(&sa.sa_mask, SIGUSR2);
	EXPECT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(1, last_value);
	sigemptyset(&set);
	EXPECT_EQ(0, sigprocmask(SIG_SETMASK, NULL, &set));
	EXPECT(!sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2));
}

static void *sleeping_thread(void *arg)
{
	*(volatile pid_t *)arg = (pid_t)syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

TEST(a_threads_number_names_its_process)
{
	volatile pid_t tid = 0;
	pthread_t t;

	EXPECT_EQ(0, pthread_create(&t, NULL, sleeping_thread, (void *)&tid));
	while (!tid)
		sched_yield();
	signal(SIGUSR1, on_signal);
	EXPECT_EQ(0, kill(tid, 0));
	test_block(SIGUSR1);
	EXPECT_EQ(0, kill(tid, SIGUSR1));
	test_unblock(SIGUSR1);
	while (!count)
		sched_yield();
	EXPECT_EQ(SIGUSR1, last_signo);
	EXPECT_ERRNO(ESRCH, syscall(SYS_tgkill, getppid(), tid, 0));
}

/* A process-wide signal goes to one thread that does not block it. */
static void *thread_with_all_blocked(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static volatile pid_t handler_tid;

static void on_tid(int signo)
{
	(void)signo;
	handler_tid = (pid_t)syscall(SYS_gettid);
	count++;
}

TEST(a_thread_that_does_not_block_takes_it)
{
	volatile pid_t tid = 0;
	pthread_t t;

	signal(SIGUSR1, on_tid);
	EXPECT_EQ(0, pthread_create(&t, NULL, sleeping_thread, (void *)&tid));
	while (!tid)
		sched_yield();
	test_block(SIGUSR1);
	EXPECT_EQ(0, pthread_create(&t, NULL, thread_with_all_blocked, NULL));
	for (int i = 0; i < 100; i++) {
		EXPECT_EQ(0, kill(getpid(), SIGUSR1));
		while (count <= i)
			sched_yield();
		EXPECT_EQ(tid, handler_tid);
	}
}

TEST(signalfd_and_sigwait_see_threads_and_process)
{
	struct signalfd_siginfo si[4];
	union sigval v = { .sival_int = 12 };
	sigset_t set;
	int fd;

	test_block(SIGUSR1);
	test_block(SIGRTMIN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGKILL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN, v));
	EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN, v));
	EXPECT_EQ(3 * sizeof(si[0]), read(fd, si, sizeof(si)));
	EXPECT_EQ(SIGUSR1, si[0].ssi_signo);
	EXPECT_EQ(SI_TKILL, si[0].ssi_code);
	EXPECT_EQ(SIGRTMIN, si[1].ssi_signo);
	EXPECT_EQ(12, si[2].ssi_int);
	EXPECT_EQ(getpid(), si[2].ssi_pid);
	EXPECT_ERRNO(EAGAIN, read(fd, si, sizeof(si)));
	/* Another mask for the same descriptor. */
	sigdelset(&set, SIGUSR1);
	EXPECT_EQ(fd, signalfd(fd, &set, 0));
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT_ERRNO(EAGAIN, read(fd, si, sizeof(si)));
	EXPECT_ERRNO(EINVAL, write(fd, si, sizeof(si)));
	EXPECT_EQ(0, raise(SIGRTMIN));
	EXPECT_ERRNO(EFAULT, syscall(SYS_read, fd, 8, 128));
}
