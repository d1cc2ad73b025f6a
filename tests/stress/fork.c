/* SPDX-License-Identifier: MIT */
/*
 * Storms of processes: trees of them that fork, vfork, exec and die in every order.
 *
 * Nothing is lost: every child that was made is waited for once, with the status it ended with,
 * and memory is what it was when the child was made, in both directions.  A round is a child.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

enum { PROCESSES = 6, BURST = 16, PAGES = 32, PAGE = 4096 };

static void fill(char *p, int value)
{
	for (int i = 0; i < PAGES; i++)
		memset(p + i * PAGE, value, 64);
}

static bool is_filled(const char *p, int value)
{
	for (int i = 0; i < PAGES; i++)
		if (p[i * PAGE] != value || p[i * PAGE + 63] != value)
			return false;
	return true;
}

/* Child: what it got, what it changes, what its own child makes of it. */
static int child_life(char *p, int value)
{
	int status;
	pid_t pid;

	if (!is_filled(p, value))
		return 101;
	fill(p, value + 1);
	if (stress_random(4) == 0) {
		pid = fork();
		if (pid == 0)
			_exit(is_filled(p, value + 1) ? 17 : 102);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 17 << 8)
			return 103;
	}
	return is_filled(p, value + 1) ? value : 104;
}

static void burst(char *p, int value)
{
	pid_t pids[BURST];
	int status;

	fill(p, value);
	for (int i = 0; i < BURST; i++) {
		pids[i] = fork();
		STRESS_CHECK(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(child_life(p, value));
	}
	STRESS_CHECK(is_filled(p, value));
	/* In some order of ours, which is none of theirs. */
	for (int i = BURST - 1; i >= 0; i--) {
		STRESS_EQ(pids[i], waitpid(pids[i], &status, 0));
		STRESS_EQ(value << 8, status);
	}
	STRESS_EQ(-1, waitpid(-1, &status, WNOHANG));
	STRESS_EQ(ECHILD, errno);
	stress_done(BURST);
}

static void exec_true(void)
{
	char *argv[] = { "true", NULL };
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		execv("/bin/true", argv);
		_exit(1);
	}
	STRESS_CHECK(pid > 0);
	STRESS_EQ(pid, waitpid(pid, &status, 0));
	STRESS_EQ(0, status);
	stress_done(1);
}

/* A sleeper is killed; a group of its own goes with one signal. */
static void kill_group(void)
{
	pid_t pids[4], group = 0;
	int status;

	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		STRESS_CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			for (;;)
				pause();
		}
		group = group ? group : pids[i];
		STRESS_EQ(0, setpgid(pids[i], group));
	}
	STRESS_EQ(0, kill(-group, SIGKILL));
	for (int i = 0; i < 4; i++) {
		STRESS_EQ(pids[i], waitpid(pids[i], &status, 0));
		STRESS_EQ(SIGKILL, status);
	}
	stress_done(4);
}

static void storm(int i)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	STRESS_CHECK(p != MAP_FAILED);
	while (stress_goes_on()) {
		burst(p, i * 16 + (int)stress_random(15));
		exec_true();
		kill_group();
	}
	munmap(p, PAGES * PAGE);
}

void stress_main(void)
{
	stress_together(PROCESSES, storm);
}
