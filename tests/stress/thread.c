/* SPDX-License-Identifier: MIT */
/*
 * Threads made and joined, thousands a second, in several processes at once: attached and
 * detached, some while another thread forks or exits them all.
 *
 * Nothing is lost: every thread ran once, its own memory was its own, its result arrived, and an
 * exit of the process takes them all.  A round is a thread.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

enum { PROCESSES = 4, THREADS = 12 };

static _Thread_local long own = 7;
static atomic_long ran, detached;

static void *works(void *arg)
{
	long before = own;

	own = (long)arg;
	for (int i = 0; i < 20; i++)
		if (own != (long)arg)
			return NULL;
	atomic_fetch_add(&ran, 1);
	return before == 7 ? (void *)((long)arg * 3 + 1) : NULL;
}

static void create_and_join(void)
{
	pthread_t t[THREADS];
	void *result;

	ran = 0;
	for (long i = 0; i < THREADS; i++)
		STRESS_EQ(0, pthread_create(&t[i], NULL, works, (void *)i));
	for (long i = 0; i < THREADS; i++) {
		STRESS_EQ(0, pthread_join(t[i], &result));
		STRESS_EQ(i * 3 + 1, result);
	}
	STRESS_EQ(THREADS, ran);
	stress_done(THREADS);
}

static void *says_so(void *arg)
{
	(void)arg;
	atomic_fetch_add(&detached, 1);
	return NULL;
}

static void detach(void)
{
	pthread_attr_t attr;
	pthread_t t;

	detached = 0;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < THREADS; i++)
		STRESS_EQ(0, pthread_create(&t, &attr, says_so, NULL));
	while (detached < THREADS)
		usleep(100);
	stress_done(THREADS);
}

static void *never_ends(void *arg)
{
	atomic_fetch_add(&ran, 1);
	for (;;) {
		if (arg)
			pause();
		atomic_fetch_add(&detached, 1);
	}
	return NULL;
}

/* A process with threads that sleep and run: exit, by any of them, ends it. */
static void *exits(void *arg)
{
	_exit((int)(long)arg);
}

static void exit_with_threads(void)
{
	int code = (int)stress_random(256), status;
	pid_t pid = fork();

	STRESS_CHECK(pid >= 0);
	if (pid == 0) {
		pthread_t t;

		ran = 0;
		for (long i = 0; i < 4; i++)
			if (pthread_create(&t, NULL, never_ends, (void *)(i & 1)))
				_exit(255 - code);
		while (ran < 4)
			usleep(100);
		if (pthread_create(&t, NULL, exits, (void *)(long)code))
			_exit(255 - code);
		for (;;)
			pause();
	}
	STRESS_EQ(pid, waitpid(pid, &status, 0));
	STRESS_EQ(code << 8, status);
	stress_done(5);
}

static void storm(int i)
{
	(void)i;
	while (stress_goes_on()) {
		create_and_join();
		detach();
		if (stress_random(4) == 0)
			exit_with_threads();
	}
}

void stress_main(void)
{
	stress_together(PROCESSES, storm);
}
