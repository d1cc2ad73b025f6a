/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Contract tests: plain C programs about the system-call ABI that pass on
 * Linux first, and then say the same on Gemel.
 *
 * A program is a suite, named after its file; a test is a function and a row.
 * Each test runs in a process group of its own, so it may crash, block signals
 * or leave children, and is killed after TEST_SECONDS.  One line a test:
 *
 *	ok SUITE.NAME
 *	FAIL SUITE.NAME FILE:LINE: EXPRESSION: want N, got N (ERRNO)
 *
 *	program [NAME]...	run all tests or those named; status 0: all passed
 *	program -l		list them
 *	program -leak		run a test that leaves a process behind
 *	program -nothing	run a test that does nothing: what is any test's (failnth -a)
 *
 * With TEST_LEAKS in the environment a test fails too if it leaves the kernel holding more than
 * before (leaks.h); one that does is run again, and has failed if it does so each time.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#define TEST_SECONDS 30

struct test {
	const char *name;
	void (*fn)(void);
};

#define TEST(name)                                                             \
	static void test_##name(void);                                         \
	static const struct test test_row_##name                               \
		__attribute__((used, section("tests"), aligned(sizeof(void *)))) = { \
			#name, test_##name                                     \
	};                                                                     \
	static void test_##name(void)

/* Report a failure of the running test and end its process. */
void test_fail(const char *file, int line, const char *expr, long want, long got)
	__attribute__((noreturn));

/* The values are equal, or the test ends here. */
#define EXPECT_EQ(want, got)                                                   \
	do {                                                                   \
		long got_ = (long)(got), want_ = (long)(want);                 \
		if (want_ != got_)                                             \
			test_fail(__FILE__, __LINE__, #got, want_, got_);      \
	} while (0)
#define EXPECT(cond) EXPECT_EQ(1, !!(cond))

/* The call fails with -1 and this errno. */
#define EXPECT_ERRNO(wanted, call)                                             \
	do {                                                                   \
		long result_;                                                  \
		errno = 0;                                                     \
		result_ = (long)(call);                                        \
		if (result_ != -1 || errno != (wanted))                        \
			test_fail(__FILE__, __LINE__, #call, -(wanted),        \
				  result_ == -1 ? -errno : result_);           \
	} while (0)

/* Fork, run @fn(@arg) in the child and exit with what it returns; the child's wait status. */
int test_in_child(int (*fn)(void *arg), void *arg);

/*
 * A new empty directory below @base, made the current one; removed with its
 * contents after the test.  @base is "/tmp" (in memory) or "/var/tmp" (on disk).
 */
void test_chdir_scratch_in(const char *base);
void test_chdir_scratch(void);          /* in /tmp */

/* A test of files, in memory and on disk: the rows memory_NAME and disk_NAME. */
#define FILE_TEST(name)                                                        \
	static void files_##name(void);                                        \
	TEST(memory_##name)                                                    \
	{                                                                      \
		test_chdir_scratch_in("/tmp");                                    \
		files_##name();                                                \
	}                                                                      \
	TEST(disk_##name)                                                      \
	{                                                                      \
		test_chdir_scratch_in("/var/tmp");                                \
		files_##name();                                                \
	}                                                                      \
	static void files_##name(void)

/* Make a file with this text, or fail the test. */
void test_write_file(const char *path, const char *text);

/* What is in the file, or fail the test: a static buffer of 64 KiB. */
const char *test_read_file(const char *path);

/* Until this thread, of whatever process, sleeps: where, the caller knows. */
void test_await_sleep(int tid);

/* Block one signal, and not; the set of it alone. */
sigset_t test_block(int signo);
void test_unblock(int signo);

/* True when these bytes are all @value. */
bool test_is_filled(const void *p, unsigned char value, size_t n);
