/* SPDX-License-Identifier: MIT */
/* Bash as it is, with job control, driven through a pseudo-terminal. */
#include "terminal.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROMPT "<prompt> "

struct shell {
	struct terminal t;
	int pid;
	char text[16 << 10];    /* what it has shown and nobody has looked at */
	size_t len;
};

static struct shell the_shell;

static void become_shell(struct terminal *t)
{
	static char *const argv[] = { "bash", "--norc", "--noprofile", "--noediting", "-i", NULL };
	static char *const envp[] = { "PS1=" PROMPT, "TERM=dumb", "HOME=/",
				      "PATH=/usr/bin:/bin:/usr/sbin:/sbin", NULL };

	for (int i = 0; i < 3; i++)
		dup2(t->slave, i);
	close(t->slave);
	close(t->master);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	execve("/bin/bash", argv, envp);
	_exit(126);
}

/* Show more until @text is there; it and what is before are taken off. */
static void expect(struct shell *sh, const char *text)
{
	char *found;

	while (!(found = strstr(sh->text, text))) {
		ssize_t n = read(sh->t.master, sh->text + sh->len, sizeof(sh->text) - 1 - sh->len);

		if (n <= 0)
			test_fail(__FILE__, __LINE__, text, 1, n < 0 ? -errno : 0);
		sh->len += n;
		sh->text[sh->len] = '\0';
	}
	found += strlen(text);
	sh->len -= found - sh->text;
	memmove(sh->text, found, sh->len + 1);
}

static struct shell *shell_start(void)
{
	struct shell *sh = &the_shell;

	terminal_open(&sh->t);
	sh->pid = terminal_session(&sh->t, become_shell);
	EXPECT_EQ(0, close(sh->t.slave));
	expect(sh, PROMPT);
	return sh;
}

static void type(struct shell *sh, const char *text)
{
	terminal_type(sh->t.master, text);
}

/* A line, and what the shell says to it before the next prompt. */
static void says(struct shell *sh, const char *line, const char *answer)
{
	type(sh, line);
	expect(sh, "\r\n");     /* the echo */
	if (answer)
		expect(sh, answer);
	expect(sh, PROMPT);
}

static void shell_end(struct shell *sh)
{
	int status;

	type(sh, "exit 7\n");
	EXPECT_EQ(sh->pid, waitpid(sh->pid, &status, 0));
	EXPECT_EQ(7 << 8, status);
}

TEST(runs_commands)
{
	struct shell *sh = shell_start();

	says(sh, "echo one; echo two\n", "one\r\ntwo\r\n");
	says(sh, "echo wro\027echo right\n", "right\r\n");
	says(sh, "[ -t 0 ] && tty\n", terminal_name(sh->t.master));
	shell_end(sh);
}

TEST(interrupt_key)
{
	struct shell *sh = shell_start();

	type(sh, "bash -c 'echo rea\"\"dy; sleep 1000'\n");
	expect(sh, "\r\nready\r\n");
	type(sh, "\003");
	expect(sh, PROMPT);
	says(sh, "echo $?\n", "130\r\n");
	/* Bash itself ignores this key; cat does not. */
	type(sh, "cat\nthere\n");
	expect(sh, "there\r\nthere\r\n");
	type(sh, "\034");
	expect(sh, PROMPT);
	says(sh, "echo $?\n", "131\r\n");
	/* At the prompt it only gives a new one. */
	type(sh, "half a line\003");
	expect(sh, PROMPT);
	says(sh, "echo $?\n", "130\r\n");
	shell_end(sh);
}

TEST(stop_and_foreground)
{
	struct shell *sh = shell_start();

	type(sh, "cat\n");
	expect(sh, "\r\n");
	for (int i = 0; i < 5; i++) {
		type(sh, "to it\n");
		expect(sh, "to it\r\nto it\r\n");
		type(sh, "\032");
		expect(sh, "Stopped");
		expect(sh, PROMPT);
		says(sh, "jobs\n", "Stopped");
		type(sh, "fg\n");
		expect(sh, "cat\r\n");
	}
	type(sh, "to it\n");
	expect(sh, "to it\r\nto it\r\n");
	type(sh, "\003");
	expect(sh, PROMPT);
	says(sh, "echo $?\n", "130\r\n");
	says(sh, "jobs | wc -l\n", "0\r\n");
	shell_end(sh);
}

TEST(stop_and_background)
{
	struct shell *sh = shell_start();

	type(sh, "bash -c 'echo rea\"\"dy; exec sleep 1000'\n");
	expect(sh, "\r\nready\r\n");
	type(sh, "\032");
	expect(sh, "Stopped");
	expect(sh, PROMPT);
	says(sh, "echo $?\n", "148\r\n");
	says(sh, "bg\n", "[1]+");
	says(sh, "jobs\n", "Running");
	/* The key is for the foreground only. */
	type(sh, "\003");
	expect(sh, PROMPT);
	says(sh, "jobs\n", "Running");
	says(sh, "kill %1; wait %1; echo $?\n", "143\r\n");
	shell_end(sh);
}

TEST(wait_for_jobs)
{
	struct shell *sh = shell_start();

	says(sh, "(exit 3) & wait $!; echo $?\n", "3\r\n");
	says(sh, "(exit 1) & (exit 2) & wait; echo all\n", "all\r\n");
	/* Bash misses a key between its last look at signals and its sleep: type when it sleeps. */
	type(sh, "(until grep -q '^State:.S' /proc/$$/status; do :; done; "
		 "echo star\"\"ted; exec sleep 1000) & wait\n");
	expect(sh, "started\r\n");
	type(sh, "\003");
	expect(sh, PROMPT);
	says(sh, "kill %%; wait %%; echo $?\n", "143\r\n");
	shell_end(sh);
}

TEST(background_job_reads)
{
	struct shell *sh = shell_start();

	says(sh, "cat & wait %1; echo $?\n", "149\r\n");
	says(sh, "jobs\n", "Stopped");
	type(sh, "fg\n");
	expect(sh, "cat\r\n");
	type(sh, "to the job\n");
	expect(sh, "to the job\r\nto the job\r\n");
	type(sh, "\004");
	expect(sh, PROMPT);
	says(sh, "stty tostop; echo text & wait $!; echo $?\n", "150\r\n");
	type(sh, "fg\n");
	expect(sh, "\r\ntext\r\n");
	expect(sh, PROMPT);
	shell_end(sh);
}

TEST(traps)
{
	struct shell *sh = shell_start();

	says(sh, "trap 'echo tra\"\"pped' INT\n", NULL);
	says(sh, "kill -INT $$\n", "trapped\r\n");
	says(sh, "trap 'echo resi\"\"zed' WINCH\n", NULL);
	EXPECT_EQ(0, ioctl(sh->t.master, TIOCSWINSZ, &(struct winsize){ 33, 99, 0, 0 }));
	says(sh, "stty size\n", "33 99\r\n");
	says(sh, "trap 'echo good\"\"bye' EXIT\n", NULL);
	type(sh, "exit 7\n");
	expect(sh, "goodbye\r\n");
	EXPECT_EQ(sh->pid, waitpid(sh->pid, NULL, 0));
}

TEST(pipeline_is_stopped_and_continued)
{
	struct shell *sh = shell_start();

	type(sh, "cat | cat | cat\n");
	expect(sh, "\r\n");
	for (int i = 0; i < 5; i++) {
		type(sh, "through all\n");
		expect(sh, "through all\r\nthrough all\r\n");
		type(sh, "\032");
		expect(sh, "Stopped");
		expect(sh, PROMPT);
		says(sh, "jobs -l | grep -c cat\n", "3\r\n");
		type(sh, "fg\n");
		expect(sh, "cat | cat | cat\r\n");
	}
	type(sh, "the last\n\004");
	expect(sh, "the last\r\nthe last\r\n");
	expect(sh, PROMPT);
	says(sh, "echo $?\n", "0\r\n");
	shell_end(sh);
}

/* Everybody is gone when the last copy of a pipe's end is. */
TEST(hang_up_ends_everything)
{
	struct shell *sh = &the_shell;
	int all[2], status;
	char c;

	EXPECT_EQ(0, pipe(all));
	sh = shell_start();
	EXPECT_EQ(0, close(all[1]));
	says(sh, "sleep 1000 &\n", NULL);
	type(sh, "bash -c 'echo rea\"\"dy; sleep 1000'\n");
	expect(sh, "\r\nready\r\n");
	EXPECT_EQ(0, close(sh->t.master));
	EXPECT_EQ(sh->pid, waitpid(sh->pid, &status, 0));
	EXPECT_EQ(0, read(all[0], &c, 1));
}
