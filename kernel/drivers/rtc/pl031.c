/* SPDX-License-Identifier: MIT */
/* ARM PL031: a counter of seconds since 1970.  Read once, at boot. */
#include <gemel/device.h>

#include <gemel/time.h>

enum { PL031_DATA = 0x00 };

static int pl031_probe(struct device *dev)
{
	struct io_region regs;
	int err = dev_map(dev, 0, &regs);
	u32 seconds;

	if (err < 0)
		return err;
	seconds = io_read32(&regs, PL031_DATA);
	if (seconds)
		time_set_realtime(seconds * NSEC_PER_SEC);
	return 0;
}

static const struct device_id pl031_ids[] = { { .compatible = "arm,pl031" }, { 0, 0, NULL } };

DRIVER(pl031) = {
	.name = "pl031",
	.bus = &platform_bus,
	.ids = pl031_ids,
	.probe = pl031_probe,
};
