/* SPDX-License-Identifier: MIT */
/*
 * Kernel address ranges that are contiguous only virtually.
 *
 * Every range in use is a struct vm_range in a tree ordered by address; it
 * spans its pages and the unmapped guard page behind them (a stack has one
 * in front too), so no two ranges touch.  A new range goes to the first hole
 * behind the place where the last one went, wrapping once.
 *
 * Freeing unmaps and frees the pages at once, but the addresses stay taken:
 * another CPU's TLB may still know them.  Such a range is dead; when enough
 * have gathered, one flush of the whole region makes all of them free (dead ->
 * purging -> gone).  Until then a stale entry can only be used by a bug.
 *
 * In debug kernels what is behind the bytes that were asked for, up to the guard page, is as
 * it was filled when it was allocated, or somebody wrote beyond them: vfree() looks.
 *
 * Kernel stacks all have one size and come and go with every task: a few
 * freed ones are kept mapped, ready for the next.
 *
 * Locking.  vm_lock (irq) covers the tree; freeing works in any context, a
 * flush is left to who may sleep.  The stack cache has its own irq lock.
 * Page-table entries of different ranges need no common lock (pagetable.c).
 */
#include <gemel/vmalloc.h>

#include <arch/thread.h>

#include <gemel/assert.h>
#include <gemel/page.h>
#include <gemel/rbtree.h>
#include <gemel/slab.h>
#include <gemel/spin.h>

#include "mm.h"

/* VM_STACK: of KSTACK_SIZE; VM_GUARDED: of another size, guarded like it. */
enum vm_kind { VM_PAGES, VM_STACK, VM_GUARDED, VM_DEVICE, VM_DEAD, VM_PURGING };

struct vm_range {
	struct rb_node node;            /* vm_lock */
	vaddr_t start, end;             /* guard pages included */
	vaddr_t va;                     /* first usable byte */
	size_t npages;
	size_t size;                    /* VM_PAGES: what was asked for */
	enum vm_kind kind;
	struct vm_range *chain;         /* being freed */
};

/* Dead address space that makes a flush worth it. */
#define DEAD_PAGES_MAX  4096u
#define STACK_PAGES     (KSTACK_SIZE / PAGE_SIZE)
#define STACKS_KEPT     16u

static struct irqlock vm_lock = IRQLOCK_INIT(VMALLOC);
static struct rb_root ranges = RB_ROOT;
static vaddr_t next_hint = VMALLOC_BASE;
static size_t dead_pages;
static struct slab_cache *range_cache;

static struct irqlock stack_lock = IRQLOCK_INIT(SLAB);
static void *kept_stacks[STACKS_KEPT];
static uint kept_count;

static struct vm_range *range_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct vm_range, node) : NULL;
}

/* ---- the tree; vm_lock held ---- */

/* The first range that ends above @va. */
static struct vm_range *range_from(vaddr_t va)
{
	struct rb_node *n = ranges.node;
	struct vm_range *best = NULL;

	while (n) {
		struct vm_range *r = range_of(n);

		if (r->end > va) {
			best = r;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

static void range_insert(struct vm_range *r)
{
	struct rb_node **link = &ranges.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = r->start < range_of(parent)->start ? &parent->left : &parent->right;
	}
	rb_insert(&ranges, &r->node, parent, link);
}

/* The lowest hole of @bytes at or above @from; 0: none. */
static vaddr_t hole_find(vaddr_t from, size_t bytes)
{
	vaddr_t at = from;
	struct vm_range *r = range_from(from);

	for (; r; r = range_of(rb_next(&r->node))) {
		if (r->start >= at && r->start - at >= bytes)
			return at;
		at = MAX(at, r->end);
	}
	return at <= VMALLOC_END && VMALLOC_END - at >= bytes ? at : 0;
}

/* Mark dead ranges as being purged, or (@gone) chain up the marked ones, off the tree. */
static struct vm_range *dead_walk(bool gone)
{
	struct vm_range *r, *next, *chain = NULL;

	for (r = range_from(VMALLOC_BASE); r; r = next) {
		next = range_of(rb_next(&r->node));
		if (!gone && r->kind == VM_DEAD)
			r->kind = VM_PURGING;
		if (!gone || r->kind != VM_PURGING)
			continue;
		rb_erase(&ranges, &r->node);
		r->chain = chain;
		chain = r;
	}
	return chain;
}

/* Make dead ranges free again.  Waits for other CPUs; two at once do no harm. */
static void dead_purge(void)
{
	struct vm_range *r;

	irq_lock(&vm_lock);
	dead_walk(false);
	dead_pages = 0;
	irq_unlock(&vm_lock);
	arch_tlb_flush(&kernel_mmu, VMALLOC_BASE, (VMALLOC_END - VMALLOC_BASE) >> PAGE_SHIFT);
	irq_lock(&vm_lock);
	r = dead_walk(true);
	irq_unlock(&vm_lock);
	while (r) {
		struct vm_range *next = r->chain;

		slab_free(range_cache, r);
		r = next;
	}
}

/* Give @r a place of @bytes at or above @from.  False: there is none. */
static bool range_place(struct vm_range *r, vaddr_t from, size_t bytes)
{
	irq_lock(&vm_lock);
	r->start = hole_find(from ? from : next_hint, bytes);
	if (r->start) {
		r->end = r->start + bytes;
		next_hint = r->end;
		range_insert(r);
	}
	irq_unlock(&vm_lock);
	return r->start;
}

static struct vm_range *range_create(size_t npages, enum vm_kind kind)
{
	size_t front = kind == VM_STACK || kind == VM_GUARDED ? PAGE_SIZE : 0;
	size_t bytes = front + (npages + 1) * PAGE_SIZE;
	struct vm_range *r = can_sleep() ? slab_alloc(range_cache) : slab_alloc_atomic(range_cache);
	bool placed;

	if (!r)
		return NULL;
	*r = (struct vm_range){ .npages = npages, .kind = kind };
	placed = range_place(r, 0, bytes);
	if (!placed && can_sleep()) {
		dead_purge();
		placed = range_place(r, VMALLOC_BASE, bytes);
	}
	if (placed) {
		r->va = r->start + front;
		return r;
	}
	slab_free(range_cache, r);
	return NULL;
}

/* The range whose usable part begins at @va; the caller owns it. */
static struct vm_range *range_find(const void *va)
{
	struct vm_range *r;

	irq_lock(&vm_lock);
	r = range_from((vaddr_t)va);
	irq_unlock(&vm_lock);
	ASSERT(r && r->va == (vaddr_t)va && r->kind < VM_DEAD);
	return r;
}

static void range_retire(struct vm_range *r)
{
	bool purge;

	irq_lock(&vm_lock);
	r->kind = VM_DEAD;
	dead_pages += (r->end - r->start) >> PAGE_SHIFT;
	purge = dead_pages >= DEAD_PAGES_MAX;
	irq_unlock(&vm_lock);
	if (purge && can_sleep())
		dead_purge();
}

/* ---- pages ---- */

/* Unmap and free the first @n pages of @r. */
static void pages_release(struct vm_range *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		vaddr_t va = r->va + i * PAGE_SIZE;
		paddr_t pa;
		uint prot;

		if (!arch_mmu_query(&kernel_mmu, va, &pa, &prot))
			continue;
		arch_mmu_unmap(&kernel_mmu, va, 1);
		page_free(phys_to_page(pa), 0);
	}
}

static void *range_alloc(size_t npages, enum vm_kind kind)
{
	struct vm_range *r = range_create(npages, kind);

	if (!r)
		return NULL;
	for (size_t i = 0; i < npages; i++) {
		struct page *pg = page_alloc(0, npages > 64 ? ALLOC_NOKILL : 0);
		vaddr_t va = r->va + i * PAGE_SIZE;

		if (pg && arch_mmu_map(&kernel_mmu, va, page_to_phys(pg), 1, PROT_KERNEL_RW) == 0)
			continue;
		if (pg)
			page_free(pg, 0);
		pages_release(r, i);
		range_retire(r);
		return NULL;
	}
	return (void *)r->va;
}

static void range_free(struct vm_range *r)
{
	if (r->kind == VM_STACK)
		page_count_add(PAGE_COUNT_KSTACK, -(long)STACK_PAGES);
	pages_release(r, r->npages);
	range_retire(r);
}

static void check_tail(const struct vm_range *r)
{
	const u8 *p = (const u8 *)r->va;

	for (size_t at = r->size; at < r->npages * PAGE_SIZE; at++)
		if (p[at] != POISON_ALLOC)
			panic("vmalloc: %p written beyond its %zu bytes, at %zu", (void *)p,
			      r->size, at);
}

void *vmalloc(size_t size)
{
	size_t npages = DIV_ROUND_UP(size, PAGE_SIZE);
	void *va;

	if (!size || size > VMALLOC_END - VMALLOC_BASE || npages > page_total_count())
		return NULL;
	va = range_alloc(npages, VM_PAGES);
	if (va)
		range_find(va)->size = size;
	return va;
}

void vfree(void *va)
{
	struct vm_range *r;

	if (!va)
		return;
	r = range_find(va);
	if (GEMEL_DEBUG && r->kind == VM_PAGES)
		check_tail(r);
	if (r->kind == VM_STACK)
		vfree_stack(va);
	else
		range_free(r);
}

size_t vmalloc_size(const void *va)
{
	return range_find(va)->npages * PAGE_SIZE;
}

/* ---- stacks ---- */

static void *stack_pop_kept(void)
{
	void *va = NULL;

	irq_lock(&stack_lock);
	if (kept_count)
		va = kept_stacks[--kept_count];
	irq_unlock(&stack_lock);
	return va;
}

void *vmalloc_stack(size_t size)
{
	void *va;

	if (fault_inject())
		return NULL;
	if (size != KSTACK_SIZE)
		return range_alloc(DIV_ROUND_UP(size, PAGE_SIZE), VM_GUARDED);
	va = stack_pop_kept();
	if (va)
		return va;
	va = range_alloc(STACK_PAGES, VM_STACK);
	if (va)
		page_count_add(PAGE_COUNT_KSTACK, STACK_PAGES);
	return va;
}

void vfree_stack(void *va)
{
	bool kept = false;

	if (!va)
		return;
	irq_lock(&stack_lock);
	if (kept_count < STACKS_KEPT && !page_is_low()) {
		kept_stacks[kept_count++] = va;
		kept = true;
	}
	irq_unlock(&stack_lock);
	if (!kept)
		range_free(range_find(va));
}

size_t vmalloc_shrink(void)
{
	size_t pages = 0;
	void *va;

	while ((va = stack_pop_kept())) {
		range_free(range_find(va));
		pages += STACK_PAGES;
	}
	if (can_sleep() && READ_ONCE(dead_pages))
		dead_purge();
	return pages;
}

bool vmalloc_is_guard(vaddr_t va)
{
	paddr_t pa;
	uint prot;

	if (va < VMALLOC_BASE || va >= VMALLOC_END - PAGE_SIZE)
		return false;
	va = ALIGN_DOWN(va, PAGE_SIZE);
	return !arch_mmu_query(&kernel_mmu, va, &pa, &prot) &&
	       arch_mmu_query(&kernel_mmu, va + PAGE_SIZE, &pa, &prot);
}

/* ---- devices ---- */

void *vmap_device(paddr_t pa, size_t size)
{
	size_t offset = pa & (PAGE_SIZE - 1);
	size_t npages = DIV_ROUND_UP(offset + size, PAGE_SIZE);
	struct vm_range *r;

	if (!size)
		return NULL;
	r = range_create(npages, VM_DEVICE);
	if (!r)
		return NULL;
	if (arch_mmu_map(&kernel_mmu, r->va, pa - offset, npages,
			 PROT_KERNEL_RW | PROT_DEVICE_BIT) < 0) {
		range_retire(r);
		return NULL;
	}
	return (char *)r->va + offset;
}

void vunmap_device(void *va, size_t size __unused)
{
	struct vm_range *r;

	if (!va)
		return;
	r = range_find((void *)ALIGN_DOWN((vaddr_t)va, PAGE_SIZE));
	arch_mmu_unmap(&kernel_mmu, r->va, r->npages);
	range_retire(r);
}

void vmalloc_init(void)
{
	range_cache = slab_cache_create("vm-range", sizeof(struct vm_range), 0, NULL);
	if (!range_cache)
		panic("mm: no memory for vmalloc");
}
