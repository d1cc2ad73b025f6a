/* SPDX-License-Identifier: MIT */
/*
 * Taking pages out of user spaces.
 *
 * A frame is freed only after every TLB has forgotten it: pages are gathered
 * in a batch under the page-table lock, then one flush, then the references
 * go.  A page-table entry holds one reference of its page and one mapcount
 * (AREA_DEVICE: none, there may be no struct page).
 *
 * From the file's side (mapping_*): the areas of the mapping are walked under
 * areas_lock, and in each the page-table lock of its space is taken.
 */
#include <gemel/assert.h>
#include <gemel/spin.h>

#include "mm.h"

#define ZAP_BATCH 64u

/* One mapping of @pg is gone. */
static void page_unmapped(struct page *pg)
{
	u32 left = __atomic_sub_fetch(&pg->mapcount, 1, __ATOMIC_RELAXED);

	DEBUG_ASSERT(left != ~0u);
	if (!(pg->flags & PAGE_ANON) && left == 0)
		page_count_add(PAGE_COUNT_MAPPED, -1);
}

/* Account for @n leaves that are gone from @as, page-table lock held. */
static void rss_subtract(struct address_space *as, const struct mmu_leaf *leaf, uint n)
{
	for (uint i = 0; i < n; i++) {
		if (phys_to_page(leaf[i].pa)->flags & PAGE_ANON)
			as->rss_anon--;
		else
			as->rss_file--;
	}
}

/* Drop the references of @n leaves; nobody can reach them any more. */
static void leaves_put(const struct mmu_leaf *leaf, uint n)
{
	long anon = 0;

	for (uint i = 0; i < n; i++) {
		struct page *pg = phys_to_page(leaf[i].pa);

		if (pg->flags & PAGE_ANON)
			anon++;
		page_unmapped(pg);
		page_put(pg);
	}
	if (anon)
		page_count_add(PAGE_COUNT_ANON, -anon);
}

static void zap_range(struct address_space *as, struct area *a, vaddr_t va, vaddr_t end,
		      bool is_dead)
{
	struct mmu_leaf leaf[ZAP_BATCH];
	bool has_pages = !(a->flags & AREA_DEVICE);

	while (va < end) {
		uint n;

		spin_lock(&as->page_table_lock);
		n = mmu_collect(&as->mmu, &va, end, leaf, ZAP_BATCH, true);
		if (has_pages)
			rss_subtract(as, leaf, n);
		spin_unlock(&as->page_table_lock);
		if (!n)
			continue;
		if (!is_dead)
			arch_tlb_flush(&as->mmu, leaf[0].va,
				       ((leaf[n - 1].va - leaf[0].va) >> PAGE_SHIFT) + 1);
		if (has_pages)
			leaves_put(leaf, n);
	}
}

void as_zap(struct address_space *as, struct area *a, vaddr_t start, vaddr_t end)
{
	zap_range(as, a, start, end, false);
}

void as_zap_dead(struct address_space *as, struct area *a)
{
	zap_range(as, a, a->start, a->end, true);
}

/* ---- from the file's side ---- */

/* What happens to a mapping of @pg (NULL: any page) at @va; page-table lock held.  True: flush. */
typedef bool leaf_change_fn(struct area *a, vaddr_t va, struct page *pg);

static bool leaf_is(struct area *a, vaddr_t va, const struct page *pg, uint *prot)
{
	paddr_t pa;

	return arch_mmu_query(&a->as->mmu, va, &pa, prot) && phys_to_page(pa) == pg;
}

static bool leaf_write_protect(struct area *a, vaddr_t va, struct page *pg)
{
	uint prot;

	if (!leaf_is(a, va, pg, &prot) || !(prot & PROT_WRITE_BIT))
		return false;
	arch_mmu_protect(&a->as->mmu, va, 1, prot & ~PROT_WRITE_BIT);
	return true;
}

static bool leaf_remove(struct area *a, vaddr_t va, struct page *pg)
{
	uint prot;

	if (!leaf_is(a, va, pg, &prot))
		return false;
	arch_mmu_unmap(&a->as->mmu, va, 1);
	a->as->rss_file--;
	return true;
}

/* True if @a shows page @index of its mapping; *@va where. */
static bool area_shows(const struct area *a, u64 index, vaddr_t *va)
{
	u64 first = a->offset >> PAGE_SHIFT;

	if (index < first || index - first >= (a->end - a->start) >> PAGE_SHIFT)
		return false;
	*va = a->start + ((index - first) << PAGE_SHIFT);
	return true;
}

/* The caller's reference keeps @pg alive past the flush. */
static void page_for_each_area(struct mapping *m, struct page *pg, leaf_change_fn *change,
			       bool removes)
{
	struct area *a;
	vaddr_t va;

	spin_lock(&m->areas_lock);
	list_for_each(a, &m->areas, mapping_link) {
		bool changed;

		if (!area_shows(a, pg->index, &va))
			continue;
		spin_lock(&a->as->page_table_lock);
		changed = change(a, va, pg);
		spin_unlock(&a->as->page_table_lock);
		if (!changed)
			continue;
		arch_tlb_flush(&a->as->mmu, va, 1);
		if (removes) {
			page_unmapped(pg);
			page_put(pg);
		}
	}
	spin_unlock(&m->areas_lock);
}

void mapping_write_protect_page(struct mapping *m, struct page *pg)
{
	if (READ_ONCE(pg->mapcount))
		page_for_each_area(m, pg, leaf_write_protect, false);
}

void mapping_unmap_page(struct mapping *m, struct page *pg)
{
	if (READ_ONCE(pg->mapcount))
		page_for_each_area(m, pg, leaf_remove, true);
}

/* Remove what @a shows of pages [first, last], its own copies of them (private) too. */
static void area_unmap_indexes(struct area *a, u64 first, u64 last)
{
	u64 lo = a->offset >> PAGE_SHIFT;
	u64 hi = lo + ((a->end - a->start) >> PAGE_SHIFT) - 1;

	if (first > hi || last < lo)
		return;
	lo = MAX(lo, first) - lo;
	hi = MIN(hi, last) - (a->offset >> PAGE_SHIFT);
	as_zap(a->as, a, a->start + (lo << PAGE_SHIFT), a->start + ((hi + 1) << PAGE_SHIFT));
}

void mapping_unmap_range(struct mapping *m, u64 first, u64 last)
{
	struct area *a;

	if (list_is_empty(&m->areas))
		return;
	spin_lock(&m->areas_lock);
	list_for_each(a, &m->areas, mapping_link)
		area_unmap_indexes(a, first, last);
	spin_unlock(&m->areas_lock);
}
