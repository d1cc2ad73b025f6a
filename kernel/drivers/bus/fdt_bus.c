/* SPDX-License-Identifier: MIT */
/*
 * Devices of the device tree.  Only nodes that some driver wants become
 * devices; a slot that turns out to be empty is forgotten again, since a
 * virtual machine describes dozens of them.
 */
#define LOG_TAG "fdt"
#include <arch/mmu.h>
#include <uapi/errno.h>

#include <gemel/boot_info.h>
#include <gemel/fdt.h>
#include <gemel/log.h>
#include <gemel/pci.h>
#include <gemel/printf.h>
#include <gemel/string.h>

#include "bus.h"

/* First cells of a GIC specifier, and where the numbers start. */
enum { GIC_SPI = 0, GIC_PPI = 1, GIC_SPI_BASE = 32, GIC_PPI_BASE = 16 };
/* Trigger bits of the last cell. */
enum { FDT_EDGE_RISING = 1, FDT_EDGE_FALLING = 2, FDT_LEVEL_HIGH = 4, FDT_LEVEL_LOW = 8 };

/* The words of a GIC as an irq number and trigger. */
static bool irq_translate(const struct fdt_irq *fi, u64 *irq, enum irq_trigger *trigger)
{
	if (fi->ncells < 3 || fi->cell[0] > GIC_PPI)
		return false;
	*irq = fi->cell[1] + (fi->cell[0] == GIC_SPI ? GIC_SPI_BASE : GIC_PPI_BASE);
	*trigger = fi->cell[2] & (FDT_EDGE_RISING | FDT_EDGE_FALLING) ? IRQ_EDGE : IRQ_LEVEL_HIGH;
	return true;
}

static void add_resources(const struct fdt *fdt, fdt_node_t node, struct device *dev)
{
	enum irq_trigger trigger;
	struct fdt_irq fi;
	u64 base, size;

	for (uint i = 0; fdt_reg(fdt, node, i, &base, &size) == 0; i++)
		if (device_add_resource(dev, RESOURCE_MMIO, base, size, IRQ_EDGE) < 0)
			return;
	for (uint i = 0; fdt_irq(fdt, node, i, &fi) == 0; i++)
		if (irq_translate(&fi, &base, &trigger) &&
		    device_add_resource(dev, RESOURCE_IRQ, base, 1, trigger) < 0)
			return;
}

static void make_name(const struct fdt *fdt, fdt_node_t node, char *buf, size_t size)
{
	const char *name = fdt_name(fdt, node);
	const char *unit = strchr(name, '@');

	if (unit)
		scnprintf(buf, size, "%s.%.*s", unit + 1, (int)(unit - name), name);
	else
		strscpy(buf, name, size);
}

static void add_device(const struct fdt *fdt, fdt_node_t node, const struct fdt_prop *compatible)
{
	struct device *dev;
	char name[32];

	make_name(fdt, node, name, sizeof(name));
	dev = device_create(&platform_bus, NULL, name);
	if (!dev)
		return;
	dev->compatible = (const char *)compatible->data;
	dev->compatible_len = compatible->len;
	if (!device_has_driver(dev)) {
		device_discard(dev);
		return;
	}
	add_resources(fdt, node, dev);
	device_add(dev);
	if (!dev->driver)
		device_discard(dev);
}

/* First cell of a PCI child address: which space. */
enum { PCI_SPACE_MASK = 3u << 24, PCI_SPACE_MEM32 = 2u << 24, PCI_SPACE_MEM64 = 3u << 24 };

static void add_pci_host(const struct fdt *fdt, fdt_node_t node)
{
	struct pci_host host = { .last_bus = 255 };
	struct fdt_range r;
	struct fdt_prop p;
	u64 ecam_size;

	if (fdt_reg(fdt, node, 0, &host.ecam, &ecam_size) < 0 || ecam_size < MIB(1))
		return;
	if (fdt_prop(fdt, node, "bus-range", &p) && p.len == 8) {
		host.first_bus = (u8)fdt_cell(&p, 0);
		host.last_bus = (u8)fdt_cell(&p, 1);
	}
	if (host.last_bus < host.first_bus)
		return;
	host.last_bus = (u8)MIN((u64)host.last_bus, host.first_bus + ecam_size / MIB(1) - 1);
	for (uint i = 0; fdt_range(fdt, node, i, &r) == 0; i++) {
		struct pci_window w = { r.parent, r.size, r.parent };

		if (r.child != r.parent)
			continue;
		if ((r.space & PCI_SPACE_MASK) == PCI_SPACE_MEM32)
			host.window32 = w;
		else if ((r.space & PCI_SPACE_MASK) == PCI_SPACE_MEM64)
			host.window64 = w;
	}
	if (pci_host_add(&host) < 0)
		log_err("PCI host bridge at 0x%llx: no memory", (unsigned long long)host.ecam);
}

/* compatible is a list of strings: the last byte is NUL. */
static bool is_string_list(const struct fdt_prop *p)
{
	return p->len && p->data[p->len - 1] == '\0';
}

void fdt_bus_scan(void)
{
	fdt_node_t node = FDT_ROOT;
	struct fdt fdt;

	if (!boot_info.dtb)
		return;
	if (fdt_open(&fdt, phys_to_virt(boot_info.dtb),
		     fdt_blob_size(phys_to_virt(boot_info.dtb))) < 0)
		return;
	while (fdt_next(&fdt, &node)) {
		struct fdt_prop compatible;

		if (!fdt_prop(&fdt, node, "compatible", &compatible) ||
		    !is_string_list(&compatible) || !fdt_is_enabled(&fdt, node))
			continue;
		if (fdt_is_compatible(&fdt, node, "pci-host-ecam-generic"))
			add_pci_host(&fdt, node);
		else
			add_device(&fdt, node, &compatible);
	}
}
