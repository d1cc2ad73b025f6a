/* SPDX-License-Identifier: MIT */
/* What /proc and /dev tell and do. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static const char *read_proc(const char *format, int pid)
{
	char path[64];

	snprintf(path, sizeof(path), format, pid);
	return test_read_file(path);
}

TEST(self_is_this_process)
{
	char target[32];
	ssize_t n = readlink("/proc/self", target, sizeof(target) - 1);

	EXPECT(n > 0);
	target[n] = '\0';
	EXPECT_EQ(getpid(), atoi(target));
}

TEST(stat_has_ids_name_and_state)
{
	char name[64], state;
	int pid, ppid, group, session;

	EXPECT_EQ(6, sscanf(read_proc("/proc/%d/stat", getpid()), "%d (%63[^)]) %c %d %d %d", &pid,
			    name, &state, &ppid, &group, &session));
	EXPECT_EQ(getpid(), pid);
	EXPECT_EQ(getppid(), ppid);
	EXPECT_EQ(getpgrp(), group);
	EXPECT_EQ(getsid(0), session);
	EXPECT_EQ('R', state);
	EXPECT_EQ(0, strcmp(name, "proc"));
}

TEST(a_zombie_is_z_and_then_gone)
{
	struct stat st;
	char path[64];
	const char *text;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	EXPECT_EQ(0, waitid(P_PID, pid, NULL, WEXITED | WNOWAIT));
	text = read_proc("/proc/%d/stat", pid);
	EXPECT_EQ('Z', strrchr(text, ')')[2]);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	snprintf(path, sizeof(path), "/proc/%d", pid);
	EXPECT_ERRNO(ENOENT, stat(path, &st));
}

TEST(cmdline_has_the_arguments)
{
	const char *text = read_proc("/proc/%d/cmdline", getpid());

	EXPECT(strstr(text, "proc") != NULL);
}

TEST(exe_and_cwd_are_links)
{
	char target[256];
	ssize_t n = readlink("/proc/self/exe", target, sizeof(target) - 1);

	EXPECT(n > 4);
	target[n] = '\0';
	EXPECT_EQ(0, strcmp(target + n - 5, "/proc"));
	EXPECT_EQ(0, chdir("/usr"));
	n = readlink("/proc/self/cwd", target, sizeof(target) - 1);
	EXPECT_EQ(4, n);
	EXPECT_EQ(0, memcmp(target, "/usr", 4));
}

TEST(descriptors_are_listed_and_open_again)
{
	char path[64], target[64];
	int fd = open("/dev/null", O_RDONLY);
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target));
	EXPECT_EQ(9, n);
	EXPECT_EQ(0, memcmp(target, "/dev/null", 9));
	EXPECT(open(path, O_RDWR) >= 0);
	close(fd);
	EXPECT_ERRNO(ENOENT, readlink(path, target, sizeof(target)));
}

TEST(maps_show_a_mapping)
{
	char *p = mmap(NULL, 3 * 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char want[64];

	snprintf(want, sizeof(want), "%lx-%lx r--s", (long)p, (long)p + 3 * 4096);
	EXPECT(strstr(test_read_file("/proc/self/maps"), want) != NULL);
	EXPECT(strstr(test_read_file("/proc/self/maps"), "[stack]") != NULL);
}

TEST(meminfo_adds_up)
{
	const char *text = test_read_file("/proc/meminfo");
	struct sysinfo info;
	long total, free;

	EXPECT_EQ(2, sscanf(text, "MemTotal: %ld kB\nMemFree: %ld kB", &total, &free));
	EXPECT(free > 0 && free < total);
	EXPECT_EQ(0, sysinfo(&info));
	EXPECT(labs((long)(info.totalram * info.mem_unit / 1024) - total) < 64);
	EXPECT(info.procs > 0);
}

TEST(uptime_and_loadavg_are_numbers)
{
	double up, idle, load[3];

	EXPECT_EQ(2, sscanf(test_read_file("/proc/uptime"), "%lf %lf", &up, &idle));
	EXPECT(up > 0);
	EXPECT_EQ(3, sscanf(test_read_file("/proc/loadavg"), "%lf %lf %lf", load, load + 1,
			    load + 2));
}

TEST(mounts_have_a_root)
{
	EXPECT(strstr(test_read_file("/proc/mounts"), " / ") != NULL);
	EXPECT(strstr(test_read_file("/proc/mounts"), " /proc proc ") != NULL);
}

TEST(processes_are_listed)
{
	char text[32];

	snprintf(text, sizeof(text), "/proc/%d/status", getpid());
	EXPECT(strstr(test_read_file(text), "Name:\tproc\n") != NULL);
	EXPECT(strstr(test_read_file("/proc/stat"), "cpu0 ") != NULL);
	EXPECT(strstr(test_read_file("/proc/filesystems"), "proc\n") != NULL);
}

TEST(what_is_about_the_system_can_be_read)
{
	static const char *const files[] = {
		"cmdline", "cpuinfo", "devices", "diskstats", "filesystems", "interrupts",
		"loadavg", "meminfo", "mounts", "partitions", "stat", "swaps", "uptime", "version",
		"vmstat",
	};
	char path[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%s", files[i]);
		EXPECT_EQ(0, access(path, R_OK));
		(void)test_read_file(path);
	}
}

TEST(uname_is_consistent)
{
	struct utsname u;

	EXPECT_EQ(0, uname(&u));
	EXPECT(strcmp(u.machine, "x86_64") == 0 || strcmp(u.machine, "aarch64") == 0);
	EXPECT(isdigit((unsigned char)u.release[0]));
	EXPECT(u.nodename[0] != '\0');
}

TEST(devices)
{
	unsigned char bytes[32], more[32];
	struct stat st;
	int zero = open("/dev/zero", O_RDWR), null = open("/dev/null", O_RDWR);
	int random = open("/dev/urandom", O_RDONLY), full = open("/dev/full", O_RDWR);

	EXPECT(zero >= 0 && null >= 0 && random >= 0 && full >= 0);
	EXPECT_EQ(0, read(null, bytes, 32));
	EXPECT_EQ(32, write(null, bytes, 32));
	EXPECT_EQ(32, read(zero, bytes, 32));
	EXPECT(test_is_filled(bytes, 0, 32));
	EXPECT_EQ(32, read(random, bytes, 32));
	EXPECT_EQ(32, read(random, more, 32));
	EXPECT(memcmp(bytes, more, 32) != 0);
	EXPECT_ERRNO(ENOSPC, write(full, bytes, 32));
	EXPECT_EQ(0, fstat(null, &st));
	EXPECT(S_ISCHR(st.st_mode));
	EXPECT_EQ(makedev(1, 3), st.st_rdev);
	EXPECT_EQ(0, isatty(null));
	EXPECT_EQ(ENOTTY, errno);
}
