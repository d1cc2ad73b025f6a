/* SPDX-License-Identifier: MIT */
/* Threads: memory, locks, thread-local storage, futexes, on all processors. */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

enum { THREADS = 8, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter;
static atomic_long atomic_counter;
static _Thread_local long own = 5;

static void start(pthread_t *threads, int n, void *(*fn)(void *))
{
	for (long i = 0; i < n; i++)
		EXPECT_EQ(0, pthread_create(&threads[i], NULL, fn, (void *)i));
}

static void join(pthread_t *threads, int n)
{
	for (int i = 0; i < n; i++)
		EXPECT_EQ(0, pthread_join(threads[i], NULL));
}

static void *returns_square(void *arg)
{
	return (void *)((long)arg * (long)arg);
}

TEST(create_and_join)
{
	pthread_t threads[THREADS];

	start(threads, THREADS, returns_square);
	for (long i = 0; i < THREADS; i++) {
		void *result;

		EXPECT_EQ(0, pthread_join(threads[i], &result));
		EXPECT_EQ(i * i, result);
	}
}

TEST(many_one_after_the_other)
{
	for (int i = 0; i < 300; i++) {
		pthread_t thread;

		start(&thread, 1, returns_square);
		join(&thread, 1);
	}
}

static void *adds(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		atomic_fetch_add(&atomic_counter, 1);
	}
	return NULL;
}

TEST(a_mutex_excludes)
{
	pthread_t threads[THREADS];

	start(threads, THREADS, adds);
	join(threads, THREADS);
	EXPECT_EQ(THREADS * ROUNDS, counter);
	EXPECT_EQ(THREADS * ROUNDS, atomic_counter);
}

static void *changes_own(void *arg)
{
	long before = own;

	own = 100 + (long)arg;
	for (int i = 0; i < 50; i++)
		sched_yield();
	return (void *)(long)(before == 5 && own == 100 + (long)arg);
}

TEST(thread_local_storage_is_local)
{
	pthread_t threads[THREADS];
	void *fine;

	start(threads, THREADS, changes_own);
	for (int i = 0; i < THREADS; i++) {
		EXPECT_EQ(0, pthread_join(threads[i], &fine));
		EXPECT(fine);
	}
	EXPECT_EQ(5, own);
}

static void *computes(void *arg)
{
	double x = 1.0 + (double)(long)arg;

	for (int i = 0; i < 20000; i++) {
		x = x * 1.0000001 + 1e-9;
		if (i % 1000 == 0)
			sched_yield();
	}
	return (void *)(long)(x * 1e6);
}

TEST(floating_point_state_is_each_threads_own)
{
	pthread_t threads[THREADS];

	start(threads, THREADS, computes);
	for (long i = 0; i < THREADS; i++) {
		void *result;

		EXPECT_EQ(0, pthread_join(threads[i], &result));
		EXPECT_EQ(computes((void *)i), result);
	}
}

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *takes_turns(void *arg)
{
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&mutex);
		while (turn % 4 != (long)arg)
			pthread_cond_wait(&cond, &mutex);
		turn++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(condition_variables_wake)
{
	pthread_t threads[4];

	start(threads, 4, takes_turns);
	join(threads, 4);
	EXPECT_EQ(800, turn);
}

TEST(timed_wait_times_out)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&mutex);
	EXPECT_EQ(ETIMEDOUT, pthread_cond_timedwait(&cond, &mutex, &until));
}

static int word;

static long futex(int *at, int op, int value, const struct timespec *timeout, int *at2, int value3)
{
	return syscall(SYS_futex, at, op, value, timeout, at2, value3);
}

static void *futex_waits(void *arg)
{
	(void)arg;
	while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 0)
		futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	atomic_fetch_add(&atomic_counter, 1);
	return NULL;
}

TEST(futex_wakes_all)
{
	struct timespec soon = { .tv_nsec = 30000000 };
	pthread_t threads[THREADS];

	start(threads, THREADS, futex_waits);
	nanosleep(&soon, NULL);
	EXPECT_EQ(0, atomic_counter);
	__atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
	EXPECT(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0) <= THREADS);
	join(threads, THREADS);
	EXPECT_EQ(THREADS, atomic_counter);
}

TEST(futex_errors_and_timeouts)
{
	struct timespec soon = { .tv_nsec = 10000000 }, bad = { .tv_nsec = 1000000000 };

	EXPECT_ERRNO(EAGAIN, futex(&word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
	EXPECT_ERRNO(ETIMEDOUT, futex(&word, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0));
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_WAIT_PRIVATE, 0, &bad, NULL, 0));
	EXPECT_ERRNO(EINVAL, futex((int *)((char *)&word + 1), FUTEX_WAIT_PRIVATE, 0, &soon, NULL,
				   0));
	EXPECT_EQ(0, futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	EXPECT_ERRNO(ENOSYS, futex(&word, 99, 0, NULL, NULL, 0));
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &soon, NULL, 0));
}

TEST(a_shared_futex_crosses_processes)
{
	sem_t *sem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	EXPECT(sem != MAP_FAILED);
	EXPECT_EQ(0, sem_init(sem, 1, 0));
	pid = fork();
	if (pid == 0) {
		EXPECT_EQ(0, sem_wait(sem));
		_exit(3);
	}
	EXPECT_EQ(0, sem_post(sem));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(3, WEXITSTATUS(status));
}

static void *forks(void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)(long)arg);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return (void *)-1L;
	return (void *)(long)WEXITSTATUS(status);
}

TEST(threads_fork_at_the_same_time)
{
	pthread_t threads[THREADS];

	for (int round = 0; round < 10; round++) {
		start(threads, THREADS, forks);
		for (long i = 0; i < THREADS; i++) {
			void *result;

			EXPECT_EQ(0, pthread_join(threads[i], &result));
			EXPECT_EQ(i, result);
		}
	}
}

/* Few rounds: 60 took 18 to 27 s in a debug kernel with four processors on a busy host of two. */
static void *maps_and_faults(void *arg)
{
	for (int i = 0; i < 10; i++) {
		char *p = malloc(300000);       /* by mmap, and given back */

		memset(p, (int)(long)arg, 300000);
		if (!test_is_filled(p, (unsigned char)(long)arg, 300000))
			return (void *)1;
		free(p);
	}
	return NULL;
}

TEST(threads_map_and_fault_at_the_same_time)
{
	pthread_t threads[THREADS];
	void *bad;

	start(threads, THREADS, maps_and_faults);
	for (int i = 0; i < THREADS; i++) {
		EXPECT_EQ(0, pthread_join(threads[i], &bad));
		EXPECT(!bad);
	}
}

static void *tells_ids(void *arg)
{
	pid_t *ids = arg;

	ids[0] = getpid();
	ids[1] = (pid_t)syscall(SYS_gettid);
	return NULL;
}

TEST(a_thread_has_its_own_id)
{
	pid_t ids[2];
	pthread_t thread;

	EXPECT_EQ(0, pthread_create(&thread, NULL, tells_ids, ids));
	join(&thread, 1);
	EXPECT_EQ(getpid(), ids[0]);
	EXPECT(ids[1] != getpid());
}

static atomic_ulong processors_seen;
static atomic_bool stop_busy;

static void *busy(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop_busy))
		atomic_fetch_or(&processors_seen, 1ul << (sched_getcpu() & 63));
	return NULL;
}

TEST(threads_spread_over_all_processors)
{
	struct timespec tick = { .tv_nsec = 10000000 };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	time_t end = time(NULL) + 10;
	pthread_t threads[64];

	cpus = cpus > 32 ? 32 : cpus;
	start(threads, (int)(2 * cpus), busy);
	while (__builtin_popcountl(atomic_load(&processors_seen)) < cpus && time(NULL) < end)
		nanosleep(&tick, NULL);
	atomic_store(&stop_busy, true);
	join(threads, (int)(2 * cpus));
	EXPECT_EQ(cpus, __builtin_popcountl(atomic_load(&processors_seen)));
}

TEST(affinity_is_obeyed)
{
	cpu_set_t all, one;
	int last = -1;

	EXPECT_EQ(0, sched_getaffinity(0, sizeof(all), &all));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all))
			last = cpu;
	CPU_ZERO(&one);
	CPU_SET(last, &one);
	EXPECT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	EXPECT_EQ(last, sched_getcpu());
	EXPECT_EQ(0, sched_setaffinity(0, sizeof(all), &all));
}
