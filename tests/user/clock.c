/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping. */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
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
