/* SPDX-License-Identifier: MIT */
/* A program that the dynamic linker loads: relocations, thread-local storage, and the C library. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static _Thread_local int own = 3;
static const char *const table[] = { "relocated", "words" };

TEST(the_interpreter_is_told)
{
	EXPECT(strstr(test_read_file("/proc/self/maps"), "libc.so") != NULL);
	EXPECT(getauxval(AT_ENTRY) != 0);
}

TEST(relocations_are_done)
{
	EXPECT_EQ(0, strcmp(table[1], "words"));
	EXPECT_EQ(3, own);
}

TEST(symbols_are_found_at_run_time)
{
	size_t (*length)(const char *) = (size_t (*)(const char *))dlsym(RTLD_DEFAULT, "strlen");

	EXPECT(length != NULL);
	EXPECT_EQ(5, length("12345"));
	EXPECT(dlsym(RTLD_DEFAULT, "no_such_symbol") == NULL);
}

TEST(printf_formats)
{
	char text[128];

	snprintf(text, sizeof(text), "%d %5s %-5s| %x %.3f %Lg %c %%", -7, "ab", "cd", 255, 3.14159,
		 1.5L, 'z');
	EXPECT_EQ(0, strcmp(text, "-7    ab cd   | ff 3.142 1.5 z %"));
}

TEST(malloc_at_its_edges)
{
	volatile size_t too_much = (size_t)1 << 62;
	void *p = malloc(0), *q = NULL, *volatile refused;
	char *text = calloc(1000, 1000);

	free(p);
	free(NULL);
	EXPECT(test_is_filled(text, 0, 1000000));
	text[999] = 'x';
	text = realloc(text, 5000000);
	EXPECT_EQ('x', text[999]);
	text = realloc(text, 1000);
	EXPECT_EQ('x', text[999]);
	free(text);
	EXPECT_EQ(EINVAL, posix_memalign(&q, 3, 10));
	EXPECT_EQ(0, posix_memalign(&q, 4096, 10));
	EXPECT_EQ(0, (long)q & 4095);
	refused = malloc(too_much);
	EXPECT(refused == NULL);
	EXPECT_EQ(ENOMEM, errno);
}

static void *sees_fresh_copy(void *arg)
{
	(void)arg;
	return (void *)(long)(own == 3);
}

TEST(threads_have_their_own_storage)
{
	pthread_t thread;
	void *fine;

	own = 4;
	EXPECT_EQ(0, pthread_create(&thread, NULL, sees_fresh_copy, NULL));
	EXPECT_EQ(0, pthread_join(thread, &fine));
	EXPECT(fine);
	EXPECT_EQ(4, own);
}

TEST(environment_and_streams)
{
	char line[16];
	FILE *pipe;

	EXPECT_EQ(0, setenv("GEMEL_TEST", "value", 1));
	pipe = popen("echo $GEMEL_TEST", "r");
	EXPECT(pipe && fgets(line, sizeof(line), pipe));
	EXPECT_EQ(0, strcmp(line, "value\n"));
	EXPECT_EQ(0, pclose(pipe));
}

static void exec_quietly(void)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 1);
	dup2(null, 2);
	execl("/proc/self/exe", "self", "-l", NULL);
	_exit(127);
}

/* Wherever chance puts it: the interpreter and the vDSO have room beside each other. */
TEST(the_interpreter_fits_every_time)
{
	for (int i = 0; i < 64; i++) {
		pid_t pid = vfork();
		int status;

		if (pid == 0)
			exec_quietly();
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT(WIFEXITED(status));
		EXPECT(WEXITSTATUS(status) != 127);
	}
}
