/* SPDX-License-Identifier: MIT */
/* Floating-point and thread-pointer state: across switches, signals, fork, threads and exec. */
#include "test.h"

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS 300000

/* Eight sums that the compiler keeps in registers: any bit lost shows in the result. */
static double work(double seed)
{
	double a = seed, b = seed + 1, c = seed + 2, d = seed + 3;
	double e = 1 / seed, f = 2 / seed, g = 3 / seed, h = 4 / seed;

	for (int i = 0; i < STEPS; i++) {
		a = a * 0.999 + h;
		b = b * 0.998 + a;
		c = c * 0.997 + b;
		d = d * 0.996 + c;
		e = e * 0.995 + d;
		f = f * 0.994 + e;
		g = g * 0.993 + f;
		h = h * 0.992 + g * 1e-9;
	}
	return a + b + c + d + e + f + g + h;
}

static bool same(double x, double y)
{
	return memcmp(&x, &y, sizeof(x)) == 0;
}

static volatile sig_atomic_t signals;
static volatile double sink;

static void on_signal(int signo)
{
	(void)signo;
	sink = work(1.5 + signals) / STEPS;
	signals++;
}

static void set_handler(int signo, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn };

	EXPECT_EQ(0, sigaction(signo, &sa, NULL));
}

TEST(registers_survive_signals)
{
	struct itimerval tick = { { 0, 3000 }, { 0, 3000 } }, off = { { 0, 0 }, { 0, 0 } };
	double want = work(7);

	set_handler(SIGALRM, on_signal);
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &tick, NULL));
	for (int i = 0; i < 2000 && signals < 20; i++)
		EXPECT(same(want, work(7)));
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &off, NULL));
	EXPECT(signals >= 20);
}

static int work_in_child(void *arg)
{
	double seed = *(double *)arg, want = work(seed);

	for (int i = 0; i < 10; i++) {
		sched_yield();
		if (!same(want, work(seed)))
			return 1;
	}
	return 0;
}

TEST(registers_survive_switches)
{
	pid_t pid[6];
	int status;

	for (int i = 0; i < 6; i++) {
		pid[i] = fork();
		EXPECT(pid[i] >= 0);
		if (pid[i] == 0) {
			double seed = 3 + i;

			_exit(work_in_child(&seed));
		}
	}
	for (int i = 0; i < 6; i++) {
		EXPECT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

static void *work_in_thread(void *arg)
{
	return (void *)(long)work_in_child(arg);
}

TEST(registers_of_threads_are_their_own)
{
	pthread_t thread[4];
	double seed[4];
	void *result;

	for (int i = 0; i < 4; i++) {
		seed[i] = 11 + i;
		EXPECT_EQ(0, pthread_create(&thread[i], NULL, work_in_thread, &seed[i]));
	}
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, pthread_join(thread[i], &result));
		EXPECT_EQ(0, (long)result);
	}
}

static int rounding(void *arg)
{
	(void)arg;
	return fegetround() == FE_UPWARD ? 0 : 1;
}

TEST(fork_copies_the_rounding_mode)
{
	EXPECT_EQ(0, fesetround(FE_UPWARD));
	EXPECT_EQ(0, test_in_child(rounding, NULL));
	EXPECT_EQ(FE_UPWARD, fegetround());
}

static void change_rounding(int signo)
{
	(void)signo;
	fesetround(FE_DOWNWARD);
	signals++;
}

TEST(a_handler_does_not_change_the_rounding_mode)
{
	set_handler(SIGUSR1, change_rounding);
	EXPECT_EQ(0, fesetround(FE_UPWARD));
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(1, signals);
	EXPECT_EQ(FE_UPWARD, fegetround());
}

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

/* The number of times that a line of /proc/cpuinfo starts with @what. */
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
TEST(id_registers_can_be_read)
{
	unsigned long pfr0, isar0, midr;

	EXPECT(getauxval(AT_HWCAP) & (1ul << 11));
	asm volatile("mrs %0, id_aa64pfr0_el1" : "=r"(pfr0));
	asm volatile("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
	asm volatile("mrs %0, midr_el1" : "=r"(midr));
	EXPECT(midr != 0);
	/* EL0 is AArch64, and nothing is said of EL3. */
	EXPECT_EQ(1, pfr0 & 0xf);
	EXPECT_EQ(0, pfr0 >> 12 & 0xf);
	EXPECT_EQ(!!(getauxval(AT_HWCAP) & (1ul << 3)), (isar0 >> 4 & 0xf) >= 1);
	EXPECT_EQ(!!(getauxval(AT_HWCAP) & HWCAP_SVE), (pfr0 >> 32 & 0xf) >= 1);
}

__attribute__((target("sve"))) static long sve_keeps(void)
{
	unsigned long vl, first, last, loops = 20000000;

	/* z20: 0, 1, 2, ... and all of p5; then long enough to be interrupted and switched. */
	asm volatile(
		"ptrue p5.b\n\tindex z20.b, #0, #1\n\trdvl %0, #1\n\t"
		"1:\tsubs %3, %3, #1\n\tb.ne 1b\n\t"
		"lastb %w2, p5, z20.b\n\tumov %w1, v20.b[1]"
		: "=&r"(vl), "=&r"(first), "=&r"(last), "+r"(loops) :: "z20", "p5", "cc");
	return vl >= 16 && first == 1 && last == vl - 1 ? 0 : 1;
}

__attribute__((target("sve"))) static void sve_clobber(int signo)
{
	(void)signo;
	asm volatile("dup z20.b, #0x55\n\tpfalse p5.b" ::: "z20", "p5");
	signals++;
}

TEST(sve_survives_signals_and_switches)
{
	struct itimerval tick = { { 0, 3000 }, { 0, 3000 } }, off = { { 0, 0 }, { 0, 0 } };
	pid_t pid;
	int status;

	if (!(getauxval(AT_HWCAP) & HWCAP_SVE))
		return;
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0)
		for (;;)
			sve_clobber(0);
	set_handler(SIGALRM, sve_clobber);
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &tick, NULL));
	for (int i = 0; i < 200 && signals < 10; i++)
		EXPECT_EQ(0, sve_keeps());
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &off, NULL));
	EXPECT(signals >= 10);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
}
#endif
