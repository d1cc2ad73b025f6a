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

struct uapi_itimerval {
	struct uapi_timeval interval, value;
};

struct uapi_itimerspec {
	struct uapi_timespec interval, value;
};

struct uapi_tms {
	s64 utime, stime, cutime, cstime;       /* ticks of USER_HZ */
};

#define USER_HZ 100

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

#define TIMER_ABSTIME   1

#define ITIMER_REAL     0
#define ITIMER_VIRTUAL  1
#define ITIMER_PROF     2

#define TFD_TIMER_ABSTIME       1
#define TFD_TIMER_CANCEL_ON_SET 2
#define TFD_CLOEXEC     02000000
#define TFD_NONBLOCK    04000
