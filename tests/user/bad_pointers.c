/* SPDX-License-Identifier: MIT */
/*
 * A bad user pointer in any argument of any call is EFAULT, and hurts nobody:
 * one row a pointer argument, tried with memory that is not there, that may
 * not be touched, and that is the kernel's.
 */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

enum { NOBODY = 65534 };

#define BAD     0x5bad5bad5badL         /* stands for the bad pointer in a row */
#define FD      0x5fd05fd05fd0L         /* an open file with something in it */
#define PIPE    0x5919e5919e00L         /* the reading end of a pipe with something in it */
#define OUT     0x590759075900L         /* the writing end */
#define DIRFD   0x5d125d125d00L         /* an open directory */

static const struct timespec zero_time;
static char path[] = "file", other[] = "other", buffer[4096];

static const struct row {
	const char *name;
	long nr, args[6];
} rows[] = {
#define ROW(call, ...) { #call, SYS_##call, { __VA_ARGS__ } }
	ROW(read, PIPE, BAD, 1),
	ROW(write, OUT, BAD, 1),
	ROW(pread64, FD, BAD, 1, 0),
	ROW(pwrite64, FD, BAD, 1, 0),
	ROW(readv, PIPE, BAD, 1),
	ROW(writev, OUT, BAD, 1),
	ROW(openat, AT_FDCWD, BAD, O_RDONLY),
	ROW(newfstatat, AT_FDCWD, BAD, (long)buffer, 0),
	ROW(newfstatat, AT_FDCWD, (long)path, BAD, 0),
	ROW(fstat, FD, BAD),
	ROW(statx, AT_FDCWD, (long)path, 0, 0x7ff, BAD),
	ROW(statfs, (long)path, BAD),
	ROW(statfs, BAD, (long)buffer),
	ROW(fstatfs, FD, BAD),
	ROW(faccessat, AT_FDCWD, BAD, 0),
	ROW(mkdirat, AT_FDCWD, BAD, 0755),
	ROW(mknodat, AT_FDCWD, BAD, S_IFIFO | 0644, 0),
	ROW(unlinkat, AT_FDCWD, BAD, 0),
	ROW(linkat, AT_FDCWD, BAD, AT_FDCWD, (long)other, 0),
	ROW(linkat, AT_FDCWD, (long)path, AT_FDCWD, BAD, 0),
	ROW(symlinkat, BAD, AT_FDCWD, (long)other),
	ROW(symlinkat, (long)path, AT_FDCWD, BAD),
	ROW(readlinkat, AT_FDCWD, BAD, (long)buffer, 100),
	ROW(readlinkat, AT_FDCWD, (long)"link", BAD, 100),
	ROW(renameat2, AT_FDCWD, BAD, AT_FDCWD, (long)other, 0),
	ROW(renameat2, AT_FDCWD, (long)path, AT_FDCWD, BAD, 0),
	ROW(fchmodat, AT_FDCWD, BAD, 0644),
	ROW(fchownat, AT_FDCWD, BAD, 0, 0, 0),
	ROW(utimensat, AT_FDCWD, (long)path, BAD, 0),
	ROW(utimensat, AT_FDCWD, BAD, 0, 0),
	ROW(truncate, BAD, 0),
	ROW(chdir, BAD),
	ROW(chroot, BAD),
	ROW(getcwd, BAD, 4096),
	ROW(getdents64, DIRFD, BAD, 4096),
	ROW(execve, BAD, 0, 0),
	ROW(execve, (long)"/bin/sh", BAD, 0),
	ROW(execve, (long)"/bin/sh", 0, BAD),
	ROW(pipe2, BAD, 0),
	ROW(ppoll, BAD, 1, (long)&zero_time, 0, 8),
	ROW(pselect6, 1, BAD, 0, 0, (long)&zero_time, 0),
	ROW(epoll_ctl, DIRFD, EPOLL_CTL_ADD, PIPE, BAD),
	ROW(rt_sigaction, SIGUSR1, BAD, 0, 8),
	ROW(rt_sigaction, SIGUSR1, 0, BAD, 8),
	ROW(rt_sigprocmask, SIG_BLOCK, BAD, 0, 8),
	ROW(rt_sigprocmask, SIG_BLOCK, 0, BAD, 8),
	ROW(rt_sigpending, BAD, 8),
	ROW(rt_sigsuspend, BAD, 8),
	ROW(rt_sigtimedwait, BAD, 0, (long)&zero_time, 8),
	ROW(rt_sigtimedwait, (long)buffer, 0, BAD, 8),
	ROW(sigaltstack, BAD, 0),
	ROW(sigaltstack, 0, BAD),
	ROW(nanosleep, BAD, 0),
	ROW(clock_gettime, CLOCK_MONOTONIC, BAD),
	ROW(clock_getres, CLOCK_MONOTONIC, BAD),
	ROW(clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, 0),
	ROW(gettimeofday, BAD, 0),
	ROW(setitimer, ITIMER_REAL, BAD, 0),
	ROW(getitimer, ITIMER_REAL, BAD),
	ROW(times, BAD),
	ROW(getrusage, RUSAGE_SELF, BAD),
	ROW(prlimit64, 0, RLIMIT_NOFILE, BAD, 0),
	ROW(prlimit64, 0, RLIMIT_NOFILE, 0, BAD),
	ROW(uname, BAD),
	ROW(sysinfo, BAD),
	ROW(getgroups, 16, BAD),
	ROW(setgroups, 1, BAD),
	ROW(getresuid, BAD, (long)buffer, (long)buffer),
	ROW(getresgid, (long)buffer, BAD, (long)buffer),
	ROW(getrandom, BAD, 8, 0),
	ROW(getcpu, BAD, 0, 0),
	ROW(sched_getaffinity, 0, 128, BAD),
	ROW(sched_setaffinity, 0, 128, BAD),
	ROW(futex, BAD, 0 /* wait */, 0, 0),
	ROW(sethostname, BAD, 5),
	ROW(fcntl, FD, F_GETLK, BAD),
	ROW(mount, (long)"none", BAD, (long)"tmpfs", 0, 0),
	ROW(umount2, BAD, 0),
};

static int file, pipe_ends[2], directory;

static void open_all(void)
{
	test_chdir_scratch();
	test_write_file(path, "something");
	EXPECT_EQ(0, symlink(path, "link"));
	file = open(path, O_RDWR);
	directory = open(".", O_RDONLY | O_DIRECTORY);
	EXPECT(file >= 0 && directory >= 0);
	EXPECT_EQ(0, pipe(pipe_ends));
	EXPECT_EQ(1, write(pipe_ends[1], "x", 1));
	EXPECT_EQ(0, setgroups(1, &(gid_t){ 0 }));
	/* The empty set that a row waits for. */
	memset(buffer, 0, sizeof(buffer));
}

static long argument(long arg, long bad)
{
	switch (arg) {
	case BAD:
		return bad;
	case FD:
		return file;
	case PIPE:
		return pipe_ends[0];
	case OUT:
		return pipe_ends[1];
	case DIRFD:
		return directory;
	default:
		return arg;
	}
}

struct attempt {
	const struct row *row;
	long bad;
};

/* In a child: an exec that works, or a crash, must not take the walk with it. */
static int try_row(void *arg)
{
	const struct attempt *attempt = arg;
	long a[6];

	for (int i = 0; i < 6; i++)
		a[i] = argument(attempt->row->args[i], attempt->bad);
	if (syscall(attempt->row->nr, a[0], a[1], a[2], a[3], a[4], a[5]) != -1)
		return 200;
	return errno;
}

static void walk(long bad)
{
	bool fine = true;

	open_all();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct attempt attempt = { &rows[i], bad };
		int status = test_in_child(try_row, &attempt);

		if (status == EFAULT << 8)
			continue;
		printf("%s, row %d, %#lx: wait status %#x\n", rows[i].name, (int)i, bad, status);
		fine = false;
	}
	EXPECT(fine);
}

TEST(memory_that_is_not_there)
{
	void *hole = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(0, munmap(hole, 65536));
	walk((long)hole + 4096);
}

TEST(memory_that_may_not_be_touched)
{
	void *hole = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	walk((long)hole + 4096);
}

TEST(memory_of_the_kernel)
{
	walk((long)0xffffffff80000000);
}

TEST(memory_that_wraps)
{
	walk(-16);
}

TEST(structures_that_end_in_a_hole)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(0, munmap(p + 4096, 4096));
	EXPECT_ERRNO(EFAULT, syscall(SYS_uname, p + 4096 - 8));
	EXPECT_ERRNO(EFAULT, syscall(SYS_nanosleep, p + 4096 - 8, NULL));
	EXPECT_ERRNO(EFAULT, syscall(SYS_newfstatat, AT_FDCWD, "/", p + 4096 - 8, 0));
	memset(p, 'x', 4096);
	EXPECT_ERRNO(EFAULT, syscall(SYS_chdir, p + 4096 - 8));
	p[4095] = '\0';
	EXPECT_ERRNO(ENOENT, syscall(SYS_chdir, p + 4096 - 8));
}

TEST(partial_transfers_count)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ends[2];

	EXPECT_EQ(0, munmap(p + 4096, 4096));
	EXPECT_EQ(0, pipe(ends));
	EXPECT_EQ(20, write(ends[1], p + 4096 - 20, 20));
	EXPECT_ERRNO(EFAULT, read(ends[0], p + 4096, 20));
	test_chdir_scratch();
	test_write_file("a", "0123456789");
	ends[0] = open("a", O_RDONLY);
	EXPECT_EQ(4, read(ends[0], p + 4096 - 4, 10));
	EXPECT_EQ(0, memcmp(p + 4092, "0123", 4));
}

/* Calls that stop, end, or change the system when they succeed. */
static bool is_left_out(long nr)
{
	static const long out[] = { SYS_exit, SYS_exit_group, SYS_reboot, SYS_clone,
				    SYS_rt_sigreturn, SYS_vhangup, SYS_restart_syscall, SYS_sync,
				    SYS_syslog,
				    SYS_rt_sigsuspend, SYS_kill, SYS_tkill, SYS_umask,
#ifdef SYS_fork
				    SYS_fork, SYS_vfork, SYS_pause,
#endif
	};

	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		if (out[i] == nr)
			return true;
	return false;
}

/* Nonsense may be valid: descriptor 0 is a file of our own, and we are nobody in particular. */
static void become_harmless(void)
{
	int own = open("own", O_RDWR | O_CREAT, 0600);

	if (own < 0 || fchown(own, NOBODY, NOBODY) < 0)
		_exit(1);
	for (int fd = 0; fd < 3; fd++)
		dup2(own, fd);
	syscall(SYS_close_range, 3, ~0u, 0);
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		_exit(1);
}

static int nonsense(void *arg)
{
	long nr = *(long *)arg, bad = (long)0xffff800000001000;

	become_harmless();
	alarm(2);                       /* some wait, and rightly so */
	syscall(nr, bad, bad, bad, bad, bad, bad);
	syscall(nr, -1, bad, bad, bad, bad, bad);
	syscall(nr, 0, bad, -1, bad, -1, bad);
	return 0;
}

TEST(nonsense_in_every_call_hurts_only_the_caller)
{
	bool fine = true;
	struct stat before, after;

	EXPECT_EQ(0, fstat(0, &before));
	test_chdir_scratch();
	for (long nr = 0; nr < 460; nr++) {
		int status;

		/* 335 to 423 belong to no call on either architecture. */
		if (is_left_out(nr) || (nr >= 335 && nr < 424))
			continue;
		status = test_in_child(nonsense, &nr);
		if (!WIFEXITED(status) && WTERMSIG(status) != SIGALRM &&
		    WTERMSIG(status) != SIGSEGV) {
			printf("call %ld: killed by signal %d\n", nr, WTERMSIG(status));
			fine = false;
		}
		if (WIFEXITED(status))
			EXPECT_EQ(0, WEXITSTATUS(status));
	}
	EXPECT(fine);
	EXPECT_EQ(0, fstat(0, &after));
	EXPECT_EQ(before.st_mode, after.st_mode);
	EXPECT_EQ(before.st_uid, after.st_uid);
}
