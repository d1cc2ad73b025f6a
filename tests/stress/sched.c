/* SPDX-License-Identifier: MIT */
/*
 * The scheduler under load: sleepers and wakers, hogs, and tasks that change their
 * processors, policies and weights while they run.
 *
 * A round is the way of a token through a ring of processes, each of which waits for it
 * in a pipe.  Whoever has it gives itself a new place or policy and hands it on.  A wake-up
 * that is lost stops the ring for good, and the run does not come to its end.  The hogs
 * see to it that the processors are never all idle.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

enum { RINGS = 4, RING = 8, HOGS = 3 };

static cpu_set_t all;

static void move_somewhere(void)
{
	cpu_set_t one;
	int cpu = (int)stress_random((unsigned)CPU_COUNT(&all));

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	STRESS_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	STRESS_EQ(cpu, sched_getcpu());
	sched_yield();
	STRESS_EQ(cpu, sched_getcpu());
	if (stress_random(2))
		STRESS_EQ(0, sched_setaffinity(0, sizeof(all), &all));
}

static void change_policy(void)
{
	static const int policies[] = { SCHED_OTHER, SCHED_BATCH, SCHED_FIFO, SCHED_RR };
	int policy = policies[stress_random(4)];
	bool is_rt = policy == SCHED_FIFO || policy == SCHED_RR;
	struct sched_param p = { .sched_priority = is_rt ? 1 + (int)stress_random(99) : 0 };

	if (geteuid() != 0)
		return;
	/* musl has no sched_setscheduler(). */
	STRESS_EQ(0, syscall(SYS_sched_setscheduler, 0, policy, &p));
	STRESS_EQ(policy, syscall(SYS_sched_getscheduler, 0));
	STRESS_EQ(0, setpriority(PRIO_PROCESS, 0, (int)stress_random(40) - 20));
}

static void do_something(void)
{
	switch (stress_random(6)) {
	case 0:
		move_somewhere();
		break;
	case 1:
		change_policy();
		break;
	case 2:
		usleep(stress_random(300));
		break;
	case 3:
		sched_yield();
		break;
	default:
		break;
	}
}

/* Hand tokens from @in to @out.  The first one puts it in, and takes it out at the end. */
static void member(int in, int out, bool is_first)
{
	unsigned token = 1, got;

	if (is_first)
		STRESS_EQ(sizeof(token), write(out, &token, sizeof(token)));
	while (read(in, &got, sizeof(got)) == sizeof(got)) {
		if (is_first) {
			STRESS_EQ(token, got);
			stress_done(1);
			if (!stress_goes_on())
				return;         /* closes the ring, one after the other */
			got = ++token;
		}
		do_something();
		if (write(out, &got, sizeof(got)) != sizeof(got))
			return;
	}
}

/* Each member keeps its two ends only, so that the end of one is the end of the next. */
static void ring_member(int pipes[RING][2], int i)
{
	int in = pipes[i][0], out = pipes[(i + 1) % RING][1];

	for (int k = 0; k < RING; k++) {
		if (pipes[k][0] != in)
			close(pipes[k][0]);
		if (pipes[k][1] != out)
			close(pipes[k][1]);
	}
	member(in, out, i == 0);
}

static void ring(void)
{
	int pipes[RING][2], status;

	for (int i = 0; i < RING; i++)
		STRESS_EQ(0, pipe(pipes[i]));
	for (int i = 0; i < RING; i++) {
		pid_t pid = fork();

		STRESS_CHECK(pid >= 0);
		if (pid == 0) {
			ring_member(pipes, i);
			_exit(0);
		}
	}
	for (int i = 0; i < RING; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	for (int i = 0; i < RING; i++) {
		STRESS_CHECK(wait(&status) > 0);
		STRESS_EQ(0, status);
	}
}

static void hog(void)
{
	while (stress_goes_on())
		for (volatile int i = 0; i < 10000; i++)
			;
}

static void worker(int i)
{
	if (i < RINGS)
		ring();
	else
		hog();
}

void stress_main(void)
{
	signal(SIGPIPE, SIG_IGN);
	STRESS_EQ(0, sched_getaffinity(0, sizeof(all), &all));
	stress_together(RINGS + HOGS, worker);
}
