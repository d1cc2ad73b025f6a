/* SPDX-License-Identifier: MIT */
/*
 * The page cache of whole block devices: what /dev/vda shows, and where file
 * systems keep their metadata.  Page index i is bytes [4096 i, 4096 (i + 1))
 * of the device; what lies beyond its end reads as zeros and is not written.
 */
#include "block_cache.h"

#include <uapi/errno.h>

#include <gemel/block.h>
#include <gemel/slab.h>
#include <gemel/string.h>

enum { PAGE_SECTORS = PAGE_SIZE / SECTOR_SIZE };

/* Bytes of page @index that are on the device. */
static u32 bytes_on_device(const struct block_device *bd, u64 index)
{
	u64 first = index * PAGE_SECTORS;

	if (first >= bd->nsectors)
		return 0;
	return (u32)(MIN(bd->nsectors - first, (u64)PAGE_SECTORS) * SECTOR_SIZE);
}

static int cache_read_page(struct mapping *m, struct page *pg)
{
	struct block_device *bd = container_of(m, struct block_device, mapping);
	u32 len = bytes_on_device(bd, pg->index);
	u8 *data = page_address(pg);

	memset(data + len, 0, PAGE_SIZE - len);
	if (!len)
		return 0;
	return block_read_sync(bd, pg->index * PAGE_SECTORS, data, len);
}

/* A page on its way to the device. */
struct page_write {
	struct block_request rq;
	struct block_seg seg;
	struct page *pg;
};

static void write_done(struct block_request *rq, int err)
{
	struct page_write *w = container_of(rq, struct page_write, rq);
	struct page *pg = w->pg;

	kfree(w);
	page_end_writeback(pg, err);
}

static int cache_write_page(struct mapping *m, struct page *pg)
{
	struct block_device *bd = container_of(m, struct block_device, mapping);
	u32 len = bytes_on_device(bd, pg->index);
	struct page_write *w;

	if (!len) {
		page_end_writeback(pg, 0);
		return 0;
	}
	/* Not through reclaim, which may be what is writing; the reserve is for this. */
	w = kalloc_atomic(sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->pg = pg;
	w->seg = (struct block_seg){ page_to_phys(pg), len };
	w->rq = (struct block_request){
		.op = BLOCK_WRITE,
		.sector = pg->index * PAGE_SECTORS,
		.seg = &w->seg,
		.nseg = 1,
		.done = write_done,
	};
	block_submit(bd, &w->rq);
	return 0;
}

const struct mapping_ops block_mapping_ops = {
	.read_page = cache_read_page,
	.write_page = cache_write_page,
};
