/* SPDX-License-Identifier: MIT */
/* The alternate signal stack, and above all: execution goes on on the original one afterwards. */
#include "test.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALT_SIZE 65536u

static char alt[ALT_SIZE] __attribute__((aligned(16)));
static volatile uintptr_t seen_sp[4];
static volatile int count, seen_flags, seen_errno;

static int is_on_alt(uintptr_t sp)
{
	return sp >= (uintptr_t)alt && sp < (uintptr_t)alt + ALT_SIZE;
}

static void on_signal(int signo)
{
	int here;
	stack_t ss;

	(void)signo;
	seen_sp[count++] = (uintptr_t)&here;
	sigaltstack(NULL, &ss);
	seen_flags = ss.ss_flags;
	errno = 0;
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, NULL);
	seen_errno = errno;
}

static void set_alt(int flags)
{
	stack_t ss = { .ss_sp = alt, .ss_size = ALT_SIZE, .ss_flags = flags };

	EXPECT_EQ(0, sigaltstack(&ss, NULL));
}

static void set_handler(int signo, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	EXPECT_EQ(0, sigaction(signo, &sa, NULL));
}

TEST(query_and_set)
{
	stack_t ss;

	EXPECT_EQ(0, sigaltstack(NULL, &ss));
	EXPECT_EQ(SS_DISABLE, ss.ss_flags);
	set_alt(0);
	EXPECT_EQ(0, sigaltstack(NULL, &ss));
	EXPECT_EQ(0, ss.ss_flags);
	EXPECT(ss.ss_sp == alt);
	EXPECT_EQ(ALT_SIZE, ss.ss_size);
}

TEST(handler_runs_there_and_returns_to_the_original)
{
	volatile int before = 11;
	int here;
	uintptr_t sp_before = (uintptr_t)&here;

	set_alt(0);
	set_handler(SIGUSR1, on_signal, SA_ONSTACK);
	for (int i = 0; i < 3; i++) {
		raise(SIGUSR1);
		EXPECT(is_on_alt(seen_sp[i]));
		EXPECT_EQ(SS_ONSTACK, seen_flags);
		EXPECT_EQ(EPERM, seen_errno);
	}
	EXPECT(!is_on_alt((uintptr_t)__builtin_frame_address(0)));
	EXPECT_EQ(sp_before, (uintptr_t)&here);
	EXPECT_EQ(11, before);
	set_handler(SIGUSR2, on_signal, 0);
	raise(SIGUSR2);
	EXPECT(!is_on_alt(seen_sp[3]));
}

static void on_outer(int signo)
{
	(void)signo;
	count = 0;
	raise(SIGUSR2);
	seen_sp[3] = (uintptr_t)__builtin_frame_address(0);
}

TEST(nested_signals_stay_on_it)
{
	set_alt(0);
	set_handler(SIGUSR1, on_outer, SA_ONSTACK);
	set_handler(SIGUSR2, on_signal, SA_ONSTACK);
	raise(SIGUSR1);
	EXPECT(is_on_alt(seen_sp[0]));
	EXPECT(is_on_alt(seen_sp[3]));
	EXPECT(seen_sp[0] < seen_sp[3]);
	EXPECT(!is_on_alt((uintptr_t)__builtin_frame_address(0)));
}

TEST(disable_and_errors)
{
	stack_t ss = { .ss_sp = alt, .ss_size = 1024 };

	EXPECT_ERRNO(ENOMEM, syscall(SYS_sigaltstack, &ss, NULL));
	ss.ss_size = ALT_SIZE;
	ss.ss_flags = 77;
	EXPECT_ERRNO(EINVAL, syscall(SYS_sigaltstack, &ss, NULL));
	EXPECT_ERRNO(EFAULT, syscall(SYS_sigaltstack, 1, NULL));
	set_alt(0);
	ss.ss_flags = SS_DISABLE;
	EXPECT_EQ(0, sigaltstack(&ss, NULL));
	set_handler(SIGUSR1, on_signal, SA_ONSTACK);
	raise(SIGUSR1);
	EXPECT(!is_on_alt(seen_sp[0]));
}

static void on_autodisarm(int signo)
{
	stack_t ss;

	(void)signo;
	seen_sp[count++] = (uintptr_t)__builtin_frame_address(0);
	sigaltstack(NULL, &ss);
	seen_flags = ss.ss_flags;
}

TEST(autodisarm_disarms_during_the_handler)
{
	stack_t ss;

	set_alt((int)(1u << 31));
	set_handler(SIGUSR1, on_autodisarm, SA_ONSTACK);
	raise(SIGUSR1);
	EXPECT(is_on_alt(seen_sp[0]));
	EXPECT_EQ(SS_DISABLE, seen_flags);
	EXPECT_EQ(0, sigaltstack(NULL, &ss));
	EXPECT_EQ((int)(1u << 31), ss.ss_flags);
	EXPECT(ss.ss_sp == alt);
}

static sigjmp_buf back;
static volatile uintptr_t overflow_sp;

static void on_overflow(int signo)
{
	(void)signo;
	overflow_sp = (uintptr_t)__builtin_frame_address(0);
	siglongjmp(back, 1);
}

static volatile int forever = 1;

static __attribute__((noinline)) int recurse(volatile char *p)
{
	volatile char frame[4096];

	frame[0] = p ? p[0] : 1;
	if (!forever)
		return 0;
	return recurse(frame) + frame[0];
}

TEST(stack_overflow_is_handled_there)
{
	set_alt(0);
	set_handler(SIGSEGV, on_overflow, SA_ONSTACK);
	if (!sigsetjmp(back, 1))
		EXPECT_EQ(0, recurse(NULL));
	EXPECT(is_on_alt(overflow_sp));
	EXPECT(!is_on_alt((uintptr_t)__builtin_frame_address(0)));
}

static int overflow_without(void *arg)
{
	(void)arg;
	return recurse(NULL);
}

TEST(stack_overflow_without_it_kills)
{
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(overflow_without, NULL)));
}

TEST(fork_keeps_it_thread_free)
{
	stack_t ss;
	int status;
	pid_t pid;

	set_alt(0);
	pid = fork();
	if (pid == 0)
		_exit(sigaltstack(NULL, &ss) == 0 && ss.ss_sp == alt ? 0 : 1);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---- while it is in use ---- */

static volatile int refused[4];

static void on_refused(int signo)
{
	stack_t ss = { .ss_sp = alt, .ss_size = ALT_SIZE };

	(void)signo;
	refused[0] = sigaltstack(&ss, NULL) == -1 ? errno : 0;
	ss.ss_flags = SS_DISABLE;
	refused[1] = sigaltstack(&ss, NULL) == -1 ? errno : 0;
	ss.ss_flags = 77;
	refused[2] = syscall(SYS_sigaltstack, &ss, NULL) == -1 ? errno : 0;
	EXPECT_EQ(0, sigaltstack(NULL, &ss));
	refused[3] = ss.ss_flags;
}

TEST(changes_are_refused_while_on_it)
{
	set_alt(0);
	set_handler(SIGUSR1, on_refused, SA_ONSTACK);
	raise(SIGUSR1);
	EXPECT_EQ(EPERM, refused[0]);
	EXPECT_EQ(EPERM, refused[1]);
	EXPECT_EQ(EPERM, refused[2]);
	EXPECT_EQ(SS_ONSTACK, refused[3]);
}

static char other[ALT_SIZE] __attribute__((aligned(16)));

static void on_new_one(int signo)
{
	stack_t ss = { .ss_sp = other, .ss_size = ALT_SIZE };

	(void)signo;
	refused[0] = sigaltstack(&ss, NULL) == -1 ? errno : 0;
	raise(SIGUSR2);
}

TEST(autodisarmed_another_may_be_set)
{
	stack_t ss;

	set_alt((int)(1u << 31));
	set_handler(SIGUSR1, on_new_one, SA_ONSTACK);
	set_handler(SIGUSR2, on_signal, SA_ONSTACK);
	raise(SIGUSR1);
	EXPECT_EQ(0, refused[0]);
	EXPECT(seen_sp[0] - (uintptr_t)other < ALT_SIZE);
	/* The return brings back what was set before. */
	EXPECT_EQ(0, sigaltstack(NULL, &ss));
	EXPECT(ss.ss_sp == alt);
	EXPECT_EQ((int)(1u << 31), ss.ss_flags);
}

TEST(query_forms)
{
	stack_t ss = { .ss_sp = alt, .ss_size = ALT_SIZE, .ss_flags = SS_ONSTACK }, old;

	EXPECT_EQ(0, sigaltstack(NULL, &old));
	EXPECT_EQ(SS_DISABLE, old.ss_flags);
	EXPECT(old.ss_sp == NULL);
	EXPECT_EQ(0, old.ss_size);
	EXPECT_EQ(0, syscall(SYS_sigaltstack, &ss, &old));
	EXPECT_EQ(SS_DISABLE, old.ss_flags);
	/* SS_ONSTACK is taken, and means nothing. */
	EXPECT_EQ(0, sigaltstack(NULL, &old));
	EXPECT_EQ(0, old.ss_flags);
	EXPECT_EQ(ALT_SIZE, old.ss_size);
	ss.ss_flags = (int)(1u << 31) | SS_DISABLE;
	EXPECT_EQ(0, syscall(SYS_sigaltstack, &ss, &old));
	EXPECT(old.ss_sp == alt);
	EXPECT_EQ(0, sigaltstack(NULL, &old));
	EXPECT_EQ((int)(1u << 31) | SS_DISABLE, old.ss_flags);
	EXPECT_EQ(0, old.ss_size);
	ss.ss_flags = SS_ONSTACK | SS_DISABLE;
	EXPECT_ERRNO(EINVAL, syscall(SYS_sigaltstack, &ss, NULL));
	ss.ss_flags = (int)(1u << 31) | 4;
	EXPECT_ERRNO(EINVAL, syscall(SYS_sigaltstack, &ss, NULL));
}

/* ---- its end ---- */

/* In the handler: near the stack's end, and one more signal. */
static void on_low(int signo)
{
	uintptr_t sp = seen_sp[0] + 320;

#if defined(__x86_64__)
	__asm__ volatile("movq %0, %%rsp\n\tsyscall"
			 :: "r"(sp), "a"(SYS_tkill), "D"(getpid()), "S"(signo) : "memory");
#else
	__asm__ volatile("mov x0, %1\n\tmov x1, %2\n\tmov x8, %3\n\tmov sp, %0\n\tsvc #0"
			 :: "r"(sp), "r"((long)getpid()), "r"((long)signo), "r"((long)SYS_tkill)
			 : "x0", "x1", "x8", "memory");
#endif
	_exit(50);
}

static int overflow_of_it(void *arg)
{
	stack_t ss = { .ss_sp = (char *)arg + 65536, .ss_size = 65536 };

	seen_sp[0] = (uintptr_t)ss.ss_sp;
	EXPECT_EQ(0, sigaltstack(&ss, NULL));
	set_handler(SIGUSR1, on_low, SA_ONSTACK | SA_NODEFER);
	raise(SIGUSR1);
	return 0;
}

TEST(a_frame_beyond_its_end_kills_and_is_not_written)
{
	char *room = mmap(NULL, 131072, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memset(room, 0x5a, 131072);
	EXPECT_EQ(SIGSEGV, test_in_child(overflow_of_it, room) & 0x7f);
	EXPECT(test_is_filled(room, 0x5a, 65536));
	EXPECT(!test_is_filled(room + 65536, 0x5a, 65536));
}

static void on_recurse(int signo)
{
	(void)signo;
	recurse(NULL);
}

static int recursion_on_it(void *arg)
{
	stack_t ss = { .ss_sp = (char *)arg + 65536, .ss_size = 65536 };

	EXPECT_EQ(0, mprotect(arg, 65536, PROT_NONE));
	EXPECT_EQ(0, sigaltstack(&ss, NULL));
	set_handler(SIGSEGV, on_recurse, SA_ONSTACK);
	raise(SIGSEGV);
	return 0;
}

TEST(recursion_beyond_its_end_kills)
{
	char *room = mmap(NULL, 131072, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(SIGSEGV, test_in_child(recursion_on_it, room) & 0x7f);
}

static int frame_in_no_memory(void *arg)
{
	stack_t ss = { .ss_sp = arg, .ss_size = 65536 };

	EXPECT_EQ(0, sigaltstack(&ss, NULL));
	EXPECT_EQ(0, mprotect(arg, 65536, PROT_NONE));
	set_handler(SIGUSR1, on_signal, SA_ONSTACK);
	set_handler(SIGSEGV, on_signal, SA_ONSTACK);
	raise(SIGUSR1);
	return 0;
}

TEST(a_frame_that_cannot_be_written_kills)
{
	char *room = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(SIGSEGV, test_in_child(frame_in_no_memory, room) & 0x7f);
}

static void *thread_queries(void *arg)
{
	EXPECT_EQ(0, sigaltstack(NULL, arg));
	return NULL;
}

TEST(a_new_thread_has_none)
{
	pthread_t t;
	stack_t ss;

	set_alt(0);
	EXPECT_EQ(0, pthread_create(&t, NULL, thread_queries, &ss));
	EXPECT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(SS_DISABLE, ss.ss_flags);
	EXPECT_EQ(0, ss.ss_size);
}

static volatile int rounds;

static void on_jump(int signo)
{
	(void)signo;
	rounds++;
	siglongjmp(back, 1);
}

TEST(after_a_jump_out_it_is_free_again)
{
	stack_t ss;

	set_alt(0);
	set_handler(SIGUSR1, on_jump, SA_ONSTACK);
	while (rounds < 5)
		if (!sigsetjmp(back, 1))
			raise(SIGUSR1);
	EXPECT_EQ(0, sigaltstack(NULL, &ss));
	EXPECT_EQ(0, ss.ss_flags);
	set_alt(0);
}
