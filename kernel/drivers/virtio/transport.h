/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Between the virtio core and its transports.  A transport finds a device,
 * fills in a struct virtio_device and calls virtio_add().
 */
#include <arch/io.h>
#include <gemel/device.h>

#include "ring.h"

#define VIRTIO_QUEUES_MAX 16

static inline u32 io_read_width(const struct io_region *r, size_t off, uint width)
{
	if (width == 1)
		return io_read8(r, off);
	return width == 2 ? io_read16(r, off) : io_read32(r, off);
}

struct virtio_device;

/* One open queue. */
struct virtqueue {
	struct ring ring;
	struct virtio_device *vd;
	uint index;
	void (*fn)(void *arg);
	void *arg;
	/* Set by queue_set_up(): kicking writes doorbell_value there, 16 or 32 bits. */
	const struct io_region *doorbell;
	size_t doorbell_off;
	bool is_doorbell16;
	/* Device memory and the driver's half. */
	void *mem;
	uint order;
	struct ring_slot slot[];
};

struct virtio_transport {
	u8 (*get_status)(struct virtio_device *vd);
	void (*set_status)(struct virtio_device *vd, u8 status);
	/* Keep a device that does not reset from memory; true if that can be and was.  NULL: no. */
	bool (*silence)(struct virtio_device *vd);
	u64 (*get_features)(struct virtio_device *vd);
	void (*set_features)(struct virtio_device *vd, u64 features);
	/* Entries that queue @index can have; 0: there is no such queue. */
	uint (*queue_max)(struct virtio_device *vd, uint index);
	/* Give the queue its memory and its interrupt, enable it.  0 or -errno. */
	int (*queue_set_up)(struct virtio_device *vd, struct virtqueue *vq);
	u32 (*config_read)(struct virtio_device *vd, uint off, uint width);     /* 1, 2 or 4 */
	void (*config_write8)(struct virtio_device *vd, uint off, u8 v);
	u32 (*config_generation)(struct virtio_device *vd);
};

struct virtio_device {
	const struct virtio_transport *transport;
	struct device *parent;          /* on the transport's bus; owns the resources */
	struct device *dev;             /* on virtio_bus */
	u32 id;                         /* enum virtio_id */
	bool is_legacy;                 /* before virtio 1.0 */
	bool is_ready;                  /* it works: before and after, interrupts mean nothing */
	bool is_stuck;                  /* it did not reset: it is not spoken to again */
	bool is_silent;                 /* and cannot reach memory any more */
	u64 features;                   /* agreed */
	struct virtqueue *queue[VIRTIO_QUEUES_MAX];
	void (*on_config)(void *arg);
	void *on_config_arg;
};

/* What drivers held of devices that may still write to it: it is never released. */
extern struct list virtio_lost;

/* Make the device known on virtio_bus.  0 or -ENOMEM. */
int virtio_add(struct virtio_device *vd);

/* Interrupt context: a queue has used buffers, all may have; the configuration changed. */
void virtqueue_interrupt(struct virtqueue *vq);
void virtio_queues_interrupt(struct virtio_device *vd);
void virtio_config_interrupt(void *vd);

/* Physical addresses of a queue's parts. */
paddr_t virtqueue_desc_pa(const struct virtqueue *vq);
paddr_t virtqueue_avail_pa(const struct virtqueue *vq);
paddr_t virtqueue_used_pa(const struct virtqueue *vq);
