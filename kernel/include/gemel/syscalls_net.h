/* SPDX-License-Identifier: MIT */
/* Sockets: rows of the system-call table; see syscall_table.h.  No include guard. */
SYSCALL3(socket,           41,  198, int, family, int, type, int, protocol)
SYSCALL3(connect,          42,  203, int, fd, const void __user *, addr, int, len)
SYSCALL3(accept,           43,  202, int, fd, void __user *, addr, int __user *, len)
SYSCALL6(sendto,           44,  206, int, fd, const void __user *, buf, size_t, len, uint, flags,
	 const void __user *, addr, int, addr_len)
SYSCALL6(recvfrom,         45,  207, int, fd, void __user *, buf, size_t, len, uint, flags,
	 void __user *, addr, int __user *, addr_len)
SYSCALL3(sendmsg,          46,  211, int, fd, const void __user *, msg, uint, flags)
SYSCALL3(recvmsg,          47,  212, int, fd, void __user *, msg, uint, flags)
SYSCALL2(shutdown,         48,  210, int, fd, int, how)
SYSCALL3(bind,             49,  200, int, fd, const void __user *, addr, int, len)
SYSCALL2(listen,           50,  201, int, fd, int, backlog)
SYSCALL3(getsockname,      51,  204, int, fd, void __user *, addr, int __user *, len)
SYSCALL3(getpeername,      52,  205, int, fd, void __user *, addr, int __user *, len)
SYSCALL4(socketpair,       53,  199, int, family, int, type, int, protocol, int __user *, fds)
SYSCALL5(setsockopt,       54,  208, int, fd, int, level, int, name, const void __user *, value,
	 int, len)
SYSCALL5(getsockopt,       55,  209, int, fd, int, level, int, name, void __user *, value,
	 int __user *, len)
SYSCALL4(accept4,         288,  242, int, fd, void __user *, addr, int __user *, len, int, flags)
