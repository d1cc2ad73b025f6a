/* SPDX-License-Identifier: MIT */
/*
 * virtio over a page of registers: version 2, and version 1 ("legacy"),
 * which QEMU's virt machine still has by default.  Legacy differs in how a
 * queue gets its memory (one page number for all three parts), in having
 * only 32 feature bits that matter and no generation of the configuration.
 */
#define LOG_TAG "virtio-mmio"
#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/log.h>
#include <gemel/virtio.h>

#include "transport.h"

enum mmio_reg {
	REG_MAGIC = 0x000,
	REG_VERSION = 0x004,
	REG_DEVICE_ID = 0x008,
	REG_DEVICE_FEATURES = 0x010,
	REG_DEVICE_FEATURES_SEL = 0x014,
	REG_DRIVER_FEATURES = 0x020,
	REG_DRIVER_FEATURES_SEL = 0x024,
	REG_GUEST_PAGE_SIZE = 0x028,    /* legacy */
	REG_QUEUE_SEL = 0x030,
	REG_QUEUE_NUM_MAX = 0x034,
	REG_QUEUE_NUM = 0x038,
	REG_QUEUE_ALIGN = 0x03c,        /* legacy */
	REG_QUEUE_PFN = 0x040,          /* legacy */
	REG_QUEUE_READY = 0x044,
	REG_QUEUE_NOTIFY = 0x050,
	REG_INTERRUPT_STATUS = 0x060,
	REG_INTERRUPT_ACK = 0x064,
	REG_STATUS = 0x070,
	REG_QUEUE_DESC = 0x080,
	REG_QUEUE_AVAIL = 0x090,
	REG_QUEUE_USED = 0x0a0,
	REG_CONFIG_GENERATION = 0x0fc,
	REG_CONFIG = 0x100,
};

enum { MAGIC = 0x74726976, INTERRUPT_QUEUE = 1, INTERRUPT_CONFIG = 2 };

struct mmio {
	struct virtio_device vd;
	struct io_region regs;
};

static struct mmio *to_mmio(struct virtio_device *vd)
{
	return container_of(vd, struct mmio, vd);
}

static u8 mmio_get_status(struct virtio_device *vd)
{
	return (u8)io_read32(&to_mmio(vd)->regs, REG_STATUS);
}

static void mmio_set_status(struct virtio_device *vd, u8 status)
{
	struct mmio *m = to_mmio(vd);

	io_write32(&m->regs, REG_STATUS, status);
	if (status == 0 && vd->is_legacy)
		io_write32(&m->regs, REG_GUEST_PAGE_SIZE, RING_ALIGN);
}

static u64 mmio_get_features(struct virtio_device *vd)
{
	const struct io_region *regs = &to_mmio(vd)->regs;
	u64 low;

	io_write32(regs, REG_DEVICE_FEATURES_SEL, 0);
	low = io_read32(regs, REG_DEVICE_FEATURES);
	if (vd->is_legacy)
		return low;
	io_write32(regs, REG_DEVICE_FEATURES_SEL, 1);
	return low | (u64)io_read32(regs, REG_DEVICE_FEATURES) << 32;
}

static void mmio_set_features(struct virtio_device *vd, u64 features)
{
	const struct io_region *regs = &to_mmio(vd)->regs;

	io_write32(regs, REG_DRIVER_FEATURES_SEL, 0);
	io_write32(regs, REG_DRIVER_FEATURES, (u32)features);
	if (vd->is_legacy)
		return;
	io_write32(regs, REG_DRIVER_FEATURES_SEL, 1);
	io_write32(regs, REG_DRIVER_FEATURES, (u32)(features >> 32));
}

static uint mmio_queue_max(struct virtio_device *vd, uint index)
{
	const struct io_region *regs = &to_mmio(vd)->regs;

	io_write32(regs, REG_QUEUE_SEL, index);
	return io_read32(regs, REG_QUEUE_NUM_MAX);
}

static void write_address(const struct io_region *regs, enum mmio_reg reg, paddr_t pa)
{
	io_write32(regs, reg, (u32)pa);
	io_write32(regs, reg + 4, (u32)(pa >> 32));
}

static int mmio_queue_set_up(struct virtio_device *vd, struct virtqueue *vq)
{
	const struct io_region *regs = &to_mmio(vd)->regs;

	vq->doorbell = regs;
	vq->doorbell_off = REG_QUEUE_NOTIFY;
	io_write32(regs, REG_QUEUE_SEL, vq->index);
	io_write32(regs, REG_QUEUE_NUM, vq->ring.size);
	if (vd->is_legacy) {
		u64 pfn = virtqueue_desc_pa(vq) / RING_ALIGN;

		if (pfn >> 32)
			return -ENOSPC;
		io_write32(regs, REG_QUEUE_ALIGN, RING_ALIGN);
		io_write32(regs, REG_QUEUE_PFN, (u32)pfn);
		return 0;
	}
	write_address(regs, REG_QUEUE_DESC, virtqueue_desc_pa(vq));
	write_address(regs, REG_QUEUE_AVAIL, virtqueue_avail_pa(vq));
	write_address(regs, REG_QUEUE_USED, virtqueue_used_pa(vq));
	io_write32(regs, REG_QUEUE_READY, 1);
	return 0;
}

static u32 mmio_config_read(struct virtio_device *vd, uint off, uint width)
{
	return io_read_width(&to_mmio(vd)->regs, REG_CONFIG + off, width);
}

static void mmio_config_write8(struct virtio_device *vd, uint off, u8 v)
{
	io_write8(&to_mmio(vd)->regs, REG_CONFIG + off, v);
}

static u32 mmio_config_generation(struct virtio_device *vd)
{
	return vd->is_legacy ? 0 : io_read32(&to_mmio(vd)->regs, REG_CONFIG_GENERATION);
}

static const struct virtio_transport mmio_transport = {
	.get_status = mmio_get_status,
	.set_status = mmio_set_status,
	.get_features = mmio_get_features,
	.set_features = mmio_set_features,
	.queue_max = mmio_queue_max,
	.queue_set_up = mmio_queue_set_up,
	.config_read = mmio_config_read,
	.config_write8 = mmio_config_write8,
	.config_generation = mmio_config_generation,
};

static void mmio_interrupt(void *arg)
{
	struct mmio *m = arg;
	u32 status = io_read32(&m->regs, REG_INTERRUPT_STATUS);

	if (!status)
		return;
	/* The used indices that this interrupt is about are read after the status. */
	dma_rmb();
	io_write32(&m->regs, REG_INTERRUPT_ACK, status);
	if (status & INTERRUPT_QUEUE)
		virtio_queues_interrupt(&m->vd);
	if (status & INTERRUPT_CONFIG)
		virtio_config_interrupt(&m->vd);
}

static int mmio_probe(struct device *dev)
{
	struct io_region regs;
	struct mmio *m;
	u32 version, id;
	int err;

	err = dev_map(dev, 0, &regs);
	if (err < 0)
		return err;
	if (regs.size < REG_CONFIG || io_read32(&regs, REG_MAGIC) != MAGIC)
		return -ENODEV;
	version = io_read32(&regs, REG_VERSION);
	id = io_read32(&regs, REG_DEVICE_ID);
	/* Device 0 is an empty slot. */
	if (id == 0 || version < 1 || version > 2)
		return -ENODEV;
	m = dev_zalloc(dev, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->regs = regs;
	m->vd.transport = &mmio_transport;
	m->vd.parent = dev;
	m->vd.id = id;
	m->vd.is_legacy = version == 1;
	err = dev_irq(dev, 0, mmio_interrupt, m);
	if (err < 0)
		return err;
	return virtio_add(&m->vd);
}

static const struct device_id mmio_ids[] = { { .compatible = "virtio,mmio" }, { 0, 0, NULL } };

DRIVER(virtio_mmio) = {
	.name = "virtio-mmio",
	.bus = &platform_bus,
	.ids = mmio_ids,
	.probe = mmio_probe,
};
