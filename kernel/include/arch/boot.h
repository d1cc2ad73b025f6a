/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * From the machine to the kernel: the two first calls of kernel_main().
 * Contract; bodies in arch/<arch>/boot.c.
 */
#include <gemel/boot_info.h>

/*
 * Boot CPU, MMU on, interrupts off, no allocator.  On return arch_early_putc()
 * works, @bi is filled in (memory, reservations, command line, initrd, ACPI or
 * device-tree root, CPUs), all RAM is mapped at PHYSMAP_BASE with the largest
 * pages, the kernel image is mapped W^X and the identity mapping is gone.
 * Page tables come from boot_alloc().  Panics if the machine is unusable.
 */
void arch_early_init(struct boot_info *bi);

/*
 * Once, after the allocators and before other CPUs: interrupt controller,
 * timer, calibrated clock, CPU features.  May allocate.
 */
void arch_init(void);

/*
 * Add the devices that no table describes (amd64: the legacy UART and RTC)
 * with device_add().  Called by device_probe_all().
 */
void arch_add_devices(void);
