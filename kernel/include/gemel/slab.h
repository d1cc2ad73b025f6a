/* SPDX-License-Identifier: MIT */
#pragma once
/* Kernel memory by the object: slab caches with per-CPU magazines, and kalloc() on top of them. */
#include <gemel/compiler.h>

struct slab_cache;

/* @ctor runs once when an object's slab is made (may be NULL).  NULL: no memory. */
struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align,
				     void (*ctor)(void *obj));
void slab_cache_destroy(struct slab_cache *c);  /* must be empty */
void *slab_alloc(struct slab_cache *c) __must_check;    /* may sleep; NULL: no memory */
void *slab_alloc_atomic(struct slab_cache *c) __must_check;
void slab_free(struct slab_cache *c, void *obj);

void slab_init(void);

/* Any size; from 2 pages up it comes from the page allocator or vmalloc.  NULL: no memory.
 * kalloc() and kzalloc() may sleep. */
void *kalloc(size_t size) __must_check;
void *kzalloc(size_t size) __must_check;
void *kalloc_atomic(size_t size) __must_check;
/* n * size, overflow checked, zeroed. */
void *kcalloc(size_t n, size_t size) __must_check;
void kfree(void *p);            /* NULL is fine; any context */
size_t kalloc_size(const void *p);

/* One line a cache through @emit, for /proc/slabinfo. */
void slab_report(void (*emit)(void *arg, const char *name, size_t size, size_t used, size_t total),
		 void *arg);
