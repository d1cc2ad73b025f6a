/* SPDX-License-Identifier: MIT */
/* Who may signal whom, and the errors of all calls for signals. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- permissions ---- */

static int may_not_signal(void *arg)
{
	pid_t victim = *(pid_t *)arg;
	siginfo_t si = { .si_code = SI_QUEUE };

	EXPECT_EQ(0, setresuid(1000, 1000, 1000));
	EXPECT_ERRNO(EPERM, kill(victim, SIGUSR1));
	EXPECT_ERRNO(EPERM, kill(victim, 0));
	EXPECT_ERRNO(EPERM, syscall(SYS_tgkill, victim, victim, SIGUSR1));
	EXPECT_ERRNO(EPERM, syscall(SYS_tkill, victim, 0));
	EXPECT_ERRNO(EPERM, syscall(SYS_rt_sigqueueinfo, victim, SIGUSR1, &si));
	EXPECT_ERRNO(EPERM, kill(-victim, SIGUSR1));
	/* In the session, SIGCONT may always be sent. */
	EXPECT_EQ(0, kill(victim, SIGCONT));
	EXPECT_ERRNO(EPERM, syscall(SYS_rt_sigqueueinfo, victim, SIGCONT,
				    &(siginfo_t){ .si_code = SI_USER }));
	EXPECT(setsid() > 0);
	EXPECT_ERRNO(EPERM, kill(victim, SIGCONT));
	return 0;
}

TEST(another_users_process_may_not_be_signalled)
{
	pid_t victim = fork();
	int status;

	if (victim == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(victim, victim);
	EXPECT_EQ(0, test_in_child(may_not_signal, &victim));
	EXPECT_EQ(0, kill(victim, SIGTERM));
	EXPECT_EQ(victim, waitpid(victim, &status, 0));
	EXPECT_EQ(SIGTERM, status);
}

static int saved_and_real_count(void *arg)
{
	pid_t victim = *(pid_t *)arg;

	/* Real id the target's saved one; effective id another. */
	EXPECT_EQ(0, setresuid(2000, 3000, 3000));
	EXPECT_EQ(0, kill(victim, 0));
	return 0;
}

TEST(real_and_saved_ids_decide)
{
	int fds[2], status;
	pid_t victim;
	char c;

	EXPECT_EQ(0, pipe(fds));
	victim = fork();
	if (victim == 0) {
		EXPECT_EQ(0, setresuid(1000, 1000, 2000));
		EXPECT_EQ(1, write(fds[1], "r", 1));
		for (;;)
			pause();
	}
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(0, test_in_child(saved_and_real_count, &victim));
	EXPECT_EQ(0, kill(victim, SIGKILL));
	EXPECT_EQ(victim, waitpid(victim, &status, 0));
}

/* ---- a number that is about to be somebody's ---- */

enum { BIRTHS = 300, AHEAD = 8 };

/* Nobody's until its process is whole: whoever asks meanwhile is told so. */
static void ask_for_the_unborn(volatile pid_t *last)
{
	while (*last >= 0)
		for (pid_t pid = *last + 1; pid <= *last + AHEAD; pid++) {
			if (kill(pid, 0) < 0 && errno != ESRCH)
				_exit(1);
			if (syscall(SYS_tkill, pid, 0) < 0 && errno != ESRCH && errno != EINVAL)
				_exit(2);
		}
	_exit(0);
}

TEST(the_unborn_cannot_be_signalled)
{
	volatile pid_t *last = mmap(NULL, sizeof(*last), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t asker;
	int status;

	EXPECT(last != MAP_FAILED);
	asker = fork();
	if (asker == 0)
		ask_for_the_unborn(last);
	for (int i = 0; i < BIRTHS; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		EXPECT(child > 0);
		*last = child;
		EXPECT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status);
	}
	*last = -1;
	EXPECT_EQ(asker, waitpid(asker, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---- errors, a table: Linux's answers ---- */

struct error_case {
	long nr;
	long a[6];
	int want;       /* errno, or 0 for success */
};

#define BAD     ((long)1)       /* no memory there */
#define ODD     ((long)((char *)room + 1))      /* memory, unaligned */
#define DEAD    0x3fffffffL

TEST(errors_of_the_calls)
{
	static long room[64];
	static siginfo_t user_info = { .si_code = SI_USER }, tkill_info = { .si_code = SI_TKILL };
	static siginfo_t queue_info = { .si_code = SI_QUEUE };
	static const struct timespec bad_ns = { 0, 1000000000 }, negative = { -1, 0 }, zero;
	static unsigned long none, full = ~0ul;
	long self = getpid();
	int pipe_fd[2];
	EXPECT_EQ(0, pipe(pipe_fd));
	const struct error_case cases[] = {
		{ SYS_kill, { self, 65 }, EINVAL },
		{ SYS_kill, { self, -1 }, EINVAL },
		{ SYS_kill, { DEAD, 65 }, ESRCH },
		{ SYS_kill, { DEAD, 0 }, ESRCH },
		{ SYS_kill, { -DEAD, 0 }, ESRCH },
		{ SYS_kill, { -DEAD, 99 }, ESRCH },
		{ SYS_kill, { -2147483648L, 0 }, ESRCH },
		{ SYS_kill, { 0, 65 }, EINVAL },
		{ SYS_kill, { self, 0 }, 0 },
		{ SYS_tgkill, { 0, self, 0 }, EINVAL },
		{ SYS_tgkill, { self, 0, 0 }, EINVAL },
		{ SYS_tgkill, { -1, -1, 0 }, EINVAL },
		{ SYS_tgkill, { self, DEAD, 65 }, ESRCH },
		{ SYS_tgkill, { self, self, 65 }, EINVAL },
		{ SYS_tgkill, { self + 100000, self, 0 }, ESRCH },
		{ SYS_tgkill, { self, self, 0 }, 0 },
		{ SYS_tkill, { 0, 0 }, EINVAL },
		{ SYS_tkill, { -1, SIGUSR1 }, EINVAL },
		{ SYS_tkill, { DEAD, 65 }, ESRCH },
		{ SYS_tkill, { self, 65 }, EINVAL },
		{ SYS_rt_sigqueueinfo, { self, SIGUSR1, 0 }, EFAULT },
		{ SYS_rt_sigqueueinfo, { self, 65, BAD }, EFAULT },
		{ SYS_rt_sigqueueinfo, { self, 65, (long)&queue_info }, EINVAL },
		{ SYS_rt_sigqueueinfo, { DEAD, 65, (long)&queue_info }, ESRCH },
		{ SYS_rt_sigqueueinfo, { DEAD, 1, (long)&user_info }, EPERM },
		{ SYS_rt_sigqueueinfo, { getppid(), 0, (long)&user_info }, EPERM },
		{ SYS_rt_sigqueueinfo, { getppid(), 0, (long)&tkill_info }, EPERM },
		{ SYS_rt_sigqueueinfo, { self, 0, (long)&user_info }, 0 },
		{ SYS_rt_sigqueueinfo, { 0, 0, (long)&queue_info }, ESRCH },
		{ SYS_rt_sigqueueinfo, { -self, 0, (long)&queue_info }, ESRCH },
		{ SYS_rt_tgsigqueueinfo, { 0, self, 0, (long)&queue_info }, EINVAL },
		{ SYS_rt_tgsigqueueinfo, { self, 0, 0, (long)&queue_info }, EINVAL },
		{ SYS_rt_tgsigqueueinfo, { 0, 0, 0, BAD }, EFAULT },
		{ SYS_rt_tgsigqueueinfo, { self, DEAD, 0, (long)&queue_info }, ESRCH },
		{ SYS_rt_tgsigqueueinfo, { self, self, 65, (long)&queue_info }, EINVAL },
		{ SYS_rt_tgsigqueueinfo, { self, self, 0, (long)&user_info }, 0 },
		{ SYS_rt_tgsigqueueinfo, { getppid(), getppid(), 0, (long)&tkill_info }, EPERM },
		{ SYS_rt_sigaction, { SIGUSR1, BAD, 0, 8 }, EFAULT },
		{ SYS_rt_sigaction, { SIGUSR1, 0, BAD, 8 }, EFAULT },
		{ SYS_rt_sigaction, { 65, BAD, 0, 8 }, EFAULT },
		{ SYS_rt_sigaction, { 65, (long)room, 0, 8 }, EINVAL },
		{ SYS_rt_sigaction, { 0, 0, 0, 8 }, EINVAL },
		{ SYS_rt_sigaction, { -1, 0, 0, 8 }, EINVAL },
		{ SYS_rt_sigaction, { SIGKILL, (long)room, 0, 8 }, EINVAL },
		{ SYS_rt_sigaction, { SIGSTOP, (long)room, 0, 8 }, EINVAL },
		{ SYS_rt_sigaction, { SIGKILL, 0, (long)room, 8 }, 0 },
		{ SYS_rt_sigaction, { SIGUSR1, BAD, 0, 16 }, EINVAL },
		{ SYS_rt_sigaction, { SIGUSR1, 0, 0, 0 }, EINVAL },
		{ SYS_rt_sigaction, { SIGUSR1, 0, ODD, 8 }, 0 },
		{ SYS_rt_sigprocmask, { 99, 0, (long)room, 8 }, 0 },
		{ SYS_rt_sigprocmask, { 99, (long)&none, 0, 8 }, EINVAL },
		{ SYS_rt_sigprocmask, { 99, BAD, 0, 8 }, EFAULT },
		{ SYS_rt_sigprocmask, { SIG_BLOCK, BAD, 0, 8 }, EFAULT },
		{ SYS_rt_sigprocmask, { SIG_BLOCK, 0, BAD, 8 }, EFAULT },
		{ SYS_rt_sigprocmask, { SIG_BLOCK, (long)&none, 0, 4 }, EINVAL },
		{ SYS_rt_sigprocmask, { SIG_BLOCK, BAD, 0, 128 }, EINVAL },
		{ SYS_rt_sigprocmask, { SIG_BLOCK, ODD, ODD, 8 }, 0 },
		{ SYS_rt_sigpending, { (long)room, 9 }, EINVAL },
		{ SYS_rt_sigpending, { (long)room, -1 }, EINVAL },
		{ SYS_rt_sigpending, { BAD, 8 }, EFAULT },
		{ SYS_rt_sigpending, { BAD, 0 }, 0 },
		{ SYS_rt_sigpending, { ODD, 4 }, 0 },
		{ SYS_rt_sigsuspend, { BAD, 8 }, EFAULT },
		{ SYS_rt_sigsuspend, { BAD, 4 }, EINVAL },
		{ SYS_rt_sigtimedwait, { BAD, 0, 0, 8 }, EFAULT },
		{ SYS_rt_sigtimedwait, { BAD, 0, 0, 9 }, EINVAL },
		{ SYS_rt_sigtimedwait, { (long)&none, 0, BAD, 8 }, EFAULT },
		{ SYS_rt_sigtimedwait, { (long)&none, 0, (long)&bad_ns, 8 }, EINVAL },
		{ SYS_rt_sigtimedwait, { (long)&none, 0, (long)&negative, 8 }, EINVAL },
		{ SYS_rt_sigtimedwait, { (long)&none, BAD, (long)&zero, 8 }, EAGAIN },
		{ SYS_rt_sigtimedwait, { (long)&full, BAD, (long)&zero, 8 }, EAGAIN },
		{ SYS_sigaltstack, { BAD, 0 }, EFAULT },
		{ SYS_sigaltstack, { 0, BAD }, EFAULT },
		{ SYS_sigaltstack, { 0, 0 }, 0 },
		{ SYS_sigaltstack, { 0, ODD }, 0 },
		{ SYS_signalfd4, { -1, BAD, 8, 0 }, EFAULT },
		{ SYS_signalfd4, { -1, BAD, 7, 0 }, EINVAL },
		{ SYS_signalfd4, { -1, (long)&none, 8, 1 }, EINVAL },
		{ SYS_signalfd4, { 99, (long)&none, 8, 0 }, EBADF },
		{ SYS_signalfd4, { pipe_fd[0], (long)&none, 8, 0 }, EINVAL },
		{ SYS_signalfd4, { -2, (long)&none, 8, 0 }, EBADF },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct error_case *c = &cases[i];
		long got;

		errno = 0;
		got = syscall(c->nr, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4], c->a[5]);
		if ((c->want ? errno : (got < 0 ? errno : 0)) != c->want)
			dprintf(1, "# case %zu: call %ld(%lx, %lx, %lx, %lx): got %ld, errno %d\n",
				i, c->nr, c->a[0], c->a[1], c->a[2], c->a[3], got, errno);
		EXPECT_EQ(c->want, got < 0 ? errno : 0);
	}
}
