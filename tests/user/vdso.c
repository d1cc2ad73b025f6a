/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: what is found through AT_SYSINFO_EHDR, by the ELF format alone, says what the system
 * calls say.
 */
#include <elf.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define SECOND 1000000000LL

typedef int clock_fn(clockid_t clock, struct timespec *ts);
typedef int timeofday_fn(struct timeval *tv, struct timezone *tz);
typedef time_t time_fn(time_t *out);
typedef long getcpu_fn(unsigned *cpu, unsigned *node, void *unused);

/* The names of an architecture; NULL: it has none. */
struct names {
	unsigned machine;
	const char *version, *gettime, *getres, *timeofday, *time, *getcpu, *sigreturn;
};
static const struct names names[] = {
	{ EM_X86_64, "LINUX_2.6", "__vdso_clock_gettime", "__vdso_clock_getres",
	  "__vdso_gettimeofday", "__vdso_time", "__vdso_getcpu", NULL },
	{ EM_AARCH64, "LINUX_2.6.39", "__kernel_clock_gettime", "__kernel_clock_getres",
	  "__kernel_gettimeofday", NULL, NULL, "__kernel_rt_sigreturn" },
};

struct image {
	const char *base;
	const Elf64_Ehdr *header;
	const Elf64_Phdr *load, *dynamic, *eh_frame;
	const struct names *names;
	const char *strings;
	const Elf64_Sym *symbols;
	const unsigned *hash;
	const Elf64_Half *versym;
	const Elf64_Verdef *verdef;
};

static void open_segments(struct image *im)
{
	const Elf64_Phdr *ph = (const void *)(im->base + im->header->e_phoff);

	for (int i = 0; i < im->header->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && !im->load)
			im->load = &ph[i];
		else if (ph[i].p_type == PT_DYNAMIC)
			im->dynamic = &ph[i];
		else if (ph[i].p_type == PT_GNU_EH_FRAME)
			im->eh_frame = &ph[i];
	}
	EXPECT(im->load && im->dynamic);
}

static void open_dynamic(struct image *im)
{
	const char *base = im->base + im->load->p_offset - im->load->p_vaddr;
	const Elf64_Dyn *d = (const void *)(im->base + im->dynamic->p_offset);

	for (; d->d_tag != DT_NULL; d++) {
		const void *at = base + d->d_un.d_ptr;

		switch (d->d_tag) {
		case DT_STRTAB: im->strings = at; break;
		case DT_SYMTAB: im->symbols = at; break;
		case DT_HASH: im->hash = at; break;
		case DT_VERSYM: im->versym = at; break;
		case DT_VERDEF: im->verdef = at; break;
		}
	}
	EXPECT(im->strings && im->symbols && im->hash && im->versym && im->verdef);
}

static struct image open_image(void)
{
	struct image im = { .base = (const char *)getauxval(AT_SYSINFO_EHDR) };

	EXPECT(im.base);
	im.header = (const void *)im.base;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == im.header->e_machine)
			im.names = &names[i];
	EXPECT(im.names);
	open_segments(&im);
	open_dynamic(&im);
	return im;
}

static const char *version_of(const struct image *im, unsigned symbol)
{
	const Elf64_Verdef *def = im->verdef;

	while (def->vd_ndx != (im->versym[symbol] & 0x7fff)) {
		EXPECT(def->vd_next);
		def = (const void *)((const char *)def + def->vd_next);
	}
	return im->strings + ((const Elf64_Verdaux *)((const char *)def + def->vd_aux))->vda_name;
}

/* The function of that name and the version of the architecture; NULL: there is none. */
static void *find(const struct image *im, const char *name)
{
	for (unsigned i = 1; name && i < im->hash[1]; i++) {
		const Elf64_Sym *s = &im->symbols[i];

		if (strcmp(im->strings + s->st_name, name) != 0 || s->st_shndx == SHN_UNDEF)
			continue;
		if (strcmp(version_of(im, i), im->names->version) != 0)
			continue;
		EXPECT_EQ(STT_FUNC, ELF64_ST_TYPE(s->st_info) == STT_NOTYPE ?
			  STT_FUNC : ELF64_ST_TYPE(s->st_info));
		EXPECT(ELF64_ST_BIND(s->st_info) != STB_LOCAL);
		return (void *)(im->base + s->st_value - im->load->p_vaddr + im->load->p_offset);
	}
	return NULL;
}

static long long ns_of(const struct timespec *ts)
{
	return ts->tv_sec * SECOND + ts->tv_nsec;
}

static long long by_call(clockid_t clock)
{
	struct timespec ts;

	EXPECT_EQ(0, syscall(SYS_clock_gettime, clock, &ts));
	return ns_of(&ts);
}

static long long by_vdso(clock_fn *gettime, clockid_t clock)
{
	struct timespec ts;

	EXPECT_EQ(0, gettime(clock, &ts));
	EXPECT(ts.tv_nsec >= 0 && ts.tv_nsec < SECOND);
	return ns_of(&ts);
}

TEST(it_is_a_shared_object)
{
	struct image im = open_image();

	EXPECT_EQ(0, memcmp(im.header->e_ident, ELFMAG, SELFMAG));
	EXPECT_EQ(ELFCLASS64, im.header->e_ident[EI_CLASS]);
	EXPECT_EQ(ELFDATA2LSB, im.header->e_ident[EI_DATA]);
	EXPECT_EQ(ET_DYN, im.header->e_type);
	EXPECT_EQ(sizeof(Elf64_Phdr), im.header->e_phentsize);
	EXPECT_EQ(PF_R | PF_X, im.load->p_flags);
	EXPECT_EQ(0, (long)im.base % 4096);
}

TEST(it_has_the_names_and_the_version)
{
	struct image im = open_image();
	const char *const *name = &im.names->gettime;

	for (int i = 0; i < 6; i++)
		EXPECT(!name[i] == !find(&im, name[i]));
}

/* The first entry of the table that unwinders search is the first function. */
TEST(it_has_unwind_tables)
{
	struct image im = open_image();
	const unsigned char *table;

	EXPECT(im.eh_frame);
	table = (const void *)(im.base + im.eh_frame->p_offset);
	EXPECT_EQ(1, table[0]);
	EXPECT(*(const unsigned *)(table + 8) > 0);
}

TEST(debuggers_find_its_sections)
{
	struct image im = open_image();
	const Elf64_Shdr *section = (const void *)(im.base + im.header->e_shoff);
	const char *text = im.base + section[im.header->e_shstrndx].sh_offset;
	int found = 0;

	EXPECT_EQ(sizeof(Elf64_Shdr), im.header->e_shentsize);
	for (int i = 0; i < im.header->e_shnum; i++)
		if (strcmp(text + section[i].sh_name, ".dynsym") == 0 ||
		    strcmp(text + section[i].sh_name, ".text") == 0 ||
		    strcmp(text + section[i].sh_name, ".eh_frame") == 0)
			found++;
	EXPECT_EQ(3, found);
}

static const clockid_t clocks[] = {
	CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
	CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
	CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM, CLOCK_TAI,
};
#define NCLOCKS (sizeof(clocks) / sizeof(clocks[0]))

TEST(every_clock_is_between_two_calls)
{
	struct image im = open_image();
	clock_fn *gettime = find(&im, im.names->gettime);

	for (size_t i = 0; i < NCLOCKS; i++) {
		struct timespec ts;

		/* The clocks of alarms, where nothing could wake the machine. */
		if (syscall(SYS_clock_gettime, clocks[i], &ts) < 0) {
			EXPECT_EQ(-errno, gettime(clocks[i], &ts));
			continue;
		}
		for (int round = 0; round < 200; round++) {
			long long before = by_call(clocks[i]), here, after;

			here = by_vdso(gettime, clocks[i]);
			after = by_call(clocks[i]);
			EXPECT(before <= here);
			EXPECT(here <= after);
		}
	}
}

TEST(errors_are_those_of_the_call)
{
	static const clockid_t bad[] = { 10, 12, 15, 31, 32, 99, 0x7fffffff, -1, -5 };
	struct image im = open_image();
	clock_fn *gettime = find(&im, im.names->gettime), *getres = find(&im, im.names->getres);
	struct timespec ts;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		long want = syscall(SYS_clock_gettime, bad[i], &ts) == 0 ? 0 : -errno;

		EXPECT_EQ(want, gettime(bad[i], &ts));
		want = syscall(SYS_clock_getres, bad[i], &ts) == 0 ? 0 : -errno;
		EXPECT_EQ(want, getres(bad[i], &ts));
	}
}

TEST(resolutions_are_those_of_the_call)
{
	struct image im = open_image();
	clock_fn *getres = find(&im, im.names->getres);
	struct timespec a, b;

	for (size_t i = 0; i < NCLOCKS; i++) {
		if (syscall(SYS_clock_getres, clocks[i], &a) < 0) {
			EXPECT_EQ(-errno, getres(clocks[i], &b));
			continue;
		}
		EXPECT_EQ(0, getres(clocks[i], &b));
		EXPECT_EQ(ns_of(&a), ns_of(&b));
		EXPECT_EQ(0, getres(clocks[i], NULL));
	}
}

TEST(gettimeofday_and_time_are_the_wall_clock)
{
	struct image im = open_image();
	timeofday_fn *timeofday = find(&im, im.names->timeofday);
	time_fn *gettime = find(&im, im.names->time);
	struct timezone zone = { 77, 77 }, zone_of_call = { 88, 88 };
	struct timeval tv;
	long long before = by_call(CLOCK_REALTIME) / 1000;

	EXPECT_EQ(0, timeofday(&tv, &zone));
	EXPECT(tv.tv_sec * 1000000LL + tv.tv_usec >= before);
	EXPECT(tv.tv_sec * 1000000LL + tv.tv_usec <= by_call(CLOCK_REALTIME) / 1000);
	EXPECT_EQ(0, syscall(SYS_gettimeofday, NULL, &zone_of_call));
	EXPECT_EQ(zone_of_call.tz_minuteswest, zone.tz_minuteswest);
	EXPECT_EQ(zone_of_call.tz_dsttime, zone.tz_dsttime);
	EXPECT_EQ(0, timeofday(NULL, NULL));
	if (gettime) {
		time_t out = 0, t;

		/* On Linux time() is of the last tick. */
		before = by_call(CLOCK_REALTIME_COARSE) / SECOND;
		t = gettime(&out);
		EXPECT(t >= before && t <= by_call(CLOCK_REALTIME) / SECOND);
		EXPECT_EQ(t, out);
		EXPECT(gettime(NULL) >= t);
	}
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	EXPECT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
}

TEST(getcpu_is_the_processor)
{
	struct image im = open_image();
	getcpu_fn *getcpu_here = find(&im, im.names->getcpu);
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	for (int cpu = 0; getcpu_here && cpu < n; cpu++) {
		unsigned here = 999, node = 999, by_syscall = 998;

		run_on(cpu);
		EXPECT_EQ(0, getcpu_here(&here, &node, NULL));
		EXPECT_EQ(cpu, here);
		EXPECT_EQ(0, node);
		EXPECT_EQ(0, getcpu_here(NULL, NULL, NULL));
		EXPECT_EQ(0, syscall(SYS_getcpu, &by_syscall, &node, NULL));
		EXPECT_EQ(cpu, by_syscall);
	}
}

/* What one has read, by either way, is past for all that read afterwards, by either way. */
static void read_in_turn(clock_fn *gettime, clockid_t clock, _Atomic long long *latest, int who)
{
	for (int round = 0; round < 4000; round++) {
		long long past = atomic_load(latest);
		long long here = (round ^ who) & 1 ? by_call(clock) : by_vdso(gettime, clock);

		EXPECT(here >= past);
		while (past < here && !atomic_compare_exchange_weak(latest, &past, here))
			;
	}
}

static void never_back(clockid_t clock)
{
	struct image im = open_image();
	clock_fn *gettime = find(&im, im.names->gettime);
	_Atomic long long *latest = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	int status;

	EXPECT(latest != MAP_FAILED);
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		EXPECT(pid >= 0);
		if (pid == 0) {
			run_on((int)(i % n));
			read_in_turn(gettime, clock, latest, i);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		EXPECT(wait(&status) > 0);
		EXPECT_EQ(0, status);
	}
}

TEST(monotonic_never_goes_back_against_the_call)
{
	never_back(CLOCK_MONOTONIC);
}

TEST(realtime_never_goes_back_against_the_call)
{
	never_back(CLOCK_REALTIME);
}

/* The area that contains @at, as maps shows it: its protection and its name. */
static void area_at(unsigned long at, char prot[5], char name[32])
{
	const char *line = test_read_file("/proc/self/maps");
	unsigned long start, end;

	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s%*[ ]%31[^\n]", &start, &end, prot, name)
		    < 3)
			continue;
		if (at >= start && at < end)
			return;
	}
	EXPECT(!"mapped");
}

TEST(maps_name_it)
{
	unsigned long base = getauxval(AT_SYSINFO_EHDR);
	char prot[5], name[32];

	area_at(base, prot, name);
	EXPECT_EQ(0, strcmp("r-xp", prot));
	EXPECT_EQ(0, strcmp("[vdso]", name));
	EXPECT(strstr(test_read_file("/proc/self/maps"), "[vvar]"));
}

/* The page that the kernel writes may be read, and not be made writable. */
TEST(the_data_is_read_only)
{
	const char *maps = test_read_file("/proc/self/maps"), *line = strstr(maps, "[vvar]");
	unsigned long start;
	char prot[5];

	EXPECT(line);
	while (line > maps && line[-1] != '\n')
		line--;
	EXPECT_EQ(2, sscanf(line, "%lx-%*x %4s", &start, prot));
	EXPECT_EQ(0, strcmp("r--p", prot));
	EXPECT_ERRNO(EACCES, mprotect((void *)start, 4096, PROT_READ | PROT_WRITE));
}

static int write_to(void *at)
{
	*(volatile char *)at = 0;
	return 0;
}

TEST(the_code_is_not_writable)
{
	int status = test_in_child(write_to, (void *)getauxval(AT_SYSINFO_EHDR));

	EXPECT(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
}

static volatile int handled;
static void *volatile returns_to;

static void handler(int signo)
{
	handled = signo;
	returns_to = __builtin_return_address(0);
}

/* A handler without a restorer: where the vDSO has a place to return to, it returns there. */
static int without_restorer(void *arg)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} act = { .handler = handler };

	EXPECT_EQ(0, syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8));
	raise(SIGUSR1);
	EXPECT_EQ(SIGUSR1, handled);
	EXPECT_EQ((long)arg, (long)returns_to);
	return 0;
}

TEST(a_handler_returns_through_it)
{
	struct image im = open_image();
	void *sigreturn = find(&im, im.names->sigreturn);
	int status = test_in_child(without_restorer, sigreturn);

	if (sigreturn)
		EXPECT_EQ(0, status);
	else
		EXPECT_EQ(SIGSEGV, status & 0x7f);
}
