/* SPDX-License-Identifier: MIT */
/* Files: rows of the system-call table; see syscall_table.h.  No include guard. */
SYSCALL3(read,              0,   63, int, fd, void __user *, buf, size_t, len)
SYSCALL3(write,             1,   64, int, fd, const void __user *, buf, size_t, len)
SYSCALL1(close,             3,   57, int, fd)
SYSCALL2(fstat,             5,   80, int, fd, struct uapi_stat __user *, st)
SYSCALL3(lseek,             8,   62, int, fd, s64, off, int, whence)
SYSCALL3(ioctl,            16,   29, int, fd, uint, cmd, ulong, arg)
SYSCALL4(pread64,          17,   67, int, fd, void __user *, buf, size_t, len, s64, pos)
SYSCALL4(pwrite64,         18,   68, int, fd, const void __user *, buf, size_t, len, s64, pos)
SYSCALL3(readv,            19,   65, int, fd, const struct iovec __user *, iov, ulong, n)
SYSCALL3(writev,           20,   66, int, fd, const struct iovec __user *, iov, ulong, n)
SYSCALL1(dup,              32,   23, int, fd)
SYSCALL4(sendfile,         40,   71, int, out_fd, int, in_fd, s64 __user *, off, size_t, len)
SYSCALL3(fcntl,            72,   25, int, fd, uint, cmd, ulong, arg)
SYSCALL2(flock,            73,   32, int, fd, uint, op)
SYSCALL1(fsync,            74,   82, int, fd)
SYSCALL1(fdatasync,        75,   83, int, fd)
SYSCALL2(truncate,         76,   45, const char __user *, path, s64, size)
SYSCALL2(ftruncate,        77,   46, int, fd, s64, size)
SYSCALL2(getcwd,           79,   17, char __user *, buf, size_t, size)
SYSCALL1(chdir,            80,   49, const char __user *, path)
SYSCALL1(fchdir,           81,   50, int, fd)
SYSCALL2(fchmod,           91,   52, int, fd, mode_t, mode)
SYSCALL3(fchown,           93,   55, int, fd, uid_t, uid, gid_t, gid)
SYSCALL1(umask,            95,  166, mode_t, mask)
SYSCALL2(statfs,          137,   43, const char __user *, path, struct uapi_statfs __user *, st)
SYSCALL2(fstatfs,         138,   44, int, fd, struct uapi_statfs __user *, st)
SYSCALL2(pivot_root,      155,   41, const char __user *, new_root, const char __user *, put_old)
SYSCALL1(chroot,          161,   51, const char __user *, path)
SYSCALL0(sync,            162,   81)
SYSCALL5(mount,           165,   40, const char __user *, source, const char __user *, target,
	 const char __user *, type, ulong, flags, const void __user *, data)
SYSCALL2(umount2,         166,   39, const char __user *, target, int, flags)
SYSCALL3(readahead,       187,  213, int, fd, s64, off, size_t, len)
SYSCALL5(setxattr,        188,    5, const char __user *, path, const char __user *, name,
	 const void __user *, value, size_t, size, int, flags)
SYSCALL5(lsetxattr,       189,    6, const char __user *, path, const char __user *, name,
	 const void __user *, value, size_t, size, int, flags)
SYSCALL5(fsetxattr,       190,    7, int, fd, const char __user *, name,
	 const void __user *, value, size_t, size, int, flags)
SYSCALL4(getxattr,        191,    8, const char __user *, path, const char __user *, name,
	 void __user *, value, size_t, size)
SYSCALL4(lgetxattr,       192,    9, const char __user *, path, const char __user *, name,
	 void __user *, value, size_t, size)
SYSCALL4(fgetxattr,       193,   10, int, fd, const char __user *, name,
	 void __user *, value, size_t, size)
SYSCALL3(listxattr,       194,   11, const char __user *, path, char __user *, list, size_t, size)
SYSCALL3(llistxattr,      195,   12, const char __user *, path, char __user *, list, size_t, size)
SYSCALL3(flistxattr,      196,   13, int, fd, char __user *, list, size_t, size)
SYSCALL2(removexattr,     197,   14, const char __user *, path, const char __user *, name)
SYSCALL2(lremovexattr,    198,   15, const char __user *, path, const char __user *, name)
SYSCALL2(fremovexattr,    199,   16, int, fd, const char __user *, name)
SYSCALL3(getdents64,      217,   61, int, fd, struct uapi_linux_dirent64 __user *, buf, uint, size)
SYSCALL4(fadvise64,       221,  223, int, fd, s64, off, s64, len, int, advice)
SYSCALL4(epoll_ctl,       233,   21, int, epfd, int, op, int, fd,
	 struct uapi_epoll_event __user *, event)
SYSCALL4(openat,          257,   56, int, dirfd, const char __user *, path, int, flags,
	 mode_t, mode)
SYSCALL3(mkdirat,         258,   34, int, dirfd, const char __user *, path, mode_t, mode)
SYSCALL4(mknodat,         259,   33, int, dirfd, const char __user *, path, mode_t, mode,
	 uint, dev)
SYSCALL5(fchownat,        260,   54, int, dirfd, const char __user *, path, uid_t, uid,
	 gid_t, gid, int, flags)
SYSCALL4(newfstatat,      262,   79, int, dirfd, const char __user *, path,
	 struct uapi_stat __user *, st, int, flags)
SYSCALL3(unlinkat,        263,   35, int, dirfd, const char __user *, path, int, flags)
SYSCALL4(renameat,        264,   38, int, old_dirfd, const char __user *, old_path,
	 int, new_dirfd, const char __user *, new_path)
SYSCALL5(linkat,          265,   37, int, old_dirfd, const char __user *, old_path,
	 int, new_dirfd, const char __user *, new_path, int, flags)
SYSCALL3(symlinkat,       266,   36, const char __user *, target, int, dirfd,
	 const char __user *, path)
SYSCALL4(readlinkat,      267,   78, int, dirfd, const char __user *, path, char __user *, buf,
	 int, size)
SYSCALL3(fchmodat,        268,   53, int, dirfd, const char __user *, path, mode_t, mode)
SYSCALL3(faccessat,       269,   48, int, dirfd, const char __user *, path, int, mode)
SYSCALL6(pselect6,        270,   72, int, n, ulong __user *, in, ulong __user *, out,
	 ulong __user *, except, struct uapi_timespec __user *, timeout, const void __user *, sig)
SYSCALL5(ppoll,           271,   73, struct uapi_pollfd __user *, fds, uint, n,
	 struct uapi_timespec __user *, timeout, const sigset_t __user *, mask, size_t, mask_size)
SYSCALL6(splice,          275,   76, int, in_fd, s64 __user *, in_off, int, out_fd,
	 s64 __user *, out_off, size_t, len, uint, flags)
SYSCALL4(tee,             276,   77, int, in_fd, int, out_fd, size_t, len, uint, flags)
SYSCALL4(sync_file_range, 277,   84, int, fd, s64, off, s64, len, uint, flags)
SYSCALL4(vmsplice,        278,   75, int, fd, const struct iovec __user *, iov, ulong, n,
	 uint, flags)
SYSCALL4(utimensat,       280,   88, int, dirfd, const char __user *, path,
	 const struct uapi_timespec __user *, times, int, flags)
SYSCALL6(epoll_pwait,     281,   22, int, epfd, struct uapi_epoll_event __user *, events,
	 int, max, int, timeout_ms, const sigset_t __user *, mask, size_t, mask_size)
SYSCALL4(fallocate,       285,   47, int, fd, int, mode, s64, off, s64, len)
SYSCALL2(eventfd2,        290,   19, uint, count, int, flags)
SYSCALL1(epoll_create1,   291,   20, int, flags)
SYSCALL3(dup3,            292,   24, int, old_fd, int, new_fd, int, flags)
SYSCALL2(pipe2,           293,   59, int __user *, fds, int, flags)
SYSCALL5(preadv,          295,   69, int, fd, const struct iovec __user *, iov, ulong, n,
	 ulong, pos_low, ulong, pos_high)
SYSCALL5(pwritev,         296,   70, int, fd, const struct iovec __user *, iov, ulong, n,
	 ulong, pos_low, ulong, pos_high)
SYSCALL1(syncfs,          306,  267, int, fd)
SYSCALL5(renameat2,       316,  276, int, old_dirfd, const char __user *, old_path,
	 int, new_dirfd, const char __user *, new_path, uint, flags)
SYSCALL3(getrandom,       318,  278, void __user *, buf, size_t, len, uint, flags)
SYSCALL2(memfd_create,    319,  279, const char __user *, name, uint, flags)
SYSCALL6(copy_file_range, 326,  285, int, in_fd, s64 __user *, in_off, int, out_fd,
	 s64 __user *, out_off, size_t, len, uint, flags)
SYSCALL6(preadv2,         327,  286, int, fd, const struct iovec __user *, iov, ulong, n,
	 ulong, pos_low, ulong, pos_high, int, flags)
SYSCALL6(pwritev2,        328,  287, int, fd, const struct iovec __user *, iov, ulong, n,
	 ulong, pos_low, ulong, pos_high, int, flags)
SYSCALL5(statx,           332,  291, int, dirfd, const char __user *, path, int, flags,
	 uint, mask, struct uapi_statx __user *, st)
SYSCALL3(close_range,     436,  436, uint, first, uint, last, uint, flags)
SYSCALL4(openat2,         437,  437, int, dirfd, const char __user *, path,
	 const struct uapi_open_how __user *, how, size_t, size)
SYSCALL4(faccessat2,      439,  439, int, dirfd, const char __user *, path, int, mode, int, flags)
SYSCALL6(epoll_pwait2,    441,  441, int, epfd, struct uapi_epoll_event __user *, events,
	 int, max, const struct uapi_timespec __user *, timeout, const sigset_t __user *, mask,
	 size_t, mask_size)
