/* SPDX-License-Identifier: MIT */
/* Rows of tasks, signals, time, credentials: see syscall_table.h.  No include guard. */
SYSCALL4(rt_sigaction,           13, 134, int, signo, const struct uapi_sigaction __user *, act,
	 struct uapi_sigaction __user *, old, size_t, set_size)
SYSCALL4(rt_sigprocmask,         14, 135, int, how, const sigset_t __user *, set,
	 sigset_t __user *, old, size_t, set_size)
SYSCALL0(rt_sigreturn,           15, 139)
SYSCALL0(sched_yield,            24, 124)
SYSCALL2(nanosleep,              35, 101, const struct uapi_timespec __user *, req,
	 struct uapi_timespec __user *, rem)
SYSCALL2(getitimer,              36, 102, int, which, struct uapi_itimerval __user *, value)
SYSCALL3(setitimer,              38, 103, int, which, const struct uapi_itimerval __user *, value,
	 struct uapi_itimerval __user *, old)
SYSCALL0(getpid,                 39, 172)
SYSCALL5(clone,                  56, 220, ulong, flags, ulong, stack, u32 __user *, parent_tid,
	 ulong, arg3, ulong, arg4)
SYSCALL3(execve,                 59, 221, const char __user *, path, const ulong __user *, argv,
	 const ulong __user *, envp)
SYSCALL1(exit,                   60,  93, int, code)
SYSCALL4(wait4,                  61, 260, int, pid, int __user *, status, int, options,
	 struct uapi_rusage __user *, usage)
SYSCALL2(kill,                   62, 129, int, pid, int, signo)
SYSCALL1(uname,                  63, 160, void __user *, buf)
SYSCALL2(gettimeofday,           96, 169, struct uapi_timeval __user *, tv,
	 struct uapi_timezone __user *, tz)
SYSCALL2(getrlimit,              97, 163, uint, which, struct rlimit __user *, limit)
SYSCALL2(getrusage,              98, 165, int, who, struct uapi_rusage __user *, usage)
SYSCALL1(sysinfo,                99, 179, void __user *, buf)
SYSCALL1(times,                 100, 153, struct uapi_tms __user *, tms)
SYSCALL0(getuid,                102, 174)
SYSCALL3(syslog,                103, 116, int, action, char __user *, buf, int, len)
SYSCALL0(getgid,                104, 176)
SYSCALL1(setuid,                105, 146, uid_t, uid)
SYSCALL1(setgid,                106, 144, gid_t, gid)
SYSCALL0(geteuid,               107, 175)
SYSCALL0(getegid,               108, 177)
SYSCALL2(setpgid,               109, 154, int, pid, int, pgid)
SYSCALL0(getppid,               110, 173)
SYSCALL0(setsid,                112, 157)
SYSCALL2(setreuid,              113, 145, uid_t, ruid, uid_t, euid)
SYSCALL2(setregid,              114, 143, gid_t, rgid, gid_t, egid)
SYSCALL2(getgroups,             115, 158, int, size, gid_t __user *, list)
SYSCALL2(setgroups,             116, 159, int, size, const gid_t __user *, list)
SYSCALL3(setresuid,             117, 147, uid_t, ruid, uid_t, euid, uid_t, suid)
SYSCALL3(getresuid,             118, 148, uid_t __user *, ruid, uid_t __user *, euid,
	 uid_t __user *, suid)
SYSCALL3(setresgid,             119, 149, gid_t, rgid, gid_t, egid, gid_t, sgid)
SYSCALL3(getresgid,             120, 150, gid_t __user *, rgid, gid_t __user *, egid,
	 gid_t __user *, sgid)
SYSCALL1(getpgid,               121, 155, int, pid)
SYSCALL1(setfsuid,              122, 151, uid_t, uid)
SYSCALL1(setfsgid,              123, 152, gid_t, gid)
SYSCALL1(getsid,                124, 156, int, pid)
SYSCALL2(capget,                125,  90, void __user *, header, void __user *, data)
SYSCALL2(capset,                126,  91, void __user *, header, const void __user *, data)
SYSCALL2(rt_sigpending,         127, 136, sigset_t __user *, set, size_t, set_size)
SYSCALL4(rt_sigtimedwait,       128, 137, const sigset_t __user *, set,
	 struct ksiginfo __user *, info, const struct uapi_timespec __user *, timeout,
	 size_t, set_size)
SYSCALL3(rt_sigqueueinfo,       129, 138, int, pid, int, signo,
	 const struct ksiginfo __user *, info)
SYSCALL2(rt_sigsuspend,         130, 133, const sigset_t __user *, set, size_t, set_size)
SYSCALL2(sigaltstack,           131, 132, const struct uapi_stack __user *, ss,
	 struct uapi_stack __user *, old)
SYSCALL1(personality,           135,  92, uint, persona)
SYSCALL2(getpriority,           140, 141, int, which, int, who)
SYSCALL3(setpriority,           141, 140, int, which, int, who, int, nice)
SYSCALL2(sched_setparam,        142, 118, int, pid, const struct uapi_sched_param __user *, param)
SYSCALL2(sched_getparam,        143, 121, int, pid, struct uapi_sched_param __user *, param)
SYSCALL3(sched_setscheduler,    144, 119, int, pid, int, policy,
	 const struct uapi_sched_param __user *, param)
SYSCALL1(sched_getscheduler,    145, 120, int, pid)
SYSCALL1(sched_get_priority_max, 146, 125, int, policy)
SYSCALL1(sched_get_priority_min, 147, 126, int, policy)
SYSCALL2(sched_rr_get_interval, 148, 127, int, pid, struct uapi_timespec __user *, interval)
SYSCALL0(vhangup,               153,  58)
SYSCALL5(prctl,                 157, 167, int, op, ulong, arg2, ulong, arg3, ulong, arg4,
	 ulong, arg5)
SYSCALL1(adjtimex,              159, 171, struct uapi_timex __user *, timex)
SYSCALL2(setrlimit,             160, 164, uint, which, const struct rlimit __user *, limit)
SYSCALL2(settimeofday,          164, 170, const struct uapi_timeval __user *, tv,
	 const struct uapi_timezone __user *, tz)
SYSCALL4(reboot,                169, 142, uint, magic1, uint, magic2, uint, cmd,
	 void __user *, arg)
SYSCALL2(sethostname,           170, 161, const char __user *, name, int, len)
SYSCALL2(setdomainname,         171, 162, const char __user *, name, int, len)
SYSCALL0(gettid,                186, 178)
SYSCALL2(tkill,                 200, 130, int, tid, int, signo)
SYSCALL6(futex,                 202,  98, u32 __user *, uaddr, int, op, u32, val,
	 ulong, timeout_or_val2, u32 __user *, uaddr2, u32, val3)
SYSCALL3(sched_setaffinity,     203, 122, int, pid, uint, len, const ulong __user *, mask)
SYSCALL3(sched_getaffinity,     204, 123, int, pid, uint, len, ulong __user *, mask)
SYSCALL1(set_tid_address,       218,  96, u32 __user *, uaddr)
SYSCALL0(restart_syscall,       219, 128)
SYSCALL3(timer_create,          222, 107, int, clock, const void __user *, event,
	 int __user *, id)
SYSCALL4(timer_settime,         223, 110, int, id, int, flags,
	 const struct uapi_itimerspec __user *, value, struct uapi_itimerspec __user *, old)
SYSCALL2(timer_gettime,         224, 108, int, id, struct uapi_itimerspec __user *, value)
SYSCALL1(timer_getoverrun,      225, 109, int, id)
SYSCALL1(timer_delete,          226, 111, int, id)
SYSCALL2(clock_settime,         227, 112, int, clock, const struct uapi_timespec __user *, ts)
SYSCALL2(clock_gettime,         228, 113, int, clock, struct uapi_timespec __user *, ts)
SYSCALL2(clock_getres,          229, 114, int, clock, struct uapi_timespec __user *, ts)
SYSCALL4(clock_nanosleep,       230, 115, int, clock, int, flags,
	 const struct uapi_timespec __user *, req, struct uapi_timespec __user *, rem)
SYSCALL1(exit_group,            231,  94, int, code)
SYSCALL3(tgkill,                234, 131, int, tgid, int, tid, int, signo)
SYSCALL3(ioprio_set,            251,  30, int, which, int, who, int, prio)
SYSCALL2(ioprio_get,            252,  31, int, which, int, who)
SYSCALL5(waitid,                247,  95, int, type, int, id, struct ksiginfo __user *, info,
	 int, options, struct uapi_rusage __user *, usage)
SYSCALL1(unshare,               272,  97, ulong, flags)
SYSCALL2(set_robust_list,       273,  99, void __user *, head, size_t, size)
SYSCALL3(get_robust_list,       274, 100, int, pid, ulong __user *, head, size_t __user *, size)
SYSCALL2(timerfd_create,        283,  85, int, clock, int, flags)
SYSCALL4(timerfd_settime,       286,  86, int, fd, int, flags,
	 const struct uapi_itimerspec __user *, value, struct uapi_itimerspec __user *, old)
SYSCALL2(timerfd_gettime,       287,  87, int, fd, struct uapi_itimerspec __user *, value)
SYSCALL4(signalfd4,             289,  74, int, fd, const sigset_t __user *, mask, size_t, size,
	 int, flags)
SYSCALL4(rt_tgsigqueueinfo,     297, 240, int, tgid, int, tid, int, signo,
	 const struct ksiginfo __user *, info)
SYSCALL4(prlimit64,             302, 261, int, pid, uint, which, const struct rlimit __user *, new,
	 struct rlimit __user *, old)
SYSCALL2(clock_adjtime,         305, 266, int, clock, struct uapi_timex __user *, timex)
SYSCALL3(getcpu,                309, 168, uint __user *, cpu, uint __user *, node,
	 void __user *, cache)
SYSCALL3(sched_setattr,         314, 274, int, pid, struct uapi_sched_attr __user *, attr,
	 uint, flags)
SYSCALL4(sched_getattr,         315, 275, int, pid, struct uapi_sched_attr __user *, attr,
	 uint, size, uint, flags)
SYSCALL5(execveat,              322, 281, int, dirfd, const char __user *, path,
	 const ulong __user *, argv, const ulong __user *, envp, int, flags)
SYSCALL3(membarrier,            324, 283, int, cmd, uint, flags, int, cpu)
SYSCALL4(pidfd_send_signal,     424, 424, int, fd, int, signo,
	 const struct ksiginfo __user *, info, uint, flags)
SYSCALL2(pidfd_open,            434, 434, int, pid, uint, flags)
SYSCALL2(clone3,                435, 435, const struct uapi_clone_args __user *, args,
	 size_t, size)
SYSCALL3(pidfd_getfd,           438, 438, int, pidfd, int, fd, uint, flags)
