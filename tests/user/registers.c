/* SPDX-License-Identifier: MIT */
/* Registers, integer and floating point, over system calls, signals, forks and switches. */
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test.h"

#define STEPS 300000

/* A computation whose state lives in many FP registers at once. */
static double chaos(long steps)
{
	double a = 0.1, b = 0.2, c = 0.3, d = 0.4, e = 0.5, f = 0.6, g = 0.7, h = 0.8;

	for (long i = 0; i < steps; i++) {
		a = 3.9 * a * (1 - a);
		b = 3.8 * b * (1 - b);
		c = 3.7 * c * (1 - c) + a * 1e-9;
		d = 3.95 * d * (1 - d);
		e = 3.85 * e * (1 - e);
		f = 3.75 * f * (1 - f);
		g = 3.65 * g * (1 - g) + b * 1e-9;
		h = 3.99 * h * (1 - h);
	}
	return a + b + c + d + e + f + g + h;
}

static volatile sig_atomic_t handled;
static volatile double sink;

static void spoil(int signo)
{
	(void)signo;
	sink = chaos(50);
	handled++;
}

static void timer_start(long us)
{
	struct itimerval it = { { 0, us }, { 0, us } };

	signal(SIGALRM, spoil);
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
}

TEST(fp_survives_asynchronous_handlers)
{
	double want = chaos(STEPS);

	timer_start(1000);
	while (handled < 20)
		EXPECT(chaos(STEPS) == want);
}

TEST(fp_is_each_process_s_own)
{
	double want = chaos(STEPS);
	int status;

	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(chaos(STEPS * 2L) == chaos(STEPS * 2L) &&
			      chaos(STEPS) == want ? 0 : 1);
	EXPECT(chaos(STEPS) == want);
	for (int i = 0; i < 4; i++) {
		EXPECT(wait(&status) > 0);
		EXPECT_EQ(0, status);
	}
}

static void *chaos_thread(void *arg)
{
	return chaos(STEPS) == *(double *)arg ? NULL : arg;
}

TEST(fp_is_each_thread_s_own)
{
	double want = chaos(STEPS);
	pthread_t t[4];
	void *result;

	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, pthread_create(&t[i], NULL, chaos_thread, &want));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, pthread_join(t[i], &result));
		EXPECT(!result);
	}
}

static int rounding_is_up(void *arg)
{
	(void)arg;
	return fegetround() == FE_UPWARD ? 0 : 1;
}

static void round_down(int signo)
{
	(void)signo;
	fesetround(FE_DOWNWARD);
}

TEST(fp_control_is_inherited_and_restored)
{
	EXPECT_EQ(0, fesetround(FE_UPWARD));
	EXPECT_EQ(0, test_in_child(rounding_is_up, NULL));
	signal(SIGUSR1, round_down);
	EXPECT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(FE_UPWARD, fegetround());
}

/* What the system call may change: the result (and on amd64 rcx and r11). */
TEST(system_calls_keep_registers)
{
	long bad;

#ifdef __x86_64__
	asm volatile("movq $0x1001, %%rdi\n\tmovq $0x1002, %%rsi\n\tmovq $0x1003, %%rdx\n\t"
		     "movq $0x1004, %%r8\n\tmovq $0x1005, %%r9\n\tmovq $0x1006, %%r10\n\t"
		     "movq $0x1007, %%r12\n\tmovq $0x1008, %%r13\n\tmovq $0x1009, %%r14\n\t"
		     "movq $0x100a, %%r15\n\tmovq $0x100b, %%rbx\n\t"
		     "movl %1, %%eax\n\tstd\n\tsyscall\n\tpushfq\n\tcld\n\tpopq %%rcx\n\t"
		     "notq %%rcx\n\tandl $0x400, %%ecx\n\tmovl %%ecx, %%eax\n\t"
		     "subq $0x1001, %%rdi\n\tsubq $0x1002, %%rsi\n\tsubq $0x1003, %%rdx\n\t"
		     "subq $0x1004, %%r8\n\tsubq $0x1005, %%r9\n\tsubq $0x1006, %%r10\n\t"
		     "subq $0x1007, %%r12\n\tsubq $0x1008, %%r13\n\tsubq $0x1009, %%r14\n\t"
		     "subq $0x100a, %%r15\n\tsubq $0x100b, %%rbx\n\t"
		     "orq %%rdi, %%rax\n\torq %%rsi, %%rax\n\torq %%rdx, %%rax\n\t"
		     "orq %%r8, %%rax\n\torq %%r9, %%rax\n\torq %%r10, %%rax\n\t"
		     "orq %%r12, %%rax\n\torq %%r13, %%rax\n\torq %%r14, %%rax\n\t"
		     "orq %%r15, %%rax\n\torq %%rbx, %%rax"
		     : "=&a"(bad) : "i"(SYS_getppid)
		     : "rdi", "rsi", "rdx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
		       "r15", "rbx", "memory", "cc");
#else
	asm volatile("mov x8, %1\n\tmov x1, #0x1001\n\tmov x7, #0x1007\n\tmov x9, #0x1009\n\t"
		     "mov x17, #0x1017\n\tmov x20, #0x1020\n\tmov x28, #0x1028\n\tsvc #0\n\t"
		     "sub x1, x1, #0x1001 & 0xfff\n\tsub x1, x1, #1, lsl #12\n\t"
		     "mov x0, #0x1007\n\teor x7, x7, x0\n\torr x1, x1, x7\n\t"
		     "mov x0, #0x1009\n\teor x9, x9, x0\n\torr x1, x1, x9\n\t"
		     "mov x0, #0x1017\n\teor x17, x17, x0\n\torr x1, x1, x17\n\t"
		     "mov x0, #0x1020\n\teor x20, x20, x0\n\torr x1, x1, x20\n\t"
		     "mov x0, #0x1028\n\teor x28, x28, x0\n\torr %0, x1, x28"
		     : "=r"(bad) : "i"(SYS_getppid)
		     : "x0", "x1", "x7", "x8", "x9", "x17", "x20", "x28", "memory", "cc");
#endif
	EXPECT_EQ(0, bad);
}

static int jump_to(void *arg)
{
	((void (*)(void))arg)();
	return 0;
}

/* Addresses that no program has: each kills the program that jumps there, and only it. */
TEST(a_jump_to_nowhere_is_a_segv)
{
	static const unsigned long nowhere[] = {
		0, 0x7fffffffffff, 0x800000000000, 0x8000000000000000, 0xffff800000000000,
		0xffffffff80000000, ~0xfful,
	};

	for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		int status = test_in_child(jump_to, (void *)nowhere[i]);

		EXPECT(WIFSIGNALED(status));
		EXPECT_EQ(SIGSEGV, WTERMSIG(status));
	}
}
