/* SPDX-License-Identifier: MIT */
#pragma once
/* Resource limits and usage (Linux UAPI). */
#include <uapi/time.h>

#define RLIMIT_CPU              0
#define RLIMIT_FSIZE            1
#define RLIMIT_DATA             2
#define RLIMIT_STACK            3
#define RLIMIT_CORE             4
#define RLIMIT_RSS              5
#define RLIMIT_NPROC            6
#define RLIMIT_NOFILE           7
#define RLIMIT_MEMLOCK          8
#define RLIMIT_AS               9
#define RLIMIT_LOCKS            10
#define RLIMIT_SIGPENDING       11
#define RLIMIT_MSGQUEUE         12
#define RLIMIT_NICE             13
#define RLIMIT_RTPRIO           14
#define RLIMIT_RTTIME           15
#define RLIM_INFINITY           (~0ull)

#define RUSAGE_SELF             0
#define RUSAGE_CHILDREN         (-1)
#define RUSAGE_BOTH             (-2)
#define RUSAGE_THREAD           1

struct uapi_rusage {
	struct uapi_timeval utime, stime;
	s64 maxrss;             /* KiB */
	s64 ixrss, idrss, isrss;
	s64 minflt, majflt;
	s64 nswap, inblock, oublock, msgsnd, msgrcv, nsignals;
	s64 nvcsw, nivcsw;
};
_Static_assert(sizeof(struct uapi_rusage) == 144, "struct rusage");

#define PRIO_PROCESS    0
#define PRIO_PGRP       1
#define PRIO_USER       2
