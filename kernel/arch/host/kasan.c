/* SPDX-License-Identifier: MIT */
/*
 * In place of mm/kasan.c: the compiler's checks are the host's, so the marks go into the
 * host's shadow, in its words for them.
 */
#include <gemel/kasan.h>

#include <gemel/log.h>
#include <gemel/slab.h>

#include "../../mm/mm.h"
#include "posix.h"

#define UNIT 8ul

void kasan_init(void)
{
}

/* Reported as "heap-use-after-free", "heap-buffer-overflow", "use-after-poison". */
static u8 host_mark(u8 why)
{
	return why == KASAN_FREED ? 0xfd : why == KASAN_REDZONE ? 0xfa : 0xf7;
}

/* Not memset(): that is the host's, which asks whether it may write there. */
static void shadow_fill(const void *p, size_t units, u8 mark)
{
	s8 *shadow = posix_shadow_of(p);

	for (size_t i = 0; i < units; i++)
		shadow[i] = (s8)mark;
}

void kasan_poison_range(const void *p, size_t n, u8 why)
{
	shadow_fill(p, DIV_ROUND_UP(n, UNIT), host_mark(why));
}

void kasan_unpoison_range(const void *p, size_t n)
{
	shadow_fill(p, n / UNIT, 0);
	if (n % UNIT)
		posix_shadow_of(p)[n / UNIT] = (s8)(n % UNIT);
}

bool kasan_is_marked(const void *p, u8 why)
{
	return *posix_shadow_of(p) == (s8)host_mark(why);
}

/* Touch what is marked: the host reports it. */
void kasan_check_range(const void *p, size_t n, bool is_write __unused, ulong pc __unused)
{
	const volatile u8 *at = p;

	for (size_t i = 0; i < n; i += UNIT)
		(void)at[i];
	if (n)
		(void)at[n - 1];
}

/* Called by the host after its report: what the slab knows of the place. */
void __asan_on_error(void);
void *__asan_get_report_address(void);
void __asan_on_error(void)
{
	struct slab_object so;

	if (slab_describe(__asan_get_report_address(), &so))
		printk(LOG_ERR, "kasan", "an object of %s (%zu bytes) at %p, allocated by %p, "
		       "freed by %p", so.cache, so.size, so.start, (void *)so.alloc_pc,
		       (void *)so.free_pc);
}
