/* SPDX-License-Identifier: MIT */
/* Faults of programs: which signal, and what a handler can do about it. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile sig_atomic_t count, last_code;
static volatile void *last_addr;

static void on_info(int signo, siginfo_t *si, void *uc)
{
	(void)signo;
	(void)si;
	(void)uc;
	count++;
}

static void set_action(int signo, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	EXPECT_EQ(0, sigaction(signo, &sa, NULL));
}

/* ---- faults ---- */

static int crash_null(void *arg)
{
	(void)arg;
	*(volatile int *)8 = 1;
	return 0;
}

static int crash_kernel_address(void *arg)
{
	(void)arg;
	return *(volatile int *)0xffff888000000000ul;
}

static int crash_jump(void *arg)
{
	(void)arg;
	((void (*)(void))0xffffffff80000000ul)();
	return 0;
}

static int crash_readonly(void *arg)
{
	*(volatile char *)arg = 1;
	return 0;
}

static int crash_reading(void *arg)
{
	return *(volatile char *)arg;
}

static int crash_noexec(void *arg)
{
	((void (*)(void))arg)();
	return 0;
}

static int crash_abort(void *arg)
{
	(void)arg;
	abort();
}

static int crash_privileged(void *arg)
{
	(void)arg;
#if defined(__x86_64__)
	__asm__ volatile("cli");
#else
	__asm__ volatile("msr daifset, #2");
#endif
	return 0;
}

static int crash_undefined(void *arg)
{
	(void)arg;
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile("udf #0");
#endif
	return 0;
}

TEST(bad_accesses_kill_with_sigsegv)
{
	void *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_null, NULL)));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_kernel_address, NULL)));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_jump, NULL)));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_readonly, ro)));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(crash_noexec, ro)));
	EXPECT_EQ(SIGABRT, WTERMSIG(test_in_child(crash_abort, NULL)));
}

TEST(privileged_and_undefined_instructions_kill)
{
	int status = test_in_child(crash_privileged, NULL);

	EXPECT(WIFSIGNALED(status));
	EXPECT(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGILL);
	EXPECT_EQ(SIGILL, WTERMSIG(test_in_child(crash_undefined, NULL)));
}

TEST(breakpoint_returns)
{
	set_action(SIGTRAP, on_info, 0);
#if defined(__x86_64__)
	__asm__ volatile("int3");
	EXPECT_EQ(1, count);
#else
	raise(SIGTRAP);
	EXPECT_EQ(1, count);
#endif
}

static void *fault_page;

static void on_segv_fix(int signo, siginfo_t *si, void *uc)
{
	(void)signo;
	(void)uc;
	count++;
	last_code = si->si_code;
	last_addr = si->si_addr;
	mprotect(fault_page, 4096, PROT_READ | PROT_WRITE);
}

TEST(sigsegv_handler_can_mend_and_go_on)
{
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	fault_page = (void *)p;
	set_action(SIGSEGV, on_segv_fix, 0);
	p[100] = 7;
	EXPECT_EQ(1, count);
	EXPECT_EQ(SEGV_ACCERR, last_code);
	EXPECT(last_addr == p + 100);
	EXPECT_EQ(7, p[100]);
}

static int segv_while_blocked(void *arg)
{
	test_block(SIGSEGV);
	return crash_null(arg);
}

TEST(blocked_fault_kills_anyway)
{
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(segv_while_blocked, NULL)));
}

TEST(file_beyond_its_end_gives_sigbus)
{
	int fd;
	char *p;

	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(1, write(fd, "x", 1));
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_EQ('x', p[0]);
	EXPECT_EQ(0, p[4095]);
	EXPECT_EQ(SIGBUS, WTERMSIG(test_in_child(crash_reading, p + 4096)));
}
