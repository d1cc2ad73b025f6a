/* SPDX-License-Identifier: MIT */
#include <uapi/errno.h>

#include <gemel/iobuf.h>
#include <gemel/ktest.h>
#include <gemel/pagecache.h>
#include <gemel/slab.h>
#include <gemel/string.h>

#include "mm.h"

#define FILE_PAGES 40u

/* A "disk" in memory. */
static struct disk {
	struct mapping m;
	u8 data[FILE_PAGES * PAGE_SIZE];
	uint reads, writes;
	bool fail_reads, fail_writes;
} *disk;

static int disk_read_page(struct mapping *m, struct page *pg)
{
	struct disk *d = container_of(m, struct disk, m);

	d->reads++;
	if (d->fail_reads)
		return -EIO;
	if (pg->index < FILE_PAGES)
		memcpy(page_address(pg), d->data + pg->index * PAGE_SIZE, PAGE_SIZE);
	else
		memset(page_address(pg), 0, PAGE_SIZE);
	return 0;
}

static int disk_write_page(struct mapping *m, struct page *pg)
{
	struct disk *d = container_of(m, struct disk, m);

	d->writes++;
	if (d->fail_writes)
		return -EIO;
	if (pg->index < FILE_PAGES)
		memcpy(d->data + pg->index * PAGE_SIZE, page_address(pg), PAGE_SIZE);
	page_end_writeback(pg, 0);
	return 0;
}

static const struct mapping_ops disk_ops = {
	.read_page = disk_read_page,
	.write_page = disk_write_page,
};

static bool disk_create(void)
{
	disk = kzalloc(sizeof(*disk));
	if (!disk)
		return false;
	for (uint i = 0; i < sizeof(disk->data); i++)
		disk->data[i] = (u8)(i / PAGE_SIZE + i);
	mapping_init(&disk->m, &disk_ops, NULL);
	return true;
}

static void disk_destroy(void)
{
	mapping_fini(&disk->m);
	kfree(disk);
}

static ssize_t cache_read(void *buf, size_t n, u64 pos, u64 size)
{
	struct iobuf io;

	iobuf_init_kernel(&io, buf, n);
	return mapping_read(&disk->m, &io, pos, size);
}

static ssize_t cache_write(void *buf, size_t n, u64 pos)
{
	struct iobuf io;

	iobuf_init_kernel(&io, buf, n);
	return mapping_write(&disk->m, &io, pos);
}

KTEST(pagecache, reads_once)
{
	u8 *buf = kalloc(3 * PAGE_SIZE);

	if (!buf || !disk_create())
		return;
	EXPECT_EQ(10000, cache_read(buf, 10000, 100, sizeof(disk->data)));
	EXPECT_EQ(0, memcmp(buf, disk->data + 100, 10000));
	EXPECT_EQ(3, disk->reads);
	EXPECT_EQ(5000, cache_read(buf, 5000, 5000, sizeof(disk->data)));
	EXPECT_EQ(3, disk->reads);
	EXPECT_EQ(50, cache_read(buf, 100, 950, 1000));
	EXPECT_EQ(0, cache_read(buf, 100, 1000, 1000));
	disk_destroy();
	kfree(buf);
}

KTEST(pagecache, writes_back)
{
	u8 *buf = kalloc(3 * PAGE_SIZE);

	if (!buf || !disk_create())
		return;
	memset(buf, 0xee, 3 * PAGE_SIZE);
	EXPECT_EQ(2 * PAGE_SIZE, cache_write(buf, 2 * PAGE_SIZE, PAGE_SIZE / 2));
	/* The middle page was replaced whole: not read. */
	EXPECT_EQ(2, disk->reads);
	EXPECT_EQ(0, disk->writes);
	EXPECT_EQ(0, mapping_writeback(&disk->m, 0, ~0ull, true));
	EXPECT_EQ(3, disk->writes);
	EXPECT_EQ(0xee, disk->data[PAGE_SIZE / 2]);
	EXPECT_EQ((PAGE_SIZE / 2 - 1) & 0xff, disk->data[PAGE_SIZE / 2 - 1]);
	EXPECT_EQ(0xee, disk->data[5 * PAGE_SIZE / 2 - 1]);
	EXPECT_EQ(0, mapping_writeback(&disk->m, 0, ~0ull, true));
	EXPECT_EQ(3, disk->writes);
	disk_destroy();
	kfree(buf);
}

KTEST(pagecache, errors_are_told_once)
{
	u8 byte = 1;

	if (!disk_create())
		return;
	disk->fail_reads = true;
	EXPECT_EQ(-EIO, cache_read(&byte, 1, 0, PAGE_SIZE));
	disk->fail_reads = false;
	EXPECT_EQ(1, cache_read(&byte, 1, 0, PAGE_SIZE));
	EXPECT_EQ(1, cache_write(&byte, 1, 0));
	disk->fail_writes = true;
	EXPECT_EQ(-EIO, mapping_writeback(&disk->m, 0, ~0ull, true));
	EXPECT_EQ(0, mapping_writeback(&disk->m, 0, ~0ull, true));
	disk_destroy();
}

KTEST(pagecache, truncate_drops_and_zeroes)
{
	u8 buf[16];

	if (!disk_create())
		return;
	for (uint i = 0; i < 10; i++)
		EXPECT_EQ(16, cache_read(buf, 16, i * PAGE_SIZE + 100, sizeof(disk->data)));
	memset(buf, 0x77, sizeof(buf));
	EXPECT_EQ(16, cache_write(buf, 16, 3 * PAGE_SIZE + 100));
	mapping_truncate(&disk->m, 3 * PAGE_SIZE + 108);
	EXPECT_EQ(4, disk->m.npages);
	EXPECT_EQ(16, cache_read(buf, 16, 3 * PAGE_SIZE + 100, sizeof(disk->data)));
	EXPECT_EQ(0x77, buf[7]);
	EXPECT_EQ(0, buf[8]);
	disk_destroy();
}

KTEST(pagecache, reclaim_takes_clean_pages_only)
{
	u8 byte = 9;
	u64 before;

	if (!disk_create())
		return;
	for (uint i = 0; i < FILE_PAGES; i++)
		EXPECT_EQ(1, cache_read(&byte, 1, i * PAGE_SIZE, sizeof(disk->data)));
	byte = 42;
	EXPECT_EQ(1, cache_write(&byte, 1, 5 * PAGE_SIZE));
	before = disk->m.npages;
	EXPECT_EQ(FILE_PAGES, before);
	(void)reclaim_pages(1000000);
	/* The dirty one stays, unless the flusher has been quick. */
	EXPECT(disk->m.npages <= 1 && disk->m.npages + disk->writes >= 1);
	EXPECT_EQ(1, cache_read(&byte, 1, 5 * PAGE_SIZE, sizeof(disk->data)));
	EXPECT_EQ(42, byte);
	EXPECT_EQ(1, cache_read(&byte, 1, 7 * PAGE_SIZE + 3, sizeof(disk->data)));
	EXPECT_EQ(disk->data[7 * PAGE_SIZE + 3], byte);
	disk_destroy();
}

KTEST(pagecache, every_allocation_may_fail)
{
	u8 byte = 1;

	FOR_EACH_OOM(n) {
		ssize_t r = -ENOMEM, w = -ENOMEM;

		if (disk_create()) {
			r = cache_read(&byte, 1, 0, sizeof(disk->data));
			w = cache_write(&byte, 1, 9 * PAGE_SIZE);
			disk_destroy();
		}
		EXPECT(fault_hit() || (r == 1 && w == 1));
		EXPECT(r != 0 && w != 0);
	}
}
