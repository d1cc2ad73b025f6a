/* SPDX-License-Identifier: MIT */
/* Readiness, file locks, and data that moves between descriptors. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static void watch(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data = { .fd = fd } };

	EXPECT_EQ(0, epoll_ctl(ep, op, fd, &ev));
}

static int ready(int ep)
{
	struct epoll_event ev[8];

	return epoll_wait(ep, ev, 8, 0);
}

TEST(epoll_one_shot)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), fd[2];

	EXPECT(ep >= 0);
	EXPECT_EQ(0, pipe(fd));
	watch(ep, EPOLL_CTL_ADD, fd[0], EPOLLIN | EPOLLONESHOT);
	EXPECT_EQ(0, ready(ep));
	EXPECT_EQ(1, write(fd[1], "x", 1));
	EXPECT_EQ(1, ready(ep));
	EXPECT_EQ(0, ready(ep));
	EXPECT_EQ(1, write(fd[1], "x", 1));
	EXPECT_EQ(0, ready(ep));
	watch(ep, EPOLL_CTL_MOD, fd[0], EPOLLIN | EPOLLONESHOT);
	EXPECT_EQ(1, ready(ep));
}

TEST(epoll_edges_come_with_each_write)
{
	int ep = epoll_create1(0), fd[2];

	EXPECT_EQ(0, pipe(fd));
	EXPECT_EQ(1, write(fd[1], "x", 1));
	watch(ep, EPOLL_CTL_ADD, fd[0], EPOLLIN | EPOLLET);
	EXPECT_EQ(1, ready(ep));
	EXPECT_EQ(0, ready(ep));
	EXPECT_EQ(1, write(fd[1], "x", 1));
	EXPECT_EQ(1, ready(ep));
	EXPECT_EQ(0, close(fd[1]));
	EXPECT_EQ(1, ready(ep));
	EXPECT_EQ(0, ready(ep));
}

TEST(epoll_errors)
{
	int ep = epoll_create1(0), fd[2], file = open("/", O_RDONLY);
	struct epoll_event ev = { .events = EPOLLIN };

	EXPECT_EQ(0, pipe(fd));
	EXPECT_ERRNO(EINVAL, epoll_create1(1));
	EXPECT_ERRNO(EPERM, epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev));
	EXPECT_ERRNO(EINVAL, epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev));
	EXPECT_ERRNO(EINVAL, epoll_ctl(fd[0], EPOLL_CTL_ADD, fd[1], &ev));
	EXPECT_ERRNO(EBADF, epoll_ctl(ep, EPOLL_CTL_ADD, 999, &ev));
	EXPECT_ERRNO(EBADF, epoll_ctl(999, EPOLL_CTL_ADD, fd[0], &ev));
	EXPECT_ERRNO(ENOENT, epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &ev));
	EXPECT_ERRNO(ENOENT, epoll_ctl(ep, EPOLL_CTL_DEL, fd[0], &ev));
	watch(ep, EPOLL_CTL_ADD, fd[0], EPOLLIN);
	EXPECT_ERRNO(EEXIST, epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev));
	EXPECT_ERRNO(EINVAL, epoll_wait(ep, &ev, 0, 0));
	EXPECT_ERRNO(EINVAL, epoll_wait(fd[0], &ev, 1, 0));
	EXPECT_ERRNO(EFAULT, epoll_wait(ep, (void *)-4096L, 1, 0));
}

TEST(epoll_forgets_closed_files)
{
	int ep = epoll_create1(0), fd[2], copy;

	EXPECT_EQ(0, pipe(fd));
	EXPECT_EQ(1, write(fd[1], "x", 1));
	watch(ep, EPOLL_CTL_ADD, fd[0], EPOLLIN);
	copy = dup(fd[0]);
	EXPECT_EQ(0, close(fd[0]));
	EXPECT_EQ(1, ready(ep));        /* the description is still open */
	EXPECT_EQ(0, close(copy));
	EXPECT_EQ(0, ready(ep));
}

/* A signalfd tells of the signals of who polls it, and may stay when that is gone. */
TEST(epoll_keeps_a_signalfd_of_the_dead)
{
	int ep = epoll_create1(0), fd, status;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	pid = fork();
	if (pid == 0) {
		watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN);
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
	EXPECT_EQ(0, kill(getpid(), SIGUSR1));
	watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN);
	EXPECT_EQ(1, ready(ep));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, ready(ep));
}

TEST(epoll_of_epoll)
{
	int inner = epoll_create1(0), outer = epoll_create1(0), fd[2];
	struct pollfd p = { .fd = outer, .events = POLLIN };

	EXPECT_EQ(0, pipe(fd));
	watch(inner, EPOLL_CTL_ADD, fd[0], EPOLLIN);
	watch(outer, EPOLL_CTL_ADD, inner, EPOLLIN);
	EXPECT_EQ(0, ready(outer));
	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_EQ(1, write(fd[1], "x", 1));
	EXPECT_EQ(1, poll(&p, 1, 1000));
	EXPECT_EQ(1, ready(outer));
	EXPECT_EQ(1, ready(inner));
}

TEST(epoll_wakes_a_sleeper)
{
	int ep = epoll_create1(0), fd[2];
	struct epoll_event ev;
	pid_t pid;

	EXPECT_EQ(0, pipe(fd));
	watch(ep, EPOLL_CTL_ADD, fd[0], EPOLLIN);
	pid = fork();
	if (pid == 0) {
		usleep(20000);
		_exit(write(fd[1], "x", 1) != 1);
	}
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 5000));
	EXPECT_EQ(fd[0], ev.data.fd);
	EXPECT_EQ(EPOLLIN, ev.events);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(1, read(fd[0], &ev, 1));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 20));
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signo)
{
	(void)signo;
	alarms++;
}

TEST(waiting_ends_with_a_signal)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct epoll_event ev;
	struct pollfd p = { .events = POLLIN };
	int ep = epoll_create1(0), fd[2];
	fd_set set;

	EXPECT_EQ(0, pipe(fd));
	EXPECT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	p.fd = fd[0];
	ualarm(20000, 20000);   /* again: one may come before the call that it is for */
	EXPECT_ERRNO(EINTR, poll(&p, 1, -1));
	EXPECT_ERRNO(EINTR, epoll_wait(ep, &ev, 1, -1));
	FD_ZERO(&set);
	FD_SET(fd[0], &set);
	EXPECT_ERRNO(EINTR, select(fd[0] + 1, &set, NULL, NULL, NULL));
	EXPECT(alarms >= 3);
}

TEST(eventfd_as_a_semaphore)
{
	int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	uint64_t v = 0;

	EXPECT_EQ(8, read(fd, &v, 8));
	EXPECT_EQ(1, v);
	EXPECT_EQ(8, read(fd, &v, 8));
	EXPECT_ERRNO(EAGAIN, read(fd, &v, 8));
	EXPECT_ERRNO(EINVAL, read(fd, &v, 4));
	v = UINT64_MAX;
	EXPECT_ERRNO(EINVAL, write(fd, &v, 8));
	v = UINT64_MAX - 1;
	EXPECT_EQ(8, write(fd, &v, 8));
	v = 1;
	EXPECT_ERRNO(EAGAIN, write(fd, &v, 8));
}

TEST(hang_up_and_error_of_pipes)
{
	struct pollfd p[2];
	int fd[2];

	EXPECT_EQ(0, pipe(fd));
	p[0] = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	EXPECT_EQ(1, write(fd[1], "x", 1));
	EXPECT_EQ(0, close(fd[1]));
	EXPECT_EQ(1, poll(p, 1, 0));
	EXPECT_EQ(POLLIN | POLLHUP, p[0].revents);
	EXPECT_EQ(1, read(fd[0], p, 0) + 1);
	EXPECT_EQ(0, pipe(fd));
	p[0] = (struct pollfd){ .fd = fd[1], .events = POLLOUT };
	EXPECT_EQ(0, close(fd[0]));
	EXPECT_EQ(1, poll(p, 1, 0));
	EXPECT(p[0].revents & POLLERR);
	p[0] = (struct pollfd){ .fd = 999, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = -1, .events = POLLIN, .revents = 1 };
	EXPECT_EQ(1, poll(p, 2, 0));
	EXPECT_EQ(POLLNVAL, p[0].revents);
	EXPECT_EQ(0, p[1].revents);
}

TEST(pipes_can_be_resized)
{
	char buf[4096];
	int fd[2];

	EXPECT_EQ(0, pipe2(fd, O_NONBLOCK));
	EXPECT_EQ(65536, fcntl(fd[0], F_GETPIPE_SZ));
	EXPECT_EQ(4096, fcntl(fd[0], F_SETPIPE_SZ, 1));
	memset(buf, 'a', sizeof(buf));
	EXPECT_EQ(4096, write(fd[1], buf, 4096));
	EXPECT_ERRNO(EAGAIN, write(fd[1], buf, 1));
	EXPECT_EQ(16384, fcntl(fd[1], F_SETPIPE_SZ, 12000));
	EXPECT_EQ(4096, write(fd[1], buf, 4096));
	EXPECT_ERRNO(EBUSY, fcntl(fd[1], F_SETPIPE_SZ, 4096));
	EXPECT_EQ(4096, read(fd[0], buf, 4096));
	EXPECT_EQ('a', buf[4095]);
	EXPECT_ERRNO(EBADF, fcntl(open("/", O_RDONLY), F_GETPIPE_SZ));
}

TEST(splice_and_tee_move_bytes)
{
	int a[2], b[2], fd;
	char buf[16];

	test_chdir_scratch();
	EXPECT_EQ(0, pipe(a));
	EXPECT_EQ(0, pipe(b));
	EXPECT_EQ(5, write(a[1], "hello", 5));
	EXPECT_EQ(5, tee(a[0], b[1], 100, 0));
	EXPECT_EQ(5, read(b[0], buf, 16));
	fd = open("f", O_RDWR | O_CREAT, 0644);
	EXPECT_EQ(5, splice(a[0], NULL, fd, NULL, 5, 0));
	EXPECT_EQ(5, pread(fd, buf, 16, 0));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(5, splice(fd, NULL, b[1], NULL, 100, 0));
	EXPECT_EQ(5, read(b[0], buf, 16));
	EXPECT_ERRNO(EINVAL, splice(fd, NULL, fd, NULL, 1, 0));
}

/* Neither waits for the pipe, nor looks at the descriptors. */
TEST(splice_and_tee_of_nothing)
{
	int a[2], b[2];

	EXPECT_EQ(0, pipe(a));
	EXPECT_EQ(0, pipe(b));
	EXPECT_EQ(0, tee(a[0], b[1], 0, 0));
	EXPECT_EQ(0, tee(-1, -1, 0, 0));
	EXPECT_ERRNO(EINVAL, tee(-1, -1, 0, 0x100));
	EXPECT_ERRNO(EBADF, tee(-1, b[1], 1, 0));
	EXPECT_EQ(0, splice(a[0], NULL, b[1], NULL, 0, 0));
	EXPECT_EQ(0, splice(-1, NULL, -1, NULL, 0, 0x100));
	EXPECT_ERRNO(EINVAL, splice(-1, NULL, -1, NULL, 1, 0x100));
}

FILE_TEST(fallocate_makes_room)
{
	struct stat st;
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	if (fallocate(fd, 0, 0, 10000) < 0) {
		EXPECT_EQ(EOPNOTSUPP, errno);
		return;
	}
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(10000, st.st_size);
	EXPECT_ERRNO(EINVAL, fallocate(fd, 0, 0, 0));
	EXPECT_ERRNO(EINVAL, fallocate(fd, 0, -1, 1));
}

/* ---- locks ---- */

static int set_lock(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock fl = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start,
			    .l_len = len };

	return fcntl(fd, cmd, &fl);
}

static int other_can_lock(void *arg)
{
	int fd = open("f", O_RDWR);

	return set_lock(fd, F_SETLK, F_WRLCK, *(int *)arg, 1) == 0 ? 1 : 0;
}

static int can_lock(int at)
{
	return WEXITSTATUS(test_in_child(other_can_lock, &at));
}

FILE_TEST(record_locks_split_and_merge)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	EXPECT_EQ(0, set_lock(fd, F_SETLK, F_WRLCK, 0, 100));
	EXPECT_EQ(0, can_lock(50));
	EXPECT_EQ(1, can_lock(100));
	EXPECT_EQ(0, set_lock(fd, F_SETLK, F_UNLCK, 40, 20));
	EXPECT_EQ(0, can_lock(39));
	EXPECT_EQ(1, can_lock(40));
	EXPECT_EQ(1, can_lock(59));
	EXPECT_EQ(0, can_lock(60));
	EXPECT_EQ(0, set_lock(fd, F_SETLK, F_WRLCK, 40, 20));
	EXPECT_EQ(0, can_lock(45));
	EXPECT_EQ(0, fcntl(fd, F_GETLK, &fl));
	EXPECT_EQ(F_UNLCK, fl.l_type);          /* one's own locks are no conflict */
	EXPECT_EQ(0, close(open("f", O_RDONLY)));
	EXPECT_EQ(1, can_lock(50));             /* any close drops them all */
}

static int lock_twice(void *arg)
{
	int *fds = arg;
	int fd = open("f", O_RDWR);

	EXPECT_EQ(0, set_lock(fd, F_SETLK, F_WRLCK, 1, 1));
	EXPECT_EQ(1, write(fds[1], "x", 1));
	return set_lock(fd, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 0 : errno;
}

FILE_TEST(record_locks_that_wait_for_each_other)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644), fds[2], status;
	int err = 0;
	char c;
	pid_t pid;

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(0, set_lock(fd, F_SETLK, F_WRLCK, 0, 1));
	pid = fork();
	if (pid == 0)
		_exit(lock_twice(fds));
	EXPECT_EQ(1, read(fds[0], &c, 1));
	usleep(50000);
	if (set_lock(fd, F_SETLKW, F_WRLCK, 1, 1) < 0)
		err = errno;
	EXPECT_EQ(EDEADLK, err);
	EXPECT_EQ(0, set_lock(fd, F_SETLK, F_UNLCK, 0, 1));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

FILE_TEST(description_locks)
{
	int a = open("f", O_RDWR | O_CREAT, 0644), b = open("f", O_RDWR);

	EXPECT_EQ(0, set_lock(a, 37, F_WRLCK, 0, 10));
	EXPECT_ERRNO(EAGAIN, set_lock(b, 37, F_WRLCK, 5, 1));
	EXPECT_EQ(0, set_lock(b, 37, F_WRLCK, 10, 1));
	EXPECT_EQ(0, set_lock(dup(a), 37, F_UNLCK, 0, 10));
	EXPECT_EQ(0, set_lock(b, 37, F_WRLCK, 5, 1));
}

FILE_TEST(whole_file_locks)
{
	int a = open("f", O_RDWR | O_CREAT, 0644), b = open("f", O_RDONLY), c;

	EXPECT_EQ(0, flock(a, LOCK_SH));
	EXPECT_EQ(0, flock(b, LOCK_SH | LOCK_NB));
	EXPECT_ERRNO(EWOULDBLOCK, flock(a, LOCK_EX | LOCK_NB));
	EXPECT_EQ(0, flock(b, LOCK_UN));
	EXPECT_EQ(0, flock(a, LOCK_EX | LOCK_NB));
	EXPECT_ERRNO(EWOULDBLOCK, flock(b, LOCK_SH | LOCK_NB));
	EXPECT_EQ(0, set_lock(a, F_SETLK, F_WRLCK, 0, 0));      /* another kind */
	c = dup(a);
	EXPECT_EQ(0, close(a));
	EXPECT_ERRNO(EWOULDBLOCK, flock(b, LOCK_SH | LOCK_NB));
	EXPECT_EQ(0, close(c));
	EXPECT_EQ(0, flock(b, LOCK_EX | LOCK_NB));
	EXPECT_ERRNO(EINVAL, flock(b, 77));
}
