/* SPDX-License-Identifier: MIT */
/*
 * Interval timers, POSIX timers and timerfds, many at once, and armed again and again.
 *
 * A periodic timer does not drift and loses nothing: between the moment before it was set and
 * the moment after it was read for the last time, it has expired as many times as intervals
 * fit.  Signals coalesce, so a POSIX timer's are counted with their overruns, a timerfd
 * counts by itself.  A round is one timer's life.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

enum { PROCESSES = 8, LIFE_NS = 50000000, FAR_US = 1000000000 };

static long long now(void)
{
	struct timespec t;

	STRESS_EQ(0, clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long random_interval_ns(void)
{
	return 200000 + (long)stress_random(3000000);
}

/* @n expirations, set between two moments, read between two others. */
static void check_count(long long n, long long interval, const long long set[2],
			const long long end[2])
{
	STRESS_CHECK(n >= (end[0] - set[1]) / interval);
	STRESS_CHECK(n <= (end[1] - set[0]) / interval);
}

static void timerfd_life(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	long ns = random_interval_ns();
	struct itimerspec it = { { 0, ns }, { 0, ns } };
	long long set[2], end[2];
	uint64_t n, sum = 0;

	STRESS_CHECK(fd >= 0);
	set[0] = now();
	STRESS_EQ(0, timerfd_settime(fd, 0, &it, NULL));
	set[1] = now();
	do {
		end[0] = now();
		STRESS_EQ(sizeof(n), read(fd, &n, sizeof(n)));
		end[1] = now();
		STRESS_CHECK(n > 0);
		sum += n;
	} while (end[1] - set[0] < LIFE_NS);
	check_count((long long)sum, ns, set, end);
	close(fd);
}

/* The signal is blocked and fetched, so each delivery is one fetch and its overruns. */
static void posix_timer_life(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	long ns = random_interval_ns();
	struct itimerspec it = { { 0, ns }, { 0, ns } }, off = { { 0, 0 }, { 0, 0 } };
	long long set[2], end[2], sum = 0;
	siginfo_t info;
	sigset_t mask;
	timer_t id;

	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN);
	STRESS_EQ(0, sigprocmask(SIG_BLOCK, &mask, NULL));
	STRESS_EQ(0, timer_create(CLOCK_MONOTONIC, &ev, &id));
	set[0] = now();
	STRESS_EQ(0, timer_settime(id, 0, &it, NULL));
	set[1] = now();
	do {
		end[0] = now();
		STRESS_EQ(SIGRTMIN, sigwaitinfo(&mask, &info));
		end[1] = now();
		STRESS_EQ(SI_TIMER, info.si_code);
		sum += 1 + info.si_overrun;
	} while (end[1] - set[0] < LIFE_NS);
	STRESS_EQ(0, timer_settime(id, 0, &off, NULL));
	check_count(sum, ns, set, end);
	STRESS_EQ(0, timer_delete(id));
	/* What was pending when the timer went is gone with it, or is the last one. */
	while (sigtimedwait(&mask, NULL, &(struct timespec){ 0, 0 }) > 0)
		;
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static long long usec(const struct itimerval *it)
{
	return it->it_value.tv_sec * 1000000LL + it->it_value.tv_usec;
}

/* An alarm comes once and not early; a timer that was taken away does not come. */
static void itimer_life(void)
{
	int at = alarms;
	struct itimerval it = { .it_value.tv_usec = 100 + (long)stress_random(3000) }, left;
	struct itimerval far = { .it_value.tv_sec = FAR_US / 1000000 };
	struct itimerval off = { .it_value.tv_sec = 0 };
	long long start = now();

	STRESS_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	while (alarms == at)
		usleep(500);
	STRESS_EQ(at + 1, alarms);
	STRESS_CHECK(now() - start >= it.it_value.tv_usec * 1000LL);
	for (int i = 0; i < 50; i++) {
		start = now();
		STRESS_EQ(0, setitimer(ITIMER_REAL, &far, NULL));
		STRESS_EQ(0, setitimer(ITIMER_REAL, &off, &left));
		STRESS_CHECK(usec(&left) <= FAR_US);
		STRESS_CHECK(usec(&left) >= FAR_US - (now() - start) / 1000 - 1);
	}
	STRESS_EQ(at + 1, alarms);
}

/* CPU time: comes while the process runs, not before that much was used. */
static void virtual_life(int which, int sig)
{
	struct itimerval it = { .it_value.tv_usec = 1000 + (long)stress_random(9000) };
	int at = alarms;

	signal(sig, on_alarm);
	STRESS_EQ(0, setitimer(which, &it, NULL));
	while (alarms == at && stress_goes_on())
		;
	STRESS_EQ(0, setitimer(which, &(struct itimerval){ .it_value.tv_sec = 0 }, NULL));
}

static void worker(int i)
{
	signal(SIGALRM, on_alarm);
	while (stress_goes_on()) {
		switch (i % 4) {
		case 0:
			timerfd_life();
			break;
		case 1:
			posix_timer_life();
			break;
		case 2:
			itimer_life();
			break;
		default:
			virtual_life(i & 4 ? ITIMER_PROF : ITIMER_VIRTUAL,
				     i & 4 ? SIGPROF : SIGVTALRM);
			break;
		}
		stress_done(1);
	}
}

void stress_main(void)
{
	stress_together(PROCESSES, worker);
}
