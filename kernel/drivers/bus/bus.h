/* SPDX-License-Identifier: MIT */
#pragma once
/* Between the files of drivers/bus. */
#include <gemel/device.h>

/* Add the devices that the device tree, the ACPI tables, the command line describe. */
void fdt_bus_scan(void);
void acpi_bus_scan(void);
void cmdline_bus_scan(void);

/* True if some driver's table has @dev. */
bool device_has_driver(const struct device *dev);

/* Free @irq of @arg with the device.  -ENOMEM: that could not be noted, it is freed already. */
int __must_check dev_irq_on_release(struct device *dev, uint irq, void *arg);
