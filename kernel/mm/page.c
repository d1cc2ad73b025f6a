/* SPDX-License-Identifier: MIT */
/*
 * The page allocator.
 *
 * RAM is free blocks of 1 << order pages, each aligned to its size, on one
 * list an order (the buddy system), and in front of it, on every CPU, a
 * small stack of single pages.  Nearly all traffic is single pages and stays
 * on the stacks.
 *
 * The page array.  VMEMMAP_BASE holds a struct page for each frame, mapped
 * only where there is RAM, in steps of the largest block: the buddy of a
 * block in RAM always has a struct page, which is zero (not PAGE_BUDDY) if
 * there is no memory behind it.  A free page that is no head of a block has
 * never to be touched: the zeroed array says "free, not a head".
 *
 * States of a frame.
 *
 *	flags PAGE_RESERVED, refs 1	never given out	[page_init]
 *	flags PAGE_BUDDY, refs 0	head of a free block of 1 << order
 *	flags 0, refs 0			inside a free block, or on a CPU's stack
 *	refs > 0			in use		[page_alloc .. page_free]
 *
 * Locking.  zone.lock (irq) covers lists, counts and the fields of free
 * pages.  A CPU's stack is that CPU's only, interrupts off.
 *
 * Watermarks.  Three kinds of callers may go down to different levels of
 * free memory: ALLOC_ATOMIC to nothing, the kernel to half of the reserve,
 * user pages to all of it.  Only taking pages from the zone looks at them.
 */
#include <gemel/page.h>

#include <arch/irqflags.h>

#include <gemel/address_space.h>
#include <gemel/assert.h>
#include <gemel/bits.h>
#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/kasan.h>
#include <gemel/signal.h>
#include <gemel/spin.h>
#include <gemel/string.h>
#include <gemel/task.h>

#include "mm.h"

#define BLOCK_PAGES     (1ul << PAGE_MAX_ORDER)
#define STACK_SIZE      64u
#define BATCH_ORDER_MAX 4u
#define OOM_ORDER_MAX   3u      /* larger blocks may be missing for want of order, not of memory */
#define OOM_TRIES       50u

static struct {
	struct irqlock lock;
	struct list free[PAGE_MAX_ORDER + 1];
	u64 nfree;              /* pages on the lists; read any time */
	u64 total;              /* pages that were ever given to the zone */
	u64 reserve;
	uint batch;
} zone = { .lock = IRQLOCK_INIT(ZONE) };

struct page_stack {
	uint count;
	struct page *page[STACK_SIZE];
};
static DEFINE_PER_CPU(struct page_stack, page_stack);

struct page_counts {
	long n[PAGE_COUNTS];
};
static DEFINE_PER_CPU(struct page_counts, page_counts);

bool page_ready;

/* ---- free blocks; zone.lock held ---- */

static void block_insert(struct page *pg, uint order)
{
	pg->flags = PAGE_BUDDY;
	pg->order = (u8)order;
	list_add(&zone.free[order], &pg->link);
}

static void block_remove(struct page *pg)
{
	list_remove(&pg->link);
	pg->flags = 0;
}

static void block_free(struct page *pg, uint order)
{
	pfn_t pfn = page_to_pfn(pg);

	zone.nfree += 1ul << order;
	while (order < PAGE_MAX_ORDER) {
		struct page *buddy = pfn_to_page(pfn ^ (1ul << order));

		if (buddy->flags != PAGE_BUDDY || buddy->order != order)
			break;
		block_remove(buddy);
		pfn &= ~(1ul << order);
		order++;
	}
	block_insert(pfn_to_page(pfn), order);
}

/* Cut the block at @pg of order @have, off the lists, down to @want; the rest goes back. */
static void block_split(struct page *pg, uint have, uint want)
{
	while (have > want) {
		have--;
		block_insert(pg + (1ul << have), have);
	}
	zone.nfree -= 1ul << want;
}

static struct page *block_take(uint order)
{
	for (uint o = order; o <= PAGE_MAX_ORDER; o++) {
		struct page *pg;

		if (list_is_empty(&zone.free[o]))
			continue;
		pg = list_first(&zone.free[o], struct page, link);
		block_remove(pg);
		block_split(pg, o, order);
		return pg;
	}
	return NULL;
}

/* How many free pages a caller with @flags must leave. */
static u64 watermark(uint flags)
{
	if (flags & ALLOC_ATOMIC)
		return 0;
	return flags & ALLOC_USER ? zone.reserve : zone.reserve / 2;
}

/* ---- the stacks of single pages ---- */

/* Up to a batch of pages onto @st; interrupts off. */
static void __noinline stack_refill(struct page_stack *st, uint flags)
{
	u64 keep = watermark(flags);

	irq_lock(&zone.lock);
	while (st->count < zone.batch && zone.nfree > keep) {
		uint order = 0;
		struct page *pg;

		/* The smallest block there is, whole, if it is not too large. */
		while (order < BATCH_ORDER_MAX && list_is_empty(&zone.free[order]))
			order++;
		while (order && (st->count + (1u << order) > STACK_SIZE ||
				 zone.nfree < keep + (1ul << order)))
			order--;
		pg = block_take(order);
		if (!pg)
			break;
		for (uint i = 1u << order; i-- > 0;)
			st->page[st->count++] = pg + i;
	}
	irq_unlock(&zone.lock);
}

static void __noinline stack_drain(struct page_stack *st, uint n)
{
	irq_lock(&zone.lock);
	while (n-- > 0 && st->count)
		block_free(st->page[--st->count], 0);
	irq_unlock(&zone.lock);
}

static struct page *stack_pop(uint flags)
{
	irqflags_t irq = arch_irq_save();
	struct page_stack *st = this_cpu_ptr(page_stack);
	struct page *pg = NULL;

	if (unlikely(!st->count))
		stack_refill(st, flags);
	if (likely(st->count))
		pg = st->page[--st->count];
	arch_irq_restore(irq);
	return pg;
}

static void stack_push(struct page *pg)
{
	irqflags_t irq = arch_irq_save();
	struct page_stack *st = this_cpu_ptr(page_stack);

	if (unlikely(st->count >= 3 * zone.batch || st->count == STACK_SIZE))
		stack_drain(st, zone.batch);
	st->page[st->count++] = pg;
	arch_irq_restore(irq);
}

static void stack_drain_local(void)
{
	irqflags_t irq = arch_irq_save();
	struct page_stack *st = this_cpu_ptr(page_stack);

	stack_drain(st, st->count);
	arch_irq_restore(irq);
}

/* ---- allocation ---- */

static struct page *zone_alloc(uint order, uint flags)
{
	struct page *pg = NULL;

	irq_lock(&zone.lock);
	if (zone.nfree >= watermark(flags) + (1ul << order))
		pg = block_take(order);
	irq_unlock(&zone.lock);
	return pg;
}

static struct page *page_try_alloc(uint order, uint flags)
{
	return order ? zone_alloc(order, flags) : stack_pop(flags);
}

/* Reclaim and try again, a bounded number of times. */
static struct page *alloc_reclaiming(uint order, uint flags)
{
	for (uint try = 0; try < RECLAIM_TRIES; try++) {
		size_t got = reclaim_pages_for(MAX(32ul, 2ul << order), try);
		struct page *pg;

		stack_drain_local();
		pg = page_try_alloc(order, flags);
		if (pg)
			return pg;
		if (!got && !reclaim_wait(try))
			break;
	}
	return NULL;
}

/*
 * Nothing was left to reclaim: a process must die.  Bounded, because the victim may wait for a lock
 * that the caller holds.
 */
static struct page *alloc_killing(uint order, uint flags)
{
	for (uint try = 0; try < OOM_TRIES && !signal_is_fatal_pending(current); try++) {
		struct page *pg;

		if (!oom_kill())
			(void)reclaim_pages_for(32, RECLAIM_TRIES);
		pg = alloc_reclaiming(order, flags);
		if (pg)
			return pg;
	}
	/* Who dies gets what it takes to do so. */
	if (signal_is_fatal_pending(current) && !(flags & ALLOC_USER))
		return page_try_alloc(order, ALLOC_ATOMIC);
	return NULL;
}

static struct page *__noinline page_alloc_slow(uint order, uint flags)
{
	struct page *pg;

	if (flags & (ALLOC_ATOMIC | ALLOC_NORECLAIM) || !can_sleep() || !page_may_reclaim()) {
		reclaim_kick();
		return flags & ALLOC_NORECLAIM ? NULL : page_try_alloc(order, ALLOC_ATOMIC);
	}
	pg = alloc_reclaiming(order, flags);
	if (!pg && order <= OOM_ORDER_MAX && !(flags & ALLOC_NOKILL))
		pg = alloc_killing(order, flags);
	return pg;
}

/* ---- poison: debug kernels ---- */

/* In page->owner: nobody has had the page since page_free() filled it. */
#define OWNER_POISONED  0x6b6b6b6b6b6b6b6bul

static void page_poison(struct page *pg)
{
	memset(page_address(pg), POISON_FREE, PAGE_SIZE);
	pg->owner = OWNER_POISONED;
}

/* What neither the sanitizer nor a page table keeps from it: a device, another mapping. */
static __no_kasan void page_poison_check(const struct page *pg)
{
	const ulong *p = page_address(pg);
	size_t at = 0;

	if (pg->owner != OWNER_POISONED)
		return;
	while (at < PAGE_SIZE && p[at / sizeof(*p)] == OWNER_POISONED)
		at += sizeof(*p);
	if (at == PAGE_SIZE)
		return;
	while (((const u8 *)p)[at] == POISON_FREE)
		at++;
	panic("page: %p written at byte %zu after it was freed", p, at);
}

static void page_prepare(struct page *pg, uint order)
{
	for (uint i = 0; GEMEL_DEBUG && i < 1u << order; i++) {
		page_poison_check(pg + i);
		pg[i].owner = 0;
	}
	DEBUG_ASSERT(pg->flags == 0 && pg->refs.count == 0);
	refs_init(&pg->refs, 1);
	pg->mapcount = 0;
	pg->order = (u8)order;
	pg->mapping = NULL;
	pg->owner = 0;
}

struct page *page_alloc(uint order, uint flags)
{
	struct page *pg;

	if (!(flags & ALLOC_ATOMIC))
		might_sleep();
	if (order > PAGE_MAX_ORDER || unlikely(fault_inject()))
		return NULL;
	pg = page_try_alloc(order, flags);
	if (unlikely(!pg)) {
		pg = page_alloc_slow(order, flags);
		if (!pg)
			return NULL;
	}
	page_prepare(pg, order);
	kasan_unpoison(page_address(pg), PAGE_SIZE << order);
	if (flags & ALLOC_ZERO)
		memset(page_address(pg), 0, PAGE_SIZE << order);
	else if (GEMEL_DEBUG)
		memset(page_address(pg), POISON_ALLOC, PAGE_SIZE << order);
	return pg;
}

/* Take the part of order @order that begins at @want out of the free block @pg. */
static void block_carve(struct page *pg, struct page *want, uint order)
{
	uint have = pg->order;

	block_remove(pg);
	while (have > order) {
		struct page *half = pg + (1ul << --have);

		if (want >= half) {
			block_insert(pg, have);
			pg = half;
		} else {
			block_insert(half, have);
		}
	}
	zone.nfree -= 1ul << order;
}

struct page *page_alloc_below(uint order, uint flags, paddr_t limit)
{
	struct page *found = NULL;

	irq_lock(&zone.lock);
	for (uint o = order; o <= PAGE_MAX_ORDER && !found; o++) {
		struct page *pg;

		list_for_each(pg, &zone.free[o], link) {
			if (page_to_phys(pg) + (PAGE_SIZE << order) > limit)
				continue;
			found = pg;
			break;
		}
	}
	if (found)
		block_carve(found, found, order);
	irq_unlock(&zone.lock);
	if (!found)
		return NULL;
	page_prepare(found, order);
	kasan_unpoison(page_address(found), PAGE_SIZE << order);
	if (flags & ALLOC_ZERO)
		memset(page_address(found), 0, PAGE_SIZE << order);
	return found;
}

void page_free(struct page *pg, uint order)
{
	DEBUG_ASSERT(pg->refs.count == 1);
	ASSERT(!(pg->flags & (PAGE_BUDDY | PAGE_RESERVED | PAGE_LRU | PAGE_SLAB)));
	DEBUG_ASSERT(pg->mapcount == 0);
	/* Whatever marks a slab left there. */
	kasan_unpoison(page_address(pg), PAGE_SIZE << order);
	for (uint i = 0; GEMEL_DEBUG && i < 1u << order; i++)
		page_poison(pg + i);
	kasan_poison(page_address(pg), PAGE_SIZE << order, KASAN_PAGE_FREED);
	pg->flags = 0;
	refs_init(&pg->refs, 0);
	if (likely(order == 0)) {
		stack_push(pg);
		return;
	}
	irq_lock(&zone.lock);
	block_free(pg, order);
	irq_unlock(&zone.lock);
}

void page_put(struct page *pg)
{
	if (!refs_put(&pg->refs))
		return;
	refs_init(&pg->refs, 1);
	page_free(pg, 0);
}

void *page_alloc_kernel(uint order, uint flags)
{
	struct page *pg = page_alloc(order, flags);

	return pg ? page_address(pg) : NULL;
}

void page_free_kernel(void *va, uint order)
{
	if (va)
		page_free(virt_to_page(va), order);
}

/* ---- counts ---- */

void page_count_add(enum page_count which, long n)
{
	irqflags_t irq = arch_irq_save();

	this_cpu_ptr(page_counts)->n[which] += n;
	arch_irq_restore(irq);
}

static u64 page_count_sum(enum page_count which)
{
	long sum = 0;

	for (uint i = 0; i < cpu_count; i++)
		if (cpus[i])
			sum += READ_ONCE(per_cpu_ptr(page_counts, cpus[i])->n[which]);
	return sum < 0 ? 0 : (u64)sum;
}

u64 page_free_count(void)
{
	u64 n = READ_ONCE(zone.nfree);

	for (uint i = 0; i < cpu_count; i++)
		if (cpus[i])
			n += READ_ONCE(per_cpu_ptr(page_stack, cpus[i])->count);
	return n;
}

u64 page_total_count(void)
{
	return zone.total;
}

bool page_is_low(void)
{
	return READ_ONCE(zone.nfree) < 2 * zone.reserve;
}

void memory_info(struct memory_info *mi)
{
	u64 file = page_count_sum(PAGE_COUNT_FILE);

	memset(mi, 0, sizeof(*mi));
	mi->total = zone.total;
	mi->free = page_free_count();
	mi->buffers = page_count_sum(PAGE_COUNT_BUFFERS);
	mi->shmem = page_count_sum(PAGE_COUNT_SHMEM);
	mi->cached = file + mi->shmem;
	mi->anon = page_count_sum(PAGE_COUNT_ANON);
	mi->mapped = page_count_sum(PAGE_COUNT_MAPPED);
	mi->slab = page_count_sum(PAGE_COUNT_SLAB);
	mi->kstack = page_count_sum(PAGE_COUNT_KSTACK);
	mi->pagetables = page_count_sum(PAGE_COUNT_TABLES);
	mi->ktables = page_count_sum(PAGE_COUNT_KTABLES);
	pagecache_info(mi);
	mi->available = mi->free + file + mi->buffers;
	mi->available -= MIN(mi->available, zone.reserve);
	mi->committed = commit_total();
}

/* ---- boot ---- */

bool pfn_is_ram(pfn_t pfn)
{
	paddr_t pa = pfn << PAGE_SHIFT;

	for (uint i = 0; i < boot_info.nram; i++)
		if (pa >= boot_info.ram[i].base &&
		    pa - boot_info.ram[i].base < boot_info.ram[i].size)
			return true;
	return false;
}

/* Back @bytes of the page array at @va with zeroed memory, in one piece of alignment @align. */
static bool vmemmap_try_map(vaddr_t va, size_t bytes, size_t align)
{
	paddr_t pa = boot_alloc(&boot_info, bytes, align);

	if (!pa)
		return false;
	memset(phys_to_virt(pa), 0, bytes);
	if (arch_mmu_map_large(&kernel_mmu, va, pa, bytes, PROT_KERNEL_RW) < 0)
		panic("mm: page array: cannot map");
	return true;
}

/* The same in as large pages as go. */
static void vmemmap_map(vaddr_t va, vaddr_t end)
{
	while (va < end) {
		size_t big = MIB(2);
		size_t bytes = end - va;

		if (IS_ALIGNED(va, big) && bytes >= big &&
		    vmemmap_try_map(va, ALIGN_DOWN(bytes, big), big)) {
			va += ALIGN_DOWN(bytes, big);
			continue;
		}
		if (!IS_ALIGNED(va, big))
			bytes = MIN(bytes, ALIGN_UP(va, big) - va);
		if (!vmemmap_try_map(va, bytes, PAGE_SIZE))
			panic("mm: page array: no memory");
		va += bytes;
	}
}

static void vmemmap_init(void)
{
	vaddr_t done = 0;

	for (uint i = 0; i < boot_info.nram; i++) {
		const struct boot_range *r = &boot_info.ram[i];
		pfn_t first = ALIGN_DOWN(r->base >> PAGE_SHIFT, BLOCK_PAGES);
		pfn_t last = ALIGN_UP((r->base + r->size) >> PAGE_SHIFT, BLOCK_PAGES);
		vaddr_t va = MAX((vaddr_t)pfn_to_page(first), done);

		done = MAX((vaddr_t)pfn_to_page(last), done);
		vmemmap_map(va, done);
	}
}

/* Free frames [pfn, end) in the largest aligned blocks. */
static void range_free(pfn_t pfn, pfn_t end)
{
	kasan_poison(page_address(pfn_to_page(pfn)), (end - pfn) << PAGE_SHIFT, KASAN_PAGE_FREED);
	irq_lock(&zone.lock);
	zone.total += end - pfn;
	while (pfn < end) {
		uint order = PAGE_MAX_ORDER;

		while (!IS_ALIGNED(pfn, 1ul << order) || pfn + (1ul << order) > end)
			order--;
		block_free(pfn_to_page(pfn), order);
		pfn += 1ul << order;
	}
	irq_unlock(&zone.lock);
}

static void range_reserve(pfn_t pfn, pfn_t end)
{
	for (; pfn < end; pfn++) {
		struct page *pg = pfn_to_page(pfn);

		pg->flags = PAGE_RESERVED;
		refs_init(&pg->refs, 1);
	}
}

/* Walk one range of RAM: reserved stretches and free ones in turn. */
static void ram_add(const struct boot_range *r)
{
	paddr_t at = r->base, end = r->base + r->size;

	for (uint i = 0; i < boot_info.nreserved && at < end; i++) {
		paddr_t base = MAX(boot_info.reserved[i].base, at);
		paddr_t stop = MIN(boot_info.reserved[i].base + boot_info.reserved[i].size, end);

		if (base >= stop)
			continue;
		range_free(at >> PAGE_SHIFT, base >> PAGE_SHIFT);
		range_reserve(base >> PAGE_SHIFT, stop >> PAGE_SHIFT);
		at = stop;
	}
	if (at < end)
		range_free(at >> PAGE_SHIFT, end >> PAGE_SHIFT);
}

/* Levels and batch sizes follow from the size of the machine. */
static void zone_tune(void)
{
	zone.reserve = MAX(32ull, MIN(zone.total / 64, 4096ull));
	zone.batch = (uint)MAX(4ull, MIN(zone.total / 2048, 16ull));
}

void page_init(void)
{
	for (uint o = 0; o <= PAGE_MAX_ORDER; o++)
		list_init(&zone.free[o]);
	vmemmap_init();
	if (GEMEL_DEBUG)
		kasan_init();
	/* No boot_alloc() from here on: the ranges that are free become the zone's. */
	for (uint i = 0; i < boot_info.nram; i++)
		ram_add(&boot_info.ram[i]);
	zone_tune();
	page_ready = true;
}

void page_free_reserved(paddr_t base, u64 size)
{
	pfn_t pfn = ALIGN_UP(base, PAGE_SIZE) >> PAGE_SHIFT;
	pfn_t end = (base + size) >> PAGE_SHIFT;

	for (; pfn < end; pfn++) {
		struct page *pg = pfn_to_page(pfn);

		if (!pfn_is_ram(pfn) || !(pg->flags & PAGE_RESERVED))
			continue;
		pg->flags = 0;
		refs_init(&pg->refs, 0);
		range_free(pfn, pfn + 1);
	}
}
