/* SPDX-License-Identifier: MIT */
#include <uapi/errno.h>
#include <uapi/mman.h>

#include <gemel/ktest.h>
#include <gemel/string.h>

#include "mm.h"

#define BASE    0x10000000ul
#define NPAGES  96u
#define ANON    (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW      (PROT_READ | PROT_WRITE)

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

static vaddr_t page_va(uint i)
{
	return BASE + i * PAGE_SIZE;
}

/* ---- areas against a model: one byte a page, 0xff not mapped, else PROT_* ---- */

static void model_compare(struct ktest_run *kt, struct address_space *as, const u8 *model)
{
	const struct area *prev = NULL;
	vaddr_t last = 0;
	u64 total = 0;

	for (uint i = 0; i < NPAGES; i++) {
		const struct area *a = as_find(as, page_va(i));

		EXPECT_EQ(model[i] == 0xff, a == NULL);
		if (a && model[i] != 0xff)
			EXPECT_EQ(model[i], a->flags & (PROT_READ | PROT_WRITE | PROT_EXEC));
		total += model[i] != 0xff;
	}
	for (struct area *a = area_find_from(as, 0); a; a = area_next(a)) {
		EXPECT(a->start >= last && a->start < a->end);
		EXPECT_EQ(a->start - last, a->gap);
		/* Neighbours that are alike are one area. */
		EXPECT(!prev || prev->end != a->start || prev->flags != a->flags);
		last = a->end;
		prev = a;
	}
	EXPECT_EQ(total, as->total_pages);
}

static void model_step(struct ktest_run *kt, struct address_space *as, u8 *model, u64 *state)
{
	static const u8 prots[] = { PROT_NONE, PROT_READ, RW, PROT_READ | PROT_EXEC };
	uint at = next_random(state) % NPAGES;
	uint n = 1 + next_random(state) % MIN(12u, NPAGES - at);
	u8 prot = prots[next_random(state) % ARRAY_SIZE(prots)];
	bool hole = false;

	switch (next_random(state) % 4) {
	case 0:
	case 1:
		EXPECT_EQ(page_va(at), as_mmap(as, page_va(at), n * PAGE_SIZE, prot,
					       ANON | MAP_FIXED, NULL, 0));
		memset(model + at, prot, n);
		break;
	case 2:
		EXPECT_EQ(0, as_munmap(as, page_va(at), n * PAGE_SIZE));
		memset(model + at, 0xff, n);
		break;
	default:
		for (uint i = at; i < at + n; i++)
			hole = hole || model[i] == 0xff;
		EXPECT_EQ(hole ? -ENOMEM : 0, as_mprotect(as, page_va(at), n * PAGE_SIZE, prot));
		if (!hole)
			memset(model + at, prot, n);
	}
}

KTEST(area, random_operations_match_model)
{
	struct address_space *as;
	u8 model[NPAGES];
	u64 state = 7;

	EXPECT_EQ(0, as_create(&as));
	memset(model, 0xff, sizeof(model));
	for (uint step = 0; step < 3000 && !kt->failures; step++) {
		model_step(kt, as, model, &state);
		if (step % 16 == 0)
			model_compare(kt, as, model);
	}
	model_compare(kt, as, model);
	as_unuse(as);
}

KTEST(area, placement)
{
	struct address_space *as;
	long a, b, c;

	EXPECT_EQ(0, as_create(&as));
	a = as_mmap(as, 0, 3 * PAGE_SIZE, RW, ANON, NULL, 0);
	b = as_mmap(as, 0, PAGE_SIZE, PROT_READ, ANON, NULL, 0);
	EXPECT_EQ(a - (long)PAGE_SIZE, b);
	EXPECT_EQ(0, as_munmap(as, (vaddr_t)a + PAGE_SIZE, PAGE_SIZE));
	c = as_mmap(as, 0, PAGE_SIZE, PROT_NONE, ANON, NULL, 0);
	EXPECT_EQ(a + (long)PAGE_SIZE, c);
	EXPECT_EQ(-EEXIST, as_mmap(as, (vaddr_t)c, PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE,
				   NULL, 0));
	EXPECT_EQ(-EINVAL, as_mmap(as, 0, 0, RW, ANON, NULL, 0));
	EXPECT_EQ(-ENOMEM, as_mmap(as, 0, USER_END + PAGE_SIZE, RW, ANON, NULL, 0));
	EXPECT_EQ(-EINVAL, as_munmap(as, 1, PAGE_SIZE));
	as_unuse(as);
}

/* ---- contents ---- */

static int peek(struct address_space *as, vaddr_t va)
{
	u8 byte;

	return as_read(as, va, &byte, 1) == 1 ? byte : -1;
}

static bool poke(struct address_space *as, vaddr_t va, int value)
{
	u8 byte = (u8)value;

	return as_write(as, va, &byte, 1) == 1;
}

static paddr_t frame_of(struct address_space *as, vaddr_t va)
{
	paddr_t pa = 0;
	uint prot;

	return arch_mmu_query(&as->mmu, va, &pa, &prot) ? pa : 0;
}

KTEST(as, anonymous_memory_is_zero_and_goes_away)
{
	struct address_space *as;
	u64 before = page_free_count();

	EXPECT_EQ(0, as_create(&as));
	EXPECT_EQ(BASE, as_mmap(as, BASE, 64 * PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0));
	for (uint i = 0; i < 64; i++) {
		EXPECT_EQ(0, peek(as, page_va(i) + i));
		EXPECT(poke(as, page_va(i) + i, (int)i + 1));
	}
	EXPECT_EQ(64, as->rss_anon);
	for (uint i = 0; i < 64; i++)
		EXPECT_EQ(i + 1, peek(as, page_va(i) + i));
	EXPECT_EQ(0, as_munmap(as, page_va(8), 8 * PAGE_SIZE));
	EXPECT_EQ(56, as->rss_anon);
	EXPECT_EQ(-1, peek(as, page_va(8)));
	EXPECT_EQ(-1, peek(as, page_va(64)));
	as_unuse(as);
	EXPECT(page_free_count() + 16 >= before);
}

KTEST(as, protection_is_enforced)
{
	struct address_space *as;

	EXPECT_EQ(0, as_create(&as));
	EXPECT_EQ(BASE, as_mmap(as, BASE, 4 * PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0));
	EXPECT(poke(as, BASE, 5));
	EXPECT_EQ(0, as_mprotect(as, BASE, PAGE_SIZE, PROT_NONE));
	EXPECT_EQ(-1, peek(as, BASE));
	EXPECT_EQ(0, as_mprotect(as, BASE, PAGE_SIZE, PROT_READ));
	EXPECT_EQ(5, peek(as, BASE));
	EXPECT(!poke(as, BASE, 6));
	EXPECT_EQ(0, as_mprotect(as, BASE, PAGE_SIZE, RW));
	EXPECT(poke(as, BASE, 6));
	EXPECT_EQ(6, peek(as, BASE));
	as_unuse(as);
}

KTEST(as, fork_copies_on_write)
{
	struct address_space *as, *child;
	paddr_t frame;

	EXPECT_EQ(0, as_create(&as));
	EXPECT_EQ(BASE, as_mmap(as, BASE, 128 * PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0));
	for (uint i = 0; i < 128; i++)
		EXPECT(poke(as, page_va(i), (int)i));
	frame = frame_of(as, BASE);
	EXPECT_EQ(0, as_fork(as, &child));
	EXPECT_EQ(frame, frame_of(child, BASE));
	for (uint i = 0; i < 128; i += 2)
		EXPECT(poke(as, page_va(i), 200));
	for (uint i = 1; i < 128; i += 2)
		EXPECT(poke(child, page_va(i), 100));
	for (uint i = 0; i < 128; i++) {
		EXPECT_EQ(i & 1 ? i : 200, peek(as, page_va(i)));
		EXPECT_EQ(i & 1 ? 100 : i, peek(child, page_va(i)));
	}
	EXPECT(frame_of(as, BASE) != frame);
	/* The child is the only owner now: no copy. */
	EXPECT_EQ(frame, frame_of(child, BASE));
	EXPECT(poke(child, BASE, 9));
	EXPECT_EQ(frame, frame_of(child, BASE));
	as_unuse(child);
	frame = frame_of(as, page_va(1));
	EXPECT(poke(as, page_va(1), 77));
	EXPECT_EQ(frame, frame_of(as, page_va(1)));
	as_unuse(as);
}

KTEST(as, shared_anonymous_memory_is_shared)
{
	struct address_space *as, *child;
	u64 before = page_free_count();
	long at;

	EXPECT_EQ(0, as_create(&as));
	at = as_mmap(as, 0, 4 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, NULL, 0);
	EXPECT(at > 0);
	EXPECT(poke(as, (vaddr_t)at, 1));
	EXPECT_EQ(0, as_fork(as, &child));
	EXPECT(poke(child, (vaddr_t)at + PAGE_SIZE, 2));
	EXPECT_EQ(2, peek(as, (vaddr_t)at + PAGE_SIZE));
	EXPECT_EQ(1, peek(child, (vaddr_t)at));
	as_unuse(as);
	EXPECT_EQ(1, peek(child, (vaddr_t)at));
	as_unuse(child);
	EXPECT(page_free_count() + 16 >= before);
}

KTEST(as, brk_grows_and_shrinks)
{
	struct address_space *as;

	EXPECT_EQ(0, as_create(&as));
	as->brk_start = as->brk = BASE;
	EXPECT_EQ(BASE, as_brk(as, 0));
	EXPECT_EQ(BASE + 10000, as_brk(as, BASE + 10000));
	EXPECT(poke(as, BASE + 9999, 3));
	EXPECT_EQ(BASE + 20000, as_brk(as, BASE + 20000));
	EXPECT_EQ(1, as->area_count);
	EXPECT_EQ(3, peek(as, BASE + 9999));
	EXPECT_EQ(BASE + 100, as_brk(as, BASE + 100));
	EXPECT_EQ(-1, peek(as, BASE + 9999));
	EXPECT_EQ(BASE + 10000, as_brk(as, BASE + 10000));
	EXPECT_EQ(0, peek(as, BASE + 9999));
	as_unuse(as);
}

KTEST(as, stack_grows_to_its_guard)
{
	struct address_space *as;
	vaddr_t top = BASE + GIB(1);

	EXPECT_EQ(0, as_create(&as));
	EXPECT_EQ(0, as_map_stack(as, top, 4 * PAGE_SIZE, false));
	EXPECT(poke(as, top - 100 * PAGE_SIZE, 1));
	EXPECT_EQ(100, as->stack_pages);
	EXPECT_EQ(top - 1000 * PAGE_SIZE,
		  as_mmap(as, top - 1000 * PAGE_SIZE, PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0));
	EXPECT(poke(as, top - 700 * PAGE_SIZE, 1));
	EXPECT(!poke(as, top - 998 * PAGE_SIZE, 1));
	as_unuse(as);
}

/* ---- every allocation fails once ---- */

static int fork_scenario(void)
{
	struct address_space *as, *child;
	int err = as_create(&as);
	long at;

	if (err < 0)
		return err;
	at = as_mmap(as, BASE, 8 * PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0);
	err = at < 0 ? (int)at : 0;
	for (uint i = 0; i < 8 && err == 0; i++)
		err = poke(as, page_va(i), 1) ? 0 : -ENOMEM;
	if (err == 0)
		err = as_mprotect(as, page_va(2), PAGE_SIZE, PROT_READ);
	if (err == 0)
		err = as_munmap(as, page_va(5), PAGE_SIZE);
	if (err == 0) {
		at = as_mmap(as, 0, PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, NULL, 0);
		err = at < 0 ? (int)at : 0;
	}
	if (err == 0)
		err = poke(as, (vaddr_t)at, 1) ? 0 : -ENOMEM;
	if (err == 0)
		err = as_fork(as, &child);
	if (err == 0) {
		err = poke(child, BASE, 2) ? 0 : -ENOMEM;
		as_unuse(child);
	}
	as_unuse(as);
	return err;
}

KTEST(as, every_allocation_may_fail)
{
	u64 before;

	EXPECT_EQ(0, fork_scenario());
	before = page_free_count();
	FOR_EACH_OOM(n) {
		int err = fork_scenario();

		EXPECT_EQ(fault_hit() ? -ENOMEM : 0, err);
		if (kt->failures)
			break;
	}
	EXPECT(page_free_count() + 32 >= before);
	EXPECT_EQ(before - page_free_count() > 32 ? before : 0, 0);
}
