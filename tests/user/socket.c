/* SPDX-License-Identifier: MIT */
/* Sockets: what is refused, whatever families there are. */
#include "test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NO_FAMILY = 46 };                /* Linux 6.1's AF_MAX */

TEST(families_and_types_that_do_not_exist)
{
	EXPECT_ERRNO(EAFNOSUPPORT, socket(NO_FAMILY, SOCK_STREAM, 0));
	EXPECT_ERRNO(EAFNOSUPPORT, socket(-1, SOCK_STREAM, 0));
	EXPECT_ERRNO(EAFNOSUPPORT, socket(NO_FAMILY, 11, 0));
	EXPECT_ERRNO(EINVAL, socket(AF_UNIX, 11, 0));
	EXPECT_ERRNO(EINVAL, socket(AF_UNIX, SOCK_STREAM | 0x10, 0));
	EXPECT_ERRNO(EINVAL, socket(NO_FAMILY, SOCK_STREAM | 0x10, 0));
}

TEST(pairs_that_cannot_be)
{
	int fds[2];

	EXPECT_ERRNO(EAFNOSUPPORT, socketpair(NO_FAMILY, SOCK_STREAM, 0, fds));
	EXPECT_ERRNO(EINVAL, socketpair(AF_UNIX, 11, 0, fds));
	EXPECT_ERRNO(EINVAL, socketpair(NO_FAMILY, SOCK_STREAM | 0x10, 0, NULL));
	EXPECT_ERRNO(EFAULT, socketpair(NO_FAMILY, SOCK_STREAM, 0, NULL));
}

static void expect_everywhere(int err, int fd)
{
	char buf[16] = "";
	struct sockaddr *addr = (struct sockaddr *)buf;
	socklen_t len = sizeof(buf);
	struct msghdr msg = { .msg_iov = NULL };

	EXPECT_ERRNO(err, bind(fd, addr, len));
	EXPECT_ERRNO(err, connect(fd, addr, len));
	EXPECT_ERRNO(err, listen(fd, 1));
	EXPECT_ERRNO(err, accept(fd, addr, &len));
	EXPECT_ERRNO(err, accept4(fd, addr, &len, SOCK_CLOEXEC));
	EXPECT_ERRNO(err, getsockname(fd, addr, &len));
	EXPECT_ERRNO(err, getpeername(fd, addr, &len));
	EXPECT_ERRNO(err, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, buf, sizeof(int)));
	EXPECT_ERRNO(err, getsockopt(fd, SOL_SOCKET, SO_TYPE, buf, &len));
	EXPECT_ERRNO(err, send(fd, buf, 1, 0));
	EXPECT_ERRNO(err, recv(fd, buf, 1, 0));
	EXPECT_ERRNO(err, sendmsg(fd, &msg, 0));
	EXPECT_ERRNO(err, recvmsg(fd, &msg, 0));
	EXPECT_ERRNO(err, shutdown(fd, SHUT_RDWR));
}

TEST(a_file_is_no_socket)
{
	int fds[2];

	expect_everywhere(EBADF, -1);
	expect_everywhere(EBADF, 9999);
	EXPECT_EQ(0, pipe(fds));
	expect_everywhere(ENOTSOCK, fds[0]);
	expect_everywhere(ENOTSOCK, open("/dev/null", O_RDWR));
	expect_everywhere(EBADF, open("/", O_PATH));
}
