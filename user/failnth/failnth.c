/* SPDX-License-Identifier: MIT */
/*
 * Run a command again and again, failing in the kernel the first thing that
 * can fail, then the second, then the third, until a run meets no fault.
 *
 *	failnth [-rv] [-k KINDS] [-s SECONDS] [-m MAX] [-b FIRST] [-i STEP] COMMAND...
 *
 * The command runs as nobody, or with -r as root: a program that believes a failed
 * fork() and kills process -1 should not take the system along.
 *
 * KINDS are words of /proc/self/fail-nth: alloc usercopy block completion.  A run is over
 * after SECONDS (5) at the latest.  What the command makes of a fault is its own
 * affair; that the kernel lives and loses nothing is what this is for.  The
 * last lines say how often the command succeeded, failed, died of a signal or had to be
 * killed, and by how much the kernel's memory grew.  -v shows the command's output.
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

enum { EXIT_NOT_RUN = 125, NOBODY = 65534 };

static struct {
	const char *kinds;
	long seconds, max, first, step;
	bool verbose, as_root;
} options = { "", 5, 1000000, 1, 1, false, false };

static struct {
	long good, bad, signalled, killed;
} runs;

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

static void silence(void)
{
	int fd = open("/dev/null", O_RDWR);

	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

/* The child arms itself and stays, to tell afterwards whether the fault has struck. */
static int run_child(long n, char **argv, bool *is_over)
{
	int fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	char left[16] = "";
	int status = 0;
	pid_t pid;

	if (fd < 0)
		fail("/proc/self/fail-nth");
	arm(fd, n);
	pid = fork();
	if (pid == 0) {
		if (!options.verbose)
			silence();
		if (!options.as_root && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
			_exit(EXIT_NOT_RUN);
		execvp(argv[0], argv);
		_exit(EXIT_NOT_RUN);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Reading may be what fails; then it has struck. */
	*is_over = lseek(fd, 0, SEEK_SET) == 0 && read(fd, left, sizeof(left) - 1) > 0 &&
		   strtol(left, NULL, 10) > 0;
	return pid < 0 ? EXIT_NOT_RUN << 8 : status;
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

struct outcome {
	int status;
	bool is_over;
};

/* A process of its own for each run, with its group to be killed when time is up. */
static bool run(long n, char **argv)
{
	const struct timespec tick = { .tv_nsec = 1000 * 1000 };
	time_t end = time(NULL) + options.seconds;
	struct outcome o = { .status = 0 };
	int pipefd[2], status;
	pid_t pid;

	if (options.verbose)
		fprintf(stderr, "failnth: run %ld\n", n);
	if (pipe2(pipefd, O_CLOEXEC) < 0)
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		setpgid(0, 0);
		o.status = run_child(n, argv, &o.is_over);
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
	if (read(pipefd[0], &o, sizeof(o)) != sizeof(o))
		runs.killed++;
	else if (WIFSIGNALED(o.status))
		runs.signalled++;
	else if (WEXITSTATUS(o.status))
		runs.bad++;
	else
		runs.good++;
	close(pipefd[0]);
	return o.is_over;
}

/* Bytes in objects of the kernel, caches emptied first. */
static long kernel_memory(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	FILE *f = fopen("/proc/slabinfo", "r");
	char line[160], name[64];
	long used, all, size, sum = 0;

	sync();
	if (fd >= 0) {
		(void)!write(fd, "3", 1);
		close(fd);
	}
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld %ld %ld", name, &used, &all, &size) == 4)
			sum += used * size;
	if (f)
		fclose(f);
	return sum;
}

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+rvk:s:m:b:i:")) != -1) {
		switch (c) {
		case 'r': options.as_root = true; break;
		case 'v': options.verbose = true; break;
		case 'k': options.kinds = optarg; break;
		case 's': options.seconds = atol(optarg); break;
		case 'm': options.max = atol(optarg); break;
		case 'b': options.first = atol(optarg); break;
		case 'i': options.step = atol(optarg); break;
		default: exit(2);
		}
	}
	if (optind == argc || options.first < 1 || options.step < 1) {
		fprintf(stderr, "usage: failnth [-rv] [-k KINDS] [-s SECONDS] [-m MAX] "
			"[-b FIRST] [-i STEP] COMMAND...\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	bool is_over = false;
	long before, n;

	parse(argc, argv);
	run(options.max, argv + optind);        /* warm the caches */
	runs.good = runs.bad = runs.signalled = runs.killed = 0;
	before = kernel_memory();
	for (n = options.first; n <= options.max && !is_over; n += options.step)
		is_over = run(n, argv + optind);
	printf("failnth: %s: %ld good, %ld failed, %ld died, %ld killed; "
	       "kernel memory %+ld bytes\n",
	       argv[optind], runs.good, runs.bad, runs.signalled, runs.killed,
	       kernel_memory() - before);
	return 0;
}
