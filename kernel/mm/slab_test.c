/* SPDX-License-Identifier: MIT */
#include <arch/thread.h>

#include <gemel/ktest.h>
#include <gemel/page.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/vmalloc.h>

#include "mm.h"

KTEST(slab, sizes_and_alignment)
{
	for (size_t size = 1; size <= 20000; size += size < 300 ? 7 : 501) {
		u8 *p = kalloc(size), *q = kzalloc(size);

		EXPECT(p && q);
		if (p && q) {
			EXPECT(kalloc_size(p) >= size);
			EXPECT_EQ(0, (ulong)p & 15);
			memset(p, 0xff, size);
			EXPECT_EQ(0, q[0] | q[size / 2] | q[size - 1]);
		}
		kfree(p);
		kfree(q);
	}
	kfree(NULL);
}

KTEST(slab, power_of_two_is_aligned)
{
	for (size_t size = 16; size <= 8192; size *= 2) {
		void *p = kalloc(size);

		/* In debug kernels a redzone follows the small ones. */
		EXPECT_EQ(0, (ulong)p & (GEMEL_DEBUG && size < PAGE_SIZE ? 15 : size - 1));
		kfree(p);
	}
}

KTEST(slab, overflow_is_refused)
{
	void *p = kcalloc(1ul << 33, 1ul << 32);
	void *q = kalloc(1ul << 46);

	EXPECT(!p);
	EXPECT(!q);
	kfree(p);
	kfree(q);
}

static uint constructed;

static void count_ctor(void *obj)
{
	*(u32 *)obj = 0xc0ffee;
	constructed++;
}

#define OBJECTS 500

KTEST(slab, constructor_survives_reuse)
{
	struct slab_cache *c = slab_cache_create("test-ctor", 40, 0, count_ctor);
	static void *obj[OBJECTS];
	uint made;

	EXPECT(c);
	if (!c)
		return;
	constructed = 0;
	for (uint i = 0; i < OBJECTS; i++)
		obj[i] = slab_alloc(c);
	made = constructed;
	for (uint i = 0; i < OBJECTS; i++) {
		EXPECT(obj[i] && *(u32 *)obj[i] == 0xc0ffee);
		slab_free(c, obj[i]);
	}
	for (uint i = 0; i < 10; i++)
		obj[i] = slab_alloc(c);
	EXPECT_EQ(made, constructed);
	for (uint i = 0; i < 10; i++)
		slab_free(c, obj[i]);
	slab_cache_destroy(c);
}

KTEST(slab, back_to_baseline)
{
	struct slab_cache *c;
	static void *obj[OBJECTS];
	u64 before;

	c = slab_cache_create("test-base", 200, 64, NULL);
	EXPECT(c);
	if (!c)
		return;
	before = page_free_count();
	for (uint i = 0; i < OBJECTS; i++) {
		obj[i] = slab_alloc(c);
		EXPECT_EQ(0, (ulong)obj[i] & 63);
		memset(obj[i], (int)i, 200);
	}
	for (uint i = 0; i < OBJECTS; i++) {
		EXPECT_EQ((u8)i, ((u8 *)obj[i])[199]);
		slab_free(c, obj[i]);
	}
	slab_cache_destroy(c);
	EXPECT_EQ(before, page_free_count());
}

KTEST(slab, injected_failures)
{
	FOR_EACH_OOM(n) {
		void *p = kalloc(100);
		void *q = kalloc(30000);

		/* The large one has a second way. */
		EXPECT(fault_hit() || (p && q));
		EXPECT(n > 1 || !p);
		kfree(p);
		kfree(q);
	}
}

KTEST(vmalloc, contents_and_guard)
{
	u64 before;
	u8 *p, *q;

	vfree(vmalloc(1));
	before = page_free_count();
	p = vmalloc(5 * PAGE_SIZE + 1);
	q = vmalloc(PAGE_SIZE);
	EXPECT(p && q);
	if (!p || !q)
		return;
	memset(p, 1, 5 * PAGE_SIZE + 1);
	memset(q, 2, PAGE_SIZE);
	EXPECT_EQ(1, p[5 * PAGE_SIZE]);
	EXPECT_EQ(6 * PAGE_SIZE, vmalloc_size(p));
	EXPECT(p + 6 * PAGE_SIZE != q && q + PAGE_SIZE != p);
	vfree(p);
	vfree(q);
	/* Page tables that were made stay. */
	EXPECT(page_free_count() + 3 >= before);
	EXPECT(!vmalloc(0));
}

KTEST(vmalloc, stack_has_guards)
{
	char *p = vmalloc_stack(KSTACK_SIZE);

	EXPECT(p);
	if (!p)
		return;
	memset(p, 0, KSTACK_SIZE);
	EXPECT(vmalloc_is_guard((vaddr_t)p - 1));
	EXPECT(!vmalloc_is_guard((vaddr_t)p));
	vfree(p);
}

KTEST(vmalloc, many_ranges)
{
	static void *range[200];

	for (uint round = 0; round < 20; round++) {
		for (uint i = 0; i < ARRAY_SIZE(range); i++) {
			range[i] = vmalloc((i % 5 + 1) * PAGE_SIZE);
			if (range[i])
				*(uint *)range[i] = i;
		}
		for (uint i = 0; i < ARRAY_SIZE(range); i++) {
			EXPECT(range[i] && *(uint *)range[i] == i);
			vfree(range[i]);
		}
	}
}

KTEST(vmalloc, injected_failures)
{
	FOR_EACH_OOM(n) {
		void *p = vmalloc(4 * PAGE_SIZE);

		EXPECT_EQ(fault_hit(), !p);
		vfree(p);
	}
}
