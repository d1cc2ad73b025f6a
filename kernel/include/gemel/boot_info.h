/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the machine told us, in one form.  Filled by arch_early_init(),
 * constant once page_init() has taken the memory over.  init/boot_info.c.
 */
#include <gemel/compiler.h>

#define BOOT_MAX_RANGES 64
#define BOOT_MAX_CPUS   64
#define BOOT_CMDLINE    2048

struct boot_range {
	paddr_t base;
	u64 size;
};

struct boot_info {
	struct boot_range ram[BOOT_MAX_RANGES];         /* sorted, disjoint, usable RAM */
	uint nram;
	struct boot_range reserved[BOOT_MAX_RANGES];    /* image, initrd, boot_alloc() ... */
	uint nreserved;
	/* boot_alloc() stays below (the early tables do not map all); 0: no limit. */
	paddr_t alloc_limit;
	char cmdline[BOOT_CMDLINE];
	paddr_t initrd;
	u64 initrd_size;                                /* 0: none */
	paddr_t rsdp;                                   /* ACPI root, 0: none */
	paddr_t dtb;                                    /* device tree, 0: none */
	u64 cpu_hwid[BOOT_MAX_CPUS];                    /* APIC id or MPIDR; [0] is the boot CPU */
	uint ncpus;
	u64 entry_cycles;                               /* arch_cycles() at kernel entry */
};

extern struct boot_info boot_info;

/* Add usable RAM or a reservation; pieces may come in any order and overlap.  Panics when there
 * are more than BOOT_MAX_RANGES. */
void boot_add_ram(struct boot_info *bi, paddr_t base, u64 size);
void boot_reserve(struct boot_info *bi, paddr_t base, u64 size);

/* Sort, merge, cut to whole pages.  Call once, after the last boot_add_ram(). */
void boot_memory_ready(struct boot_info *bi);

/*
 * @size bytes of RAM aligned to @align (a power of two, at least a page) from the top of what is
 * free, reserved at once, not zeroed.  0 when there is none left.  Before page_init() only.
 */
paddr_t boot_alloc(struct boot_info *bi, u64 size, u64 align);

/*
 * The value of `name=value` on the command line into @buf; true if there is such a word.  A bare
 * `name` gives "".  The last one wins.
 */
bool cmdline_get(const char *name, char *buf, size_t size);
bool cmdline_has(const char *name);

/* Upward calls of arch/ at boot: interrupts off, on the boot CPU's idle stack. */
void __noreturn kernel_main(void);
void __noreturn secondary_main(void);
