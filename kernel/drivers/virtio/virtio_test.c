/* SPDX-License-Identifier: MIT */
/* The machine's own devices. */
#include <gemel/device.h>
#include <gemel/ktest.h>
#include <gemel/virtio.h>

KTEST(device, every_transport_found_its_device)
{
	struct device *dev = NULL;
	uint nvirtio = 0;

	while ((dev = device_next(dev))) {
		EXPECT(dev->name[0] && dev->bus);
		if (dev->bus != &virtio_bus)
			continue;
		nvirtio++;
		EXPECT(dev->parent && dev->parent->driver);
	}
	EXPECT(nvirtio > 0);
}
