/* SPDX-License-Identifier: MIT */
#pragma once
/* For tests: threads that run one function together. */
#include <gemel/kthread.h>
#include <gemel/task.h>

enum { TEST_THREADS_MAX = 32 };

/* Run @fn(number) in @n threads, wait for all; how many were made and returned 0. */
static inline ulong test_threads_run(int (*fn)(void *arg), uint n)
{
	struct task *t[TEST_THREADS_MAX];
	ulong good = 0;

	n = MIN(n, (uint)TEST_THREADS_MAX);
	for (uint i = 0; i < n; i++)
		t[i] = kthread_run(fn, (void *)(ulong)i, "test", ~0ull);
	for (uint i = 0; i < n; i++)
		if (t[i] && kthread_join(t[i]) == 0)
			good++;
	return good;
}
