/* SPDX-License-Identifier: MIT */
/*
 * virtio 1.0 over PCI.  Vendor capabilities say where in which BAR the four
 * register blocks are.  Vector 0 is for configuration changes, each queue
 * has its own after it; if there are too few, the last is shared.
 */
#define LOG_TAG "virtio-pci"
#include <gemel/pci.h>

#include <uapi/errno.h>

#include <gemel/log.h>
#include <gemel/virtio.h>

#include "transport.h"

/* In the vendor capability. */
enum {
	CAP_TYPE = 3,
	CAP_BAR = 4,
	CAP_OFFSET = 8,
	CAP_LENGTH = 12,
	CAP_NOTIFY_MULTIPLIER = 16,
};
enum cap_type { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4 };

/* The common block. */
enum common_reg {
	COMMON_DEVICE_FEATURE_SEL = 0x00,
	COMMON_DEVICE_FEATURE = 0x04,
	COMMON_DRIVER_FEATURE_SEL = 0x08,
	COMMON_DRIVER_FEATURE = 0x0c,
	COMMON_CONFIG_VECTOR = 0x10,
	COMMON_STATUS = 0x14,
	COMMON_GENERATION = 0x15,
	COMMON_QUEUE_SEL = 0x16,
	COMMON_QUEUE_SIZE = 0x18,
	COMMON_QUEUE_VECTOR = 0x1a,
	COMMON_QUEUE_ENABLE = 0x1c,
	COMMON_QUEUE_NOTIFY_OFF = 0x1e,
	COMMON_QUEUE_DESC = 0x20,
	COMMON_QUEUE_AVAIL = 0x28,
	COMMON_QUEUE_USED = 0x30,
	COMMON_SIZE = 0x38,
};

enum { VENDOR_VIRTIO = 0x1af4, NO_VECTOR = 0xffff, MODERN_BASE = 0x1040, CAPS_MAX = 48 };

/* Vector i + 1: queue i's, or the last one, shared by all queues from there on. */
struct vp_vector {
	struct virtio_device *vd;
	uint queue;
	bool is_shared;
	bool is_open;                   /* has its handler, until the PCI function goes */
};

struct virtio_pci {
	struct virtio_device vd;
	struct vp_vector vector[VIRTIO_QUEUES_MAX];
	struct io_region common, notify, config;
	u32 notify_multiplier;
	uint nvectors;
};

static struct virtio_pci *to_vp(struct virtio_device *vd)
{
	return container_of(vd, struct virtio_pci, vd);
}

static u8 vp_get_status(struct virtio_device *vd)
{
	return io_read8(&to_vp(vd)->common, COMMON_STATUS);
}

static void vp_set_status(struct virtio_device *vd, u8 status)
{
	io_write8(&to_vp(vd)->common, COMMON_STATUS, status);
}

static bool vp_silence(struct virtio_device *vd)
{
	return pci_silence(vd->parent);
}

static u64 vp_get_features(struct virtio_device *vd)
{
	const struct io_region *c = &to_vp(vd)->common;
	u64 low;

	io_write32(c, COMMON_DEVICE_FEATURE_SEL, 0);
	low = io_read32(c, COMMON_DEVICE_FEATURE);
	io_write32(c, COMMON_DEVICE_FEATURE_SEL, 1);
	return low | (u64)io_read32(c, COMMON_DEVICE_FEATURE) << 32;
}

static void vp_set_features(struct virtio_device *vd, u64 features)
{
	const struct io_region *c = &to_vp(vd)->common;

	io_write32(c, COMMON_DRIVER_FEATURE_SEL, 0);
	io_write32(c, COMMON_DRIVER_FEATURE, (u32)features);
	io_write32(c, COMMON_DRIVER_FEATURE_SEL, 1);
	io_write32(c, COMMON_DRIVER_FEATURE, (u32)(features >> 32));
	/* The reset forgot it. */
	io_write16(c, COMMON_CONFIG_VECTOR, 0);
}

static uint vp_queue_max(struct virtio_device *vd, uint index)
{
	const struct io_region *c = &to_vp(vd)->common;

	io_write16(c, COMMON_QUEUE_SEL, (u16)index);
	return io_read16(c, COMMON_QUEUE_SIZE);
}

static void vector_interrupt(void *arg)
{
	const struct vp_vector *v = arg;

	if (v->is_shared)
		virtio_queues_interrupt(v->vd);
	else if (v->vd->queue[v->queue])
		virtqueue_interrupt(v->vd->queue[v->queue]);
}

/* A handler for queue @index; *@vector is what the device must be told. */
static int queue_vector(struct virtio_pci *vp, uint index, u16 *vector)
{
	uint last = vp->nvectors - 2;
	struct vp_vector *v = &vp->vector[MIN(index, last)];
	int err;

	*vector = (u16)(MIN(index, last) + 1);
	if (index > last)
		v->is_shared = true;
	if (v->is_open)
		return 0;
	v->vd = &vp->vd;
	v->queue = index;
	err = dev_irq(vp->vd.parent, *vector, vector_interrupt, v);
	v->is_open = err == 0;
	return err;
}

static void write_address(const struct io_region *c, enum common_reg reg, paddr_t pa)
{
	io_write32(c, reg, (u32)pa);
	io_write32(c, reg + 4, (u32)(pa >> 32));
}

static int vp_queue_set_up(struct virtio_device *vd, struct virtqueue *vq)
{
	struct virtio_pci *vp = to_vp(vd);
	const struct io_region *c = &vp->common;
	u64 notify_off;
	u16 vector;
	int err;

	err = queue_vector(vp, vq->index, &vector);
	if (err < 0)
		return err;
	io_write16(c, COMMON_QUEUE_SEL, (u16)vq->index);
	notify_off = (u64)io_read16(c, COMMON_QUEUE_NOTIFY_OFF) * vp->notify_multiplier;
	if (notify_off & 1 || notify_off + 2 > vp->notify.size)
		return -EINVAL;
	vq->doorbell = &vp->notify;
	vq->doorbell_off = notify_off;
	vq->is_doorbell16 = true;
	io_write16(c, COMMON_QUEUE_SIZE, vq->ring.size);
	io_write16(c, COMMON_QUEUE_VECTOR, vector);
	if (io_read16(c, COMMON_QUEUE_VECTOR) == NO_VECTOR)
		return -ENOSPC;
	write_address(c, COMMON_QUEUE_DESC, virtqueue_desc_pa(vq));
	write_address(c, COMMON_QUEUE_AVAIL, virtqueue_avail_pa(vq));
	write_address(c, COMMON_QUEUE_USED, virtqueue_used_pa(vq));
	io_write16(c, COMMON_QUEUE_ENABLE, 1);
	return 0;
}

static u32 vp_config_read(struct virtio_device *vd, uint off, uint width)
{
	const struct io_region *r = &to_vp(vd)->config;

	return off + width <= r->size ? io_read_width(r, off, width) : 0;
}

static void vp_config_write8(struct virtio_device *vd, uint off, u8 v)
{
	const struct io_region *r = &to_vp(vd)->config;

	if (off < r->size)
		io_write8(r, off, v);
}

static u32 vp_config_generation(struct virtio_device *vd)
{
	return io_read8(&to_vp(vd)->common, COMMON_GENERATION);
}

static const struct virtio_transport pci_transport = {
	.get_status = vp_get_status,
	.set_status = vp_set_status,
	.silence = vp_silence,
	.get_features = vp_get_features,
	.set_features = vp_set_features,
	.queue_max = vp_queue_max,
	.queue_set_up = vp_queue_set_up,
	.config_read = vp_config_read,
	.config_write8 = vp_config_write8,
	.config_generation = vp_config_generation,
};

/* Map the first block of @type that can be.  0, -ENOENT (there is none), -ENODEV, -ENOMEM. */
static int map_block(struct device *dev, enum cap_type type, u64 min, struct io_region *out,
		     uint *cap_out)
{
	uint cap = 0;
	int err = -ENOENT;

	/* The list may be a circle, and an offset that is odd faults at the first access. */
	for (uint i = 0; i < CAPS_MAX; i++) {
		u32 len, off;

		cap = pci_next_capability(dev, cap, PCI_CAP_VENDOR);
		if (!cap)
			break;
		if (pci_read8(dev, cap + CAP_TYPE) != type)
			continue;
		*cap_out = cap;
		len = pci_read32(dev, cap + CAP_LENGTH);
		off = pci_read32(dev, cap + CAP_OFFSET);
		err = len < min || off & 3 ? -EINVAL :
		      pci_map_bar(dev, pci_read8(dev, cap + CAP_BAR), off, len, out);
		if (err != -EINVAL)
			return err;
	}
	if (err == -ENOENT && type == CAP_DEVICE)
		return err;
	log_err("%s: %s for its registers of type %u: not used", dev->name,
		err == -ENOENT ? "no place" : "an impossible place", type);
	return -ENODEV;
}

static int map_blocks(struct device *dev, struct virtio_pci *vp)
{
	uint cap;
	int err;

	err = map_block(dev, CAP_COMMON, COMMON_SIZE, &vp->common, &cap);
	if (err < 0)
		return err;
	err = map_block(dev, CAP_NOTIFY, 2, &vp->notify, &cap);
	if (err < 0)
		return err;
	vp->notify_multiplier = pci_read32(dev, cap + CAP_NOTIFY_MULTIPLIER);
	/* A device without configuration (rng) has no such block. */
	err = map_block(dev, CAP_DEVICE, 1, &vp->config, &cap);
	return err == -ENOENT ? 0 : err;
}

/* Transitional devices have the type in the subsystem id. */
static u32 device_type(const struct device *dev)
{
	if (dev->device >= MODERN_BASE)
		return dev->device - MODERN_BASE;
	return pci_read16(dev, PCI_SUBSYSTEM_DEVICE);
}

static int vp_probe(struct device *dev)
{
	struct virtio_pci *vp;
	int err;

	vp = dev_zalloc(dev, sizeof(*vp));
	if (!vp)
		return -ENOMEM;
	err = map_blocks(dev, vp);
	if (err < 0)
		return err;
	vp->nvectors = MIN(pci_msix_count(dev), (uint)VIRTIO_QUEUES_MAX + 1);
	if (vp->nvectors < 2) {
		log_err("%s: %u MSI-X vectors: not used", dev->name, vp->nvectors);
		return -ENODEV;
	}
	vp->vd.transport = &pci_transport;
	vp->vd.parent = dev;
	vp->vd.id = device_type(dev);
	pci_enable(dev);
	err = dev_irq(dev, 0, virtio_config_interrupt, &vp->vd);
	if (err < 0)
		return err;
	return virtio_add(&vp->vd);
}

static const struct device_id vp_ids[] = {
	{ VENDOR_VIRTIO, 0x1000, NULL }, { VENDOR_VIRTIO, 0x1001, NULL },
	{ VENDOR_VIRTIO, 0x1003, NULL }, { VENDOR_VIRTIO, 0x1005, NULL },
	{ VENDOR_VIRTIO, MODERN_BASE + VIRTIO_ID_NET, NULL },
	{ VENDOR_VIRTIO, MODERN_BASE + VIRTIO_ID_BLOCK, NULL },
	{ VENDOR_VIRTIO, MODERN_BASE + VIRTIO_ID_CONSOLE, NULL },
	{ VENDOR_VIRTIO, MODERN_BASE + VIRTIO_ID_RNG, NULL },
	{ VENDOR_VIRTIO, MODERN_BASE + VIRTIO_ID_GPU, NULL },
	{ VENDOR_VIRTIO, MODERN_BASE + VIRTIO_ID_INPUT, NULL },
	{ 0, 0, NULL },
};

DRIVER(virtio_pci) = {
	.name = "virtio-pci",
	.bus = &pci_bus,
	.ids = vp_ids,
	.probe = vp_probe,
};
