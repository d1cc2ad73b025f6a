/* SPDX-License-Identifier: MIT */
/*
 * Devices named on the command line, as Firecracker and others do it:
 * virtio_mmio.device=SIZE@ADDRESS:IRQ[:ID], SIZE with K, M or G.  The word
 * may come several times.
 */
#include <uapi/errno.h>

#include <gemel/boot_info.h>
#include <gemel/printf.h>
#include <gemel/string.h>

#include "bus.h"

static const char word[] = "virtio_mmio.device=";

static int parse_size(const char *s, u64 *out, const char **end)
{
	int err = parse_u64(s, 0, out, end);
	uint shift = 0;

	if (err < 0)
		return err;
	switch (**end) {
	case 'K': case 'k': shift = 10; break;
	case 'M': case 'm': shift = 20; break;
	case 'G': case 'g': shift = 30; break;
	default: return 0;
	}
	if (*out > ~0ull >> shift)
		return -ERANGE;
	*out <<= shift;
	++*end;
	return 0;
}

/* SIZE@ADDRESS:IRQ at @s.  0 or -EINVAL, -ERANGE. */
static int parse_device(const char *s, u64 *base, u64 *size, u64 *irq)
{
	int err = parse_size(s, size, &s);

	if (err < 0)
		return err;
	if (*s++ != '@')
		return -EINVAL;
	err = parse_u64(s, 0, base, &s);
	if (err < 0)
		return err;
	if (*s++ != ':')
		return -EINVAL;
	return parse_u64(s, 0, irq, &s);
}

/* The firmware's tables may describe the same device. */
static bool is_known(u64 base)
{
	struct device *dev = NULL;

	while ((dev = device_next(dev))) {
		const struct resource *res = device_resource(dev, RESOURCE_MMIO, 0);

		if (dev->bus == &platform_bus && res && res->base == base)
			return true;
	}
	return false;
}

static void add_device(const char *s)
{
	static const char compatible[] = "virtio,mmio";
	u64 base, size, irq;
	struct device *dev;
	char name[32];

	if (parse_device(s, &base, &size, &irq) < 0 || size == 0 || size > MIB(1) ||
	    is_known(base))
		return;
	scnprintf(name, sizeof(name), "%llx.virtio_mmio", (unsigned long long)base);
	dev = device_create(&platform_bus, NULL, name);
	if (!dev)
		return;
	dev->compatible = compatible;
	dev->compatible_len = sizeof(compatible);
	if (device_add_resource(dev, RESOURCE_MMIO, base, size, IRQ_EDGE) == 0 &&
	    device_add_resource(dev, RESOURCE_IRQ, irq, 1, IRQ_EDGE) == 0)
		device_add(dev);
	if (!dev->driver)
		device_discard(dev);
}

void cmdline_bus_scan(void)
{
	const char *s = boot_info.cmdline;

	while (*s) {
		while (*s == ' ')
			s++;
		if (str_has_prefix(s, word))
			add_device(s + sizeof(word) - 1);
		while (*s && *s != ' ')
			s++;
	}
}
