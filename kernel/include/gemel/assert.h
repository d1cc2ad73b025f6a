/* SPDX-License-Identifier: MIT */
#pragma once
/* ASSERT is for bugs of the kernel, never for input, exhaustion or hardware; release keeps it. */
#include <gemel/compiler.h>

void __noreturn __cold panic(const char *fmt, ...) __printf_like(1, 2);
void __noreturn __cold assert_failed(const char *expr, const char *file, int line);

#define ASSERT(x)                                                       \
	do {                                                            \
		if (unlikely(!(x)))                                     \
			assert_failed(#x, __FILE__, __LINE__);          \
	} while (0)
/* Only in debug kernels. */
#define DEBUG_ASSERT(x)                                                 \
	do {                                                            \
		if (GEMEL_DEBUG && unlikely(!(x)))                      \
			assert_failed(#x, __FILE__, __LINE__);          \
	} while (0)

/* A wrong state that the kernel survives: one line and a backtrace, the first time. */
void __cold warn_once_failed(const char *expr, const char *file, int line);
#define WARN_ONCE(x)                                                    \
	do {                                                            \
		static bool warned_;                                    \
		if (unlikely(x) && !warned_) {                          \
			warned_ = true;                                 \
			warn_once_failed(#x, __FILE__, __LINE__);       \
		}                                                       \
	} while (0)
