/* SPDX-License-Identifier: MIT */
/* The files of /proc that ps and top read: formats, permissions, what may be written. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { USER = 12345 };

static const char *read_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return test_read_file(path);
}

/* The text after "@name:" and white space, or NULL. */
static const char *value_in(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (; text && *text; text = strchr(text, '\n'), text = text ? text + 1 : NULL)
		if (strncmp(text, name, len) == 0 && text[len] == ':')
			return text + len + 1 + strspn(text + len + 1, " \t");
	return NULL;
}

static long status_number(const char *name)
{
	const char *v = value_in(test_read_file("/proc/self/status"), name);

	EXPECT(v != NULL);
	return strtol(v, NULL, 10);
}

/* Field @n of stat, as proc(5) counts them; from 3 on. */
static long stat_field(pid_t pid, int n)
{
	const char *p = strrchr(read_of(pid, "stat"), ')') + 2;

	for (; n > 3; n--) {
		p = strchr(p, ' ');
		EXPECT(p != NULL);
		p++;
	}
	return n == 3 && (*p < '-' || *p > '9') ? *p : strtol(p, NULL, 10);
}

static void *waits(void *arg)
{
	pthread_barrier_wait(arg);
	pthread_barrier_wait(arg);
	return NULL;
}

TEST(stat_has_fifty_two_fields)
{
	const char *p = strrchr(test_read_file("/proc/self/stat"), ')');
	pthread_barrier_t barrier;
	pthread_t t;
	int n = 2;

	for (; *p; p++)
		n += *p == ' ';
	EXPECT_EQ(52, n);
	EXPECT_EQ('R', stat_field(getpid(), 3));
	EXPECT_EQ(getppid(), stat_field(getpid(), 4));
	EXPECT_EQ(20, stat_field(getpid(), 18));
	EXPECT_EQ(0, stat_field(getpid(), 19));
	EXPECT_EQ(1, stat_field(getpid(), 20));
	EXPECT(stat_field(getpid(), 22) > 0);
	EXPECT(stat_field(getpid(), 23) > 4096);
	EXPECT(stat_field(getpid(), 24) >= 0);
	EXPECT_EQ(SIGCHLD, stat_field(getpid(), 38));
	EXPECT_EQ(0, nice(4) - 4);
	EXPECT_EQ(24, stat_field(getpid(), 18));
	EXPECT_EQ(4, stat_field(getpid(), 19));
	pthread_barrier_init(&barrier, NULL, 2);
	EXPECT_EQ(0, pthread_create(&t, NULL, waits, &barrier));
	pthread_barrier_wait(&barrier);
	EXPECT_EQ(2, stat_field(getpid(), 20));
	EXPECT_EQ(2, status_number("Threads"));
	pthread_barrier_wait(&barrier);
	pthread_join(t, NULL);
}

TEST(status_has_its_lines_in_order)
{
	static const char *const names[] = {
		"Name", "Umask", "State", "Tgid", "Ngid", "Pid", "PPid", "TracerPid", "Uid", "Gid",
		"FDSize", "Groups", "NStgid", "NSpid", "NSpgid", "NSsid", "VmPeak", "VmSize",
		"VmLck", "VmPin", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmData",
		"VmStk", "VmExe", "VmLib", "VmPTE", "VmSwap", "CoreDumping", "THP_enabled",
		"Threads", "SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "CapInh",
		"CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Cpus_allowed",
		"Cpus_allowed_list", "Mems_allowed", "Mems_allowed_list",
		"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches",
	};
	const char *text = test_read_file("/proc/self/status"), *last = text;
	sigset_t set;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *v = value_in(text, names[i]);

		if (!v || v < last)
			test_fail(__FILE__, __LINE__, names[i], 1, 0);
		last = v;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	signal(SIGUSR2, SIG_IGN);
	EXPECT_EQ(0x200, strtol(value_in(test_read_file("/proc/self/status"), "SigBlk"), NULL, 16));
	EXPECT_EQ(0x800, strtol(value_in(test_read_file("/proc/self/status"), "SigIgn"), NULL, 16));
	EXPECT(strtol(value_in(test_read_file("/proc/self/status"), "SigPnd"), NULL, 16) |
	       strtol(value_in(test_read_file("/proc/self/status"), "ShdPnd"), NULL, 16));
	EXPECT_EQ(0, umask(0123) & 0);
	EXPECT_EQ(0, strncmp(value_in(test_read_file("/proc/self/status"), "Umask"), "0123\n", 5));
	EXPECT_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_EQ(1, status_number("NoNewPrivs"));
}

TEST(status_counts_memory)
{
	size_t size = 8 << 20;
	long before = status_number("VmSize"), data = status_number("VmData");
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long rss;

	EXPECT_EQ(8 << 10, status_number("VmSize") - before);
	EXPECT_EQ(8 << 10, status_number("VmData") - data);
	rss = status_number("VmRSS");
	memset(p, 1, size);
	/* Linux counts in batches of pages for each processor. */
	EXPECT(status_number("VmRSS") - rss > 7 << 10);
	EXPECT(status_number("RssAnon") > 7 << 10);
	EXPECT_EQ(0, mlock(p, 1 << 20));
	EXPECT_EQ(1 << 10, status_number("VmLck"));
	EXPECT_EQ(0, munmap(p, size));
	EXPECT_EQ(before, status_number("VmSize"));
	EXPECT(status_number("VmPeak") >= before + (8 << 10));
	EXPECT(status_number("VmHWM") > 7 << 10);
}

TEST(smaps_count_what_is_there)
{
	size_t size = 1 << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char head[32], *at;

	/* Alone: nothing before or behind it can grow together with it. */
	EXPECT_EQ(0, mprotect(p + size - 4096, 4096, PROT_NONE));
	memset(p, 1, 40 * 4096);
	snprintf(head, sizeof(head), "-%lx rw-p", (long)(p + size - 4096));
	at = strstr(test_read_file("/proc/self/smaps"), head);
	EXPECT(at != NULL);
	EXPECT(strtol(value_in(at, "Rss"), NULL, 10) >= 160);
	EXPECT(strtol(value_in(at, "Anonymous"), NULL, 10) >= 160);
	EXPECT(strtol(value_in(at, "Private_Dirty"), NULL, 10) >= 160);
	EXPECT(strtol(value_in(at, "Pss"), NULL, 10) >= 160);
	EXPECT(value_in(at, "VmFlags") != NULL);
	EXPECT(value_in(test_read_file("/proc/self/smaps_rollup"), "Rss") != NULL);
}

TEST(files_have_their_modes)
{
	static const struct { const char *name; mode_t mode; } row[] = {
		{ "auxv", 0100400 }, { "cgroup", 0100444 }, { "cmdline", 0100444 },
		{ "comm", 0100644 }, { "cwd", 0120777 }, { "environ", 0100400 },
		{ "exe", 0120777 }, { "fd", 0040500 }, { "io", 0100400 }, { "limits", 0100444 },
		{ "maps", 0100444 }, { "mem", 0100600 }, { "mountinfo", 0100444 },
		{ "mounts", 0100444 }, { "oom_score", 0100444 }, { "oom_score_adj", 0100644 },
		{ "personality", 0100400 }, { "root", 0120777 }, { "smaps", 0100444 },
		{ "stat", 0100444 }, { "statm", 0100444 }, { "status", 0100444 },
		{ "task", 0040555 }, { "timerslack_ns", 0100666 }, { "wchan", 0100444 },
	};
	char path[64];
	struct stat st;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", row[i].name);
		if (lstat(path, &st) != 0 || st.st_mode != row[i].mode)
			test_fail(__FILE__, __LINE__, row[i].name, row[i].mode, st.st_mode);
	}
}

static int looks_as_user(void *arg)
{
	static const char *const secret[] = { "environ", "auxv", "maps", "io", "mem" };
	static const char *const open_to_all[] = { "stat", "status", "cmdline", "limits", "comm" };
	char path[64], buf[64];

	if (setresuid(USER, USER, USER))
		return 1;
	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", *(pid_t *)arg, secret[i]);
		if (open(path, O_RDONLY) >= 0 || errno != EACCES)
			return 10 + (int)i;
		snprintf(path, sizeof(path), "/proc/%d/%s", *(pid_t *)arg, open_to_all[i]);
		if (open(path, O_RDONLY) < 0)
			return 20 + (int)i;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", *(pid_t *)arg);
	if (readlink(path, buf, sizeof(buf)) >= 0 || errno != EACCES)
		return 30;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", *(pid_t *)arg);
	return open(path, O_WRONLY) >= 0 || errno != EACCES ? 31 : 0;
}

TEST(other_users_see_little)
{
	pid_t me = getpid();

	EXPECT_EQ(0, test_in_child(looks_as_user, &me));
}

TEST(the_undumpable_belong_to_root)
{
	struct stat st;
	char path[64];
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		snprintf(path, sizeof(path), "/proc/%d/stat", getpid());
		if (setresuid(USER, USER, USER) || stat(path, &st) || st.st_uid != 0)
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1);
		if (stat(path, &st) || st.st_uid != USER)
			_exit(2);
		prctl(PR_SET_DUMPABLE, 0);
		_exit(stat(path, &st) || st.st_uid != 0 ? 3 : 0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

static int try_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = errno;
	close(fd);
	return err;
}

static int adjusts_as_user(void *arg)
{
	(void)arg;
	if (setresuid(USER, USER, USER))
		return 1;
	prctl(PR_SET_DUMPABLE, 1);
	/* Up, and down again to where it was allowed to be. */
	return try_write("/proc/self/oom_score_adj", "600") ? 2 :
	       try_write("/proc/self/oom_score_adj", "550") ? 3 :
	       try_write("/proc/self/oom_score_adj", "-500") != EACCES ? 4 : 0;
}

TEST(what_may_be_written)
{
	EXPECT_EQ(0, try_write("/proc/self/oom_score_adj", "500\n"));
	EXPECT_EQ(0, strcmp("500\n", test_read_file("/proc/self/oom_score_adj")));
	EXPECT_EQ(EINVAL, try_write("/proc/self/oom_score_adj", "1001"));
	EXPECT_EQ(EINVAL, try_write("/proc/self/oom_score_adj", "-1001"));
	EXPECT_EQ(EINVAL, try_write("/proc/self/oom_score_adj", "x"));
	EXPECT_EQ(0, test_in_child(adjusts_as_user, NULL));
	EXPECT_EQ(0, try_write("/proc/self/comm", "a name that is too long\n"));
	EXPECT_EQ(0, strcmp("a name that is \n", test_read_file("/proc/self/comm")));
	EXPECT_EQ(EINVAL, try_write("/proc/1/comm", "mine"));
	EXPECT_EQ(0, try_write("/proc/self/timerslack_ns", "77777"));
	EXPECT_EQ(77777, prctl(PR_GET_TIMERSLACK));
	EXPECT_EQ(0, syscall(SYS_personality, 0x0040000));
	EXPECT_EQ(0, strcmp("00040000\n", test_read_file("/proc/self/personality")));
}

TEST(memory_through_mem)
{
	static volatile char bytes[16] = "0123456789";
	static const char fixed[] = "constant";
	char got[16];
	int fd = open("/proc/self/mem", O_RDWR);

	EXPECT(fd >= 0);
	EXPECT_EQ(10, pread(fd, got, 10, (off_t)(uintptr_t)bytes));
	EXPECT_EQ(0, memcmp(got, "0123456789", 10));
	EXPECT_EQ(2, pwrite(fd, "xy", 2, (off_t)(uintptr_t)bytes + 4));
	EXPECT_EQ('x', bytes[4]);
	EXPECT_EQ('y', bytes[5]);
	EXPECT_EQ(8, pread(fd, got, 8, (off_t)(uintptr_t)fixed));
	EXPECT_EQ(0, memcmp(got, fixed, 8));
	EXPECT_ERRNO(EIO, pread(fd, got, 8, 16));
	EXPECT_EQ((off_t)(uintptr_t)bytes, lseek(fd, (off_t)(uintptr_t)bytes, SEEK_SET));
	EXPECT_EQ(1, read(fd, got, 1));
	EXPECT_EQ('0', got[0]);
}

TEST(self_and_thread_self)
{
	char target[64], want[64];
	ssize_t n = readlink("/proc/thread-self", target, sizeof(target) - 1);

	EXPECT(n > 0);
	target[n] = '\0';
	snprintf(want, sizeof(want), "%d/task/%d", getpid(), getpid());
	EXPECT_EQ(0, strcmp(want, target));
	EXPECT_EQ(getpid(), strtol(test_read_file("/proc/thread-self/stat"), NULL, 10));
}

TEST(what_was_removed_says_so)
{
	char target[256], path[64];
	ssize_t n;
	int fd;

	test_chdir_scratch();
	fd = open("gone", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(0, unlink("gone"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	EXPECT(n > 0);
	target[n] = '\0';
	EXPECT_EQ(0, strcmp(target + n - 15, "/gone (deleted)"));
	/* It can still be opened that way. */
	EXPECT_EQ(3, write(fd, "abc", 3));
	fd = open(path, O_RDONLY);
	EXPECT_EQ(3, read(fd, target, 10));
}

TEST(fdinfo_tells_position_and_flags)
{
	unsigned flags = 0;
	char path[64];
	long pos = -1;
	int fd;

	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	EXPECT_EQ(5, write(fd, "12345", 5));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT_EQ(2, sscanf(test_read_file(path), "pos:\t%ld\nflags:\t%o\nmnt_id:\t", &pos,
			    &flags));
	EXPECT_EQ(5, pos);
	EXPECT_EQ(O_RDWR | O_APPEND | O_CLOEXEC, flags & (O_ACCMODE | O_APPEND | O_CLOEXEC));
}

TEST(limits_are_a_table)
{
	const char *text = test_read_file("/proc/self/limits");

	EXPECT_EQ(0, strncmp(text, "Limit                     Soft Limit           Hard Limit      "
			     "     Units     \n", 79));
	EXPECT(strstr(text, "Max open files            ") != NULL);
	EXPECT(strstr(text, "Max realtime timeout      unlimited            unlimited          "
		      "  us        \n") != NULL);
}

TEST(mountinfo_has_a_separator)
{
	const char *text = test_read_file("/proc/self/mountinfo");
	int id, parent, major, minor;
	char root[64], point[64];

	EXPECT_EQ(6, sscanf(text, "%d %d %d:%d %63s %63s", &id, &parent, &major, &minor, root,
			    point));
	EXPECT(strstr(text, " - proc proc ") != NULL);
}

TEST(stat_of_the_system)
{
	static const char *const words[] = { "cpu  ", "cpu0 ", "intr ", "ctxt ", "btime ",
					     "processes ", "procs_running ", "procs_blocked ",
					     "softirq " };
	const char *text = test_read_file("/proc/stat"), *at = text;
	long made, again;
	pid_t pid;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		at = strstr(at, words[i]);
		if (!at)
			test_fail(__FILE__, __LINE__, words[i], 1, 0);
	}
	made = strtol(strstr(text, "processes ") + 10, NULL, 10);
	pid = fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	again = strtol(strstr(test_read_file("/proc/stat"), "processes ") + 10, NULL, 10);
	EXPECT(again > made);
}

TEST(sysctls_that_programs_read)
{
	static const char *const numbers[] = {
		"kernel/pid_max", "kernel/threads-max", "kernel/ngroups_max", "kernel/cap_last_cap",
		"kernel/random/entropy_avail", "kernel/random/poolsize",
		"kernel/sched_rr_timeslice_ms",
		"vm/overcommit_memory", "vm/swappiness", "vm/max_map_count", "fs/file-max",
		"fs/nr_open", "fs/pipe-max-size", "kernel/randomize_va_space",
		"vm/overcommit_ratio",
		"vm/mmap_min_addr", "kernel/yama/ptrace_scope", "fs/suid_dumpable",
	};
	char path[80], first[64];
	const char *text;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", numbers[i]);
		if (access(path, F_OK) != 0 && strstr(path, "yama"))
			continue;
		text = test_read_file(path);
		if (*text < '0' || *text > '9')
			test_fail(__FILE__, __LINE__, numbers[i], 1, 0);
	}
	EXPECT(test_read_file("/proc/sys/kernel/osrelease")[0] >= '3');
	text = test_read_file("/proc/sys/kernel/random/uuid");
	EXPECT_EQ(37, strlen(text));
	EXPECT_EQ('4', text[14]);
	strcpy(first, text);
	EXPECT(strcmp(first, test_read_file("/proc/sys/kernel/random/uuid")) != 0);
	strcpy(first, test_read_file("/proc/sys/kernel/random/boot_id"));
	EXPECT_EQ(0, strcmp(first, test_read_file("/proc/sys/kernel/random/boot_id")));
}

/* In a namespace of its own where there are such; the name is put back in any case. */
TEST(the_host_s_name_is_a_file)
{
	static const char path[] = "/proc/sys/kernel/hostname", line[] = "other-name\nignored\n";
	char old[80], now[80] = "";
	int fd;

	if (geteuid() || (syscall(SYS_unshare, CLONE_NEWUTS) < 0 && errno == EPERM))
		return;
	strcpy(old, test_read_file(path));
	fd = open(path, O_WRONLY);
	EXPECT_EQ(sizeof(line) - 1, write(fd, line, sizeof(line) - 1));
	close(fd);
	EXPECT_EQ(0, gethostname(now, sizeof(now)));
	EXPECT_EQ(0, strcmp("other-name\n", test_read_file(path)));
	fd = open(path, O_WRONLY);
	EXPECT_EQ(strlen(old), write(fd, old, strlen(old)));
	close(fd);
	EXPECT_EQ(0, strcmp(old, test_read_file(path)));
	EXPECT_EQ(0, strcmp("other-name", now));
}

/* The driver in /proc/tty/drivers that has device @major:@minor: its files' name, its type. */
static void tty_driver(int major, int minor, char *name, char *type)
{
	const char *text = test_read_file("/proc/tty/drivers");
	int m, first, last, end;

	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		EXPECT_EQ(3, sscanf(line, "%*s %60s %d %d%n", name, &m, &first, &end));
		last = line[end] == '-' ? atoi(line + end + 1) : first;
		end += (int)strcspn(line + end, " ");
		EXPECT_EQ(1, sscanf(line + end, "%60s", type));
		if (m == major && first <= minor && minor <= last)
			return;
	}
	name[0] = type[0] = '\0';
}

TEST(tty_drivers_name_the_terminals)
{
	char name[64], type[64];

	tty_driver(5, 0, name, type);
	EXPECT(!strcmp(name, "/dev/tty") && !strcmp(type, "system:/dev/tty"));
	tty_driver(5, 1, name, type);
	EXPECT(!strcmp(name, "/dev/console") && !strcmp(type, "system:console"));
	tty_driver(5, 2, name, type);
	EXPECT(!strcmp(name, "/dev/ptmx") && !strcmp(type, "system"));
	tty_driver(136, 1000, name, type);
	EXPECT(!strcmp(name, "/dev/pts") && !strcmp(type, "pty:slave"));
	tty_driver(250, 0, name, type);
	EXPECT(!*name);
}
