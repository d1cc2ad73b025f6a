/* SPDX-License-Identifier: MIT */
/*
 * trace [-e EVENTS] [-o FILE] COMMAND [ARGUMENT]...
 *
 * Runs the command and tells what it and its children do, from the kernel's trace
 * rings (/proc/trace): system calls with their arguments and results, one line each,
 * or any other events: syscall, sched, block, all, or names of events, with
 * commas between.  Lines go to standard error or to FILE.  The exit status is the
 * command's.
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

enum { TIDS = 32768, BUFFER = 16 << 10, CALL_MAX = 240, POLL_NS = 5000000, ERRNO_MAX = 4095 };

/* What we follow: each with the text of the call that has not returned yet, or "". */
static char *pending[TIDS];
static bool shows_fork, shows_exec, shows_exit; /* lines about them are wanted */
static bool has_lost;                   /* results may come without their calls */
static FILE *out;

static void fail(const char *what)
{
	fprintf(stderr, "trace: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void follow(unsigned tid)
{
	if (tid < TIDS && !pending[tid] && !(pending[tid] = calloc(1, CALL_MAX)))
		fail("memory");
}

/* @parent has made @child, whose number one of ours may have had before. */
static void fork_line(unsigned parent, unsigned child)
{
	if (child >= TIDS)
		return;
	free(pending[child]);
	pending[child] = NULL;
	if (parent == (unsigned)getpid() || (parent < TIDS && pending[parent]))
		follow(child);
}

/* A thread that calls exec is its process's first one from now on; the call was the thread's. */
static void take_over(unsigned tid, unsigned was)
{
	if (was >= TIDS || was == tid || !pending[was])
		return;
	free(pending[tid]);
	pending[tid] = pending[was];
	pending[was] = NULL;
}

/* Results that only the kernel sees: the call will be made again. */
static const char *restart_name(long result)
{
	return result <= -512 && result >= -516 ? "interrupted, to be restarted" : NULL;
}

static void print_result(long result)
{
	const char *restart = restart_name(result);

	if (restart)
		fprintf(out, " = ? (%s)\n", restart);
	else if (result < 0 && result >= -ERRNO_MAX)
		fprintf(out, " = -1 (%s)\n", strerror((int)-result));
	else if (result >= 0 && result < 1 << 24)
		fprintf(out, " = %ld\n", result);
	else
		fprintf(out, " = %#lx\n", (unsigned long)result);
}

/* Between a call and its result other records were overwritten: maybe both belong to others. */
static void forget_calls(void)
{
	has_lost = true;
	for (unsigned tid = 0; tid < TIDS; tid++)
		if (pending[tid])
			pending[tid][0] = '\0';
}

static void result_line(const char *time, unsigned tid, const char *text)
{
	const char *equals = strstr(text, " = ");

	if (!equals || (!pending[tid][0] && !has_lost))
		return;
	fprintf(out, "%s %5u ", time, tid);
	if (pending[tid][0])
		fputs(pending[tid], out);
	else
		fprintf(out, "%.*s(...)", (int)(equals - text), text);
	print_result(strtol(equals + 3, NULL, 0));
	pending[tid][0] = '\0';
}

static void exit_line(const char *time, unsigned tid, const char *text)
{
	const char *code = strstr(text, "code=");
	int signo = code ? (int)strtol(code + 5, NULL, 16) & 127 : 0;

	if (pending[tid][0])
		fprintf(out, "%s %5u %s = ?\n", time, tid, pending[tid]);
	pending[tid][0] = '\0';
	if (signo)
		fprintf(out, "%s %5u killed by signal %d (%s)\n", time, tid, signo,
			strsignal(signo));
}

/* Consume the line if it is about a system call, or not wanted. */
static bool call_line(const char *time, unsigned tid, const char *event, const char *text)
{
	if (strcmp(event, "SYSCALL") == 0) {
		snprintf(pending[tid], CALL_MAX, "%s", text);
		return true;
	}
	if (strcmp(event, "SYSRET") == 0) {
		result_line(time, tid, text);
		return true;
	}
	if (strcmp(event, "EXIT") == 0)
		exit_line(time, tid, text);
	return (strcmp(event, "EXIT") == 0 && !shows_exit) ||
	       (strcmp(event, "EXEC") == 0 && !shows_exec) ||
	       (strcmp(event, "FORK") == 0 && !shows_fork);
}

static void line(char *text)
{
	char time[32], event[16];
	unsigned cpu, tid, other;
	int at = 0;

	if (strncmp(text, "lost ", 5) == 0) {
		fprintf(out, "%s\n", text);
		forget_calls();
		return;
	}
	if (sscanf(text, "%31s %u %u %15s %n", time, &cpu, &tid, event, &at) != 4 || !at)
		return;
	if (strcmp(event, "FORK") == 0 && sscanf(text + at, "child=%u", &other) == 1)
		fork_line(tid, other);
	if (tid >= TIDS || !pending[tid])
		return;
	if (strcmp(event, "EXEC") == 0 && sscanf(text + at, "was=%u", &other) == 1)
		take_over(tid, other);
	if (!call_line(time, tid, event, text + at))
		fprintf(out, "%s %5u %s %s\n", time, tid, event, text + at);
}

/* Read once.  True if there is more: not to the last line, for our own reading makes new ones. */
static bool drain(int fd)
{
	static char buffer[BUFFER + 1];
	ssize_t n = read(fd, buffer, BUFFER);
	char *save = NULL;

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		fail("/proc/trace");
	if (n <= 0)
		return false;
	buffer[n] = '\0';
	for (char *l = strtok_r(buffer, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		line(l);
	return n > BUFFER / 2;
}

/* The child waits until it is followed, then becomes the command. */
static pid_t start(char **argv, int *go)
{
	int ends[2];
	pid_t pid;
	char c;

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		close(ends[1]);
		if (read(ends[0], &c, 1) != 1)
			_exit(127);
		execvp(argv[0], argv);
		fprintf(stderr, "trace: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(ends[0]);
	*go = ends[1];
	return pid;
}

static int watch(int fd, pid_t pid)
{
	const struct timespec pause = { 0, POLL_NS };
	int status;

	for (;;) {
		pid_t done = waitpid(pid, &status, WNOHANG);

		while (drain(fd))
			;
		if (done == pid)
			break;
		nanosleep(&pause, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* @event is one of the @events, by its name or in a group. */
static bool asks_for(const char *events, const char *event)
{
	const char *const names[] = { event, "sched", "process", "all", "default" };
	size_t length;

	for (; *events; events += length + (events[length] == ',')) {
		length = strcspn(events, ",");
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i]) == length && memcmp(names[i], events, length) == 0)
				return true;
	}
	return false;
}

/* These are always needed, to know who is who. */
static void choose(int fd, const char *events)
{
	char words[256];

	shows_fork = asks_for(events, "FORK");
	shows_exec = asks_for(events, "EXEC");
	shows_exit = asks_for(events, "EXIT");
	snprintf(words, sizeof(words), "%s,FORK,EXEC,EXIT", events);
	if (write(fd, words, strlen(words)) < 0)
		fail(events);
}

int main(int argc, char **argv)
{
	const char *events = "syscall", *name = NULL;
	int option, fd, go;
	pid_t pid;

	while ((option = getopt(argc, argv, "+e:o:")) != -1) {
		if (option == 'e')
			events = optarg;
		else if (option == 'o')
			name = optarg;
		else
			return 2;
	}
	if (optind == argc) {
		fputs("usage: trace [-e EVENTS] [-o FILE] COMMAND [ARGUMENT]...\n", stderr);
		return 2;
	}
	out = name ? fopen(name, "we") : stderr;
	if (!out)
		fail(name);
	fd = open("/proc/trace", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fail("/proc/trace");
	pid = start(argv + optind, &go);
	follow((unsigned)pid);
	choose(fd, events);
	signal(SIGINT, SIG_IGN);
	if (write(go, "x", 1) != 1)
		fail("start");
	return watch(fd, pid);
}
