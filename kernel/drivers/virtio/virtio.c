/* SPDX-License-Identifier: MIT */
/*
 * The virtio core: what is the same whichever way the device is attached.
 *
 * States of a device, by its status register:
 *
 *	0			reset			[device_reset]
 *	ACKNOWLEDGE | DRIVER	features are discussed	[virtio_start]
 *	| FEATURES_OK		queues are set up	[virtio_start]
 *	| DRIVER_OK		working			[virtio_ready]
 *	| NEEDS_RESET		the device gave up	[virtio_config_interrupt]
 *	FAILED			given up		[virtio_start]
 *	whatever, but not 0	stuck: it did not reset	[device_reset]
 *
 * Resources belong to the virtio device (the child), so they go before the
 * transport's own; a queue's memory is freed only after the reset that the
 * core registers first, hence runs last but before the transport is gone.
 *
 * A device that does not reset is kept from memory by its transport (PCI: no bus mastering).  Where
 * that cannot be, what it may write to is never freed: it is lost, and the log says so.
 */
#define LOG_TAG "virtio"
#include <gemel/virtio.h>

#include <uapi/errno.h>

#include <gemel/log.h>
#include <gemel/page.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/string.h>

#include "transport.h"

_Static_assert(sizeof(struct virtio_seg) == sizeof(struct ring_seg), "segments are the ring's");

enum virtio_status {
	STATUS_ACKNOWLEDGE = 1,
	STATUS_DRIVER = 2,
	STATUS_DRIVER_OK = 4,
	STATUS_FEATURES_OK = 8,
	STATUS_NEEDS_RESET = 64,
	STATUS_FAILED = 128,
};

enum { RESET_SPINS = 100000, CONFIG_TRIES = 100 };

const struct bus virtio_bus = { .name = "virtio" };

struct list virtio_lost = LIST_INIT(virtio_lost);

static struct virtio_device *to_virtio(struct device *dev)
{
	return dev->bus_data;
}

static int device_reset(struct virtio_device *vd)
{
	vd->is_ready = false;
	if (vd->is_stuck)
		return -EIO;
	vd->transport->set_status(vd, 0);
	for (uint i = 0; i < RESET_SPINS; i++)
		if (vd->transport->get_status(vd) == 0)
			return 0;
	vd->is_stuck = true;
	vd->is_silent = vd->transport->silence && vd->transport->silence(vd);
	log_err("%s: does not reset: %s", vd->dev->name, vd->is_silent ?
		"its bus mastering is off" : "the memory that it was given is lost");
	return -EIO;
}

/* Stop it.  True: it does not touch memory any more, having reset or being cut off. */
static bool device_stop(struct virtio_device *vd)
{
	return device_reset(vd) == 0 || vd->is_silent;
}

static void status_add(struct virtio_device *vd, u8 bits)
{
	vd->transport->set_status(vd, vd->transport->get_status(vd) | bits);
}

static int features_agree(struct virtio_device *vd, u64 want)
{
	u64 offered = vd->transport->get_features(vd);

	want |= 1ull << VIRTIO_F_EVENT_IDX;
	if (!vd->is_legacy) {
		want |= 1ull << VIRTIO_F_VERSION_1;
		if (!(offered & 1ull << VIRTIO_F_VERSION_1))
			return -ENODEV;
	}
	vd->features = offered & want;
	vd->transport->set_features(vd, vd->features);
	if (vd->is_legacy)
		return 0;
	status_add(vd, STATUS_FEATURES_OK);
	return vd->transport->get_status(vd) & STATUS_FEATURES_OK ? 0 : -ENODEV;
}

int virtio_start(struct device *dev, u64 want, u64 *features)
{
	struct virtio_device *vd = to_virtio(dev);
	int err;

	err = device_reset(vd);
	if (err < 0)
		return err;
	status_add(vd, STATUS_ACKNOWLEDGE);
	status_add(vd, STATUS_DRIVER);
	err = features_agree(vd, want);
	if (err < 0) {
		status_add(vd, STATUS_FAILED);
		log_err("%s: features that are needed are not there", dev->name);
		return err;
	}
	*features = vd->features;
	return 0;
}

void virtio_ready(struct device *dev)
{
	struct virtio_device *vd = to_virtio(dev);

	vd->is_ready = true;
	status_add(vd, STATUS_DRIVER_OK);
}

bool virtio_stop(struct device *dev)
{
	return device_stop(to_virtio(dev));
}

/* A field of 2, 4 or 8 bytes in accesses of its width (8: two of 4), anything else as bytes. */
static void config_copy(struct virtio_device *vd, uint off, u8 *to, uint len)
{
	uint width = len == 2 || len == 4 ? len : len == 8 ? 4 : 1;

	for (uint i = 0; i < len; i += width) {
		u32 v = vd->transport->config_read(vd, off + i, width);

		memcpy(to + i, &v, width);
	}
}

void virtio_config_read(struct device *dev, uint off, void *buf, uint len)
{
	struct virtio_device *vd = to_virtio(dev);
	u32 before, after = vd->transport->config_generation(vd);

	for (uint tries = 0; tries < CONFIG_TRIES; tries++) {
		before = after;
		config_copy(vd, off, buf, len);
		after = vd->transport->config_generation(vd);
		if (before == after)
			return;
	}
}

void virtio_config_write8(struct device *dev, uint off, u8 v)
{
	struct virtio_device *vd = to_virtio(dev);

	vd->transport->config_write8(vd, off, v);
}

void virtio_config_on_change(struct device *dev, void (*fn)(void *arg), void *arg)
{
	struct virtio_device *vd = to_virtio(dev);

	vd->on_config_arg = arg;
	vd->on_config = fn;
}

static void queue_free(void *arg)
{
	struct virtqueue *vq = arg;

	vq->vd->queue[vq->index] = NULL;
	/* What the driver acquired before it has put into the queue: all of it is lost. */
	if (!device_stop(vq->vd)) {
		list_splice_tail(&virtio_lost, &vq->vd->dev->managed);
		return;
	}
	page_free_kernel(vq->mem, vq->order);
	kfree(vq);
}

static int queue_create(struct virtio_device *vd, uint index, uint size, struct virtqueue **out)
{
	struct virtqueue *vq;
	uint order = 0;

	while ((PAGE_SIZE << order) < ring_bytes(size))
		order++;
	vq = kzalloc(sizeof(*vq) + size * sizeof(vq->slot[0]));
	if (!vq)
		return -ENOMEM;
	vq->mem = page_alloc_kernel(order, ALLOC_ZERO);
	if (!vq->mem) {
		kfree(vq);
		return -ENOMEM;
	}
	vq->order = order;
	vq->vd = vd;
	vq->index = index;
	ring_init(&vq->ring, size, vq->mem, vq->slot, vd->features >> VIRTIO_F_EVENT_IDX & 1);
	*out = vq;
	return 0;
}

int virtqueue_open(struct device *dev, uint index, uint max, void (*fn)(void *arg), void *arg,
		   struct virtqueue **out)
{
	struct virtio_device *vd = to_virtio(dev);
	struct virtqueue *vq;
	uint size;
	int err;

	if (index >= VIRTIO_QUEUES_MAX || vd->queue[index])
		return -EINVAL;
	size = vd->transport->queue_max(vd, index);
	size = MIN(size, max);
	size = MIN(size, (uint)RING_SIZE_MAX);
	if (!size)
		return -ENOENT;
	while (size & (size - 1))
		size &= size - 1;
	err = queue_create(vd, index, size, &vq);
	if (err < 0)
		return err;
	vq->fn = fn;
	vq->arg = arg;
	vd->queue[index] = vq;
	err = dev_on_release(dev, queue_free, vq);
	if (err < 0)
		return err;
	err = vd->transport->queue_set_up(vd, vq);
	if (err < 0)
		return err;
	*out = vq;
	return 0;
}

paddr_t virtqueue_desc_pa(const struct virtqueue *vq)
{
	return virt_to_phys(vq->mem);
}

paddr_t virtqueue_avail_pa(const struct virtqueue *vq)
{
	return virt_to_phys(vq->mem) + ring_avail_offset(vq->ring.size);
}

paddr_t virtqueue_used_pa(const struct virtqueue *vq)
{
	return virt_to_phys(vq->mem) + ring_used_offset(vq->ring.size);
}

int virtqueue_add(struct virtqueue *vq, const struct virtio_seg *segs, uint nout, uint nin,
		  void *token)
{
	return ring_add(&vq->ring, (const struct ring_seg *)segs, nout, nin, token);
}

void virtqueue_kick(struct virtqueue *vq)
{
	if (!ring_needs_kick(&vq->ring))
		return;
	dma_wmb();
	if (vq->is_doorbell16)
		io_write16(vq->doorbell, vq->doorbell_off, (u16)vq->index);
	else
		io_write32(vq->doorbell, vq->doorbell_off, vq->index);
}

static void queue_log_broken(const struct virtqueue *vq)
{
	log_err("%s: queue %u: %s: the device is given up", vq->vd->dev->name, vq->index,
		vq->ring.broken);
}

void *virtqueue_take(struct virtqueue *vq, u32 *len)
{
	bool was_broken = vq->ring.broken;
	void *token = ring_take(&vq->ring, len);

	if (unlikely(vq->ring.broken && !was_broken))
		queue_log_broken(vq);
	return token;
}

void virtqueue_disable_irq(struct virtqueue *vq)
{
	ring_disable_irq(&vq->ring);
}

bool virtqueue_enable_irq(struct virtqueue *vq)
{
	return ring_enable_irq(&vq->ring);
}

uint virtqueue_room(const struct virtqueue *vq)
{
	return vq->ring.nfree;
}

uint virtqueue_size(const struct virtqueue *vq)
{
	return vq->ring.size;
}

bool virtqueue_is_broken(const struct virtqueue *vq)
{
	return vq->ring.broken;
}

void virtqueue_break(struct virtqueue *vq, const char *why)
{
	if (vq->ring.broken)
		return;
	vq->ring.broken = why;
	queue_log_broken(vq);
}

void *virtqueue_detach(struct virtqueue *vq)
{
	return ring_detach(&vq->ring);
}

void virtqueue_interrupt(struct virtqueue *vq)
{
	if (vq->fn && vq->vd->is_ready)
		vq->fn(vq->arg);
}

void virtio_queues_interrupt(struct virtio_device *vd)
{
	for (uint i = 0; i < VIRTIO_QUEUES_MAX; i++)
		if (vd->queue[i] && ring_has_used(&vd->queue[i]->ring))
			virtqueue_interrupt(vd->queue[i]);
}

static void device_gave_up(struct virtio_device *vd)
{
	for (uint i = 0; i < VIRTIO_QUEUES_MAX; i++) {
		if (!vd->queue[i])
			continue;
		virtqueue_break(vd->queue[i], "it needs a reset");
		virtqueue_interrupt(vd->queue[i]);
	}
}

void virtio_config_interrupt(void *arg)
{
	struct virtio_device *vd = arg;

	if (!vd->is_ready)
		return;
	/* A device that has gone reads as all ones. */
	if (vd->transport->get_status(vd) & STATUS_NEEDS_RESET)
		device_gave_up(vd);
	else if (vd->on_config)
		vd->on_config(vd->on_config_arg);
}

int virtio_add(struct virtio_device *vd)
{
	static uint count;
	struct device *dev;
	char name[16];

	scnprintf(name, sizeof(name), "virtio%u", count++);
	dev = device_create(&virtio_bus, vd->parent, name);
	if (!dev)
		return -ENOMEM;
	dev->device = vd->id;
	dev->bus_data = vd;
	vd->dev = dev;
	device_add(dev);
	return 0;
}
