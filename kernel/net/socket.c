/* SPDX-License-Identifier: MIT */
/*
 * The socket calls of a kernel that has no protocol family: none can be made, and no descriptor
 * is one.  Programs know how to live with EAFNOSUPPORT; ENOSYS takes them by surprise.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include <gemel/fs.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#include "../fs/vfs/fdtable.h"

#define FAMILIES        46      /* Linux 6.1's AF_MAX */
#define TYPES           11      /* SOCK_PACKET and one */
#define TYPE_MASK       0xf
#define TYPE_FLAGS      (O_CLOEXEC | O_NONBLOCK)

static long flags_check(int flags)
{
	return flags & ~TYPE_FLAGS ? -EINVAL : 0;
}

long sys_socket(int family, int type, int protocol)
{
	(void)protocol;
	if (flags_check(type & ~TYPE_MASK) < 0)
		return -EINVAL;
	if (family >= 0 && family < FAMILIES && (type & TYPE_MASK) >= TYPES)
		return -EINVAL;
	return -EAFNOSUPPORT;
}

long sys_socketpair(int family, int type, int protocol, int __user *fds)
{
	int probe[2];

	if (flags_check(type & ~TYPE_MASK) < 0)
		return -EINVAL;
	if (copy_from_user(probe, fds, sizeof(probe)) || copy_to_user(fds, probe, sizeof(probe)))
		return -EFAULT;
	return sys_socket(family, type, protocol);
}

/* What a call on a socket says of any other descriptor. */
static long not_a_socket(int fd)
{
	struct fd_ref r = fd_borrow(fd);

	if (!fd_ref_file(r))
		return -EBADF;
	fd_return(r);
	return -ENOTSOCK;
}

#define IN      __unused const void __user *
#define OUT     __unused void __user *
#define LEN     __unused int __user *
#define REFUSE(name, ...) \
	long sys_##name(int fd, __VA_ARGS__) { return not_a_socket(fd); }
REFUSE(connect, IN addr, __unused int len)
REFUSE(bind, IN addr, __unused int len)
REFUSE(listen, __unused int backlog)
REFUSE(accept, OUT addr, LEN len)
REFUSE(accept4, OUT addr, LEN len, __unused int flags)
REFUSE(sendto, IN buf, __unused size_t n, __unused uint flags, IN addr, __unused int len)
REFUSE(recvfrom, OUT buf, __unused size_t n, __unused uint flags, OUT addr, LEN len)
REFUSE(sendmsg, IN msg, __unused uint flags)
REFUSE(recvmsg, OUT msg, __unused uint flags)
REFUSE(shutdown, __unused int how)
REFUSE(getsockname, OUT addr, LEN len)
REFUSE(getpeername, OUT addr, LEN len)
REFUSE(setsockopt, __unused int level, __unused int name, IN value, __unused int len)
REFUSE(getsockopt, __unused int level, __unused int name, OUT value, LEN len)
