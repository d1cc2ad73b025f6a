/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer of system calls, guided by coverage.
 *
 *	callfuzz [-s SEED] [-t SECONDS] [-j JOBS] [-o JOURNAL]
 *	callfuzz -x PROGRAMS [-n TIMES]		run these and nothing else
 *
 * Workers make programs (callfuzz.h) and run each in a child.  Where the kernel
 * has /dev/kcov, a program that came where none had been is kept, cut behind the call
 * that did, and others are made from it by changing it.  Workers share what they keep.
 * A quarter runs as root, without what ends the system by right.
 *
 * What a worker makes follows from its seed and what was kept before; each program is
 * written to JOURNAL (a disk that survives the guest) before it runs, as text that -x takes.
 *
 * The kernel is at fault when it panics, and when a child cannot be killed: then the
 * status is 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "callfuzz.h"

enum {
	KEEP = 4096,                    /* programs */
	RUN_MS = 500,
	KILL_MS = 120000,
	TELL_S = 5,
	SLOTS = 8,                      /* last programs of a worker in the journal */
};

struct shared {
	struct coverage coverage;
	uint64_t runs, late;            /* atomic; late: those that had to be killed */
	uint32_t nkept;                 /* atomic; may pass KEEP */
	bool stop;
	struct kept {
		bool is_ready;          /* store-release: p is whole */
		struct program p;
	} kept[KEEP];
	struct outcome outcome[64];     /* of each worker's child */
};

static struct {
	uint64_t seed;
	double seconds;
	unsigned jobs;
	long times;
	const char *journal, *programs;
} options = { 1, 10, 0, 1, NULL, NULL };

static struct shared *shared;
static int journal = -1;
static unsigned worker;                 /* this one's number */
static char scratch[64];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void journal_write(const struct program *p)
{
	static unsigned turn;
	char text[TEXT];

	if (journal < 0)
		return;
	memset(text, 0, sizeof(text));
	program_print(p, text);
	if (pwrite(journal, text, TEXT, (off_t)(worker * SLOTS + turn++ % SLOTS) * TEXT) != TEXT ||
	    fdatasync(journal) < 0) {
		perror("callfuzz: journal");
		exit(2);
	}
}

/* ---- scratch directories ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	remove(path);
	return 0;
}

/* An empty directory; what most programs leave behind goes the quick way. */
static void scratch_make(void)
{
	static const char *const usual[] = { "a", "b", "c", "link", "loop", "fifo", "d/a",
					     "d/b", "d" };
	static const char *const mounted[] = { "d/a", "d", "a" };

	for (size_t i = 0; scratch[0] && i < sizeof(mounted) / sizeof(mounted[0]); i++)
		while (umount2(mounted[i], MNT_DETACH) == 0)
			;

	for (size_t i = 0; scratch[0] && i < sizeof(usual) / sizeof(usual[0]); i++)
		remove(usual[i]);
	snprintf(scratch, sizeof(scratch), "/tmp/callfuzz.%u", worker);
	if (chdir("/tmp") < 0)
		exit(2);
	if (rmdir(scratch) < 0 && errno != ENOENT)
		nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	mkdir(scratch, 0777);
	if (chdir(scratch) < 0)
		exit(2);
}

/* ---- a run ---- */

/* Wait for children until @pid is one that has ended (-1: until none is left) or @ms are over. */
static bool reap(pid_t pid, int ms)
{
	const double end = now() + ms / 1e3;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		const struct timespec tick = { .tv_nsec = 50 * 1000 * 1000 };
		pid_t got;

		while ((got = waitpid(-1, NULL, WNOHANG)) > 0)
			if (got == pid)
				return true;
		if (got < 0 && errno == ECHILD)
			return true;
		if (now() > end)
			return false;
		sigtimedwait(&set, NULL, &tick);
	}
}

/* All that this worker's user has. */
static void sweep(uid_t uid)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setuid(uid) == 0)
			kill(-1, SIGKILL);
		_exit(0);
	}
}

/* False: something cannot be killed. */
static bool run_end(pid_t pid, uid_t uid)
{
	if (!reap(pid, RUN_MS))
		__atomic_fetch_add(&shared->late, 1, __ATOMIC_RELAXED);
	kill(pid, SIGKILL);
	kill(-pid, SIGKILL);
	if (reap(-1, 20))
		return true;
	sweep(uid);
	return reap(-1, KILL_MS);
}

static const struct outcome *run(const struct program *p)
{
	struct outcome *out = &shared->outcome[worker];
	uid_t uid = (uid_t)(FIRST_UID + worker);
	char text[TEXT];
	pid_t pid;

	memset(out, 0, sizeof(*out));
	journal_write(p);
	scratch_make();
	pid = fork();
	if (pid == 0 && journal >= 0)
		close(journal);
	if (pid == 0)
		program_run(p, uid, out, &shared->coverage);
	if (pid < 0 || !run_end(pid, uid)) {
		program_print(p, text);
		printf("FAIL callfuzz: %s\n%s",
		       pid < 0 ? "no process" : "a child does not die", text);
		fflush(stdout);
		exit(1);
	}
	__atomic_fetch_add(&shared->runs, 1, __ATOMIC_RELAXED);
	return out;
}

/* ---- a worker ---- */

static const struct program *pick(struct rng *r)
{
	uint32_t n = __atomic_load_n(&shared->nkept, __ATOMIC_RELAXED);
	const struct kept *k;

	n = n < KEEP ? n : KEEP;
	if (!n)
		return NULL;
	/* The later half, which is where the work is, as often as everything. */
	k = &shared->kept[chance(r, 50) ? below(r, n) : n - 1 - below(r, (n + 1) / 2)];
	return __atomic_load_n(&k->is_ready, __ATOMIC_ACQUIRE) && program_is_sane(&k->p) ? &k->p :
	       NULL;
}

static void keep(const struct program *p, uint32_t nsteps)
{
	uint32_t at = __atomic_fetch_add(&shared->nkept, 1, __ATOMIC_RELAXED);

	if (at >= KEEP)
		return;
	shared->kept[at].p = *p;
	shared->kept[at].p.n = (uint8_t)nsteps;
	__atomic_store_n(&shared->kept[at].is_ready, true, __ATOMIC_RELEASE);
}

static void work(void)
{
	struct rng r;
	struct program p;

	rng_seed(&r, options.seed + worker);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		const struct program *from = chance(&r, 80) ? pick(&r) : NULL, *other = pick(&r);
		const struct outcome *out;

		if (from) {
			p = *from;
			for (uint64_t n = 1 + below(&r, 4); n; n--)
				program_mutate(&p, other ? other : from, &r);
		} else {
			program_make(&p, &r, chance(&r, 25));
		}
		out = run(&p);
		if (out->fresh && out->last_fresh <= p.n)
			keep(&p, out->last_fresh);
	}
}

/* The programs of a file, one after the other. */
static void replay(void)
{
	static char text[1 << 20];
	int fd = open(options.programs, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	struct program p;

	if (n < 0) {
		perror(options.programs);
		exit(2);
	}
	for (long i = 0; i < options.times; i++) {
		const char *at = text;

		while (program_parse(&p, &at))
			run(&p);
		if (*at) {
			printf("callfuzz: no program: %.60s\n", at);
			exit(2);
		}
	}
}

static pid_t worker_start(unsigned number)
{
	pid_t pid = fork();
	sigset_t set;

	if (pid != 0)
		return pid;
	worker = number;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (!coverage_open() && !worker)
		printf("callfuzz: no /dev/kcov: blind\n");
	fflush(stdout);
	if (options.programs)
		replay();
	else
		work();
	exit(0);
}

static void tell(double start)
{
	uint32_t n = __atomic_load_n(&shared->nkept, __ATOMIC_RELAXED);

	printf("callfuzz: %.0f s, %lu executions, %lu edges, %u kept, %lu killed\n", now() - start,
	       (long)__atomic_load_n(&shared->runs, __ATOMIC_RELAXED),
	       (long)__atomic_load_n(&shared->coverage.edges, __ATOMIC_RELAXED),
	       n < KEEP ? n : KEEP,
	       (long)__atomic_load_n(&shared->late, __ATOMIC_RELAXED));
	fflush(stdout);
}

/* Tell how it goes until all workers have ended; the worst status. */
static int watch(double start)
{
	const struct timespec tick = { .tv_nsec = 100 * 1000 * 1000 };
	double told = start;
	int worst = 0, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) >= 0) {
		if (pid > 0) {
			int code = WIFEXITED(status) ? WEXITSTATUS(status) : 2;

			if (WIFSIGNALED(status))
				printf("callfuzz: a worker died of signal %d\n", WTERMSIG(status));
			worst = code > worst ? code : worst;
		}
		if ((!options.programs && now() > start + options.seconds) || worst)
			__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
		if (now() > told + TELL_S) {
			told = now();
			tell(start);
		}
		nanosleep(&tick, NULL);
	}
	tell(start);
	return worst;
}

static void parse(int argc, char **argv)
{
	int option;

	options.jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	while ((option = getopt(argc, argv, "s:t:j:o:x:n:")) != -1) {
		switch (option) {
		case 's': options.seed = strtoull(optarg, NULL, 0); break;
		case 't': options.seconds = atof(optarg); break;
		case 'j': options.jobs = (unsigned)atoi(optarg); break;
		case 'o': options.journal = optarg; break;
		case 'x': options.programs = optarg; break;
		case 'n': options.times = atol(optarg); break;
		default: exit(2);
		}
	}
	if (!options.jobs || options.jobs > 64)
		exit(2);
}

int main(int argc, char **argv)
{
	double start = now();
	int status;

	umask(0);
	parse(argc, argv);
	grammar_init();
	if (options.journal)
		journal = fcntl(open(options.journal, O_RDWR), F_DUPFD_CLOEXEC, 201);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || (options.journal && journal < 0)) {
		perror("callfuzz");
		return 2;
	}
	for (unsigned i = 0; i < options.jobs; i++)
		if (worker_start(i) < 0)
			return 2;
	status = watch(start);
	printf("%s callfuzz: seed %lu\n", status ? "FAIL" : "ok", (long)options.seed);
	return status;
}
