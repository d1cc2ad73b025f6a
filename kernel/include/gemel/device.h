/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Devices, buses and drivers.
 *
 * A driver is a constant; the linker gathers all of them.  A bus describes
 * each device that it finds in a struct device and calls device_add(), which
 * offers it to every driver of that bus whose table matches, in link order,
 * until one probe returns 0.
 *
 * What a probe acquires through dev_*() is released in reverse order when it
 * fails, or after remove(): so a probe has no unwinding of its own.
 */
#include <arch/io.h>
#include <arch/irq.h>
#include <gemel/list.h>

#define DEVICE_MAX_RESOURCES    8

struct device;
struct driver;

/* Buses.  platform: device tree, ACPI and what arch/ adds. */
struct bus {
	const char *name;
	/* dev_irq() on this bus; NULL: resources of kind RESOURCE_IRQ. */
	int (*irq)(struct device *dev, uint index, void (*fn)(void *arg), void *arg);
};
extern const struct bus platform_bus;
extern const struct bus pci_bus;
extern const struct bus virtio_bus;

/*
 * A row of a driver's table; a row of zeros ends it.  On platform, compatible
 * is one of the device's names ("arm,pl011"); on pci and virtio, vendor and
 * device are compared, and 0 in vendor means any.
 */
struct device_id {
	u32 vendor, device;
	const char *compatible;
};

struct driver {
	const char *name;
	const struct bus *bus;
	const struct device_id *ids;
	int (*probe)(struct device *dev);       /* 0, or -errno: not mine or broken.  May sleep. */
	void (*remove)(struct device *dev);     /* may be NULL */
};

/* The section holds pointers: an array of structs would depend on how the compiler pads them. */
#define DRIVER(sym)                                                     \
	static const struct driver sym;                                 \
	static const struct driver *const sym##_row                     \
		__section("drivers") __used = &sym;                     \
	static const struct driver sym

enum resource_kind { RESOURCE_MMIO, RESOURCE_PORT, RESOURCE_IRQ };

struct resource {
	enum resource_kind kind;
	u64 base, size;                 /* IRQ: base is the irq number */
	enum irq_trigger trigger;
};

struct device {
	char name[32];                  /* "a000000.virtio_mmio", "00:02.0", "virtio0" */
	const struct bus *bus;
	struct device *parent;          /* or NULL */
	u32 vendor, device;             /* pci, virtio */
	const char *compatible;         /* platform: names one after the other, each with its NUL */
	u32 compatible_len;
	struct resource resource[DEVICE_MAX_RESOURCES];
	uint nresources;
	void *bus_data;                 /* of the bus that found it */
	const struct driver *driver;    /* whose probe succeeded, or NULL */
	void *priv;                     /* of the driver */
	struct list managed;
	struct list link;               /* all devices */
};

/*
 * A device without resources yet, not in the list.  @name is copied.  NULL: no memory.
 * device_discard() frees one that was never added.
 */
struct device *device_create(const struct bus *bus, struct device *parent, const char *name);
void device_discard(struct device *dev);
/* 0 or -ENOSPC (then the device has fewer resources, nothing else). */
int device_add_resource(struct device *dev, enum resource_kind kind, u64 base, u64 size,
			enum irq_trigger trigger);
/* Make it known and look for its driver.  May sleep. */
void device_add(struct device *dev);

/* From kernel_main(), once: find every device and bind drivers. */
void device_probe_all(void);

/* The device after @prev (NULL: the first), or NULL. */
struct device *device_next(struct device *prev);

/* True if a platform device has the name @compatible. */
bool device_is_compatible(const struct device *dev, const char *compatible);

/* The @index-th resource of a kind, or NULL. */
const struct resource *device_resource(const struct device *dev, enum resource_kind kind,
				       uint index);

/* Managed: cleared memory; the registers of the @index-th MMIO or PORT resource; an interrupt
 * handler for the @index-th interrupt (PCI: MSI-X vector).  NULL: no memory; 0 or -errno. */
void *dev_zalloc(struct device *dev, size_t size) __must_check;
int dev_map(struct device *dev, uint index, struct io_region *out) __must_check;
int dev_map_range(struct device *dev, paddr_t pa, size_t size, struct io_region *out) __must_check;
int dev_irq(struct device *dev, uint index, void (*fn)(void *arg), void *arg) __must_check;
/* Call @fn(@arg) when the device goes.  0 or -ENOMEM (then @fn has been called). */
int dev_on_release(struct device *dev, void (*fn)(void *arg), void *arg) __must_check;
