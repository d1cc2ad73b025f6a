/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The prototypes of all system-call handlers, made from the rows: a handler
 * that differs from its row does not compile.  Include it where sys_*()
 * are defined.  Structures that rows point to are declared here.
 */
#include <gemel/compiler.h>
#include <uapi/signal.h>

struct iovec;
struct ksiginfo;
struct rlimit;
struct sigset;
struct uapi_sigaction;
struct uapi_stack;
struct uapi_stat;
struct uapi_linux_dirent64;
struct uapi_open_how;
struct uapi_epoll_event;
struct uapi_clone_args;
struct uapi_sched_attr;
struct uapi_sched_param;
struct uapi_timespec;
struct uapi_timex;
struct uapi_timezone;
struct uapi_tms;
struct uapi_timeval;
struct uapi_itimerval;
struct uapi_itimerspec;
struct uapi_rusage;
struct uapi_pollfd;
struct uapi_statfs;
struct uapi_statx;

#define SYSCALL0(n, x, a) long sys_##n(void);
#define SYSCALL1(n, x, a, t1, a1) long sys_##n(t1 a1);
#define SYSCALL2(n, x, a, t1, a1, t2, a2) long sys_##n(t1 a1, t2 a2);
#define SYSCALL3(n, x, a, t1, a1, t2, a2, t3, a3) long sys_##n(t1 a1, t2 a2, t3 a3);
#define SYSCALL4(n, x, a, t1, a1, t2, a2, t3, a3, t4, a4) \
	long sys_##n(t1 a1, t2 a2, t3 a3, t4 a4);
#define SYSCALL5(n, x, a, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
	long sys_##n(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5);
#define SYSCALL6(n, x, a, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
	long sys_##n(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6);
#include <gemel/syscall_table.h>
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL6
