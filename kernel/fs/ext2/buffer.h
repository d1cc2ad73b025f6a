/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A cache of metadata blocks of one file system, each with its own dirty
 * bit.  (The page cache's unit is the page; with smaller blocks, a page of
 * metadata could write a stale block over data that now lives there.)
 */
#include <gemel/block.h>
#include <gemel/list.h>
#include <gemel/mutex.h>
#include <gemel/spin.h>
#include <gemel/wait.h>

#define BUFFER_BUCKETS  256u

struct buffer {
	u8 *data;
	u64 block;

	/* cache->lock */
	u32 refs;
	u8 state;                       /* BUFFER_* */
	struct list hash_link, lru_link;

	/* The request under way. */
	struct buffer_cache *cache;
	struct block_request rq;
	struct block_seg seg;
	u32 failed_round;               /* cache->round in which its write failed: flush_lock */
};

#define BUFFER_UPTODATE 0x1u
#define BUFFER_DIRTY    0x2u
#define BUFFER_BUSY     0x4u            /* being read or written */
#define BUFFER_ERROR    0x8u

struct buffer_cache {
	/* Constant. */
	struct block_device *bdev;
	u32 block_size;

	struct list link;               /* caches_lock (buffer.c) */
	struct spinlock lock;           /* rank MAPPING */
	struct list buckets[BUFFER_BUCKETS];
	struct list lru;                /* oldest first; all buffers */
	u32 count, dirty;
	u32 limit;                      /* clean unused ones go beyond this */

	struct mutex flush_lock;        /* rank FS: one flush at a time */
	u32 round;                      /* flush_lock: flushes so far */
	u32 writes_in_flight;           /* atomic */
	int write_error;                /* atomic; since the last flush */
	struct wait_queue wait;         /* BUSY ended */
};

void buffer_cache_init(struct buffer_cache *bc, struct block_device *bdev, u32 block_size);
/* Nothing may be referenced; dirty buffers are lost (flush first). */
void buffer_cache_fini(struct buffer_cache *bc);

/* Block @block, read if needed, referenced.  0, -EIO, -ENOMEM.  May sleep. */
int __must_check buffer_get(struct buffer_cache *bc, u64 block, struct buffer **out);
/* The same without reading: zeroed, dirty. */
int __must_check buffer_get_new(struct buffer_cache *bc, u64 block, struct buffer **out);
void buffer_put(struct buffer *b);
/* Its contents changed.  The caller serialises changes of one block. */
void buffer_dirty(struct buffer *b);
/* The block is free: what is cached of it must not reach the disk.  May sleep. */
void buffer_forget(struct buffer_cache *bc, u64 block);
/* Write all dirty buffers and wait.  0 or the first error since the last flush; what could not be
 * written stays dirty. */
int __must_check buffer_flush(struct buffer_cache *bc);
