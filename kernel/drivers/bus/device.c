/* SPDX-License-Identifier: MIT */
/*
 * Devices, and what a driver holds on their behalf.
 *
 * A device is discovered by one thread at boot, and from then on belongs to
 * the list of all devices and to its driver.  The lock covers the list only:
 * a probe adds devices of its own (a transport adds the virtio device).
 *
 * Managed resources are a stack of (function, argument) on dev->managed,
 * newest first; releasing pops it.
 */
#define LOG_TAG "device"
#include <gemel/device.h>

#include <arch/boot.h>
#include <uapi/errno.h>

#include <gemel/irq.h>
#include <gemel/log.h>
#include <gemel/mutex.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/vmalloc.h>

#include "bus.h"

const struct bus platform_bus = { .name = "platform" };

/* The linker's bounds of section "drivers". */
extern const struct driver *const __start_drivers[], *const __stop_drivers[];

static struct mutex device_lock = MUTEX_INIT(device_lock, DEVICE);
static struct list device_list __guarded_by(device_lock) = LIST_INIT(device_list);

struct managed {
	struct list link;
	void (*fn)(void *arg);
	void *arg;
};

static void managed_release(struct device *dev)
{
	while (!list_is_empty(&dev->managed)) {
		struct managed *m = list_first(&dev->managed, struct managed, link);

		list_remove(&m->link);
		m->fn(m->arg);
		kfree(m);
	}
}

int dev_on_release(struct device *dev, void (*fn)(void *arg), void *arg)
{
	struct managed *m = kalloc(sizeof(*m));

	if (!m) {
		fn(arg);
		return -ENOMEM;
	}
	m->fn = fn;
	m->arg = arg;
	list_add(&dev->managed, &m->link);
	return 0;
}

struct device *device_create(const struct bus *bus, struct device *parent, const char *name)
{
	struct device *dev = kzalloc(sizeof(*dev));

	if (!dev)
		return NULL;
	strscpy(dev->name, name, sizeof(dev->name));
	dev->bus = bus;
	dev->parent = parent;
	list_init(&dev->managed);
	list_init(&dev->link);
	return dev;
}

void device_discard(struct device *dev)
{
	managed_release(dev);
	mutex_lock(&device_lock);
	list_remove(&dev->link);
	mutex_unlock(&device_lock);
	kfree(dev);
}

int device_add_resource(struct device *dev, enum resource_kind kind, u64 base, u64 size,
			enum irq_trigger trigger)
{
	if (dev->nresources == DEVICE_MAX_RESOURCES)
		return -ENOSPC;
	dev->resource[dev->nresources++] = (struct resource){ kind, base, size, trigger };
	return 0;
}

bool device_is_compatible(const struct device *dev, const char *compatible)
{
	u32 at = 0;

	while (at < dev->compatible_len) {
		if (strcmp(dev->compatible + at, compatible) == 0)
			return true;
		at += (u32)strlen(dev->compatible + at) + 1;
	}
	return false;
}

static bool id_matches(const struct device *dev, const struct device_id *id)
{
	if (id->compatible)
		return device_is_compatible(dev, id->compatible);
	return (id->vendor == 0 || id->vendor == dev->vendor) && id->device == dev->device;
}

static bool driver_matches(const struct driver *drv, const struct device *dev)
{
	if (drv->bus != dev->bus)
		return false;
	for (const struct device_id *id = drv->ids; id->compatible || id->device; id++)
		if (id_matches(dev, id))
			return true;
	return false;
}

bool device_has_driver(const struct device *dev)
{
	for (const struct driver *const *drv = __start_drivers; drv < __stop_drivers; drv++)
		if (driver_matches(*drv, dev))
			return true;
	return false;
}

static void device_bind(struct device *dev)
{
	for (const struct driver *const *drv = __start_drivers; drv < __stop_drivers; drv++) {
		int err;

		if (!driver_matches(*drv, dev))
			continue;
		err = (*drv)->probe(dev);
		if (err == 0) {
			dev->driver = *drv;
			return;
		}
		managed_release(dev);
		dev->priv = NULL;
		if (err != -ENODEV)
			log_warn("%s: driver %s: error %d", dev->name, (*drv)->name, err);
	}
}

void device_add(struct device *dev)
{
	mutex_lock(&device_lock);
	list_add_tail(&device_list, &dev->link);
	mutex_unlock(&device_lock);
	device_bind(dev);
}

struct device *device_next(struct device *prev)
{
	struct list *next;

	mutex_lock(&device_lock);
	next = prev ? prev->link.next : device_list.next;
	mutex_unlock(&device_lock);
	return next == &device_list ? NULL : list_entry(next, struct device, link);
}

void device_probe_all(void)
{
	arch_add_devices();
	fdt_bus_scan();
	acpi_bus_scan();
	cmdline_bus_scan();
}

const struct resource *device_resource(const struct device *dev, enum resource_kind kind,
				       uint index)
{
	for (uint i = 0; i < dev->nresources; i++)
		if (dev->resource[i].kind == kind && index-- == 0)
			return &dev->resource[i];
	return NULL;
}

void *dev_zalloc(struct device *dev, size_t size)
{
	void *p = kzalloc(size);

	if (!p || dev_on_release(dev, kfree, p) < 0)
		return NULL;
	return p;
}

struct mapped {
	void *va;
	size_t size;
};

static void mapped_release(void *arg)
{
	struct mapped *m = arg;

	vunmap_device(m->va, m->size);
	kfree(m);
}

int dev_map_range(struct device *dev, paddr_t pa, size_t size, struct io_region *out)
{
	struct mapped *m;
	int err;

	m = kalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->size = size;
	m->va = vmap_device(pa, size);
	if (!m->va) {
		kfree(m);
		return -ENOMEM;
	}
	err = dev_on_release(dev, mapped_release, m);
	if (err < 0)
		return err;
	*out = (struct io_region){ .base = (ulong)m->va, .size = size };
	return 0;
}

/* The @index-th resource that is registers. */
static const struct resource *register_resource(const struct device *dev, uint index)
{
	for (uint i = 0; i < dev->nresources; i++)
		if (dev->resource[i].kind != RESOURCE_IRQ && index-- == 0)
			return &dev->resource[i];
	return NULL;
}

int dev_map(struct device *dev, uint index, struct io_region *out)
{
	const struct resource *res = register_resource(dev, index);

	if (!res)
		return -ENOENT;
	if (res->kind == RESOURCE_MMIO)
		return dev_map_range(dev, res->base, res->size, out);
	*out = (struct io_region){ .base = res->base, .size = res->size, .is_port = true };
	return 0;
}

struct requested_irq {
	uint irq;
	void *arg;
};

static void irq_release(void *arg)
{
	struct requested_irq *r = arg;

	irq_free(r->irq, r->arg);
	kfree(r);
}

int dev_irq_on_release(struct device *dev, uint irq, void *arg)
{
	struct requested_irq *r = kalloc(sizeof(*r));

	if (!r) {
		irq_free(irq, arg);
		return -ENOMEM;
	}
	*r = (struct requested_irq){ irq, arg };
	return dev_on_release(dev, irq_release, r);
}

int dev_irq(struct device *dev, uint index, void (*fn)(void *arg), void *arg)
{
	const struct resource *res;
	int err;

	if (dev->bus->irq)
		return dev->bus->irq(dev, index, fn, arg);
	res = device_resource(dev, RESOURCE_IRQ, index);
	if (!res)
		return -ENOENT;
	err = irq_request((uint)res->base, res->trigger, fn, arg, dev->name);
	if (err < 0)
		return err;
	return dev_irq_on_release(dev, (uint)res->base, arg);
}
