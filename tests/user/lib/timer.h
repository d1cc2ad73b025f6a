/* SPDX-License-Identifier: MIT */
#pragma once
/* Time in nanoseconds, and timers by it: for timers.c and set_clock.c. */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define US 1000LL
#define MS 1000000LL
#define SECOND 1000000000LL

/* musl has no name for it. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id __sev_fields.sigev_notify_thread_id
#endif

static inline long long now(clockid_t clock)
{
	struct timespec t;

	EXPECT_EQ(0, clock_gettime(clock, &t));
	return t.tv_sec * SECOND + t.tv_nsec;
}

static inline struct timespec spec(long long ns)
{
	return (struct timespec){ .tv_sec = ns / SECOND, .tv_nsec = ns % SECOND };
}

static inline long long ns_of(struct timespec t)
{
	return t.tv_sec * SECOND + t.tv_nsec;
}

static inline void sleep_ns(long long ns)
{
	struct timespec t = spec(ns);

	EXPECT_EQ(0, nanosleep(&t, NULL));
}

static inline void fd_start(int fd, int flags, long long value, long long interval)
{
	struct itimerspec its = { .it_value = spec(value), .it_interval = spec(interval) };

	EXPECT_EQ(0, timerfd_settime(fd, flags, &its, NULL));
}

/* Timers by their own numbers, because a libc has structures of its own. */
static inline int timer_of(clockid_t clock, int notify, int signo)
{
	struct sigevent event = { .sigev_notify = notify, .sigev_signo = signo };
	int id;

	event.sigev_value.sival_int = 77;
	event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
	EXPECT_EQ(0, syscall(SYS_timer_create, clock, &event, &id));
	return id;
}

static inline void timer_start(int id, int flags, long long value, long long interval)
{
	struct itimerspec its = { .it_value = spec(value), .it_interval = spec(interval) };

	EXPECT_EQ(0, syscall(SYS_timer_settime, id, flags, &its, NULL));
}
