/* SPDX-License-Identifier: MIT */
/*
 * Tasks beyond fork and exec: robust futexes, timers, stopped threads, orphaned
 * groups, set-uid programs, credentials, limits.
 */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "terminal.h"
#include "test.h"

#define P_PIDFD_ID 3
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- robust futexes ---- */

static pthread_mutex_t robust;

static void *die_with_lock(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&robust);
	return NULL;
}

TEST(a_dead_owner_leaves_its_lock)
{
	pthread_mutexattr_t attr;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	EXPECT_EQ(0, pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST));
	EXPECT_EQ(0, pthread_mutex_init(&robust, &attr));
	EXPECT_EQ(0, pthread_create(&t, NULL, die_with_lock, NULL));
	EXPECT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(EOWNERDEAD, pthread_mutex_lock(&robust));
	EXPECT_EQ(0, pthread_mutex_consistent(&robust));
	EXPECT_EQ(0, pthread_mutex_unlock(&robust));
	EXPECT_EQ(0, pthread_mutex_lock(&robust));
}

static uint32_t word, word2;

static long futex(uint32_t *addr, int op, uint32_t val, uintptr_t val2, uint32_t *addr2,
		  uint32_t val3)
{
	return syscall(SYS_futex, addr, op, val, val2, addr2, val3);
}

struct waiter {
	pthread_t thread;
	volatile int tid;
	long result;
};

static void *wait_on_word(void *arg)
{
	struct waiter *w = arg;

	w->tid = (int)syscall(SYS_gettid);
	w->result = futex(&word, FUTEX_WAIT_PRIVATE, 0, 0, NULL, 0);
	return NULL;
}

static void waiter_start(struct waiter *w)
{
	w->tid = 0;
	EXPECT_EQ(0, pthread_create(&w->thread, NULL, wait_on_word, w));
	while (!w->tid)
		sched_yield();
	test_await_sleep(w->tid);
}

static void waiter_end(struct waiter *w)
{
	EXPECT_EQ(0, pthread_join(w->thread, NULL));
	EXPECT_EQ(0, w->result);
}

TEST(requeue_moves_waiters)
{
	struct waiter w[3];

	for (int i = 0; i < 3; i++)
		waiter_start(&w[i]);
	EXPECT_ERRNO(EAGAIN, futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, INT_MAX, &word2, 1));
	EXPECT_EQ(3, futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, INT_MAX, &word2, 0));
	EXPECT_EQ(0, futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0));
	EXPECT_EQ(2, futex(&word2, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0));
	for (int i = 0; i < 3; i++)
		waiter_end(&w[i]);
}

TEST(wake_op_changes_the_second_word)
{
	struct waiter w;

	word2 = 7;
	waiter_start(&w);
	/* word2 += 5; wake one of word; if it was 7, one of word2 too. */
	EXPECT_EQ(1, futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &word2,
			   FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 7)));
	EXPECT_EQ(12, word2);
	waiter_end(&w);
}

TEST(bitset_wakes_only_its_waiters)
{
	struct timespec soon;

	clock_gettime(CLOCK_MONOTONIC, &soon);
	soon.tv_nsec += 50000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	EXPECT_ERRNO(ETIMEDOUT, futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, (uintptr_t)&soon, NULL,
				      1));
	EXPECT_ERRNO(EINVAL, futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, 0, NULL, 0));
	EXPECT_ERRNO(EINVAL, futex((uint32_t *)((char *)&word + 1), FUTEX_WAKE, 1, 0, NULL, 0));
}

/* ---- stopping ---- */

/* Tell when it has used 20 ms, and go on. */
static void *use_time(void *ready)
{
	struct timespec t;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	while (t.tv_sec == 0 && t.tv_nsec < 20000000);
	signpost_tell(ready);
	for (;;)
		;
	return NULL;
}

static void use_time_in_a_thread(struct signpost *ready)
{
	pthread_t t;

	EXPECT_EQ(0, pthread_create(&t, NULL, use_time, ready));
	for (;;)
		pause();
}

TEST(stop_stops_every_thread)
{
	struct signpost ready;
	struct rusage used;
	int status;
	pid_t pid;

	signpost_make(&ready);
	pid = fork();
	if (pid == 0)
		use_time_in_a_thread(&ready);
	signpost_wait(&ready);
	EXPECT_EQ(0, kill(pid, SIGSTOP));
	EXPECT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT(WIFSTOPPED(status));
	EXPECT_EQ(SIGSTOP, WSTOPSIG(status));
	EXPECT_EQ(0, waitpid(pid, &status, WUNTRACED | WNOHANG));
	/* Killing works while it is stopped; CONT is not needed. */
	EXPECT_EQ(0, kill(pid, SIGTERM));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	getrusage(RUSAGE_CHILDREN, &used);
	EXPECT(used.ru_utime.tv_sec + used.ru_stime.tv_sec ||
	       used.ru_utime.tv_usec + used.ru_stime.tv_usec >= 20000);
}

/* Child: a group of its own with a stopped member, then it dies; the member is orphaned. */
TEST(an_orphaned_stopped_group_is_hung_up)
{
	int fds[2];
	char c = 0;
	pid_t leader;

	EXPECT_EQ(0, pipe(fds));
	leader = fork();
	if (leader == 0) {
		pid_t member;
		int status;

		setsid();
		member = fork();
		if (member == 0) {
			sigset_t set;
			int sig = 0;

			setpgid(0, 0);
			sigemptyset(&set);
			sigaddset(&set, SIGHUP);
			sigprocmask(SIG_BLOCK, &set, NULL);
			raise(SIGSTOP);
			sigwait(&set, &sig);
			c = (char)sig;
			_exit(write(fds[1], &c, 1) == 1 ? 0 : 1);
		}
		waitpid(member, &status, WUNTRACED);
		_exit(0);
	}
	close(fds[1]);
	EXPECT_EQ(leader, waitpid(leader, NULL, 0));
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(SIGHUP, c);
}

TEST(a_subreaper_gets_orphans)
{
	struct signpost go;
	int status;
	pid_t pid;

	EXPECT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	signpost_make(&go);
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			signpost_wait(&go);
			_exit(9);
		}
		_exit(3);
	}
	EXPECT_EQ(pid, waitpid(-1, &status, 0));
	EXPECT_EQ(3, WEXITSTATUS(status));
	EXPECT_EQ(0, waitpid(-1, &status, WNOHANG));
	signpost_tell(&go);
	EXPECT(waitpid(-1, &status, 0) > 0);
	EXPECT_EQ(9, WEXITSTATUS(status));
	EXPECT_ERRNO(ECHILD, waitpid(-1, &status, 0));
}

TEST(parent_death_signal)
{
	struct signpost go;
	int fds[2];
	char c = 0;
	pid_t pid;

	EXPECT_EQ(0, pipe(fds));
	signpost_make(&go);
	pid = fork();
	if (pid == 0) {
		pid_t parent = getpid();

		if (fork() == 0) {
			sigset_t set;
			int sig;

			sigemptyset(&set);
			sigaddset(&set, SIGUSR1);
			sigprocmask(SIG_BLOCK, &set, NULL);
			prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
			if (getppid() != parent)
				_exit(1);
			c = 'r';
			if (write(fds[1], &c, 1) != 1)
				_exit(1);
			sigwait(&set, &sig);
			c = (char)sig;
			_exit(write(fds[1], &c, 1) != 1);
		}
		signpost_wait(&go);
		_exit(0);
	}
	close(fds[1]);
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ('r', c);
	signpost_tell(&go);
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(SIGUSR1, c);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

/* ---- timers and signal descriptors ---- */

TEST(periodic_timerfd_counts_and_polls)
{
	struct itimerspec its = { { 0, 20000000 }, { 0, 20000000 } }, left;
	struct epoll_event ev = { .events = EPOLLIN }, got;
	int ep = epoll_create1(0), fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t n = 0;
	long start;

	EXPECT(ep >= 0);
	EXPECT(fd >= 0);
	EXPECT_ERRNO(EAGAIN, read(fd, &n, sizeof(n)));
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
	start = now_ms();
	EXPECT_EQ(0, timerfd_settime(fd, 0, &its, NULL));
	EXPECT_EQ(1, epoll_wait(ep, &got, 1, -1));
	sleep_ms(110);
	EXPECT_EQ(8, read(fd, &n, sizeof(n)));
	EXPECT(n >= 5 && n <= (uint64_t)(now_ms() - start + 1) / 20);
	EXPECT_EQ(0, timerfd_gettime(fd, &left));
	EXPECT_EQ(20000000, left.it_interval.tv_nsec);
	EXPECT(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 20000000);
	memset(&its, 0, sizeof(its));
	EXPECT_EQ(0, timerfd_settime(fd, 0, &its, NULL));
	EXPECT_ERRNO(EINVAL, read(fd, &n, 4));
}

TEST(signalfd_is_polled)
{
	struct signalfd_siginfo si;
	struct epoll_event ev = { .events = EPOLLIN }, got;
	sigset_t set;
	int fd, ep = epoll_create1(0);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	EXPECT(fd >= 0);
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
	EXPECT_ERRNO(EAGAIN, read(fd, &si, sizeof(si)));
	EXPECT_EQ(0, sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 77 }));
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	EXPECT_EQ(1, epoll_wait(ep, &got, 1, -1));
	EXPECT_EQ(sizeof(si), read(fd, &si, sizeof(si)));
	EXPECT_EQ(SIGUSR1, si.ssi_signo);
	EXPECT_EQ(getpid(), si.ssi_pid);
	EXPECT_EQ(sizeof(si), read(fd, &si, sizeof(si)));
	EXPECT_EQ(SIGRTMIN, si.ssi_signo);
	EXPECT_EQ(77, si.ssi_int);
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
}

static volatile sig_atomic_t timer_hits, timer_value;

static void on_timer(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)uc;
	timer_hits++;
	timer_value = info->si_value.sival_int;
}

TEST(posix_timers_repeat_and_count_overruns)
{
	struct sigaction sa = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct itimerspec its = { { 0, 10000000 }, { 0, 10000000 } }, old;
	sigset_t set;
	timer_t t;

	ev.sigev_value.sival_int = 4321;
	sigaction(SIGUSR2, &sa, NULL);
	EXPECT_EQ(0, timer_create(CLOCK_MONOTONIC, &ev, &t));
	EXPECT_EQ(0, timer_settime(t, 0, &its, NULL));
	while (timer_hits < 3)
		pause();
	EXPECT_EQ(4321, timer_value);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sleep_ms(100);
	timer_hits = 0;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	EXPECT(timer_hits >= 1);
	EXPECT(timer_getoverrun(t) >= 3);
	memset(&its, 0, sizeof(its));
	EXPECT_EQ(0, timer_settime(t, 0, &its, &old));
	EXPECT_EQ(10000000, old.it_interval.tv_nsec);
	EXPECT_EQ(0, timer_gettime(t, &old));
	EXPECT_EQ(0, old.it_value.tv_nsec);
	EXPECT_EQ(0, timer_delete(t));
}

TEST(interval_timer_is_not_inherited)
{
	struct itimerval it = { { 0, 0 }, { 10, 0 } }, got;
	int status;
	pid_t pid;

	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	pid = fork();
	if (pid == 0) {
		getitimer(ITIMER_REAL, &got);
		_exit(got.it_value.tv_sec || got.it_value.tv_usec);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(10, alarm(0));
	EXPECT_EQ(0, alarm(0));
}

/* ---- credentials ---- */

static int become_user(void *arg)
{
	uid_t r, e, s;

	(void)arg;
	if (setgid(100) || setuid(1000))
		return 1;
	if (getresuid(&r, &e, &s) || r != 1000 || e != 1000 || s != 1000)
		return 2;
	if (setuid(0) == 0 || errno != EPERM)
		return 3;
	if (kill(1, 0) == 0 || errno != EPERM)
		return 4;
	if (setpriority(PRIO_PROCESS, 0, -5) == 0)
		return 5;
	return 0;
}

TEST(a_user_is_no_root)
{
	int status;

	if (geteuid() != 0)
		return;
	status = test_in_child(become_user, NULL);
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

static int switch_there_and_back(void *arg)
{
	(void)arg;
	if (setresuid(1000, 1001, 0))
		return 1;
	if (getuid() != 1000 || geteuid() != 1001)
		return 2;
	if (seteuid(0))
		return 3;
	if (setreuid(-1, 1000) || geteuid() != 1000)
		return 4;
	return 0;
}

TEST(saved_id_leads_back)
{
	int status;

	if (geteuid() != 0)
		return;
	status = test_in_child(switch_there_and_back, NULL);
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

static int run_as_user(void *path)
{
	char *argv[] = { path, "set_uid_child", NULL }, *envp[] = { NULL };

	if (setgid(100) || setuid(1000))
		return 99;
	/* Its line is not one of ours. */
	close(STDOUT_FILENO);
	open("/dev/null", O_WRONLY);
	execve(path, argv, envp);
	return 98;
}

/* Run by the next test: through a set-uid file it is root in effect, by uid 1000. */
TEST(set_uid_child)
{
	if (getuid() != 1000)
		return;
	EXPECT_EQ(0, geteuid());
	EXPECT_EQ(100, getgid());
	EXPECT_EQ(0, setuid(0));
	EXPECT_EQ(0, getuid());
}

static void copy_self(const char *to, mode_t mode)
{
	static char buf[65536];
	int in = open("/proc/self/exe", O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0700);
	ssize_t n;

	EXPECT(in >= 0);
	EXPECT(out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		EXPECT_EQ(n, write(out, buf, (size_t)n));
	EXPECT_EQ(0, fchmod(out, mode));
	close(in);
	close(out);
}

TEST(a_set_uid_file_gives_its_owners_rights)
{
	int status;

	if (geteuid() != 0)
		return;
	test_chdir_scratch_in("/var/tmp");
	EXPECT_EQ(0, chmod(".", 0755));
	copy_self("suid", 04755);
	status = test_in_child(run_as_user, "./suid");
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST(limits_are_kept)
{
	struct rlimit r, set = { 100, 200 };
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		if (setrlimit(RLIMIT_NOFILE, &set) || getrlimit(RLIMIT_NOFILE, &r) ||
		    r.rlim_cur != 100 || r.rlim_max != 200)
			_exit(1);
		if (dup2(0, 100) >= 0 || errno != EBADF)
			_exit(2);
		set.rlim_cur = 300;
		if (setrlimit(RLIMIT_NOFILE, &set) == 0 || errno != EINVAL)
			_exit(3);
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_ERRNO(EINVAL, getrlimit(100, &r));
}

TEST(prctl_answers)
{
	int sig = -1;

	EXPECT_EQ(0, prctl(PR_GET_PDEATHSIG, &sig));
	EXPECT_EQ(0, sig);
	EXPECT_EQ(1, prctl(PR_CAPBSET_READ, 0));
	EXPECT_ERRNO(EINVAL, prctl(PR_CAPBSET_READ, 500));
	EXPECT_EQ(0, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	EXPECT_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_EQ(1, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, prctl(12345, 0, 0, 0, 0));
}

TEST(nice_is_inherited)
{
	int status;
	pid_t pid;

	EXPECT_EQ(0, setpriority(PRIO_PROCESS, 0, 5));
	EXPECT_EQ(5, getpriority(PRIO_PROCESS, 0));
	pid = fork();
	if (pid == 0)
		_exit(getpriority(PRIO_PROCESS, 0));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(5, WEXITSTATUS(status));
}

/* ---- many at once ---- */

static void *exit_soon(void *arg)
{
	sleep_ms((long)(intptr_t)arg);
	return NULL;
}

TEST(threads_die_with_exec_and_exit)
{
	char *argv[] = { "true", NULL }, *envp[] = { NULL };
	int status;

	for (int round = 0; round < 20; round++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t t[4];

			for (int i = 0; i < 4; i++)
				pthread_create(&t[i], NULL, exit_soon, (void *)(intptr_t)(i * 3));
			if (round & 1)
				_exit(7);
			execve("/bin/true", argv, envp);
			_exit(8);
		}
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT(WIFEXITED(status));
		EXPECT_EQ(round & 1 ? 7 : 0, WEXITSTATUS(status));
	}
}

static volatile sig_atomic_t storm;

static void on_storm(int sig)
{
	(void)sig;
	storm++;
}

TEST(a_storm_of_signals_loses_no_realtime_one)
{
	struct sigaction sa = { .sa_handler = on_storm };
	pid_t parent = getpid();
	sigset_t set, old;
	int status, sent = 0;

	sigaction(SIGRTMIN + 1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int k = 0; k < 200; k++)
				while (sigqueue(parent, SIGRTMIN + 1,
						(union sigval){ .sival_int = k }) < 0)
					sched_yield();
			_exit(0);
		}
	sigprocmask(SIG_BLOCK, &set, &old);
	while (sent < 4) {
		pid_t pid = waitpid(-1, &status, 0);

		if (pid < 0 && errno == EINTR)
			continue;
		EXPECT(pid > 0);
		sent++;
	}
	EXPECT_EQ(800, storm);
}

/* ---- scheduling ---- */

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

TEST(sched_calls_check_their_arguments)
{
	struct sched_param zero = { 0 }, five = { .sched_priority = 5 };
	struct sched_param many = { .sched_priority = 100 };
	struct attr attr = { .size = 3 };
	struct timespec ts;
	unsigned long mask = 0;
	const struct { int want; long call, a, b, c, d; } row[] = {
		{ EINVAL, SYS_sched_setscheduler, 0, -1, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, 4, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, 99, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, -1, SCHED_OTHER, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, SCHED_OTHER, 0, 0 },
		{ EFAULT, SYS_sched_setscheduler, 0, SCHED_OTHER, 8, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, SCHED_OTHER, (long)&five, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, SCHED_FIFO, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setscheduler, 0, SCHED_FIFO, (long)&many, 0 },
		{ ESRCH, SYS_sched_setscheduler, 0x3ffffff, SCHED_OTHER, (long)&zero, 0 },
		{ EINVAL, SYS_sched_setparam, 0, 0, 0, 0 },
		{ EINVAL, SYS_sched_setparam, -1, (long)&zero, 0, 0 },
		{ EINVAL, SYS_sched_setparam, 0, (long)&five, 0, 0 },
		{ EINVAL, SYS_sched_getparam, 0, 0, 0, 0 },
		{ ESRCH, SYS_sched_getparam, 0x3ffffff, (long)&zero, 0, 0 },
		{ EINVAL, SYS_sched_getscheduler, -1, 0, 0, 0 },
		{ ESRCH, SYS_sched_getscheduler, 0x3ffffff, 0, 0, 0 },
		{ EINVAL, SYS_sched_get_priority_max, 4, 0, 0, 0 },
		{ EINVAL, SYS_sched_get_priority_min, -1, 0, 0, 0 },
		{ EINVAL, SYS_sched_rr_get_interval, -1, (long)&ts, 0, 0 },
		{ EFAULT, SYS_sched_rr_get_interval, 0, 8, 0, 0 },
		{ EINVAL, SYS_sched_getaffinity, 0, 4, (long)&mask, 0 },
		{ EINVAL, SYS_sched_getaffinity, 0, 9, (long)&mask, 0 },
		{ ESRCH, SYS_sched_getaffinity, 0x3ffffff, 8, (long)&mask, 0 },
		{ EINVAL, SYS_sched_setaffinity, 0, 8, (long)&mask, 0 },
		{ EFAULT, SYS_sched_setaffinity, 0, 8, 8, 0 },
		{ ESRCH, SYS_sched_setaffinity, -1, 8, (long)&mask, 0 },
		{ EINVAL, SYS_sched_setattr, 0, 0, 0, 0 },
		{ EINVAL, SYS_sched_setattr, 0, (long)&attr, 1, 0 },
		{ EINVAL, SYS_sched_setattr, -1, (long)&attr, 0, 0 },
		{ E2BIG, SYS_sched_setattr, 0, (long)&attr, 0, 0 },
		{ EINVAL, SYS_sched_getattr, 0, (long)&attr, 47, 0 },
		{ EINVAL, SYS_sched_getattr, 0, (long)&attr, 4097, 0 },
		{ EINVAL, SYS_sched_getattr, 0, (long)&attr, 56, 1 },
		{ ESRCH, SYS_sched_getattr, 0x3ffffff, (long)&attr, 56, 0 },
		{ EINVAL, SYS_setpriority, 3, 0, 0, 0 },
		{ EINVAL, SYS_getpriority, -1, 0, 0, 0 },
		{ ESRCH, SYS_setpriority, PRIO_PROCESS, 0x3ffffff, 0, 0 },
		{ ESRCH, SYS_getpriority, PRIO_PGRP, 0x3ffffff, 0, 0 },
		{ ESRCH, SYS_getpriority, PRIO_USER, 54321, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		long got = syscall(row[i].call, row[i].a, row[i].b, row[i].c, row[i].d);

		if (got != -1 || errno != row[i].want)
			test_fail(__FILE__, __LINE__, "row", (long)i, got == -1 ? -errno : got);
		if (row[i].want == E2BIG)
			EXPECT(attr.size >= 56);
	}
}

static int reports_policy(void *arg)
{
	(void)arg;
	return (int)syscall(SYS_sched_getscheduler, 0) * 10 +
	       (getpriority(PRIO_PROCESS, 0) == 0);
}

TEST(sched_attributes)
{
	struct attr attr = { .size = sizeof(attr), .policy = SCHED_BATCH, .nice = 7 }, got;
	struct timespec ts;

	EXPECT_EQ(0, syscall(SYS_sched_setattr, 0, &attr, 0));
	memset(&got, 0xff, sizeof(got));
	EXPECT_EQ(0, syscall(SYS_sched_getattr, 0, &got, sizeof(got), 0));
	EXPECT_EQ(56, got.size);
	EXPECT_EQ(SCHED_BATCH, got.policy);
	EXPECT_EQ(7, got.nice);
	EXPECT_EQ(0, got.priority);
	EXPECT_EQ(7, getpriority(PRIO_PROCESS, 0));
	/* An old program's size; nice is brought into its range. */
	attr = (struct attr){ .size = 0, .policy = SCHED_OTHER, .nice = 100 };
	EXPECT_EQ(0, syscall(SYS_sched_setattr, 0, &attr, 0));
	EXPECT_EQ(19, getpriority(PRIO_PROCESS, 0));
	got.util_min = 77;
	EXPECT_EQ(0, syscall(SYS_sched_getattr, 0, &got, 48, 0));
	EXPECT_EQ(48, got.size);
	EXPECT_EQ(77, got.util_min);
	attr = (struct attr){ .size = 48, .policy = SCHED_RR, .priority = 9, .flags = 1 };
	EXPECT_EQ(0, syscall(SYS_sched_setattr, 0, &attr, 0));
	EXPECT_EQ(SCHED_RR | SCHED_RESET_ON_FORK, syscall(SYS_sched_getscheduler, 0));
	EXPECT_EQ(0, syscall(SYS_sched_getattr, 0, &got, 48, 0));
	EXPECT_EQ(9, got.priority);
	EXPECT_EQ(1, got.flags);
	EXPECT_EQ(0, syscall(SYS_sched_rr_get_interval, 0, &ts));
	EXPECT_EQ(100000000, ts.tv_nsec);
	/* Children begin as if nothing had been set. */
	EXPECT_EQ(1, WEXITSTATUS(test_in_child(reports_policy, NULL)));
	/* Keep policy and parameters, and with them the flag. */
	attr = (struct attr){ .size = 48, .policy = SCHED_OTHER, .flags = 0x18 };
	EXPECT_EQ(0, syscall(SYS_sched_setattr, 0, &attr, 0));
	EXPECT_EQ(SCHED_RR | SCHED_RESET_ON_FORK, syscall(SYS_sched_getscheduler, 0));
	EXPECT_EQ(0, syscall(SYS_sched_setscheduler, 0, SCHED_RR,
			     &(struct sched_param){ .sched_priority = 9 }));
	EXPECT_EQ(SCHED_RR * 10, WEXITSTATUS(test_in_child(reports_policy, NULL)) / 10 * 10);
	attr.flags = 1 << 20;
	EXPECT_ERRNO(EINVAL, syscall(SYS_sched_setattr, 0, &attr, 0));
	attr = (struct attr){ .size = 48, .policy = SCHED_FIFO };
	EXPECT_ERRNO(EINVAL, syscall(SYS_sched_setattr, 0, &attr, 0));
}

TEST(io_priorities)
{
	enum { WHO_PROCESS = 1, WHO_GROUP = 2, BEST_EFFORT = 2 << 13, IDLE = 3 << 13 };

	EXPECT_EQ(0, syscall(SYS_ioprio_set, WHO_PROCESS, 0, BEST_EFFORT | 5));
	EXPECT_EQ(BEST_EFFORT | 5, syscall(SYS_ioprio_get, WHO_PROCESS, 0));
	EXPECT_EQ(0, syscall(SYS_ioprio_set, WHO_PROCESS, 0, IDLE));
	EXPECT_EQ(IDLE, syscall(SYS_ioprio_get, WHO_PROCESS, getpid()));
	EXPECT_EQ(0, syscall(SYS_ioprio_set, WHO_GROUP, 0, BEST_EFFORT | 1));
	EXPECT_EQ(BEST_EFFORT | 1, syscall(SYS_ioprio_get, WHO_PROCESS, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_ioprio_set, 9, 0, IDLE));
	EXPECT_ERRNO(EINVAL, syscall(SYS_ioprio_get, 9, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_ioprio_set, WHO_PROCESS, 0, 5 << 13));
	EXPECT_ERRNO(ESRCH, syscall(SYS_ioprio_set, WHO_PROCESS, 0x3ffffff, IDLE));
	EXPECT_ERRNO(ESRCH, syscall(SYS_ioprio_get, WHO_PROCESS, 0x3ffffff));
}

static int reports_persona(void *arg)
{
	(void)arg;
	return syscall(SYS_personality, 0xffffffff) == 0x0040000 ? 3 : 4;
}

TEST(personality_is_kept_and_inherited)
{
	EXPECT_EQ(0, syscall(SYS_personality, 0xffffffff));
	EXPECT_EQ(0, syscall(SYS_personality, 0x0040000));      /* ADDR_NO_RANDOMIZE */
	EXPECT_EQ(0x0040000, syscall(SYS_personality, 0xffffffff));
	EXPECT_EQ(3, WEXITSTATUS(test_in_child(reports_persona, NULL)));
	EXPECT_EQ(0x0040000, syscall(SYS_personality, 0));
}
