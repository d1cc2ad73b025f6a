/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals: both sides, their names, and the file system of these. */
#include "terminal.h"
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIOCGPTPEER_ 0x5441

static int set_nonblocking(int fd)
{
	return fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

/*
 * An instance of devpts that only this test sees: it is mounted, opened as a
 * directory, and taken off at once.  -1 and errno as mount(2).
 */
static int instance(const char *options)
{
	int dir, err;

	test_chdir_scratch();
	EXPECT_EQ(0, mkdir("pts", 0755));
	err = mount("devpts", "pts", "devpts", 0, options);
	if (err < 0)
		return err;
	dir = open("pts", O_RDONLY | O_DIRECTORY);
	EXPECT(dir >= 0);
	EXPECT_EQ(0, umount2("pts", MNT_DETACH));
	return dir;
}

/* A master of the instance @dir, unlocked; its number. */
static int instance_master(int dir, int *number)
{
	int fd = openat(dir, "ptmx", O_RDWR | O_NOCTTY), unlock = 0;

	if (fd < 0)
		return fd;
	EXPECT_EQ(0, ioctl(fd, TIOCSPTLCK, &unlock));
	EXPECT_EQ(0, ioctl(fd, TIOCGPTN, number));
	return fd;
}

static int instance_slave(int dir, int number)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", number);
	return openat(dir, name, O_RDWR | O_NOCTTY);
}

TEST(slave_is_locked_at_first)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), lock = -1, slave;

	EXPECT(master >= 0);
	EXPECT_EQ(0, ioctl(master, TIOCGPTLCK, &lock));
	EXPECT_EQ(1, lock);
	EXPECT_ERRNO(EIO, open(terminal_name(master), O_RDWR | O_NOCTTY));
	lock = 0;
	EXPECT_EQ(0, ioctl(master, TIOCSPTLCK, &lock));
	EXPECT_EQ(0, ioctl(master, TIOCGPTLCK, &lock));
	EXPECT_EQ(0, lock);
	slave = open(terminal_name(master), O_RDWR | O_NOCTTY);
	EXPECT(slave >= 0 && isatty(slave));
	lock = 1;
	EXPECT_EQ(0, ioctl(master, TIOCSPTLCK, &lock));
	EXPECT_ERRNO(EIO, open(terminal_name(master), O_RDWR | O_NOCTTY));
	EXPECT_ERRNO(EFAULT, ioctl(master, TIOCSPTLCK, NULL));
}

TEST(numbers_and_devices)
{
	struct terminal t;
	struct stat st;
	unsigned n, dev;

	terminal_open(&t);
	EXPECT_EQ(0, ioctl(t.master, TIOCGPTN, &n));
	EXPECT_EQ(0, fstat(t.slave, &st));
	EXPECT(S_ISCHR(st.st_mode));
	EXPECT_EQ(makedev(136, n), st.st_rdev);
	EXPECT_EQ(0, fstat(t.master, &st));
	EXPECT_EQ(makedev(5, 2), st.st_rdev);
	EXPECT_ERRNO(ENOTTY, ioctl(t.slave, TIOCGPTN, &n));
	EXPECT_ERRNO(EFAULT, ioctl(t.master, TIOCGPTN, NULL));
	EXPECT_EQ(0, ioctl(t.slave, TIOCGDEV, &dev));
	EXPECT_EQ(makedev(136, n), dev);
	EXPECT_EQ(0, strcmp(ttyname(t.slave), terminal_name(t.master)));
	EXPECT(isatty(t.master));
	EXPECT_ERRNO(ESPIPE, lseek(t.master, 0, SEEK_SET));
	EXPECT_ERRNO(ESPIPE, lseek(t.slave, 0, SEEK_SET));
}

TEST(both_ways)
{
	struct terminal t;

	terminal_open(&t);
	terminal_type(t.slave, "out\n");
	terminal_expect(t.master, "out\r\n");
	terminal_type(t.master, "in\r");
	terminal_expect(t.master, "in\r\n");
	terminal_expect(t.slave, "in\n");
}

TEST(typing_before_anybody_has_opened)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), slave, unlock = 0;

	EXPECT_EQ(0, set_nonblocking(master));
	EXPECT_EQ(POLLOUT | POLLWRNORM, terminal_events(master));
	EXPECT_ERRNO(EAGAIN, read(master, &slave, 1));
	EXPECT_EQ(0, fcntl(master, F_SETFL, O_RDWR));
	terminal_type(master, "early\n");
	terminal_expect(master, "early\r\n");
	EXPECT_EQ(0, ioctl(master, TIOCSPTLCK, &unlock));
	slave = open(terminal_name(master), O_RDWR | O_NOCTTY);
	terminal_expect(slave, "early\n");
}

TEST(master_reads_what_is_left_and_then_an_error)
{
	struct terminal t;
	char c;

	terminal_open(&t);
	terminal_type(t.slave, "last");
	terminal_await(t.master, POLLIN);
	EXPECT_EQ(0, close(t.slave));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP, terminal_events(t.master));
	terminal_expect(t.master, "last");
	EXPECT_ERRNO(EIO, read(t.master, &c, 1));
	EXPECT_EQ(POLLOUT | POLLWRNORM | POLLHUP, terminal_events(t.master));
}

TEST(slave_may_be_opened_again)
{
	struct terminal t;
	char c;

	terminal_open(&t);
	terminal_lflag(t.slave, 0, ECHOE);
	EXPECT_EQ(0, close(t.slave));
	EXPECT_ERRNO(EIO, read(t.master, &c, 1));
	/* What is typed meanwhile is received, by the settings that there were. */
	terminal_type(t.master, "a\177b\n");
	t.slave = open(terminal_name(t.master), O_RDWR | O_NOCTTY);
	EXPECT(t.slave >= 0);
	terminal_expect(t.master, "a^?b\r\n");
	terminal_expect(t.slave, "b\n");
	EXPECT_EQ(POLLOUT | POLLWRNORM, terminal_events(t.master));
	EXPECT_EQ(0, set_nonblocking(t.master));
	EXPECT_ERRNO(EAGAIN, read(t.master, &c, 1));
}

TEST(closing_the_master_hangs_the_slave_up)
{
	struct terminal t;
	struct termios settings;
	char name[32], path[32], c;
	int pgid = getpgrp();

	terminal_open(&t);
	strcpy(name, terminal_name(t.master));
	terminal_type(t.master, "not read\n");
	terminal_await(t.slave, POLLIN);
	EXPECT_EQ(0, close(t.master));
	EXPECT_EQ(0, read(t.slave, &c, 1));
	EXPECT_ERRNO(EIO, write(t.slave, "x", 1));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLERR,
		  terminal_events(t.slave));
	EXPECT_ERRNO(EIO, tcgetattr(t.slave, &settings));
	EXPECT_ERRNO(ENOTTY, ioctl(t.slave, TIOCSPGRP, &pgid));
	EXPECT_ERRNO(ENOENT, open(name, O_RDWR | O_NOCTTY));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", t.slave);
	EXPECT_ERRNO(EIO, open(path, O_RDWR | O_NOCTTY));
}

TEST(closing_a_copy_of_the_master_does_not)
{
	struct terminal t;
	int copy;

	terminal_open(&t);
	copy = dup(t.master);
	EXPECT_EQ(0, close(t.master));
	terminal_type(t.slave, "still");
	terminal_expect(copy, "still");
}

TEST(reader_of_the_master_wakes_when_the_slave_closes)
{
	struct terminal t;
	int pid, status;
	char c;

	terminal_open(&t);
	pid = fork();
	if (pid == 0) {
		close(t.slave);
		_exit(read(t.master, &c, 1) < 0 && errno == EIO ? 0 : 1);
	}
	EXPECT_EQ(0, close(t.slave));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

static long fill(int fd, char c)
{
	char block[1000];
	long n, done = 0;

	memset(block, c, sizeof(block));
	while ((n = write(fd, block, sizeof(block))) > 0)
		done += n;
	EXPECT_EQ(EAGAIN, errno);
	return done;
}

TEST(writer_of_the_slave_wakes_when_the_master_closes)
{
	struct terminal t;
	int pid, status;

	terminal_open(&t);
	terminal_raw(t.slave);
	EXPECT_EQ(0, set_nonblocking(t.slave));
	fill(t.slave, 'x');
	EXPECT_EQ(0, fcntl(t.slave, F_SETFL, O_RDWR));
	pid = fork();
	if (pid == 0) {
		char block[64 << 10];

		close(t.master);
		memset(block, 'y', sizeof(block));
		while (write(t.slave, block, sizeof(block)) > 0)
			;
		_exit(errno == EIO ? 0 : 1);
	}
	EXPECT_EQ(0, close(t.master));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Who waits behind another writer can be killed. */
TEST(second_writer_can_be_interrupted)
{
	struct terminal t;
	int pids[2], status;

	terminal_open(&t);
	terminal_raw(t.slave);
	EXPECT_EQ(0, set_nonblocking(t.slave));
	fill(t.slave, 'x');
	EXPECT_EQ(0, fcntl(t.slave, F_SETFL, O_RDWR));
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char block[64 << 10];

			memset(block, 'y', sizeof(block));
			for (;;)
				if (write(t.slave, block, sizeof(block)) < 0)
					_exit(1);
		}
	}
	for (int i = 1; i >= 0; i--) {
		EXPECT_EQ(0, kill(pids[i], SIGTERM));
		EXPECT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(SIGTERM, status);
	}
}

TEST(output_waits_for_a_late_reader)
{
	static char block[8 << 10];
	struct terminal t;
	size_t done = 0;

	terminal_open(&t);
	terminal_raw(t.slave);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = i % 251;
	EXPECT_EQ(sizeof(block), write(t.slave, block, sizeof(block)));
	while (done < sizeof(block)) {
		unsigned char buf[999];
		ssize_t n = read(t.master, buf, sizeof(buf));

		EXPECT(n > 0);
		for (ssize_t i = 0; i < n; i++)
			EXPECT_EQ(done++ % 251, buf[i]);
	}
}

TEST(nothing_is_lost_when_both_sides_are_busy)
{
	enum { BYTES = 300000 };
	struct terminal t;
	int pid, status;

	terminal_open(&t);
	terminal_raw(t.slave);
	pid = fork();
	if (pid == 0) {
		char buf[777];
		ssize_t n;

		close(t.master);
		for (long left = BYTES; left > 0; left -= n) {
			n = read(t.slave, buf, left < 777 ? left : 777);
			for (ssize_t done = 0, k; n > 0 && done < n; done += k)
				if ((k = write(t.slave, buf + done, n - done)) <= 0)
					_exit(1);
			if (n <= 0)
				_exit(2);
		}
		_exit(0);
	}
	EXPECT_EQ(0, set_nonblocking(t.master));
	for (long sent = 0, seen = 0; seen < BYTES;) {
		struct pollfd p = { t.master, POLLIN | (sent < BYTES ? POLLOUT : 0), 0 };
		unsigned char buf[512];
		ssize_t n;

		EXPECT_EQ(1, poll(&p, 1, -1));
		if (p.revents & POLLOUT) {
			for (n = 0; n < 512 && sent + n < BYTES; n++)
				buf[n] = (sent + n) % 253;
			n = write(t.master, buf, n);
			sent += n > 0 ? n : 0;
		}
		n = p.revents & POLLIN ? read(t.master, buf, sizeof(buf)) : 0;
		for (ssize_t i = 0; i < n; i++)
			EXPECT_EQ(seen++ % 253, buf[i]);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(input_waits_for_room)
{
	struct terminal t;
	long n;

	terminal_open(&t);
	terminal_raw(t.slave);
	EXPECT_EQ(0, set_nonblocking(t.master));
	n = fill(t.master, 'x');
	EXPECT(n >= 4095);
	EXPECT(!(terminal_events(t.master) & POLLOUT));
	for (char c; n > 0; n--) {
		EXPECT_EQ(1, read(t.slave, &c, 1));
		EXPECT_EQ('x', c);
	}
	terminal_await(t.master, POLLOUT);
}

TEST(stopped_output_waits)
{
	struct terminal t;
	char c;

	terminal_open(&t);
	EXPECT_EQ(0, set_nonblocking(t.slave));
	EXPECT_EQ(0, set_nonblocking(t.master));
	terminal_type(t.slave, "before");
	terminal_await(t.master, POLLIN);
	EXPECT_EQ(0, tcflow(t.slave, TCOOFF));
	EXPECT_EQ(0, terminal_events(t.slave));
	EXPECT_ERRNO(EAGAIN, write(t.slave, "x", 1));
	terminal_expect(t.master, "before");
	EXPECT_ERRNO(EAGAIN, read(t.master, &c, 1));
	EXPECT_EQ(0, tcflow(t.slave, TCOON));
	EXPECT_EQ(POLLOUT | POLLWRNORM, terminal_events(t.slave));
	terminal_type(t.slave, "after");
	terminal_await(t.master, POLLIN);
	terminal_expect(t.master, "after");
}

TEST(flow_keys_stop_and_start)
{
	struct terminal t;

	terminal_open(&t);
	EXPECT_EQ(0, set_nonblocking(t.slave));
	terminal_type(t.master, "\023");
	while (terminal_events(t.slave) & POLLOUT)
		;
	EXPECT_ERRNO(EAGAIN, write(t.slave, "x", 1));
	terminal_type(t.master, "\021");
	terminal_await(t.slave, POLLOUT);
	terminal_type(t.slave, "on");
	terminal_expect(t.master, "on");
	/* Any key, with IXANY; it is input as well. */
	terminal_iflag(t.slave, IXANY, 0);
	terminal_type(t.master, "\023");
	while (terminal_events(t.slave) & POLLOUT)
		;
	terminal_type(t.master, "k\n");
	terminal_expect(t.master, "k\r\n");
	terminal_await(t.slave, POLLIN | POLLOUT);
	terminal_expect(t.slave, "k\n");
}

TEST(stop_characters_are_sent)
{
	struct terminal t;

	terminal_open(&t);
	EXPECT_EQ(0, tcflow(t.slave, TCIOFF));
	terminal_expect(t.master, "\023");
	EXPECT_EQ(0, tcflow(t.slave, TCION));
	terminal_expect(t.master, "\021");
	EXPECT_ERRNO(EINVAL, ioctl(t.slave, TCXONC, 4));
	terminal_cc(t.slave, VSTOP, 0);
	EXPECT_EQ(0, tcflow(t.slave, TCIOFF));
	terminal_type(t.slave, "x");
	terminal_expect(t.master, "x");
}

/* ---- packet mode ---- */

static void expect_packet(int master, int want)
{
	unsigned char buf[64];

	EXPECT_EQ(1, read(master, buf, sizeof(buf)));
	EXPECT_EQ(want, buf[0]);
}

TEST(packet_mode_marks_data)
{
	struct terminal t;
	int on = 1;
	char c;

	terminal_open(&t);
	EXPECT_EQ(0, ioctl(t.master, TIOCPKT, &on));
	on = 0;
	EXPECT_EQ(0, ioctl(t.master, TIOCGPKT, &on));
	EXPECT_EQ(1, on);
	terminal_type(t.slave, "data");
	terminal_expect_bytes(t.master, "\0data");
	terminal_type(t.slave, "m");
	EXPECT_EQ(1, read(t.master, &c, 1));
	EXPECT_EQ(TIOCPKT_DATA, c);
	terminal_expect_bytes(t.master, "\0m");
	on = 0;
	EXPECT_EQ(0, ioctl(t.master, TIOCPKT, &on));
	terminal_type(t.slave, "plain");
	terminal_expect(t.master, "plain");
	EXPECT_ERRNO(ENOTTY, ioctl(t.slave, TIOCPKT, &on));
	EXPECT_ERRNO(EFAULT, ioctl(t.master, TIOCPKT, NULL));
}

TEST(packet_mode_tells_of_flushes_and_flow)
{
	struct terminal t;
	int on = 1;

	terminal_open(&t);
	EXPECT_EQ(0, ioctl(t.master, TIOCPKT, &on));
	EXPECT_EQ(0, tcflush(t.slave, TCIFLUSH));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLPRI | POLLOUT | POLLWRNORM,
		  terminal_events(t.master));
	expect_packet(t.master, TIOCPKT_FLUSHREAD);
	EXPECT_EQ(0, tcflush(t.slave, TCOFLUSH));
	expect_packet(t.master, TIOCPKT_FLUSHWRITE);
	EXPECT_EQ(0, tcflush(t.slave, TCIOFLUSH));
	expect_packet(t.master, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
	EXPECT_EQ(0, tcflow(t.slave, TCOOFF));
	expect_packet(t.master, TIOCPKT_STOP);
	EXPECT_EQ(0, tcflow(t.slave, TCOON));
	expect_packet(t.master, TIOCPKT_START);
	EXPECT_EQ(POLLOUT | POLLWRNORM, terminal_events(t.master));
}

TEST(packet_mode_tells_of_settings)
{
	struct terminal t;
	int on = 1;

	terminal_open(&t);
	EXPECT_EQ(0, ioctl(t.master, TIOCPKT, &on));
	terminal_iflag(t.slave, 0, IXON);
	expect_packet(t.master, TIOCPKT_NOSTOP);
	terminal_iflag(t.slave, IXON, 0);
	expect_packet(t.master, TIOCPKT_DOSTOP);
	terminal_cc(t.slave, VSTOP, 'x');
	expect_packet(t.master, TIOCPKT_NOSTOP);
	terminal_lflag(t.slave, EXTPROC, 0);
	expect_packet(t.master, TIOCPKT_IOCTL);
	terminal_lflag(t.slave, 0, EXTPROC);
	expect_packet(t.master, TIOCPKT_IOCTL);
	/* A byte of status is read before the data, whatever came first. */
	terminal_type(t.slave, "d");
	EXPECT_EQ(0, tcflush(t.slave, TCIFLUSH));
	expect_packet(t.master, TIOCPKT_FLUSHREAD);
	terminal_expect_bytes(t.master, "\0d");
}

/* ---- the rest of the master's calls ---- */

TEST(peer_is_opened_without_a_name)
{
	struct terminal t;
	int lock = 1, peer;

	terminal_open(&t);
	peer = ioctl(t.master, TIOCGPTPEER_, O_RDWR | O_NOCTTY | O_CLOEXEC);
	EXPECT(peer >= 0 && isatty(peer));
	EXPECT_EQ(FD_CLOEXEC, fcntl(peer, F_GETFD));
	terminal_type(peer, "peer");
	terminal_expect(t.master, "peer");
	EXPECT_EQ(0, strcmp(ttyname(peer), terminal_name(t.master)));
	EXPECT_EQ(0, ioctl(t.master, TIOCSPTLCK, &lock));
	EXPECT_ERRNO(EIO, ioctl(t.master, TIOCGPTPEER_, O_RDWR | O_NOCTTY));
	EXPECT_ERRNO(EIO, ioctl(t.slave, TIOCGPTPEER_, O_RDWR | O_NOCTTY));
}

TEST(window_size_is_one)
{
	struct winsize ws = { 33, 101, 7, 9 }, seen;
	struct terminal t;

	terminal_open(&t);
	EXPECT_EQ(0, ioctl(t.slave, TIOCGWINSZ, &seen));
	EXPECT_EQ(0, seen.ws_row + seen.ws_col);
	EXPECT_EQ(0, ioctl(t.master, TIOCSWINSZ, &ws));
	EXPECT_EQ(0, ioctl(t.slave, TIOCGWINSZ, &seen));
	EXPECT_EQ(0, memcmp(&ws, &seen, sizeof(ws)));
	ws.ws_row = 2;
	EXPECT_EQ(0, ioctl(t.slave, TIOCSWINSZ, &ws));
	EXPECT_EQ(0, ioctl(t.master, TIOCGWINSZ, &seen));
	EXPECT_EQ(0, memcmp(&ws, &seen, sizeof(ws)));
	EXPECT_ERRNO(EFAULT, ioctl(t.slave, TIOCSWINSZ, NULL));
}

TEST(settings_are_the_slaves)
{
	struct termios a, b;
	struct terminal t;

	terminal_open(&t);
	EXPECT_EQ(0, tcgetattr(t.slave, &a));
	EXPECT_EQ(0, tcgetattr(t.master, &b));
	EXPECT_EQ(a.c_lflag, b.c_lflag);
	EXPECT_EQ(a.c_iflag, b.c_iflag);
	terminal_raw(t.master);
	EXPECT_EQ(0, tcgetattr(t.slave, &a));
	EXPECT_EQ(0, a.c_lflag);
}

TEST(queues_are_counted)
{
	struct terminal t;
	int n;

	terminal_open(&t);
	terminal_type(t.slave, "four");
	terminal_await(t.master, POLLIN);
	EXPECT_EQ(0, ioctl(t.master, FIONREAD, &n));
	EXPECT_EQ(4, n);
	EXPECT_EQ(0, ioctl(t.slave, TIOCOUTQ, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(0, tcdrain(t.slave));
	terminal_type(t.master, "line\nhalf");
	terminal_await(t.slave, POLLIN);
	EXPECT_EQ(0, ioctl(t.slave, FIONREAD, &n));
	EXPECT_EQ(5, n);
	EXPECT_EQ(0, tcflush(t.master, TCIFLUSH));
	EXPECT_EQ(0, tcflush(t.slave, TCIFLUSH));
	EXPECT_EQ(0, ioctl(t.slave, FIONREAD, &n));
	EXPECT_EQ(0, n);
	EXPECT_ERRNO(EINVAL, ioctl(t.slave, TCFLSH, 3));
	EXPECT_ERRNO(EINVAL, ioctl(t.master, TCFLSH, 3));
}

/* Output that the master could have read is not flushed away. */
TEST(flush_keeps_what_has_arrived)
{
	struct terminal t;

	terminal_open(&t);
	terminal_type(t.slave, "there");
	terminal_await(t.master, POLLIN);
	EXPECT_EQ(0, tcflush(t.slave, TCOFLUSH));
	terminal_expect(t.master, "there");
}

TEST(exclusive_use)
{
	struct terminal t;
	int on = 0, pid, status;

	terminal_open(&t);
	EXPECT_EQ(0, chmod(terminal_name(t.master), 0666));
	EXPECT_EQ(0, ioctl(t.slave, TIOCEXCL));
	EXPECT_EQ(0, ioctl(t.slave, TIOCGEXCL, &on));
	EXPECT_EQ(1, on);
	pid = fork();
	if (pid == 0) {
		EXPECT_EQ(0, setuid(65534));
		EXPECT_ERRNO(EBUSY, open(terminal_name(t.master), O_RDWR | O_NOCTTY));
		EXPECT_EQ(0, ioctl(t.slave, TIOCNXCL));
		EXPECT(open(terminal_name(t.master), O_RDWR | O_NOCTTY) >= 0);
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(node_has_an_owner_and_a_mode)
{
	struct terminal t;
	struct stat st;

	terminal_open(&t);
	EXPECT_EQ(0, fchmod(t.slave, 0640));
	EXPECT_EQ(0, fchown(t.slave, 12, 34));
	EXPECT_EQ(0, stat(terminal_name(t.master), &st));
	EXPECT_EQ(S_IFCHR | 0640, st.st_mode);
	EXPECT_EQ(12, st.st_uid);
	EXPECT_EQ(34, st.st_gid);
}

/* ---- instances ---- */

TEST(lowest_number_is_reused)
{
	int dir = instance("newinstance,ptmxmode=0666"), fds[3], n;

	EXPECT(dir >= 0);
	for (int i = 0; i < 3; i++) {
		fds[i] = instance_master(dir, &n);
		EXPECT(fds[i] >= 0);
		EXPECT_EQ(i, n);
	}
	EXPECT_EQ(0, close(fds[1]));
	EXPECT(instance_master(dir, &n) >= 0);
	EXPECT_EQ(1, n);
}

TEST(number_is_taken_as_long_as_the_slave_is_open)
{
	int dir = instance(""), master, slave, n;

	master = instance_master(dir, &n);
	EXPECT_EQ(0, n);
	slave = instance_slave(dir, 0);
	EXPECT(slave >= 0);
	EXPECT_EQ(0, close(master));
	EXPECT_ERRNO(ENOENT, instance_slave(dir, 0));
	master = instance_master(dir, &n);
	EXPECT_EQ(1, n);
	EXPECT_EQ(0, close(slave));
	EXPECT(instance_master(dir, &n) >= 0);
	EXPECT_EQ(0, n);
}

TEST(hundreds_are_open_at_once)
{
	enum { COUNT = 400 };
	static int masters[COUNT], slaves[COUNT];
	int dir = instance("newinstance"), n;

	for (int i = 0; i < COUNT; i++) {
		masters[i] = instance_master(dir, &n);
		EXPECT(masters[i] >= 0);
		EXPECT_EQ(i, n);
		slaves[i] = instance_slave(dir, i);
		EXPECT(slaves[i] >= 0);
	}
	for (int i = 0; i < COUNT; i++) {
		char text[16];

		snprintf(text, sizeof(text), "<%d>", i);
		terminal_type(slaves[i], text);
	}
	for (int i = 0; i < COUNT; i++) {
		char text[16];

		snprintf(text, sizeof(text), "<%d>", i);
		terminal_expect(masters[i], text);
		EXPECT_EQ(0, close(masters[i]));
		EXPECT_EQ(0, close(slaves[i]));
	}
	EXPECT(instance_master(dir, &n) >= 0);
	EXPECT_EQ(0, n);
}

TEST(directory_lists_what_is_open)
{
	int dir = instance("newinstance"), n, found = 0;
	struct dirent *entry;
	DIR *d;

	for (int i = 0; i < 3; i++)
		EXPECT(instance_master(dir, &n) >= 0);
	d = fdopendir(dup(dir));
	while ((entry = readdir(d))) {
		if (strcmp(entry->d_name, "ptmx") == 0)
			found += 100;
		else if (entry->d_name[0] != '.')
			found += 1 + 10 * (entry->d_name[0] == '2');
	}
	EXPECT_EQ(113, found);
	EXPECT_ERRNO(EACCES, openat(dir, "7", O_RDWR | O_CREAT, 0644));
	EXPECT_ERRNO(EPERM, unlinkat(dir, "0", 0));
	EXPECT_ERRNO(EPERM, mkdirat(dir, "d", 0755));
	EXPECT_ERRNO(ENOENT, openat(dir, "00", O_RDWR | O_NOCTTY));
}

TEST(instances_are_separate)
{
	int one = instance("newinstance"), two, n, m;
	struct statfs fs;

	EXPECT_EQ(0, fstatfs(one, &fs));
	EXPECT_EQ(0x1cd1, fs.f_type);
	EXPECT_EQ(0, chdir("pts"));
	EXPECT_EQ(0, mount("devpts", ".", "devpts", 0, "newinstance"));
	two = open("../pts", O_RDONLY | O_DIRECTORY);
	EXPECT_EQ(0, umount2("../pts", MNT_DETACH));
	EXPECT(instance_master(one, &n) >= 0);
	EXPECT(instance_master(two, &m) >= 0);
	EXPECT_EQ(0, n);
	EXPECT_EQ(0, m);
	EXPECT(instance_slave(one, 0) >= 0);
}

TEST(mount_options)
{
	int dir = instance("mode=0624,gid=5,uid=7,ptmxmode=0640,max=2"), n;
	struct stat st;

	EXPECT(dir >= 0);
	EXPECT_EQ(0, fstatat(dir, "ptmx", &st, 0));
	EXPECT_EQ(S_IFCHR | 0640, st.st_mode);
	EXPECT_EQ(makedev(5, 2), st.st_rdev);
	EXPECT(instance_master(dir, &n) >= 0);
	EXPECT_EQ(0, fstatat(dir, "0", &st, 0));
	EXPECT_EQ(S_IFCHR | 0624, st.st_mode);
	EXPECT_EQ(7, st.st_uid);
	EXPECT_EQ(5, st.st_gid);
	EXPECT_EQ(3, st.st_ino);
	EXPECT(instance_master(dir, &n) >= 0);
	EXPECT_ERRNO(ENOSPC, instance_master(dir, &n));
	EXPECT_ERRNO(EINVAL, mount("devpts", "pts", "devpts", 0, "colour=red"));
	EXPECT_ERRNO(EINVAL, mount("devpts", "pts", "devpts", 0, "mode=888"));
	EXPECT_ERRNO(EINVAL, mount("devpts", "pts", "devpts", 0, "max=1048577"));
}

TEST(remount_changes_the_options)
{
	int dir, n;
	struct stat st;

	test_chdir_scratch();
	EXPECT_EQ(0, mkdir("pts", 0755));
	EXPECT_EQ(0, mount("devpts", "pts", "devpts", 0, "mode=0600"));
	EXPECT_EQ(0, mount("devpts", "pts", "devpts", MS_REMOUNT, "mode=0606,ptmxmode=0622"));
	dir = open("pts", O_RDONLY | O_DIRECTORY);
	EXPECT_EQ(0, umount2("pts", MNT_DETACH));
	EXPECT(instance_master(dir, &n) >= 0);
	EXPECT_EQ(0, fstatat(dir, "0", &st, 0));
	EXPECT_EQ(S_IFCHR | 0606, st.st_mode);
	EXPECT_EQ(0, fstatat(dir, "ptmx", &st, 0));
	EXPECT_EQ(S_IFCHR | 0622, st.st_mode);
}
