/* SPDX-License-Identifier: MIT */
#pragma once
/* A PCI function as the scan leaves it, for pci.c and its test. */
#include <gemel/pci.h>

enum { PCI_BARS = 6 };

/* dev->bus_data */
struct pci_function {
	struct io_region config;
	u16 rid;                        /* bus << 8 | device << 3 | function */
	struct pci_bar bar[PCI_BARS];
	struct io_region msix_table;    /* size 0: MSI-X is not on yet */
};

/* Can registers be there: no RAM, and as large and as aligned as a BAR is? */
bool pci_bar_is_sane(const struct pci_bar *bar);
/* device_add(); or, of one whose list of capabilities lies, free it and its function. */
void pci_offer(struct device *dev);
