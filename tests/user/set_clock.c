/* SPDX-License-Identifier: MIT */
/*
 * What the clock's being set does: to timers, and to who waits for a time of day.
 *
 * These change the machine they run on, so tools/test runs them on Gemel only; as root of a Linux
 * guest they pass there.
 */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "timer.h"

static void set_ahead(long long by)
{
	struct timespec t = spec(now(CLOCK_REALTIME) + by);

	EXPECT_EQ(0, clock_settime(CLOCK_REALTIME, &t));
}

TEST(cancels_a_timerfd)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t n;

	fd_start(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
		 now(CLOCK_REALTIME) + 1000 * SECOND, 0);
	EXPECT_ERRNO(EAGAIN, read(fd, &n, 8));
	set_ahead(0);
	EXPECT_EQ(1, poll(&p, 1, -1));
	EXPECT_ERRNO(ECANCELED, read(fd, &n, 8));
	EXPECT_ERRNO(EAGAIN, read(fd, &n, 8));
	fd_start(fd, TFD_TIMER_ABSTIME, now(CLOCK_REALTIME) + 1000 * SECOND, 0);
	set_ahead(0);
	EXPECT_ERRNO(EAGAIN, read(fd, &n, 8));
}

/* Forward beyond what everybody waits for, and back when they have seen it. */
TEST(wakes_who_waits_for_it)
{
	long long start = now(CLOCK_MONOTONIC), end = now(CLOCK_REALTIME) + 15 * SECOND;
	int fd = timerfd_create(CLOCK_REALTIME, 0), id, status;
	struct timespec until = spec(end);
	sigset_t set = test_block(SIGRTMIN);
	uint64_t n;
	pid_t pid;

	fd_start(fd, TFD_TIMER_ABSTIME, end, 0);
	id = timer_of(CLOCK_REALTIME, SIGEV_SIGNAL, SIGRTMIN);
	timer_start(id, TIMER_ABSTIME, end, 0);
	pid = fork();
	if (pid == 0) {
		EXPECT_EQ(0, clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL));
		EXPECT(now(CLOCK_REALTIME) >= end);
		_exit(0);
	}
	sleep_ns(20 * MS);
	set_ahead(15 * SECOND);
	EXPECT_EQ(8, read(fd, &n, 8));
	EXPECT_EQ(SIGRTMIN, sigwaitinfo(&set, NULL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	set_ahead(-15 * SECOND);
	EXPECT_EQ(0, status);
	EXPECT(now(CLOCK_MONOTONIC) - start < 15 * SECOND);
}

/* Backward: who waits for a wall time waits longer; who waits for a length of time does not. */
TEST(back_is_waited_for)
{
	long long start = now(CLOCK_MONOTONIC), end = now(CLOCK_REALTIME) + 100 * MS;
	int fd = timerfd_create(CLOCK_REALTIME, 0), relative = timerfd_create(CLOCK_REALTIME, 0);
	uint64_t n;

	fd_start(fd, TFD_TIMER_ABSTIME, end, 0);
	fd_start(relative, 0, 50 * MS, 0);
	set_ahead(-200 * MS);
	EXPECT_EQ(8, read(relative, &n, 8));
	EXPECT_EQ(8, read(fd, &n, 8));
	EXPECT(now(CLOCK_REALTIME) >= end);
	set_ahead(200 * MS);
	EXPECT(now(CLOCK_MONOTONIC) - start >= 290 * MS);
}

/* A second's thousandth is worked off at 500 ppm: the clock gains, and never more than that. */
TEST(adjtime_works_an_offset_off_slowly)
{
	struct timeval by = { 0, 1000 }, left, none = { 0, 0 };
	long long outer = now(CLOCK_MONOTONIC), real = now(CLOCK_REALTIME);
	long long inner = now(CLOCK_MONOTONIC);

	EXPECT_EQ(0, adjtime(&by, NULL));
	sleep_ns(50 * MS);
	inner = now(CLOCK_MONOTONIC) - inner;
	real = now(CLOCK_REALTIME) - real;
	outer = now(CLOCK_MONOTONIC) - outer;
	EXPECT(real >= inner - inner / 1000);
	EXPECT(real <= outer + outer / 1000);
	EXPECT_EQ(0, adjtime(&none, &left));
	EXPECT_EQ(0, left.tv_sec);
	EXPECT(left.tv_usec >= 0 && left.tv_usec <= 1000);
	EXPECT_EQ(0, adjtime(NULL, &left));
	EXPECT_EQ(0, left.tv_usec);
}

/* As slow as it may be, with the largest numbers for the rest, and back. */
TEST(rates_have_limits)
{
	struct timex was = { .modes = 0 };
	struct timex tx = { .modes = ADJ_TICK | ADJ_FREQUENCY | ADJ_TIMECONST,
			    .tick = 9000, .freq = -(500 << 16), .constant = LONG_MAX };

	EXPECT(adjtimex(&was) >= 0);
	EXPECT(adjtimex(&tx) >= 0);
	EXPECT_EQ(9000, tx.tick);
	EXPECT_EQ(-(500 << 16), tx.freq);
	EXPECT_EQ(10, tx.constant);
	tx = (struct timex){ .modes = ADJ_TIMECONST, .constant = LONG_MIN };
	EXPECT(adjtimex(&tx) >= 0);
	EXPECT_EQ(0, tx.constant);
	was.modes = ADJ_TICK | ADJ_FREQUENCY;
	EXPECT(adjtimex(&was) >= 0);
}
