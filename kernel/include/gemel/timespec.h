/* SPDX-License-Identifier: MIT */
#pragma once
/* User space's times and the kernel's nanoseconds. */
#include <uapi/time.h>
#include <gemel/time.h>

static inline bool timespec_is_valid(const struct uapi_timespec *ts)
{
	return ts->sec >= 0 && (u64)ts->nsec < NSEC_PER_SEC;
}

/* Of a valid one; far away times become "never" (2^63 - 1 ns, 292 years). */
static inline u64 timespec_to_ns(const struct uapi_timespec *ts)
{
	if (ts->sec >= (s64)(INT64_MAX / NSEC_PER_SEC))
		return INT64_MAX;
	return (u64)ts->sec * NSEC_PER_SEC + (u64)ts->nsec;
}

static inline struct uapi_timespec timespec_from_ns(u64 ns)
{
	return (struct uapi_timespec){ (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC) };
}

static inline struct uapi_timeval timeval_from_ns(u64 ns)
{
	return (struct uapi_timeval){ (s64)(ns / NSEC_PER_SEC),
				      (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
}

static inline bool timeval_is_valid(const struct uapi_timeval *tv)
{
	return tv->sec >= 0 && (u64)tv->usec < 1000000;
}

static inline u64 timeval_to_ns(const struct uapi_timeval *tv)
{
	struct uapi_timespec ts = { tv->sec, tv->usec * (s64)NSEC_PER_USEC };

	return timespec_to_ns(&ts);
}

/* @now + @ns without wrapping. */
static inline u64 deadline_after(u64 now, u64 ns)
{
	return now + ns < now ? ~0ull : now + ns;
}
