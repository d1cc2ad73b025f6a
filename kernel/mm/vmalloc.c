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
 * have gathered, one flush of the whole region makes all of them free.  Until
 * then a stale entry can only be used by a bug.
 *
 * Kernel stacks all have one size and come and go with every task: a few
 * freed ones are kept mapped, ready for the next.
 *
 * Locking.  vm_lock (mutex, rank VMALLOC) covers the tree.  The stack cache has
 * its own irq lock, so that a stack can be freed where nothing may sleep.
 * Page-table entries of different ranges need no common lock (pagetable.c).
 */
#include <gemel/vmalloc.h>

#include <arch/thread.h>

#include <gemel/assert.h>
#include <gemel/mutex.h>
#include <gemel/page.h>
#include <gemel/rbtree.h>
#include <gemel/slab.h>
#include <gemel/work.h>

#include "mm.h"

enum vm_kind { VM_PAGES, VM_STACK, VM_DEVICE, VM_DEAD };

struct vm_range {
	struct rb_node node;            /* vm_lock */
	vaddr_t start, end;             /* guard pages included */
	vaddr_t va;                     /* first usable byte */
	size_t npages;
	enum vm_kind kind;
};

/* Dead address space that makes a flush worth it. */
#define DEAD_PAGES_MAX  4096u
#define STACK_PAGES     (KSTACK_SIZE / PAGE_SIZE)
#define STACKS_KEPT     16u

static struct mutex vm_lock = MUTEX_INIT(vm_lock, VMALLOC);
static struct rb_root ranges = RB_ROOT;
static vaddr_t next_hint = VMALLOC_BASE;
static size_t dead_pages;
static struct slab_cache *range_cache;

static struct irqlock stack_lock = IRQLOCK_INIT(SLAB);
static void *kept_stacks[STACKS_KEPT];
static uint kept_count;
static struct work stack_work;          /* frees what does not fit into the cache */
static void *surplus_stacks;            /* chain through the first word; stack_lock */

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

/* Make dead ranges free again.  May wait for other CPUs. */
static void dead_purge(void)
{
	struct vm_range *r, *next;

	arch_tlb_flush(&kernel_mmu, VMALLOC_BASE, (VMALLOC_END - VMALLOC_BASE) >> PAGE_SHIFT);
	for (r = range_from(VMALLOC_BASE); r; r = next) {
		next = range_of(rb_next(&r->node));
		if (r->kind != VM_DEAD)
			continue;
		rb_erase(&ranges, &r->node);
		slab_free(range_cache, r);
	}
	dead_pages = 0;
}

static struct vm_range *range_create(size_t npages, enum vm_kind kind)
{
	size_t front = kind == VM_STACK ? PAGE_SIZE : 0;
	size_t bytes = front + (npages + 1) * PAGE_SIZE;
	struct vm_range *r = slab_alloc(range_cache);
	vaddr_t at;

	if (!r)
		return NULL;
	mutex_lock(&vm_lock);
	at = hole_find(next_hint, bytes);
	if (!at) {
		dead_purge();
		at = hole_find(VMALLOC_BASE, bytes);
	}
	if (at) {
		*r = (struct vm_range){ .start = at, .end = at + bytes, .va = at + front,
					.npages = npages, .kind = kind };
		next_hint = r->end;
		range_insert(r);
	}
	mutex_unlock(&vm_lock);
	if (at)
		return r;
	slab_free(range_cache, r);
	return NULL;
}

/* The range whose usable part begins at @va; the caller owns it. */
static struct vm_range *range_find(const void *va)
{
	struct vm_range *r;

	mutex_lock(&vm_lock);
	r = range_from((vaddr_t)va);
	mutex_unlock(&vm_lock);
	ASSERT(r && r->va == (vaddr_t)va && r->kind != VM_DEAD);
	return r;
}

static void range_retire(struct vm_range *r)
{
	mutex_lock(&vm_lock);
	r->kind = VM_DEAD;
	dead_pages += (r->end - r->start) >> PAGE_SHIFT;
	if (dead_pages >= DEAD_PAGES_MAX)
		dead_purge();
	mutex_unlock(&vm_lock);
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
		struct page *pg = page_alloc(0, 0);
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

void *vmalloc(size_t size)
{
	size_t npages = DIV_ROUND_UP(size, PAGE_SIZE);

	if (!size || size > VMALLOC_END - VMALLOC_BASE || npages > page_total_count())
		return NULL;
	return range_alloc(npages, VM_PAGES);
}

void vfree(void *va)
{
	struct vm_range *r;

	if (!va)
		return;
	r = range_find(va);
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

	ASSERT(size == KSTACK_SIZE);
	if (fault_inject())
		return NULL;
	va = stack_pop_kept();
	if (va)
		return va;
	va = range_alloc(STACK_PAGES, VM_STACK);
	if (va)
		page_count_add(PAGE_COUNT_KSTACK, STACK_PAGES);
	return va;
}

static void stack_work_fn(struct work *w __unused)
{
	for (;;) {
		void *va;

		irq_lock(&stack_lock);
		va = surplus_stacks;
		if (va)
			surplus_stacks = *(void **)va;
		irq_unlock(&stack_lock);
		if (!va)
			return;
		range_free(range_find(va));
	}
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
	} else {
		*(void **)va = surplus_stacks;
		surplus_stacks = va;
	}
	irq_unlock(&stack_lock);
	if (!kept)
		work_queue(system_work, &stack_work);
}

size_t vmalloc_shrink(void)
{
	size_t pages = 0;
	void *va;

	while ((va = stack_pop_kept())) {
		range_free(range_find(va));
		pages += STACK_PAGES;
	}
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
	work_init(&stack_work, stack_work_fn);
}
