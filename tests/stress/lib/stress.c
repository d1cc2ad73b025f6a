/* SPDX-License-Identifier: MIT */
/*
 * What all stress programs share: time, progress, verdict.
 *
 * The run's process and its children share one page with this one: when to stop, the
 * rounds done, and the reason of the first failure.
 */
#include "stress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "leaks.h"

enum { PROGRESS_S = 5, GRACE_S = 60, WHY_MAX = 256 };

static struct shared {
	long end_s;             /* CLOCK_MONOTONIC */
	bool is_stopped;
	unsigned long rounds;
	bool has_failed;        /* who sets it writes @why */
	char why[WHY_MAX];
} *shared;

static const char *area;

static long now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

bool stress_goes_on(void)
{
	return !__atomic_load_n(&shared->is_stopped, __ATOMIC_RELAXED) && now_s() < shared->end_s;
}

void stress_done(unsigned long n)
{
	__atomic_fetch_add(&shared->rounds, n, __ATOMIC_RELAXED);
}

unsigned stress_random(unsigned limit)
{
	static unsigned state;

	if (!state)
		state = (unsigned)getpid() * 2654435761u | 1;
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

void stress_fail(const char *file, int line, const char *expr, long want, long got)
{
	int err = errno;
	const char *base = strrchr(file, '/');

	if (!__atomic_exchange_n(&shared->has_failed, true, __ATOMIC_SEQ_CST))
		snprintf(shared->why, WHY_MAX, "%s:%d: %s: want %ld, got %ld (errno %d)",
			 base ? base + 1 : file, line, expr, want, got, err);
	__atomic_store_n(&shared->is_stopped, true, __ATOMIC_SEQ_CST);
	_exit(1);
}

void stress_together(int n, void (*fn)(int i))
{
	pid_t pids[64];
	int status;

	STRESS_CHECK(n <= 64);
	fflush(NULL);
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		STRESS_CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			fn(i);
			_exit(0);
		}
	}
	for (int i = 0; i < n; i++) {
		while (waitpid(pids[i], &status, 0) < 0)
			STRESS_EQ(EINTR, errno);
		STRESS_EQ(0, status);
	}
}

static const char *why_not(int status)
{
	static char text[64];

	if (shared->has_failed)
		return shared->why;
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "killed by signal %d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
	return text;
}

static void report_progress(long start, long *next)
{
	if (now_s() < *next)
		return;
	*next += PROGRESS_S;
	printf("stress.%s %ld s, %lu rounds\n", area, now_s() - start,
	       __atomic_load_n(&shared->rounds, __ATOMIC_RELAXED));
}

/* The run's process has ended, or is late: NULL, or what is wrong. */
static const char *watch(pid_t pid)
{
	long start = now_s(), next = start + PROGRESS_S;
	int status;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 && now_s() < shared->end_s + GRACE_S) {
		usleep(20000);
		report_progress(start, &next);
	}
	if (got == 0)
		return "does not come to its end";
	return status ? why_not(status) : NULL;
}

/* Orphans of the run come to us.  There must be none. */
static bool reap_orphans(pid_t group)
{
	bool found = waitpid(-1, NULL, WNOHANG) >= 0;

	kill(-group, SIGKILL);
	while (waitpid(-1, NULL, 0) >= 0)
		;
	return found;
}

static const char *run(long seconds)
{
	const char *why;
	pid_t pid;

	shared->rounds = 0;
	shared->end_s = now_s() + seconds;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		stress_main();
		_exit(0);
	}
	if (pid < 0)
		return "fork fails";
	setpgid(pid, pid);
	why = watch(pid);
	if (why)
		kill(-pid, SIGKILL);
	return reap_orphans(pid) && !why ? "a process is left over" : why;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *why;
	long seconds = argc == 2 ? atol(argv[1]) : 0;

	area = slash ? slash + 1 : argv[0];
	if (seconds <= 0) {
		fprintf(stderr, "usage: %s SECONDS\n", area);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 2;
	why = run(1);
	leaks_begin();
	if (!why)
		why = run(seconds);
	if (!why)
		why = leaks_end();
	if (why)
		printf("FAIL stress.%s %s\n", area, why);
	else
		printf("ok stress.%s %ld s, %lu rounds\n", area, seconds, shared->rounds);
	return why != NULL;
}
