/* SPDX-License-Identifier: MIT */
/*
 * The page-table walker: one body for every machine with four levels of 512
 * entries.  The port's pte.h says what an entry looks like.
 *
 * Level 3 is the root, level 0 the leaf table.  An entry is absent, a table,
 * or a leaf; a leaf above level 0 is a large page and exists in the kernel's
 * space only.
 *
 * Tables.  A table never goes away while its space lives: an unmapped range
 * keeps its (empty) tables, so a pointer to a table stays good without a
 * lock.  All tables of a user space are chained through their struct page
 * (arch_mmu.tables) and are freed together, without looking at one entry.
 * Tables of the kernel's space are never freed.
 *
 * Locking.  The space's lock is the caller's, shared or exclusive; it may be
 * a spinlock, then tables come from the allocator's atomic kind.  Two callers
 * that share it may need the same table at once: a table is installed by
 * compare-and-swap, and who comes second gives its page back.  Whoever
 * writes leaves makes sure that nobody else writes the same ones.
 *
 * Ordering.  A new table is zeroed before the releasing store that shows it
 * to other CPUs and to their table walkers.
 */
#include <gemel/pagetable.h>

#include <arch/pte.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/boot_info.h>
#include <gemel/page.h>
#include <gemel/spin.h>
#include <gemel/string.h>

#define ROOT_LEVEL 3u

static size_t level_size(uint level)
{
	return 1ul << (PAGE_SHIFT + 9 * level);
}

/* The first address behind the level-@level entry that @va is in. */
static vaddr_t level_next(vaddr_t va, uint level)
{
	return ALIGN_DOWN(va, level_size(level)) + level_size(level);
}

static pte_t *table_of(pte_t e)
{
	return phys_to_virt(pte_addr(e));
}

static pte_t *root_of(const struct arch_mmu *m)
{
	return phys_to_virt(m->root);
}

paddr_t pagetable_page_alloc(void)
{
	struct page *pg;
	paddr_t pa;

	if (unlikely(!page_ready)) {
		pa = boot_alloc(&boot_info, PAGE_SIZE, PAGE_SIZE);
		if (pa)
			memset(phys_to_virt(pa), 0, PAGE_SIZE);
		return pa;
	}
	pg = page_alloc(0, can_sleep() ? ALLOC_ZERO : ALLOC_ZERO | ALLOC_ATOMIC);
	return pg ? page_to_phys(pg) : 0;
}

static bool is_user_space(const struct arch_mmu *m)
{
	return m != &kernel_mmu;
}

/* Put the installed table at @pa on the chain of its space.  Kernel tables stay: on none. */
static void table_link(struct arch_mmu *m, paddr_t pa)
{
	struct page *pg = phys_to_page(pa);
	struct page *head = READ_ONCE(m->tables);

	do {
		pg->private[0] = (ulong)head;
	} while (!__atomic_compare_exchange_n(&m->tables, &head, pg, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	page_count_add(PAGE_COUNT_TABLES, 1);
}

/* Make @e, absent, a table, or see that another CPU has.  0, -ENOMEM. */
static int __noinline table_install(struct arch_mmu *m, pte_t *e)
{
	pte_t absent = { 0 };
	paddr_t pa = pagetable_page_alloc();

	if (!pa)
		return -ENOMEM;
	/* Pairs with the dependent loads of the walks below and of the machine's walker. */
	if (!__atomic_compare_exchange_n(&e->bits, &absent.bits, pte_make_table(pa).bits, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		page_free(phys_to_page(pa), 0);
		return 0;
	}
	pte_sync();
	if (is_user_space(m))
		table_link(m, pa);
	else if (page_ready)
		page_count_add(PAGE_COUNT_KTABLES, 1);
	return 0;
}

static pte_t pte_read(const pte_t *e)
{
	return (pte_t){ __atomic_load_n(&e->bits, __ATOMIC_RELAXED) };
}

/* The entry that decides about @va: a leaf, or an absent entry.  Its level to @level. */
static pte_t *pte_find(const struct arch_mmu *m, vaddr_t va, uint *level)
{
	pte_t *e = root_of(m) + pte_index(va, ROOT_LEVEL);
	uint l = ROOT_LEVEL;

	while (l > 0) {
		pte_t v = pte_read(e);

		if (!pte_is_present(v) || pte_is_leaf(v, l))
			break;
		l--;
		e = table_of(v) + pte_index(va, l);
	}
	*level = l;
	return e;
}

/* The entry of @va in a table of @level; tables are made as needed.  0, -ENOMEM, -EEXIST. */
static int pte_find_or_make(struct arch_mmu *m, vaddr_t va, uint level, pte_t **out)
{
	pte_t *e = root_of(m) + pte_index(va, ROOT_LEVEL);

	for (uint l = ROOT_LEVEL; l > level; l--) {
		pte_t v = pte_read(e);

		if (unlikely(!pte_is_present(v))) {
			int err = table_install(m, e);

			if (err < 0)
				return err;
			v = pte_read(e);
		}
		if (unlikely(pte_is_leaf(v, l)))
			return -EEXIST;
		e = table_of(v) + pte_index(va, l - 1);
	}
	*out = e;
	return 0;
}

/* How many of @n pages from @va on have their entries in one leaf table. */
static size_t pages_in_table(vaddr_t va, size_t n)
{
	return MIN(n, 512ul - pte_index(va, 0));
}

/* Tables for @n pages, and nothing mapped there.  0, -ENOMEM, -EEXIST. */
static int range_prepare(struct arch_mmu *m, vaddr_t va, size_t n)
{
	while (n) {
		size_t here = pages_in_table(va, n);
		pte_t *e;
		int err = pte_find_or_make(m, va, 0, &e);

		if (err < 0)
			return err;
		for (size_t i = 0; i < here; i++)
			if (pte_is_present(pte_read(&e[i])))
				return -EEXIST;
		va += here << PAGE_SHIFT;
		n -= here;
	}
	return 0;
}

/* The fault path: one page, one walk. */
static int page_map(struct arch_mmu *m, vaddr_t va, paddr_t pa, uint prot)
{
	pte_t *e;
	int err = pte_find_or_make(m, va, 0, &e);

	if (unlikely(err < 0))
		return err;
	if (unlikely(pte_is_present(pte_read(e))))
		return -EEXIST;
	pte_write(e, pte_make_leaf(pa, prot, 0));
	pte_sync();
	return 0;
}

int arch_mmu_map(struct arch_mmu *m, vaddr_t va, paddr_t pa, size_t n, uint prot)
{
	int err;

	if (likely(n == 1))
		return page_map(m, va, pa, prot);
	err = range_prepare(m, va, n);
	if (err < 0)
		return err;
	while (n) {
		size_t here = pages_in_table(va, n);
		uint level;
		pte_t *e = pte_find(m, va, &level);

		for (size_t i = 0; i < here; i++)
			pte_write(&e[i], pte_make_leaf(pa + (i << PAGE_SHIFT), prot, 0));
		va += here << PAGE_SHIFT;
		pa += here << PAGE_SHIFT;
		n -= here;
	}
	pte_sync();
	return 0;
}

/* The largest level whose page fits at @va, @pa within @bytes. */
static uint level_fitting(vaddr_t va, paddr_t pa, size_t bytes)
{
	uint level = ROOT_LEVEL - 1;

	while (level > 0 && !(pte_level_has_leaf(level) && level_size(level) <= bytes &&
			      IS_ALIGNED(va | pa, level_size(level))))
		level--;
	return level;
}

/* One leaf at @va of @level, or smaller where a table is in its place; *@level what it was. */
static int leaf_map(struct arch_mmu *m, vaddr_t va, paddr_t pa, uint prot, uint *level)
{
	for (;;) {
		pte_t *e;
		int err = pte_find_or_make(m, va, *level, &e);

		if (err < 0)
			return err;
		if (!pte_is_present(*e)) {
			pte_write(e, pte_make_leaf(pa, prot, *level));
			return 0;
		}
		if (pte_is_leaf(*e, *level))
			return -EEXIST;
		*level -= 1;
	}
}

int arch_mmu_map_large(struct arch_mmu *m, vaddr_t va, paddr_t pa, size_t bytes, uint prot)
{
	size_t done = 0;

	ASSERT(!is_user_space(m) && IS_ALIGNED(va | pa | bytes, PAGE_SIZE));
	while (done < bytes) {
		uint level = level_fitting(va + done, pa + done, bytes - done);
		int err = leaf_map(m, va + done, pa + done, prot, &level);

		if (err < 0) {
			arch_mmu_unmap(m, va, done >> PAGE_SHIFT);
			return err;
		}
		done += level_size(level);
	}
	pte_sync();
	return 0;
}

/*
 * Call @change for each leaf in the range; a large page must lie in it whole.
 * Inlined into its two users, so that the call is none.
 */
static __always_inline void range_for_each(struct arch_mmu *m, vaddr_t va, size_t n, uint prot,
					   void (*change)(pte_t *e, uint prot, uint level))
{
	vaddr_t end = va + (n << PAGE_SHIFT);

	while (va != end) {
		uint level;
		pte_t *e = pte_find(m, va, &level);
		size_t here = 1;

		if (level == 0) {
			here = pages_in_table(va, (end - va) >> PAGE_SHIFT);
			for (size_t i = 0; i < here; i++)
				if (pte_is_present(pte_read(&e[i])))
					change(&e[i], prot, 0);
			va += here << PAGE_SHIFT;
			continue;
		}
		if (pte_is_present(pte_read(e))) {
			ASSERT(IS_ALIGNED(va, level_size(level)) && end - va >= level_size(level));
			change(e, prot, level);
		}
		va = level_next(va, level);
		if (va > end || va == 0)
			va = end;
	}
	pte_sync();
}

static void leaf_clear(pte_t *e, uint prot __unused, uint level __unused)
{
	pte_write(e, (pte_t){ 0 });
}

static void leaf_protect(pte_t *e, uint prot, uint level)
{
	pte_write(e, pte_make_leaf(pte_addr(pte_read(e)), prot, level));
}

void arch_mmu_unmap(struct arch_mmu *m, vaddr_t va, size_t n)
{
	range_for_each(m, va, n, 0, leaf_clear);
}

void arch_mmu_protect(struct arch_mmu *m, vaddr_t va, size_t n, uint prot)
{
	range_for_each(m, va, n, prot, leaf_protect);
}

bool arch_mmu_query(struct arch_mmu *m, vaddr_t va, paddr_t *pa, uint *prot)
{
	uint level;
	pte_t e = pte_read(pte_find(m, va, &level));

	if (!pte_is_present(e))
		return false;
	*pa = pte_addr(e) + (va & (level_size(level) - 1) & PAGE_MASK);
	*prot = pte_prot(e);
	return true;
}

vaddr_t arch_mmu_next(struct arch_mmu *m, vaddr_t va, vaddr_t end, paddr_t *pa, uint *prot)
{
	while (va < end) {
		uint level;
		pte_t *e = pte_find(m, va, &level);
		pte_t *last = e + pages_in_table(va, (end - va) >> PAGE_SHIFT);

		if (level > 0) {
			ASSERT(!pte_is_present(pte_read(e)));
			va = level_next(va, level);
			continue;
		}
		for (; e < last; e++, va += PAGE_SIZE) {
			pte_t v = pte_read(e);

			if (!pte_is_present(v))
				continue;
			*pa = pte_addr(v);
			*prot = pte_prot(v);
			return va;
		}
	}
	return end;
}

int pagetable_create(struct arch_mmu *m)
{
	m->tables = NULL;
	m->root = pagetable_page_alloc();
	if (!m->root)
		return -ENOMEM;
	page_count_add(PAGE_COUNT_TABLES, 1);
	return 0;
}

void pagetable_destroy(struct arch_mmu *m)
{
	struct page *pg = m->tables;

	ASSERT(is_user_space(m));
	page_free(phys_to_page(m->root), 0);
	page_count_add(PAGE_COUNT_TABLES, -1);
	while (pg) {
		struct page *next = (struct page *)pg->private[0];

		page_free(pg, 0);
		page_count_add(PAGE_COUNT_TABLES, -1);
		pg = next;
	}
	m->tables = NULL;
	m->root = 0;
}
