/* SPDX-License-Identifier: MIT */
/* Signals: sending, masks, handlers, queues, restart, and faults. */
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

static void block(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
}

static void unblock(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	EXPECT_EQ(0, sigprocmask(SIG_UNBLOCK, &set, NULL));
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
	block(SIGUSR1);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(0, count);
	EXPECT_EQ(0, sigpending(&set));
	EXPECT_EQ(1, sigismember(&set, SIGUSR1));
	unblock(SIGUSR1);
	EXPECT_EQ(1, count);
}

TEST(realtime_signals_queue_in_order)
{
	union sigval v;

	set_action(SIGRTMIN + 3, on_info, 0);
	block(SIGRTMIN + 3);
	for (int i = 0; i < 20; i++) {
		v.sival_int = i * 3;
		EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN + 3, v));
	}
	unblock(SIGRTMIN + 3);
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
	block(SIGRTMIN + 1);
	block(SIGRTMIN + 5);
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

static void start_timer(int ms)
{
	struct itimerval it = { .it_value.tv_usec = ms * 1000 };

	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
}

TEST(sigsuspend_waits_and_restores_the_mask)
{
	sigset_t none, now;

	signal(SIGALRM, on_signal);
	block(SIGALRM);
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
	int fds[2];
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
	start_timer(20);
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ('x', c);
	EXPECT_EQ(2, count);
}

TEST(nanosleep_reports_the_remainder)
{
	struct timespec want = { .tv_sec = 5 }, left = { 0, 0 };

	signal(SIGALRM, on_signal);
	start_timer(30);
	EXPECT_ERRNO(EINTR, nanosleep(&want, &left));
	EXPECT(left.tv_sec == 4 && left.tv_nsec > 0);
}

TEST(sigtimedwait_takes_a_pending_one)
{
	struct timespec zero = { 0, 0 }, brief = { .tv_nsec = 20 * 1000 * 1000 };
	sigset_t set;
	siginfo_t si;

	block(SIGUSR1);
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

	block(SIGUSR2);
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
	block(SIGUSR1);
	raise(SIGUSR1);
	pid = fork();
	if (pid == 0) {
		sigset_t set;

		sigpending(&set);
		if (sigismember(&set, SIGUSR1))
			_exit(1);
		unblock(SIGUSR1);
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

	block(SIGCHLD);
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

/* ---- faults ---- */

static int crash_null(void *arg)
{
	(void)arg;
	*(volatile int *)8 = 1;
	return 0;
}

static int crash_kernel_address(void *arg)
{
	(void)arg;
	return *(volatile int *)0xffff888000000000ul;
}

static int crash_jump(void *arg)
{
	(void)arg;
	((void (*)(void))0xffffffff80000000ul)();
	return 0;
}

static int crash_readonly(void *arg)
{
	*(volatile char *)arg = 1;
	return 0;
}

static int crash_reading(void *arg)
{
	return *(volatile char *)arg;
}

static int crash_noexec(void *arg)
{
	((void (*)(void))arg)();
	return 0;
}

static int crash_abort(void *arg)
{
	(void)arg;
	abort();
}

static int crash_privileged(void *arg)
{
	(void)arg;
#if defined(__x86_64__)
	__asm__ volatile("cli");
#else
	__asm__ volatile("msr daifset, #2");
#endif
	return 0;
}

static int crash_undefined(void *arg)
{
	(void)arg;
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile("udf #0");
#endif
	return 0;
}

TEST(bad_accesses_kill_with_sigsegv)
{
	void *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_null, NULL)));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_kernel_address, NULL)));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_jump, NULL)));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_readonly, ro)));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_noexec, ro)));
	EXPECT_EQ(SIGABRT, WTERMSIG(test_in_child(crash_abort, NULL)));
}

TEST(privileged_and_undefined_instructions_kill)
{
	int status = test_in_child(crash_privileged, NULL);

	EXPECT(WIFSIGNALED(status));
	EXPECT(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGILL);
	EXPECT_EQ(SIGILL, WTERMSIG(test_in_child(crash_undefined, NULL)));
}

TEST(breakpoint_returns)
{
	set_action(SIGTRAP, on_info, 0);
#if defined(__x86_64__)
	__asm__ volatile("int3");
	EXPECT_EQ(1, count);
#else
	raise(SIGTRAP);
	EXPECT_EQ(1, count);
#endif
}

static void *fault_page;

static void on_segv_fix(int signo, siginfo_t *si, void *uc)
{
	(void)signo;
	(void)uc;
	count++;
	last_code = si->si_code;
	last_addr = si->si_addr;
	mprotect(fault_page, 4096, PROT_READ | PROT_WRITE);
}

TEST(sigsegv_handler_can_mend_and_go_on)
{
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	fault_page = (void *)p;
	set_action(SIGSEGV, on_segv_fix, 0);
	p[100] = 7;
	EXPECT_EQ(1, count);
	EXPECT_EQ(SEGV_ACCERR, last_code);
	EXPECT(last_addr == p + 100);
	EXPECT_EQ(7, p[100]);
}

static int segv_while_blocked(void *arg)
{
	block(SIGSEGV);
	return crash_null(arg);
}

TEST(blocked_fault_kills_anyway)
{
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(segv_while_blocked, NULL)));
}

TEST(file_beyond_its_end_gives_sigbus)
{
	int fd;
	char *p;

	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(1, write(fd, "x", 1));
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_EQ('x', p[0]);
	EXPECT_EQ(0, p[4095]);
	EXPECT_EQ(SIGBUS, WTERMSIG(test_in_child(crash_reading, p + 4096)));
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

	block(SIGUSR1);
	EXPECT_EQ(0, pthread_create(&t, NULL, thread_waits, NULL));
	usleep(10000);
	EXPECT_EQ(0, pthread_kill(t, SIGUSR1));
	EXPECT_EQ(0, pthread_join(t, &got));
	EXPECT_EQ(SIGUSR1, (intptr_t)got);
}
