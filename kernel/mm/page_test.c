/* SPDX-License-Identifier: MIT */
#include <gemel/ktest.h>
#include <gemel/page.h>
#include <gemel/string.h>

#include "mm.h"

/* A generator whose sequence is the same at every run. */
static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

static u64 free_now(void)
{
	return page_free_count();
}

KTEST(page, alignment_and_baseline)
{
	u64 before = free_now();

	for (uint order = 0; order <= PAGE_MAX_ORDER; order++) {
		struct page *pg = page_alloc(order, 0);

		if (!pg)
			continue;
		EXPECT_EQ(0, page_to_phys(pg) & ((PAGE_SIZE << order) - 1));
		EXPECT_EQ(1, pg->refs.count);
		EXPECT(pfn_is_ram(page_to_pfn(pg)));
		page_free(pg, order);
	}
	EXPECT_EQ(before, free_now());
	EXPECT_EQ(0, (long)page_alloc(PAGE_MAX_ORDER + 1, 0));
}

KTEST(page, zeroed)
{
	for (uint i = 0; i < 100; i++) {
		u64 *p = page_alloc_kernel(0, 0);

		if (!p)
			continue;
		memset(p, 0x5a, PAGE_SIZE);
		page_free_kernel(p, 0);
		p = page_alloc_kernel(0, ALLOC_ZERO);
		for (uint k = 0; p && k < PAGE_SIZE / sizeof(*p); k++)
			if (p[k]) {
				EXPECT_EQ(0, p[k]);
				break;
			}
		page_free_kernel(p, 0);
	}
}

/* Take everything there is without waiting; nobody else may need memory meanwhile. */
KTEST(page, exhaustion)
{
	struct list taken = LIST_INIT(taken);
	struct page *pg, *tmp;
	u64 before = free_now(), n = 0;

	/* The host should not have to back all of a large machine. */
	if (before > MIB(600) >> PAGE_SHIFT)
		return;
	while ((pg = page_alloc(0, ALLOC_ATOMIC))) {
		list_add(&taken, &pg->link);
		n++;
	}
	/* The reclaim thread may have added some. */
	EXPECT(n + 512 >= before);
	list_for_each_safe(pg, tmp, &taken, link) {
		list_remove(&pg->link);
		page_free(pg, 0);
	}
	EXPECT(free_now() >= before);
	/* Everything has merged again. */
	pg = page_alloc(PAGE_MAX_ORDER - 1, 0);
	EXPECT(pg);
	if (pg)
		page_free(pg, PAGE_MAX_ORDER - 1);
}

#define SLOTS 64

KTEST(page, random_orders_do_not_overlap)
{
	struct page *slot[SLOTS] = { NULL };
	uint order[SLOTS];
	u64 before = free_now(), state = 1;

	for (uint step = 0; step < 4000; step++) {
		uint i = next_random(&state) % SLOTS;

		if (slot[i]) {
			char *p = page_address(slot[i]);

			EXPECT_EQ((char)i, p[0]);
			EXPECT_EQ((char)i, p[(PAGE_SIZE << order[i]) - 1]);
			page_free(slot[i], order[i]);
			slot[i] = NULL;
			continue;
		}
		order[i] = next_random(&state) % 4;
		slot[i] = page_alloc(order[i], 0);
		if (slot[i])
			memset(page_address(slot[i]), (int)i, PAGE_SIZE << order[i]);
	}
	for (uint i = 0; i < SLOTS; i++)
		if (slot[i])
			page_free(slot[i], order[i]);
	EXPECT_EQ(before, free_now());
}

KTEST(page, below_limit)
{
	paddr_t limit = (boot_info.ram[0].base + MIB(16));
	struct page *pg = page_alloc_below(1, ALLOC_ZERO, limit);
	u64 before = free_now();

	if (!pg)
		return;
	EXPECT(page_to_phys(pg) + 2 * PAGE_SIZE <= limit);
	EXPECT_EQ(0, page_to_phys(pg) & (2 * PAGE_SIZE - 1));
	page_free(pg, 1);
	EXPECT_EQ(before + 2, free_now());
	EXPECT_EQ(0, (long)page_alloc_below(0, 0, boot_info.ram[0].base));
}

KTEST(page, references)
{
	struct page *pg = page_alloc(0, 0);
	u64 before = free_now();

	if (!pg)
		return;
	page_get(pg);
	page_put(pg);
	EXPECT_EQ(before, free_now());
	page_put(pg);
	EXPECT_EQ(before + 1, free_now());
}
