/* SPDX-License-Identifier: MIT */
#include <arch/mmu.h>

#include <uapi/errno.h>

#include <gemel/ktest.h>
#include <gemel/page.h>

#define BASE    0x400000ul
#define PA      0x123456000ull          /* never touched, only mapped */
#define USER_RW (PROT_READ_BIT | PROT_WRITE_BIT | PROT_USER_BIT)
#define USER_RO (PROT_READ_BIT | PROT_USER_BIT)

static paddr_t pa_at(struct arch_mmu *m, vaddr_t va)
{
	paddr_t pa;
	uint prot;

	return arch_mmu_query(m, va, &pa, &prot) ? pa : 0;
}

static uint prot_at(struct arch_mmu *m, vaddr_t va)
{
	paddr_t pa;
	uint prot;

	return arch_mmu_query(m, va, &pa, &prot) ? prot : ~0u;
}

KTEST(pagetable, map_query_unmap_over_two_tables)
{
	const size_t n = 700;
	struct arch_mmu m;

	EXPECT_EQ(0, arch_mmu_init(&m));
	EXPECT_EQ(0, arch_mmu_map(&m, BASE, PA, n, USER_RW));
	EXPECT_EQ(PA, pa_at(&m, BASE));
	EXPECT_EQ(PA + (n - 1) * PAGE_SIZE, pa_at(&m, BASE + (n - 1) * PAGE_SIZE));
	EXPECT_EQ(0, pa_at(&m, BASE + n * PAGE_SIZE));
	EXPECT_EQ(USER_RW, prot_at(&m, BASE));
	arch_mmu_unmap(&m, BASE + PAGE_SIZE, n);
	EXPECT_EQ(PA, pa_at(&m, BASE));
	EXPECT_EQ(0, pa_at(&m, BASE + PAGE_SIZE));
	arch_mmu_unmap(&m, 0, USER_END >> PAGE_SHIFT);
	EXPECT_EQ(0, pa_at(&m, BASE));
	arch_mmu_free(&m);
}

KTEST(pagetable, a_live_page_is_never_replaced)
{
	vaddr_t last = BASE + 600 * PAGE_SIZE;
	struct arch_mmu m;

	EXPECT_EQ(0, arch_mmu_init(&m));
	EXPECT_EQ(0, arch_mmu_map(&m, last, PA, 1, USER_RO));
	EXPECT_EQ(-EEXIST, arch_mmu_map(&m, BASE, PA, 601, USER_RW));
	EXPECT_EQ(-EEXIST, arch_mmu_map(&m, last, PA, 1, USER_RW));
	EXPECT_EQ(0, pa_at(&m, BASE));
	EXPECT_EQ(USER_RO, prot_at(&m, last));
	arch_mmu_unmap(&m, last, 1);
	arch_mmu_free(&m);
}

KTEST(pagetable, protection_changes_keep_the_page)
{
	struct arch_mmu m;

	EXPECT_EQ(0, arch_mmu_init(&m));
	EXPECT_EQ(0, arch_mmu_map(&m, BASE, PA, 3, USER_RW));
	arch_mmu_protect(&m, BASE - PAGE_SIZE, 3, USER_RO);
	EXPECT_EQ(USER_RO, prot_at(&m, BASE));
	EXPECT_EQ(USER_RO, prot_at(&m, BASE + PAGE_SIZE));
	EXPECT_EQ(USER_RW, prot_at(&m, BASE + 2 * PAGE_SIZE));
	arch_mmu_protect(&m, BASE, 1, PROT_USER_BIT);
	EXPECT_EQ(PROT_USER_BIT, prot_at(&m, BASE));
	EXPECT_EQ(PA, pa_at(&m, BASE));
	arch_mmu_protect(&m, BASE, 1, USER_RW | PROT_EXEC_BIT);
	EXPECT_EQ(USER_RW | PROT_EXEC_BIT, prot_at(&m, BASE));
	arch_mmu_unmap(&m, BASE, 3);
	arch_mmu_free(&m);
}

KTEST(pagetable, next_visits_each_page_once)
{
	static const vaddr_t at[] = { BASE, BASE + 511 * PAGE_SIZE, BASE + (1ul << 21),
				      BASE + (3ul << 30), BASE + (5ul << 39) };
	struct arch_mmu m;
	vaddr_t va = 0;
	paddr_t pa;
	uint prot;

	EXPECT_EQ(0, arch_mmu_init(&m));
	for (uint i = 0; i < ARRAY_SIZE(at); i++)
		EXPECT_EQ(0, arch_mmu_map(&m, at[i], PA + i * PAGE_SIZE, 1, USER_RO));
	for (uint i = 0; i < ARRAY_SIZE(at); i++) {
		va = arch_mmu_next(&m, va, USER_END, &pa, &prot);
		EXPECT_EQ(at[i], va);
		EXPECT_EQ(PA + i * PAGE_SIZE, pa);
		EXPECT_EQ(USER_RO, prot);
		va += PAGE_SIZE;
	}
	EXPECT_EQ(USER_END, arch_mmu_next(&m, va, USER_END, &pa, &prot));
	/* The end is a bound inside a table too. */
	EXPECT_EQ(at[1], arch_mmu_next(&m, BASE + PAGE_SIZE, at[1], &pa, &prot));
	for (uint i = 0; i < ARRAY_SIZE(at); i++)
		arch_mmu_unmap(&m, at[i], 1);
	arch_mmu_free(&m);
}

KTEST(pagetable, all_tables_are_given_back)
{
	u64 before;

	for (uint round = 0; round < 2; round++) {
		struct arch_mmu m;

		/* The first round fills the allocator's own lists. */
		before = page_free_count();
		EXPECT_EQ(0, arch_mmu_init(&m));
		for (uint i = 0; i < 20; i++) {
			EXPECT_EQ(0, arch_mmu_map(&m, BASE + ((ulong)i << 30), PA, 1, USER_RO));
			arch_mmu_unmap(&m, BASE + ((ulong)i << 30), 1);
		}
		arch_mmu_free(&m);
	}
	EXPECT_EQ(before, page_free_count());
}
