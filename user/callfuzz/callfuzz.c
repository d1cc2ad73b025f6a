/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer of system calls.
 *
 *	callfuzz [-s SEED] [-t SECONDS] [-n CALLS] [-v]
 *
 * Rounds of a child each: CALLS random calls out of the kernel's own table, whose
 * argument types and names say what a plausible value is; then it is killed.  Rounds
 * alternate between an ordinary user and root; root is kept from what ends the
 * system by right (reboot, kill everybody, unmount).  A round is made again by its
 * seed: `callfuzz -s SEED -t 0 -v` prints each call before it is made.
 *
 * The kernel is at fault when it panics, and when a child cannot be killed: then
 * the status is 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	NOBODY = 65534,
	ARENA = 64 << 10,
	ROUND_S = 2,
	TICK_US = 20000,                /* how long a call may block */
	KILL_S = 30,
	CALLS = 400,
	NPROC = 64,
};

struct call {
	const char *name;
	int nr, nargs;
	const char *arg[6];             /* type and name */
};

#ifdef __x86_64__
#define NR(amd64, arm64) (amd64)
#else
#define NR(amd64, arm64) (arm64)
#endif
#define SYSCALL0(n, x, a) { #n, NR(x, a), 0, { NULL } },
#define SYSCALL1(n, x, a, t, v) { #n, NR(x, a), 1, { #t " " #v } },
#define SYSCALL2(n, x, a, t, v, t2, v2) { #n, NR(x, a), 2, { #t " " #v, #t2 " " #v2 } },
#define SYSCALL3(n, x, a, t, v, t2, v2, t3, v3) \
	{ #n, NR(x, a), 3, { #t " " #v, #t2 " " #v2, #t3 " " #v3 } },
#define SYSCALL4(n, x, a, t, v, t2, v2, t3, v3, t4, v4) \
	{ #n, NR(x, a), 4, { #t " " #v, #t2 " " #v2, #t3 " " #v3, #t4 " " #v4 } },
#define SYSCALL5(n, x, a, t, v, t2, v2, t3, v3, t4, v4, t5, v5) \
	{ #n, NR(x, a), 5, { #t " " #v, #t2 " " #v2, #t3 " " #v3, #t4 " " #v4, #t5 " " #v5 } },
#define SYSCALL6(n, x, a, t, v, t2, v2, t3, v3, t4, v4, t5, v5, t6, v6) \
	{ #n, NR(x, a), 6, { #t " " #v, #t2 " " #v2, #t3 " " #v3, #t4 " " #v4, #t5 " " #v5, \
			     #t6 " " #v6 } },
static const struct call calls[] = {
#include "../../kernel/include/gemel/syscalls_fs.h"
#include "../../kernel/include/gemel/syscalls_mm.h"
#include "../../kernel/include/gemel/syscalls_task.h"
#ifdef __x86_64__
#include "../../kernel/arch/amd64/include/arch_impl/syscall_rows.h"
#endif
};
#define NCALLS (sizeof(calls) / sizeof(calls[0]))

/* What root may do and a test may not. */
static const char *const not_for_root[] = {
	"reboot", "mount", "umount2", "pivot_root", "chroot", "settimeofday", "clock_settime",
	"sched_setscheduler", "sched_setparam", "setpriority", "sync", "syslog",
};
/* What only ends the round. */
static const char *const rarely[] = { "exit", "exit_group", "execve", "execveat", "rt_sigreturn",
				      "pause", "rt_sigsuspend" };

static const char *const paths[] = {
	"a", "b", "c", "d", "d/a", "d/b", "d/../a", ".", "..", "", "/", "/tmp", "/dev/null",
	"/dev/zero", "/dev/full", "/dev/urandom", "/proc/self/maps", "/proc/self/stat",
	"/proc/self/fd", "/proc/self/mem", "/proc/self/cmdline", "/proc/self/exe", "/proc/meminfo",
	"/etc/passwd", "/bin/true", "link", "loop", "fifo", "d/", "a/b", "nowhere/x",
	"/proc/self/fd/3", "/dev/ptmx", "/proc/stat", "/sys", "/dev/pts",
};

static const uint64_t odd_numbers[] = {
	0, 1, 2, 3, 4, 7, 8, 16, 63, 64, 65, 127, 255, 256, 4095, 4096, 4097, 8192, 65535, 65536,
	0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
	(uint64_t)-1, (uint64_t)-2, (uint64_t)-4096,
};

static uint64_t rng;
static char *arena;             /* ARENA bytes, then a page that is not mapped */
static bool is_root, is_verbose;

static uint64_t random64(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * 0x2545f4914f6cdd1dull;
}

static uint64_t below(uint64_t n)
{
	return (random64() >> 11) % n;
}

static bool chance(unsigned percent)
{
	return below(100) < percent;
}

static bool is_in(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

static bool has(const char *text, const char *word)
{
	return strstr(text, word) != NULL;
}

static uint64_t any_number(void)
{
	switch (below(5)) {
	case 0:
		return odd_numbers[below(sizeof(odd_numbers) / sizeof(odd_numbers[0]))];
	case 1:
		return 1ull << below(64);
	case 2:
		return random64();
	case 3:
		return random64() >> below(64);
	default:
		return below(17);
	}
}

/* A place in the arena; the last bytes before the hole now and then. */
static char *arena_place(void)
{
	if (chance(10))
		return arena + ARENA - below(40);
	return arena + below(ARENA / 8 - 16) * 8;
}

static uint64_t any_pointer(void)
{
	static const uint64_t bad[] = { 0, 1, 8, 0x1000, 0x7fffffffffff, 0xffff800000000000,
					0xffffffff80000000, (uint64_t)-1, (uint64_t)-4096,
					0x0000800000000000, 0x0001000000000000 };

	if (chance(80))
		return (uintptr_t)arena_place();
	if (chance(30))
		return (uintptr_t)arena_place() + below(8);
	return bad[below(sizeof(bad) / sizeof(bad[0]))];
}

static uint64_t any_path(void)
{
	char *at;

	if (chance(8))
		return any_pointer();
	at = arena + below(ARENA - 256);
	strcpy(at, paths[below(sizeof(paths) / sizeof(paths[0]))]);
	return (uintptr_t)at;
}

static uint64_t any_iovec(void)
{
	struct iovec *v = (struct iovec *)(arena + below(64) * 64);

	for (int i = 0; i < 4; i++)
		v[i] = (struct iovec){ (void *)(uintptr_t)any_pointer(),
				       chance(90) ? below(5000) : any_number() };
	return (uintptr_t)v;
}

static uint64_t any_pid(void)
{
	static const int safe[] = { 0, 99999, 0x7fffffff, -99999 };

	if (chance(50))
		return (uint64_t)getpid();
	if (!is_root && chance(40))
		return chance(50) ? (uint64_t)getppid() : (uint64_t)(below(4) - 2);
	return (uint64_t)(int64_t)safe[below(4)];
}

static uint64_t any_fd(void)
{
	if (chance(10))
		return chance(50) ? (uint64_t)AT_FDCWD : any_number();
	return below(16);
}

static uint64_t any_length(void)
{
	return chance(70) ? below(chance(50) ? 64 : 3 * 4096) : any_number();
}

static uint64_t any_bits(void)
{
	uint64_t v = 0;

	if (chance(50))
		return below(chance(50) ? 8 : 64);
	for (uint64_t n = below(4) + 1; n; n--)
		v |= 1ull << below(chance(90) ? 24 : 64);
	return v;
}

static bool is_pid_name(const char *arg)
{
	return has(arg, "pid") || has(arg, " tid") || has(arg, "tgid") || has(arg, " who") ||
	       has(arg, " id");
}

static uint64_t any_argument(const char *arg)
{
	if (chance(3))
		return is_root && is_pid_name(arg) ? 0 : any_number();
	if (has(arg, "__user *")) {
		if (has(arg, "const char __user"))
			return any_path();
		return has(arg, "iovec") && chance(90) ? any_iovec() : any_pointer();
	}
	if (is_pid_name(arg))
		return any_pid();
	if (has(arg, "fd"))
		return any_fd();
	if (has(arg, "signo"))
		return below(chance(95) ? 65 : 200);
	if (has(arg, "addr") || has(arg, " stack") || has(arg, " brk"))
		return chance(80) ? (uintptr_t)arena_place() & ~4095ull : any_pointer();
	if (has(arg, "len") || has(arg, "size") || has(arg, " n") || has(arg, "count"))
		return any_length();
	if (has(arg, "mode_t"))
		return chance(50) ? S_IFREG | below(01000) : any_bits();
	if (has(arg, "uid") || has(arg, "gid"))
		return chance(80) ? NOBODY : any_number();
	return chance(60) ? any_bits() : any_number();
}

static void arena_refill(void)
{
	uint64_t *word = (uint64_t *)arena;

	for (int i = 0; i < 64; i++)
		word[below(ARENA / 8)] = chance(60) ? below(300) : any_number();
}

/* A child of clone leaves at once; it may be on our stack, so nothing is called for that. */
static long raw_call(long nr, const uint64_t a[6])
{
#ifdef __x86_64__
	register uint64_t r10 asm("r10") = a[3], r8 asm("r8") = a[4], r9 asm("r9") = a[5];
	long ret = nr;

	asm volatile("syscall" : "+a"(ret) : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8),
		     "r"(r9) : "rcx", "r11", "memory");
	return ret;
#else
	register uint64_t x0 asm("x0") = a[0], x1 asm("x1") = a[1], x2 asm("x2") = a[2];
	register uint64_t x3 asm("x3") = a[3], x4 asm("x4") = a[4], x5 asm("x5") = a[5];
	register long x8 asm("x8") = nr;

	asm volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
		     : "memory");
	return (long)x0;
#endif
}

static bool makes_tasks(const char *name)
{
	return has(name, "clone") || has(name, "fork");
}

static void one_call(void)
{
	static const uint64_t leave[6];
	const struct call *c = &calls[below(NCALLS)];
	uint64_t a[6];
	long ret;

	if (is_root && is_in(c->name, not_for_root, sizeof(not_for_root) / sizeof(*not_for_root)))
		return;
	if (is_in(c->name, rarely, sizeof(rarely) / sizeof(*rarely)) && !chance(3))
		return;
	for (int i = 0; i < 6; i++)
		a[i] = i < c->nargs ? any_argument(c->arg[i]) : any_number();
	/* A child that shares our memory needs a stack, or it runs over ours. */
	if (strcmp(c->name, "clone") == 0 && a[0] & 0x100 && chance(90))
		a[1] = (uintptr_t)arena + ARENA / 2;
	if (is_verbose) {
		dprintf(2, "%s(%lx, %lx, %lx, %lx, %lx, %lx)\n", c->name, (long)a[0], (long)a[1],
			(long)a[2], (long)a[3], (long)a[4], (long)a[5]);
	}
	ret = raw_call(c->nr, a);
	if (makes_tasks(c->name) && ret == 0)
		for (;;)
			raw_call(NR(60, 93), leave);
}

static void limit(int which, rlim_t value)
{
	struct rlimit l = { value, value };

	setrlimit(which, &l);
}

static void files_make(void)
{
	int fd = open("a", O_RDWR | O_CREAT, 0666);

	if (fd >= 0 && ftruncate(fd, 10000) == 0)
		(void)open("b", O_RDWR | O_CREAT | O_APPEND, 0666);
	mkdir("d", 0777);
	(void)!symlink("a", "link");
	(void)!symlink("loop", "loop");
	mkfifo("fifo", 0666);
	(void)open("d", O_RDONLY | O_DIRECTORY);
	(void)open("/dev/zero", O_RDWR);
	(void)open("/dev/ptmx", O_RDWR | O_NOCTTY);
	(void)open("/proc/self/maps", O_RDONLY);
	int ends[2];
	if (pipe2(ends, O_NONBLOCK) < 0)
		return;
}

static void on_alarm(int signo)
{
	(void)signo;
}

static void round_run(uint64_t seed, int ncalls)
{
	int null = open("/dev/null", O_RDWR);

	struct itimerval tick = { { 0, TICK_US }, { 0, TICK_US } };
	struct sigaction interrupt = { .sa_handler = on_alarm };

	rng = seed * 0x9e3779b97f4a7c15ull | 1;
	setsid();
	for (int fd = 0; fd < (is_verbose ? 2 : 3); fd++)
		dup2(null, fd);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, 2 * ROUND_S);
	limit(RLIMIT_FSIZE, 4 << 20);
	limit(RLIMIT_NPROC, NPROC);
	limit(RLIMIT_AS, 256 << 20);
	limit(RLIMIT_NOFILE, 64);
	arena = mmap(NULL, ARENA + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (arena == MAP_FAILED)
		_exit(1);
	munmap(arena + ARENA, 4096);
	if (!is_root && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		_exit(1);
	files_make();
	sigaction(SIGALRM, &interrupt, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	for (int i = 0; i < ncalls; i++) {
		if (i % 8 == 0)
			arena_refill();
		one_call();
	}
	_exit(0);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* True when @pid is over, killed if it was not after its time. */
static bool round_end(pid_t pid)
{
	double end = now() + ROUND_S;
	struct timespec nap = { .tv_nsec = 2000000 };
	bool is_killed = false;

	for (;;) {
		pid_t got = waitpid(pid, NULL, WNOHANG);

		if (got == pid || (got < 0 && errno == ECHILD))
			return true;
		if (now() > end && is_killed)
			return false;
		if (now() > end) {
			kill(pid, SIGKILL);
			is_killed = true;
			end = now() + KILL_S;
		}
		nanosleep(&nap, NULL);
	}
}

/* What a round left behind: all processes of the ordinary user, and those of its group. */
static void sweep(pid_t round)
{
	pid_t pid;

	kill(-round, SIGKILL);
	pid = fork();
	if (pid == 0) {
		if (setuid(NOBODY) == 0)
			kill(-1, SIGKILL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void scratch_make(unsigned n)
{
	char name[64];

	snprintf(name, sizeof(name), "/tmp/callfuzz.%d.%u", getpid(), n % 8);
	mkdir(name, 0777);
	chmod(name, 0777);
	if (chdir(name) < 0)
		_exit(1);
}

int main(int argc, char **argv)
{
	uint64_t seed = 1;
	double seconds = 10, end, told;
	int ncalls = CALLS, option;
	unsigned rounds = 0;

	while ((option = getopt(argc, argv, "s:t:n:v")) != -1) {
		switch (option) {
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 't': seconds = atof(optarg); break;
		case 'n': ncalls = atoi(optarg); break;
		case 'v': is_verbose = true; break;
		default: return 2;
		}
	}
	signal(SIGINT, SIG_DFL);
	told = now();
	end = told + seconds;
	do {
		pid_t pid;

		is_root = seed % 4 == 0;
		scratch_make(rounds);
		pid = fork();
		if (pid == 0)
			round_run(seed, ncalls);
		if (pid < 0 || !round_end(pid)) {
			printf("FAIL callfuzz: seed %lu: %s\n", (long)seed,
			       pid < 0 ? "no process" : "the child does not die");
			return 1;
		}
		sweep(pid);
		rounds++;
		seed++;
		if (now() > told + 5) {
			told = now();
			printf("callfuzz: %u rounds, next seed %lu\n", rounds, (long)seed);
			fflush(stdout);
		}
	} while (now() < end);
	printf("ok callfuzz: %u rounds of %d calls, next seed %lu\n", rounds, ncalls, (long)seed);
	return 0;
}
