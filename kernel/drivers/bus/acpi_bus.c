/* SPDX-License-Identifier: MIT */
/*
 * Devices of the ACPI tables: PCI host bridges from the MCFG, virtio-mmio
 * devices from the byte code of the DSDT.
 */
#define LOG_TAG "acpi"
#include <arch/mmu.h>
#include <uapi/errno.h>

#include <gemel/acpi.h>
#include <gemel/boot_info.h>
#include <gemel/log.h>
#include <gemel/pci.h>
#include <gemel/printf.h>
#include <gemel/vmalloc.h>

#include "bus.h"

/* Firmware tables are seldom in the RAM that the physmap covers; what is mapped here stays. */
static const void *map_table(paddr_t pa, size_t len)
{
	uint prot;
	paddr_t at;
	void *va = phys_to_virt(pa);

	if (arch_mmu_query(&kernel_mmu, (vaddr_t)va, &at, &prot) &&
	    arch_mmu_query(&kernel_mmu, (vaddr_t)va + len - 1, &at, &prot))
		return va;
	return vmap_device(pa, len);
}

static void add_pci_hosts(const struct acpi *acpi)
{
	struct acpi_table mcfg;
	struct acpi_ecam ecam;

	if (acpi_find(acpi, "MCFG", 0, &mcfg) < 0)
		return;
	for (uint i = 0; acpi_mcfg(&mcfg, i, &ecam) == 0; i++) {
		/* The table's base is that of bus 0 even where first_bus is not. */
		struct pci_host host = {
			.ecam = ecam.base + ((u64)ecam.first_bus << 20),
			.first_bus = ecam.first_bus,
			.last_bus = ecam.last_bus,
		};

		if (ecam.segment == 0 && pci_host_add(&host) < 0)
			log_err("PCI host bridge at 0x%llx: no memory",
				(unsigned long long)host.ecam);
	}
}

static void add_virtio_mmio(const struct acpi_aml_device *ad)
{
	static const char compatible[] = "virtio,mmio";
	enum irq_trigger trigger = IRQ_EDGE;
	struct device *dev;
	char name[32];

	if (!ad->size || !ad->has_irq)
		return;
	scnprintf(name, sizeof(name), "%llx.virtio_mmio", (unsigned long long)ad->base);
	dev = device_create(&platform_bus, NULL, name);
	if (!dev)
		return;
	if (!ad->is_edge)
		trigger = ad->is_active_low ? IRQ_LEVEL_LOW : IRQ_LEVEL_HIGH;
	dev->compatible = compatible;
	dev->compatible_len = sizeof(compatible);
	if (device_add_resource(dev, RESOURCE_MMIO, ad->base, ad->size, IRQ_EDGE) == 0 &&
	    device_add_resource(dev, RESOURCE_IRQ, ad->gsi, 1, trigger) == 0)
		device_add(dev);
	if (!dev->driver)
		device_discard(dev);
}

static void add_dsdt_devices(const struct acpi *acpi)
{
	struct acpi_aml_device ad;
	struct acpi_table fadt, dsdt;
	struct acpi_fadt info;
	u32 pos = 0;

	if (acpi_find(acpi, "FACP", 0, &fadt) < 0 || acpi_fadt(&fadt, &info) < 0 ||
	    acpi_table_at(acpi, info.dsdt, "DSDT", &dsdt) < 0)
		return;
	while (acpi_aml_next_device(&dsdt, "LNRO0005", &pos, &ad))
		add_virtio_mmio(&ad);
}

void acpi_bus_scan(void)
{
	struct acpi acpi;

	if (!boot_info.rsdp || acpi_open(&acpi, map_table, boot_info.rsdp) < 0)
		return;
	add_pci_hosts(&acpi);
	add_dsdt_devices(&acpi);
}
