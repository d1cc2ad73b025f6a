/* SPDX-License-Identifier: MIT */
#pragma once
/* A probe's part of virtio-blk, for its test: all but making the disk known by a name. */
#include <gemel/compiler.h>

struct block_device;
struct device;

/* @dev is on virtio_bus; what is acquired is released with it.  0, or as a probe. */
int __must_check virtio_blk_open(struct device *dev, struct block_device **out);
