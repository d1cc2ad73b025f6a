/* SPDX-License-Identifier: MIT */
/*
 * Fork storms: processes that end in every way, whole trees that are orphaned or killed while
 * they grow, zombies that wait, memory that parents and children write at once.
 *
 * Each child is reported once, with its own status, to the right process; nobody survives the
 * signal to his group; a pid is nobody else's while its zombie is there; no page shows what another
 * process wrote.  A round is a child reaped.
 */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

enum {
	WORKERS = 6, BURST = 16, ZOMBIES = 6, PAGES = 48, PAGE = 4096, CHAIN = 6,
	FANOUT = 3, DEPTH = 3, TREE = 1 + 3 + 9 + 27
};

/* What @fn gives, in a child. */
static pid_t spawn(int (*fn)(int arg), int arg)
{
	pid_t pid = fork();

	STRESS_CHECK(pid >= 0);
	if (pid == 0)
		_exit(fn(arg));
	return pid;
}

static int reap(pid_t pid)
{
	int status;

	STRESS_EQ(pid, waitpid(pid, &status, 0));
	stress_done(1);
	return status;
}

/* ---- every end there is ---- */

static int run_shell(int code)
{
	char text[8] = { (char)('0' + code / 10), (char)('0' + code % 10) };

	execl("/bin/sh", "sh", "-c", "exit $0", text, (char *)NULL);
	return 127;
}

static volatile int seen;

static int leave_word(void *code)
{
	seen = (int)(intptr_t)code;
	_exit(seen);
}

/* A child in our own memory, of which we see nothing before it has ended. */
static int borrow_memory(int code)
{
	static char stack[PAGE] __attribute__((aligned(16)));
	pid_t pid = clone(leave_word, stack + PAGE, CLONE_VM | CLONE_VFORK | SIGCHLD,
			  (void *)(intptr_t)code);
	int status;

	if (pid < 0 || seen != code || waitpid(pid, &status, 0) != pid)
		return 125;
	return WEXITSTATUS(status);
}

static int end_somehow(int i)
{
	switch (i % 4) {
	case 0:
		return i;
	case 1:
		raise(SIGKILL);
		return 126;
	case 2:
		return run_shell(i);
	default:
		return borrow_memory(i);
	}
}

static int end_expected(int i)
{
	return i % 4 == 1 ? SIGKILL : i << 8;
}

static int index_of(const pid_t *pids, int n, pid_t pid)
{
	for (int i = 0; i < n; i++)
		if (pids[i] == pid)
			return i;
	return -1;
}

static void burst(void)
{
	pid_t zombies[ZOMBIES], pids[BURST], pid;
	siginfo_t si;
	int status;

	for (int i = 0; i < ZOMBIES; i++) {
		zombies[i] = spawn(end_somehow, i);
		STRESS_EQ(0, waitid(P_PID, (id_t)zombies[i], &si, WEXITED | WNOWAIT));
	}
	for (int i = 0; i < BURST; i++) {
		pids[i] = spawn(end_somehow, i);
		STRESS_EQ(-1, index_of(zombies, ZOMBIES, pids[i]));
		STRESS_EQ(-1, index_of(pids, i, pids[i]));
	}
	for (int i = 0; i < ZOMBIES; i++)
		STRESS_EQ(end_expected(i), reap(zombies[i]));
	for (int n = 0; n < BURST; n++) {
		pid = wait(&status);
		STRESS_CHECK(pid > 0);
		int i = index_of(pids, BURST, pid);

		STRESS_CHECK(i >= 0);
		STRESS_EQ(end_expected(i), status);
		pids[i] = -1;
	}
	STRESS_EQ(-1, wait(&status));
	STRESS_EQ(ECHILD, errno);
	stress_done(BURST);
}

/* ---- memory ---- */

static uint64_t (*pages)[PAGE / sizeof(uint64_t)];
static uint64_t owner[PAGES];           /* what each page is filled with */

static void fill(int page, uint64_t with)
{
	for (size_t i = 0; i < PAGE / sizeof(uint64_t); i++)
		pages[page][i] = with + i;
	owner[page] = with;
}

static void verify(void)
{
	for (int page = 0; page < PAGES; page++)
		for (size_t i = 0; i < PAGE / sizeof(uint64_t); i += 73)
			STRESS_EQ(owner[page] + i, pages[page][i]);
}

/* Parents and children write at the same time, down to the last of the chain. */
static int write_and_fork(int depth)
{
	pid_t pid = 0;

	verify();
	if (depth)
		pid = spawn(write_and_fork, depth - 1);
	for (int i = 0; i < PAGES / 4; i++)
		fill((int)stress_random(PAGES), (uint64_t)getpid() << 32 | (uint64_t)depth << 16);
	verify();
	return pid ? reap(pid) : 0;
}

static void copies(void)
{
	static uint64_t area[PAGES + 1][PAGE / sizeof(uint64_t)];

	pages = (void *)(((uintptr_t)area + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
	for (int page = 0; page < PAGES; page++)
		fill(page, (uint64_t)page << 40);
	STRESS_EQ(0, write_and_fork(CHAIN));
	/* The same in memory that goes away meanwhile. */
	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	STRESS_CHECK(pages != MAP_FAILED);
	for (int page = 0; page < PAGES; page++)
		fill(page, 1);
	pid_t pid = spawn(write_and_fork, CHAIN);

	STRESS_EQ(0, munmap(pages, PAGES * PAGE));
	STRESS_EQ(0, reap(pid));
}

/* ---- trees ---- */

static int ready[2];                    /* a byte from each process of a tree */

/* The middle ones end at once, and leave us their children. */
static int leave_orphans(int depth)
{
	for (int i = 0; i < FANOUT && depth; i++)
		spawn(leave_orphans, depth - 1);
	return depth + 1;
}

static void orphans(void)
{
	int of_depth[DEPTH + 1] = { 0 }, status;

	spawn(leave_orphans, DEPTH);
	while (wait(&status) > 0) {
		STRESS_CHECK(WIFEXITED(status));
		STRESS_CHECK(WEXITSTATUS(status) >= 1 && WEXITSTATUS(status) <= DEPTH + 1);
		of_depth[WEXITSTATUS(status) - 1]++;
	}
	for (int depth = DEPTH, n = 1; depth >= 0; depth--, n *= FANOUT)
		STRESS_EQ(n, of_depth[depth]);
	stress_done(TREE);
}

static int grow(int depth)
{
	for (int i = 0; i < FANOUT && depth; i++)
		spawn(grow, depth - 1);
	STRESS_EQ(1, write(ready[1], "", 1));
	for (;;)
		pause();
}

static int lead(int depth)
{
	STRESS_EQ(0, setpgid(0, 0));
	return grow(depth);
}

/* Kill the group when @n of its processes have come up: the others must not escape. */
static void fell(int n)
{
	char bytes[TREE];
	int status, got = 0, dead = 0;
	pid_t group;

	STRESS_EQ(0, pipe(ready));
	group = spawn(lead, DEPTH);
	close(ready[1]);
	while (got < n) {
		ssize_t more = read(ready[0], bytes, (size_t)(n - got));

		STRESS_CHECK(more > 0);
		got += (int)more;
	}
	STRESS_EQ(0, kill(-group, SIGKILL));
	for (; wait(&status) > 0; dead++)
		STRESS_EQ(SIGKILL, status);
	STRESS_CHECK(dead >= n && dead <= TREE);
	while (read(ready[0], bytes, sizeof(bytes)) > 0)
		;
	STRESS_EQ(-1, kill(-group, 0));
	STRESS_EQ(ESRCH, errno);
	close(ready[0]);
	stress_done((unsigned long)dead);
}

static void worker(int i)
{
	STRESS_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (; stress_goes_on(); i++) {
		switch (i % 4) {
		case 0:
			burst();
			break;
		case 1:
			copies();
			break;
		case 2:
			orphans();
			break;
		default:
			fell(TREE);
			fell(1 + (int)stress_random(TREE));
			break;
		}
	}
}

void stress_main(void)
{
	while (stress_goes_on())
		stress_together(WORKERS, worker);
}
