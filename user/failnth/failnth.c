/* SPDX-License-Identifier: MIT */
/*
 * Run a command again and again, failing in the kernel the first thing that
 * can fail, then the second, then the third, until a run meets no fault.
 *
 *	failnth [-rv] [-k KINDS] [-s SECONDS] [-m MAX] [-b FIRST] [-i STEP | -c COUNT] COMMAND...
 *
 * The command runs as nobody, or with -r as root: a program that believes a failed
 * fork() and kills process -1 should not take the system along.
 *
 * KINDS are words of /proc/self/fail-nth: alloc usercopy block completion.  With -c
 * there are about COUNT runs, spread over all that a first run without a fault could have
 * failed.  A run is over after SECONDS (5) at the latest; -v shows the command's output.
 *
 * What the command makes of a fault is its own affair.  The kernel lives; the call that
 * the fault struck succeeds all the same, or says what has failed (is_right()); and
 * nothing is lost (leaks.h).  One line:
 *
 *	ok failnth.COMMAND.KINDS N: good N, failed N, died N, killed N
 *	FAIL failnth.COMMAND.KINDS WHY
 */
#include <errno.h>
#include <fcntl.h>
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

static struct {
	const char *kinds;
	long seconds, max, first, step, count;
	bool verbose, as_root;
} options = { "", 5, 1000000, 1, 1, 0, false, false };

static struct {
	long all, good, bad, signalled, killed;
} runs;
static char why[128];           /* the first thing that was wrong */

struct outcome {
	int status;
	long left;              /* of the countdown; 0: the fault has struck */
	char call[32];          /* in which; "": none, or not known */
	long ret;
};

static void fail(const char *what)
{
	fprintf(stderr, "failnth: %s: %s\n", what, strerror(errno));
	exit(EXIT_NOT_RUN);
}

static void arm(int fd, long n)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "%ld %s", n, options.kinds);

	if (write(fd, text, (size_t)len) != len)
		fail("/proc/self/fail-nth");
}

/* The child arms itself and stays, to tell afterwards what has come of the fault. */
static void run_child(long n, char **argv, struct outcome *o)
{
	int fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);       /* later it might be what fails */
	char text[64] = "";
	pid_t pid;

	if (fd < 0 || null < 0)
		fail("/proc/self/fail-nth or /dev/null");
	arm(fd, n);
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
	while (pid > 0 && waitpid(pid, &o->status, 0) < 0 && errno == EINTR)
		;
	/* Reading may be what fails; then it has struck. */
	if (lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, sizeof(text) - 1) > 0)
		sscanf(text, "%ld %31s %ld", &o->left, o->call, &o->ret);
	if (pid < 0)
		o->status = EXIT_NOT_RUN << 8;
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
	static const struct { const char *kind; int errors[2]; } tell[] = {
		{ "alloc", { ENOMEM, EAGAIN } }, { "usercopy", { EFAULT, EFAULT } },
		{ "block", { EIO, EIO } }, { "completion", { EIO, EIO } },
	};

	/* Not results of theirs: a register of the program; what is only seen inside the kernel. */
	if (o->ret >= 0 || o->ret < -4095 || !strcmp(o->call, "rt_sigreturn") || o->ret <= -512 ||
	    o->ret == -EINTR)
		return true;
	for (size_t i = 0; i < sizeof(tell) / sizeof(tell[0]); i++)
		if ((!options.kinds[0] || strstr(options.kinds, tell[i].kind)) &&
		    (o->ret == -tell[i].errors[0] || o->ret == -tell[i].errors[1]))
			return true;
	return false;
}

static void judge(long n, const struct outcome *o)
{
	if (WIFSIGNALED(o->status))
		runs.signalled++;
	else if (WEXITSTATUS(o->status))
		runs.bad++;
	else
		runs.good++;
	if (options.verbose)
		fprintf(stderr, "failnth: run %ld: status %#x, %s %ld\n", n, o->status, o->call,
			o->ret);
	if (!why[0] && !is_right(o))
		snprintf(why, sizeof(why), "fault %ld made %s say %s", n, o->call,
			 strerror((int)-o->ret));
}

/* A process of its own for each run, with its group to be killed when time is up.  What is left. */
static long run(long n, char **argv)
{
	const struct timespec tick = { .tv_nsec = 1000 * 1000 };
	time_t end = time(NULL) + options.seconds;
	struct outcome o = { .status = 0 };
	int pipefd[2], status;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		setpgid(0, 0);
		run_child(n, argv, &o);
		(void)!write(pipefd[1], &o, sizeof(o));
		_exit(0);
	}
	setpgid(pid, pid);
	close(pipefd[1]);
	while (waitpid(pid, &status, WNOHANG) == 0 && time(NULL) <= end)
		nanosleep(&tick, NULL);
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	kill_leftovers();
	runs.all++;
	if (read(pipefd[0], &o, sizeof(o)) == sizeof(o))
		judge(n, &o);
	else
		runs.killed++;
	close(pipefd[0]);
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

	while ((c = getopt(argc, argv, "+rvk:s:m:b:i:c:")) != -1) {
		switch (c) {
		case 'r': options.as_root = true; break;
		case 'v': options.verbose = true; break;
		case 'k': options.kinds = optarg; break;
		case 's': options.seconds = atol(optarg); break;
		case 'm': options.max = atol(optarg); break;
		case 'b': options.first = atol(optarg); break;
		case 'i': options.step = atol(optarg); break;
		case 'c': options.count = atol(optarg); break;
		default: exit(2);
		}
	}
	if (optind == argc || options.first < 1 || options.step < 1) {
		fprintf(stderr, "usage: failnth [-rv] [-k KINDS] [-s SECONDS] [-m MAX] "
			"[-b FIRST] [-i STEP | -c COUNT] COMMAND...\n");
		exit(2);
	}
}

static void run_all(char **argv)
{
	long left = 0;

	for (long n = options.first; n <= options.max && !left; n += options.step)
		left = run(n, argv);
}

int main(int argc, char **argv)
{
	const char *leak;
	long left;

	parse(argc, argv);
	argv += optind;
	left = run(options.max, argv);          /* warm the caches, and count */
	if (options.count > 0)
		options.step = 1 + (options.max - left) / options.count;
	memset(&runs, 0, sizeof(runs));
	leaks_begin();
	run_all(argv);
	leak = leaks_end();
	for (int again = 1; leak && again < LEAK_RUNS; again++) {
		run_all(argv);
		leak = leaks_again();
	}
	if (!why[0] && leak)
		snprintf(why, sizeof(why), "%s", leak);
	print_name(why[0] ? "FAIL" : "ok", argv);
	if (why[0])
		printf(" %s\n", why);
	else
		printf(" %ld: good %ld, failed %ld, died %ld, killed %ld\n", runs.all, runs.good,
		       runs.bad, runs.signalled, runs.killed);
	return why[0] != '\0';
}
