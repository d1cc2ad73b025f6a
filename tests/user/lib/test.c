/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "leaks.h"

extern const struct test tests_start[] __asm__("__start_tests");
extern const struct test tests_end[] __asm__("__stop_tests");

static const char *suite, *running;
static bool counts_leaks;
static const char *const bases[] = { "/tmp", "/var/tmp" };
static int suite_pid;

void test_fail(const char *file, int line, const char *expr, long want, long got)
{
	int err = errno;
	const char *base = strrchr(file, '/');

	dprintf(STDOUT_FILENO, "FAIL %s.%s %s:%d: %s: want %ld, got %ld (errno %d)\n", suite,
		running, base ? base + 1 : file, line, expr, want, got, err);
	_exit(1);
}

int test_in_child(int (*fn)(void *arg), void *arg)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(arg));
	EXPECT(pid > 0);
	while (waitpid(pid, &status, 0) < 0)
		EXPECT_EQ(EINTR, errno);
	return status;
}

/* The directory belongs to the suite's process, which clears it after each test. */
static void scratch_name(const char *base, char *name, size_t size)
{
	snprintf(name, size, "%s/test.%s.%d", base, suite, suite_pid);
}

void test_chdir_scratch_in(const char *base)
{
	char name[128];

	scratch_name(base, name, sizeof(name));
	EXPECT_EQ(0, mkdir(name, 0755));
	EXPECT_EQ(0, chdir(name));
}

void test_chdir_scratch(void)
{
	test_chdir_scratch_in("/tmp");
}

void test_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	EXPECT(fd >= 0);
	EXPECT_EQ(strlen(text), write(fd, text, strlen(text)));
	EXPECT_EQ(0, close(fd));
}

const char *test_read_file(const char *path)
{
	static char text[64 << 10];
	int fd = open(path, O_RDONLY);
	ssize_t n, have = 0;

	EXPECT(fd >= 0);
	while ((n = read(fd, text + have, sizeof(text) - 1 - have)) > 0)
		have += n;
	EXPECT_EQ(0, n);
	EXPECT_EQ(0, close(fd));
	text[have] = '\0';
	return text;
}

void test_await_sleep(int tid)
{
	char path[64], *state;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", tid, tid);
	do {
		/* Let others run, whatever our priority is. */
		nanosleep(&(struct timespec){ 0, 200000 }, NULL);
		state = strrchr(test_read_file(path), ')');
	} while (!state || state[2] != 'S');
}

bool test_is_filled(const void *p, unsigned char value, size_t n)
{
	const unsigned char *bytes = p;

	for (size_t i = 0; i < n; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static void remove_tree(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		char child[PATH_MAX];
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (lstat(child, &st) == 0 && S_ISDIR(st.st_mode))
			remove_tree(child);
		else
			unlink(child);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

/* Who started us may have left signals ignored or blocked, those that libc hides among them. */
static void reset_signals(void)
{
	const struct { void *handler; long flags; void *restorer; long mask; } fresh = { 0 };
	const long none = 0;

	for (int signo = 1; signo <= 64; signo++)
		syscall(SYS_rt_sigaction, signo, &fresh, NULL, sizeof(none));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

static void run_in_child(const struct test *t)
{
	reset_signals();
	setpgid(0, 0);
	t->fn();
	_exit(0);
}

/*
 * Wait for @pid at most TEST_SECONDS, then kill its group.  False: it had to be
 * killed.  Looks again and again: this must work before much of the rest does.
 */
static bool wait_limited(pid_t pid, int *status)
{
	const struct timespec tick = { .tv_nsec = 500 * 1000 };
	time_t end = time(NULL) + TEST_SECONDS;

	while (waitpid(pid, status, WNOHANG) == 0) {
		nanosleep(&tick, NULL);
		if (time(NULL) > end) {
			kill(-pid, SIGKILL);
			waitpid(pid, status, 0);
			return false;
		}
	}
	kill(-pid, SIGKILL);            /* what it left behind */
	return true;
}

/* True: it has passed.  If not, this has said why. */
static bool run_test(const struct test *t)
{
	int status = 0;
	bool in_time;
	pid_t pid;

	running = t->name;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_in_child(t);
	if (pid < 0) {
		printf("FAIL %s.%s fork: %s\n", suite, t->name, strerror(errno));
		return false;
	}
	setpgid(pid, pid);
	in_time = wait_limited(pid, &status);
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		char name[128];

		scratch_name(bases[i], name, sizeof(name));
		remove_tree(name);
	}
	if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (!in_time)
		printf("FAIL %s.%s not over after %d s\n", suite, t->name, TEST_SECONDS);
	else if (WIFSIGNALED(status))
		printf("FAIL %s.%s killed by signal %d\n", suite, t->name, WTERMSIG(status));
	return false;
}

/* The same in a process of its own: what is counted as held has no part in it. */
static bool run_apart(const struct test *t)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		bool passed = run_test(t);

		fflush(NULL);
		_exit(!passed);
	}
	waitpid(pid, &status, 0);
	return status == 0;
}

static bool run_and_tell(const struct test *t)
{
	const char *leak = NULL;
	bool passed = counts_leaks ? run_apart(t) : run_test(t);

	if (counts_leaks)
		leak = leaks_check();
	for (int run = 1; run < LEAK_RUNS && passed && leak; run++) {
		passed = run_apart(t);
		leak = leaks_again();
	}
	if (passed)
		printf("%s %s.%s%s%s\n", leak ? "FAIL" : "ok", suite, t->name, leak ? " " : "",
		       leak ? leak : "");
	return passed && !leak;
}

/* What leaves something behind: in a session of its own, the end of the test does not reach it. */
static void leave_a_process(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		pause();
	}
	while (getsid(pid) != pid)
		usleep(1000);
}

static void do_nothing(void)
{
}

/* Tests that are none of the suite's, by what stands for them on the command line. */
static const struct test odd_tests[] = { { "-leak", leave_a_process }, { "-nothing", do_nothing } };

static bool is_wanted(const struct test *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], t->name) == 0)
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	bool list = argc == 2 && strcmp(argv[1], "-l") == 0;
	int failed = 0;

	suite_pid = getpid();
	suite = slash ? slash + 1 : argv[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	counts_leaks = getenv("TEST_LEAKS") && !list;
	unsetenv("TEST_LEAKS");         /* programs that tests run count nothing */
	if (counts_leaks)
		leaks_begin();
	for (size_t i = 0; argc == 2 && i < sizeof(odd_tests) / sizeof(odd_tests[0]); i++)
		if (strcmp(argv[1], odd_tests[i].name) == 0)
			return !run_and_tell(&odd_tests[i]);
	for (const struct test *t = tests_start; t < tests_end; t++) {
		if (list)
			printf("%s.%s\n", suite, t->name);
		else if (is_wanted(t, argc, argv))
			failed += !run_and_tell(t);
	}
	return failed != 0;
}

sigset_t test_block(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	return set;
}

void test_unblock(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	EXPECT_EQ(0, sigprocmask(SIG_UNBLOCK, &set, NULL));
}
