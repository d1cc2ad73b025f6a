/* SPDX-License-Identifier: MIT */
/*
 * The address sanitizer of the debug kernel.
 *
 * Shadow.  Each 8 bytes of RAM have one byte that says how many of them may be
 * touched: 0 all, 1..7 the first ones, KASAN_* (negative) none and why.  Only
 * the physmap has a shadow: pages, slab objects and everything in them.
 * Kernel stacks, vmalloc and the image are watched by guard pages and W^X; arrays on a
 * stack by the compiler's word behind them (core/ubsan.c), the end of vmalloc() by vfree().
 *
 * Who marks.  The page allocator: a free page.  kalloc() of more than a slab holds: the rest
 * of the block.  The slab allocator: a free
 * object, the rest of an object beyond the size that was asked for, and the
 * redzone behind it, in which the slab keeps who allocated and who freed.  A freed
 * object waits in its cache's quarantine before it can be given out again, so
 * that a late access still finds the mark.
 *
 * The compiler calls __asan_load*() and __asan_store*() before every access
 * (no inline checks: the shadow's place is known to this file only); the
 * linker sends memcpy(), memmove() and memset() through the checks below.
 * This file and slab.c, which handles free objects, are compiled without.
 *
 * Shadow bytes are written by who owns the memory at that moment; the check
 * reads them without a lock.
 */
#define LOG_TAG "kasan"
#include <gemel/kasan.h>

#include <arch/mmu.h>

#include <gemel/assert.h>
#include <gemel/boot_info.h>
#include <gemel/ksyms.h>
#include <gemel/log.h>
#include <gemel/page.h>
#include <gemel/string.h>

#include "mm.h"

#define UNIT            8ul
/* A larger machine runs without: the shadow would cost too much time at boot. */
#define RAM_MAX         GIB(3)

static s8 *shadow;              /* NULL: off */
static vaddr_t first;           /* what shadow[0] is of */
static size_t span;             /* bytes that have a shadow */
static bool reported;

void kasan_init(void)
{
	const struct boot_range *last = &boot_info.ram[boot_info.nram - 1];
	char word[8];
	paddr_t pa;

	if (cmdline_get("kasan", word, sizeof(word)) && strcmp(word, "off") == 0)
		return;
	first = (vaddr_t)phys_to_virt(boot_info.ram[0].base);
	span = (vaddr_t)phys_to_virt(last->base + last->size) - first;
	if (span > RAM_MAX)
		return;
	pa = boot_alloc(&boot_info, span / UNIT, PAGE_SIZE);
	if (!pa)
		return;
	memset(phys_to_virt(pa), 0, span / UNIT);
	shadow = phys_to_virt(pa);
}

static bool has_shadow(const void *p, size_t n)
{
	return shadow && (vaddr_t)p - first < span && n <= span - ((vaddr_t)p - first);
}

static s8 *shadow_of(const void *p)
{
	return shadow + ((vaddr_t)p - first) / UNIT;
}

void kasan_poison_range(const void *p, size_t n, u8 why)
{
	if (has_shadow(p, n))
		memset(shadow_of(p), why, DIV_ROUND_UP(n, UNIT));
}

void kasan_unpoison_range(const void *p, size_t n)
{
	if (!has_shadow(p, n))
		return;
	memset(shadow_of(p), 0, n / UNIT);
	if (n % UNIT)
		shadow_of(p)[n / UNIT] = (s8)(n % UNIT);
}

bool kasan_is_marked(const void *p, u8 why)
{
	return has_shadow(p, 1) && *shadow_of(p) == (s8)why;
}

/* ---- the report ---- */

static const char *mark_name(s8 mark)
{
	switch ((u8)mark) {
	case KASAN_PAGE_FREED:
		return "a free page";
	case KASAN_FREED:
		return "freed memory";
	case KASAN_REDZONE:
		return "beyond the object";
	default:
		return "beyond what was asked for";
	}
}

static void report_place(const char *what, ulong pc)
{
	ulong offset = 0;
	const char *name = pc ? ksym_lookup(pc, &offset) : NULL;

	if (name)
		printk(LOG_ERR, LOG_TAG, "%s by %s+0x%lx", what, name, offset);
}

static void report_object(const void *at)
{
	struct slab_object so;

	if (!slab_describe(at, &so))
		return;
	printk(LOG_ERR, LOG_TAG, "byte %ld of an object of %s (%zu bytes) at %p",
	       (long)((const char *)at - (const char *)so.start), so.cache, so.size, so.start);
	report_place("allocated", so.alloc_pc);
	report_place("last freed", so.free_pc);
}

static void __cold __noinline report(const void *at, size_t n, bool is_write, ulong pc)
{
	ulong offset = 0;
	const char *name = ksym_lookup(pc, &offset);

	/* Only once: printing is instrumented as well. */
	if (reported)
		return;
	reported = true;
	report_object(at);
	panic("kasan: %s of %zu bytes at %p: %s, in %s+0x%lx", is_write ? "write" : "read", n, at,
	      mark_name(*shadow_of(at)), name ? name : "?", offset);
}

/* ---- the check ---- */

/* The first of @n bytes at @p that must not be touched; NULL: all are good. */
static inline const void *find_bad(const void *p, size_t n)
{
	vaddr_t at = (vaddr_t)p - first, end = at + n;

	while (at < end) {
		s8 mark = shadow[at / UNIT];
		vaddr_t next = ALIGN_DOWN(at, UNIT) + UNIT;

		if (unlikely(mark) &&
		    (mark < 0 || (MIN(end, next) - 1) % UNIT >= (vaddr_t)mark))
			return (const void *)(MAX(at, mark < 0 ? at : ALIGN_DOWN(at, UNIT) +
						  (vaddr_t)mark) + first);
		at = next;
	}
	return NULL;
}

static inline void check(const void *p, size_t n, bool is_write, ulong pc)
{
	const void *bad;

	if (!has_shadow(p, n))
		return;
	bad = find_bad(p, n);
	if (unlikely(bad))
		report(bad, n, is_write, pc);
}

void kasan_check_range(const void *p, size_t n, bool is_write, ulong pc)
{
	check(p, n, is_write, pc);
}

/* ---- what the compiler calls ---- */

#define CALLER ((ulong)__builtin_return_address(0))

#define CHECKS_OF_SIZE(size)                                            \
	void __asan_load##size##_noabort(const void *p);                \
	void __asan_store##size##_noabort(const void *p);               \
	void __asan_load##size##_noabort(const void *p)                 \
	{                                                               \
		check(p, size, false, CALLER);                          \
	}                                                               \
	void __asan_store##size##_noabort(const void *p)                \
	{                                                               \
		check(p, size, true, CALLER);                           \
	}
CHECKS_OF_SIZE(1)
CHECKS_OF_SIZE(2)
CHECKS_OF_SIZE(4)
CHECKS_OF_SIZE(8)
CHECKS_OF_SIZE(16)

void __asan_loadN_noabort(const void *p, size_t n);
void __asan_storeN_noabort(const void *p, size_t n);
void __asan_handle_no_return(void);
void *__real_memcpy(void *dst, const void *src, size_t n);
void *__real_memmove(void *dst, const void *src, size_t n);
void *__real_memset(void *dst, int byte, size_t n);
void *__wrap_memcpy(void *dst, const void *src, size_t n);
void *__wrap_memmove(void *dst, const void *src, size_t n);
void *__wrap_memset(void *dst, int byte, size_t n);

void __asan_loadN_noabort(const void *p, size_t n)
{
	check(p, n, false, CALLER);
}

void __asan_storeN_noabort(const void *p, size_t n)
{
	check(p, n, true, CALLER);
}

void __asan_handle_no_return(void)
{
}

/* ---- what the linker sends here (--wrap) ---- */

void *__wrap_memcpy(void *dst, const void *src, size_t n)
{
	check(src, n, false, CALLER);
	check(dst, n, true, CALLER);
	return __real_memcpy(dst, src, n);
}

void *__wrap_memmove(void *dst, const void *src, size_t n)
{
	check(src, n, false, CALLER);
	check(dst, n, true, CALLER);
	return __real_memmove(dst, src, n);
}

void *__wrap_memset(void *dst, int byte, size_t n)
{
	check(dst, n, true, CALLER);
	return __real_memset(dst, byte, n);
}
