/* SPDX-License-Identifier: MIT */
/*
 * Signal storms: real-time signals with values between processes and threads, stops and
 * continues, handlers on alternate stacks over code that computes.
 *
 * A queued signal is neither lost nor doubled, and those of one number to one process come in
 * order, however they are taken: by handlers, by sigtimedwait, through a signalfd.  Each stop
 * and each continue is reported once.  What a handler interrupts goes on with its registers.  A
 * round is a burst of BURST signals, or a stop with its continue.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

enum { PROCESSES = 8, BURST = 200, THREADS = 3 };

static sigset_t set_of(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	return set;
}

/* A full queue is no loss: the sender waits for room. */
static void queue(pid_t pid, int signo, int value)
{
	union sigval v = { .sival_int = value };

	while (sigqueue(pid, signo, v) < 0) {
		STRESS_EQ(EAGAIN, errno);
		sched_yield();
	}
}

static pid_t start_sender(int signo)
{
	pid_t pid = fork(), parent;

	STRESS_CHECK(pid >= 0);
	if (pid == 0) {
		parent = getppid();
		for (int i = 0; i < BURST; i++)
			queue(parent, signo, i);
		_exit(0);
	}
	return pid;
}

static void reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		STRESS_EQ(EINTR, errno);
	STRESS_EQ(0, status);
}

/* ---- in order, by three ways ---- */

static volatile int next_value;
static volatile sig_atomic_t out_of_order;

static void on_value(int signo, siginfo_t *si, void *uc)
{
	(void)signo;
	(void)uc;
	if (si->si_value.sival_int != next_value || si->si_code != SI_QUEUE)
		out_of_order = 1;
	next_value++;
}

static void burst_by_handler(void)
{
	struct sigaction sa = { .sa_sigaction = on_value, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigset_t set = set_of(SIGRTMIN), before;
	pid_t pid;

	next_value = 0;
	STRESS_EQ(0, sigaction(SIGRTMIN, &sa, NULL));
	STRESS_EQ(0, sigprocmask(SIG_BLOCK, &set, &before));
	pid = start_sender(SIGRTMIN);
	while (next_value < BURST)
		sigsuspend(&before);
	reap(pid);
	STRESS_EQ(BURST, next_value);
	STRESS_EQ(0, out_of_order);
	STRESS_EQ(0, sigprocmask(SIG_SETMASK, &before, NULL));
}

static void burst_by_wait(void)
{
	sigset_t set = set_of(SIGRTMIN + 1);
	struct timespec none = { 0, 0 };
	siginfo_t si;
	pid_t pid;

	STRESS_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	pid = start_sender(SIGRTMIN + 1);
	for (int i = 0; i < BURST; i++) {
		STRESS_EQ(SIGRTMIN + 1, sigwaitinfo(&set, &si));
		STRESS_EQ(i, si.si_value.sival_int);
		STRESS_EQ(pid, si.si_pid);
	}
	reap(pid);
	STRESS_EQ(-1, sigtimedwait(&set, &si, &none));
}

static void burst_by_descriptor(void)
{
	sigset_t set = set_of(SIGRTMIN + 2);
	struct signalfd_siginfo si[16];
	int fd, got = 0;
	pid_t pid;

	STRESS_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	STRESS_CHECK(fd >= 0);
	pid = start_sender(SIGRTMIN + 2);
	while (got < BURST) {
		ssize_t n = read(fd, si, sizeof(si));

		STRESS_CHECK(n > 0);
		for (unsigned i = 0; i < (size_t)n / sizeof(si[0]); i++)
			STRESS_EQ(got++, si[i].ssi_int);
	}
	reap(pid);
	close(fd);
}

/* ---- to any of several threads ---- */

static int taken, sum;
static volatile int threads_end;

static void on_any(int signo, siginfo_t *si, void *uc)
{
	(void)signo;
	(void)uc;
	__atomic_fetch_add(&sum, si->si_value.sival_int, __ATOMIC_RELAXED);
	__atomic_fetch_add(&taken, 1, __ATOMIC_RELEASE);
}

/* Runs with an alternate stack of its own, and checks what it computes against itself. */
static void *thread_computes(void *arg)
{
	static __thread char alternate[16384];
	stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) }, now;
	volatile double x = 0;

	(void)arg;
	STRESS_EQ(0, sigaltstack(&ss, NULL));
	while (!threads_end) {
		double a = 1.25, b = 3.5;
		unsigned long i, h = 1;

		for (i = 0; i < 200; i++) {
			h = h * 31 + i;
			a = a * 1.0009765625 + b;
			b = b * 0.5 + (double)i;
		}
		if (x == 0)
			x = a + b + (double)(h >> 40);
		STRESS_CHECK(x == a + b + (double)(h >> 40));
	}
	STRESS_EQ(0, sigaltstack(NULL, &now));
	STRESS_EQ(0, now.ss_flags);
	return NULL;
}

static void burst_to_threads(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_any, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK,
	};
	sigset_t set = set_of(SIGRTMIN + 3);
	pthread_t t[THREADS];
	pid_t pid;

	taken = sum = threads_end = 0;
	STRESS_EQ(0, sigaction(SIGRTMIN + 3, &sa, NULL));
	for (int i = 0; i < THREADS; i++)
		STRESS_EQ(0, pthread_create(&t[i], NULL, thread_computes, NULL));
	STRESS_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	pid = start_sender(SIGRTMIN + 3);
	while (__atomic_load_n(&taken, __ATOMIC_ACQUIRE) < BURST)
		sched_yield();
	reap(pid);
	threads_end = 1;
	for (int i = 0; i < THREADS; i++)
		STRESS_EQ(0, pthread_join(t[i], NULL));
	STRESS_EQ(BURST, taken);
	STRESS_EQ(BURST * (BURST - 1) / 2, sum);
	STRESS_EQ(0, sigprocmask(SIG_UNBLOCK, &set, NULL));
}

/* ---- stop and continue ---- */

static void stops_and_continues(void)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	pid_t pid = fork();
	int status;

	STRESS_CHECK(pid >= 0);
	if (pid == 0) {
		/* An orphaned group would not stop for a terminal's signals: it has us. */
		for (unsigned long i = 0;; i++)
			if (i % 64 == 0)
				sched_yield();
	}
	for (int i = 0; i < 20; i++) {
		int signo = stops[stress_random(4)];

		STRESS_EQ(0, kill(pid, signo));
		STRESS_EQ(pid, waitpid(pid, &status, WUNTRACED));
		STRESS_EQ(signo << 8 | 0x7f, status);
		STRESS_EQ(0, waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG));
		STRESS_EQ(0, kill(pid, SIGCONT));
		STRESS_EQ(pid, waitpid(pid, &status, WCONTINUED));
		STRESS_EQ(0xffff, status);
	}
	STRESS_EQ(0, kill(pid, stress_random(2) ? SIGKILL : SIGTERM));
	STRESS_EQ(pid, waitpid(pid, &status, 0));
	STRESS_CHECK(WIFSIGNALED(status));
}

static void storm(int i)
{
	void (*const ways[])(void) = { burst_by_handler, burst_by_wait, burst_by_descriptor,
				       burst_to_threads, stops_and_continues };

	/* Each begins with another, so that all go on at once. */
	for (int n = i; stress_goes_on(); n++) {
		ways[n % 5]();
		stress_done(1);
	}
}

void stress_main(void)
{
	/* The group has a leader with a parent outside of it: it is no orphan. */
	stress_together(PROCESSES, storm);
}
