/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static long long now(clockid_t clock)
{
	struct timespec t;

	EXPECT_EQ(0, clock_gettime(clock, &t));
	EXPECT(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_ns(long ns)
{
	struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	EXPECT_EQ(0, nanosleep(&t, NULL));
}

TEST(monotonic_never_goes_back)
{
	long long last = now(CLOCK_MONOTONIC);

	for (int i = 0; i < 20000; i++) {
		long long next = now(CLOCK_MONOTONIC);

		EXPECT(next >= last);
		last = next;
	}
}

TEST(monotonic_never_goes_back_between_processors)
{
	pid_t pids[4];
	int status;

	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			long long last = now(CLOCK_MONOTONIC);

			for (int round = 0; round < 2000; round++) {
				long long next = now(CLOCK_MONOTONIC);

				EXPECT(next >= last);
				last = next;
				if (round % 50 == 0)
					sleep_ns(1000);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

TEST(realtime_is_of_this_century)
{
	time_t t = time(NULL);
	struct timeval tv;

	EXPECT(t > 1700000000);         /* November 2023 */
	EXPECT_EQ(0, gettimeofday(&tv, NULL));
	EXPECT(tv.tv_sec >= t && tv.tv_sec <= t + 1);
	EXPECT(now(CLOCK_REALTIME) / 1000000000 - t <= 1);
}

TEST(clocks_agree_on_how_long_it_took)
{
	long long mono = now(CLOCK_MONOTONIC), real = now(CLOCK_REALTIME);
	long long boot = now(CLOCK_BOOTTIME);

	sleep_ns(200000000);
	mono = now(CLOCK_MONOTONIC) - mono;
	real = now(CLOCK_REALTIME) - real;
	boot = now(CLOCK_BOOTTIME) - boot;
	EXPECT(mono >= 200000000);
	EXPECT(mono < 5000000000LL);
	EXPECT(llabs(real - mono) < 20000000);
	EXPECT(llabs(boot - mono) < 20000000);
}

TEST(sleep_is_never_short)
{
	for (long ns = 1; ns <= 10000000; ns *= 10) {
		long long start = now(CLOCK_MONOTONIC);

		sleep_ns(ns);
		EXPECT(now(CLOCK_MONOTONIC) - start >= ns);
	}
}

TEST(absolute_sleep)
{
	struct timespec until;
	long long end = now(CLOCK_MONOTONIC) + 30000000;

	until.tv_sec = end / 1000000000;
	until.tv_nsec = end % 1000000000;
	EXPECT_EQ(0, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
	EXPECT(now(CLOCK_MONOTONIC) >= end);
	EXPECT_EQ(0, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
}

TEST(cpu_time_counts_work_and_not_sleep)
{
	long long start = now(CLOCK_PROCESS_CPUTIME_ID), slept, worked;

	sleep_ns(100000000);
	slept = now(CLOCK_PROCESS_CPUTIME_ID) - start;
	for (volatile long i = 0; i < 20000000; i++)
		;
	worked = now(CLOCK_PROCESS_CPUTIME_ID) - start - slept;
	EXPECT(slept < 50000000);
	EXPECT(worked > slept);
	EXPECT(now(CLOCK_THREAD_CPUTIME_ID) > 0);
}

TEST(bad_clocks_and_times)
{
	struct timespec t = { .tv_nsec = 1000000000 };

	EXPECT_ERRNO(EINVAL, syscall(SYS_clock_gettime, 99, &t));
	EXPECT_ERRNO(EINVAL, nanosleep(&t, NULL));
	t.tv_nsec = -1;
	EXPECT_ERRNO(EINVAL, nanosleep(&t, NULL));
	t.tv_nsec = 0;
	t.tv_sec = -1;
	EXPECT_ERRNO(EINVAL, nanosleep(&t, NULL));
	EXPECT_EQ(EINVAL, clock_nanosleep(99, 0, &t, NULL));
}

TEST(resolution_is_high)
{
	struct timespec t;

	EXPECT_EQ(0, clock_getres(CLOCK_MONOTONIC, &t));
	EXPECT(t.tv_sec == 0 && t.tv_nsec >= 1 && t.tv_nsec <= 1000);
}

TEST(times_counts_ticks)
{
	struct tms before, after;

	EXPECT(times(&before) != -1);
	for (volatile long i = 0; i < 100000000; i++)
		;
	EXPECT(times(&after) != -1);
	EXPECT(after.tms_utime > before.tms_utime);
	EXPECT_EQ(0, after.tms_cutime);
}

TEST(posix_timer_fires)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value = { .tv_nsec = 20000000 } };
	siginfo_t info;
	sigset_t set;
	timer_t timer;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	EXPECT_EQ(0, timer_create(CLOCK_MONOTONIC, &event, &timer));
	EXPECT_EQ(0, timer_settime(timer, 0, &soon, NULL));
	EXPECT_EQ(SIGUSR1, sigwaitinfo(&set, &info));
	EXPECT_EQ(SI_TIMER, info.si_code);
	EXPECT_EQ(0, timer_delete(timer));
}

/* What each clock is good for: errors of clock_nanosleep, timer_create, timerfd_create,
 * clock_settime with an invalid time. */
static const struct {
	clockid_t clock;
	int sleep, timer, timerfd, set;
	long resolution;
} uses[] = {
	{ CLOCK_REALTIME, 0, 0, 0, EINVAL, 1 },
	{ CLOCK_MONOTONIC, 0, 0, 0, EINVAL, 1 },
	{ CLOCK_PROCESS_CPUTIME_ID, -1, 0, EINVAL, EINVAL, 1 },
	{ CLOCK_THREAD_CPUTIME_ID, EOPNOTSUPP, 0, EINVAL, EINVAL, 1 },
	{ CLOCK_MONOTONIC_RAW, EOPNOTSUPP, EOPNOTSUPP, EINVAL, EINVAL, 1 },
	{ CLOCK_REALTIME_COARSE, EOPNOTSUPP, EOPNOTSUPP, EINVAL, EINVAL, -1 },
	{ CLOCK_MONOTONIC_COARSE, EOPNOTSUPP, EOPNOTSUPP, EINVAL, EINVAL, -1 },
	{ CLOCK_BOOTTIME, 0, 0, 0, EINVAL, 1 },
	{ CLOCK_TAI, 0, 0, EINVAL, EINVAL, 1 },
	{ 10, EINVAL, EINVAL, EINVAL, EINVAL, 0 },
	{ -2, EINVAL, 0, EINVAL, EPERM, 1 },            /* own thread's CPU time */
	{ -6, -1, 0, EINVAL, EPERM, 1 },                /* own process's */
	{ -8, -1, 0, EINVAL, EPERM, 4000000 },          /* the same by ticks */
	{ -7, -1, 0, EINVAL, EPERM, 4000000 },          /* user time alone */
	{ -1, EINVAL, EINVAL, EINVAL, EINVAL, 0 },
	{ -5, EOPNOTSUPP, EOPNOTSUPP, EINVAL, EINVAL, 0 },      /* of a device */
};

static int error_of(long result)
{
	return result < 0 ? errno : 0;
}

TEST(what_each_clock_is_good_for)
{
	const struct timespec bad = { .tv_sec = -1 }, soon = { .tv_nsec = 1 };
	struct timespec t;
	int id;

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		clockid_t c = uses[i].clock;
		int exists = uses[i].resolution ? 0 : EINVAL;

		EXPECT_EQ(exists, error_of(syscall(SYS_clock_gettime, c, &t)));
		EXPECT_EQ(exists, error_of(syscall(SYS_clock_getres, c, &t)));
		if (uses[i].resolution > 0)
			EXPECT_EQ(uses[i].resolution, t.tv_nsec);
		if (uses[i].sleep >= 0)
			EXPECT_EQ(uses[i].sleep,
				  error_of(syscall(SYS_clock_nanosleep, c, 0, &soon, NULL)));
		EXPECT_EQ(uses[i].timer, error_of(syscall(SYS_timer_create, c, NULL, &id)));
		EXPECT_EQ(uses[i].timerfd, error_of(timerfd_create(c, 0)));
		EXPECT_EQ(uses[i].set, error_of(syscall(SYS_clock_settime, c, &bad)));
	}
}

static void spin(void)
{
	for (;;)
		;
}

/* A child's CPU time can be read, and slept by; that of its threads, and of nobody, cannot. */
TEST(cpu_time_of_another_process)
{
	struct timespec t = { .tv_nsec = 20000000 };
	pid_t pid = fork();
	clockid_t clock;
	long long start;
	int status;

	if (pid == 0)
		spin();
	EXPECT_EQ(0, clock_getcpuclockid(pid, &clock));
	EXPECT_EQ(~pid * 8 + 2, clock);
	start = now(clock);
	EXPECT_EQ(0, syscall(SYS_clock_nanosleep, clock, 0, &t, NULL));
	EXPECT(now(clock) - start >= 20000000);
	EXPECT_ERRNO(EINVAL, syscall(SYS_clock_gettime, clock | 4, &t));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_clock_gettime, clock, &t));
}

TEST(tai_is_ahead_by_whole_seconds)
{
	struct timex tx = { .modes = 0 };
	long long real, tai;

	EXPECT(adjtimex(&tx) >= 0);
	real = now(CLOCK_REALTIME);
	tai = now(CLOCK_TAI);
	EXPECT(tai - tx.tai * 1000000000LL >= real);
	EXPECT(now(CLOCK_REALTIME) >= tai - tx.tai * 1000000000LL);
}

static void on_alarm(int signo)
{
	(void)signo;
}

/* A handler ends a sleep, which then says what was left. */
TEST(a_handler_ends_a_sleep_with_the_rest)
{
	struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	struct timespec t = { .tv_sec = 1000 }, rest = { 0, 0 };
	long long start = now(CLOCK_MONOTONIC), left;

	EXPECT_EQ(0, sigaction(SIGALRM, &act, NULL));
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	EXPECT_ERRNO(EINTR, nanosleep(&t, &rest));
	left = rest.tv_sec * 1000000000LL + rest.tv_nsec;
	EXPECT(left < 1000000000000LL);
	EXPECT(now(CLOCK_MONOTONIC) - start + left >= 1000000000000LL);
	/* An absolute one leaves it alone. */
	rest.tv_sec = 77;
	t.tv_sec += now(CLOCK_MONOTONIC) / 1000000000;
	EXPECT_EQ(EINTR, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &rest));
	EXPECT_EQ(77, rest.tv_sec);
}

/* Stopped and continued, it sleeps on to its end and reports nothing. */
TEST(a_sleep_survives_stop_and_continue)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		long long start = now(CLOCK_MONOTONIC);

		sleep_ns(300000000);
		EXPECT(now(CLOCK_MONOTONIC) - start >= 300000000);
		_exit(0);
	}
	for (int i = 0; i < 3; i++) {
		sleep_ns(30000000);
		EXPECT_EQ(0, kill(pid, SIGSTOP));
		EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		if (!WIFSTOPPED(status))
			break;          /* it was over before, in good time */
		EXPECT_EQ(0, kill(pid, SIGCONT));
	}
	if (!WIFEXITED(status))
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(adjtimex_reads)
{
	struct timex tx = { .modes = 0 };
	long long before = now(CLOCK_REALTIME), here;
	int state = adjtimex(&tx);

	EXPECT(state >= 0 && state <= 5);
	EXPECT_EQ(5, tx.status & STA_UNSYNC ? state : 5);
	EXPECT(tx.tick >= 9000 && tx.tick <= 11000);
	EXPECT_EQ(1, tx.precision);
	EXPECT_EQ(500 << 16, tx.tolerance);
	EXPECT(tx.freq >= -tx.tolerance && tx.freq <= tx.tolerance);
	here = tx.time.tv_sec * 1000000000LL +
	       tx.time.tv_usec * (tx.status & STA_NANO ? 1 : 1000);
	EXPECT(here >= before - 1000 && here <= now(CLOCK_REALTIME));
	tx.modes = ADJ_OFFSET_SS_READ;
	EXPECT_EQ(state, adjtimex(&tx));
}

TEST(adjtimex_refuses)
{
	struct timex tx = { .modes = ADJ_TICK, .tick = 8999 };

	EXPECT_ERRNO(EINVAL, adjtimex(&tx));
	tx = (struct timex){ .modes = 0x8000 };
	EXPECT_ERRNO(EINVAL, adjtimex(&tx));
	tx = (struct timex){ .modes = ADJ_SETOFFSET, .time = { 0, 1000000 } };
	EXPECT_ERRNO(EINVAL, adjtimex(&tx));
	tx.time = (struct timeval){ -(1LL << 33), 0 };
	EXPECT_ERRNO(EINVAL, adjtimex(&tx));
	tx.time = (struct timeval){ 1LL << 44, 0 };
	EXPECT_ERRNO(EINVAL, adjtimex(&tx));
	EXPECT_ERRNO(EFAULT, adjtimex((void *)8));
	EXPECT_ERRNO(EINVAL, clock_adjtime(10, &tx));
	EXPECT_ERRNO(EOPNOTSUPP, clock_adjtime(CLOCK_MONOTONIC, &tx));
	EXPECT_EQ(0, setuid(1));
	tx = (struct timex){ .modes = ADJ_FREQUENCY };
	EXPECT_ERRNO(EPERM, adjtimex(&tx));
	tx = (struct timex){ .modes = 0x8001 };
	EXPECT_ERRNO(EPERM, adjtimex(&tx));
	tx.modes = 0;
	EXPECT(adjtimex(&tx) >= 0);
}

enum { WINDOWS = 15, WINDOW_NS = 20000000 };

static int longs_compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

/*
 * What share of the processor time that @work takes is in user mode, in percent: the median of
 * windows.  A kernel that samples gives the time for which a host has stopped a virtual
 * processor to the mode that it was in.
 */
static long user_share(void (*work)(void))
{
	long shares[WINDOWS], user = 0, system = 0, before_user, before;
	struct rusage ru;

	for (int i = 0; i < WINDOWS; i++) {
		before_user = user;
		before = user + system;
		while (now(CLOCK_PROCESS_CPUTIME_ID) < (i + 1LL) * WINDOW_NS)
			work();
		EXPECT_EQ(0, getrusage(RUSAGE_SELF, &ru));
		user = ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec;
		system = ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec;
		EXPECT(user + system > before);
		shares[i] = (user - before_user) * 100 / (user + system - before);
	}
	EXPECT(user + system >= 290000);
	qsort(shares, WINDOWS, sizeof(shares[0]), longs_compare);
	return shares[WINDOWS / 2];
}

static void compute(void)
{
	for (volatile int i = 0; i < 100000; i++)
		;
}

static char zeroes[1 << 20];

static void read_zeroes(void)
{
	int fd = open("/dev/zero", O_RDONLY);

	EXPECT_EQ(sizeof(zeroes), read(fd, zeroes, sizeof(zeroes)));
	close(fd);
}

TEST(user_time_is_told_from_system_time)
{
	EXPECT(user_share(compute) >= 75);
}

TEST(system_time_is_told_from_user_time)
{
	EXPECT(user_share(read_zeroes) <= 25);
}
