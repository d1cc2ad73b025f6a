/* SPDX-License-Identifier: MIT */
/*
 * The host port's disk: an image in the program's memory behind the block layer.
 *
 * start() queues, kick() raises the interrupt, the handler moves the data and
 * completes, in the order of submission.
 *
 * The cache, if it is kept: `stable` is the image as of the last flush, `log` the
 * sectors that were written since.  A power cut leaves stable plus some of the log.
 */
#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/block.h>
#include <gemel/irq.h>
#include <gemel/string.h>

#include "host.h"
#include "posix.h"

enum { DISK_DEPTH = 16, DISK_SEGS = 32, DISK_SECTORS = 1024, DISK_EMPTY = 1 << 20 };

struct logged {
	u64 sector;
	u8 data[SECTOR_SIZE];
};

static struct host_disk {
	struct block_device bd;
	struct block_request *started[DISK_DEPTH];      /* bd.lock, as the next */
	uint nstarted;
	u8 *image;
	/* The cache. */
	u8 *stable;                     /* NULL: not kept */
	struct logged *log;
	size_t nlogged, log_room;
} disk;

u64 host_disk_requests, host_disk_writes;

static void log_write(u64 sector, const u8 *data, size_t len)
{
	for (; len; len -= SECTOR_SIZE, data += SECTOR_SIZE, sector++) {
		if (disk.nlogged == disk.log_room) {
			disk.log_room = disk.log_room * 2 + 1024;
			disk.log = posix_realloc(disk.log, disk.log_room * sizeof(*disk.log));
		}
		disk.log[disk.nlogged].sector = sector;
		memcpy(disk.log[disk.nlogged++].data, data, SECTOR_SIZE);
	}
}

static void log_apply(u8 *image, size_t i)
{
	memcpy(image + disk.log[i].sector * SECTOR_SIZE, disk.log[i].data, SECTOR_SIZE);
}

static void cache_flush(void)
{
	for (size_t i = 0; i < disk.nlogged; i++)
		log_apply(disk.stable, i);
	disk.nlogged = 0;
}

void host_disk_power_cut(u32 seed, u8 *out)
{
	memcpy(out, disk.stable, disk.bd.nsectors * SECTOR_SIZE);
	for (size_t i = 0; i < disk.nlogged; i++) {
		seed = seed * 1664525 + 1013904223;
		if (seed >> 30)
			log_apply(out, i);
	}
}

static void move_part(const struct block_request *part)
{
	u64 sector = part->sector;

	for (uint i = 0; i < part->nseg; i++) {
		u8 *mem = phys_to_virt(part->seg[i].pa), *at = disk.image + sector * SECTOR_SIZE;
		u32 len = part->seg[i].len;

		if (part->op == BLOCK_READ)
			memcpy(mem, at, len);
		else
			memcpy(at, mem, len);
		if (part->op == BLOCK_WRITE && disk.stable)
			log_write(sector, at, len);
		sector += len >> SECTOR_SHIFT;
	}
}

static void request_do(struct block_request *rq)
{
	struct block_request *part;

	host_disk_requests++;
	host_disk_writes += rq->op == BLOCK_WRITE;
	if (block_request_op(rq) != BLOCK_FLUSH)
		block_for_each_part(part, rq)
			move_part(part);
	else if (disk.stable)
		cache_flush();
}

static void disk_interrupt(void *arg)
{
	struct list finished = LIST_INIT(finished);

	(void)arg;
	irq_lock(&disk.bd.lock);
	for (uint i = 0; i < disk.nstarted; i++) {
		request_do(disk.started[i]);
		block_collect(disk.started[i], 0, &finished);
	}
	disk.nstarted = 0;
	irq_unlock(&disk.bd.lock);
	block_complete_list(&disk.bd, &finished);
}

static int disk_start(struct block_device *bd, struct block_request *rq)
{
	(void)bd;
	if (disk.nstarted == DISK_DEPTH)
		return -EBUSY;
	disk.started[disk.nstarted++] = rq;
	return 0;
}

static void disk_kick(struct block_device *bd)
{
	(void)bd;
	arch_irq_raise(HOST_IRQ_DISK);
}

static const struct block_ops disk_ops = { .start = disk_start, .kick = disk_kick };

void host_disk_insert(u8 *image, u64 bytes)
{
	mapping_truncate(&disk.bd.mapping, 0);
	disk.image = image;
	disk.bd.nsectors = bytes >> SECTOR_SHIFT;
	disk.stable = posix_realloc(disk.stable, 0);
	disk.nlogged = 0;
}

void host_disk_keep_cache(void)
{
	size_t bytes = disk.bd.nsectors << SECTOR_SHIFT;

	disk.stable = posix_realloc(disk.stable, bytes);
	memcpy(disk.stable, disk.image, bytes);
	disk.nlogged = 0;
}

void host_disk_init(void)
{
	disk.image = posix_realloc(NULL, DISK_EMPTY);
	memset(disk.image, 0, DISK_EMPTY);
	disk.bd.nsectors = DISK_EMPTY / SECTOR_SIZE;
	disk.bd.block_size = SECTOR_SIZE;
	disk.bd.max_segs = DISK_SEGS;
	disk.bd.max_sectors = DISK_SECTORS;
	disk.bd.has_flush = true;
	disk.bd.ops = &disk_ops;
	block_init(&disk.bd);
	if (irq_request(HOST_IRQ_DISK, IRQ_EDGE, disk_interrupt, NULL, "disk") < 0 ||
	    block_register(&disk.bd) < 0)
		panic("host: no disk");
}
