/* SPDX-License-Identifier: MIT */
/* What the processor is said to have, and its widest registers and thread pointer being kept. */
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static __thread volatile long mine = 5;

static int thread_local_in_child(void *arg)
{
	(void)arg;
	if (mine != 6)
		return 1;
	mine = 7;
	return 0;
}

TEST(fork_keeps_the_thread_pointer)
{
	mine = 6;
	EXPECT_EQ(0, test_in_child(thread_local_in_child, NULL));
	EXPECT_EQ(6, mine);
}

static void *thread_local_in_thread(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++) {
		mine++;
		sched_yield();
	}
	return (void *)mine;
}

TEST(each_thread_has_its_own_thread_pointer)
{
	pthread_t thread[3];
	void *result;

	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, pthread_create(&thread[i], NULL, thread_local_in_thread, NULL));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, pthread_join(thread[i], &result));
		EXPECT_EQ(1005, (long)result);
	}
	EXPECT_EQ(5, mine);
}

/* The number of lines of /proc/cpuinfo that start with @what. */
static long cpuinfo_lines(const char *what)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	static char line[4096];
	long n = 0;

	EXPECT(f);
	while (fgets(line, sizeof(line), f))
		n += strncmp(line, what, strlen(what)) == 0;
	fclose(f);
	return n;
}

TEST(cpuinfo_has_every_cpu)
{
	EXPECT_EQ(sysconf(_SC_NPROCESSORS_ONLN), cpuinfo_lines("processor\t:"));
}

#ifdef __aarch64__
#define HWCAP_AES_BIT (1ul << 3)
#define HWCAP_CPUID_BIT (1ul << 11)
#define HWCAP_SVE_BIT (1ul << 22)

/* The kernel answers for the ID registers: the same as its AT_HWCAP. */
static bool hwcap_is_right(unsigned long hwcap)
{
	unsigned long pfr0, isar0, midr;

	if (!(hwcap & HWCAP_CPUID_BIT))
		return false;
	asm volatile("mrs %0, id_aa64pfr0_el1" : "=r"(pfr0));
	asm volatile("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
	asm volatile("mrs %0, midr_el1" : "=r"(midr));
	return midr && (pfr0 & 0xf) == 1 && (pfr0 >> 12 & 0xf) == 0 &&
	       !(hwcap & HWCAP_AES_BIT) == !(isar0 >> 4 & 0xf) &&
	       !(hwcap & HWCAP_SVE_BIT) == !(pfr0 >> 32 & 0xf);
}

static bool has_wide(void)
{
	return getauxval(AT_HWCAP) & HWCAP_SVE_BIT;
}

/* z20 gets 0, 1, 2, ... and p5 all; then a loop that is long enough to be interrupted. */
__attribute__((target("sve"))) static bool wide_is_kept(void)
{
	unsigned long vl, first, last, loops = 2000000;

	asm volatile("ptrue p5.b\n\tindex z20.b, #0, #1\n\trdvl %0, #1\n"
		     "1:\tsubs %3, %3, #1\n\tb.ne 1b\n\t"
		     "lastb %w2, p5, z20.b\n\tumov %w1, v20.b[1]"
		     : "=&r"(vl), "=&r"(first), "=&r"(last), "+r"(loops)
		     :: "z20", "p5", "cc");
	return vl >= 16 && first == 1 && last == vl - 1;
}

__attribute__((target("sve"))) static void wide_clobber(void)
{
	asm volatile("dup z20.b, #0x55\n\tpfalse p5.b" ::: "z20", "p5");
}
#else
struct cpuid { unsigned a, b, c, d; };

static struct cpuid cpuid_1(void)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(1), "c"(0));
	return r;
}

static bool hwcap_is_right(unsigned long hwcap)
{
	return hwcap == cpuid_1().d;
}

/* AVX, and the kernel saves it. */
static bool has_wide(void)
{
	unsigned lo, hi;

	if ((cpuid_1().c & 0x18000000) != 0x18000000)
		return false;
	asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (lo & 6) == 6;
}

__attribute__((target("avx"))) static bool wide_is_kept(void)
{
	unsigned char want[32], got[32];
	unsigned long loops = 2000000;

	for (int i = 0; i < 32; i++)
		want[i] = (unsigned char)i;
	asm volatile("vmovups %1, %%ymm9\n1:\tdec %2\n\tjnz 1b\n\tvmovups %%ymm9, %0"
		     : "=m"(got), "+m"(want), "+r"(loops) :: "xmm9", "cc");
	return memcmp(want, got, sizeof(got)) == 0;
}

__attribute__((target("avx"))) static void wide_clobber(void)
{
	asm volatile("vxorps %%ymm9, %%ymm9, %%ymm9" ::: "xmm9");
}
#endif

TEST(hardware_capabilities_are_right)
{
	EXPECT(hwcap_is_right(getauxval(AT_HWCAP)));
}

static volatile sig_atomic_t signals;

static void on_signal(int signo)
{
	(void)signo;
	wide_clobber();
	signals++;
}

TEST(wide_registers_survive_signals_and_switches)
{
	struct itimerval tick = { { 0, 3000 }, { 0, 3000 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = on_signal };
	int status;
	pid_t pid;

	if (!has_wide())
		return;
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0)
		for (;;)
			wide_clobber();
	EXPECT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &tick, NULL));
	for (int i = 0; i < 2000 && signals < 10; i++)
		EXPECT(wide_is_kept());
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &off, NULL));
	EXPECT(signals >= 10);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
}
