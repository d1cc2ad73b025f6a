/* SPDX-License-Identifier: MIT */
/* O_ASYNC: the signal that says a file can be read or written, and who gets it. */
#include "terminal.h"
#include "test.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 12345, IN_BAND = POLLIN | POLLRDNORM, OUT_BAND = POLLOUT | POLLWRNORM | POLLWRBAND };

static int rt(void)
{
	return SIGRTMIN + 3;
}

static sigset_t signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, rt());
	return set;
}

static void block_them(void)
{
	sigset_t set = signals();

	sigaddset(&set, SIGCHLD);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
}

/* Signals to this process from @fd; @signo 0: as F_SETSIG was. */
static void make_async(int fd, int signo)
{
	block_them();
	if (signo)
		EXPECT_EQ(0, fcntl(fd, F_SETSIG, signo));
	EXPECT_EQ(0, fcntl(fd, F_SETOWN, getpid()));
	EXPECT_EQ(0, fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC));
	EXPECT(fcntl(fd, F_GETFL) & O_ASYNC);
}

static void expect_info(int signo, int code, long band, int fd)
{
	sigset_t set = signals();
	siginfo_t si;

	sigaddset(&set, signo);
	EXPECT_EQ(signo, sigwaitinfo(&set, &si));
	EXPECT_EQ(code, si.si_code);
	EXPECT_EQ(band, si.si_band);
	EXPECT_EQ(fd, si.si_fd);
}

/* Only where it would be there already. */
static bool has_signal(void)
{
	struct timespec none = { 0, 0 };
	sigset_t set = signals();

	return sigtimedwait(&set, NULL, &none) > 0;
}

static void put(int fd)
{
	EXPECT_EQ(1, write(fd, "x", 1));
}

static void take(int fd)
{
	char c;

	EXPECT_EQ(1, read(fd, &c, 1));
}

static long own(int fd, int type, int pid)
{
	struct f_owner_ex owner = { type, pid };

	return fcntl(fd, F_SETOWN_EX, &owner);
}

static void expect_owner(int fd, int type, int pid)
{
	struct f_owner_ex owner = { -1, -1 };

	EXPECT_EQ(0, fcntl(fd, F_GETOWN_EX, &owner));
	EXPECT_EQ(type, owner.type);
	EXPECT_EQ(pid, owner.pid);
	EXPECT_EQ(type == F_OWNER_PGRP ? -pid : pid, fcntl(fd, F_GETOWN));
}

TEST(a_reader_is_told_by_the_signal_that_was_chosen)
{
	int fds[2], chosen[] = { SIGIO, SIGUSR1, rt() };

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(0, fcntl(fds[0], F_GETSIG));
	make_async(fds[0], 0);
	put(fds[1]);
	expect_info(SIGIO, SI_KERNEL, 0, 0);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, fcntl(fds[0], F_SETSIG, chosen[i]));
		EXPECT_EQ(chosen[i], fcntl(fds[0], F_GETSIG));
		put(fds[1]);
		expect_info(chosen[i], POLL_IN, IN_BAND, fds[0]);
	}
	EXPECT_EQ(0, fcntl(fds[0], F_SETSIG, SIGCHLD));
	put(fds[1]);
	expect_info(SIGCHLD, -5 /* SI_SIGIO */, IN_BAND, fds[0]);
	EXPECT_ERRNO(EINVAL, fcntl(fds[0], F_SETSIG, 65));
	EXPECT_EQ(SIGCHLD, fcntl(fds[0], F_GETSIG));
	EXPECT(!has_signal());
}

TEST(each_write_tells)
{
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	make_async(fds[0], rt());
	put(fds[1]);
	put(fds[1]);
	expect_info(rt(), POLL_IN, IN_BAND, fds[0]);
	expect_info(rt(), POLL_IN, IN_BAND, fds[0]);
	EXPECT(!has_signal());
	EXPECT_EQ(0, fcntl(fds[0], F_SETFL, 0));
	EXPECT_EQ(0, fcntl(fds[0], F_GETFL) & O_ASYNC);
	put(fds[1]);
	EXPECT(!has_signal());
}

TEST(room_tells_the_writer)
{
	char page[4096] = { 0 };
	int fds[2];

	EXPECT_EQ(0, pipe2(fds, O_NONBLOCK));
	while (write(fds[1], page, sizeof(page)) > 0)
		;
	make_async(fds[1], rt());
	EXPECT(!has_signal());
	EXPECT_EQ(sizeof(page), read(fds[0], page, sizeof(page)));
	expect_info(rt(), POLL_OUT, OUT_BAND, fds[1]);
	EXPECT(!has_signal());
}

TEST(an_end_that_goes_tells_the_other)
{
	int fds[2], other[2];

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(0, pipe(other));
	make_async(fds[0], rt());
	make_async(other[1], rt());
	EXPECT_EQ(0, close(fds[1]));
	expect_info(rt(), POLL_IN, IN_BAND, fds[0]);
	EXPECT_EQ(0, close(other[0]));
	expect_info(rt(), POLL_OUT, OUT_BAND, other[1]);
	EXPECT(!has_signal());
}

static int close_it(void *arg)
{
	return close(*(int *)arg);
}

/* The number in si_fd is the one by which it was turned on. */
TEST(it_belongs_to_the_description)
{
	int fds[2], copy;

	EXPECT_EQ(0, pipe(fds));
	make_async(fds[0], rt());
	copy = dup(fds[0]);
	EXPECT(fcntl(copy, F_GETFL) & O_ASYNC);
	EXPECT_EQ(getpid(), fcntl(copy, F_GETOWN));
	EXPECT_EQ(0, test_in_child(close_it, &fds[0]));
	EXPECT_EQ(0, close(fds[0]));
	put(fds[1]);
	expect_info(rt(), POLL_IN, IN_BAND, fds[0]);
	EXPECT_EQ(0, fcntl(copy, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(0, fcntl(copy, F_SETFL, O_ASYNC | O_NONBLOCK));
	put(fds[1]);
	expect_info(rt(), POLL_IN, IN_BAND, copy);
	EXPECT_EQ(0, close(copy));
	EXPECT(!has_signal());
}

TEST(both_directions_of_a_fifo)
{
	int fd;

	test_chdir_scratch();
	EXPECT_EQ(0, mkfifo("fifo", 0600));
	fd = open("fifo", O_RDWR);
	EXPECT(fd >= 0);
	make_async(fd, rt());
	put(fd);
	expect_info(rt(), POLL_IN, IN_BAND, fd);
	take(fd);
	expect_info(rt(), POLL_OUT, OUT_BAND, fd);
	EXPECT(!has_signal());
}

TEST(fioasync_is_the_same_flag)
{
	int fds[2], on = 1, off = 0;

	EXPECT_EQ(0, pipe(fds));
	block_them();
	EXPECT_EQ(0, fcntl(fds[0], F_SETOWN, getpid()));
	EXPECT_ERRNO(EFAULT, ioctl(fds[0], FIOASYNC, (int *)8));
	EXPECT_EQ(0, ioctl(fds[0], FIOASYNC, &on));
	EXPECT_EQ(0, ioctl(fds[0], FIOASYNC, &on));
	EXPECT(fcntl(fds[0], F_GETFL) & O_ASYNC);
	put(fds[1]);
	expect_info(SIGIO, SI_KERNEL, 0, 0);
	EXPECT_EQ(0, ioctl(fds[0], FIOASYNC, &off));
	EXPECT_EQ(0, fcntl(fds[0], F_GETFL) & O_ASYNC);
	put(fds[1]);
	EXPECT(!has_signal());
}

TEST(files_that_send_nothing)
{
	int fd = eventfd(0, 0), on = 1, off = 0;

	EXPECT_ERRNO(ENOTTY, ioctl(fd, FIOASYNC, &on));
	EXPECT_EQ(0, ioctl(fd, FIOASYNC, &off));
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_ASYNC));
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_ASYNC);
}

/* It is shown, and that is all. */
TEST(open_does_not_turn_it_on)
{
	int fd;

	test_chdir_scratch();
	EXPECT_EQ(0, mkfifo("fifo", 0600));
	fd = open("fifo", O_RDWR | O_ASYNC);
	EXPECT(fd >= 0);
	make_async(fd, rt());
	put(fd);
	EXPECT(!has_signal());
	EXPECT_EQ(0, close(fd));
	EXPECT(!has_signal());
}

TEST(nobody_owns_a_new_file)
{
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	block_them();
	expect_owner(fds[0], F_OWNER_TID, 0);
	EXPECT_EQ(0, fcntl(fds[0], F_SETFL, O_ASYNC));
	put(fds[1]);
	EXPECT(!has_signal());
	expect_owner(fds[0], F_OWNER_TID, 0);
	EXPECT_EQ(0, fcntl(fds[0], F_SETOWN, getpid()));
	expect_owner(fds[0], F_OWNER_PID, getpid());
	EXPECT_EQ(0, fcntl(fds[0], F_SETOWN, 0));
	expect_owner(fds[0], F_OWNER_PID, 0);
	put(fds[1]);
	EXPECT(!has_signal());
}

TEST(an_owner_has_to_be_there)
{
	int fds[2], pid;
	siginfo_t si;

	EXPECT_EQ(0, pipe(fds));
	EXPECT_ERRNO(ESRCH, fcntl(fds[0], F_SETOWN, 0x3fffffff));
	EXPECT_ERRNO(ESRCH, fcntl(fds[0], F_SETOWN, -0x3fffffff));
	for (int type = F_OWNER_TID; type <= F_OWNER_PGRP; type++) {
		EXPECT_ERRNO(ESRCH, own(fds[0], type, 0x3fffffff));
		EXPECT_ERRNO(ESRCH, own(fds[0], type, -1));
	}
	EXPECT_ERRNO(EINVAL, own(fds[0], 3, getpid()));
	EXPECT_ERRNO(EINVAL, own(fds[0], -1, getpid()));
	EXPECT_ERRNO(EFAULT, fcntl(fds[0], F_SETOWN_EX, 8));
	EXPECT_ERRNO(EFAULT, fcntl(fds[0], F_GETOWN_EX, 8));
	expect_owner(fds[0], F_OWNER_TID, 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EQ(0, waitid(P_PID, pid, &si, WEXITED | WNOWAIT));
	EXPECT_EQ(0, own(fds[0], F_OWNER_PID, pid));
	expect_owner(fds[0], F_OWNER_PID, pid);
	/* The number is in use, though not for a group. */
	EXPECT_EQ(0, own(fds[0], F_OWNER_PGRP, pid));
	expect_owner(fds[0], F_OWNER_PGRP, 0);
	EXPECT_EQ(0, own(fds[0], F_OWNER_PID, pid));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	expect_owner(fds[0], F_OWNER_PID, 0);
	EXPECT_ERRNO(ESRCH, fcntl(fds[0], F_SETOWN, pid));
}

/* A child with this number; it blocks what this process blocks, and reads until it is told. */
static int child_with_number(int pid, int until)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid,
				   .set_tid_size = 1 };
	int child = (int)syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0) {
		char c;

		_exit(read(until, &c, 1) != 1 || has_signal());
	}
	return child;
}

TEST(a_number_that_is_anothers_now_owns_nothing)
{
	int fds[2], until[2], pid, status;

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(0, pipe(until));
	block_them();
	pid = fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EQ(0, fcntl(fds[0], F_SETOWN, pid));
	EXPECT_EQ(0, fcntl(fds[0], F_SETFL, O_ASYNC));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(pid, child_with_number(pid, until[0]));
	put(fds[1]);
	EXPECT_EQ(0, fcntl(fds[0], F_GETOWN));
	put(until[1]);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

struct receiver {
	int fd[2];
	struct signpost set, go;
};

/* The thread owns the file: it has the signal, no one else. */
static void *own_as_thread(void *arg)
{
	struct receiver *r = arg;
	sigset_t pending;

	EXPECT_EQ(0, own(r->fd[0], F_OWNER_TID, (int)syscall(SYS_gettid)));
	expect_owner(r->fd[0], F_OWNER_TID, (int)syscall(SYS_gettid));
	signpost_tell(&r->set);
	signpost_wait(&r->go);
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT(sigismember(&pending, rt()));
	expect_info(rt(), POLL_IN, IN_BAND, r->fd[0]);
	EXPECT(!has_signal());
	return NULL;
}

TEST(a_thread_can_be_the_owner)
{
	struct receiver r;
	sigset_t pending;
	pthread_t t;

	EXPECT_EQ(0, pipe(r.fd));
	signpost_make(&r.set);
	signpost_make(&r.go);
	make_async(r.fd[0], rt());
	EXPECT_EQ(0, pthread_create(&t, NULL, own_as_thread, &r));
	signpost_wait(&r.set);
	put(r.fd[1]);
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT(!sigismember(&pending, rt()));
	signpost_tell(&r.go);
	EXPECT_EQ(0, pthread_join(t, NULL));
	put(r.fd[1]);
	EXPECT(!has_signal());
}

static void *own_as_process(void *arg)
{
	struct receiver *r = arg;

	/* A thread's number stands for its process, but is no process's. */
	EXPECT_EQ(0, own(r->fd[0], F_OWNER_PID, (int)syscall(SYS_gettid)));
	EXPECT_EQ(0, fcntl(r->fd[0], F_GETOWN));
	signpost_tell(&r->set);
	signpost_wait(&r->go);
	return NULL;
}

TEST(a_threads_number_leads_to_its_process)
{
	struct receiver r;
	pthread_t t;

	EXPECT_EQ(0, pipe(r.fd));
	signpost_make(&r.set);
	signpost_make(&r.go);
	make_async(r.fd[0], rt());
	EXPECT_EQ(0, pthread_create(&t, NULL, own_as_process, &r));
	signpost_wait(&r.set);
	put(r.fd[1]);
	expect_info(rt(), POLL_IN, IN_BAND, r.fd[0]);
	signpost_tell(&r.go);
	EXPECT_EQ(0, pthread_join(t, NULL));
}

static int receive_in_group(struct receiver *r, int group)
{
	int pid = fork();

	EXPECT(pid >= 0);
	if (pid == 0) {
		EXPECT_EQ(0, setpgid(0, group));
		signpost_tell(&r->set);
		expect_info(rt(), POLL_IN, IN_BAND, r->fd[0]);
		_exit(0);
	}
	signpost_wait(&r->set);
	return pid;
}

TEST(all_of_a_group_are_told)
{
	struct receiver r;
	int leader, other;

	EXPECT_EQ(0, pipe(r.fd));
	signpost_make(&r.set);
	make_async(r.fd[0], rt());
	leader = receive_in_group(&r, 0);
	other = receive_in_group(&r, leader);
	EXPECT_EQ(0, fcntl(r.fd[0], F_SETOWN, -leader));
	expect_owner(r.fd[0], F_OWNER_PGRP, leader);
	put(r.fd[1]);
	end_session(leader);
	end_session(other);
	EXPECT_EQ(0, fcntl(r.fd[0], F_GETOWN));
	EXPECT_EQ(0, fcntl(r.fd[0], F_SETSIG, SIGUSR1));
	put(r.fd[1]);
	EXPECT(!has_signal());
	EXPECT_EQ(0, own(r.fd[0], F_OWNER_PGRP, getpgrp()));
	put(r.fd[1]);
	expect_info(SIGUSR1, POLL_IN, IN_BAND, r.fd[0]);
}

/* Who set the owner has to be allowed to send it a signal, as it was then. */
static int own_as_user(void *arg)
{
	int *fds = arg;

	EXPECT_EQ(0, setresuid(USER, USER, 0));
	EXPECT_EQ(0, fcntl(fds[0], F_SETOWN, getppid()));
	EXPECT_EQ(0, seteuid(0));
	put(fds[1]);
	return 0;
}

static int write_as_user(void *arg)
{
	int *fds = arg;

	EXPECT_EQ(0, setresuid(USER, USER, USER));
	put(fds[1]);
	return 0;
}

TEST(the_permission_is_of_who_set_the_owner)
{
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	make_async(fds[0], rt());
	EXPECT_EQ(0, test_in_child(write_as_user, fds));
	expect_info(rt(), POLL_IN, IN_BAND, fds[0]);
	EXPECT_EQ(0, test_in_child(own_as_user, fds));
	expect_owner(fds[0], F_OWNER_PID, getpid());
	take(fds[0]);
	put(fds[1]);
	EXPECT(!has_signal());
	EXPECT_EQ(0, fcntl(fds[0], F_SETOWN, getpid()));
	put(fds[1]);
	expect_info(rt(), POLL_IN, IN_BAND, fds[0]);
}

/* That there was something is not lost. */
TEST(a_full_queue_leaves_the_plain_signal)
{
	struct rlimit limit;
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	make_async(fds[0], rt());
	EXPECT_EQ(0, getrlimit(RLIMIT_SIGPENDING, &limit));
	limit.rlim_cur = 0;
	EXPECT_EQ(0, setrlimit(RLIMIT_SIGPENDING, &limit));
	put(fds[1]);
	expect_info(SIGIO, SI_KERNEL, 0, 0);
	EXPECT(!has_signal());
}

static int die_of_it(void *arg)
{
	int *fds = arg;

	EXPECT_EQ(0, fcntl(fds[0], F_SETOWN, getpid()));
	EXPECT_EQ(0, fcntl(fds[0], F_SETFL, O_ASYNC));
	put(fds[1]);
	return 1;
}

TEST(the_default_action_ends_the_process)
{
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(SIGIO, WTERMSIG(test_in_child(die_of_it, fds)));
}

TEST(signalfd_tells_descriptor_and_band)
{
	struct signalfd_siginfo si;
	int fds[2], sfd, chosen[] = { SIGIO, SIGUSR1, rt(), SIGCHLD };
	sigset_t set = signals();

	sigaddset(&set, SIGCHLD);
	sfd = signalfd(-1, &set, 0);
	EXPECT_EQ(0, pipe(fds));
	for (int i = 0; i < 4; i++) {
		make_async(fds[0], chosen[i]);
		put(fds[1]);
		EXPECT_EQ(sizeof(si), read(sfd, &si, sizeof(si)));
		EXPECT_EQ(chosen[i], si.ssi_signo);
		EXPECT_EQ(chosen[i] == SIGCHLD ? -5 : POLL_IN, si.ssi_code);
		EXPECT_EQ(fds[0], si.ssi_fd);
		EXPECT_EQ(IN_BAND, si.ssi_band);
		EXPECT_EQ(0, si.ssi_pid);
	}
}

/* ---- terminals ---- */

TEST(a_line_tells_whoever_reads_the_terminal)
{
	struct terminal t;
	int on = 1;

	terminal_open(&t);
	terminal_lflag(t.slave, 0, ECHO);
	block_them();
	EXPECT_EQ(0, fcntl(t.slave, F_SETSIG, rt()));
	/* Nobody is in its foreground: the owner is who turns it on. */
	EXPECT_EQ(0, ioctl(t.slave, FIOASYNC, &on));
	expect_owner(t.slave, F_OWNER_PID, getpid());
	terminal_type(t.master, "lin");
	terminal_type(t.master, "e\n");
	expect_info(rt(), POLL_IN, IN_BAND, t.slave);
	terminal_expect(t.slave, "line\n");
	/* What has room tells nothing. */
	terminal_type(t.slave, "out");
	terminal_expect(t.master, "out");
	terminal_type(t.master, "more\n");
	expect_info(rt(), POLL_IN, IN_BAND, t.slave);
	EXPECT(!has_signal());
}

static void own_by_default(struct terminal *t)
{
	block_them();
	EXPECT_EQ(0, fcntl(t->slave, F_SETFL, O_ASYNC));
	expect_owner(t->slave, F_OWNER_PGRP, getpgrp());
	terminal_type(t->master, "x\n");
	expect_info(SIGIO, SI_KERNEL, 0, 0);
	/* Who is the owner already stays it. */
	EXPECT_EQ(0, fcntl(t->slave, F_SETFL, 0));
	EXPECT_EQ(0, fcntl(t->slave, F_SETOWN, getppid()));
	EXPECT_EQ(0, fcntl(t->slave, F_SETFL, O_ASYNC));
	expect_owner(t->slave, F_OWNER_PID, getppid());
	EXPECT_EQ(0, fcntl(t->slave, F_SETFL, 0));
}

TEST(the_foreground_group_owns_its_terminal)
{
	struct terminal t;

	terminal_open(&t);
	end_session(terminal_session(&t, own_by_default));
}

TEST(output_tells_the_master)
{
	struct terminal t;

	terminal_open(&t);
	make_async(t.master, rt());
	terminal_type(t.slave, "a");
	expect_info(rt(), POLL_IN, IN_BAND, t.master);
	terminal_expect(t.master, "a");
	/* Echo is output. */
	terminal_type(t.master, "b");
	expect_info(rt(), POLL_IN, IN_BAND, t.master);
	EXPECT_EQ(0, close(t.slave));
	terminal_await(t.master, POLLHUP);
	EXPECT(!has_signal());
}

TEST(room_tells_who_was_short_of_it)
{
	char buf[512];
	struct terminal t;
	ssize_t n, left = 0;

	memset(buf, 'x', sizeof(buf));
	terminal_open(&t);
	terminal_raw(t.slave);
	EXPECT_EQ(0, fcntl(t.slave, F_SETFL, O_NONBLOCK));
	make_async(t.slave, rt());
	while ((n = write(t.slave, buf, sizeof(buf))) > 0)
		left += n;
	EXPECT_EQ(EAGAIN, errno);
	for (; left > 0; left -= n) {
		n = read(t.master, buf, sizeof(buf));
		EXPECT(n > 0);
	}
	expect_info(rt(), POLL_OUT, OUT_BAND, t.slave);
}

TEST(a_hang_up_ends_it)
{
	struct terminal t;
	int on = 1;

	terminal_open(&t);
	make_async(t.slave, rt());
	EXPECT_EQ(0, close(t.master));
	terminal_await(t.slave, POLLHUP);
	EXPECT(!has_signal());
	EXPECT_EQ(0, fcntl(t.slave, F_GETFL) & O_ASYNC);
	EXPECT_ERRNO(ENOTTY, fcntl(t.slave, F_SETFL, O_ASYNC));
	EXPECT_ERRNO(ENOTTY, ioctl(t.slave, FIOASYNC, &on));
}
