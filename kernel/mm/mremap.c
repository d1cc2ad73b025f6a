/* SPDX-License-Identifier: MIT */
/*
 * mremap: shrink, grow in place, or move an area's pages elsewhere.
 *
 * A move makes the new area first, then carries the page-table entries over,
 * then unmaps the old range, which is empty by then.  While entries of a file
 * are on their way its areas_lock is held: who looks for a page from the
 * file's side finds it in the old place or in the new one, never in neither.
 */
#include <uapi/errno.h>
#include <uapi/mman.h>
#include <uapi/resource.h>

#include <gemel/assert.h>
#include <gemel/fs.h>
#include <gemel/process.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>

#include "mm.h"

struct remap {
	struct address_space *as;
	vaddr_t old, new;
	size_t old_len, new_len;
	uint flags;
	struct list dead;
};

/*
 * Carry the entries of [from, from + len) to @to.  Entries for which there is no memory for
 * tables are left: file pages fault back in; the caller has made sure for anonymous ones.
 */
static int entries_move(struct address_space *as, vaddr_t from, vaddr_t to, size_t len)
{
	struct mmu_leaf leaf[64];
	vaddr_t at = from;
	int err = 0;

	spin_lock(&as->page_table_lock);
	while (at < from + len && err == 0) {
		uint n = mmu_collect(&as->mmu, &at, from + len, leaf, ARRAY_SIZE(leaf), false);

		for (uint i = 0; i < n && err == 0; i++) {
			err = arch_mmu_map(&as->mmu, leaf[i].va - from + to, leaf[i].pa, 1,
					   leaf[i].prot);
			if (err == 0)
				arch_mmu_unmap(&as->mmu, leaf[i].va, 1);
		}
	}
	spin_unlock(&as->page_table_lock);
	arch_tlb_flush(&as->mmu, from, len >> PAGE_SHIFT);
	return err;
}

static int entries_move_locked(struct remap *r, struct mapping *m, size_t len)
	__no_lock_analysis;
static int entries_move_locked(struct remap *r, struct mapping *m, size_t len)
{
	int err;

	if (m)
		spin_lock(&m->areas_lock);
	err = entries_move(r->as, r->old, r->new, len);
	/* Out of tables half-way: bring back what went over; its old tables are there. */
	if (err < 0 && entries_move(r->as, r->new, r->old, len) < 0)
		panic("mm: mremap cannot go back");
	if (m)
		spin_unlock(&m->areas_lock);
	return err;
}

/* A copy of @a's description for r->new. */
static struct area *area_clone(const struct remap *r, const struct area *a)
{
	struct area *b = area_create();

	if (!b)
		return NULL;
	b->start = r->new;
	b->end = r->new + r->new_len;
	b->flags = a->flags;
	b->as = r->as;
	b->file = a->file;
	b->mapping = a->mapping;
	b->ops = a->ops;
	b->private = a->private;
	b->offset = a->offset;
	if (a->file || a->mapping)
		b->offset += r->old - a->start;
	if (b->file)
		file_get(b->file);
	if (b->ops && b->ops->open)
		b->ops->open(b);
	return b;
}

/* The target range is free.  The address or -errno. */
static long area_move(struct remap *r, struct area *a)
{
	size_t carried = MIN(r->old_len, r->new_len);
	struct area *b;
	int err;

	/* After this the old range can be unmapped without allocating. */
	err = as_split_at(r->as, r->old);
	if (err == 0)
		err = as_split_at(r->as, r->old + r->old_len);
	if (err < 0)
		return err;
	a = as_find(r->as, r->old);
	b = area_clone(r, a);
	if (!b)
		return -ENOMEM;
	if (a->flags & AREA_ACCOUNT) {
		err = commit_charge(r->new_len >> PAGE_SHIFT);
		if (err < 0) {
			list_add(&r->dead, &b->mapping_link);
			return err;
		}
	}
	area_insert(r->as, b);
	as_account(r->as, b->flags, r->new_len >> PAGE_SHIFT, 1);
	err = entries_move_locked(r, a->mapping, carried);
	if (err < 0) {
		if (as_unmap_locked(r->as, r->new, r->new + r->new_len, &r->dead) < 0)
			panic("mm: mremap cannot undo");
		return err;
	}
	if (as_unmap_locked(r->as, r->old, r->old + r->old_len, &r->dead) < 0)
		panic("mm: mremap cannot unmap");
	area_merge(r->as, b, &r->dead);
	return (long)r->new;
}

static bool can_grow_in_place(const struct remap *r, const struct area *a)
{
	const struct area *next = area_next(a);

	return r->old + r->old_len == a->end && r->old + r->new_len <= USER_END &&
	       (!next || area_low(next) >= r->old + r->new_len);
}

static long grow_in_place(struct remap *r, struct area *a)
{
	u64 pages = (r->new_len - r->old_len) >> PAGE_SHIFT;

	if (a->flags & AREA_ACCOUNT && commit_charge(pages) < 0)
		return -ENOMEM;
	area_set_bounds(a, a->start, r->old + r->new_len);
	as_account(r->as, a->flags, pages, 1);
	area_merge(r->as, a, &r->dead);
	return (long)r->old;
}

static int remap_check_limits(const struct remap *r, const struct area *a)
{
	u64 pages = (r->new_len - r->old_len) >> PAGE_SHIFT;

	if (as_is_over_limit(r->as, pages))
		return -ENOMEM;
	if (a->flags & AREA_LOCKED &&
	    r->as->locked_pages + pages > rlimit_get(RLIMIT_MEMLOCK) >> PAGE_SHIFT)
		return -EAGAIN;
	return 0;
}

/* MREMAP_FIXED: clear the target.  0 or -errno. */
static int clear_target(struct remap *r)
{
	if (!IS_ALIGNED(r->new, PAGE_SIZE) || r->new_len > USER_END ||
	    r->new > USER_END - r->new_len)
		return -EINVAL;
	if (r->new < r->old + r->old_len && r->old < r->new + r->new_len)
		return -EINVAL;
	return as_unmap_locked(r->as, r->new, r->new + r->new_len, &r->dead);
}

static long remap_move(struct remap *r, struct area *a)
{
	if (!(r->flags & MREMAP_FIXED)) {
		if (!(r->flags & MREMAP_MAYMOVE))
			return -ENOMEM;
		r->new = area_find_gap(r->as, r->new_len, MMAP_MIN_ADDR, r->as->mmap_base);
		if (!r->new)
			return -ENOMEM;
	}
	return area_move(r, a);
}

static long remap_locked(struct remap *r)
{
	struct area *a;
	int err;

	if (r->flags & MREMAP_FIXED) {
		err = clear_target(r);
		if (err < 0)
			return err;
	}
	a = as_find(r->as, r->old);
	if (!a)
		return -EFAULT;
	if (!r->old_len)
		return -EINVAL;
	if (r->new_len < r->old_len) {
		err = as_unmap_locked(r->as, r->old + r->new_len, r->old + r->old_len, &r->dead);
		if (err < 0)
			return err;
		r->old_len = r->new_len;
		a = as_find(r->as, r->old);
		if (!a)
			return -EFAULT;
	}
	if (r->old_len > a->end - r->old)
		return -EFAULT;
	if (r->flags & MREMAP_FIXED)
		return area_move(r, a);
	if (r->new_len == r->old_len)
		return (long)r->old;
	if (a->flags & AREA_DEVICE)
		return -EFAULT;
	err = remap_check_limits(r, a);
	if (err < 0)
		return err;
	if (can_grow_in_place(r, a))
		return grow_in_place(r, a);
	return remap_move(r, a);
}

long sys_mremap(ulong addr, size_t old_len, size_t new_len, ulong flags, ulong new_addr)
{
	struct remap r = { .as = current->as, .old = addr, .new = new_addr, .flags = (uint)flags,
			   .old_len = ALIGN_UP(old_len, PAGE_SIZE),
			   .new_len = ALIGN_UP(new_len, PAGE_SIZE) };
	const struct area *a;
	bool populate = false;
	long at;

	if (flags & ~(ulong)(MREMAP_MAYMOVE | MREMAP_FIXED) || !IS_ALIGNED(addr, PAGE_SIZE) ||
	    (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	if (!r.new_len || r.new_len > USER_END || r.old_len > USER_END)
		return -EINVAL;
	list_init(&r.dead);
	rwmutex_write_lock(&r.as->lock);
	at = remap_locked(&r);
	a = at >= 0 ? as_find(r.as, (vaddr_t)at) : NULL;
	populate = a && a->flags & AREA_LOCKED;
	rwmutex_write_unlock(&r.as->lock);
	area_list_destroy(&r.dead);
	if (populate)
		(void)as_populate(r.as, (vaddr_t)at, (vaddr_t)at + r.new_len, false);
	return at;
}
