/* SPDX-License-Identifier: MIT */
/* exec in its odder forms, what it hands over, and threads that exec or exit. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include "test.h"

extern char **environ;

/* Run the shell's view of a command: "sh -c @text"; its exit status. */
static int shell(const char *text)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", text, (char *)NULL);
		_exit(126);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(runs_and_returns_the_status)
{
	EXPECT_EQ(42, shell("exit 42"));
	EXPECT_EQ(0, shell("test \"$(echo a b | wc -w)\" -eq 2"));
	EXPECT_EQ(1, shell("false | false"));
}

TEST(script_with_interpreter_line)
{
	test_chdir_scratch();
	test_write_file("script", "#!/bin/sh -e\nfalse\nexit 3\n");
	EXPECT_EQ(0, chmod("script", 0755));
	EXPECT_EQ(1, shell("./script"));
	test_write_file("script", "#!/bin/sh\ntest \"$1/$2/$#\" = a/b/2 && exit 5\n");
	EXPECT_EQ(5, shell("./script a b"));
	test_write_file("script", "#!/no/such/interpreter\n");
	EXPECT_EQ(127, shell("./script 2>/dev/null"));
}

TEST(script_of_a_script)
{
	test_chdir_scratch();
	test_write_file("inner", "#!/bin/sh\ntest \"$1\" = ./outer && exit 6\n");
	EXPECT_EQ(0, chmod("inner", 0755));
	test_write_file("outer", "#!./inner\n");
	EXPECT_EQ(0, chmod("outer", 0755));
	EXPECT_EQ(6, shell("./outer"));
}

TEST(long_arguments)
{
	static char text[100001];
	char *argv[] = { "sh", "-c", "test ${#1} -eq 100000", "sh", text, NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		memset(text, 'x', 100000);
		execv("/bin/sh", argv);
		_exit(126);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(auxv_tells_the_truth)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	const char *platform = (const char *)getauxval(AT_PLATFORM);

	EXPECT_EQ(sysconf(_SC_PAGESIZE), getauxval(AT_PAGESZ));
	EXPECT_EQ(getuid(), getauxval(AT_UID));
	EXPECT_EQ(getegid(), getauxval(AT_EGID));
	EXPECT_EQ(0, getauxval(AT_SECURE));
	EXPECT(getauxval(AT_PHDR) != 0);
	EXPECT(getauxval(AT_PHNUM) >= 2);
	EXPECT(getauxval(AT_ENTRY) != 0);
	EXPECT(name && strstr(name, "exec"));
	EXPECT(random && !test_is_filled(random, random[0], 16));
	EXPECT(platform && strlen(platform) > 3);
}

TEST(posix_spawn_runs_and_reports_errors)
{
	char *argv[] = { "sh", "-c", "exit 11", NULL };
	int status;
	pid_t pid;

	EXPECT_EQ(0, posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(11, WEXITSTATUS(status));
	EXPECT_EQ(ENOENT, posix_spawn(&pid, "/no/such", NULL, NULL, argv, environ));
}

TEST(setpgid_after_exec_is_refused)
{
	int ends[2];
	char byte;
	pid_t pid;

	EXPECT_EQ(0, pipe2(ends, O_CLOEXEC));
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "sleep 100", (char *)NULL);
		_exit(126);
	}
	close(ends[1]);
	EXPECT_EQ(0, read(ends[0], &byte, 1));  /* the exec has closed its end */
	EXPECT_ERRNO(EACCES, setpgid(pid, pid));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST(umask_directory_and_limits_are_inherited)
{
	struct rlimit limit = { .rlim_cur = 64, .rlim_max = 128 };

	umask(027);
	EXPECT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(0, chdir("/proc"));
	EXPECT_EQ(0, shell("test $(umask) = 0027 && test $(ulimit -n) = 64 && test $PWD = /proc"));
	limit.rlim_cur = 200;
	EXPECT_ERRNO(EINVAL, setrlimit(RLIMIT_NOFILE, &limit));
}

TEST(prctl_name)
{
	char name[16] = "";

	EXPECT_EQ(0, prctl(PR_SET_NAME, "a name that is too long"));
	EXPECT_EQ(0, prctl(PR_GET_NAME, name));
	EXPECT_EQ(0, strcmp(name, "a name that is "));
	EXPECT_ERRNO(EINVAL, prctl(0x7fff, 0, 0, 0, 0));
}

static void *thread_exits_the_process(void *arg)
{
	(void)arg;
	_exit(21);
}

static int group_exit(void *arg)
{
	pthread_t thread;

	(void)arg;
	if (pthread_create(&thread, NULL, thread_exits_the_process, NULL) != 0)
		return 1;
	for (;;)
		pause();
}

TEST(exit_group_ends_every_thread)
{
	EXPECT_EQ(21, WEXITSTATUS(test_in_child(group_exit, NULL)));
}

static void *thread_execs(void *arg)
{
	(void)arg;
	execl("/bin/sh", "sh", "-c", "exit 22", (char *)NULL);
	_exit(1);
}

static int exec_in_thread(void *arg)
{
	pthread_t thread;

	(void)arg;
	if (pthread_create(&thread, NULL, thread_execs, NULL) != 0)
		return 1;
	for (;;)
		pause();
}

TEST(by_a_thread_takes_over_the_process)
{
	EXPECT_EQ(22, WEXITSTATUS(test_in_child(exec_in_thread, NULL)));
}

TEST(unknown_calls_and_flags)
{
	EXPECT_ERRNO(ENOSYS, syscall(5000));
	EXPECT_ERRNO(ENOSYS, syscall(-1));
	EXPECT_ERRNO(EINVAL, syscall(SYS_pipe2, (int[2]){ 0, 0 }, 0x40000000));
	EXPECT_ERRNO(EINVAL, syscall(SYS_getrandom, NULL, 0, 0xffff));
}

TEST(affinity_and_yield)
{
	cpu_set_t set;

	EXPECT_EQ(0, sched_getaffinity(0, sizeof(set), &set));
	EXPECT(CPU_COUNT(&set) >= 1);
	EXPECT_EQ(sysconf(_SC_NPROCESSORS_ONLN), CPU_COUNT(&set));
	EXPECT_EQ(0, sched_yield());
	CPU_ZERO(&set);
	EXPECT_ERRNO(EINVAL, sched_setaffinity(0, sizeof(set), &set));
	EXPECT_ERRNO(ESRCH, sched_getaffinity(-1, sizeof(set), &set));
	EXPECT_ERRNO(ESRCH, sched_setaffinity(-1, sizeof(set), &set));
}

static void copy_file(const char *from, const char *to)
{
	static char buf[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0755);
	ssize_t n;

	EXPECT(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		EXPECT_EQ(n, write(out, buf, (size_t)n));
	EXPECT_EQ(0, n);
	close(in);
	close(out);
}

/* Opening it for writing fails with ETXTBSY, perhaps only after a while. */
static bool becomes_busy(const char *path)
{
	struct timespec nap = { .tv_nsec = 5000000 };

	for (int i = 0; i < 1000; i++) {
		int fd = open(path, O_WRONLY);

		if (fd < 0)
			return errno == ETXTBSY;
		close(fd);
		nanosleep(&nap, NULL);
	}
	return false;
}

TEST(a_running_program_cannot_be_written)
{
	char *const argv[] = { "sleep", "100", NULL };
	int fd, status;
	pid_t pid;

	test_chdir_scratch();
	copy_file("/bin/sleep", "sleep");
	fd = open("sleep", O_WRONLY | O_CLOEXEC);
	EXPECT(fd >= 0);
	EXPECT_ERRNO(ETXTBSY, execv("./sleep", argv));
	close(fd);

	pid = fork();
	if (pid == 0) {
		/* The parent looks now and then by opening it. */
		for (int i = 0; i < 1000; i++)
			execv("./sleep", argv);
		_exit(1);
	}
	EXPECT(becomes_busy("sleep"));
	EXPECT_ERRNO(ETXTBSY, truncate("sleep", 0));
	EXPECT_ERRNO(ETXTBSY, open("sleep", O_RDWR | O_TRUNC));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, truncate("sleep", 0));
}

/* ---- execveat ---- */

static long exec_at(int dir, const char *path, int flags)
{
	char *argv[] = { "sh", "-c", "exit 21", NULL }, *envp[] = { NULL };

	return syscall(SYS_execveat, dir, path, argv, envp, flags);
}

struct at {
	int dir;
	const char *path;
	int flags;
};

static int run_at(void *arg)
{
	const struct at *a = arg;

	exec_at(a->dir, a->path, a->flags);
	return errno;
}

static int status_at(int dir, const char *path, int flags)
{
	struct at a = { dir, path, flags };
	int status = test_in_child(run_at, &a);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

static void write_text(const char *path, const char *text)
{
	test_write_file(path, text);
	EXPECT_EQ(0, chmod(path, 0755));
}

TEST(execveat_finds_its_program)
{
	int dir, script, program, plain;

	test_chdir_scratch_in("/var/tmp");
	EXPECT_EQ(0, symlink("/bin/sh", "link"));
	write_text("script", "#!/bin/sh\ntest $# = 2 && test \"$1\" = -c && exit 22\n");
	write_text("text", "no program\n");
	EXPECT_EQ(0, chmod("text", 0644));
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	script = open("script", O_RDONLY);
	program = open("/bin/sh", O_PATH | O_CLOEXEC);
	plain = open("text", O_RDONLY);
	EXPECT_EQ(21, status_at(dir, "link", 0));
	EXPECT_EQ(ELOOP, status_at(dir, "link", AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ(21, status_at(-1, "/bin/sh", 0));
	EXPECT_EQ(21, status_at(program, "", AT_EMPTY_PATH));
	EXPECT_EQ(ENOENT, status_at(program, "", 0));
	EXPECT_EQ(EFAULT, status_at(program, (char *)8, AT_EMPTY_PATH));
	EXPECT_EQ(EINVAL, status_at(dir, "link", AT_REMOVEDIR));
	EXPECT_EQ(EBADF, status_at(777, "link", 0));
	EXPECT_EQ(ENOTDIR, status_at(script, "link", 0));
	EXPECT_EQ(EACCES, status_at(plain, "", AT_EMPTY_PATH));
	EXPECT_EQ(EACCES, status_at(dir, "", AT_EMPTY_PATH));
	/* The interpreter opens /dev/fd/N, which it cannot when exec has closed that. */
	EXPECT_EQ(22, status_at(script, "", AT_EMPTY_PATH));
	EXPECT_EQ(0, fcntl(script, F_SETFD, FD_CLOEXEC));
	EXPECT_EQ(ENOENT, status_at(script, "", AT_EMPTY_PATH));
	EXPECT_EQ(ENOENT, status_at(dir, "script", 0));
	EXPECT_EQ(0, fcntl(dir, F_SETFD, 0));
	EXPECT_EQ(22, status_at(dir, "script", 0));
}

static int run_bare(void *arg)
{
	(void)arg;
	syscall(SYS_execve, "/bin/true", NULL, NULL);
	return errno;
}

TEST(no_arguments_become_an_empty_one)
{
	int status = test_in_child(run_bare, NULL);

	/* BusyBox looks for an applet called "", coreutils' true does not look. */
	EXPECT(WIFEXITED(status));
	EXPECT(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 127);
}

TEST(scripts_nest_five_deep_and_have_lines)
{
	char text[600], name[16], last[16] = "/bin/sh";

	test_chdir_scratch_in("/var/tmp");
	for (int i = 1; i <= 6; i++) {
		snprintf(text, sizeof(text), "#!%s\n", last);
		snprintf(name, sizeof(name), "./s%d", i);
		write_text(name, i == 1 ? "#!/bin/sh\nexit 31\n" : text);
		snprintf(last, sizeof(last), "%s", name);
	}
	EXPECT_EQ(31, status_at(AT_FDCWD, "s5", 0));
	EXPECT_EQ(ELOOP, status_at(AT_FDCWD, "s6", 0));
	write_text("none", "#!\n");
	EXPECT_EQ(ENOEXEC, status_at(AT_FDCWD, "none", 0));
	write_text("blank", "#!   \t \n");
	EXPECT_EQ(ENOEXEC, status_at(AT_FDCWD, "blank", 0));
	write_text("open", "#!/bin/sh");
	EXPECT_EQ(0, status_at(AT_FDCWD, "open", 0));
	/* An interpreter that is cut off is none; arguments may be cut. */
	memset(text, 'x', 599);
	text[599] = '\0';
	memcpy(text, "#!/bin/", 7);
	write_text("long", text);
	EXPECT_EQ(ENOEXEC, status_at(AT_FDCWD, "long", 0));
	write_text("absent", "#!/absent\n");
	EXPECT_EQ(ENOENT, status_at(AT_FDCWD, "absent", 0));
	write_text("folder", "#!/bin\n");
	EXPECT_EQ(EACCES, status_at(AT_FDCWD, "folder", 0));
}

static int reports_comm(void *arg)
{
	char *argv[] = { "exec", "exec_comm", NULL }, *envp[] = { arg, NULL };

	close(STDOUT_FILENO);
	open("/dev/null", O_WRONLY);
	execve("/proc/self/exe", argv, envp);
	return 99;
}

/* Run by the next test: what the program is called, and that it starts anew. */
TEST(exec_comm)
{
	stack_t ss;
	char name[16];

	if (!getenv("COMM"))
		return;
	EXPECT_EQ(0, prctl(PR_GET_NAME, name));
	EXPECT_EQ(0, strcmp(name, "exe"));
	EXPECT_EQ(0, sigaltstack(NULL, &ss));
	EXPECT_EQ(SS_DISABLE, ss.ss_flags);
	EXPECT_EQ(1, prctl(PR_GET_DUMPABLE));
}

TEST(a_program_starts_anew)
{
	static char stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };

	EXPECT_EQ(0, sigaltstack(&ss, NULL));
	EXPECT_EQ(0, prctl(PR_SET_NAME, "another"));
	EXPECT_EQ(0, prctl(PR_SET_DUMPABLE, 0));
	EXPECT_EQ(0, test_in_child(reports_comm, "COMM=1"));
}
