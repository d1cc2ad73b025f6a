/* SPDX-License-Identifier: MIT */
/*
 * Run a command again and again, failing in the kernel the first thing that
 * can fail, then the second, then the third, until a run meets no fault.
 *
 *	failnth [-rv] [-k KINDS] [-s SECONDS] [-t SECONDS] [-m MAX] [-b FIRST] [-a ARGUMENT]
 *		[-i STEP | -c COUNT] COMMAND...
 *
 * The command runs as nobody, or with -r as root: a program that believes a failed
 * fork() and kills process -1 should not take the system along.
 *
 * KINDS are words of /proc/self/fail-nth: alloc usercopy block completion.  A first run
 * without a fault counts what can fail; if that is nothing there is no other.  With -c there
 * are about COUNT runs, spread over all of it; with -t no more than fit in so many seconds, but
 * two.  With -a COMMAND is a program and words: it runs with each word alone, and what it has with
 * this ARGUMENT is passed over (how it is started); leaks are looked for at the end.  A run that
 * takes more than four times as long as the first, and SECONDS (2) on top, is killed: the command
 * waits for what could not be made; what the fault made of which call is told.  -v shows its
 * output.
 *
 * What the command makes of a fault is its own affair.  The kernel lives; the call that
 * the fault struck succeeds all the same, or says what has failed (is_right()), or says what it
 * says without the fault too (a run that only looks); and nothing is lost (leaks.h).  One line, of
 * N runs and what the command's status said:
 *
 *	ok failnth.COMMAND.KINDS N: faults N, good N, failed N, died N, killed N [CALL RESULT]...
 *	FAIL failnth.COMMAND.KINDS WHY
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "leaks.h"

enum { EXIT_NOT_RUN = 125, NOBODY = 65534 };
enum { FIRST_SECONDS = 120, TELL_SECONDS = 1, RUNS_MIN = 2, RUNS_ALONE = 4 };

static struct {
	const char *kinds, *alone;
	long seconds, budget, max, first, step, count;
	bool verbose, as_root;
} options = { .kinds = "", .seconds = 2, .max = 1000000, .first = 1, .step = 1 };

static struct {
	long all, faults, good, bad, signalled, killed;
} runs;
static double limit = FIRST_SECONDS;    /* of a run, in seconds */
static char why[128];           /* the first thing that was wrong */
static char hung[128];          /* what the fault made of which call, before a run was killed */

struct outcome {
	int status;             /* < 0: it had to be killed */
	long left;              /* of the countdown; 0: the fault has struck */
	char call[32];          /* in which; "": none, or not known */
	long ret;
};

static void fail(const char *what)
{
	fprintf(stderr, "failnth: %s: %s\n", what, strerror(errno));
	exit(EXIT_NOT_RUN);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void arm(int fd, long n, const char *look)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "%ld %s%s", n, options.kinds, look);

	if (write(fd, text, (size_t)len) != len)
		fail("/proc/self/fail-nth");
}

static volatile sig_atomic_t is_time_up;

static void on_time_up(int signo)
{
	(void)signo;
	is_time_up = 1;
}

/* The child arms itself and stays, to tell afterwards what has come of the fault. */
static void run_child(long n, const char *look, char **argv, struct outcome *o)
{
	int fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);       /* later it might be what fails */
	char text[64] = "";
	pid_t pid;

	if (fd < 0 || null < 0)
		fail("/proc/self/fail-nth or /dev/null");
	o->status = EXIT_NOT_RUN << 8;          /* if waiting is what fails */
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_time_up }, NULL);
	arm(fd, n, look);
	pid = fork();
	if (pid == 0) {
		if (!options.verbose) {
			dup2(null, STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
		}
		if (!options.as_root && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
			_exit(EXIT_NOT_RUN);
		execvp(argv[0], argv);
		_exit(EXIT_NOT_RUN);
	}
	while (pid > 0 && waitpid(pid, &o->status, 0) < 0 && errno != ECHILD && !is_time_up)
		;
	if (is_time_up)
		o->status = -1;
	o->left = 0;            /* if reading is what fails */
	if (lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, sizeof(text) - 1) > 0)
		sscanf(text, "%ld %31s %ld", &o->left, o->call, &o->ret);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)type;
	if (at->level > 0 && (options.as_root || st->st_uid == NOBODY))
		remove(path);
	return 0;
}

/* Files of a test that did not come to clear up: a fault may have struck the one who does. */
static void remove_leftovers(void)
{
	nftw("/tmp", remove_one, 8, FTW_DEPTH | FTW_PHYS);
	nftw("/var/tmp", remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Orphans that left the group: all that nobody has. */
static void kill_leftovers(void)
{
	pid_t pid = options.as_root ? -1 : fork();

	if (pid == 0) {
		if (setuid(NOBODY) == 0)
			kill(-1, SIGKILL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* The result of a call that a fault struck: it went well, was interrupted, or tells the fault. */
static bool is_right(const struct outcome *o)
{
	/* No memory for an inode of tmpfs is no space, for a lock no lock: as on Linux. */
	static const struct { const char *kind; int errors[4]; } tell[] = {
		{ "alloc", { ENOMEM, EAGAIN, ENOSPC, ENOLCK } }, { "usercopy", { EFAULT } },
		{ "block", { EIO } }, { "completion", { EIO } },
	};

	/*
	 * Not results of theirs: a register of the program; what is only seen inside the kernel;
	 * EPIPE, which was to be said, and its signal is what failed.
	 */
	if (o->ret >= 0 || o->ret < -4095 || !strcmp(o->call, "rt_sigreturn") || o->ret <= -512 ||
	    o->ret == -EINTR || o->ret == -EPIPE)
		return true;
	for (size_t i = 0; i < sizeof(tell) / sizeof(tell[0]); i++)
		for (int e = 0; e < 4; e++)
			if ((!options.kinds[0] || strstr(options.kinds, tell[i].kind)) &&
			    o->ret == -tell[i].errors[e])
				return true;
	return false;
}

static void judge_killed(const struct outcome *o)
{
	size_t len = strlen(hung);

	if (limit == FIRST_SECONDS)
		snprintf(why, sizeof(why), "without a fault not over after %d s", FIRST_SECONDS);
	runs.killed++;
	snprintf(hung + len, sizeof(hung) - len, "%s%s %ld", len ? ", " : " ",
		 o->call[0] ? o->call : "-", o->ret);
}

static void judge(long n, const struct outcome *o)
{
	if (o->status < 0)
		judge_killed(o);
	else if (WIFSIGNALED(o->status))
		runs.signalled++;
	else if (WEXITSTATUS(o->status))
		runs.bad++;
	else
		runs.good++;
	runs.faults += !o->left;
	if (options.verbose)
		fprintf(stderr, "failnth: run %ld: status %#x, %s %ld\n", n, o->status, o->call,
			o->ret);
}

/* True when @pid is over, within @seconds.  Looks again and again, as wait_limited() of test.c. */
static bool wait_limited(pid_t pid, double seconds)
{
	const struct timespec tick = { .tv_nsec = 1000 * 1000 };
	double end = now() + seconds;

	while (waitpid(pid, NULL, WNOHANG) != pid) {
		if (now() > end)
			return false;
		nanosleep(&tick, NULL);
	}
	return true;
}

/* When time is up it may still tell where the fault has struck; then its group is killed. */
static void wait_and_end(pid_t pid)
{
	bool is_over = wait_limited(pid, limit);

	if (!is_over) {
		kill(pid, SIGTERM);
		is_over = wait_limited(pid, TELL_SECONDS);
	}
	kill(-pid, SIGKILL);
	if (!is_over)
		waitpid(pid, NULL, 0);
	kill_leftovers();
	remove_leftovers();
}

/* What is read from a cache cannot fail on the disk. */
static void empty_caches(void)
{
	int fd;

	if (!strstr(options.kinds, "block") && !strstr(options.kinds, "completion"))
		return;
	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	(void)!write(fd, "3", 1);
	close(fd);
}

/* A process of its own for each run, with its group. */
static struct outcome run_once(long n, const char *look, char **argv)
{
	struct outcome o = { .status = -1, .left = options.max };       /* if it says nothing */
	int pipefd[2];
	pid_t pid;

	empty_caches();
	if (pipe2(pipefd, O_CLOEXEC) < 0)
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		setpgid(0, 0);
		run_child(n, look, argv, &o);
		while (write(pipefd[1], &o, sizeof(o)) < 0)
			;       /* it may be what fails: once */
		_exit(0);
	}
	setpgid(pid, pid);
	close(pipefd[1]);
	wait_and_end(pid);
	(void)!read(pipefd[0], &o, sizeof(o));
	close(pipefd[0]);
	return o;
}

/* What the call that would have been struck says for itself: the test may ask for an EFAULT. */
static bool is_meant(long n, const struct outcome *struck, char **argv)
{
	struct outcome o = run_once(n, " look", argv);

	return !strcmp(o.call, struck->call) && o.ret == struck->ret;
}

/* What is left. */
static long run(long n, char **argv)
{
	struct outcome o = run_once(n, "", argv);

	runs.all++;
	judge(n, &o);
	if (!why[0] && !is_right(&o) && !is_meant(n, &o, argv))
		snprintf(why, sizeof(why), "fault %ld made %s say %s", n, o.call,
			 strerror((int)-o.ret));
	return o.left;
}

/* SUITE.TEST.KIND of a contract program's arguments. */
static void print_name(const char *verdict, char **argv)
{
	const char *slash = strrchr(argv[0], '/');

	printf("%s failnth.%s", verdict, slash ? slash + 1 : argv[0]);
	for (int i = 1; argv[i]; i++)
		printf(".%s", argv[i]);
	printf(".%s", options.kinds[0] ? options.kinds : "any");
}

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+rvk:s:t:m:b:a:i:c:")) != -1) {
		switch (c) {
		case 'r': options.as_root = true; break;
		case 'v': options.verbose = true; break;
		case 'k': options.kinds = optarg; break;
		case 's': options.seconds = atol(optarg); break;
		case 't': options.budget = atol(optarg); break;
		case 'm': options.max = atol(optarg); break;
		case 'b': options.first = atol(optarg); break;
		case 'a': options.alone = optarg; break;
		case 'i': options.step = atol(optarg); break;
		case 'c': options.count = atol(optarg); break;
		default: exit(2);
		}
	}
	if (optind == argc || options.first < 1 || options.step < 1) {
		fprintf(stderr, "usage: failnth [-rv] [-k KINDS] [-s SECONDS] [-t SECONDS] "
			"[-m MAX] [-b FIRST] [-a ARGUMENT] [-i STEP | -c COUNT] COMMAND...\n");
		exit(2);
	}
}

/* Until a run meets no fault.  If that is not known of one that was killed: to @countable. */
static void run_all(long countable, char **argv)
{
	long left = 0;

	for (long n = options.first; n <= options.max && !left; n += options.step) {
		left = run(n, argv);
		if (left == options.max)
			left = n >= options.first + countable;
	}
}

/* What can fail in a run without a fault; it takes as long as it takes, and fills the caches. */
static long count(char **argv)
{
	return options.max - run(options.max, argv);
}

static long count_and_time(char **argv)
{
	long n, fit = options.count;
	double start = now(), took;

	limit = FIRST_SECONDS;
	why[0] = hung[0] = '\0';
	n = count(argv) - options.first + 1;
	memset(&runs, 0, sizeof(runs));
	took = now() - start;
	limit = 4 * took + (double)options.seconds;
	if (options.budget > 0 && took * (double)fit > (double)options.budget)
		fit = (long)((double)options.budget / took);
	if (options.count > 0)
		options.step = 1 + n / (fit > RUNS_MIN ? fit : RUNS_MIN);
	return n;
}

static void tell(char **argv, long countable)
{
	print_name(why[0] ? "FAIL" : "ok", argv);
	if (why[0])
		printf(" %s\n", why);
	else if (countable <= 0)
		printf(" nothing can fail\n");
	else
		printf(" %ld: faults %ld, good %ld, failed %ld, died %ld, killed %ld%s\n", runs.all,
		       runs.faults, runs.good, runs.bad, runs.signalled, runs.killed, hung);
	fflush(stdout);
}

static void note_leak(const char *leak)
{
	if (!why[0] && leak)
		snprintf(why, sizeof(why), "%s", leak);
}

/* The command with each fault in turn; what is lost, if it is lost each time. */
static long run_and_find_leaks(char **argv)
{
	long countable = count_and_time(argv);
	const char *leak;

	if (countable <= 0)
		return countable;
	leaks_begin();
	run_all(countable, argv);
	leak = leaks_end();
	for (int again = 1; leak && again < LEAK_RUNS; again++) {
		run_all(countable, argv);
		leak = leaks_again();
	}
	note_leak(leak);
	return countable;
}

static bool run_command(char **argv)
{
	tell(argv, run_and_find_leaks(argv));
	return !why[0];
}

/* The program with each of the words in turn, and what all have lost; if so, which of them. */
static bool run_each(char **argv)
{
	char *one[] = { argv[0], (char *)options.alone, NULL };
	bool is_good = true;

	leaks_begin();
	options.first = options.max;
	for (int i = 0; i < RUNS_ALONE; i++) {
		long n = count(one);    /* more, while the caches are filled */

		options.first = n < options.first ? n + 1 : options.first;
	}
	for (int i = 1; argv[i]; i++) {
		long countable;

		one[1] = argv[i];
		countable = count_and_time(one);
		if (countable > 0)
			run_all(countable, one);
		is_good &= !why[0];
		tell(one, countable);
	}
	if (!leaks_end())
		return is_good;
	for (int i = 1; argv[i]; i++) {
		one[1] = argv[i];
		run_and_find_leaks(one);
		if (why[0])
			tell(one, 1);
		is_good &= !why[0];
	}
	return is_good;
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	argv += optind;
	return !(options.alone ? run_each(argv) : run_command(argv));
}
