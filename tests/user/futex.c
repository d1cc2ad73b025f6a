/* SPDX-License-Identifier: MIT */
/*
 * Futexes: every operation and its errors, locks with priority inheritance, what a thread that
 * dies leaves behind.
 */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pi_lock.h"
#include "test.h"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

enum { PRIVATE = FUTEX_PRIVATE_FLAG, NO_TID = 0x3ffffff };

static uint32_t word, word2;

static long futex(uint32_t *addr, int op, uint32_t val, uintptr_t val2, uint32_t *addr2,
		  uint32_t val3)
{
	return syscall(SYS_futex, addr, op, val, val2, addr2, val3);
}

static int gettid_(void)
{
	return (int)syscall(SYS_gettid);
}

/* Let others run while we poll, whatever our priority is by now. */
static void breathe(void)
{
	nanosleep(&(struct timespec){ 0, 200000 }, NULL);
}

/* ---- threads that sleep in one call ---- */

struct sleeper {
	uint32_t *addr, *addr2;
	int op;
	uint32_t val;
	const struct timespec *until;
	int rt;                 /* SCHED_FIFO priority, 0: none */
	atomic_int tid;         /* set just before the call */
	long result;            /* or -errno */
	int place;              /* how many came back before it */
	atomic_int is_done;
	pthread_t thread;
};

static atomic_int finished;

static void set_fifo(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	EXPECT_EQ(0, syscall(SYS_sched_setscheduler, 0, priority ? SCHED_FIFO : SCHED_OTHER,
			     &param));
}

static void *sleeper_run(void *arg)
{
	struct sleeper *s = arg;

	if (s->rt)
		set_fifo(s->rt);
	s->tid = gettid_();
	s->result = futex(s->addr, s->op, s->val, (uintptr_t)s->until, s->addr2,
			  FUTEX_BITSET_MATCH_ANY);
	if (s->result < 0)
		s->result = -errno;
	s->place = finished++;
	s->is_done = 1;
	return NULL;
}

/* After s->tid is set the call is the only place where the thread can sleep. */
static void start(struct sleeper *s)
{
	EXPECT_EQ(0, pthread_create(&s->thread, NULL, sleeper_run, s));
	while (!s->tid)
		breathe();
	test_await_sleep(s->tid);
}

static long finish(struct sleeper *s)
{
	EXPECT_EQ(0, pthread_join(s->thread, NULL));
	return s->result;
}

static struct timespec from_now(clockid_t clock, long ns)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ns;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static bool is_past(clockid_t clock, struct timespec t)
{
	struct timespec now = from_now(clock, 0);

	return now.tv_sec > t.tv_sec || (now.tv_sec == t.tv_sec && now.tv_nsec >= t.tv_nsec);
}

/* ---- plain ones ---- */

TEST(every_operation_has_its_errors)
{
	static const struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 };
	uint32_t *odd = (uint32_t *)((char *)&word + 2), *kernel = (uint32_t *)(1ul << 63);
	const struct {
		int want, op;
		uint32_t *addr;
		uint32_t val;
		const void *val2;
		uint32_t *addr2;
		uint32_t val3;
	} row[] = {
		{ ENOSYS, 2, &word, 0, NULL, NULL, 0 },                 /* FUTEX_FD, long gone */
		{ ENOSYS, 14, &word, 0, NULL, NULL, 0 },
		{ ENOSYS, 127, &word, 0, NULL, NULL, 0 },
		{ EINVAL, FUTEX_WAIT, odd, 0, NULL, NULL, 0 },
		{ EFAULT, FUTEX_WAIT, kernel, 0, NULL, NULL, 0 },
		{ EFAULT, FUTEX_WAIT, NULL, 0, NULL, NULL, 0 },
		{ EFAULT, FUTEX_WAIT | PRIVATE, NULL, 0, NULL, NULL, 0 },
		{ EAGAIN, FUTEX_WAIT, &word, 1, NULL, NULL, 0 },
		{ EINVAL, FUTEX_WAIT, &word, 0, &bad, NULL, 0 },
		{ EINVAL, FUTEX_WAIT, &word, 0, &negative, NULL, 0 },
		{ EFAULT, FUTEX_WAIT, &word, 0, (void *)8, NULL, 0 },
		{ ENOSYS, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, &word, 0, NULL, NULL, 0 },
		{ EINVAL, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, &word, 0, &bad, NULL, 0 },
		{ ENOSYS, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, &word, 0, NULL, NULL, 0 },
		{ ENOSYS, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, &word, 0, NULL, NULL, 0 },
		{ EINVAL, FUTEX_WAIT_BITSET, &word, 0, NULL, NULL, 0 },
		{ EINVAL, FUTEX_WAKE_BITSET, &word, 1, NULL, NULL, 0 },
		{ EINVAL, FUTEX_WAKE, odd, 1, NULL, NULL, 0 },
		{ EFAULT, FUTEX_WAKE, NULL, 1, NULL, NULL, 0 },
		{ EFAULT, FUTEX_WAKE, kernel, 1, NULL, NULL, 0 },
		{ EFAULT, FUTEX_WAKE | PRIVATE, kernel, 1, NULL, NULL, 0 },
		{ EINVAL, FUTEX_REQUEUE, &word, (uint32_t)-1, NULL, &word2, 0 },
		{ EINVAL, FUTEX_REQUEUE, &word, 1, (void *)-1l, &word2, 0 },
		{ EINVAL, FUTEX_REQUEUE, &word, 1, NULL, odd, 0 },
		{ EFAULT, FUTEX_REQUEUE, &word, 1, NULL, kernel, 0 },
		{ EAGAIN, FUTEX_CMP_REQUEUE, &word, 1, NULL, &word2, 7 },
		{ EINVAL, FUTEX_WAKE_OP, &word, 1, NULL, odd, 0 },
		{ EFAULT, FUTEX_WAKE_OP, &word, 1, NULL, kernel, 0 },
		{ ENOSYS, FUTEX_WAKE_OP, &word, 1, NULL, &word2, 5u << 28 },
		{ ENOSYS, FUTEX_WAKE_OP, &word, 1, NULL, &word2, 6u << 24 },
		{ EINVAL, FUTEX_LOCK_PI, odd, 0, NULL, NULL, 0 },
		{ EFAULT, FUTEX_LOCK_PI, NULL, 0, NULL, NULL, 0 },
		{ EINVAL, FUTEX_LOCK_PI, &word, 0, &bad, NULL, 0 },
		{ EINVAL, FUTEX_LOCK_PI2, &word, 0, &bad, NULL, 0 },
		{ EFAULT, FUTEX_UNLOCK_PI, NULL, 0, NULL, NULL, 0 },
		{ EPERM, FUTEX_UNLOCK_PI, &word, 0, NULL, NULL, 0 },
		{ EFAULT, FUTEX_TRYLOCK_PI, kernel, 0, NULL, NULL, 0 },
		{ EINVAL, FUTEX_WAIT_REQUEUE_PI, &word, 0, NULL, &word, 0 },
		{ EAGAIN, FUTEX_WAIT_REQUEUE_PI, &word, 1, NULL, &word2, 0 },
		{ EINVAL, FUTEX_WAIT_REQUEUE_PI, &word, 0, &bad, &word2, 0 },
		{ EINVAL, FUTEX_CMP_REQUEUE_PI, &word, 1, NULL, &word, 0 },
		{ EINVAL, FUTEX_CMP_REQUEUE_PI, &word, 2, NULL, &word2, 0 },
		{ EAGAIN, FUTEX_CMP_REQUEUE_PI, &word, 1, NULL, &word2, 7 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		long got = futex(row[i].addr, row[i].op, row[i].val, (uintptr_t)row[i].val2,
				 row[i].addr2, row[i].val3);

		if (got != -1 || errno != row[i].want)
			test_fail(__FILE__, (int)(__LINE__ + i), "row", -row[i].want,
				  got == -1 ? -errno : got);
	}
}

TEST(wakes_at_least_one_and_at_most_as_asked)
{
	struct sleeper s[4] = { 0 };

	for (int i = 0; i < 4; i++) {
		s[i] = (struct sleeper){ .addr = &word, .op = FUTEX_WAIT | PRIVATE };
		start(&s[i]);
	}
	EXPECT_EQ(1, futex(&word, FUTEX_WAKE | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(2, futex(&word, FUTEX_WAKE | PRIVATE, 2, 0, NULL, 0));
	EXPECT_EQ(1, futex(&word, FUTEX_WAKE | PRIVATE, (uint32_t)-1, 0, NULL, 0));
	EXPECT_EQ(0, futex(&word, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, finish(&s[i]));
}

TEST(requeue_counts_all_it_touched)
{
	struct sleeper s[4] = { 0 };

	for (int i = 0; i < 4; i++) {
		s[i] = (struct sleeper){ .addr = &word, .op = FUTEX_WAIT | PRIVATE };
		start(&s[i]);
	}
	EXPECT_EQ(3, futex(&word, FUTEX_REQUEUE | PRIVATE, 1, 2, &word2, 0));
	EXPECT_EQ(1, futex(&word, FUTEX_CMP_REQUEUE | PRIVATE, 0, 1, &word2, 0));
	EXPECT_EQ(0, futex(&word, FUTEX_WAKE | PRIVATE, 4, 0, NULL, 0));
	EXPECT_EQ(3, futex(&word2, FUTEX_REQUEUE | PRIVATE, 0, 10, &word2, 0));
	EXPECT_EQ(3, futex(&word2, FUTEX_WAKE | PRIVATE, 10, 0, NULL, 0));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, finish(&s[i]));
}

TEST(absolute_deadlines_are_of_their_clock)
{
	static const struct { int op; clockid_t clock; } row[] = {
		{ FUTEX_WAIT_BITSET, CLOCK_MONOTONIC },
		{ FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME },
		{ FUTEX_WAIT_REQUEUE_PI, CLOCK_MONOTONIC },
		{ FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct timespec end = from_now(row[i].clock, 20000000), past = { 1, 0 };

		EXPECT_ERRNO(ETIMEDOUT, futex(&word, row[i].op | PRIVATE, 0, (uintptr_t)&end,
					      &word2, FUTEX_BITSET_MATCH_ANY));
		EXPECT(is_past(row[i].clock, end));
		EXPECT_ERRNO(ETIMEDOUT, futex(&word, row[i].op | PRIVATE, 0, (uintptr_t)&past,
					      &word2, FUTEX_BITSET_MATCH_ANY));
	}
}

TEST(realtime_waiters_are_woken_first)
{
	static const int priority[] = { 0, 10, 0, 30, 20, 10 }, order[] = { 3, 4, 1, 5, 0, 2 };
	struct sleeper s[6] = { 0 };

	for (int i = 0; i < 6; i++) {
		s[i] = (struct sleeper){ .addr = &word, .op = FUTEX_WAIT | PRIVATE,
					 .rt = priority[i] };
		start(&s[i]);
	}
	for (int i = 0; i < 6; i++) {
		EXPECT_EQ(1, futex(&word, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
		EXPECT_EQ(0, finish(&s[order[i]]));
		for (int k = i + 1; k < 6; k++)
			EXPECT_EQ(0, s[order[k]].is_done);
	}
}

static void nothing(int signo)
{
	(void)signo;
}

TEST(a_wait_with_a_timeout_is_not_restarted)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct timespec wait = { 100, 0 };
	struct sleeper s = { .addr = &word, .op = FUTEX_WAIT | PRIVATE, .until = &wait };
	struct sleeper forever = { .addr = &word, .op = FUTEX_WAIT | PRIVATE };

	sigaction(SIGUSR1, &sa, NULL);
	start(&s);
	start(&forever);
	EXPECT_EQ(0, pthread_kill(s.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, finish(&s));
	EXPECT_EQ(0, pthread_kill(forever.thread, SIGUSR1));
	while (futex(&word, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0) == 0)
		breathe();
	EXPECT_EQ(0, finish(&forever));
}

/* ---- priority inheritance: the word ---- */

TEST(pi_lock_without_rivals)
{
	uint32_t me = (uint32_t)gettid_();

	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(me, word);
	EXPECT_ERRNO(EDEADLK, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_ERRNO(EDEADLK, futex(&word, FUTEX_TRYLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, word);
	EXPECT_EQ(0, futex(&word, FUTEX_TRYLOCK_PI, 0, 0, NULL, 0));
	EXPECT_EQ(me, word);
	/* Waiters are announced and there are none. */
	word |= FUTEX_WAITERS;
	EXPECT_EQ(0, futex(&word, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	EXPECT_EQ(0, word);
	word = FUTEX_OWNER_DIED | FUTEX_WAITERS;
	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI2, 0, 0, NULL, 0));
	EXPECT_EQ(me | FUTEX_OWNER_DIED, word);
	word = NO_TID;
	EXPECT_ERRNO(ESRCH, futex(&word, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	EXPECT_EQ(NO_TID | FUTEX_WAITERS, word);
	EXPECT_ERRNO(ESRCH, futex(&word, FUTEX_TRYLOCK_PI, 0, 0, NULL, 0));
	EXPECT_ERRNO(EPERM, futex(&word, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
}

TEST(pi_lock_is_handed_to_the_waiters_in_order)
{
	static const int priority[] = { 0, 0, 5, 50 }, order[] = { 3, 2, 0, 1 };
	struct sleeper s[4] = { 0 };

	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	for (int i = 0; i < 4; i++) {
		s[i] = (struct sleeper){ .addr = &word, .op = FUTEX_LOCK_PI | PRIVATE,
					 .rt = priority[i] };
		start(&s[i]);
		EXPECT_EQ((uint32_t)gettid_() | FUTEX_WAITERS, word);
	}
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_REQUEUE | PRIVATE, 1, 1, &word2, 0));
	EXPECT_EQ(0, futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	/* Each dies with the lock, which goes on, marked. */
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, finish(&s[order[i]]));
		EXPECT_EQ(i, s[order[i]].place);
	}
	EXPECT_EQ(FUTEX_OWNER_DIED, word & FUTEX_OWNER_DIED);
	EXPECT_EQ(s[order[3]].tid, word & FUTEX_TID_MASK);
}

TEST(pi_wait_times_out)
{
	struct timespec real = from_now(CLOCK_REALTIME, 20000000);
	struct timespec mono = from_now(CLOCK_MONOTONIC, 20000000);
	struct timespec real2 = real;
	struct sleeper a = { .addr = &word, .op = FUTEX_LOCK_PI | PRIVATE, .until = &real };
	struct sleeper b = { .addr = &word, .op = FUTEX_LOCK_PI2 | PRIVATE, .until = &mono };
	struct sleeper c = { .addr = &word, .until = &real2,
			     .op = FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME | PRIVATE };
	struct sleeper d = { .addr = &word, .op = FUTEX_TRYLOCK_PI | PRIVATE };
	struct sleeper *all[] = { &a, &b, &c, &d };

	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, pthread_create(&all[i]->thread, NULL, sleeper_run, all[i]));
	EXPECT_EQ(-ETIMEDOUT, finish(&a));
	EXPECT(is_past(CLOCK_REALTIME, real));
	EXPECT_EQ(-ETIMEDOUT, finish(&b));
	EXPECT(is_past(CLOCK_MONOTONIC, mono));
	EXPECT_EQ(-ETIMEDOUT, finish(&c));
	EXPECT_EQ(-EAGAIN, finish(&d));
	EXPECT_EQ((uint32_t)gettid_() | FUTEX_WAITERS, word);
	EXPECT_EQ(0, futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, word);
}

TEST(pi_wait_goes_on_after_a_signal)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct sleeper s = { .addr = &word, .op = FUTEX_LOCK_PI | PRIVATE };

	sigaction(SIGUSR1, &sa, NULL);
	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	start(&s);
	EXPECT_EQ(0, pthread_kill(s.thread, SIGUSR1));
	test_await_sleep(s.tid);
	EXPECT_EQ(0, s.is_done);
	EXPECT_EQ(0, futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, finish(&s));
}

TEST(pi_and_plain_do_not_mix)
{
	struct sleeper s = { .addr = &word, .op = FUTEX_WAIT | PRIVATE, .val = 0 };

	start(&s);
	word = (uint32_t)s.tid;
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	word = (uint32_t)gettid_();
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(1, futex(&word, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
	EXPECT_EQ(0, finish(&s));
}

struct two {
	uint32_t *first, *second;
	atomic_int tid;
	long result;
};

static void *locks_two(void *arg)
{
	struct two *t = arg;

	EXPECT_EQ(0, futex(t->first, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	t->tid = gettid_();
	t->result = futex(t->second, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0);
	if (t->result == 0)
		EXPECT_EQ(0, futex(t->second, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, futex(t->first, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	return NULL;
}

TEST(pi_circles_are_refused)
{
	static uint32_t third;
	struct two a = { &word2, &word, 0, -1 }, b = { &third, &word2, 0, -1 };
	pthread_t ta, tb;

	/* I own word; A owns word2 and waits for word; B owns third and waits for word2. */
	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, pthread_create(&ta, NULL, locks_two, &a));
	while (!a.tid)
		breathe();
	test_await_sleep(a.tid);
	EXPECT_EQ(0, pthread_create(&tb, NULL, locks_two, &b));
	while (!b.tid)
		breathe();
	test_await_sleep(b.tid);
	EXPECT_ERRNO(EDEADLK, futex(&word2, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_ERRNO(EDEADLK, futex(&third, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_ERRNO(EAGAIN, futex(&third, FUTEX_TRYLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	pthread_join(ta, NULL);
	pthread_join(tb, NULL);
	EXPECT_EQ(0, a.result);
	EXPECT_EQ(0, b.result);
	EXPECT_EQ(0, word2 & FUTEX_TID_MASK);
	EXPECT_EQ(0, third & FUTEX_TID_MASK);
}

TEST(pi_lock_crosses_processes)
{
	uint32_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				-1, 0);
	int status;
	pid_t pid;

	EXPECT_EQ(0, futex(shared, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	pid = fork();
	if (pid == 0) {
		long err = futex(shared, FUTEX_LOCK_PI, 0, 0, NULL, 0);

		/* Dies with the lock. */
		_exit(err || (*shared & FUTEX_TID_MASK) != (uint32_t)getpid());
	}
	while (!(*(volatile uint32_t *)shared & FUTEX_WAITERS))
		breathe();
	EXPECT_EQ(0, futex(shared, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_ERRNO(ESRCH, futex(shared, FUTEX_LOCK_PI, 0, 0, NULL, 0));
}

static void *owns_until_told(void *arg)
{
	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	*(atomic_int *)arg = 1;
	while (*(atomic_int *)arg != 2)
		breathe();
	return NULL;
}

/* Who dies walks its robust list first: the word has no owner while the task still exits. */
TEST(pi_lock_of_one_who_dies_takes_more_waiters)
{
	struct sleeper s[2] = { { .addr = &word, .op = FUTEX_LOCK_PI | PRIVATE },
				{ .addr = &word, .op = FUTEX_LOCK_PI | PRIVATE } };
	atomic_int state = 0;
	pthread_t owner;

	EXPECT_EQ(0, pthread_create(&owner, NULL, owns_until_told, &state));
	while (!state)
		breathe();
	start(&s[0]);
	word = FUTEX_OWNER_DIED;
	start(&s[1]);
	EXPECT_EQ(FUTEX_OWNER_DIED, word);
	EXPECT_ERRNO(EAGAIN, futex(&word, FUTEX_TRYLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	state = 2;
	EXPECT_EQ(0, pthread_join(owner, NULL));
	EXPECT_EQ(0, finish(&s[0]));
	EXPECT_EQ(0, finish(&s[1]));
	EXPECT_EQ(FUTEX_OWNER_DIED | FUTEX_WAITERS | (uint32_t)s[1].tid, word);
}

/* ---- priority inheritance: who runs ---- */

static void pin(void)
{
	unsigned long cpu = 1;

	EXPECT_EQ(0, syscall(SYS_sched_setaffinity, 0, sizeof(cpu), &cpu));
}

static atomic_int low_has_lock, high_has_lock, middle_runs, go, middle_gave_up;
static uint32_t chain;

static void *low(void *arg)
{
	(void)arg;
	pin();
	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	low_has_lock = 1;
	while (!go)
		;
	EXPECT_EQ(0, futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	return NULL;
}

/* Between low and high: takes the processor until high has the lock. */
static void *middle(void *arg)
{
	struct timespec used;

	(void)arg;
	pin();
	set_fifo(20);
	middle_runs = 1;
	while (!high_has_lock && !middle_gave_up) {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
		middle_gave_up = used.tv_sec || used.tv_nsec > 500000000;
	}
	return NULL;
}

/* Owns `chain`, waits for `word`. */
static void *link_between(void *arg)
{
	atomic_int *tid = arg;

	pin();
	EXPECT_EQ(0, futex(&chain, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	*tid = gettid_();
	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, futex(&chain, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	return NULL;
}

static void *high(void *arg)
{
	uint32_t *lock = arg;

	pin();
	set_fifo(30);
	go = 1;
	EXPECT_EQ(0, futex(lock, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	high_has_lock = 1;
	EXPECT_EQ(0, futex(lock, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	return NULL;
}

/* On one processor: low owns the lock, middle spins above it, high wants the lock. */
static void invert(bool is_chain)
{
	atomic_int link_tid = 0;
	pthread_t t[4];

	EXPECT_EQ(0, pthread_create(&t[0], NULL, low, NULL));
	while (!low_has_lock)
		breathe();
	if (is_chain) {
		EXPECT_EQ(0, pthread_create(&t[3], NULL, link_between, &link_tid));
		while (!link_tid)
			breathe();
		test_await_sleep(link_tid);
	}
	/* From here on only the pinned ones run on that processor. */
	pin();
	set_fifo(40);
	EXPECT_EQ(0, pthread_create(&t[1], NULL, middle, NULL));
	EXPECT_EQ(0, pthread_create(&t[2], NULL, high, is_chain ? &chain : &word));
	for (int i = 0; i < 3 + is_chain; i++)
		EXPECT_EQ(0, pthread_join(t[i], NULL));
	EXPECT_EQ(1, middle_runs);
	EXPECT_EQ(1, high_has_lock);
	EXPECT_EQ(0, middle_gave_up);
}

TEST(pi_owner_runs_with_the_waiters_priority)
{
	invert(false);
}

TEST(pi_goes_along_a_chain_of_locks)
{
	invert(true);
}

static long stat_priority(int tid)
{
	char path[64];
	long prio;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	EXPECT_EQ(1, sscanf(strrchr(test_read_file(path), ')') + 2,
			    "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %ld",
			    &prio));
	return prio;
}

TEST(pi_priority_is_lent_and_given_back)
{
	struct sched_param param = { .sched_priority = 33 };
	struct timespec soon = from_now(CLOCK_MONOTONIC, 100000000);
	struct sleeper a = { .addr = &word, .op = FUTEX_LOCK_PI | PRIVATE, .rt = 11 };
	struct sleeper b = { .addr = &word, .op = FUTEX_LOCK_PI2 | PRIVATE, .rt = 22,
			     .until = &soon };
	int me = gettid_();

	EXPECT_EQ(20, stat_priority(me));
	EXPECT_EQ(0, futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	start(&a);
	EXPECT_EQ(-12, stat_priority(me));
	EXPECT_EQ(0, pthread_create(&b.thread, NULL, sleeper_run, &b));
	EXPECT_EQ(-ETIMEDOUT, finish(&b));
	EXPECT_EQ(-12, stat_priority(me));
	/* The waiter's own changes. */
	EXPECT_EQ(0, syscall(SYS_sched_setscheduler, a.tid, SCHED_FIFO, &param));
	EXPECT_EQ(-34, stat_priority(me));
	EXPECT_EQ(SCHED_OTHER, syscall(SYS_sched_getscheduler, 0));
	EXPECT_EQ(0, syscall(SYS_sched_getparam, 0, &param));
	EXPECT_EQ(0, param.sched_priority);
	EXPECT_EQ(0, futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(20, stat_priority(me));
	EXPECT_EQ(0, finish(&a));
}

/* ---- requeue to a lock ---- */

TEST(requeue_pi_makes_owners_and_waiters)
{
	struct sleeper s[3] = { 0 }, plain = { .addr = &word, .op = FUTEX_WAIT | PRIVATE };
	static uint32_t third;
	uint32_t *other = &word2;

	for (int i = 0; i < 3; i++) {
		s[i] = (struct sleeper){ .addr = &word, .addr2 = other,
					 .op = FUTEX_WAIT_REQUEUE_PI | PRIVATE };
		start(&s[i]);
	}
	/* Only the calls that belong to it, only to the lock it named. */
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_CMP_REQUEUE | PRIVATE, 1, 1, other, 0));
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 1, &third, 0));
	/* The lock is free: the first has it at once; one more waits for it. */
	EXPECT_EQ(2, futex(&word, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 1, other, 0));
	EXPECT_EQ(0, finish(&s[0]));
	/* It died with it, so the second has it by now, and then died, too. */
	EXPECT_EQ(0, finish(&s[1]));
	EXPECT_EQ(s[1].tid, *other & FUTEX_TID_MASK);
	*other = 0;
	EXPECT_EQ(0, futex(other, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(1, futex(&word, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, INT_MAX, other, 0));
	EXPECT_EQ((uint32_t)gettid_() | FUTEX_WAITERS, *other);
	EXPECT_EQ(0, s[2].is_done);
	EXPECT_EQ(0, futex(other, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, finish(&s[2]));
	start(&plain);
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 1, other, 0));
	EXPECT_EQ(1, futex(&word, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
	EXPECT_EQ(0, finish(&plain));
}

TEST(requeue_pi_waiters_time_out_before_and_after)
{
	struct timespec end = from_now(CLOCK_MONOTONIC, 100000000);
	struct sleeper s[2] = { 0 };

	EXPECT_EQ(0, futex(&word2, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
	for (int i = 0; i < 2; i++) {
		s[i] = (struct sleeper){ .addr = &word, .addr2 = &word2, .until = &end,
					 .op = FUTEX_WAIT_REQUEUE_PI | PRIVATE };
		EXPECT_EQ(0, pthread_create(&s[i].thread, NULL, sleeper_run, &s[i]));
	}
	while (!s[0].tid || !s[1].tid)
		breathe();
	EXPECT(futex(&word, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 0, &word2, 0) <= 1);
	EXPECT_EQ(-ETIMEDOUT, finish(&s[0]));
	EXPECT_EQ(-ETIMEDOUT, finish(&s[1]));
	EXPECT(is_past(CLOCK_MONOTONIC, end));
	EXPECT_EQ(0, futex(&word2, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
	EXPECT_EQ(0, word2);
}

/* ---- what the dead leave ---- */

static pthread_mutex_t mutex;
static long total;

static void mutex_make(int protocol, int robust)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	EXPECT_EQ(0, pthread_mutexattr_setprotocol(&attr, protocol));
	EXPECT_EQ(0, pthread_mutexattr_setrobust(&attr, robust));
	EXPECT_EQ(0, pthread_mutex_init(&mutex, &attr));
}

static void *adds_and_dies(void *arg)
{
	for (int i = 0; i < 500; i++) {
		int err = pthread_mutex_lock(&mutex);

		if (err == EOWNERDEAD)
			EXPECT_EQ(0, pthread_mutex_consistent(&mutex));
		else
			EXPECT_EQ(0, err);
		total++;
		if (arg && i == 499)
			return NULL;
		EXPECT_EQ(0, pthread_mutex_unlock(&mutex));
	}
	return NULL;
}

static void contend(void *dies)
{
	pthread_t t[6];

	for (int i = 0; i < 6; i++)
		EXPECT_EQ(0, pthread_create(&t[i], NULL, adds_and_dies, dies));
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(0, pthread_join(t[i], NULL));
	EXPECT_EQ(3000, total);
}

TEST(pi_mutexes_exclude)
{
	mutex_make(PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
	contend(NULL);
	EXPECT_EQ(0, pthread_mutex_lock(&mutex));
}

TEST(robust_mutexes_survive_their_owners)
{
	mutex_make(PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST);
	contend("dies");
	EXPECT_EQ(EOWNERDEAD, pthread_mutex_lock(&mutex));
}

struct entry {
	struct robust_list link;
	uint32_t lock;
};

static int deaths;

static void *adds_and_dies_with_pi(void *arg)
{
	static struct pi_lock lock;

	for (int i = 0; i < 500; i++) {
		int err = pi_lock_take(&lock);

		if (err == EOWNERDEAD)
			deaths++;
		else
			EXPECT_EQ(0, err);
		total++;
		EXPECT_EQ(0, i < 499 ? pi_lock_give(&lock) : pi_lock_bequeath(&lock, arg));
	}
	return NULL;
}

TEST(robust_pi_locks_survive_their_owners)
{
	struct robust_list_head heads[6];
	pthread_t t[6];

	for (int i = 0; i < 6; i++)
		EXPECT_EQ(0, pthread_create(&t[i], NULL, adds_and_dies_with_pi, &heads[i]));
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(0, pthread_join(t[i], NULL));
	EXPECT_EQ(3000, total);
	EXPECT_EQ(5, deaths);
}

enum { ENTRIES = 4 };

struct shape {
	struct robust_list_head head;
	struct entry e[ENTRIES];
};

/* A child owns the locks of @s and dies with this list. */
static void die_with(struct shape *s)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < ENTRIES; i++)
			s->e[i].lock = (uint32_t)getpid() | (i == 3 ? FUTEX_WAITERS : 0);
		s->head.futex_offset = offsetof(struct entry, lock);
		syscall(SYS_set_robust_list, &s->head, sizeof(s->head));
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

static int died(const struct shape *s)
{
	int bits = 0;

	for (int i = 0; i < ENTRIES; i++)
		bits |= (s->e[i].lock & FUTEX_OWNER_DIED ? 1 : 0) << i;
	return bits;
}

static void chain_up(struct shape *s, int n)
{
	memset(s, 0, sizeof(*s));
	s->head.list.next = &s->e[0].link;
	for (int i = 0; i < n; i++)
		s->e[i].link.next = i + 1 < n ? &s->e[i + 1].link : &s->head.list;
}

TEST(robust_lists_are_walked_as_far_as_they_make_sense)
{
	struct shape *s = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			       -1, 0);

	chain_up(s, ENTRIES);
	die_with(s);
	EXPECT_EQ(15, died(s));
	EXPECT_EQ(FUTEX_OWNER_DIED, s->e[0].lock);
	EXPECT_EQ(FUTEX_OWNER_DIED | FUTEX_WAITERS, s->e[3].lock);
	/* The one being taken or released is in no list, or in it. */
	chain_up(s, 2);
	s->head.list_op_pending = &s->e[3].link;
	die_with(s);
	EXPECT_EQ(11, died(s));
	chain_up(s, 3);
	s->head.list_op_pending = &s->e[1].link;
	die_with(s);
	EXPECT_EQ(7, died(s));
	/* A circle without the head; a bad address; a misaligned one; a bad offset. */
	chain_up(s, 3);
	s->e[2].link.next = &s->e[1].link;
	die_with(s);
	EXPECT_EQ(7, died(s));
	chain_up(s, 3);
	s->e[1].link.next = (void *)16;
	s->head.list_op_pending = &s->e[3].link;
	die_with(s);
	EXPECT_EQ(3, died(s));
	chain_up(s, 3);
	s->e[0].link.next = (void *)((char *)&s->e[1].link + 2);
	die_with(s);
	EXPECT_EQ(1, died(s));
	/* Bit 0 marks a lock with priority inheritance. */
	chain_up(s, 3);
	s->head.list.next = (void *)((char *)s->head.list.next + 1);
	s->e[0].link.next = (void *)((char *)s->e[0].link.next + 1);
	die_with(s);
	EXPECT_EQ(7, died(s));
}

TEST(robust_list_calls)
{
	struct robust_list_head head, *got = NULL;
	size_t size = 0;
	pid_t pid;

	EXPECT_ERRNO(EINVAL, syscall(SYS_set_robust_list, &head, sizeof(head) + 1));
	EXPECT_EQ(0, syscall(SYS_set_robust_list, &head, sizeof(head)));
	EXPECT_EQ(0, syscall(SYS_get_robust_list, 0, &got, &size));
	EXPECT_EQ(&head, got);
	EXPECT_EQ(sizeof(head), size);
	EXPECT_ERRNO(ESRCH, syscall(SYS_get_robust_list, NO_TID, &got, &size));
	EXPECT_ERRNO(EFAULT, syscall(SYS_get_robust_list, 0, (void *)8, &size));
	EXPECT_ERRNO(EFAULT, syscall(SYS_get_robust_list, 0, &got, (void *)8));
	EXPECT_EQ(0, syscall(SYS_set_robust_list, NULL, sizeof(head)));
	pid = fork();
	if (pid == 0) {
		if (setuid(1000))
			_exit(1);
		_exit(syscall(SYS_get_robust_list, getppid(), &got, &size) != -1 ||
		      errno != EPERM);
	}
	EXPECT_EQ(0, syscall(SYS_get_robust_list, pid, &got, &size));
	EXPECT_EQ(pid, waitpid(pid, (int *)&size, 0));
	EXPECT_EQ(0, (int)size);
}
