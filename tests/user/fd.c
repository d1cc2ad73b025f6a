/* SPDX-License-Identifier: MIT */
/* Descriptors, pipes and waiting on them. */
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(lowest_descriptor_is_used)
{
	int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY);

	EXPECT_EQ(a + 1, b);
	EXPECT_EQ(0, close(a));
	EXPECT_EQ(a, open("/dev/null", O_RDONLY));
	EXPECT_ERRNO(EBADF, close(9999));
	EXPECT_EQ(0, close(b));
	EXPECT_ERRNO(EBADF, close(b));
}

TEST(dup_shares_the_description)
{
	int fd, copy;
	char c;

	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(4, write(fd, "abcd", 4));
	copy = dup(fd);
	EXPECT_EQ(0, lseek(fd, 1, SEEK_SET) - 1);
	EXPECT_EQ(1, read(copy, &c, 1));
	EXPECT_EQ('b', c);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(1, read(copy, &c, 1));
	EXPECT_EQ('c', c);
	EXPECT_ERRNO(EBADF, dup(fd));
}

TEST(dup2_and_dup3)
{
	int fd = open("/dev/null", O_RDONLY);

	EXPECT_EQ(fd, dup2(fd, fd));
	EXPECT_EQ(50, dup2(fd, 50));
	EXPECT_EQ(0, fcntl(50, F_GETFD));
	EXPECT_EQ(51, dup3(fd, 51, O_CLOEXEC));
	EXPECT_EQ(FD_CLOEXEC, fcntl(51, F_GETFD));
	EXPECT_ERRNO(EINVAL, dup3(fd, fd, 0));
	EXPECT_ERRNO(EINVAL, syscall(SYS_dup3, fd, 52, O_APPEND));
	EXPECT_ERRNO(EBADF, dup2(999, 50));
	EXPECT_ERRNO(EBADF, dup2(fd, -1));
	EXPECT_ERRNO(EBADF, dup2(fd, 1 << 24));
}

TEST(fcntl_flags)
{
	int fd = open("/dev/null", O_RDWR | O_APPEND);

	EXPECT_EQ(O_RDWR | O_APPEND, fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(O_RDWR | O_NONBLOCK, fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	EXPECT_EQ(0, fcntl(fd, F_SETFD, FD_CLOEXEC));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT(fcntl(fd, F_DUPFD, 30) >= 30);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fcntl(fd, F_DUPFD_CLOEXEC, 40), F_GETFD));
	EXPECT_ERRNO(EINVAL, fcntl(fd, F_DUPFD, -1));
	EXPECT_ERRNO(EINVAL, fcntl(fd, 9999));
	EXPECT_ERRNO(EBADF, fcntl(999, F_GETFD));
}

TEST(descriptor_limit_is_emfile)
{
	struct rlimit limit = { 20, 20 };
	int fd, last = -1;

	EXPECT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		last = fd;
	EXPECT_EQ(EMFILE, errno);
	EXPECT_EQ(19, last);
	EXPECT_ERRNO(EINVAL, fcntl(0, F_DUPFD, 20));
}

TEST(pipe_moves_bytes_in_order)
{
	char buf[64];
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(5, write(fds[1], "hello", 5));
	EXPECT_EQ(3, read(fds[0], buf, 3));
	EXPECT_EQ(2, read(fds[0], buf + 3, 60));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	EXPECT_EQ(0, close(fds[1]));
	EXPECT_EQ(0, read(fds[0], buf, 1));
}

TEST(pipe_errors)
{
	int fds[2];
	char c = 0;

	EXPECT_ERRNO(EINVAL, pipe2(fds, 0x4));
	EXPECT_ERRNO(EFAULT, syscall(SYS_pipe2, 1, 0));
	EXPECT_EQ(0, pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fds[0], F_GETFD));
	EXPECT_ERRNO(EAGAIN, read(fds[0], &c, 1));
	EXPECT_ERRNO(EBADF, read(fds[1], &c, 1));
	EXPECT_ERRNO(EBADF, write(fds[0], &c, 1));
	EXPECT_ERRNO(ESPIPE, lseek(fds[0], 0, SEEK_CUR));
	EXPECT_ERRNO(ESPIPE, pread(fds[0], &c, 1, 0));
	EXPECT_ERRNO(EFAULT, write(fds[1], (void *)1, 1));
}

TEST(full_pipe_is_eagain_and_pollout_comes_back)
{
	static char block[4096];
	struct pollfd p;
	long total = 0, n;
	int fds[2];

	EXPECT_EQ(0, pipe2(fds, O_NONBLOCK));
	while ((n = write(fds[1], block, sizeof(block))) > 0)
		total += n;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(65536, total);
	p = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	EXPECT_EQ(0, poll(&p, 1, 0));
	for (int i = 0; i < 16; i++)
		EXPECT_EQ(4096, read(fds[0], block, 4096));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLOUT, p.revents);
}

TEST(broken_pipe_is_sigpipe_or_epipe)
{
	int fds[2], status;
	pid_t pid;

	EXPECT_EQ(0, pipe(fds));
	close(fds[0]);
	pid = fork();
	if (pid == 0)
		_exit(write(fds[1], "x", 1) == 1);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	EXPECT_ERRNO(EPIPE, write(fds[1], "x", 1));
}

TEST(blocked_writer_and_reader_meet)
{
	static char block[200000];
	size_t got = 0;
	int fds[2], status;
	pid_t pid;

	EXPECT_EQ(0, pipe(fds));
	pid = fork();
	if (pid == 0) {
		memset(block, 'q', sizeof(block));
		_exit(write(fds[1], block, sizeof(block)) != sizeof(block));
	}
	close(fds[1]);
	for (long n; (n = read(fds[0], block, 777)) > 0; got += (size_t)n)
		EXPECT(test_is_filled(block, 'q', (size_t)n));
	EXPECT_EQ(sizeof(block), got);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(small_pipe_writes_do_not_mix)
{
	enum { WRITERS = 4, LINES = 200, LEN = 100 };
	char line[LEN];
	int fds[2], lines = 0;

	EXPECT_EQ(0, pipe(fds));
	for (int w = 0; w < WRITERS; w++) {
		if (fork() == 0) {
			memset(line, 'a' + w, LEN);
			for (int i = 0; i < LINES; i++)
				if (write(fds[1], line, LEN) != LEN)
					_exit(1);
			_exit(0);
		}
	}
	close(fds[1]);
	for (;;) {
		size_t got = 0;
		long n = 1;

		while (got < LEN && (n = read(fds[0], line + got, LEN - got)) > 0)
			got += (size_t)n;
		if (got == 0)
			break;
		EXPECT_EQ(LEN, got);
		EXPECT(test_is_filled(line, (unsigned char)line[0], LEN));
		lines++;
	}
	EXPECT_EQ(WRITERS * LINES, lines);
}

TEST(fionread_counts)
{
	int fds[2], n = -1;

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(7, write(fds[1], "1234567", 7));
	EXPECT_EQ(0, ioctl(fds[0], FIONREAD, &n));
	EXPECT_EQ(7, n);
	EXPECT_ERRNO(ENOTTY, ioctl(open("/dev/null", O_RDONLY), 0x5401, &n));
	EXPECT_ERRNO(EBADF, ioctl(999, FIONREAD, &n));
}

TEST(fifo_open_blocks_for_the_other_end)
{
	int fd, status;
	pid_t pid;
	char c;

	test_chdir_scratch();
	EXPECT_EQ(0, mkfifo("fifo", 0600));
	EXPECT_ERRNO(ENXIO, open("fifo", O_WRONLY | O_NONBLOCK));
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	EXPECT(fd >= 0);
	EXPECT_EQ(0, read(fd, &c, 1));
	close(fd);
	pid = fork();
	if (pid == 0) {
		fd = open("fifo", O_WRONLY);
		_exit(write(fd, "z", 1) != 1);
	}
	fd = open("fifo", O_RDONLY);
	EXPECT_EQ(1, read(fd, &c, 1));
	EXPECT_EQ('z', c);
	EXPECT_EQ(0, read(fd, &c, 1));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---- poll and friends ---- */

TEST(poll_reports_what_is_true)
{
	int fds[2];
	struct pollfd p[3];

	EXPECT_EQ(0, pipe(fds));
	p[0] = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	p[2] = (struct pollfd){ .fd = 999, .events = POLLIN };
	EXPECT_EQ(2, poll(p, 3, 0));
	EXPECT_EQ(0, p[0].revents);
	EXPECT_EQ(POLLOUT, p[1].revents);
	EXPECT_EQ(POLLNVAL, p[2].revents);
	EXPECT_EQ(1, write(fds[1], "x", 1));
	p[2].fd = -1;
	EXPECT_EQ(2, poll(p, 3, 1000));
	EXPECT_EQ(POLLIN, p[0].revents);
	EXPECT_EQ(0, p[2].revents);
	close(fds[1]);
	EXPECT_EQ(POLLIN | POLLHUP, (poll(p, 1, 0), p[0].revents));
}

static long now_ms(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

TEST(poll_times_out)
{
	int fds[2];
	struct pollfd p;
	long start = now_ms();

	EXPECT_EQ(0, pipe(fds));
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	EXPECT_EQ(0, poll(&p, 1, 60));
	EXPECT(now_ms() - start >= 59);
	EXPECT_EQ(0, poll(NULL, 0, 5));
	EXPECT_ERRNO(EFAULT, poll((struct pollfd *)1, 1, 0));
}

TEST(poll_wakes_for_a_writer)
{
	int fds[2];
	struct pollfd p;

	EXPECT_EQ(0, pipe(fds));
	if (fork() == 0) {
		usleep(30000);
		_exit(write(fds[1], "x", 1) != 1);
	}
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	EXPECT_EQ(1, poll(&p, 1, 10000));
}

TEST(select_sets_and_counts)
{
	struct timeval tv = { 0, 0 };
	fd_set r, w;
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(fds[0], &r);
	FD_SET(fds[1], &w);
	EXPECT_EQ(1, select(fds[1] + 1, &r, &w, NULL, &tv));
	EXPECT(!FD_ISSET(fds[0], &r));
	EXPECT(FD_ISSET(fds[1], &w));
	EXPECT_EQ(1, write(fds[1], "x", 1));
	FD_SET(fds[0], &r);
	EXPECT_EQ(2, select(fds[1] + 1, &r, &w, NULL, NULL));
	EXPECT_ERRNO(EINVAL, select(-1, NULL, NULL, NULL, &tv));
	FD_ZERO(&r);
	FD_SET(40, &r);           /* Linux looks no further than its table */
	EXPECT_ERRNO(EBADF, select(41, &r, NULL, NULL, &tv));
}

/* The call itself: the library's function is strict about the microseconds. */
TEST(select_takes_any_microseconds)
{
#ifdef SYS_select
	struct timeval over = { 0, 1000000 }, far = { INT64_MAX, 2000000 }, past = { 1, -1 };
	int fds[2];
	fd_set w;

	EXPECT_EQ(0, pipe(fds));
	FD_ZERO(&w);
	FD_SET(fds[1], &w);
	EXPECT_EQ(1, syscall(SYS_select, fds[1] + 1, NULL, &w, NULL, &over));
	EXPECT_ERRNO(EINVAL, syscall(SYS_select, fds[1] + 1, NULL, &w, NULL, &far));
	EXPECT_ERRNO(EINVAL, syscall(SYS_select, fds[1] + 1, NULL, &w, NULL, &past));
#endif
}

static void on_alarm(int signo)
{
	(void)signo;
}

TEST(ppoll_takes_a_mask)
{
	struct itimerval it = { .it_value.tv_usec = 20000 };
	sigset_t block, none;

	signal(SIGALRM, on_alarm);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	EXPECT_EQ(0, sigprocmask(SIG_BLOCK, &block, NULL));
	EXPECT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	EXPECT_ERRNO(EINTR, ppoll(NULL, 0, NULL, &none));
}

TEST(epoll_level_and_edge)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 0x123456789abcdefull }, out[4];
	int fds[2], ep = epoll_create1(EPOLL_CLOEXEC);

	EXPECT(ep >= 0);
	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev));
	EXPECT_ERRNO(EEXIST, epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev));
	EXPECT_EQ(0, epoll_wait(ep, out, 4, 0));
	EXPECT_EQ(1, write(fds[1], "x", 1));
	EXPECT_EQ(1, epoll_wait(ep, out, 4, 1000));
	EXPECT(out[0].data.u64 == 0x123456789abcdefull);
	EXPECT_EQ(1, epoll_wait(ep, out, 4, 0));
	ev.events = EPOLLIN | EPOLLET;
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &ev));
	EXPECT_EQ(1, epoll_wait(ep, out, 4, 0));
	EXPECT_EQ(0, epoll_wait(ep, out, 4, 0));
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
	EXPECT_ERRNO(ENOENT, epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
	EXPECT_ERRNO(EINVAL, epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev));
	EXPECT_ERRNO(EINVAL, epoll_wait(ep, out, 0, 0));
}

TEST(eventfd_counts)
{
	unsigned long long v = 3;
	int fd = eventfd(2, EFD_NONBLOCK);

	EXPECT_EQ(8, write(fd, &v, 8));
	EXPECT_EQ(8, read(fd, &v, 8));
	EXPECT_EQ(5, v);
	EXPECT_ERRNO(EAGAIN, read(fd, &v, 8));
	EXPECT_ERRNO(EINVAL, read(fd, &v, 4));
}

TEST(timerfd_expires)
{
	struct itimerspec its = { .it_value.tv_nsec = 10 * 1000 * 1000,
				  .it_interval.tv_nsec = 10 * 1000 * 1000 };
	unsigned long long v = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	EXPECT(fd >= 0);
	EXPECT_EQ(0, timerfd_settime(fd, 0, &its, NULL));
	EXPECT_EQ(8, read(fd, &v, 8));
	EXPECT(v >= 1);
	usleep(35000);
	EXPECT_EQ(8, read(fd, &v, 8));
	EXPECT(v >= 2);
}

TEST(vectors_gather_and_scatter)
{
	char a[3], b[4];
	struct iovec out[2] = { { "abc", 3 }, { "defg", 4 } }, in[2] = { { a, 3 }, { b, 4 } };
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(7, writev(fds[1], out, 2));
	EXPECT_EQ(7, readv(fds[0], in, 2));
	EXPECT(memcmp(a, "abc", 3) == 0 && memcmp(b, "defg", 4) == 0);
	EXPECT_ERRNO(EINVAL, writev(fds[1], out, 2000));
	EXPECT_ERRNO(EINVAL, writev(fds[1], out, -1));
	EXPECT_ERRNO(EFAULT, writev(fds[1], (struct iovec *)1, 1));
}

TEST(close_range_closes)
{
	EXPECT_EQ(60, dup2(1, 60));
	EXPECT_EQ(65, dup2(1, 65));
	EXPECT_EQ(0, syscall(SYS_close_range, 60, 64, 0));
	EXPECT_ERRNO(EBADF, fcntl(60, F_GETFD));
	EXPECT_EQ(0, fcntl(65, F_GETFD));
	EXPECT_ERRNO(EINVAL, syscall(SYS_close_range, 64, 60, 0));
}

TEST(devices_do_what_they_do)
{
	unsigned char buf[64];
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
	int full = open("/dev/full", O_RDWR), random = open("/dev/urandom", O_RDONLY);

	EXPECT_EQ(0, read(null, buf, 64));
	EXPECT_EQ(64, write(null, buf, 64));
	memset(buf, 1, 64);
	EXPECT_EQ(64, read(zero, buf, 64));
	EXPECT(test_is_filled(buf, 0, 64));
	EXPECT_ERRNO(ENOSPC, write(full, buf, 1));
	EXPECT_EQ(64, read(random, buf, 64));
	EXPECT(!test_is_filled(buf, buf[0], 64));
}

static int lock_it(int fd, int type, off_t start, off_t len, int cmd)
{
	struct flock fl = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start,
			    .l_len = len };

	return fcntl(fd, cmd, &fl);
}

TEST(posix_locks_conflict_between_processes)
{
	int fd, status;
	pid_t pid;

	test_chdir_scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(0, lock_it(fd, F_WRLCK, 0, 10, F_SETLK));
	pid = fork();
	if (pid == 0) {
		if (lock_it(fd, F_WRLCK, 5, 10, F_SETLK) != -1 || errno != EAGAIN)
			_exit(1);
		_exit(lock_it(fd, F_WRLCK, 10, 5, F_SETLK) != 0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, lock_it(fd, F_UNLCK, 0, 0, F_SETLK));
}

TEST(a_directory_can_be_unwatched)
{
	int dir = open("/", O_RDONLY), file = open("/dev/null", O_RDONLY);

	EXPECT_EQ(0, fcntl(dir, F_NOTIFY, 0));
	EXPECT_EQ(0, fcntl(dir, F_NOTIFY, DN_MULTISHOT));
	EXPECT_EQ(0, fcntl(file, F_NOTIFY, DN_MULTISHOT));
	EXPECT_ERRNO(EBADF, fcntl(open("/", O_PATH), F_NOTIFY, 0));
}

TEST(a_pipe_opened_again_waits_for_nobody)
{
	char path[32], c;
	struct pollfd p = { .events = POLLIN };
	int fds[2], again;

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(1, write(fds[1], "x", 1));
	EXPECT_EQ(0, close(fds[1]));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	again = p.fd = open(path, O_RDONLY);
	EXPECT(again >= 0);
	EXPECT_EQ(1, read(again, &c, 1));
	EXPECT_EQ(0, read(again, &c, 1));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLHUP, p.revents);
	again = open(path, O_WRONLY);
	EXPECT_EQ(1, write(again, "y", 1));
	EXPECT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ('y', c);
}

TEST(a_pipe_without_readers_is_opened_and_broken)
{
	char path[32];
	int fds[2], again;

	EXPECT_EQ(0, pipe(fds));
	EXPECT_EQ(0, close(fds[0]));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[1]);
	again = open(path, O_WRONLY);
	EXPECT(again >= 0);
	EXPECT_EQ(SIG_DFL, signal(SIGPIPE, SIG_IGN));
	EXPECT_ERRNO(EPIPE, write(again, "x", 1));
	EXPECT(open(path, O_WRONLY | O_NONBLOCK) >= 0);
}

TEST(an_owner_has_a_number_that_can_be_negated)
{
	struct f_owner_ex owner = { F_OWNER_PGRP, INT_MIN };
	int fds[2];

	EXPECT_EQ(0, pipe(fds));
	EXPECT_ERRNO(EINVAL, fcntl(fds[0], F_SETOWN, INT_MIN));
	EXPECT_ERRNO(ESRCH, fcntl(fds[0], F_SETOWN_EX, &owner));
	owner.pid = -1;
	EXPECT_ERRNO(ESRCH, fcntl(fds[0], F_SETOWN_EX, &owner));
	EXPECT_EQ(0, fcntl(fds[0], F_GETOWN));
	EXPECT_EQ(0, fcntl(fds[0], F_SETOWN, -getpgrp()));
	EXPECT_EQ(0, fcntl(fds[0], F_GETOWN_EX, &owner));
	EXPECT_EQ(F_OWNER_PGRP, owner.type);
	EXPECT_EQ(getpgrp(), owner.pid);
}
