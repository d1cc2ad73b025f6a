/* SPDX-License-Identifier: MIT */
/*
 * Objects of one size, from slabs, through per-CPU magazines.
 *
 * A slab is 1 << order pages cut into objects; its first struct page carries
 * the cache (slab), the chain of free objects (freelist) and the number in
 * use (owner).  Further pages of a slab are marked PAGE_SLAB_TAIL and point at
 * the first one.  The chain link of a free object lies at cache->link_at: at
 * its start, or behind it when a constructor's work must survive.
 *
 * In front of the slabs every CPU has a magazine, an array of free objects.
 * Allocation and freeing are a pop and a push; only an empty or full magazine
 * goes to the slabs, and moves half a magazine at once.
 *
 * States of a slab: partial (on cache->partial), full (on no list), empty
 * (partial with owner 0; more than one of those goes back to the pages).
 *
 * Locking.  A magazine is its CPU's, interrupts off.  cache->lock (irq)
 * covers the slabs.  The list of caches only grows at boot and in
 * slab_cache_create(), under caches_lock.
 *
 * Debug kernels (kasan.c).  Behind each object lies a redzone with the callers
 * that allocated and freed it last (struct track); memory that is not handed
 * out is marked.  A freed object stays in the cache's quarantine until as many
 * others have been freed.  Free objects are filled with POISON_FREE, and allocation
 * checks that nobody wrote to them (caches without constructor).
 */
#include <gemel/slab.h>

#include <arch/irqflags.h>

#include <gemel/assert.h>
#include <gemel/bits.h>
#include <gemel/cpu.h>
#include <gemel/kasan.h>
#include <gemel/spin.h>
#include <gemel/string.h>
#include <gemel/vmalloc.h>

#include "mm.h"

#define MAGAZINE_SIZE   15u
#define SLAB_ALIGN      16u
#define SLAB_MIN_OBJS   8u

/* In the redzone, debug kernels only. */
struct track {
	ulong alloc_pc, free_pc;
};

#define QUARANTINE_SIZE 32u
#define QUARANTINE_OBJ_MAX 1024u

struct magazine {
	u64 count;
	void *obj[MAGAZINE_SIZE];
};

struct slab_cache {
	/* Constant. */
	char name[24];
	size_t size;            /* of an object with its link and padding */
	size_t user_size;
	size_t link_at;
	void (*ctor)(void *obj);
	uint order, per_slab;
	uint batch;             /* objects a magazine holds */
	size_t track_at;        /* debug: where struct track is; 0: nowhere */

	struct irqlock lock;
	struct list partial;            /* struct page, by link */
	uint empty, slabs;
	void *quarantine[GEMEL_DEBUG ? QUARANTINE_SIZE : 1];
	uint quarantine_at;

	struct slab_cache *next;        /* caches_lock */
	struct magazine mag[];          /* one a CPU */
};

static struct irqlock caches_lock = IRQLOCK_INIT(SLAB);
static struct slab_cache *all_caches;
/* Slab caches are carved from pages and are reused through this chain. */
static struct slab_cache *dead_caches;
static char *carve_at, *carve_end;

static const u16 kalloc_sizes[] = { 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536,
				    2048, 4096, 8192 };
#define KALLOC_MAX      8192u
static struct slab_cache *kalloc_caches[ARRAY_SIZE(kalloc_sizes)];
#define CALLER          ((ulong)__builtin_return_address(0))
/* Index of the cache for a size, by (size - 1) / 16 up to 1024 bytes. */
static u8 kalloc_small[64];

/* ---- slabs; cache->lock held ---- */

static void **link_of(const struct slab_cache *c, void *obj)
{
	return (void **)((char *)obj + c->link_at);
}

static struct track *track_of(const struct slab_cache *c, const void *obj)
{
	return c->track_at ? (struct track *)((ulong)obj + c->track_at) : NULL;
}

static struct page *slab_head(const void *obj)
{
	struct page *pg = virt_to_page(obj);

	return pg->flags & PAGE_SLAB_TAIL ? pg->freelist : pg;
}

static void *slab_take(struct slab_cache *c, struct page *pg)
{
	void *obj = pg->freelist;

	pg->freelist = *link_of(c, obj);
	if (pg->owner++ == 0)
		c->empty--;
	if (!pg->freelist)
		list_remove(&pg->link);
	return obj;
}

static void slab_pages_free(struct slab_cache *c, struct page *pg)
{
	for (uint i = 0; i < 1u << c->order; i++)
		pg[i].flags = 0;
	page_count_add(PAGE_COUNT_SLAB, -(1l << c->order));
	page_free(pg, c->order);
}

/* Put @obj back; a slab that has become empty and is one too many is returned for freeing. */
static struct page *slab_give(struct slab_cache *c, void *obj)
{
	struct page *pg = slab_head(obj);
	bool was_full = !pg->freelist;

	DEBUG_ASSERT(pg->slab == c && pg->owner > 0);
	*link_of(c, obj) = pg->freelist;
	pg->freelist = obj;
	if (was_full)
		list_add_tail(&c->partial, &pg->link);
	if (--pg->owner > 0)
		return NULL;
	if (c->empty > 0) {
		list_remove(&pg->link);
		c->slabs--;
		return pg;
	}
	c->empty++;
	return NULL;
}

/* ---- growing ---- */

static struct page *slab_make(struct slab_cache *c, uint flags)
{
	struct page *pg = page_alloc(c->order, flags);
	char *base;

	if (!pg)
		return NULL;
	base = page_address(pg);
	pg->flags = PAGE_SLAB;
	pg->slab = c;
	pg->freelist = NULL;
	pg->owner = 0;
	for (uint i = 1; i < 1u << c->order; i++) {
		pg[i].flags = PAGE_SLAB | PAGE_SLAB_TAIL;
		pg[i].slab = c;
		pg[i].freelist = pg;
	}
	for (uint i = c->per_slab; i-- > 0;) {
		void *obj = base + i * c->size;

		if (c->ctor)
			c->ctor(obj);
		else if (GEMEL_DEBUG)
			memset(obj, POISON_FREE, c->user_size);
		if (c->track_at)
			*track_of(c, obj) = (struct track){ 0, 0 };
		*link_of(c, obj) = pg->freelist;
		pg->freelist = obj;
	}
	kasan_poison(base, PAGE_SIZE << c->order, KASAN_REDZONE);
	page_count_add(PAGE_COUNT_SLAB, 1l << c->order);
	return pg;
}

static void slab_adopt(struct slab_cache *c, struct page *pg)
{
	irq_lock(&c->lock);
	list_add_tail(&c->partial, &pg->link);
	c->empty++;
	c->slabs++;
	irq_unlock(&c->lock);
}

/* Objects for the magazine of this CPU, interrupts off; how many it has then. */
static u64 magazine_fill(struct slab_cache *c, struct magazine *m)
{
	irq_lock(&c->lock);
	while (m->count < (c->batch + 1) / 2 && !list_is_empty(&c->partial))
		m->obj[m->count++] = slab_take(c, list_first(&c->partial, struct page, link));
	irq_unlock(&c->lock);
	return m->count;
}

static struct magazine *magazine_of(struct slab_cache *c)
{
	return &c->mag[arch_this_cpu()->id];
}

static void *__noinline slab_alloc_slow(struct slab_cache *c, uint flags)
{
	for (;;) {
		irqflags_t irq = arch_irq_save();
		struct magazine *m = magazine_of(c);
		void *obj = NULL;
		struct page *pg;

		if (magazine_fill(c, m))
			obj = m->obj[--m->count];
		arch_irq_restore(irq);
		if (obj)
			return obj;
		pg = slab_make(c, flags);
		if (!pg)
			return NULL;
		slab_adopt(c, pg);
	}
}

/* Half of a full magazine back to the slabs; interrupts off. */
static void __noinline magazine_spill(struct slab_cache *c, struct magazine *m, uint keep)
{
	struct page *gone[MAGAZINE_SIZE];
	uint n = 0;

	irq_lock(&c->lock);
	while (m->count > keep) {
		struct page *pg = slab_give(c, m->obj[--m->count]);

		if (pg)
			gone[n++] = pg;
	}
	irq_unlock(&c->lock);
	while (n > 0)
		slab_pages_free(c, gone[--n]);
}

/* ---- debug ---- */

static void poison_check(const struct slab_cache *c, const void *obj)
{
	const u8 *p = obj;

	if (c->ctor)
		return;
	for (size_t i = 0; i < c->user_size; i++) {
		if (i >= c->link_at && i < c->link_at + sizeof(void *))
			continue;
		if (p[i] != POISON_FREE)
			panic("slab: %s: object %p written at byte %zu after it was freed",
			      c->name, obj, i);
	}
}

static void poison_set(const struct slab_cache *c, void *obj)
{
	kasan_unpoison(obj, c->user_size);
	if (!c->ctor)
		memset(obj, POISON_FREE, c->user_size);
}

static void check_free(const struct slab_cache *c, const void *obj)
{
	const struct page *pg = slab_head(obj);
	const struct magazine *m;
	irqflags_t irq = arch_irq_save();

	ASSERT(pg->flags & PAGE_SLAB);
	ASSERT(pg->slab == c);
	ASSERT(((const char *)obj - (const char *)page_address(pg)) % c->size == 0);
	if (kasan_is_marked(obj, KASAN_FREED))
		panic("slab: %s: object %p freed twice", c->name, obj);
	m = &c->mag[arch_this_cpu()->id];
	for (u64 i = 0; i < m->count; i++)
		if (m->obj[i] == obj)
			panic("slab: %s: object %p freed twice", c->name, obj);
	arch_irq_restore(irq);
}

/* @obj goes to its user, who asked for @size bytes. */
static void debug_alloc(const struct slab_cache *c, void *obj, size_t size, ulong pc)
{
	struct track *track = track_of(c, obj);

	poison_check(c, obj);
	if (track)
		track->alloc_pc = pc;
	kasan_unpoison(obj, size);
}

/* @obj comes back.  What leaves the quarantine in its place, or NULL. */
static void *debug_free(struct slab_cache *c, void *obj, ulong pc)
{
	struct track *track = track_of(c, obj);
	void *out;

	check_free(c, obj);
	poison_set(c, obj);
	if (track)
		track->free_pc = pc;
	kasan_poison(obj, c->user_size, KASAN_FREED);
	if (c->size > QUARANTINE_OBJ_MAX)
		return obj;
	irq_lock(&c->lock);
	out = c->quarantine[c->quarantine_at];
	c->quarantine[c->quarantine_at] = obj;
	c->quarantine_at = (c->quarantine_at + 1) % ARRAY_SIZE(c->quarantine);
	irq_unlock(&c->lock);
	return out;
}

bool slab_describe(const void *p, struct slab_object *so)
{
	const struct slab_cache *c;
	const struct track *track;
	const struct page *pg;
	size_t offset;

	if (!pfn_is_ram(virt_to_phys(p) >> PAGE_SHIFT) || !(virt_to_page(p)->flags & PAGE_SLAB))
		return false;
	pg = slab_head(p);
	c = pg->slab;
	offset = (size_t)((const char *)p - (const char *)page_address(pg)) / c->size * c->size;
	so->start = (const char *)page_address(pg) + offset;
	so->size = c->user_size;
	so->cache = c->name;
	track = track_of(c, so->start);
	so->alloc_pc = track ? track->alloc_pc : 0;
	so->free_pc = track ? track->free_pc : 0;
	return true;
}

/* ---- objects ---- */

static inline void *object_alloc(struct slab_cache *c, size_t size, uint flags, ulong pc)
{
	irqflags_t irq;
	struct magazine *m;
	void *obj;

	if (!(flags & ALLOC_ATOMIC))
		might_sleep();
	if (fault_inject())
		return NULL;
	irq = arch_irq_save();
	m = magazine_of(c);
	if (likely(m->count)) {
		obj = m->obj[--m->count];
		arch_irq_restore(irq);
	} else {
		arch_irq_restore(irq);
		obj = slab_alloc_slow(c, flags);
	}
	if (GEMEL_DEBUG && obj)
		debug_alloc(c, obj, size, pc);
	return obj;
}

static inline void object_free(struct slab_cache *c, void *obj, ulong pc)
{
	irqflags_t irq;
	struct magazine *m;

	if (GEMEL_DEBUG) {
		obj = debug_free(c, obj, pc);
		if (!obj)
			return;
	}
	irq = arch_irq_save();
	m = magazine_of(c);
	if (unlikely(m->count == c->batch))
		magazine_spill(c, m, c->batch / 2);
	m->obj[m->count++] = obj;
	arch_irq_restore(irq);
}

void *slab_alloc(struct slab_cache *c)
{
	return object_alloc(c, c->user_size, 0, CALLER);
}

void *slab_alloc_atomic(struct slab_cache *c)
{
	return object_alloc(c, c->user_size, ALLOC_ATOMIC, CALLER);
}

void slab_free(struct slab_cache *c, void *obj)
{
	if (obj)
		object_free(c, obj, CALLER);
}

/* ---- caches ---- */

/* Memory for a struct slab_cache, zeroed; caches_lock held, interrupts off. */
static struct slab_cache *cache_carve(void)
{
	size_t size = ALIGN_UP(sizeof(struct slab_cache) +
			       boot_info.ncpus * sizeof(struct magazine), 64ul);
	uint order = 0;
	struct slab_cache *c = dead_caches;

	if (c) {
		dead_caches = c->next;
		memset(c, 0, size);
		return c;
	}
	if ((size_t)(carve_end - carve_at) < size) {
		while ((PAGE_SIZE << order) < size)
			order++;
		carve_at = page_alloc_kernel(order, ALLOC_ZERO | ALLOC_ATOMIC);
		carve_end = carve_at ? carve_at + (PAGE_SIZE << order) : NULL;
		if (!carve_at)
			return NULL;
	}
	c = (struct slab_cache *)(void *)carve_at;
	carve_at += size;
	return c;
}

/* The smallest order that holds enough objects and wastes at most an eighth. */
static uint order_for(size_t size)
{
	uint order = 0;

	while (order < 3) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes / size >= SLAB_MIN_OBJS && (bytes % size) * 8 <= bytes)
			break;
		if (bytes / size >= 4 && (bytes % size) * 16 <= bytes)
			break;
		order++;
	}
	while ((PAGE_SIZE << order) < size)
		order++;
	return order;
}

static void cache_setup(struct slab_cache *c, const char *name, size_t size, size_t align,
			void (*ctor)(void *obj))
{
	align = MAX(align, (size_t)(size >= SLAB_ALIGN ? SLAB_ALIGN : sizeof(void *)));
	strscpy(c->name, name, sizeof(c->name));
	c->user_size = size;
	if (ctor) {
		c->link_at = ALIGN_UP(size, sizeof(void *));
		size = c->link_at + sizeof(void *);
	}
	if (GEMEL_DEBUG) {
		c->track_at = ALIGN_UP(MAX(size, sizeof(void *)), sizeof(void *));
		size = c->track_at + sizeof(struct track);
	}
	c->size = ALIGN_UP(MAX(size, sizeof(void *)), align);
	c->ctor = ctor;
	c->order = order_for(c->size);
	c->per_slab = (uint)((PAGE_SIZE << c->order) / c->size);
	/* A magazine of large objects would hide much memory. */
	c->batch = c->size <= 512 ? MAGAZINE_SIZE : c->size <= 2048 ? 7 : 3;
	irqlock_init(&c->lock, LOCK_RANK_SLAB);
	list_init(&c->partial);
}

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align,
				     void (*ctor)(void *obj))
{
	struct slab_cache *c;

	if (fault_inject())
		return NULL;
	irq_lock(&caches_lock);
	c = cache_carve();
	if (c) {
		cache_setup(c, name, size, align, ctor);
		c->next = all_caches;
		all_caches = c;
	}
	irq_unlock(&caches_lock);
	return c;
}

/* Its magazines go back first; nobody uses the cache, so other CPUs' may be touched. */
void slab_cache_destroy(struct slab_cache *c)
{
	struct slab_cache **at;
	irqflags_t irq = arch_irq_save();

	for (uint i = 0; i < boot_info.ncpus; i++)
		magazine_spill(c, &c->mag[i], 0);
	for (uint i = 0; GEMEL_DEBUG && i < ARRAY_SIZE(c->quarantine); i++) {
		struct magazine one = { .count = c->quarantine[i] != NULL,
					.obj = { c->quarantine[i] } };

		magazine_spill(c, &one, 0);
	}
	arch_irq_restore(irq);
	while (!list_is_empty(&c->partial)) {
		struct page *pg = list_first(&c->partial, struct page, link);

		ASSERT(pg->owner == 0);
		list_remove(&pg->link);
		c->slabs--;
		slab_pages_free(c, pg);
	}
	ASSERT(c->slabs == 0);
	irq_lock(&caches_lock);
	at = &all_caches;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->next = dead_caches;
	dead_caches = c;
	irq_unlock(&caches_lock);
}

/* Slabs that are wholly free, of all caches, back to the pages; how many pages. */
size_t slab_shrink(void)
{
	size_t pages = 0;

	for (struct slab_cache *c = READ_ONCE(all_caches); c; c = c->next) {
		struct list gone = LIST_INIT(gone);
		struct page *pg, *tmp;
		irqflags_t irq = arch_irq_save();

		magazine_spill(c, magazine_of(c), 0);
		arch_irq_restore(irq);
		irq_lock(&c->lock);
		list_for_each_safe(pg, tmp, &c->partial, link) {
			if (pg->owner)
				continue;
			list_remove(&pg->link);
			list_add(&gone, &pg->link);
			c->empty--;
			c->slabs--;
		}
		irq_unlock(&c->lock);
		list_for_each_safe(pg, tmp, &gone, link) {
			list_remove(&pg->link);
			slab_pages_free(c, pg);
			pages += 1ul << c->order;
		}
	}
	return pages;
}

void slab_report(void (*emit)(void *arg, const char *name, size_t size, size_t used, size_t total),
		 void *arg)
{
	for (struct slab_cache *c = READ_ONCE(all_caches); c; c = c->next) {
		size_t total, used;
		struct page *pg;

		irq_lock(&c->lock);
		total = (size_t)c->slabs * c->per_slab;
		used = total;
		list_for_each(pg, &c->partial, link)
			used -= c->per_slab - pg->owner;
		for (uint i = 0; GEMEL_DEBUG && i < ARRAY_SIZE(c->quarantine); i++)
			used -= c->quarantine[i] != NULL;
		irq_unlock(&c->lock);
		for (uint i = 0; i < cpu_count; i++)
			used -= MIN(used, READ_ONCE(c->mag[i].count));
		emit(arg, c->name, c->user_size, used, total);
	}
}

/* ---- kalloc ---- */

void slab_init(void)
{
	static const char *const names[] = {
		"kalloc-16", "kalloc-32", "kalloc-48", "kalloc-64", "kalloc-96", "kalloc-128",
		"kalloc-192", "kalloc-256", "kalloc-384", "kalloc-512", "kalloc-768",
		"kalloc-1024", "kalloc-1536", "kalloc-2048", "kalloc-4096", "kalloc-8192",
	};
	uint k = 0;

	_Static_assert(ARRAY_SIZE(names) == ARRAY_SIZE(kalloc_sizes), "a name a size");
	for (uint i = 0; i < ARRAY_SIZE(kalloc_sizes); i++) {
		size_t size = kalloc_sizes[i];

		/* Powers of two are aligned to their size; a redzone there costs as much again. */
		bool align = is_pow2(size) && (!GEMEL_DEBUG || size >= PAGE_SIZE);

		kalloc_caches[i] = slab_cache_create(names[i], size, align ? size : 16, NULL);
		if (!kalloc_caches[i])
			panic("mm: no memory for slab caches");
	}
	for (uint i = 0; i < ARRAY_SIZE(kalloc_small); i++) {
		while (kalloc_sizes[k] < (i + 1) * 16)
			k++;
		kalloc_small[i] = (u8)k;
	}
}

static inline struct slab_cache *kalloc_cache(size_t size)
{
	uint i;

	if (likely(size <= 1024))
		return kalloc_caches[kalloc_small[size ? (size - 1) / 16 : 0]];
	i = kalloc_small[63] + 1;
	while (kalloc_sizes[i] < size)
		i++;
	return kalloc_caches[i];
}

/* What is behind @size bytes of a block is a redzone in debug kernels, and there is one. */
static void *block_alloc(size_t size, uint order, uint flags)
{
	void *p = page_alloc_kernel(order, flags);

	if (GEMEL_DEBUG && p) {
		kasan_poison(p, PAGE_SIZE << order, KASAN_REDZONE);
		kasan_unpoison(p, size);
	}
	return p;
}

static void *__noinline kalloc_large(size_t size, uint flags)
{
	size_t redzone = GEMEL_DEBUG ? SLAB_ALIGN : 0;
	uint order = 0;
	void *p;

	while (order <= PAGE_MAX_ORDER && (PAGE_SIZE << order) < size + redzone)
		order++;
	/* Large blocks are scarce: rather than reclaim for one, build it from single pages. */
	if (order <= PAGE_MAX_ORDER) {
		uint how = flags | (flags & ALLOC_ATOMIC || order <= 3 ? 0 : ALLOC_NORECLAIM);

		p = block_alloc(size, order, how);
		if (p || (flags & ALLOC_ATOMIC))
			return p;
	}
	if (flags & ALLOC_ATOMIC)
		return NULL;
	p = vmalloc(size);
	if (p && (flags & ALLOC_ZERO))
		memset(p, 0, size);
	return p;
}

void *kalloc(size_t size)
{
	if (unlikely(size > KALLOC_MAX))
		return kalloc_large(size, 0);
	return object_alloc(kalloc_cache(size), size, 0, CALLER);
}

void *kalloc_atomic(size_t size)
{
	if (unlikely(size > KALLOC_MAX))
		return kalloc_large(size, ALLOC_ATOMIC);
	return object_alloc(kalloc_cache(size), size, ALLOC_ATOMIC, CALLER);
}

void *kzalloc(size_t size)
{
	void *p;

	if (unlikely(size > KALLOC_MAX))
		return kalloc_large(size, ALLOC_ZERO);
	p = object_alloc(kalloc_cache(size), size, 0, CALLER);
	if (p)
		memset(p, 0, size);
	return p;
}

void *kcalloc(size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kzalloc(bytes);
}

static bool is_vmalloc(const void *p)
{
	return (vaddr_t)p >= VMALLOC_BASE && (vaddr_t)p < VMALLOC_END;
}

void kfree(void *p)
{
	struct page *pg;

	if (!p)
		return;
	if (unlikely(is_vmalloc(p))) {
		vfree(p);
		return;
	}
	pg = virt_to_page(p);
	if (likely(pg->flags & PAGE_SLAB))
		object_free(pg->slab, p, CALLER);
	else
		page_free(pg, pg->order);
}

size_t kalloc_size(const void *p)
{
	const struct page *pg;

	if (is_vmalloc(p))
		return vmalloc_size(p);
	pg = virt_to_page(p);
	if (pg->flags & PAGE_SLAB)
		return ((const struct slab_cache *)pg->slab)->user_size;
	return PAGE_SIZE << pg->order;
}
