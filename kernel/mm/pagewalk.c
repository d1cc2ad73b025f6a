/* SPDX-License-Identifier: MIT */
/*
 * Leaves of a user space by the dozen: one walk for all pages of a table,
 * where arch_mmu_next() would be one for each page.
 */
#include <arch/pte.h>

#include "mm.h"

/* The leaf table that maps @va, or NULL and in *@level where the way ends. */
static pte_t *leaf_table(const struct arch_mmu *m, vaddr_t va, uint *level)
{
	pte_t *table = phys_to_virt(m->root);

	for (uint l = 3; l > 0; l--) {
		pte_t e = { READ_ONCE(table[pte_index(va, l)].bits) };

		if (!pte_is_present(e)) {
			*level = l;
			return NULL;
		}
		table = phys_to_virt(pte_addr(e));
	}
	return table;
}

uint mmu_collect(struct arch_mmu *m, vaddr_t *at, vaddr_t end, struct mmu_leaf *leaf, uint max,
		 bool clear)
{
	vaddr_t va = *at;
	uint n = 0;

	while (va < end && n < max) {
		uint level = 0;
		pte_t *table = leaf_table(m, va, &level);
		uint i = pte_index(va, 0);

		if (!table) {
			vaddr_t size = PAGE_SIZE << (9 * level);

			va = ALIGN_DOWN(va, size) + size;
			continue;
		}
		for (; i < 512 && va < end && n < max; i++, va += PAGE_SIZE) {
			pte_t e = { READ_ONCE(table[i].bits) };

			if (!pte_is_present(e))
				continue;
			leaf[n++] = (struct mmu_leaf){ va, pte_addr(e), pte_prot(e) };
			if (clear)
				pte_write(&table[i], (pte_t){ 0 });
		}
	}
	if (clear && n)
		pte_sync();
	*at = MIN(va, end);
	return n;
}

void as_area_usage(struct address_space *as, const struct area *a, struct area_usage *u)
{
	struct mmu_leaf leaf[32];
	vaddr_t va = a->start;

	if (a->flags & AREA_DEVICE)
		return;
	while (va < a->end) {
		uint n;

		spin_lock(&as->page_table_lock);
		n = mmu_collect(&as->mmu, &va, a->end, leaf, ARRAY_SIZE(leaf), false);
		for (uint i = 0; i < n; i++) {
			struct page *pg = phys_to_page(leaf[i].pa);
			u32 maps = MAX(READ_ONCE(pg->mapcount), 1u);
			bool is_anon = pg->flags & PAGE_ANON;

			u->present++;
			u->anon += is_anon;
			u->private_anon += is_anon && maps == 1;
			u->private_file += !is_anon && maps == 1;
			u->share_bytes += PAGE_SIZE / maps;
		}
		spin_unlock(&as->page_table_lock);
	}
}
