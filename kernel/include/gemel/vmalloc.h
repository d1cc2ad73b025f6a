/* SPDX-License-Identifier: MIT */
#pragma once
/* Kernel ranges that are contiguous only virtually, a guard page after each. */
#include <arch/mmu.h>

void vmalloc_init(void);
/* NULL: no memory or room.  May sleep.  Page aligned. */
void *vmalloc(size_t size) __must_check;
void vfree(void *va);           /* NULL is fine; any context */
size_t vmalloc_size(const void *va);    /* whole pages */
/*
 * A stack of @size bytes, a guard page on both sides.  NULL: no memory.  May sleep.
 * Freed ones of KSTACK_SIZE are kept for the next fork.
 */
void *vmalloc_stack(size_t size) __must_check;
/* As vfree() of a KSTACK_SIZE stack, which nobody is on: quicker. */
void vfree_stack(void *va);
/* Is @va in the guard page of a kernel stack (for the report of an overflow)?  No locks. */
bool vmalloc_is_guard(vaddr_t va);
size_t vmalloc_shrink(void);            /* cached stacks back to the pages; how many pages */
/* Device registers, uncached.  NULL: no memory.  @pa need not be aligned. */
void *vmap_device(paddr_t pa, size_t size) __must_check;
void vunmap_device(void *va, size_t size);
