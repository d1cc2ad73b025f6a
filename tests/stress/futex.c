/* SPDX-License-Identifier: MIT */
/*
 * Contention for futexes: mutexes, plain, robust and with priority inheritance, condition
 * variables, words shared by processes.
 *
 * Nothing is lost: a counter under a lock is right, a lock whose owner dies goes on, every token
 * that was passed arrives, and nobody sleeps for ever.  A round is a lock taken or a token passed.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "pi_lock.h"
#include "stress.h"

/* A turn of stress_main() is short also where each wake-up starts a sleeping processor, for which
 * the host takes milliseconds. */
enum { THREADS = 8, TAKES = 100, PASSES = 20, WORDS = 4 };

static pthread_mutex_t mutex;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter, deaths;
static int turn;

static void mutex_make(int protocol, int robust)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	STRESS_EQ(0, pthread_mutexattr_setprotocol(&attr, protocol));
	STRESS_EQ(0, pthread_mutexattr_setrobust(&attr, robust));
	STRESS_EQ(0, pthread_mutex_init(&mutex, &attr));
	counter = deaths = 0;
}

static void take(void)
{
	int err = pthread_mutex_lock(&mutex);

	if (err == EOWNERDEAD) {
		deaths++;
		err = pthread_mutex_consistent(&mutex);
	}
	STRESS_EQ(0, err);
}

/* Now and then by trying, or with a time limit that may pass. */
static bool take_somehow(void)
{
	struct timespec t;
	int err;

	if (stress_random(8)) {
		take();
		return true;
	}
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec = (t.tv_nsec + 20000) % 1000000000;
	err = pthread_mutex_timedlock(&mutex, &t);
	if (err == EOWNERDEAD) {
		deaths++;
		STRESS_EQ(0, pthread_mutex_consistent(&mutex));
		return true;
	}
	STRESS_CHECK(err == 0 || err == ETIMEDOUT);
	return err == 0;
}

static void *counts(void *dies)
{
	long n = 0;

	while (n < TAKES) {
		if (!take_somehow())
			continue;
		counter++;
		if (++n == TAKES && dies)
			return NULL;
		STRESS_EQ(0, pthread_mutex_unlock(&mutex));
	}
	return NULL;
}

static void run(void *(*fn)(void *), void *arg)
{
	pthread_t t[THREADS];

	for (long i = 0; i < THREADS; i++)
		STRESS_EQ(0, pthread_create(&t[i], NULL, fn, arg ? arg : (void *)i));
	for (int i = 0; i < THREADS; i++)
		STRESS_EQ(0, pthread_join(t[i], NULL));
}

static void *counts_and_lives(void *arg)
{
	(void)arg;
	return counts(NULL);
}

static void contend(int protocol, bool is_deadly)
{
	mutex_make(protocol, is_deadly ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED);
	if (is_deadly)
		run(counts, &counter);
	else
		run(counts_and_lives, NULL);
	if (is_deadly)
		take();
	STRESS_EQ(THREADS * TAKES, counter);
	STRESS_EQ(is_deadly ? THREADS : 0, deaths);
	if (is_deadly)
		STRESS_EQ(0, pthread_mutex_unlock(&mutex));
	STRESS_EQ(0, pthread_mutex_destroy(&mutex));
	stress_done(THREADS * TAKES);
}

/* The same, for locks with priority inheritance that outlive their owners. */
static struct pi_lock robust;

static void robust_take(void)
{
	int err = pi_lock_take(&robust);

	if (err == EOWNERDEAD)
		deaths++;
	else
		STRESS_EQ(0, err);
}

static void *counts_and_bequeaths(void *arg)
{
	static struct robust_list_head heads[THREADS];

	for (int n = 1; n <= TAKES; n++) {
		robust_take();
		counter++;
		STRESS_EQ(0, n < TAKES ? pi_lock_give(&robust) :
			  pi_lock_bequeath(&robust, &heads[(long)arg]));
	}
	return NULL;
}

static void bequeath(void)
{
	counter = deaths = 0;
	run(counts_and_bequeaths, NULL);
	robust_take();
	STRESS_EQ(THREADS * TAKES, counter);
	STRESS_EQ(THREADS, deaths);
	STRESS_EQ(0, pi_lock_give(&robust));
	stress_done(THREADS * TAKES);
}

/* A token goes round by a condition variable that all wait for. */
static void *passes(void *arg)
{
	int me = (int)(long)arg;

	for (int i = 0; i < PASSES; i++) {
		STRESS_EQ(0, pthread_mutex_lock(&mutex));
		while (turn != me)
			STRESS_EQ(0, pthread_cond_wait(&changed, &mutex));
		turn = (me + 1) % THREADS;
		counter++;
		STRESS_EQ(0, pthread_cond_broadcast(&changed));
		STRESS_EQ(0, pthread_mutex_unlock(&mutex));
	}
	return NULL;
}

static void token(void)
{
	mutex_make(PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
	turn = 0;
	run(passes, NULL);
	STRESS_EQ(THREADS * PASSES, counter);
	stress_done(THREADS * PASSES);
}

/* Two processes and a word: each waits for the other's parity. */
static _Atomic uint32_t *words;

static void step_all(int side)
{
	for (uint32_t n = 0; n < PASSES; n++)
		for (int w = 0; w < WORDS; w++) {
			uint32_t now;

			while ((now = words[w]) % 2 != (uint32_t)side)
				syscall(SYS_futex, &words[w], FUTEX_WAIT, now, NULL, NULL, 0);
			words[w] = now + 1;
			syscall(SYS_futex, &words[w], FUTEX_WAKE, 1, NULL, NULL, 0);
		}
}

static void ping_pong(void)
{
	words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	STRESS_CHECK(words != MAP_FAILED);
	stress_together(2, step_all);
	for (int w = 0; w < WORDS; w++)
		STRESS_EQ(2 * PASSES, words[w]);
	munmap((void *)words, 4096);
	stress_done(2 * PASSES * WORDS);
}

void stress_main(void)
{
	while (stress_goes_on()) {
		contend(PTHREAD_PRIO_NONE, false);
		contend(PTHREAD_PRIO_INHERIT, false);
		contend(PTHREAD_PRIO_NONE, true);
		bequeath();
		token();
		ping_pong();
	}
}
