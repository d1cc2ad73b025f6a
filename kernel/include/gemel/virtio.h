/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * virtio, as a device driver sees it: features, configuration, queues.  Which
 * transport carries the device is invisible.  The order of a probe:
 *
 *	virtio_start(dev, wanted features, &features);
 *	virtqueue_open(...) for each queue;
 *	virtio_ready(dev);
 *
 * The device is not trusted: a completion that does not fit what was put in
 * breaks its queue, which then yields nothing more.  So does a device that asks
 * for a reset; its queues' functions are called once more.
 */
#include <gemel/device.h>

enum virtio_id {
	VIRTIO_ID_NET = 1,
	VIRTIO_ID_BLOCK = 2,
	VIRTIO_ID_CONSOLE = 3,
	VIRTIO_ID_RNG = 4,
	VIRTIO_ID_GPU = 16,
	VIRTIO_ID_INPUT = 18,
};

/* Features of the transport and the rings; the core negotiates these. */
#define VIRTIO_F_NOTIFY_ON_EMPTY        24
#define VIRTIO_F_ANY_LAYOUT             27
#define VIRTIO_F_INDIRECT_DESC          28
#define VIRTIO_F_EVENT_IDX              29
#define VIRTIO_F_VERSION_1              32
#define VIRTIO_F_ACCESS_PLATFORM        33

struct virtqueue;

/* A piece of physical memory for the device. */
struct virtio_seg {
	paddr_t pa;
	u32 len;
};

/*
 * Reset the device and agree on features: of @want (bits of the device type) those that it offers
 * are in *@features afterwards.  0, -ENODEV, -EIO.
 */
int __must_check virtio_start(struct device *dev, u64 want, u64 *features);
/* Queues are set up: the device may work (DRIVER_OK). */
void virtio_ready(struct device *dev);
/*
 * Stop it for good: it is not heard any more.  False: it did not reset and cannot be kept from
 * memory, so what it was given to write to must never be used again.
 */
bool __must_check virtio_stop(struct device *dev);

/* Device configuration, all of [off, off + len) from one generation. */
void virtio_config_read(struct device *dev, uint off, void *buf, uint len);
void virtio_config_write8(struct device *dev, uint off, u8 v);
/* Call @fn(@arg) in interrupt context when the configuration changes.  Before virtio_ready(). */
void virtio_config_on_change(struct device *dev, void (*fn)(void *arg), void *arg);

/*
 * Open queue @index with at most @max entries (a power of two, at most 256); @fn(@arg) is called in
 * interrupt context when the device has used buffers.  Released with the device.
 * 0, -ENOENT (no such queue), -ENOMEM, -ENOSPC.
 */
int __must_check virtqueue_open(struct device *dev, uint index, uint max, void (*fn)(void *arg),
				void *arg, struct virtqueue **out);

/*
 * The calls below do not lock: one caller at a time per queue.  Any context.
 *
 * Put a buffer: @nout segments that the device reads, then @nin that it writes.  @token, not NULL,
 * comes back with the completion.  0, -ENOSPC (ring full: take some), -EINVAL (no segment or more
 * than the ring has), -EIO (queue broken).
 */
int __must_check virtqueue_add(struct virtqueue *vq, const struct virtio_seg *segs, uint nout,
			       uint nin, void *token);
/* Tell the device, if it wants to know. */
void virtqueue_kick(struct virtqueue *vq);
/* The next used buffer: its token and how many bytes the device wrote, or NULL. */
void *virtqueue_take(struct virtqueue *vq, u32 *len);
/* Ask for no interrupts; ask again.  Enabling returns false if buffers wait already: take them. */
void virtqueue_disable_irq(struct virtqueue *vq);
bool __must_check virtqueue_enable_irq(struct virtqueue *vq);
/* Descriptors: free now, in all. */
uint virtqueue_room(const struct virtqueue *vq);
uint virtqueue_size(const struct virtqueue *vq);
bool virtqueue_is_broken(const struct virtqueue *vq);
/* Break it, for the reason @why, which the log tells. */
void virtqueue_break(struct virtqueue *vq, const char *why);
/* After virtio_stop(): a buffer that was put and never came back, or NULL. */
void *virtqueue_detach(struct virtqueue *vq);
