/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The page cache: per inode, page index -> struct page.  Shared by read, write
 * and mmap.  mm/pagecache.c.
 *
 * A page in the cache holds one reference of the cache.  PAGE_LOCKED serialises filling and
 * truncation; PAGE_UPTODATE means readable.  mapping->lock (spin, rank MAPPING) guards the tree.
 */
#include <gemel/page.h>
#include <gemel/radix.h>
#include <gemel/spin.h>

struct inode;
struct mapping;

struct mapping_ops {
	/* Fill the locked @pg (page_address()) from backing store; zero past end of file.  0 or
	 * -EIO, -ENOMEM.  Sleeps.  The caller sets UPTODATE and unlocks. */
	int (*read_page)(struct mapping *m, struct page *pg);
	/*
	 * Write the locked @pg, for which the caller has done page_start_writeback().  0: data
	 * is on its way or written, and page_end_writeback() was or will be called, once, by
	 * the callee or its completion; -errno: nothing started, the caller ends the write-back
	 * with the error.  The caller unlocks.
	 */
	int (*write_page)(struct mapping *m, struct page *pg);
	/*
	 * Allocate backing for [from, to) of @pg before user bytes are copied in; page locked.
	 * Also called when a shared mapping first dirties a page.  0, -ENOSPC, -EIO.  May be
	 * NULL.
	 */
	int (*prepare_write)(struct mapping *m, struct page *pg, uint from, uint to);
	/* Start reading @n pages from @index on at once (read-ahead), optional: for each,
	 * page = mapping_add_for_read(m, i); NULL: skip it; then fill, and page_read_done(). */
	void (*read_ahead)(struct mapping *m, u64 index, size_t n);
};

struct mapping {
	struct spinlock lock;
	struct radix pages;             /* tags: RADIX_DIRTY, RADIX_WRITEBACK as tag 0 and 1 */
	u64 npages;
	const struct mapping_ops *ops;  /* NULL ops->read_page: tmpfs, pages start zero */
	struct inode *inode;            /* owner, not referenced; NULL for a block device's */
	struct list areas;              /* who maps it: mm */
	struct spinlock areas_lock;
	bool no_reclaim;                /* tmpfs: pages are the only copy */
	int error;                      /* a write failed since the last fsync: -EIO, -ENOSPC */
	struct list dirty_link;         /* list of mappings with dirty pages: writeback.c */
	u64 dirty_since_ns;
	u32 writers;                    /* write-back passes under way */
	u32 ra_size;                    /* read-ahead: last window, lock */
	u64 ra_next;                    /* read-ahead: first page behind it */
};

#define MAPPING_TAG_DIRTY       0
#define MAPPING_TAG_WRITEBACK   1

void mapping_init(struct mapping *m, const struct mapping_ops *ops, struct inode *ip);
/* Drops every page (dirty too) and waits for write-back; nobody maps it. */
void mapping_fini(struct mapping *m);

/* The page, referenced, or NULL when not cached. */
struct page *mapping_find(struct mapping *m, u64 index);
/*
 * The page, up to date, referenced, unlocked: reads it (with read-ahead) if needed.  0, -EIO,
 * -ENOMEM.
 */
int __must_check mapping_get(struct mapping *m, u64 index, struct page **out);
/* The page, locked and referenced, perhaps not up to date; created if missing. */
int __must_check mapping_get_locked(struct mapping *m, u64 index, struct page **out);
/*
 * For read-ahead: a new page, locked, referenced, not up to date; NULL: there is one, or no
 * memory.
 */
struct page *mapping_add_for_read(struct mapping *m, u64 index);
/* Its contents have come (or not, @err < 0): marks, unlocks, puts it.  Any context. */
void page_read_done(struct page *pg, int err);
void page_lock(struct page *pg);
bool page_try_lock(struct page *pg);
void page_unlock(struct page *pg);     /* any context */

/* Tag dirty, account; page locked or mapped. */
void page_set_dirty(struct page *pg);
void page_start_writeback(struct page *pg);     /* DIRTY -> WRITEBACK; page locked */
void page_end_writeback(struct page *pg, int err);      /* any context */
void page_wait_writeback(struct page *pg);

/*
 * Write dirty pages of [first, last] (byte offsets) and with @wait wait until on the device.
 * Returns and clears m->error.
 */
int mapping_writeback(struct mapping *m, u64 first, u64 last, bool wait);
/* Drop pages wholly beyond @size, zero the tail of the last one, unmap them from users. */
void mapping_truncate(struct mapping *m, u64 size);
/*
 * The file is about to grow beyond @size, its end: the rest of the last page, of which the disk may
 * still have what was cut off once, becomes zero, there too.  0, -EIO, -ENOMEM.
 */
int __must_check mapping_zero_tail(struct mapping *m, u64 size);

/* All mappings: for sync(2) and the flusher thread. */
void writeback_all(bool wait);
void writeback_init(void);              /* starts the flusher thread */

/* read(2) and write(2) through the cache.  @size is the file's size.  Bytes, or -errno. */
struct iobuf;
ssize_t mapping_read(struct mapping *m, struct iobuf *io, u64 pos, u64 size);
/* inode lock held; extends inode->size page by page, the caller marks the inode dirty. */
ssize_t mapping_write(struct mapping *m, struct iobuf *io, u64 pos);
