/* SPDX-License-Identifier: MIT */
/*
 * The life of an address space: create, fork, run in, leave.
 *
 *	users > 0			tasks run in it
 *	users == 0, refs > 0		empty: someone still looks at it (/proc, a
 *					CPU that has its tables loaded)	[as_unuse]
 *	refs == 0			freed				[as_put]
 *
 * All users together hold one of the refs.
 *
 * fork.  Private anonymous pages are shared copy-on-write: both page tables
 * get a read-only entry and the page one more reference.  Pages of files are
 * not copied, they fault back in from the cache.  The parent's entries lose their
 * write right first, then one flush, then the child can run.
 *
 * Locking.  as_fork() holds the parent's lock for writing, so that no fault
 * runs beside it.  The child is not visible to anyone but the file's side
 * (mapping->areas), which takes its page-table lock.
 */
#include <gemel/address_space.h>

#include <arch/irqflags.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/fs.h>
#include <gemel/string.h>
#include <gemel/task.h>

#include "mm.h"

#define FORK_BATCH 64u

static struct slab_cache *as_cache;

static struct address_space *as_alloc(void)
{
	struct address_space *as = slab_alloc(as_cache);

	if (!as)
		return NULL;
	memset(as, 0, sizeof(*as));
	if (arch_mmu_init(&as->mmu) < 0) {
		slab_free(as_cache, as);
		return NULL;
	}
	refs_init(&as->refs, 1);
	refs_init(&as->users, 1);
	rwmutex_init(&as->lock, LOCK_RANK_MM);
	spin_init(&as->page_table_lock, LOCK_RANK_PGTABLE);
	return as;
}

int as_create(struct address_space **out)
{
	struct address_space *as = as_alloc();

	if (!as)
		return -ENOMEM;
	as->mmap_base = MMAP_BASE_DEFAULT;
	*out = as;
	return 0;
}

void as_get(struct address_space *as)
{
	refs_get(&as->refs);
}

void as_put(struct address_space *as)
{
	if (!refs_put(&as->refs))
		return;
	ASSERT(rb_is_empty(&as->areas));
	arch_mmu_free(&as->mmu);
	slab_free(as_cache, as);
}

void as_use(struct address_space *as)
{
	refs_get(&as->users);
}

/* Nothing runs in @as any more, so nothing has to be flushed. */
static void as_clear(struct address_space *as)
{
	struct list dead = LIST_INIT(dead);
	struct rb_node *n;
	u64 charged = 0;

	rwmutex_write_lock(&as->lock);
	while ((n = rb_first(&as->areas))) {
		struct area *a = rb_entry(n, struct area, node);

		charged += area_charged(a);
		as_zap_dead(as, a);
		area_erase(as, a);
		list_add_tail(&dead, &a->mapping_link);
	}
	as->total_pages = as->peak_pages = as->data_pages = as->stack_pages = as->locked_pages = 0;
	rwmutex_write_unlock(&as->lock);
	commit_release(charged);
	area_list_destroy(&dead);
}

void as_unuse(struct address_space *as)
{
	if (!refs_put(&as->users))
		return;
	as_clear(as);
	if (as->exe)
		file_put(as->exe);
	as->exe = NULL;
	as_put(as);
}

void as_switch_to(struct address_space *as)
{
	struct address_space *old = current->as;
	irqflags_t irq;

	irq = arch_irq_save();
	current->as = as;
	current->active_as = as;
	arch_mmu_activate(&as->mmu);
	arch_irq_restore(irq);
	if (old)
		as_unuse(old);
}

/* ---- fork ---- */

/* An area like @old in @as, without its pages. */
static int area_fork(struct address_space *as, const struct area *old, struct area **out)
{
	struct area *a = area_create();

	if (!a)
		return -ENOMEM;
	a->start = old->start;
	a->end = old->end;
	a->flags = old->flags & ~AREA_LOCKED;
	a->file = old->file;
	a->mapping = old->mapping;
	a->offset = old->offset;
	a->ops = old->ops;
	a->private = old->private;
	a->as = as;
	if (a->file)
		file_get(a->file);
	if (a->ops && a->ops->open)
		a->ops->open(a);
	area_insert(as, a);
	as_account(as, a->flags, (a->end - a->start) >> PAGE_SHIFT, 1);
	*out = a;
	return 0;
}

/* Give the child the anonymous ones of the parent's leaves, read-only.  0, -ENOMEM. */
static int leaves_share(struct address_space *as, struct address_space *child,
			const struct mmu_leaf *leaf, uint n, bool *flush)
{
	int err = 0;

	spin_lock(&as->page_table_lock);
	for (uint i = 0; i < n && err == 0; i++) {
		struct page *pg = phys_to_page(leaf[i].pa);

		if (!(pg->flags & PAGE_ANON))
			continue;
		err = arch_mmu_map(&child->mmu, leaf[i].va, leaf[i].pa, 1,
				   leaf[i].prot & ~PROT_WRITE_BIT);
		if (err < 0)
			break;
		page_get(pg);
		__atomic_fetch_add(&pg->mapcount, 1, __ATOMIC_RELAXED);
		child->rss_anon++;
		if (leaf[i].prot & PROT_WRITE_BIT) {
			arch_mmu_protect(&as->mmu, leaf[i].va, 1, leaf[i].prot & ~PROT_WRITE_BIT);
			*flush = true;
		}
	}
	spin_unlock(&as->page_table_lock);
	return err;
}

static int area_share_pages(struct address_space *as, struct address_space *child,
			    const struct area *a, bool *flush)
{
	struct mmu_leaf leaf[FORK_BATCH];
	vaddr_t va = a->start;

	if (a->flags & (AREA_SHARED | AREA_DEVICE) || (a->ops && a->ops->fault))
		return 0;
	while (va < a->end) {
		uint n = mmu_collect(&as->mmu, &va, a->end, leaf, FORK_BATCH, false);
		int err = leaves_share(as, child, leaf, n, flush);

		if (err < 0)
			return err;
	}
	return 0;
}

static int areas_fork(struct address_space *as, struct address_space *child, bool *flush)
{
	struct rb_node *n;

	for (n = rb_first(&as->areas); n; n = rb_next(n)) {
		struct area *a = rb_entry(n, struct area, node), *copy;
		int err;

		if (a->flags & AREA_DONTFORK)
			continue;
		err = commit_charge(area_charged(a));
		if (err < 0)
			return err;
		err = area_fork(child, a, &copy);
		if (err < 0) {
			commit_release(area_charged(a));
			return err;
		}
		if (a->flags & AREA_WIPEONFORK)
			continue;
		err = area_share_pages(as, child, a, flush);
		if (err < 0)
			return err;
	}
	return 0;
}

static void as_copy_layout(struct address_space *as, const struct address_space *old)
{
	as->brk_start = old->brk_start;
	as->brk = old->brk;
	as->stack_top = old->stack_top;
	as->arg_start = old->arg_start;
	as->arg_end = old->arg_end;
	as->env_start = old->env_start;
	as->env_end = old->env_end;
	as->mmap_base = old->mmap_base;
	as->vdso = old->vdso;
	memcpy(as->auxv, old->auxv, old->auxv_len);
	as->auxv_len = old->auxv_len;
	as->exe = old->exe;
	if (as->exe)
		file_get(as->exe);
}

int as_fork(struct address_space *as, struct address_space **out)
{
	struct address_space *child = as_alloc();
	bool flush = false;
	int err;

	if (!child)
		return -ENOMEM;
	rwmutex_write_lock(&as->lock);
	as_copy_layout(child, as);
	err = areas_fork(as, child, &flush);
	if (flush)
		arch_tlb_flush(&as->mmu, 0, USER_END >> PAGE_SHIFT);
	rwmutex_write_unlock(&as->lock);
	page_count_add(PAGE_COUNT_ANON, (long)child->rss_anon);
	child->rss_max = child->rss_anon;
	if (err < 0) {
		as_unuse(child);
		return err;
	}
	*out = child;
	return 0;
}

void as_account(struct address_space *as, uint flags, u64 pages, int sign)
{
	u64 n = sign > 0 ? pages : -pages;

	as->total_pages += n;
	as->peak_pages = MAX(as->peak_pages, as->total_pages);
	if (flags & AREA_GROWSDOWN)
		as->stack_pages += n;
	else if ((flags & (AREA_WRITE | AREA_SHARED)) == AREA_WRITE)
		as->data_pages += n;
	if (flags & AREA_LOCKED)
		as->locked_pages += n;
}

void address_space_init(void)
{
	as_cache = slab_cache_create("address-space", sizeof(struct address_space), 0, NULL);
	if (!as_cache)
		panic("mm: no memory for address spaces");
	area_init();
	shm_init();
}
