/* SPDX-License-Identifier: MIT */
/* What siginfo says of each source of a signal: code, address, sender, child. */
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SA_EXPOSE_TAGBITS
#define SA_EXPOSE_TAGBITS 0x800
#endif

static siginfo_t info;
static volatile int count;
static sigjmp_buf back;
static uintptr_t pc_seen;

static uintptr_t pc_of(const ucontext_t *uc)
{
#if defined(__x86_64__)
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
#else
	return uc->uc_mcontext.pc;
#endif
}

static void on_info(int signo, siginfo_t *si, void *uc)
{
	(void)signo;
	info = *si;
	pc_seen = pc_of(uc);
	count++;
}

static void on_fault(int signo, siginfo_t *si, void *uc)
{
	on_info(signo, si, uc);
	siglongjmp(back, 1);
}

static void handle(int signo, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	EXPECT_EQ(0, sigaction(signo, &sa, NULL));
}

/* The siginfo of the next @signo, which is blocked. */
static void take(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	memset(&info, 0, sizeof(info));
	EXPECT_EQ(signo, sigwaitinfo(&set, &info));
	EXPECT_EQ(signo, info.si_signo);
	EXPECT_EQ(0, info.si_errno);
}

/* ---- senders ---- */

TEST(kill_tells_who)
{
	pid_t pid;

	test_block(SIGUSR1);
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	take(SIGUSR1);
	EXPECT_EQ(SI_USER, info.si_code);
	EXPECT_EQ(getpid(), info.si_pid);
	EXPECT_EQ(getuid(), info.si_uid);
	pid = fork();
	if (pid == 0) {
		if (setresuid(1000, 0, 0))
			_exit(1);
		_exit(kill(getppid(), SIGUSR1) != 0);
	}
	take(SIGUSR1);
	EXPECT_EQ(SI_USER, info.si_code);
	EXPECT_EQ(pid, info.si_pid);
	EXPECT_EQ(1000, info.si_uid);
}

TEST(tgkill_and_tkill_say_so)
{
	test_block(SIGUSR1);
	EXPECT_EQ(0, syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1));
	take(SIGUSR1);
	EXPECT_EQ(SI_TKILL, info.si_code);
	EXPECT_EQ(getpid(), info.si_pid);
	EXPECT_EQ(getuid(), info.si_uid);
	EXPECT_EQ(0, syscall(SYS_tkill, getpid(), SIGUSR1));
	take(SIGUSR1);
	EXPECT_EQ(SI_TKILL, info.si_code);
}

TEST(sigqueue_carries_a_value)
{
	union sigval v = { .sival_ptr = (void *)0x123456789abcdef0 };
	pid_t pid;

	test_block(SIGUSR2);
	EXPECT_EQ(0, sigqueue(getpid(), SIGUSR2, v));
	take(SIGUSR2);
	EXPECT_EQ(SI_QUEUE, info.si_code);
	EXPECT(info.si_value.sival_ptr == v.sival_ptr);
	EXPECT_EQ(getpid(), info.si_pid);
	pid = fork();
	if (pid == 0)
		_exit(sigqueue(getppid(), SIGUSR2, v) != 0);
	take(SIGUSR2);
	EXPECT_EQ(pid, info.si_pid);
}

TEST(queued_info_arrives_whole)
{
	siginfo_t si;

	test_block(SIGRTMIN);
	memset(&si, 0, sizeof(si));
	/* What is behind the fields of a code that Linux does not know must be zero. */
	memset(&si, 0x5a, 48);
	si.si_code = -1234;
	si.si_errno = 0;
	EXPECT_EQ(0, syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN, &si));
	take(SIGRTMIN);
	si.si_signo = SIGRTMIN;
	EXPECT_EQ(0, memcmp(&si, &info, sizeof(si)));
}

TEST(queued_info_with_more_than_the_kernel_keeps)
{
	siginfo_t si;

	test_block(SIGRTMIN);
	memset(&si, 0, sizeof(si));
	si.si_code = -1234;
	((char *)&si)[127] = 1;
	EXPECT_ERRNO(E2BIG, syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &si));
	si.si_code = SI_QUEUE;
	EXPECT_EQ(0, syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &si));
	take(SIGRTMIN);
	EXPECT_EQ(SI_QUEUE, info.si_code);
	EXPECT_EQ(0, ((char *)&info)[127]);
}

TEST(timers_say_so)
{
	struct itimerspec its = { .it_value.tv_nsec = 1000000 };
	struct itimerval it = { .it_value.tv_usec = 1000 };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2 };
	timer_t id;

	ev.sigev_value.sival_int = 4711;
	test_block(SIGRTMIN + 2);
	test_block(SIGALRM);
	EXPECT_EQ(0, timer_create(CLOCK_MONOTONIC, &ev, &id));
	EXPECT_EQ(0, timer_settime(id, 0, &its, NULL));
	take(SIGRTMIN + 2);
	EXPECT_EQ(SI_TIMER, info.si_code);
	EXPECT_EQ(4711, info.si_value.sival_int);
	EXPECT_EQ(0, info.si_overrun);
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	take(SIGALRM);
	EXPECT_EQ(SI_KERNEL, info.si_code);
	EXPECT_EQ(0, info.si_pid);
}

TEST(sigpipe_and_sigxfsz_come_from_oneself)
{
	struct rlimit rl = { 4, RLIM_INFINITY };
	int fds[2], fd;

	test_block(SIGPIPE);
	test_block(SIGXFSZ);
	EXPECT_EQ(0, pipe(fds));
	close(fds[0]);
	EXPECT_ERRNO(EPIPE, write(fds[1], "x", 1));
	take(SIGPIPE);
	EXPECT_EQ(SI_USER, info.si_code);
	EXPECT_EQ(getpid(), info.si_pid);
	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(0, setrlimit(RLIMIT_FSIZE, &rl));
	EXPECT_EQ(4, write(fd, "12345678", 8));
	EXPECT_ERRNO(EFBIG, write(fd, "x", 1));
	take(SIGXFSZ);
	EXPECT_EQ(SI_USER, info.si_code);
	EXPECT_EQ(getpid(), info.si_pid);
}

TEST(death_of_the_parent_is_told_by_it)
{
	int fds[2];
	pid_t middle, sender;
	char c;

	EXPECT_EQ(0, pipe(fds));
	middle = fork();
	if (middle == 0) {
		int up[2];

		EXPECT_EQ(0, pipe(up));
		if (fork() == 0) {
			test_block(SIGUSR1);
			EXPECT_EQ(0, prctl(PR_SET_PDEATHSIG, SIGUSR1));
			EXPECT_EQ(1, write(up[1], "r", 1));
			take(SIGUSR1);
			EXPECT_EQ(SI_USER, info.si_code);
			EXPECT_EQ(sizeof(pid_t), write(fds[1], &info.si_pid, sizeof(pid_t)));
			_exit(0);
		}
		EXPECT_EQ(1, read(up[0], &c, 1));
		_exit(0);
	}
	EXPECT_EQ(sizeof(pid_t), read(fds[0], &sender, sizeof(sender)));
	EXPECT_EQ(middle, sender);
}

/* ---- children ---- */

static pid_t child_that_pauses(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void expect_child(pid_t pid, int code, int status)
{
	take(SIGCHLD);
	EXPECT_EQ(code, info.si_code);
	EXPECT_EQ(pid, info.si_pid);
	EXPECT_EQ(status, info.si_status);
	EXPECT_EQ(getuid(), info.si_uid);
}

TEST(sigchld_tells_each_change)
{
	int status;
	pid_t pid;

	test_block(SIGCHLD);
	pid = fork();
	if (pid == 0)
		_exit(0x123);
	expect_child(pid, CLD_EXITED, 0x23);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	pid = child_that_pauses();
	EXPECT_EQ(0, kill(pid, SIGSTOP));
	expect_child(pid, CLD_STOPPED, SIGSTOP);
	EXPECT_EQ(0, kill(pid, SIGCONT));
	expect_child(pid, CLD_CONTINUED, SIGCONT);
	EXPECT_EQ(0, kill(pid, SIGTSTP));
	expect_child(pid, CLD_STOPPED, SIGTSTP);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	expect_child(pid, CLD_KILLED, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
}

static int uses_time(void *arg)
{
	struct tms t;

	(void)arg;
	do
		times(&t);
	while (t.tms_utime + t.tms_stime < 10);
	return 0;
}

TEST(sigchld_tells_the_times)
{
	struct rusage ru;
	int status;
	long used;
	pid_t pid;

	test_block(SIGCHLD);
	pid = fork();
	if (pid == 0)
		_exit(uses_time(NULL));
	expect_child(pid, CLD_EXITED, 0);
	EXPECT_EQ(pid, wait4(pid, &status, 0, &ru));
	/* Linux may count fewer here, whole ticks, than it does there. */
	used = (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 100 +
	       (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 10000;
	EXPECT(info.si_utime >= 0 && info.si_stime >= 0);
	EXPECT(info.si_utime + info.si_stime <= used + 1);
}

TEST(nocldstop_and_nocldwait)
{
	sigset_t pending;
	int status;
	pid_t pid;

	handle(SIGCHLD, on_info, SA_NOCLDSTOP);
	test_block(SIGCHLD);
	pid = child_that_pauses();
	EXPECT_EQ(0, kill(pid, SIGSTOP));
	EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT(WIFSTOPPED(status));
	EXPECT_EQ(0, kill(pid, SIGCONT));
	EXPECT_EQ(pid, waitpid(pid, &status, WCONTINUED));
	EXPECT(WIFCONTINUED(status));
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT(!sigismember(&pending, SIGCHLD));
	EXPECT_EQ(0, kill(pid, SIGTERM));
	expect_child(pid, CLD_KILLED, SIGTERM);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));

	/* No zombie is left, but the signal comes. */
	handle(SIGCHLD, on_info, SA_NOCLDWAIT);
	pid = fork();
	if (pid == 0)
		_exit(5);
	expect_child(pid, CLD_EXITED, 5);
	EXPECT_ERRNO(ECHILD, waitpid(pid, &status, 0));
	/* Ignored, it comes neither: not even as a blocked one. */
	signal(SIGCHLD, SIG_IGN);
	pid = child_that_pauses();
	EXPECT_EQ(0, kill(pid, SIGSTOP));
	EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_ERRNO(ECHILD, waitpid(pid, &status, 0));
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT(!sigismember(&pending, SIGCHLD));
}

/* ---- faults ---- */

/* Run @fn(@arg), which faults with @signo. */
static void fault(int signo, void (*fn)(void *arg), void *arg)
{
	memset(&info, 0, sizeof(info));
	handle(signo, on_fault, 0);
	if (!sigsetjmp(back, 1)) {
		fn(arg);
		test_fail(__FILE__, __LINE__, "no fault", signo, 0);
	}
	EXPECT_EQ(signo, info.si_signo);
	EXPECT_EQ(0, info.si_errno);
}

static void do_write(void *p)
{
	*(volatile char *)p = 1;
}

static void do_read(void *p)
{
	(void)*(volatile char *)p;
}

static void do_call(void *p)
{
	((void (*)(void))p)();
}

static void expect_fault(int signo, int code, void *addr)
{
	EXPECT_EQ(signo, info.si_signo);
	EXPECT_EQ(code, info.si_code);
	EXPECT_EQ((uintptr_t)addr, (uintptr_t)info.si_addr);
}

TEST(segv_codes_and_addresses)
{
	char *p = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(0, munmap(p + 4096, 4096));
	EXPECT_EQ(0, mprotect(p + 8192, 4096, PROT_NONE));
	fault(SIGSEGV, do_write, (void *)0x123);
	expect_fault(SIGSEGV, SEGV_MAPERR, (void *)0x123);
	fault(SIGSEGV, do_read, p + 4096 + 5);
	expect_fault(SIGSEGV, SEGV_MAPERR, p + 4096 + 5);
	fault(SIGSEGV, do_write, p + 7);
	expect_fault(SIGSEGV, SEGV_ACCERR, p + 7);
	fault(SIGSEGV, do_read, p + 8192 + 9);
	expect_fault(SIGSEGV, SEGV_ACCERR, p + 8192 + 9);
	fault(SIGSEGV, do_call, p + 16);
	expect_fault(SIGSEGV, SEGV_ACCERR, p + 16);
	EXPECT_EQ((uintptr_t)p + 16, pc_seen);
	fault(SIGSEGV, do_call, p + 4096 + 32);
	expect_fault(SIGSEGV, SEGV_MAPERR, p + 4096 + 32);
	fault(SIGSEGV, do_read, (void *)0xffffffffff000000);
	expect_fault(SIGSEGV, SEGV_MAPERR, (void *)0xffffffffff000000);
	fault(SIGSEGV, do_call, (void *)0xffffffffff000000);
	EXPECT_EQ(SEGV_MAPERR, info.si_code);
}

TEST(bus_beyond_the_end_of_a_file)
{
	char *p;
	int fd;

	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(0, ftruncate(fd, 100));
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p[4095] = 1;
	fault(SIGBUS, do_read, p + 4096 + 3);
	expect_fault(SIGBUS, BUS_ADRERR, p + 4096 + 3);
	fault(SIGBUS, do_write, p + 4096 + 30);
	expect_fault(SIGBUS, BUS_ADRERR, p + 4096 + 30);
	EXPECT_EQ(0, ftruncate(fd, 0));
	fault(SIGBUS, do_read, p);
	expect_fault(SIGBUS, BUS_ADRERR, p);
}

/* Labels in the code below. */
#define HIDDEN extern __attribute__((visibility("hidden")))

#if defined(__x86_64__)
HIDDEN char at_undefined[], at_divide[], at_divide2[], at_trap[], at_privileged[];

static void do_undefined(void *arg)
{
	(void)arg;
	__asm__ volatile("at_undefined: ud2");
}

static void do_privileged(void *arg)
{
	(void)arg;
	__asm__ volatile("at_privileged: cli");
}
#else
HIDDEN char at_undefined[], at_trap[], at_privileged[];

static void do_undefined(void *arg)
{
	(void)arg;
	__asm__ volatile("at_undefined: udf #7");
}

static void do_privileged(void *arg)
{
	(void)arg;
	__asm__ volatile("at_privileged: msr daifset, #2");
}
#endif

TEST(illegal_instructions)
{
	fault(SIGILL, do_undefined, NULL);
#if defined(__x86_64__)
	expect_fault(SIGILL, ILL_ILLOPN, at_undefined);
	EXPECT_EQ((uintptr_t)at_undefined, pc_seen);
	fault(SIGSEGV, do_privileged, NULL);
	expect_fault(SIGSEGV, SI_KERNEL, NULL);
#else
	expect_fault(SIGILL, ILL_ILLOPC, at_undefined);
	EXPECT_EQ((uintptr_t)at_undefined, pc_seen);
	fault(SIGILL, do_privileged, NULL);
	expect_fault(SIGILL, ILL_ILLOPC, at_privileged);
#endif
	EXPECT_EQ((uintptr_t)at_privileged, pc_seen);
}

/* The breakpoint instruction: where the program counter is, and what goes on. */
static void on_breakpoint(int signo, siginfo_t *si, void *context)
{
	on_info(signo, si, context);
#if defined(__aarch64__)
	((ucontext_t *)context)->uc_mcontext.pc += 4;
#endif
}

TEST(breakpoints)
{
	handle(SIGTRAP, on_breakpoint, 0);
#if defined(__x86_64__)
	__asm__ volatile("at_trap: int3" ::: "memory");
	expect_fault(SIGTRAP, SI_KERNEL, NULL);
	EXPECT_EQ((uintptr_t)at_trap + 1, pc_seen);
#else
	__asm__ volatile("at_trap: brk #5" ::: "memory");
	expect_fault(SIGTRAP, TRAP_BRKPT, at_trap);
	EXPECT_EQ((uintptr_t)at_trap, pc_seen);
#endif
	EXPECT_EQ(1, count);
}

#if defined(__x86_64__)

static void do_divide(void *arg)
{
	__asm__ volatile("xor %%edx, %%edx\n\tat_divide: divl %1" :: "a"(1), "r"((int)(intptr_t)arg)
			 : "edx", "cc");
}

static void do_divide_overflow(void *arg)
{
	(void)arg;
	__asm__ volatile("cltd\n\tat_divide2: idivl %1" :: "a"(1 << 31), "r"(-1) : "edx", "cc");
}

static void do_x87(void *arg)
{
	static const struct {
		unsigned short mask;
		long double a, b;
		char op;
	} cases[] = {
		{ 0x37f & ~0x01, 0, 0, '/' },                   /* invalid */
		{ 0x37f & ~0x04, 1, 0, '/' },                   /* zero divide */
		{ 0x37f & ~0x08, 1e4900L, 1e4900L, '*' },       /* overflow */
		{ 0x37f & ~0x10, 1e-4900L, 1e-4900L, '*' },     /* underflow */
		{ 0x37f & ~0x20, 1, 3, '/' },                   /* precision */
	};
	int i = (int)(intptr_t)arg;
	volatile long double r, a = cases[i].a, b = cases[i].b;

	__asm__ volatile("fninit\n\tfldcw %0" :: "m"(cases[i].mask));
	r = cases[i].op == '/' ? a / b : a * b;
	__asm__ volatile("fwait");
	(void)r;
}

static volatile int steps;

static void on_step(int signo, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	on_info(signo, si, context);
	if (++steps == 5)
		uc->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

/* What only this machine has: arithmetic that traps, the trap flag, addresses of no form. */
TEST(faults_of_the_machine)
{
	static const int codes[] = { FPE_FLTINV, FPE_FLTDIV, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES };

	fault(SIGFPE, do_divide, NULL);
	expect_fault(SIGFPE, FPE_INTDIV, at_divide);
	fault(SIGFPE, do_divide_overflow, NULL);
	expect_fault(SIGFPE, FPE_INTDIV, at_divide2);
	for (intptr_t i = 0; i < 5; i++) {
		fault(SIGFPE, do_x87, (void *)i);
		EXPECT_EQ(codes[i], info.si_code);
		EXPECT_EQ(pc_seen, (uintptr_t)info.si_addr);
	}
	fault(SIGSEGV, do_read, (void *)0x8000000000000000);
	expect_fault(SIGSEGV, SI_KERNEL, NULL);

	count = 0;
	handle(SIGTRAP, on_step, 0);
	__asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\t"
			 ".rept 7\n\tnop\n\t.endr"
			 ::: "memory", "cc");
	EXPECT_EQ(5, count);
	EXPECT_EQ(TRAP_TRACE, info.si_code);
	EXPECT_EQ(pc_seen, (uintptr_t)info.si_addr);
}

#else

static void do_exclusive(void *p)
{
	unsigned long v;

	__asm__ volatile("ldxr %0, [%1]" : "=r"(v) : "r"(p) : "memory");
}

/* What only this machine has: alignment that counts, tags. */
TEST(faults_of_the_machine)
{
	static unsigned long words[4];
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *tagged = (char *)((uintptr_t)p | 0x5aul << 56);
	struct sigaction sa = { .sa_sigaction = on_fault };

	fault(SIGBUS, do_exclusive, (char *)words + 3);
	expect_fault(SIGBUS, BUS_ADRALN, (char *)words + 3);
	fault(SIGBUS, do_call, (char *)do_exclusive + 2);
	expect_fault(SIGBUS, BUS_ADRALN, (char *)do_exclusive + 2);

	fault(SIGSEGV, do_write, tagged);
	expect_fault(SIGSEGV, SEGV_ACCERR, p);
	sa.sa_flags = SA_SIGINFO | SA_EXPOSE_TAGBITS;
	EXPECT_EQ(0, sigaction(SIGSEGV, &sa, NULL));
	if (!sigsetjmp(back, 1))
		do_write(tagged);
	expect_fault(SIGSEGV, SEGV_ACCERR, tagged);
}

#endif

static int segv_ignored(void *arg)
{
	(void)arg;
	signal(SIGSEGV, SIG_IGN);
	do_write((void *)8);
	return 0;
}

static void on_segv_again(int signo)
{
	(void)signo;
	do_write((void *)16);
}

static int segv_in_its_handler(void *arg)
{
	(void)arg;
	signal(SIGSEGV, on_segv_again);
	do_write((void *)8);
	return 0;
}

static int trap_blocked(void *arg)
{
	(void)arg;
	test_block(SIGTRAP);
#if defined(__x86_64__)
	__asm__ volatile("int3");
#else
	__asm__ volatile("brk #1");
#endif
	return 0;
}

TEST(a_fault_cannot_be_refused)
{
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(segv_ignored, NULL)));
	EXPECT_EQ(SIGSEGV, WTERMSIG(test_in_child(segv_in_its_handler, NULL)));
	EXPECT_EQ(SIGTRAP, WTERMSIG(test_in_child(trap_blocked, NULL)));
}

/* A fault's signal goes to the thread that made it. */
static volatile pid_t fault_tid;

static void on_thread_fault(int signo, siginfo_t *si, void *uc)
{
	on_info(signo, si, uc);
	fault_tid = (pid_t)syscall(SYS_gettid);
	pthread_exit(NULL);
}

static void *thread_faults(void *arg)
{
	*(pid_t *)arg = (pid_t)syscall(SYS_gettid);
	do_write((void *)24);
	return NULL;
}

TEST(a_fault_is_its_threads_own)
{
	pthread_t t;
	pid_t tid;

	handle(SIGSEGV, on_thread_fault, 0);
	EXPECT_EQ(0, pthread_create(&t, NULL, thread_faults, &tid));
	EXPECT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(tid, fault_tid);
	EXPECT_EQ(SEGV_MAPERR, info.si_code);
}
