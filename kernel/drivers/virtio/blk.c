/* SPDX-License-Identifier: MIT */
/*
 * virtio block devices.  A request in the ring is a header that the device
 * reads, the data, and a status byte that it writes.  Headers and statuses
 * live in slots; a free slot and enough descriptors are what "room" means.
 *
 * Locking: the block device's queue lock covers the ring and the slots.
 */
#define LOG_TAG "virtio-blk"
#include "blk.h"

#include <uapi/errno.h>

#include <gemel/block.h>
#include <gemel/log.h>
#include <gemel/virtio.h>

enum { BLK_QUEUE = 128, BLK_SLOTS = 64, BLK_SEGS_MAX = 64, BLK_SECTORS_MAX = 2048 };
#define BLK_CAPACITY_MAX (1ull << (63 - SECTOR_SHIFT))  /* an off_t reaches all of it */

enum blk_feature {
	BLK_F_SIZE_MAX = 1,
	BLK_F_SEG_MAX = 2,
	BLK_F_RO = 5,
	BLK_F_BLK_SIZE = 6,
	BLK_F_FLUSH = 9,
};

/* In the configuration. */
enum { CONFIG_CAPACITY = 0, CONFIG_SIZE_MAX = 8, CONFIG_SEG_MAX = 12, CONFIG_BLK_SIZE = 20 };

enum blk_type { BLK_T_IN = 0, BLK_T_OUT = 1, BLK_T_FLUSH = 4 };
enum blk_status { BLK_S_OK = 0, BLK_S_IOERR = 1, BLK_S_UNSUPPORTED = 2 };

struct blk_header {
	le32 type;
	le32 reserved;
	le64 sector;
};
_Static_assert(sizeof(struct blk_header) == 16, "on the wire");

struct blk_slot {
	struct blk_header header;
	u8 status;
	u16 next_free;
	struct block_request *rq;       /* NULL: free */
};

struct blk {
	struct block_device bd;
	struct device *dev;
	struct virtqueue *vq;
	struct blk_slot *slot;
	uint first_free;                /* BLK_SLOTS: none */
	bool tells_len;                 /* used lengths mean something */
	u32 seg_bytes_max;
	struct virtio_seg segs[BLK_SEGS_MAX + 2];       /* of the request being put in */
};

static struct blk *to_blk(struct block_device *bd)
{
	return bd->priv;
}

static const u32 blk_types[] = {
	[BLOCK_READ] = BLK_T_IN,
	[BLOCK_WRITE] = BLK_T_OUT,
	[BLOCK_FLUSH] = BLK_T_FLUSH,
};

/* Fill blk->segs for @rq with @slot.  Returns how many there are. */
static uint build_segments(struct blk *blk, struct block_request *rq, struct blk_slot *slot)
{
	paddr_t slot_pa = virt_to_phys(slot);
	struct block_request *part;
	uint n = 0;

	blk->segs[n++] = (struct virtio_seg){ slot_pa + offsetof(struct blk_slot, header),
					      sizeof(slot->header) };
	if (block_request_op(rq) != BLOCK_FLUSH)
		block_for_each_part(part, rq)
			for (uint i = 0; i < part->nseg; i++)
				blk->segs[n++] = (struct virtio_seg){ part->seg[i].pa,
								      part->seg[i].len };
	blk->segs[n++] = (struct virtio_seg){ slot_pa + offsetof(struct blk_slot, status), 1 };
	return n;
}

static int blk_start(struct block_device *bd, struct block_request *rq)
{
	struct blk *blk = to_blk(bd);
	enum block_op op = block_request_op(rq);
	struct blk_slot *slot;
	uint n, nin;
	int err;

	if (blk->first_free == BLK_SLOTS)
		return -EBUSY;
	slot = &blk->slot[blk->first_free];
	slot->header.type = le32_make(blk_types[op]);
	slot->header.reserved = le32_make(0);
	slot->header.sector = le64_make(op == BLOCK_FLUSH ? 0 : rq->sector);
	slot->status = 0xff;
	n = build_segments(blk, rq, slot);
	nin = op == BLOCK_READ ? n - 1 : 1;
	err = virtqueue_add(blk->vq, blk->segs, n - nin, nin, slot);
	if (err < 0)
		return err == -ENOSPC ? -EBUSY : -EIO;
	slot->rq = rq;
	blk->first_free = slot->next_free;
	return 0;
}

static void blk_kick(struct block_device *bd)
{
	virtqueue_kick(to_blk(bd)->vq);
}

static void slot_collect(struct blk *blk, struct blk_slot *slot, int err, struct list *finished)
{
	block_collect(slot->rq, err, finished);
	slot->rq = NULL;
	slot->next_free = (u16)blk->first_free;
	blk->first_free = (uint)(slot - blk->slot);
}

/* What became of @slot's request; the device wrote @len bytes, perhaps counting the status. */
static int slot_error(struct blk *blk, const struct blk_slot *slot, u32 len)
{
	bool is_read = block_request_op(slot->rq) == BLOCK_READ;

	switch (READ_ONCE(slot->status)) {
	case BLK_S_OK:
		if (!is_read || !blk->tells_len || len >= slot->rq->all_sectors << SECTOR_SHIFT)
			return 0;
		virtqueue_break(blk->vq, "data is missing");
		return -EIO;
	case BLK_S_IOERR:
		return -EIO;
	case BLK_S_UNSUPPORTED:
		return -EOPNOTSUPP;
	default:
		virtqueue_break(blk->vq, "a status that there is not");
		return -EIO;
	}
}

/* A device that lies gets nothing more: what is in flight has failed. */
static void collect_broken(struct blk *blk, struct list *finished)
{
	bool is_still = virtio_stop(blk->dev);
	struct blk_slot *slot;

	while ((slot = virtqueue_detach(blk->vq))) {
		if (!is_still)
			block_withhold(slot->rq);
		slot_collect(blk, slot, -EIO, finished);
	}
}

static void collect(struct blk *blk, struct list *finished)
{
	struct blk_slot *slot;
	u32 len;

	do {
		virtqueue_disable_irq(blk->vq);
		while ((slot = virtqueue_take(blk->vq, &len)))
			slot_collect(blk, slot, slot_error(blk, slot, len), finished);
	} while (!virtqueue_enable_irq(blk->vq) && !virtqueue_is_broken(blk->vq));
	if (virtqueue_is_broken(blk->vq))
		collect_broken(blk, finished);
}

static void blk_interrupt(void *arg)
{
	struct list finished = LIST_INIT(finished);
	struct blk *blk = arg;

	irq_lock(&blk->bd.lock);
	collect(blk, &finished);
	irq_unlock(&blk->bd.lock);
	block_complete_list(&blk->bd, &finished);
}

static void blk_give_up(struct block_device *bd, struct list *finished)
{
	struct blk *blk = to_blk(bd);

	collect(blk, finished);
	if (list_is_empty(&bd->started) || virtqueue_is_broken(blk->vq))
		return;
	virtqueue_break(blk->vq, "a request is not done");
	collect_broken(blk, finished);
}

static const struct block_ops blk_ops = {
	.start = blk_start,
	.kick = blk_kick,
	.give_up = blk_give_up,
};

static u32 config32(struct device *dev, uint off)
{
	le32 v;

	virtio_config_read(dev, off, &v, sizeof(v));
	return le32_get(v);
}

static int refuse(struct device *dev, const char *what, u64 value)
{
	log_err("%s: %s %llu: the disk is not usable", dev->name, what, (unsigned long long)value);
	return -ENODEV;
}

static int read_geometry(struct device *dev, struct blk *blk, u64 features)
{
	struct block_device *bd = &blk->bd;
	le64 capacity;
	u32 segs = 1, room = virtqueue_size(blk->vq);

	if (room < 3)
		return refuse(dev, "queue size", room);
	virtio_config_read(dev, CONFIG_CAPACITY, &capacity, sizeof(capacity));
	bd->nsectors = le64_get(capacity);
	if (bd->nsectors >= BLK_CAPACITY_MAX)
		return refuse(dev, "sectors", bd->nsectors);
	bd->block_size = SECTOR_SIZE;
	if (features >> BLK_F_BLK_SIZE & 1)
		bd->block_size = config32(dev, CONFIG_BLK_SIZE);
	if (bd->block_size != SECTOR_SIZE && bd->block_size != 4096)
		return refuse(dev, "block size", bd->block_size);
	if (features >> BLK_F_SEG_MAX & 1)
		segs = config32(dev, CONFIG_SEG_MAX);
	segs = MIN(segs, (u32)BLK_SEGS_MAX);
	bd->max_segs = MAX(1u, MIN(segs, room - 2));
	bd->max_sectors = BLK_SECTORS_MAX;
	if (features >> BLK_F_SIZE_MAX & 1)
		bd->max_sectors = MIN((u32)BLK_SECTORS_MAX,
				      config32(dev, CONFIG_SIZE_MAX) >> SECTOR_SHIFT);
	if (bd->max_sectors < PAGE_SIZE / SECTOR_SIZE)
		return refuse(dev, "sectors in a segment", bd->max_sectors);
	bd->is_read_only = features >> BLK_F_RO & 1;
	bd->has_flush = features >> BLK_F_FLUSH & 1;
	return 0;
}

static int slots_create(struct device *dev, struct blk *blk)
{
	blk->slot = dev_zalloc(dev, BLK_SLOTS * sizeof(blk->slot[0]));
	if (!blk->slot)
		return -ENOMEM;
	for (uint i = 0; i < BLK_SLOTS; i++)
		blk->slot[i].next_free = (u16)(i + 1);
	blk->first_free = 0;
	return 0;
}

int virtio_blk_open(struct device *dev, struct block_device **out)
{
	const u64 want = 1ull << BLK_F_SIZE_MAX | 1ull << BLK_F_SEG_MAX | 1ull << BLK_F_RO |
			 1ull << BLK_F_BLK_SIZE | 1ull << BLK_F_FLUSH;
	struct blk *blk;
	u64 features;
	int err;

	blk = dev_zalloc(dev, sizeof(*blk));
	if (!blk)
		return -ENOMEM;
	err = slots_create(dev, blk);
	if (err < 0)
		return err;
	blk->dev = dev;
	blk->bd.ops = &blk_ops;
	blk->bd.priv = blk;
	block_init(&blk->bd);
	err = virtio_start(dev, want, &features);
	if (err < 0)
		return err;
	err = virtqueue_open(dev, 0, BLK_QUEUE, blk_interrupt, blk, &blk->vq);
	if (err < 0)
		return err;
	err = read_geometry(dev, blk, features);
	if (err < 0)
		return err;
	err = dev_on_release(dev, block_fini, &blk->bd);
	if (err < 0)
		return err;
	blk->tells_len = features >> VIRTIO_F_VERSION_1 & 1;
	dev->priv = blk;
	virtio_ready(dev);
	*out = &blk->bd;
	return 0;
}

static int blk_probe(struct device *dev)
{
	struct block_device *bd;
	int err = virtio_blk_open(dev, &bd);

	return err < 0 ? err : block_register(bd);
}

static const struct device_id blk_ids[] = { { 0, VIRTIO_ID_BLOCK, NULL }, { 0, 0, NULL } };

DRIVER(virtio_blk) = {
	.name = "virtio-blk",
	.bus = &virtio_bus,
	.ids = blk_ids,
	.probe = blk_probe,
};
