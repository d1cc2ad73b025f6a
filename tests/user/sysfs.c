/* SPDX-License-Identifier: MIT */
/* What programs ask /sys: which processors there are, and how they belong together. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "test.h"

#define CPU "/sys/devices/system/cpu/"

enum { SYSFS = 0x62656572 };

/* "0-3,5\n" */
static cpu_set_t cpu_list(const char *path)
{
	const char *p = test_read_file(path);
	cpu_set_t set;

	CPU_ZERO(&set);
	while (*p >= '0' && *p <= '9') {
		char *end;
		long first = strtol(p, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		for (; first <= last; first++)
			CPU_SET((int)first, &set);
		p = end + (*end == ',');
	}
	EXPECT(!strcmp(p, "\n"));
	return set;
}

static bool is_within(const cpu_set_t *inner, const cpu_set_t *outer)
{
	cpu_set_t both;

	CPU_AND(&both, inner, outer);
	return CPU_EQUAL(&both, inner);
}

TEST(a_file_system_of_its_own)
{
	struct statfs sf;

	EXPECT_EQ(0, statfs("/sys", &sf));
	EXPECT_EQ(SYSFS, sf.f_type);
}

TEST(processors_are_those_that_tasks_run_on)
{
	cpu_set_t online = cpu_list(CPU "online"), present = cpu_list(CPU "present");
	cpu_set_t possible = cpu_list(CPU "possible"), offline = cpu_list(CPU "offline"), mine;
	long max = strtol(test_read_file(CPU "kernel_max"), NULL, 10);

	EXPECT_EQ(0, sched_getaffinity(0, sizeof(mine), &mine));
	EXPECT(is_within(&mine, &online));
	EXPECT(is_within(&online, &present));
	EXPECT(is_within(&present, &possible));
	CPU_AND(&offline, &offline, &online);
	EXPECT_EQ(0, CPU_COUNT(&offline));
	for (int cpu = (int)max + 1; cpu < CPU_SETSIZE; cpu++)
		EXPECT(!CPU_ISSET(cpu, &possible));
}

TEST(each_processor_has_a_directory)
{
	cpu_set_t present = cpu_list(CPU "present"), listed;
	DIR *dir = opendir(CPU);
	struct dirent *d;
	int cpu, end;

	EXPECT(dir != NULL);
	CPU_ZERO(&listed);
	while ((d = readdir(dir))) {
		end = 0;
		if (sscanf(d->d_name, "cpu%d%n", &cpu, &end) == 1 && !d->d_name[end]) {
			EXPECT(!CPU_ISSET(cpu, &listed));
			CPU_SET(cpu, &listed);
		}
	}
	closedir(dir);
	EXPECT(CPU_EQUAL(&present, &listed));
	EXPECT_ERRNO(ENOENT, access(CPU "cpu9999", F_OK));
	EXPECT_ERRNO(ENOENT, access(CPU "cpu", F_OK));
	EXPECT_ERRNO(ENOENT, access(CPU "cpu00", F_OK));
	EXPECT_ERRNO(ENOENT, access(CPU "0", F_OK));
}

static const char *topology(int cpu, const char *name)
{
	static char path[100];

	snprintf(path, sizeof(path), CPU "cpu%d/topology/%s", cpu, name);
	return path;
}

TEST(a_processor_is_among_its_siblings)
{
	cpu_set_t online = cpu_list(CPU "online"), threads, cores;
	struct stat st, other;
	int first = -1;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &online))
			continue;
		threads = cpu_list(topology(cpu, "thread_siblings_list"));
		cores = cpu_list(topology(cpu, "core_siblings_list"));
		EXPECT(CPU_ISSET(cpu, &threads));
		EXPECT(is_within(&threads, &cores));
		EXPECT(is_within(&cores, &online));
		EXPECT(strtol(test_read_file(topology(cpu, "core_id")), NULL, 10) >= 0);
		EXPECT(strtol(test_read_file(topology(cpu, "physical_package_id")), NULL, 10) >= 0);
		EXPECT_EQ(0, stat(topology(cpu, "core_id"), &st));
		EXPECT_EQ(S_IFREG | 0444, st.st_mode);
		if (first >= 0) {
			EXPECT_EQ(0, stat(topology(first, "core_id"), &other));
			EXPECT(st.st_ino != other.st_ino);
		}
		first = cpu;
	}
	EXPECT(first >= 0);
}

/* The mask's lowest word says the same as the list. */
TEST(masks_are_lists_in_other_words)
{
	cpu_set_t online = cpu_list(CPU "online"), cores;
	const char *mask, *word;

	for (int cpu = 0; cpu < 32; cpu++) {
		unsigned long bits = 0;

		if (!CPU_ISSET(cpu, &online))
			continue;
		cores = cpu_list(topology(cpu, "core_siblings_list"));
		for (int i = 0; i < 32; i++)
			bits |= (unsigned long)!!CPU_ISSET(i, &cores) << i;
		mask = test_read_file(topology(cpu, "core_siblings"));
		word = strrchr(mask, ',');
		EXPECT_EQ(bits, strtoul(word ? word + 1 : mask, NULL, 16));
	}
}

/* Whose first is the one that /dev/console writes to. */
TEST(the_console_has_a_terminal)
{
	char path[80] = "/dev/";
	struct stat st;

	EXPECT(!strcmp("5:1\n", test_read_file("/sys/class/tty/console/dev")));
	EXPECT_EQ(1, sscanf(test_read_file("/sys/class/tty/console/active"), "%60s", path + 5));
	EXPECT_EQ(0, stat(path, &st));
	EXPECT(S_ISCHR(st.st_mode));
}
