/* SPDX-License-Identifier: MIT */
/* fork, exec, exit and wait: who inherits what, and what the parent learns. */
#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int return_arg(void *arg)
{
	return (int)(intptr_t)arg;
}

TEST(waitpid_gives_42_then_echild)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(42);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(42, WEXITSTATUS(status));
	EXPECT_ERRNO(ECHILD, waitpid(pid, &status, 0));
	EXPECT_ERRNO(ECHILD, waitpid(-1, &status, WNOHANG));
}

TEST(wnohang_gives_zero_while_it_lives)
{
	int fds[2], status;
	pid_t pid;

	EXPECT_EQ(0, pipe(fds));
	pid = fork();
	if (pid == 0) {
		char c;

		close(fds[1]);
		_exit(read(fds[0], &c, 1) == 0 ? 7 : 8);
	}
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	close(fds[1]);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(7, WEXITSTATUS(status));
}

TEST(killed_child_reports_its_signal)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	EXPECT_EQ(0, kill(pid, SIGTERM));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT(WIFSIGNALED(status));
	EXPECT_EQ(SIGTERM, WTERMSIG(status));
}

TEST(waitid_fills_siginfo_and_can_leave_the_zombie)
{
	siginfo_t si;
	pid_t pid = fork();

	if (pid == 0)
		_exit(9);
	memset(&si, 0, sizeof(si));
	EXPECT_EQ(0, waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT));
	EXPECT_EQ(pid, si.si_pid);
	EXPECT_EQ(SIGCHLD, si.si_signo);
	EXPECT_EQ(CLD_EXITED, si.si_code);
	EXPECT_EQ(9, si.si_status);
	EXPECT_EQ(0, waitid(P_ALL, 0, &si, WEXITED));
	EXPECT_EQ(pid, si.si_pid);
	EXPECT_ERRNO(ECHILD, waitid(P_PID, (id_t)pid, &si, WEXITED));
	EXPECT_ERRNO(EINVAL, waitid(P_ALL, 0, &si, 0));
}

TEST(stop_and_continue_are_reported)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	EXPECT_EQ(0, kill(pid, SIGSTOP));
	EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT(WIFSTOPPED(status));
	EXPECT_EQ(SIGSTOP, WSTOPSIG(status));
	EXPECT_EQ(0, waitpid(pid, &status, WUNTRACED | WNOHANG));
	EXPECT_EQ(0, kill(pid, SIGCONT));
	EXPECT_EQ(pid, waitpid(pid, &status, WCONTINUED));
	EXPECT(WIFCONTINUED(status));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

static int data_value = 1;

static int change_everything(void *arg)
{
	char *heap = arg;
	int on_stack = 5;

	data_value = 2;
	memset(heap, 'c', 3 * 4096);
	on_stack += data_value;
	return on_stack == 7 && heap[4096] == 'c' ? 0 : 1;
}

TEST(fork_isolates_child_from_parent)
{
	char *heap = malloc(3 * 4096);

	EXPECT(heap);
	memset(heap, 'p', 3 * 4096);
	EXPECT_EQ(0, test_in_child(change_everything, heap));
	EXPECT_EQ(1, data_value);
	EXPECT(test_is_filled(heap, 'p', 3 * 4096));
}

TEST(fork_isolates_parent_from_child)
{
	int go[2], back[2];
	char *heap = malloc(4096), c = 0;
	pid_t pid;

	memset(heap, 'p', 4096);
	EXPECT_EQ(0, pipe(go));
	EXPECT_EQ(0, pipe(back));
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &c, 1) != 1)
			_exit(1);
		c = test_is_filled(heap, 'p', 4096) && data_value == 1;
		if (write(back[1], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	memset(heap, 'x', 4096);
	data_value = 3;
	EXPECT_EQ(1, write(go[1], "g", 1));
	EXPECT_EQ(1, read(back[0], &c, 1));
	EXPECT_EQ(1, c);
}

TEST(cow_works_over_128_pages_both_ways)
{
	enum { N = 128 };
	char *area = mmap(NULL, N * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	int status;
	pid_t pid;

	EXPECT(area != MAP_FAILED);
	for (int i = 0; i < N; i++)
		area[i * 4096] = (char)i;
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < N; i += 2)
			area[i * 4096] = 'c';
		for (int i = 0; i < N; i++)
			if (area[i * 4096] != (i % 2 ? (char)i : 'c'))
				_exit(1);
		_exit(0);
	}
	for (int i = 1; i < N; i += 2)
		area[i * 4096] = 'p';
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	for (int i = 0; i < N; i++)
		EXPECT_EQ(i % 2 ? 'p' : (char)i, area[i * 4096]);
}

TEST(shared_anonymous_memory_is_shared)
{
	volatile int *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	EXPECT(p != MAP_FAILED);
	*p = 1;
	pid = fork();
	if (pid == 0) {
		*p = 77;
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(77, *p);
}

static int check_inherited(void *arg)
{
	int *want = arg;

	return getpgrp() == want[0] && getsid(0) == want[1] && getppid() == want[2] &&
	       fcntl(want[3], F_GETFD) >= 0 && (umask(0) == 027) ? 0 : 1;
}

TEST(child_inherits_descriptors_group_session_umask)
{
	int want[4] = { getpgrp(), getsid(0), getpid(), open("/dev/null", O_RDONLY) };

	umask(027);
	EXPECT(want[3] >= 0);
	EXPECT_EQ(0, test_in_child(check_inherited, want));
}

TEST(file_offset_is_shared_after_fork)
{
	int fd, status;
	pid_t pid;

	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(6, write(fd, "abcdef", 6));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	pid = fork();
	if (pid == 0) {
		char buf[3];

		_exit(read(fd, buf, 3) == 3 ? 0 : 1);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(3, lseek(fd, 0, SEEK_CUR));
}

static int sets_two(void *value)
{
	*(volatile int *)value = 2;
	_exit(3);
}

/* What vfork() is made of; musl's own vfork() is a fork() on some architectures. */
TEST(vfork_child_runs_first_in_our_memory)
{
	static char stack[65536] __attribute__((aligned(16)));
	volatile int value = 1;
	pid_t pid = clone(sets_two, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD,
			  (void *)&value);
	int status;

	EXPECT_EQ(2, value);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(3, WEXITSTATUS(status));
}

TEST(many_children_are_all_reaped)
{
	enum { N = 50 };
	unsigned long sum = 0;

	for (int i = 0; i < N; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(i);
		EXPECT(pid > 0);
	}
	for (int i = 0; i < N; i++) {
		int status;

		EXPECT(waitpid(-1, &status, 0) > 0);
		EXPECT(WIFEXITED(status));
		sum += (unsigned long)WEXITSTATUS(status);
	}
	EXPECT_EQ(N * (N - 1) / 2, sum);
	EXPECT_ERRNO(ECHILD, waitpid(-1, NULL, 0));
}

TEST(orphan_gets_a_new_parent)
{
	pid_t middle, parent = 0;
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	middle = fork();
	if (middle == 0) {
		pid_t self = getpid();

		if (fork() == 0) {
			while (getppid() == self)
				usleep(1000);
			parent = getppid();
			_exit(write(fds[1], &parent, sizeof(parent)) != sizeof(parent));
		}
		_exit(0);
	}
	EXPECT_EQ(middle, waitpid(middle, NULL, 0));
	EXPECT_EQ(sizeof(parent), read(fds[0], &parent, sizeof(parent)));
	EXPECT(parent != middle && parent != getpid());
}

TEST(exit_status_is_eight_bits)
{
	EXPECT_EQ(0x44, WEXITSTATUS(test_in_child(return_arg, (void *)0x1244)));
}

static int run_self(void *arg)
{
	char **argv = arg;
	char *envp[] = { "ONE=1", "TWO=zwei", NULL };

	execve(argv[0], argv, envp);
	return 127;
}

TEST(exec_passes_argv_and_environment)
{
	static char *argv[] = { "/bin/sh", "-c",
				"test \"$1\" = 'a b' && test \"$2\" = '' && test \"$#\" = 2 && "
				"test \"$ONE$TWO\" = 1zwei && exit 42",
				"name", "a b", "", NULL };

	EXPECT_EQ(42, WEXITSTATUS(test_in_child(run_self, argv)));
}

TEST(exec_errors)
{
	char *argv[] = { "x", NULL }, *envp[] = { NULL };
	int fd;

	test_chdir_scratch();
	EXPECT_ERRNO(ENOENT, execve("missing", argv, envp));
	EXPECT_ERRNO(ENOENT, execve("", argv, envp));
	EXPECT_ERRNO(EACCES, execve("/", argv, envp));
	fd = open("plain", O_WRONLY | O_CREAT, 0644);
	EXPECT_EQ(4, write(fd, "text", 4));
	close(fd);
	EXPECT_ERRNO(EACCES, execve("plain", argv, envp));
	EXPECT_EQ(0, chmod("plain", 0755));
	EXPECT_ERRNO(ENOEXEC, execve("plain", argv, envp));
	EXPECT_ERRNO(ENOTDIR, execve("plain/x", argv, envp));
	EXPECT_ERRNO(EFAULT, execve((char *)1, argv, envp));
	EXPECT_ERRNO(EFAULT, execve("/bin/sh", (char **)1, envp));
}

TEST(bad_elf_is_enoexec)
{
	unsigned char elf[64] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	char *argv[] = { "x", NULL }, *envp[] = { NULL };
	int fd;

	test_chdir_scratch();
	fd = open("bad", O_WRONLY | O_CREAT, 0755);
	EXPECT_EQ(sizeof(elf), write(fd, elf, sizeof(elf)));
	close(fd);
	EXPECT_ERRNO(ENOEXEC, execve("bad", argv, envp));
	elf[16] = 2;
	elf[18] = 0xff;         /* no such machine */
	fd = open("bad", O_WRONLY | O_TRUNC);
	EXPECT_EQ(sizeof(elf), write(fd, elf, sizeof(elf)));
	close(fd);
	EXPECT_ERRNO(ENOEXEC, execve("bad", argv, envp));
	fd = open("bad", O_WRONLY | O_TRUNC);
	EXPECT_EQ(20, write(fd, elf, 20));
	close(fd);
	EXPECT_ERRNO(ENOEXEC, execve("bad", argv, envp));
}

static void write_script(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	EXPECT(fd >= 0);
	EXPECT_EQ(strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

TEST(script_runs_through_its_interpreter)
{
	static char *argv[] = { "./script", "arg", NULL };

	test_chdir_scratch();
	write_script("script", "#! /bin/sh -e\n"
		     "test \"$0\" = ./script && test \"$1\" = arg && exit 11\n");
	EXPECT_EQ(11, WEXITSTATUS(test_in_child(run_self, argv)));
	write_script("script", "#!/no/such/interpreter\n");
	EXPECT_EQ(127, WEXITSTATUS(test_in_child(run_self, argv)));
}

TEST(exec_closes_cloexec_descriptors)
{
	static char *argv[] = { "/bin/sh", "-c", "test -e /proc/self/fd/8 && exit 1; "
				"test -e /proc/self/fd/9 || exit 2; exit 0", NULL };

	EXPECT_EQ(8, dup3(1, 8, O_CLOEXEC));
	EXPECT_EQ(9, dup2(1, 9));
	EXPECT_EQ(0, WEXITSTATUS(test_in_child(run_self, argv)));
}

static void on_signal(int signo)
{
	(void)signo;
}

TEST(exec_resets_handlers_and_keeps_ignored)
{
	static char *argv[] = { "/bin/sh", "-c",
				"exec 2>/dev/null; "
				"sh -c 'kill -USR1 $$'; test $? -eq 138 || exit 1; "
				"sh -c 'kill -USR2 $$' || exit 2; exit 0",
				NULL };

	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	EXPECT_EQ(0, WEXITSTATUS(test_in_child(run_self, argv)));
}

TEST(too_long_arguments_are_e2big)
{
	size_t n = 200 * 1024;
	char *big = malloc(n + 1);
	char *argv[] = { "/bin/true", big, NULL }, *envp[] = { NULL };

	memset(big, 'x', n);
	big[n] = 0;
	EXPECT_ERRNO(E2BIG, execve("/bin/true", argv, envp));
}

TEST(pids_and_groups)
{
	EXPECT_EQ(getpid(), getpid());
	EXPECT_EQ(getpid(), syscall(SYS_gettid));
	EXPECT_EQ(getpgrp(), getpgid(0));
	EXPECT_ERRNO(ESRCH, getpgid(0x3fffffff));
	EXPECT_ERRNO(EINVAL, setpgid(0, -1));
	EXPECT_ERRNO(ESRCH, setpgid(0x3fffffff, 0));
	EXPECT_ERRNO(ESRCH, getsid(0x3fffffff));
	EXPECT_ERRNO(EPERM, setsid());          /* the runner made us a group leader */
}

static int make_session(void *arg)
{
	(void)arg;
	if (setsid() != getpid() || getsid(0) != getpid() || getpgrp() != getpid())
		return 1;
	return setpgid(0, 0) == -1 && errno == EPERM ? 0 : 2;
}

TEST(setsid_makes_a_session)
{
	EXPECT_EQ(0, test_in_child(make_session, NULL));
}

TEST(clone_flags_are_checked)
{
	EXPECT_ERRNO(EINVAL, syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_clone, CLONE_FS | CLONE_NEWNS, 0, 0, 0, 0));
}

TEST(rusage_counts_time_and_faults)
{
	struct rusage before, after;
	char *p = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(0, getrusage(RUSAGE_SELF, &before));
	for (int i = 0; i < 64; i++)
		p[i * 4096] = 1;
	EXPECT_EQ(0, getrusage(RUSAGE_SELF, &after));
	EXPECT(after.ru_minflt >= before.ru_minflt + 4);
	EXPECT_ERRNO(EINVAL, getrusage(99, &after));
	EXPECT_ERRNO(EFAULT, getrusage(RUSAGE_SELF, (struct rusage *)1));
}
