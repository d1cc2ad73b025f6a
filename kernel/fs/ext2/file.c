/* SPDX-License-Identifier: MIT */
/*
 * ext2: pages of regular files to and from the device.
 *
 * A page is up to four blocks, which may lie anywhere; each run of adjacent
 * blocks is one request, and a page_io counts them.  Reading waits; read-ahead and
 * writing complete in the block interrupt, which settles the page.
 *
 * Pages beyond the end of the file are zero and are not mapped to blocks: the
 * VFS lowers the size and drops the pages before it calls truncate, so whoever
 * reads the size first cannot follow a pointer that is going away.
 */
#include "ext2.h"

#include <uapi/errno.h>

#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>

#define MAX_RUNS        (PAGE_SIZE / 1024)

struct page_io {
	struct page *pg;
	void (*end)(struct page_io *io, int err);
	u32 pending;                    /* atomic */
	int err;                        /* atomic */
	uint nruns;
	struct completion done;         /* synchronous ones */
	struct block_request rq[MAX_RUNS];
	struct block_seg seg[MAX_RUNS];
};

static void run_done(struct block_request *rq, int err)
{
	struct page_io *io = rq->priv;

	if (err < 0)
		WRITE_ONCE(io->err, err);
	if (__atomic_sub_fetch(&io->pending, 1, __ATOMIC_ACQ_REL) == 0)
		io->end(io, READ_ONCE(io->err));
}

static void end_sync(struct page_io *io, int err)
{
	(void)err;
	completion_done(&io->done);
}

static void end_read_ahead(struct page_io *io, int err)
{
	page_read_done(io->pg, err);
	kfree(io);
}

static void end_write(struct page_io *io, int err)
{
	page_end_writeback(io->pg, err);
	kfree(io);
}

/* Append @size bytes at @offset of the page, at device @sector: to the last run if adjacent. */
static void io_add(struct page_io *io, enum block_op op, u32 offset, u32 size, u64 sector)
{
	struct block_request *rq = io->nruns ? &io->rq[io->nruns - 1] : NULL;
	struct block_seg *seg = io->nruns ? &io->seg[io->nruns - 1] : NULL;
	paddr_t pa = page_to_phys(io->pg) + offset;

	if (rq && rq->sector + seg->len / SECTOR_SIZE == sector && seg->pa + seg->len == pa) {
		seg->len += size;
		return;
	}
	rq = &io->rq[io->nruns];
	seg = &io->seg[io->nruns++];
	*seg = (struct block_seg){ .pa = pa, .len = size };
	memset(rq, 0, sizeof(*rq));
	list_init(&rq->link);
	rq->op = op;
	rq->sector = sector;
	rq->seg = seg;
	rq->nseg = 1;
	rq->done = run_done;
	rq->priv = io;
}

static void io_init(struct page_io *io, struct page *pg,
		    void (*end)(struct page_io *io, int err))
{
	io->pg = pg;
	io->end = end;
	io->err = 0;
	io->nruns = 0;
	completion_init(&io->done);
}

/* Find the blocks of the page; when reading, holes become zeros.  0 or -errno. */
static int io_map(struct page_io *io, struct inode *ip, enum block_op op)
{
	struct ext2 *fs = ext2_of(ip);
	u64 start = io->pg->index << PAGE_SHIFT;
	u64 size = READ_ONCE(ip->size);

	for (u32 offset = 0; offset < PAGE_SIZE; offset += fs->block_size) {
		u32 block = 0;
		int err = 0;

		if (start + offset < size)
			err = ext2_map(ip, (start + offset) >> fs->block_bits, &block);
		if (err < 0)
			return err;
		if (block)
			io_add(io, op, offset, fs->block_size,
			       (u64)block << (fs->block_bits - SECTOR_SHIFT));
		else if (op == BLOCK_READ)
			memset((u8 *)page_address(io->pg) + offset, 0, fs->block_size);
	}
	return 0;
}

/* All runs to the device; end() may have run when this returns.  With none, end() runs here. */
static void io_submit(struct page_io *io, struct ext2 *fs)
{
	struct list requests;

	if (io->nruns == 0) {
		io->end(io, 0);
		return;
	}
	list_init(&requests);
	io->pending = io->nruns;
	for (uint i = 0; i < io->nruns; i++)
		list_add_tail(&requests, &io->rq[i].link);
	block_submit_list(fs->bdev, &requests);
}

static void zero_beyond_end(struct inode *ip, struct page *pg)
{
	u64 start = pg->index << PAGE_SHIFT;
	u64 size = READ_ONCE(ip->size);

	if (size > start && size < start + PAGE_SIZE)
		memset((u8 *)page_address(pg) + (size - start), 0, start + PAGE_SIZE - size);
}

static int ext2_read_page(struct mapping *m, struct page *pg)
{
	struct page_io io;
	int err;

	io_init(&io, pg, end_sync);
	err = io_map(&io, m->inode, BLOCK_READ);
	if (err < 0)
		return err;
	io_submit(&io, ext2_of(m->inode));
	completion_wait(&io.done);
	zero_beyond_end(m->inode, pg);
	return io.err;
}

/* Start reading one page; nothing is lost if it does not work out. */
static void read_ahead_page(struct mapping *m, u64 index)
{
	struct page *pg = mapping_add_for_read(m, index);
	struct page_io *io;
	int err = -ENOMEM;

	if (!pg)
		return;
	io = kalloc(sizeof(*io));
	if (!io)
		goto err_done;
	io_init(io, pg, end_read_ahead);
	err = io_map(io, m->inode, BLOCK_READ);
	if (err < 0)
		goto err_free;
	io_submit(io, ext2_of(m->inode));
	return;

err_free:
	kfree(io);
err_done:
	page_read_done(pg, err);
}

static void ext2_read_ahead(struct mapping *m, u64 index, size_t n)
{
	/* The page at the end needs its tail cleared after the read: not from an interrupt. */
	u64 whole = READ_ONCE(m->inode->size) >> PAGE_SHIFT;

	for (; n > 0 && index < whole; n--)
		read_ahead_page(m, index++);
}

static int write_page_sync(struct inode *ip, struct page *pg)
{
	struct page_io io;
	int err;

	io_init(&io, pg, end_sync);
	err = io_map(&io, ip, BLOCK_WRITE);
	if (err < 0)
		return err;
	io_submit(&io, ext2_of(ip));
	completion_wait(&io.done);
	page_end_writeback(pg, io.err);
	return 0;
}

static int ext2_write_page(struct mapping *m, struct page *pg)
{
	struct page_io *io = kalloc_atomic(sizeof(*io));
	int err;

	/* Writing is how memory becomes free: it must not need any. */
	if (!io)
		return write_page_sync(m->inode, pg);
	io_init(io, pg, end_write);
	err = io_map(io, m->inode, BLOCK_WRITE);
	if (err < 0) {
		kfree(io);
		return err;
	}
	io_submit(io, ext2_of(m->inode));
	return 0;
}

static int ext2_prepare_write(struct mapping *m, struct page *pg, uint from, uint to)
{
	struct inode *ip = m->inode;
	struct ext2 *fs = ext2_of(ip);
	u64 start = pg->index << PAGE_SHIFT;

	if (fs->sb->read_only)
		return -EROFS;
	for (u32 offset = ALIGN_DOWN(from, fs->block_size); offset < to; offset += fs->block_size) {
		u32 block;
		bool is_new;
		int err = ext2_map_alloc(ip, (start + offset) >> fs->block_bits, &block, &is_new);

		if (err < 0)
			return err;
	}
	return 0;
}

const struct mapping_ops ext2_mapping_ops = {
	.read_page = ext2_read_page,
	.write_page = ext2_write_page,
	.prepare_write = ext2_prepare_write,
	.read_ahead = ext2_read_ahead,
};
