/* SPDX-License-Identifier: MIT */
/*
 * Thread storms: threads that are joined, detached, or ended with their process by one of them
 * that exits, executes a program or is killed, while others run, sleep and make more.
 *
 * Each thread has its stack and its thread-local memory to itself, and its value reaches who
 * joins it; the last of a process to go gives it the status that was asked for; all memory of a
 * thread comes back.  A round is a thread made.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

enum { WORKERS = 4, JOINED = 12, DETACHED = 12, COMPANY = 5, WORDS = 600, STACK = 32 << 10 };

static __thread uint64_t local[WORDS];
static __thread uint64_t initialised = 0x6765d3e1;

static volatile bool is_ending;         /* then somebody may be in exec, which keeps threads away */

static pthread_t start(void *(*fn)(void *), void *arg, int state)
{
	pthread_attr_t attr;
	pthread_t t;
	int err;

	pthread_attr_init(&attr);
	STRESS_EQ(0, pthread_attr_setstacksize(&attr, STACK));
	STRESS_EQ(0, pthread_attr_setdetachstate(&attr, state));
	while ((err = pthread_create(&t, &attr, fn, arg)) == EAGAIN && is_ending)
		sched_yield();
	STRESS_EQ(0, err);
	pthread_attr_destroy(&attr);
	return t;
}

/* Fresh memory of its own, which stays what this thread makes of it. */
static uint64_t use_memory(uint64_t me)
{
	volatile uint64_t stack[WORDS];
	uint64_t sum = 0;

	STRESS_EQ(0x6765d3e1, initialised);
	initialised = me;
	for (uint64_t i = 0; i < WORDS; i++) {
		STRESS_EQ(0, local[i]);
		local[i] = me * 3 + i;
		stack[i] = me * 5 + i;
	}
	if (me % 3)
		sched_yield();
	for (uint64_t i = 0; i < WORDS; i++) {
		STRESS_EQ(me * 3 + i, local[i]);
		STRESS_EQ(me * 5 + i, stack[i]);
		sum += local[i] ^ stack[i];
	}
	STRESS_EQ(me, initialised);
	return sum;
}

static uint64_t sum_expected(uint64_t me)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < WORDS; i++)
		sum += (me * 3 + i) ^ (me * 5 + i);
	return sum;
}

static void *joined(void *arg)
{
	return (void *)use_memory((uint64_t)arg);
}

static void join_all(void)
{
	pthread_t t[JOINED];
	void *sum;

	for (uint64_t i = 0; i < JOINED; i++)
		t[i] = start(joined, (void *)i, PTHREAD_CREATE_JOINABLE);
	for (uint64_t i = 0; i < JOINED; i++) {
		STRESS_EQ(0, pthread_join(t[i], &sum));
		STRESS_EQ(sum_expected(i), sum);
	}
	stress_done(JOINED);
}

/* ---- detached ones, of which only a semaphore says that they were there ---- */

static sem_t ends;

static void *detached(void *arg)
{
	use_memory((uint64_t)arg);
	STRESS_EQ(0, sem_post(&ends));
	return NULL;
}

static void detach_all(void)
{
	STRESS_EQ(0, sem_init(&ends, 0, 0));
	for (uint64_t i = 0; i < DETACHED; i++)
		start(detached, (void *)i, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < DETACHED; i++)
		while (sem_wait(&ends) < 0)
			STRESS_EQ(EINTR, errno);
	stress_done(DETACHED);
}

/* ---- the end of a process with threads ---- */

static int silent[2];                   /* nobody writes into it */

/* Threads in all kinds of states: computing, asleep, making threads. */
static void *keep_busy(void *arg)
{
	char byte;

	STRESS_EQ(0, sem_post(&ends));
	switch ((uint64_t)arg % 3) {
	case 0:
		for (;;)
			__atomic_add_fetch(&local[0], 1, __ATOMIC_RELAXED);
	case 1:
		for (;;)
			(void)!read(silent[0], &byte, 1);
	default:
		for (;;)
			pthread_join(start(joined, arg, PTHREAD_CREATE_JOINABLE), NULL);
	}
}

static void exit_with(const char *code)
{
	execl("/bin/sh", "sh", "-c", "exit $0", code, (char *)NULL);
	_exit(127);
}

static void *ends_by_exit(void *arg)
{
	(void)arg;
	_exit(31);
}

static void *ends_by_exec(void *arg)
{
	(void)arg;
	exit_with("32");
	return NULL;
}

static void *ends_by_signal(void *arg)
{
	(void)arg;
	syscall(SYS_tgkill, getpid(), gettid(), SIGBUS);
	return NULL;
}

/* The first thread's, which the kernel clears at its end. */
static volatile pid_t leader;

/* Last of all, alone: the first thread has gone. */
static void *ends_last(void *arg)
{
	pid_t seen;

	(void)arg;
	while ((seen = leader))
		syscall(SYS_futex, &leader, FUTEX_WAIT, seen, NULL, NULL, 0);
	use_memory(7);
	_exit(33);
}

static void with_company(void *(*fn)(void *))
{
	STRESS_EQ(0, sem_init(&ends, 0, 0));
	STRESS_EQ(0, pipe(silent));
	for (uint64_t i = 0; i < COMPANY; i++)
		start(keep_busy, (void *)i, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < COMPANY; i++)
		while (sem_wait(&ends) < 0)
			STRESS_EQ(EINTR, errno);
	is_ending = true;
	start(fn, NULL, PTHREAD_CREATE_DETACHED);
	for (;;)
		pause();
}

/* musl's pthread_exit() of a first thread that was forked leaves a lock behind. */
static void leader_leaves(void)
{
	leader = (pid_t)syscall(SYS_set_tid_address, &leader);
	start(ends_last, NULL, PTHREAD_CREATE_DETACHED);
	syscall(SYS_exit, 0);
}

/* Several at once: one wins, and the others end. */
static void many_ends(void)
{
	is_ending = true;
	start(ends_by_exec, NULL, PTHREAD_CREATE_DETACHED);
	start(ends_by_exec, NULL, PTHREAD_CREATE_DETACHED);
	with_company(ends_by_exec);
}

static void end_of(int way)
{
	static void *(*const ends_of[])(void *) = { ends_by_exit, ends_by_exec, ends_by_signal };

	if (way < 3)
		with_company(ends_of[way]);
	else if (way == 3)
		leader_leaves();
	else
		many_ends();
}

static void end_all_ways(void)
{
	static const int expected[] = { 31 << 8, 32 << 8, SIGBUS, 33 << 8, 32 << 8 };
	int status;

	for (int way = 0; way < 5; way++) {
		pid_t pid = fork();

		STRESS_CHECK(pid >= 0);
		if (pid == 0)
			end_of(way);
		STRESS_EQ(pid, waitpid(pid, &status, 0));
		STRESS_EQ(expected[way], status);
		stress_done(COMPANY + 1);
	}
}

static void worker(int i)
{
	(void)i;
	while (stress_goes_on()) {
		join_all();
		detach_all();
		end_all_ways();
	}
}

void stress_main(void)
{
	stress_together(WORKERS, worker);
}
