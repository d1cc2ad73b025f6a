/* SPDX-License-Identifier: MIT */
#pragma once
/* Kernel ranges that are contiguous only virtually, a guard page after each. */
#include <arch/mmu.h>

void vmalloc_init(void);
/* NULL: no memory or room.  May sleep.  Page aligned. */
void *vmalloc(size_t size) __must_check;
void vfree(void *va);           /* NULL is fine; not from interrupts */
/* A range with a guard page on both sides, for kernel stacks. */
void *vmalloc_stack(size_t size) __must_check;
/* Device registers, uncached.  NULL: no memory.  @pa need not be aligned. */
void *vmap_device(paddr_t pa, size_t size) __must_check;
void vunmap_device(void *va, size_t size);
