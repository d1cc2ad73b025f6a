/* SPDX-License-Identifier: MIT */
/*
 * Timers: interval timers, POSIX timers, timerfd, limits of CPU time.  What the clock's being set
 * does to them is in set_clock.c.
 *
 * Nothing here is measured against a machine that must be idle: a moment is between two readings
 * of the clock around the call that names it.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "timer.h"

static void spin_cpu(long long ns)
{
	long long end = now(CLOCK_PROCESS_CPUTIME_ID) + ns;

	while (now(CLOCK_PROCESS_CPUTIME_ID) < end)
		;
}

static volatile int count;

static void on_signal(int signo)
{
	(void)signo;
	count++;
}

static void handle(int signo)
{
	struct sigaction act = { .sa_handler = on_signal };

	EXPECT_EQ(0, sigaction(signo, &act, NULL));
}

/*
 * A timer was set between @s0 and @s1 for every @period; between @t0 and @t1 it had @left to go.
 * There is a multiple of the period to which all that fits, or it has drifted.
 */
static void expect_phase(long long s0, long long s1, long long t0, long long t1, long long left,
			 long long period)
{
	long long low = t0 + left - s1 - US, high = t1 + left - s0 + US;

	EXPECT(high / period * period >= low);
}

/* ---- interval timers ---- */

TEST(itimer_keeps_its_phase)
{
	struct itimerval it = { { 0, 3000 }, { 0, 3000 } };
	long long s0, s1, t0;
	int checked = 0;

	handle(SIGALRM);
	s0 = now(CLOCK_MONOTONIC);
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	s1 = now(CLOCK_MONOTONIC);
	while (checked < 30) {
		pause();
		t0 = now(CLOCK_MONOTONIC);
		EXPECT_EQ(0, getitimer(ITIMER_REAL, &it));
		EXPECT_EQ(3000, it.it_interval.tv_usec);
		/* Due, or its signal on the way: such a reading tells of no phase. */
		if (it.it_value.tv_usec <= 1)
			continue;
		checked++;
		expect_phase(s0, s1, t0, now(CLOCK_MONOTONIC), it.it_value.tv_usec * US, 3 * MS);
	}
	EXPECT(now(CLOCK_MONOTONIC) - s0 >= 30 * 3 * MS);
	EXPECT(count >= 30);
}

TEST(itimer_stands_still_while_ignored)
{
	struct itimerval it = { { 0, 5000 }, { 0, 5000 } };

	signal(SIGALRM, SIG_IGN);
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	sleep_ns(30 * MS);
	EXPECT_EQ(0, getitimer(ITIMER_REAL, &it));
	EXPECT_EQ(0, it.it_value.tv_sec + it.it_value.tv_usec);
	EXPECT_EQ(5000, it.it_interval.tv_usec);
}

TEST(itimer_is_not_inherited_by_a_child)
{
	struct itimerval it = { { 1000, 0 }, { 1000, 0 } };
	int status;
	pid_t pid;

	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	pid = fork();
	if (pid == 0) {
		EXPECT_EQ(0, getitimer(ITIMER_REAL, &it));
		EXPECT_EQ(0, it.it_value.tv_sec + it.it_interval.tv_sec);
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1000, alarm(0));
}

TEST(alarm_is_kept_by_exec)
{
	struct itimerval it = { { 0, 0 }, { 0, 50000 } };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setitimer(ITIMER_REAL, &it, NULL);
		execl("/bin/sh", "sh", "-c", "while :; do :; done", NULL);
		_exit(1);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT(WIFSIGNALED(status));
	EXPECT_EQ(SIGALRM, WTERMSIG(status));
}

static void cpu_itimer(int which, int signo)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };
	const struct timespec sleep = { 0, 100 * MS };
	long long start = now(CLOCK_PROCESS_CPUTIME_ID);

	handle(signo);
	EXPECT_EQ(0, setitimer(which, &it, NULL));
	(void)nanosleep(&sleep, NULL);
	EXPECT(count == 0 || now(CLOCK_PROCESS_CPUTIME_ID) - start >= 20 * MS);
	while (count < 3)
		;
	/* Linux counts by ticks. */
	EXPECT(now(CLOCK_PROCESS_CPUTIME_ID) - start >= 40 * MS);
	EXPECT_EQ(0, getitimer(which, &it));
	EXPECT(it.it_value.tv_usec > 0 && it.it_value.tv_usec <= 28000);
}

TEST(virtual_itimer_counts_what_the_program_runs)
{
	cpu_itimer(ITIMER_VIRTUAL, SIGVTALRM);
}

TEST(profiling_itimer_counts_what_the_process_runs)
{
	cpu_itimer(ITIMER_PROF, SIGPROF);
}

TEST(itimer_refuses)
{
	struct itimerval it = { { 0, 0 }, { 0, 1000000 } };

	EXPECT_ERRNO(EINVAL, setitimer(ITIMER_REAL, &it, NULL));
	it.it_value.tv_usec = -1;
	EXPECT_ERRNO(EINVAL, setitimer(ITIMER_REAL, &it, NULL));
	EXPECT_ERRNO(EINVAL, setitimer(3, NULL, NULL));
	EXPECT_ERRNO(EINVAL, getitimer(-1, &it));
	EXPECT_ERRNO(EFAULT, setitimer(ITIMER_REAL, (void *)8, NULL));
	EXPECT_ERRNO(EFAULT, getitimer(ITIMER_REAL, (void *)8));
}

/* ---- POSIX timers: by their own numbers, because a libc has structures of its own ---- */

static long long timer_left(int id)
{
	struct itimerspec its;

	EXPECT_EQ(0, syscall(SYS_timer_gettime, id, &its));
	return ns_of(its.it_value);
}

TEST(timer_counts_what_it_missed)
{
	sigset_t set = test_block(SIGRTMIN);
	int id = timer_of(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN);
	long long s0 = now(CLOCK_MONOTONIC), s1, t0, t1;
	siginfo_t info;

	timer_start(id, 0, MS, MS);
	s1 = now(CLOCK_MONOTONIC);
	sleep_ns(50 * MS);
	t0 = now(CLOCK_MONOTONIC);
	EXPECT_EQ(SIGRTMIN, sigwaitinfo(&set, &info));
	t1 = now(CLOCK_MONOTONIC);
	EXPECT_EQ(SI_TIMER, info.si_code);
	EXPECT_EQ(77, info.si_value.sival_int);
	EXPECT_EQ(id, info.si_timerid);
	EXPECT(1 + info.si_overrun >= (t0 - s1) / MS);
	EXPECT(1 + info.si_overrun <= (t1 - s0) / MS);
	EXPECT_EQ(info.si_overrun, syscall(SYS_timer_getoverrun, id));
}

TEST(timer_keeps_its_phase)
{
	sigset_t set = test_block(SIGRTMIN);
	int id = timer_of(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN);
	long long s0 = now(CLOCK_MONOTONIC), s1, t0, left;

	timer_start(id, 0, 3 * MS, 3 * MS);
	s1 = now(CLOCK_MONOTONIC);
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(SIGRTMIN, sigwaitinfo(&set, NULL));
		t0 = now(CLOCK_MONOTONIC);
		left = timer_left(id);
		expect_phase(s0, s1, t0, now(CLOCK_MONOTONIC), left, 3 * MS);
	}
}

/* A signal that is queued is delivered, also if the timer is set again before. */
TEST(timer_set_again_keeps_what_is_queued)
{
	const struct timespec at_once = { 0, 0 };
	sigset_t set = test_block(SIGRTMIN);
	int id = timer_of(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN);
	siginfo_t info;

	timer_start(id, 0, 1, 0);
	sleep_ns(5 * MS);
	EXPECT_EQ(0, timer_left(id));
	timer_start(id, 0, 1000 * SECOND, 0);
	if (sigtimedwait(&set, &info, &at_once) == SIGRTMIN)
		EXPECT_EQ(0, info.si_overrun);
	EXPECT(timer_left(id) > 900 * SECOND);
	EXPECT_ERRNO(EAGAIN, sigtimedwait(&set, &info, &at_once));
}

TEST(timer_without_a_signal_can_be_read)
{
	int id = timer_of(CLOCK_MONOTONIC, SIGEV_NONE, 0);
	long long left;

	timer_start(id, 0, 5 * MS, 0);
	left = timer_left(id);
	EXPECT(left <= 5 * MS);
	sleep_ns(6 * MS);
	EXPECT_EQ(0, timer_left(id));
	timer_start(id, 0, 5 * MS, 5 * MS);
	sleep_ns(6 * MS);
	left = timer_left(id);
	EXPECT(left > 0 && left <= 5 * MS);
}

TEST(timer_signals_the_thread_it_names)
{
	sigset_t set = test_block(SIGRTMIN);
	int id = timer_of(CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGRTMIN);
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN };
	siginfo_t info;

	timer_start(id, 0, MS, 0);
	EXPECT_EQ(SIGRTMIN, sigwaitinfo(&set, &info));
	EXPECT_EQ(id, info.si_timerid);
	event.sigev_notify_thread_id = getppid();
	EXPECT_ERRNO(EINVAL, syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
	event.sigev_notify_thread_id = 0x3fffffff;
	EXPECT_ERRNO(EINVAL, syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
}

TEST(timers_are_not_inherited)
{
	int id = timer_of(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN), status;
	struct itimerspec its;
	pid_t pid = fork();

	if (pid == 0) {
		EXPECT_ERRNO(EINVAL, syscall(SYS_timer_gettime, id, &its));
		EXPECT_ERRNO(EINVAL, syscall(SYS_timer_delete, id));
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

static void cpu_timer(clockid_t clock)
{
	sigset_t set = test_block(SIGRTMIN);
	int id = timer_of(clock, SIGEV_SIGNAL, SIGRTMIN);
	const struct timespec at_once = { 0, 0 };
	long long start = now(clock);

	timer_start(id, 0, 20 * MS, 0);
	sleep_ns(50 * MS);
	while (sigtimedwait(&set, NULL, &at_once) < 0)
		;
	EXPECT(now(clock) - start >= 20 * MS);
	EXPECT_EQ(0, timer_left(id));
	EXPECT_EQ(0, syscall(SYS_timer_delete, id));
}

TEST(timer_of_cpu_time_of_the_process)
{
	cpu_timer(CLOCK_PROCESS_CPUTIME_ID);
}

TEST(timer_of_cpu_time_of_the_thread)
{
	cpu_timer(CLOCK_THREAD_CPUTIME_ID);
}

TEST(timer_refuses)
{
	struct itimerspec its = { .it_value = { 0, SECOND } };
	struct sigevent event = { .sigev_notify = 9, .sigev_signo = SIGUSR1 };
	int id = timer_of(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN), other;

	EXPECT_ERRNO(EINVAL, syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &other));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = 65;
	EXPECT_ERRNO(EINVAL, syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &other));
	EXPECT_ERRNO(EFAULT, syscall(SYS_timer_create, 99, (void *)8, &other));
	EXPECT_ERRNO(EFAULT, syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, (void *)8));
	EXPECT_ERRNO(EINVAL, syscall(SYS_timer_settime, id, 0, &its, NULL));
	EXPECT_ERRNO(EINVAL, syscall(SYS_timer_settime, id, 0, NULL, NULL));
	EXPECT_ERRNO(EFAULT, syscall(SYS_timer_settime, id, 0, (void *)8, NULL));
	its.it_value.tv_nsec = 1;
	EXPECT_ERRNO(EINVAL, syscall(SYS_timer_settime, id + 1000, 0, &its, NULL));
	EXPECT_ERRNO(EINVAL, syscall(SYS_timer_getoverrun, id + 1000));
	EXPECT_EQ(0, syscall(SYS_timer_delete, id));
	EXPECT_ERRNO(EINVAL, syscall(SYS_timer_delete, id));
}

/* ---- timerfd ---- */

TEST(timerfd_counts_and_keeps_its_phase)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	long long s0 = now(CLOCK_MONOTONIC), s1, t0, t1;
	struct itimerspec its;
	uint64_t n, all = 0;

	fd_start(fd, 0, 2 * MS, 2 * MS);
	s1 = now(CLOCK_MONOTONIC);
	for (int i = 0; i < 10; i++) {
		if (i == 5)
			sleep_ns(15 * MS);
		t0 = now(CLOCK_MONOTONIC);
		EXPECT_EQ(8, read(fd, &n, 8));
		t1 = now(CLOCK_MONOTONIC);
		all += n;
		EXPECT((long long)all >= (t0 - s1) / (2 * MS));
		EXPECT((long long)all <= (t1 - s0) / (2 * MS));
		t0 = now(CLOCK_MONOTONIC);
		EXPECT_EQ(0, timerfd_gettime(fd, &its));
		expect_phase(s0, s1, t0, now(CLOCK_MONOTONIC), ns_of(its.it_value), 2 * MS);
	}
}

TEST(timerfd_of_a_nanosecond_lets_the_program_run)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t n;

	fd_start(fd, 0, 1, 1);
	sleep_ns(5 * MS);
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(8, read(fd, &n, 8));
	EXPECT(n >= 5 * MS);
}

TEST(timerfd_absolute_and_non_blocking)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long long end = now(CLOCK_REALTIME) + 10 * MS;
	uint64_t n;

	fd_start(fd, TFD_TIMER_ABSTIME, end, 0);
	EXPECT_EQ(1, poll(&p, 1, -1));
	EXPECT(now(CLOCK_REALTIME) >= end);
	EXPECT_EQ(8, read(fd, &n, 8));
	EXPECT_EQ(1, n);
	EXPECT_ERRNO(EAGAIN, read(fd, &n, 8));
	EXPECT_EQ(0, poll(&p, 1, 0));
}

TEST(timerfd_refuses)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec its = { .it_value = { 0, SECOND } };
	uint64_t n;

	EXPECT_ERRNO(EINVAL, timerfd_create(CLOCK_TAI, 0));
	EXPECT_ERRNO(EINVAL, timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	EXPECT_ERRNO(EINVAL, timerfd_create(CLOCK_MONOTONIC, 1));
	EXPECT_ERRNO(EINVAL, timerfd_settime(fd, 0, &its, NULL));
	its.it_value.tv_nsec = 0;
	EXPECT_ERRNO(EINVAL, timerfd_settime(fd, 4, &its, NULL));
	EXPECT_ERRNO(EINVAL, timerfd_settime(0, 0, &its, NULL));
	EXPECT_ERRNO(EBADF, timerfd_settime(999, 0, &its, NULL));
	EXPECT_ERRNO(EFAULT, timerfd_settime(fd, 0, (void *)8, NULL));
	EXPECT_ERRNO(EINVAL, read(fd, &n, 7));
}

TEST(setting_the_clock_refuses)
{
	struct timespec t = { .tv_sec = -1 };
	struct timeval tv = { .tv_usec = 1000000 };

	EXPECT_ERRNO(EINVAL, clock_settime(CLOCK_REALTIME, &t));
	t = (struct timespec){ .tv_nsec = SECOND };
	EXPECT_ERRNO(EINVAL, clock_settime(CLOCK_REALTIME, &t));
	t = (struct timespec){ .tv_sec = INT64_MAX / SECOND };
	EXPECT_ERRNO(EINVAL, clock_settime(CLOCK_REALTIME, &t));
	/* Before the machine was started. */
	t = (struct timespec){ .tv_nsec = 1 };
	EXPECT_ERRNO(EINVAL, clock_settime(CLOCK_REALTIME, &t));
	EXPECT_ERRNO(EINVAL, clock_settime(CLOCK_MONOTONIC, &t));
	EXPECT_ERRNO(EINVAL, clock_settime(CLOCK_PROCESS_CPUTIME_ID, &t));
	EXPECT_ERRNO(EPERM, syscall(SYS_clock_settime, -6, &t));
	EXPECT_ERRNO(EFAULT, syscall(SYS_clock_settime, CLOCK_REALTIME, (void *)8));
	EXPECT_ERRNO(EINVAL, settimeofday(&tv, NULL));
	EXPECT_EQ(0, setuid(1));
	t = spec(now(CLOCK_REALTIME));
	EXPECT_ERRNO(EPERM, clock_settime(CLOCK_REALTIME, &t));
}

/* ---- limits and sums of CPU time ---- */

TEST(limit_of_cpu_time_warns_and_kills)
{
	struct rlimit limit = { 0, 1 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		handle(SIGXCPU);
		EXPECT_EQ(0, setrlimit(RLIMIT_CPU, &limit));
		while (!count)
			;
		EXPECT_EQ(0, getrlimit(RLIMIT_CPU, &limit));
		EXPECT_EQ(1, limit.rlim_cur);
		for (;;)
			;
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

TEST(limit_of_cpu_time_is_inherited)
{
	struct rlimit limit = { 1, 1 };
	int status;
	pid_t pid;

	EXPECT_EQ(0, setrlimit(RLIMIT_CPU, &limit));
	pid = fork();
	if (pid == 0)
		for (;;)
			;
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGKILL, status & 0x7f);
}

static long long us_of(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000LL + u->ru_utime.tv_usec +
	       u->ru_stime.tv_usec;
}

TEST(usage_adds_up_to_the_cpu_clock)
{
	struct rusage usage;
	long long before, after, last = 0;

	for (int i = 0; i < 20; i++) {
		spin_cpu(2 * MS);
		before = now(CLOCK_PROCESS_CPUTIME_ID) / US;
		EXPECT_EQ(0, getrusage(RUSAGE_SELF, &usage));
		after = now(CLOCK_PROCESS_CPUTIME_ID) / US;
		/* Each of the two is rounded. */
		EXPECT(us_of(&usage) >= before - 2);
		EXPECT(us_of(&usage) <= after + 2);
		EXPECT(us_of(&usage) >= last);
		last = us_of(&usage);
	}
}

TEST(usage_of_children_comes_with_wait)
{
	struct rusage usage, children;
	struct tms tms;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		spin_cpu(50 * MS);
		_exit(0);
	}
	while (waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT) < 0)
		;
	EXPECT_EQ(0, getrusage(RUSAGE_CHILDREN, &children));
	EXPECT_EQ(0, us_of(&children));
	EXPECT_EQ(pid, wait4(pid, &status, 0, &usage));
	EXPECT(us_of(&usage) >= 50000);
	EXPECT_EQ(0, getrusage(RUSAGE_CHILDREN, &children));
	EXPECT_EQ(us_of(&usage), us_of(&children));
	EXPECT(times(&tms) != -1);
	EXPECT(tms.tms_cutime + tms.tms_cstime >= 4);
}
