/* SPDX-License-Identifier: MIT */
/*
 * The address sanitizer of the debug kernel.
 *
 * Shadow.  Each 8 bytes of RAM have one byte that says how many of them may be
 * touched: 0 all, 1..7 the first ones, KASAN_* (negative) none and why.  A shadow
 * have the physmap (pages, slab objects and everything in them) and the image's data.
 * Kernel stacks, vmalloc and code are watched by guard pages and W^X; arrays on a
 * stack by the compiler's word behind them (core/ubsan.c), the end of vmalloc() by vfree().
 *
 * Who marks.  The page allocator: a free page.  kalloc() of more than a slab holds: the rest
 * of the block.  The slab allocator: a free
 * object, the rest of an object beyond the size that was asked for, and the
 * redzone behind it, in which the slab keeps who allocated and who freed.  The compiler:
 * room behind each variable of a file, but for those in sections of their own.  A freed
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

/* What the compiler tells of a variable: its constructor of each file hands over a table. */
struct variable {
	const void *start;
	size_t size, size_with_redzone;
	const char *name, *file;
	ulong has_constructor;
	const void *location;
	ulong odr_indicator;
};

/* Addresses that have a shadow. */
struct region {
	vaddr_t first;          /* what shadow[0] is of */
	size_t span;            /* bytes; 0: off */
	s8 *shadow;
};

typedef void constructor(void);
extern constructor *const constructors_start[], *const constructors_end[];
extern const char _etext[], _end[];

static struct region ram, image;
static vaddr_t looked_for;      /* a report's: the constructors look it up */
static const struct variable *found;
static bool reported;

void __asan_register_globals(const struct variable *v, size_t n);

static void run_constructors(void)
{
	for (constructor *const *c = constructors_start; c < constructors_end; c++)
		(*c)();
}

static bool region_init(struct region *r, const void *first, const void *end)
{
	size_t span = (vaddr_t)end - (vaddr_t)first;
	paddr_t pa = boot_alloc(&boot_info, DIV_ROUND_UP(span, UNIT), PAGE_SIZE);

	if (!pa)
		return false;
	memset(phys_to_virt(pa), 0, DIV_ROUND_UP(span, UNIT));
	*r = (struct region){ (vaddr_t)first, span, phys_to_virt(pa) };
	return true;
}

void kasan_init(void)
{
	const struct boot_range *last = &boot_info.ram[boot_info.nram - 1];
	char word[8];

	if (cmdline_get("kasan", word, sizeof(word)) && strcmp(word, "off") == 0)
		return;
	if (last->base + last->size - boot_info.ram[0].base > RAM_MAX)
		return;
	if (region_init(&ram, phys_to_virt(boot_info.ram[0].base),
			phys_to_virt(last->base + last->size)) &&
	    region_init(&image, (const void *)ALIGN_UP((vaddr_t)_etext, UNIT), _end))
		run_constructors();
}

/* The first of @n bytes' shadow; NULL: they have none. */
static inline s8 *shadow_of(const void *p, size_t n)
{
	const struct region *r = (vaddr_t)p - ram.first < ram.span ? &ram : &image;
	size_t at = (vaddr_t)p - r->first;

	return at < r->span && n <= r->span - at ? r->shadow + at / UNIT : NULL;
}

void kasan_poison_range(const void *p, size_t n, u8 why)
{
	s8 *shadow = shadow_of(p, n);

	if (shadow)
		memset(shadow, why, DIV_ROUND_UP(n, UNIT));
}

void kasan_unpoison_range(const void *p, size_t n)
{
	s8 *shadow = shadow_of(p, n);

	if (!shadow)
		return;
	memset(shadow, 0, n / UNIT);
	if (n % UNIT)
		shadow[n / UNIT] = (s8)(n % UNIT);
}

bool kasan_is_marked(const void *p, u8 why)
{
	const s8 *shadow = shadow_of(p, 1);

	return shadow && *shadow == (s8)why;
}

/* Called by a file's constructor: mark what is behind its variables or, for a report, find one. */
void __asan_register_globals(const struct variable *v, size_t n)
{
	for (; n-- > 0; v++) {
		size_t used = ALIGN_UP(v->size, UNIT);

		if (looked_for - (vaddr_t)v->start < v->size_with_redzone)
			found = v;
		if (looked_for)
			continue;
		kasan_unpoison_range(v->start, v->size);
		kasan_poison_range((const char *)v->start + used, v->size_with_redzone - used,
				   KASAN_REDZONE);
	}
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

static void report_variable(const void *at)
{
	looked_for = (vaddr_t)at;
	run_constructors();
	if (found)
		printk(LOG_ERR, LOG_TAG, "byte %ld of %s (%zu bytes) of %s",
		       (long)((const char *)at - (const char *)found->start), found->name,
		       found->size, found->file);
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
	report_variable(at);
	panic("kasan: %s of %zu bytes at %p: %s, in %s+0x%lx", is_write ? "write" : "read", n, at,
	      mark_name(*shadow_of(at, 1)), name ? name : "?", offset);
}

/* ---- the check ---- */

static inline void check(const void *p, size_t n, bool is_write, ulong pc)
{
	const s8 *mark = shadow_of(p, n);
	vaddr_t at = (vaddr_t)p, end = at + n;

	if (!mark)
		return;
	for (; at < end; at = ALIGN_DOWN(at, UNIT) + UNIT, mark++) {
		vaddr_t good = *mark < 0 ? at : ALIGN_DOWN(at, UNIT) + (vaddr_t)*mark;

		if (unlikely(*mark) && MIN(end, ALIGN_DOWN(at, UNIT) + UNIT) > good) {
			report((const void *)MAX(at, good), n, is_write, pc);
			return;
		}
	}
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
