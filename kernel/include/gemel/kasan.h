/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The address sanitizer of the debug kernel.  The compiler puts a call before every memory access;
 * mm/kasan.c looks up whether those bytes may be touched.  In other kernels all of this is nothing.
 */
#include <gemel/compiler.h>

#define KASAN_PAGE_FREED        0xff
#define KASAN_FREED             0xfb
#define KASAN_REDZONE           0xfc

/* A function whose accesses are not checked: it looks at memory that is nobody's. */
#define __no_kasan __attribute__((no_sanitize("kernel-address")))

/* Take memory for the shadow, an eighth of RAM, from boot_alloc().  `kasan=off` does not. */
void kasan_init(void);

void kasan_poison_range(const void *p, size_t n, u8 why);
void kasan_unpoison_range(const void *p, size_t n);
/* Panics if one of the bytes must not be touched. */
void kasan_check_range(const void *p, size_t n, bool is_write, ulong pc);
/* Is the first byte of @p marked @why? */
bool kasan_is_marked(const void *p, u8 why);

/* @p is 8-byte aligned in both; the first marks whole units of 8 bytes. */
static inline void kasan_poison(const void *p, size_t n, u8 why)
{
	if (GEMEL_DEBUG)
		kasan_poison_range(p, n, why);
}

static inline void kasan_unpoison(const void *p, size_t n)
{
	if (GEMEL_DEBUG)
		kasan_unpoison_range(p, n);
}

/* For accesses that the compiler does not see (copies in assembly). */
static inline void kasan_check(const void *p, size_t n, bool is_write)
{
	if (GEMEL_DEBUG)
		kasan_check_range(p, n, is_write, (ulong)__builtin_return_address(0));
}
