/* SPDX-License-Identifier: MIT */
/* One program in a child of its own, and the coverage that it brings. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "callfuzz.h"

#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE     _IO('c', 100)

enum {
	COVER = 32 << 10,               /* words of the coverage buffer */
	TICK_US = 20000,                /* how long a call may block */
	CHILDREN = 16,
	FILL = 256,                     /* bytes written at a place of the arena */
};

#ifdef __x86_64__
#define NR_EXIT 60
#else
#define NR_EXIT 93
#endif

static int kcov = -1;
static uint64_t *cover;                 /* of this worker; NULL: blind */

/* What a running program has made so far. */
static long results[STEPS], seconds[STEPS];
static long children[CHILDREN];
static unsigned nchildren;

bool coverage_open(void)
{
	int fd = open("/dev/kcov", O_RDWR | O_CLOEXEC);
	void *map;

	if (fd < 0)
		return false;
	kcov = fcntl(fd, F_DUPFD_CLOEXEC, 200);
	close(fd);
	if (kcov < 0 || ioctl(kcov, KCOV_INIT_TRACE, COVER) < 0)
		return false;
	map = mmap(NULL, COVER * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, kcov, 0);
	cover = map == MAP_FAILED ? NULL : map;
	return cover != NULL;
}

/* Count the addresses since the last look that nobody had seen. */
static uint32_t coverage_collect(struct coverage *all)
{
	uint64_t n = cover ? __atomic_load_n(&cover[0], __ATOMIC_RELAXED) : 0;
	uint32_t fresh = 0;

	for (uint64_t i = 1; i <= n && i < COVER; i++) {
		uint64_t bit = cover[i] % (8 * sizeof(all->seen));
		uint8_t *byte = &all->seen[bit / 8], mask = (uint8_t)(1 << bit % 8);

		if (!(*byte & mask) && !(__atomic_fetch_or(byte, mask, __ATOMIC_RELAXED) & mask))
			fresh++;
	}
	if (cover)
		__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
	__atomic_fetch_add(&all->edges, fresh, __ATOMIC_RELAXED);
	return fresh;
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

static void on_signal(int signo)
{
	(void)signo;
}

/* ---- what the arena holds ---- */

static uint64_t place(struct rng *r)
{
	return (uintptr_t)ARENA_AT + below(r, ARENA / 256) * 256;
}

static uint64_t small(struct rng *r)
{
	return chance(r, 85) ? below(r, 10) : any_number(r);
}

/* Text for files of /proc (numbers) and terminals (what they act upon, too). */
static uint64_t some_text(struct rng *r)
{
	static const char digits[] = "0123456789 -\n";
	static const char keys[] = "ab \n\r\t\003\004\021\023\025\026\027\032\034\177";
	bool is_number = chance(r, 40);
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | (uint8_t)(is_number ? digits[below(r, sizeof(digits) - 1)] :
				       keys[below(r, sizeof(keys) - 1)]);
	return v;
}

/* The word @i of what @style says. */
static uint64_t word_of(enum style style, unsigned i, struct rng *r)
{
	switch (style) {
	case INTS:
		return small(r) | small(r) << 32;
	case TIMES:
		if (i % 2 && chance(r, 5))
			return 0x3ffffffe + below(r, 2);        /* UTIME_OMIT, UTIME_NOW */
		return i % 2 ? below(r, chance(r, 95) ? 20000000 : 2000000000) :
		       chance(r, 95) ? 0 : any_number(r);
	case VECTOR:
		return i % 2 ? (chance(r, 95) ? below(r, 5000) : any_number(r)) :
		       chance(r, 95) ? place(r) : any_number(r);
	case SIGNALS:
		return chance(r, 30) ? rng_next(r) : 1ull << below(r, 64);
	case FDS:
		return below(r, PRESETS) |
		       (chance(r, 80) ? 1 + below(r, 63) : below(r, 65536)) << 32;
	case EVENT:
		return i == 0 ? below(r, 64) | below(r, 3) << 32 :
		       i == 1 ? below(r, 65) | below(r, 5) << 32 : below(r, 4);
	case ACTION:
		if (i == 0)
			return chance(r, 50) ? below(r, 2) : (uintptr_t)on_signal;
		return i == 1 ? below(r, 2) * 0x04000000 | 1ull << below(r, 32) : small(r);
	case OFFSETS:
		return chance(r, 80) ? below(r, 3 * 4096) : any_number(r);
	case HOW:
		if (i < 2)
			return i ? below(r, 01000) : below(r, 4) | (chance(r, 60) ? 0100 : 0);
		return chance(r, 60) ? 1ull << below(r, 6) : 0;
	case CLONE:
		return i == 0 ? 1ull << below(r, 32) & ~0x100ull : i == 4 ? 17 : i < 4 ? place(r) :
		       chance(r, 70) ? 0 : any_number(r);
	case STRINGS:
		return i < 1 + below(r, 4) ? place(r) : 0;
	case EVENT_SIGNAL:
		return i == 1 ? 1 + below(r, 64) | (chance(r, 60) ? below(r, 2) : 4) << 32 :
		       i == 2 ? (uint64_t)getpid() : small(r);
	case SCHEDULING:
		return i == 0 ? (chance(r, 70) ? 48 : 56) | below(r, 6) << 32 :
		       i == 1 ? below(r, 2) : i == 2 ? below(r, 20) : 0;
	case CAPABILITY:
		return i == 0 ? (chance(r, 80) ? 0x20080522 : 0x20071026) : rng_next(r);
	case ROBUST:
		return i == 1 ? below(r, 3) * 8 :
		       chance(r, 90) ? place(r) | below(r, 2) : any_number(r);
	case STACK:
		return i == 0 ? place(r) : i == 1 ? below(r, 3) : 2048 + below(r, 8192);
	case MASK:
		return i == 0 ? (chance(r, 80) ? place(r) : 0) : i == 1 ? 8 : rng_next(r);
	case OPTIONS:
		return i == 0 && chance(r, 70) ? 0 : some_text(r);
	case WORDS:
		return some_text(r);
	case SOCKADDR:
		return i ? 0 : (1 + below(r, 2)) | below(r, 65536) << 16 | 0x0100007full << 32;
	default:
		return chance(r, 60) ? below(r, 300) : any_number(r);
	}
}

static void fill(const struct arg *a)
{
	struct rng r;
	uint64_t words[FILL / 8];
	size_t len = a->value < ARENA ? ARENA - a->value : 0;

	rng_seed(&r, a->seed);
	for (unsigned i = 0; i < FILL / 8; i++)
		words[i] = word_of(a->style, i, &r);
	memcpy(ARENA_AT + a->value, words, len < FILL ? len : FILL);
}

static uint64_t value_of(const struct arg *a)
{
	switch (a->kind) {
	case RESULT:
		return (uint64_t)results[a->value];
	case SECOND:
		return (uint64_t)seconds[a->value];
	case SELF:
		return (uint64_t)getpid();
	case PATH:
		/* Each name has its place, the last page of the arena, so that no data is lost. */
		return (uintptr_t)strcpy(ARENA_AT + ARENA - 4096 + a->value * 32, paths[a->value]);
	case DATA:
		fill(a);
		return (uintptr_t)ARENA_AT + a->value;
	default:
		return a->value;
	}
}

/* Root reaches nobody but itself and its children. */
static uint64_t harmless_pid(uint64_t pid)
{
	for (unsigned i = 0; i < nchildren; i++)
		if ((int)pid == children[i])
			return pid;
	return (int)pid == getpid() || (int)pid >= 90000 ? pid : 0;
}

static void note_result(unsigned at, const struct call *c, const uint64_t a[6], long ret)
{
	static const uint64_t leave[6];
	int two[2];

	if (c->makes == W_PID && ret == 0)
		for (;;)
			raw_call(NR_EXIT, leave);
	if (c->makes == W_PID && ret > 0 && nchildren < CHILDREN)
		children[nchildren++] = ret;
	results[at] = ret;
	/* The pointer is the last argument but for pipe's flags: that of data. */
	for (int k = 0; c->makes_two && ret == 0 && k < c->nargs; k++) {
		if (c->arg[k].what != W_DATA || a[k] < (uintptr_t)ARENA_AT ||
		    a[k] > (uintptr_t)ARENA_AT + ARENA - sizeof(two))
			continue;
		memcpy(two, (void *)(uintptr_t)a[k], sizeof(two));
		results[at] = two[0];
		seconds[at] = two[1];
	}
}

static void one_step(const struct program *p, unsigned at)
{
	const struct step *s = &p->step[at];
	const struct call *c = &calls[s->call];
	uint64_t a[6];

	for (int k = 0; k < 6; k++) {
		a[k] = value_of(&s->arg[k]);
		if (p->is_root && k < c->nargs && c->arg[k].what == W_PID)
			a[k] = harmless_pid(a[k]);
	}
	/* A child that shares our memory needs a stack, or it runs over ours. */
	if (strcmp(c->name, "clone") == 0 && a[0] & 0x100)
		a[1] = (uintptr_t)ARENA_AT + ARENA / 2;
	note_result(at, c, a, raw_call(c->nr, a));
}

/* ---- a child's surroundings ---- */

static void limit(int which, rlim_t value)
{
	struct rlimit l = { value, value };

	setrlimit(which, &l);
}

/* Descriptors 3 to PRESETS - 1, one of each kind: the grammar knows which is which. */
static void files_make(void)
{
	int fd = open("a", O_RDWR | O_CREAT, 0666), ends[2], terminal, unlocked = 0;
	sigset_t all;

	if (fd >= 0 && ftruncate(fd, 10000) == 0)
		(void)open("b", O_RDWR | O_CREAT | O_APPEND, 0666);
	mkdir("d", 0777);
	(void)!symlink("a", "link");
	(void)!symlink("loop", "loop");
	mkfifo("fifo", 0666);
	(void)open("d", O_RDONLY | O_DIRECTORY);
	(void)open("/dev/zero", O_RDWR);
	terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	(void)open("/proc/self/maps", O_RDONLY);
	(void)!pipe2(ends, O_NONBLOCK);
	(void)epoll_create1(0);
	(void)eventfd(0, EFD_NONBLOCK);
	(void)timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	(void)memfd_create("memory", MFD_ALLOW_SEALING);
	(void)syscall(SYS_pidfd_open, getpid(), 0);
	(void)ioctl(terminal, TIOCSPTLCK, &unlocked);
	(void)ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
	sigfillset(&all);
	(void)signalfd(-1, &all, SFD_NONBLOCK);
}

static void surroundings(const struct program *p, uid_t uid)
{
	struct itimerval tick = { { 0, TICK_US }, { 0, TICK_US } };
	struct sigaction interrupt = { .sa_handler = on_signal };
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	setsid();
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close(null);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, 2);
	limit(RLIMIT_FSIZE, 1 << 20);
	limit(RLIMIT_NPROC, CHILDREN);
	limit(RLIMIT_AS, 64 << 20);
	limit(RLIMIT_NOFILE, 64);
	if (mmap(ARENA_AT, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		_exit(1);
	if (!p->is_root && (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0))
		_exit(1);
	files_make();
	sigaction(SIGALRM, &interrupt, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
}

void program_run(const struct program *p, uid_t uid, struct outcome *out, struct coverage *all)
{
	surroundings(p, uid);
	if (cover) {
		__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
		(void)ioctl(kcov, KCOV_ENABLE, 0);
		close(kcov);
	}
	for (unsigned i = 0; i < p->n; i++) {
		uint32_t fresh;

		one_step(p, i);
		fresh = coverage_collect(all);
		out->fresh += fresh;
		if (fresh)
			out->last_fresh = i + 1;
	}
	_exit(0);
}
