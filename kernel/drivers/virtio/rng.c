/* SPDX-License-Identifier: MIT */
/*
 * virtio entropy device: one queue of buffers that the host fills.  One
 * buffer is asked for at boot; that seeds the generator, which needs no more.
 */
#include <gemel/virtio.h>

#include <uapi/errno.h>

#include <gemel/page.h>
#include <gemel/random.h>

enum { RNG_BYTES = 64 };

struct rng {
	struct virtqueue *vq;
	u8 buf[RNG_BYTES];
};

static void rng_ready(void *arg)
{
	struct rng *rng = arg;
	u32 len;

	while (virtqueue_take(rng->vq, &len))
		random_add(rng->buf, MIN(len, (u32)RNG_BYTES), len * 8);
}

static int rng_probe(struct device *dev)
{
	struct virtio_seg seg;
	struct rng *rng;
	u64 features;
	int err;

	rng = dev_zalloc(dev, sizeof(*rng));
	if (!rng)
		return -ENOMEM;
	err = virtio_start(dev, 0, &features);
	if (err < 0)
		return err;
	err = virtqueue_open(dev, 0, 2, rng_ready, rng, &rng->vq);
	if (err < 0)
		return err;
	seg = (struct virtio_seg){ virt_to_phys(rng->buf), RNG_BYTES };
	err = virtqueue_add(rng->vq, &seg, 0, 1, rng);
	if (err < 0)
		return err;
	dev->priv = rng;
	virtio_ready(dev);
	virtqueue_kick(rng->vq);
	return 0;
}

static const struct device_id rng_ids[] = { { 0, VIRTIO_ID_RNG, NULL }, { 0, 0, NULL } };

DRIVER(virtio_rng) = {
	.name = "virtio-rng",
	.bus = &virtio_bus,
	.ids = rng_ids,
	.probe = rng_probe,
};
