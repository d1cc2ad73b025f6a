/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * PCI Express functions, through ECAM.  A driver on pci_bus is matched by
 * vendor and device; its interrupts are MSI-X vectors (dev_irq).
 */
#include <gemel/device.h>

enum pci_reg {
	PCI_VENDOR = 0x00,
	PCI_DEVICE = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_CLASS = 0x08,               /* revision, interface, subclass, class */
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_SECONDARY_BUS = 0x19,
	PCI_SUBSYSTEM_DEVICE = 0x2e,
	PCI_CAPABILITIES = 0x34,
};

enum pci_capability { PCI_CAP_VENDOR = 0x09, PCI_CAP_MSIX = 0x11 };

struct pci_bar {
	u64 base;               /* CPU address; 0: none */
	u64 size;
	bool is_io;
};

/* A window of the host bridge, for BARs that firmware did not place. */
struct pci_window {
	u64 base;               /* the same on both sides of the bridge */
	u64 size;
	u64 next;               /* first free address */
};

struct pci_host {
	u64 ecam;               /* physical, of first_bus */
	u8 first_bus, last_bus;
	struct pci_window window32, window64;
	struct device *dev;     /* parent of everything below, or NULL */
};

/* Enumerate what is behind @host, which is copied.  0, -ENOMEM. */
int __must_check pci_host_add(const struct pci_host *host);

/* Configuration space of @dev. */
u8 pci_read8(const struct device *dev, uint off);
u16 pci_read16(const struct device *dev, uint off);
u32 pci_read32(const struct device *dev, uint off);
void pci_write16(const struct device *dev, uint off, u16 v);

/* Offset of the next capability @id after @after (0: the first), or 0. */
uint pci_next_capability(const struct device *dev, uint after, enum pci_capability id);

/* Decode memory and let the device be bus master. */
void pci_enable(const struct device *dev);
/* Bus mastering off: true if it took, and neither memory nor interrupts come from it any more. */
bool pci_silence(const struct device *dev);

/* Map [off, off + len) of BAR @bar; released with the device.  0, -EINVAL, -ENOMEM. */
int __must_check pci_map_bar(struct device *dev, uint bar, u64 off, u64 len,
			     struct io_region *out);

/* MSI-X vectors that the device has; 0: none. */
uint pci_msix_count(const struct device *dev);
