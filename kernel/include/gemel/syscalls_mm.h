/* SPDX-License-Identifier: MIT */
/* Rows of memory: see syscall_table.h.  No include guard. */
SYSCALL6(mmap,            9,  222, ulong, addr, size_t, len, ulong, prot, ulong, flags, int, fd,
	 ulong, offset)
SYSCALL3(mprotect,       10,  226, ulong, addr, size_t, len, ulong, prot)
SYSCALL2(munmap,         11,  215, ulong, addr, size_t, len)
SYSCALL1(brk,            12,  214, ulong, brk)
SYSCALL5(mremap,         25,  216, ulong, addr, size_t, old_len, size_t, new_len, ulong, flags,
	 ulong, new_addr)
SYSCALL3(msync,          26,  227, ulong, addr, size_t, len, int, flags)
SYSCALL3(mincore,        27,  232, ulong, addr, size_t, len, u8 __user *, vec)
SYSCALL3(madvise,        28,  233, ulong, addr, size_t, len, int, advice)
SYSCALL2(mlock,         149,  228, ulong, addr, size_t, len)
SYSCALL2(munlock,       150,  229, ulong, addr, size_t, len)
SYSCALL1(mlockall,      151,  230, int, flags)
SYSCALL0(munlockall,    152,  231)
SYSCALL3(mlock2,        325,  284, ulong, addr, size_t, len, int, flags)
