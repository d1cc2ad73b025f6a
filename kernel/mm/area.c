/* SPDX-License-Identifier: MIT */
/*
 * The areas of an address space: a tree ordered by address.
 *
 *	      |<- gap ->|              |<--- gap --->|
 *	 area |         | area         |             | area
 *	......start..end  start.....end               start
 *
 * Every area knows the hole below it (gap) and the largest such hole in its
 * subtree (max_gap), so a free range is found in logarithmic time.  The hole
 * above the last area belongs to nobody and is looked at separately.
 *
 * An area of a file is also on its mapping's list, for those who come from
 * the file's side (truncation, write-back, reclaim).  They hold
 * mapping->areas_lock and nothing else, so bounds change only under it too, and a
 * split or merge is one critical section: no page is ever in no area.
 *
 * Locking.  as->lock for writing, but where the header says otherwise.
 */
#include <gemel/address_space.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/fs.h>

#include "mm.h"

static struct slab_cache *area_cache;

struct area *area_create(void)
{
	struct area *a;

	a = slab_alloc(area_cache);
	if (!a)
		return NULL;
	*a = (struct area){ .flags = 0 };
	rb_node_init(&a->node);
	list_init(&a->mapping_link);
	return a;
}

void area_destroy(struct area *a)
{
	if (a->ops && a->ops->close)
		a->ops->close(a);
	if (a->file)
		file_put(a->file);
	slab_free(area_cache, a);
}

void area_list_destroy(struct list *dead)
{
	struct area *a, *tmp;

	list_for_each_safe(a, tmp, dead, mapping_link) {
		list_remove(&a->mapping_link);
		area_destroy(a);
	}
}

/* ---- order and gaps ---- */

static struct area *area_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct area, node) : NULL;
}

struct area *area_next(const struct area *a)
{
	return area_of(rb_next(&a->node));
}

struct area *area_prev(const struct area *a)
{
	return area_of(rb_prev(&a->node));
}

static bool area_update(struct rb_node *n)
{
	struct area *a = area_of(n);
	vaddr_t max = a->gap;

	if (n->left)
		max = MAX(max, area_of(n->left)->max_gap);
	if (n->right)
		max = MAX(max, area_of(n->right)->max_gap);
	if (max == a->max_gap)
		return false;
	a->max_gap = max;
	return true;
}

static void area_regap(struct area *a)
{
	const struct area *prev;

	if (!a)
		return;
	prev = area_prev(a);
	a->gap = a->start - (prev ? prev->end : 0);
	rb_update_path(&a->node, area_update);
}

struct area *area_find_from(struct address_space *as, vaddr_t va)
{
	struct rb_node *n = as->areas.node;
	struct area *best = NULL;

	while (n) {
		struct area *a = area_of(n);

		if (a->end > va) {
			best = a;
			if (a->start <= va)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

struct area *as_find(struct address_space *as, vaddr_t va)
{
	struct area *a = READ_ONCE(as->last_hit);

	if (likely(a && va >= a->start && va < a->end))
		return a;
	a = area_find_from(as, va);
	if (!a || a->start > va)
		return NULL;
	WRITE_ONCE(as->last_hit, a);
	return a;
}

bool area_range_is_free(struct address_space *as, vaddr_t start, vaddr_t end)
{
	const struct area *a = area_find_from(as, start);

	return !a || a->start >= end;
}

/* ---- linking ---- */

static void tree_insert(struct address_space *as, struct area *a)
{
	struct rb_node **link = &as->areas.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = a->start < area_of(parent)->start ? &parent->left : &parent->right;
	}
	a->gap = a->max_gap = 0;
	rb_insert_augmented(&as->areas, &a->node, parent, link, area_update);
	area_regap(a);
	area_regap(area_next(a));
	as->area_count++;
}

static void tree_erase(struct address_space *as, struct area *a)
{
	struct area *next = area_next(a);

	rb_erase_augmented(&as->areas, &a->node, area_update);
	area_regap(next);
	if (as->last_hit == a)
		as->last_hit = NULL;
	as->area_count--;
}

static void areas_lock(struct mapping *m) __no_lock_analysis;
static void areas_lock(struct mapping *m)
{
	if (m)
		spin_lock(&m->areas_lock);
}

static void areas_unlock(struct mapping *m) __no_lock_analysis;
static void areas_unlock(struct mapping *m)
{
	if (m)
		spin_unlock(&m->areas_lock);
}

void area_insert(struct address_space *as, struct area *a)
{
	ASSERT(a->start < a->end && IS_ALIGNED(a->start | a->end, PAGE_SIZE));
	a->as = as;
	tree_insert(as, a);
	areas_lock(a->mapping);
	if (a->mapping)
		list_add_tail(&a->mapping->areas, &a->mapping_link);
	areas_unlock(a->mapping);
}

void area_erase(struct address_space *as, struct area *a)
{
	areas_lock(a->mapping);
	list_remove(&a->mapping_link);
	areas_unlock(a->mapping);
	tree_erase(as, a);
}

static void bounds_set_locked(struct area *a, vaddr_t start, vaddr_t end)
{
	if (a->mapping || a->file)
		a->offset += start - a->start;
	a->start = start;
	a->end = end;
}

void area_set_bounds(struct area *a, vaddr_t start, vaddr_t end)
{
	areas_lock(a->mapping);
	bounds_set_locked(a, start, end);
	areas_unlock(a->mapping);
	area_regap(a);
	area_regap(area_next(a));
}

int area_split(struct address_space *as, struct area *a, vaddr_t at)
{
	struct area *upper;

	ASSERT(at > a->start && at < a->end);
	if (as->area_count >= AREA_COUNT_MAX)
		return -ENOMEM;
	upper = area_create();
	if (!upper)
		return -ENOMEM;
	upper->start = at;
	upper->end = a->end;
	upper->flags = a->flags;
	upper->as = as;
	upper->file = a->file;
	upper->mapping = a->mapping;
	upper->ops = a->ops;
	upper->private = a->private;
	upper->offset = a->offset;
	if (a->mapping || a->file)
		upper->offset += at - a->start;
	if (upper->file)
		file_get(upper->file);
	if (upper->ops && upper->ops->open)
		upper->ops->open(upper);

	areas_lock(a->mapping);
	a->end = at;
	if (a->mapping)
		list_add(&a->mapping_link, &upper->mapping_link);
	areas_unlock(a->mapping);
	tree_insert(as, upper);
	return 0;
}

/* ---- merging ---- */

bool area_can_extend(const struct area *a, vaddr_t end, uint flags, struct file *file, u64 offset)
{
	if (a->end != end || a->flags != flags || a->file != file || a->ops)
		return false;
	if (flags & (AREA_GROWSDOWN | AREA_DEVICE) || (a->mapping && !file))
		return false;
	return !file || a->offset + (a->end - a->start) == offset;
}

/* Let @a take @next over, which follows it and is like it. */
static void area_absorb(struct address_space *as, struct area *a, struct area *next,
			struct list *dead)
{
	vaddr_t end = next->end;

	areas_lock(a->mapping);
	list_remove(&next->mapping_link);
	a->end = end;
	areas_unlock(a->mapping);
	tree_erase(as, next);
	area_regap(area_next(a));
	list_add(dead, &next->mapping_link);
}

struct area *area_merge(struct address_space *as, struct area *a, struct list *dead)
{
	struct area *prev = area_prev(a);
	struct area *next;

	if (prev && area_can_extend(prev, a->start, a->flags, a->file, a->offset)) {
		area_absorb(as, prev, a, dead);
		a = prev;
	}
	next = area_next(a);
	if (next && area_can_extend(a, next->start, next->flags, next->file, next->offset))
		area_absorb(as, a, next, dead);
	return a;
}

/* ---- holes ---- */

struct gap_query {
	size_t len;
	vaddr_t low, high;
	vaddr_t found;
};

/* Room for a place of q->len below @top and above @bottom? */
static bool gap_fits(struct gap_query *q, vaddr_t bottom, vaddr_t top)
{
	bottom = MAX(bottom, q->low);
	top = MIN(top, q->high);
	if (top < bottom || top - bottom < q->len)
		return false;
	q->found = top - q->len;
	return true;
}

/* From the top down through the subtree at @n; as deep as the tree is high. */
static bool gap_search(struct gap_query *q, struct rb_node *n)
{
	struct area *a = area_of(n);
	vaddr_t floor;

	if (!a || a->max_gap < q->len)
		return false;
	if (a->end < q->high && gap_search(q, n->right))
		return true;
	floor = a->start - a->gap;
	if (gap_fits(q, floor, area_low(a)))
		return true;
	return floor > q->low && gap_search(q, n->left);
}

vaddr_t area_find_gap(struct address_space *as, size_t len, vaddr_t low, vaddr_t high)
{
	struct gap_query q = { .len = len, .low = low, .high = high };
	struct area *last = area_of(rb_last(&as->areas));

	if (gap_fits(&q, last ? last->end : 0, high))
		return q.found;
	return gap_search(&q, as->areas.node) ? q.found : 0;
}

void area_init(void)
{
	area_cache = slab_cache_create("area", sizeof(struct area), 0, NULL);
	if (!area_cache)
		panic("mm: no memory for areas");
}
