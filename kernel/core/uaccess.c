/* SPDX-License-Identifier: MIT */
/*
 * Crossing the user boundary: range checks around the port's primitives.
 *
 * A copy may fault and sleep, unless current->pagefault_disabled says that a
 * fault ends it early; then it may run under locks.
 */
#include <gemel/uaccess.h>

#include <arch/mmu.h>
#include <arch/uaccess.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/fault.h>
#include <gemel/kasan.h>
#include <gemel/string.h>
#include <gemel/task.h>

/* Strings are read in pieces of this size, which never cross into another page than their first. */
#define STRING_CHUNK 64ul

bool user_range_ok(const void __user *p, size_t n)
{
	return n <= USER_END && (ulong)p <= USER_END - n;
}

/* Costs nothing in release kernels: this is the hottest place that may fail. */
static bool copy_must_fail(void)
{
	return GEMEL_DEBUG && fault_should_fail(FAULT_USERCOPY);
}

static void check_may_fault(void)
{
	if (GEMEL_DEBUG && !current->pagefault_disabled)
		might_sleep();
}

size_t copy_from_user_partial(void *dst, const void __user *src, size_t n)
{
	check_may_fault();
	if (unlikely(!user_range_ok(src, n)) || copy_must_fail())
		return 0;
	kasan_check(dst, n, true);
	return n - arch_copy_from_user(dst, src, n);
}

size_t copy_to_user_partial(void __user *dst, const void *src, size_t n)
{
	check_may_fault();
	if (unlikely(!user_range_ok(dst, n)) || copy_must_fail())
		return 0;
	kasan_check(src, n, false);
	return n - arch_copy_to_user(dst, src, n);
}

int copy_from_user(void *dst, const void __user *src, size_t n)
{
	check_may_fault();
	kasan_check(dst, n, true);
	if (unlikely(!user_range_ok(src, n)) || copy_must_fail() ||
	    unlikely(arch_copy_from_user(dst, src, n)))
		return -EFAULT;
	return 0;
}

int copy_to_user(void __user *dst, const void *src, size_t n)
{
	check_may_fault();
	kasan_check(src, n, false);
	if (unlikely(!user_range_ok(dst, n)) || copy_must_fail() ||
	    unlikely(arch_copy_to_user(dst, src, n)))
		return -EFAULT;
	return 0;
}

int clear_user(void __user *dst, size_t n)
{
	check_may_fault();
	if (!user_range_ok(dst, n) || copy_must_fail() || arch_clear_user(dst, n))
		return -EFAULT;
	return 0;
}

/* How much of a string to read at once from @src: at most to the end of its page. */
static size_t string_chunk(const char __user *src, size_t max)
{
	size_t to_page_end = PAGE_SIZE - ((ulong)src & (PAGE_SIZE - 1));
	size_t n = MIN(STRING_CHUNK, max);

	n = MIN(n, to_page_end);
	return user_range_ok(src, n) ? n : 0;
}

ssize_t copy_string_from_user(char *dst, const char __user *src, size_t size)
{
	size_t done = 0;

	check_may_fault();
	while (done < size) {
		size_t n = string_chunk(src + done, size - done);
		const char *nul;

		kasan_check(dst + done, n, true);
		if (!n || copy_must_fail() || arch_copy_from_user(dst + done, src + done, n))
			return -EFAULT;
		nul = memchr(dst + done, 0, n);
		if (nul)
			return nul - dst;
		done += n;
	}
	return -ENAMETOOLONG;
}

ssize_t user_strnlen(const char __user *s, size_t max)
{
	char chunk[STRING_CHUNK];
	size_t done = 0;

	check_may_fault();
	/* One byte beyond @max may be the NUL. */
	while (done <= max) {
		size_t n = string_chunk(s + done, max - done + 1);
		const char *nul;

		if (!n || copy_must_fail() || arch_copy_from_user(chunk, s + done, n))
			return -EFAULT;
		nul = memchr(chunk, 0, n);
		if (nul)
			return (ssize_t)(done + (size_t)(nul - chunk));
		done += n;
	}
	return -E2BIG;
}

static int check_word(const u32 __user *u)
{
	if (!IS_ALIGNED((ulong)u, sizeof(u32)))
		return -EINVAL;
	return user_range_ok(u, sizeof(u32)) ? 0 : -EFAULT;
}

int user_load32(const u32 __user *u, u32 *v)
{
	int err = check_word(u);

	return err < 0 ? err : arch_user_load32(u, v);
}

int user_cmpxchg32(u32 __user *u, u32 old, u32 new, u32 *seen)
{
	int err = check_word(u);

	return err < 0 ? err : arch_user_cmpxchg32(u, old, new, seen);
}

int copy_struct_from_user(void *dst, size_t size, const void __user *usrc, size_t usize)
{
	const char __user *rest = (const char __user *)usrc + size;
	size_t left = usize > size ? usize - size : 0, n, i;
	u8 buf[64];

	if (usize > PAGE_SIZE)
		return -E2BIG;
	for (; left; left -= n, rest += n) {
		n = MIN(left, sizeof(buf));
		if (copy_from_user(buf, rest, n) < 0)
			return -EFAULT;
		for (i = 0; i < n; i++)
			if (buf[i])
				return -E2BIG;
	}
	memset(dst, 0, size);
	return copy_from_user(dst, usrc, MIN(size, usize));
}
