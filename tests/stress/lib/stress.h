/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Stress programs: load on one area of the system, for as long as is asked.
 *
 *	AREA SECONDS		one line of progress every few seconds, then
 *
 *	ok stress.AREA SECONDS s, N rounds
 *	FAIL stress.AREA WHY
 *
 * tests/stress/AREA.c has stress_main(), which makes the load until stress_goes_on()
 * says no, checks that nothing is lost, and gives everything back.  It runs in a
 * process (and group) of its own, once for a second to fill the kernel's caches and once
 * in earnest; around the second run the kernel's counters must not grow (leaks.h; on a
 * kernel that has no such counters only the program's own checks count).  A program that
 * does not come to its end in time has lost something, too.
 *
 * Like the contract tests, these pass on Linux first.
 */
#include <errno.h>
#include <stdbool.h>

void stress_main(void);                 /* the area's */

bool stress_goes_on(void);
/* Count @n rounds; any process. */
void stress_done(unsigned long n);
/* Fork @n processes that call fn(0 .. n - 1), and wait for them; they all must have passed. */
void stress_together(int n, void (*fn)(int i));
/* The next number of a sequence of the process's own, below @limit. */
unsigned stress_random(unsigned limit);

/* What was expected did not happen: the run ends with this as its reason. */
void stress_fail(const char *file, int line, const char *expr, long want, long got)
	__attribute__((noreturn));

#define STRESS_EQ(want, got)                                                    \
	do {                                                                    \
		long got_ = (long)(got), want_ = (long)(want);                  \
		if (want_ != got_)                                              \
			stress_fail(__FILE__, __LINE__, #got, want_, got_);     \
	} while (0)
#define STRESS_CHECK(cond) STRESS_EQ(1, !!(cond))
