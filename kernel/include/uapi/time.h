/* SPDX-License-Identifier: MIT */
#pragma once
/* Time as user space sees it (Linux UAPI, 64-bit). */
#include <gemel/compiler.h>

struct uapi_timespec {
	s64 sec;
	s64 nsec;
};

struct uapi_timeval {
	s64 sec;
	s64 usec;
};

struct uapi_timezone {
	s32 minuteswest;
	s32 dsttime;
};

struct uapi_itimerspec {
	struct uapi_timespec interval, value;
};

struct uapi_itimerval {
	struct uapi_timeval interval, value;
};

#define CLOCK_REALTIME                  0
#define CLOCK_MONOTONIC                 1
#define CLOCK_PROCESS_CPUTIME_ID        2
#define CLOCK_THREAD_CPUTIME_ID         3
#define CLOCK_MONOTONIC_RAW             4
#define CLOCK_REALTIME_COARSE           5
#define CLOCK_MONOTONIC_COARSE          6
#define CLOCK_BOOTTIME                  7
#define CLOCK_REALTIME_ALARM            8
#define CLOCK_BOOTTIME_ALARM            9
#define CLOCK_TAI                       11
#define TIMER_ABSTIME                   1
