/* SPDX-License-Identifier: MIT */
/*
 * How late timers come: "NAME NANOSECONDS" lines, the worst of ROUNDS expirations.  Each
 * is due at the start plus a multiple of the period, so drift shows too.  Under QEMU's -icount
 * shift=0 the time is the guest's own, whatever else the host does.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 200, PERIOD = 1000000 };

static void check(long result)
{
	if (result < 0) {
		perror("late");
		exit(1);
	}
}

static long now(void)
{
	struct timespec t;

	check(clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static struct timespec spec(long ns)
{
	return (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

static struct itimerspec periodic(long start)
{
	return (struct itimerspec){ .it_value = spec(start + PERIOD), .it_interval = spec(PERIOD) };
}

/* Too early is worse than any lateness. */
static void report(const char *name, long start, void (*wait_for)(long due))
{
	long worst = 0;

	for (long i = 1; i <= ROUNDS; i++) {
		long due = start + i * PERIOD, late;

		wait_for(due);
		late = now() - due;
		if (late < 0)
			late = 1000000000;
		if (late > worst)
			worst = late;
	}
	printf("%s %ld\n", name, worst);
}

static void wait_sleeping(long due)
{
	struct timespec t = spec(due);

	check(-clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
}

static sigset_t set;

static void wait_signal(long due)
{
	(void)due;
	check(sigwaitinfo(&set, NULL));
}

static int fd;

static void wait_reading(long due)
{
	uint64_t n;

	(void)due;
	check(read(fd, &n, sizeof(n)));
}

int main(void)
{
	struct itimerval real = { { 0, PERIOD / 1000 }, { 0, PERIOD / 1000 } };
	struct itimerspec its;
	timer_t timer;
	long start;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	check(sigprocmask(SIG_BLOCK, &set, NULL));
	report("sleep", now(), wait_sleeping);

	/* It is due after this moment at the earliest. */
	start = now();
	check(setitimer(ITIMER_REAL, &real, NULL));
	report("itimer", start, wait_signal);
	real.it_value.tv_usec = 0;
	check(setitimer(ITIMER_REAL, &real, NULL));

	check(timer_create(CLOCK_MONOTONIC, NULL, &timer));
	start = now();
	its = periodic(start);
	check(timer_settime(timer, TIMER_ABSTIME, &its, NULL));
	report("timer", start, wait_signal);
	check(timer_delete(timer));

	fd = timerfd_create(CLOCK_MONOTONIC, 0);
	check(fd);
	start = now();
	its = periodic(start);
	check(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL));
	report("timerfd", start, wait_reading);
	return 0;
}
