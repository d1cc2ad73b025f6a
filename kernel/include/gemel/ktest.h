/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Tests that stand beside the code they test.  A test is a function plus a
 * row in the "ktests" section; the runner (tests/unit/main.c on the host,
 * init/ktest.c in the kernel) walks the section.
 */
#include <gemel/compiler.h>

struct ktest_run {
	int failures;
};

struct ktest {
	const char *suite, *name;
	void (*fn)(struct ktest_run *kt);
};

/* Count a failure of the running test and say where.  The runner's. */
void ktest_fail(struct ktest_run *kt, const char *file, int line, const char *expr, long want,
		long got);

#define KTEST(suite, name)                                                     \
	static void ktest_##suite##_##name(struct ktest_run *kt);              \
	static const struct ktest ktest_row_##suite##_##name                   \
		__attribute__((used, section("ktests"),                        \
			       aligned(__alignof__(struct ktest)))) = {        \
			#suite, #name, ktest_##suite##_##name                  \
	};                                                                     \
	static void ktest_##suite##_##name(                                    \
		struct ktest_run *kt __attribute__((unused)))

/* How often the log has @text from *@from on; *@from moves to its end.  In the kernel. */
struct log_place;
unsigned ktest_log_count(struct log_place *from, const char *text);

#define EXPECT_EQ(want, got)                                                   \
	do {                                                                   \
		long want_ = (long)(want), got_ = (long)(got);                 \
		if (want_ != got_)                                             \
			ktest_fail(kt, __FILE__, __LINE__, #got, want_, got_); \
	} while (0)
#define EXPECT(cond) EXPECT_EQ(true, !!(cond))

/*
 * Run the body again and again.  Pass n fails the n-th allocation and only
 * that one; the loop ends after the first pass in which nothing failed.
 */
#define FOR_EACH_OOM(n) for (long n = 1; fault_arm(n); n++)

bool fault_arm(long n);         /* false when the previous pass met no fault */
bool fault_hit(void);           /* did this pass fail an allocation? */
