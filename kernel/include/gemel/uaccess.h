/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The only way across the user boundary (core of it: core/uaccess.c).
 * All check the range against USER_END, may fault and sleep; no spin or irq lock may be held.
 */
#include <gemel/compiler.h>

/* Copy @n bytes.  0, or -EFAULT with an unspecified part copied. */
int __must_check copy_from_user(void *dst, const void __user *src, size_t n);
int __must_check copy_to_user(void __user *dst, const void *src, size_t n);
int __must_check clear_user(void __user *dst, size_t n);
/* Bytes copied before the fault. */
size_t copy_from_user_partial(void *dst, const void __user *src, size_t n);
size_t copy_to_user_partial(void __user *dst, const void *src, size_t n);

/* Copy a string of at most @size - 1 bytes.  Its length, -EFAULT, or -ENAMETOOLONG. */
ssize_t __must_check copy_string_from_user(char *dst, const char __user *src, size_t size);
/* Length without the NUL, at most @max; -EFAULT, -E2BIG. */
ssize_t __must_check user_strnlen(const char __user *s, size_t max);

/*
 * A struct that grows with versions: @usize bytes of @usrc become the @size bytes of @dst.  What
 * the program did not know is zero; what we do not know must be.  0, -EFAULT, -E2BIG.
 */
int __must_check copy_struct_from_user(void *dst, size_t size, const void __user *usrc,
				       size_t usize);

/* Aligned atomic word (futex).  0, -EFAULT, -EINVAL (misaligned). */
int __must_check user_load32(const u32 __user *u, u32 *v);
int __must_check user_cmpxchg32(u32 __user *u, u32 old, u32 new, u32 *seen);

bool user_range_ok(const void __user *p, size_t n);

/* One object; the pointers must agree on its type. */
#define user_read(kptr, uptr)                                                   \
	({                                                                      \
		_Static_assert(sizeof(*(kptr)) == sizeof(*(uptr)),              \
			"user_read: the two sides differ in size");             \
		copy_from_user((kptr), (uptr), sizeof(*(kptr)));                \
	})
#define user_write(uptr, kptr)                                                  \
	({                                                                      \
		_Static_assert(sizeof(*(kptr)) == sizeof(*(uptr)),              \
			"user_write: the two sides differ in size");            \
		copy_to_user((uptr), (kptr), sizeof(*(kptr)));                  \
	})

/* An integer that the ABI says is a user address. */
#define user_ptr(type, value) ((type __user *)(ulong)(value))
