/* SPDX-License-Identifier: MIT */
/* The test library's own tests: a test that cannot fail proves nothing. */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static int exit_with(void *arg)
{
	return *(int *)arg;
}

static int failing_test(void *arg)
{
	(void)arg;
	close(STDOUT_FILENO);           /* its FAIL line is not ours */
	EXPECT_EQ(1, 2);
	return 0;
}

static int failing_errno(void *arg)
{
	(void)arg;
	close(STDOUT_FILENO);
	EXPECT_ERRNO(EBADF, close(-1));
	EXPECT_ERRNO(EINVAL, close(-1));
	return 0;
}

TEST(child_status_comes_back)
{
	int code = 42;

	EXPECT_EQ(42, WEXITSTATUS(test_in_child(exit_with, &code)));
}

TEST(a_failed_expectation_fails)
{
	EXPECT_EQ(1, WEXITSTATUS(test_in_child(failing_test, NULL)));
	EXPECT_EQ(1, WEXITSTATUS(test_in_child(failing_errno, NULL)));
}

TEST(scratch_directory_is_empty_and_current)
{
	char cwd[128];

	test_chdir_scratch();
	EXPECT(getcwd(cwd, sizeof(cwd)) && strncmp(cwd, "/tmp/test.selftest.", 19) == 0);
	EXPECT_EQ(0, mkdir("left", 0700));
	EXPECT_EQ(0, mkdir("left/behind", 0700));
}

TEST(filled)
{
	char bytes[] = { 7, 7, 7, 8 };

	EXPECT(test_is_filled(bytes, 7, 3));
	EXPECT(!test_is_filled(bytes, 7, 4));
}
