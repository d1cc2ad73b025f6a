/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's commonest services cost.  Prints "NAME NANOSECONDS" lines;
 * under QEMU's -icount shift=0 a nanosecond is one guest instruction.
 * The same binary runs on Linux.  One processor: nothing overlaps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 20000, TRIPS = 2000, PAGES = 2048, FORKS = 50, PAGE = 4096 };

static void check(long result)
{
	if (result < 0) {
		perror("bench");
		exit(1);
	}
}

static long now(void)
{
	struct timespec t;

	check(clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long null_call(void)
{
	long start = now();

	for (int i = 0; i < CALLS; i++)
		getppid();
	return (now() - start) / CALLS;
}

/* The clock: as the C library reads it, and asked of the kernel. */
static long clock_read(void)
{
	struct timespec t;
	long start = now();

	for (int i = 0; i < CALLS; i++)
		check(clock_gettime(CLOCK_MONOTONIC, &t));
	return (now() - start) / CALLS;
}

static long clock_call(void)
{
	struct timespec t;
	long start = now();

	for (int i = 0; i < CALLS; i++)
		check(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t));
	return (now() - start) / CALLS;
}

/* A byte there and a byte back, between two processes. */
static long pipe_round_trip(void)
{
	int there[2], back[2];
	char byte = 0;
	long start;
	pid_t pid;

	check(pipe(there));
	check(pipe(back));
	pid = fork();
	check(pid);
	if (pid == 0) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1)
			check(write(back[1], &byte, 1));
		_exit(0);
	}
	close(there[0]);
	for (int i = 0; i < TRIPS / 10; i++) {
		check(write(there[1], &byte, 1));
		check(read(back[0], &byte, 1));
	}
	start = now();
	for (int i = 0; i < TRIPS; i++) {
		check(write(there[1], &byte, 1));
		check(read(back[0], &byte, 1));
	}
	start = (now() - start) / TRIPS;
	close(there[1]);
	check(waitpid(pid, NULL, 0));
	close(back[0]);
	close(back[1]);
	return start;
}

/* A byte through a pipe that this process itself reads: half a round trip without the switch. */
static long pipe_to_self(void)
{
	int ends[2];
	char byte = 0;
	long start;

	check(pipe(ends));
	start = now();
	for (int i = 0; i < TRIPS; i++) {
		check(write(ends[1], &byte, 1));
		check(read(ends[0], &byte, 1));
	}
	start = (now() - start) / TRIPS;
	close(ends[0]);
	close(ends[1]);
	return start;
}

/* The first write to pages of new anonymous memory. */
static long anonymous_fault(void)
{
	char *pages = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long start;

	if (pages == MAP_FAILED)
		check(-1);
	madvise(pages, (size_t)PAGES * PAGE, MADV_NOHUGEPAGE);
	start = now();
	for (int i = 0; i < PAGES; i++)
		*(volatile char *)(pages + (size_t)i * PAGE) = 1;
	start = (now() - start) / PAGES;
	munmap(pages, (size_t)PAGES * PAGE);
	return start;
}

static long fork_exit_wait(void)
{
	long start = now();

	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		check(pid);
		if (pid == 0)
			_exit(0);
		check(waitpid(pid, NULL, 0));
	}
	return (now() - start) / FORKS;
}

int main(void)
{
	long trip = pipe_round_trip();

	printf("null_call %ld\n", null_call());
	printf("clock_read %ld\n", clock_read());
	printf("clock_call %ld\n", clock_call());
	printf("pipe_round_trip %ld\n", trip);
	printf("switch %ld\n", trip / 2 - pipe_to_self());
	printf("anonymous_fault %ld\n", anonymous_fault());
	printf("fork_exit_wait %ld\n", fork_exit_wait());
	return 0;
}
