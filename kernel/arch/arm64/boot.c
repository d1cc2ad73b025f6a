/* SPDX-License-Identifier: MIT */
/*
 * The device tree becomes boot_info, and the boot tables become the kernel's.
 *
 * Everything about the machine comes from the tree.  At first only the image
 * and a window on the tree are mapped.  When memory is known, the top of it,
 * where boot_alloc() takes from, is mapped in the boot tables page by page; that is
 * room enough to build the real tables.
 */
#include <arch/boot.h>

#include <arch/cpu.h>
#include <arch/pte.h>

#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/pagetable.h>
#include <gemel/string.h>

#include "arm64.h"
#include "gic.h"

/* The window of boot.S: 2 MiB blocks from here, two for the tree, one for the console. */
#define WINDOW_BASE     (KERNEL_BASE + GIB(1))
#define BLOCK_SIZE      MIB(2)
#define CONSOLE_SLOT    2

/* Where the early console's registers stay mapped: in the window's place, in the real tables. */
#define CONSOLE_VA      (WINDOW_BASE + CONSOLE_SLOT * BLOCK_SIZE)

#define SEED_MAX        64

struct fdt boot_fdt;

static u8 boot_seed[SEED_MAX];
static size_t boot_seed_len;

/* Tables for the temporary view of the top of memory. */
static pte_t top_level2[512] __aligned(PAGE_SIZE);
static pte_t top_level1[512] __aligned(PAGE_SIZE);
static pte_t top_level0[2][512] __aligned(PAGE_SIZE);

paddr_t image_to_phys(const void *symbol)
{
	return boot_image_pa + ((ulong)symbol - KERNEL_BASE);
}

static void boot_die(const char *why)
{
	panic("boot: %s", why);
}

static void fdt_start(struct boot_info *bi)
{
	const void *blob = (const void *)(WINDOW_BASE + (boot_dtb_pa & (BLOCK_SIZE - 1)));
	u32 size;

	if (!boot_dtb_pa || !IS_ALIGNED(boot_dtb_pa, 8))
		boot_die("no device tree");
	size = fdt_blob_size(blob);
	if (size == 0 || size > BLOCK_SIZE || fdt_open(&boot_fdt, blob, size) < 0)
		boot_die("bad device tree");
	bi->dtb = boot_dtb_pa;
	boot_reserve(bi, boot_dtb_pa, size);
}

static void console_start(void)
{
	paddr_t pa;

	if (!earlycon_find(&boot_fdt, &pa))
		return;
	boot_window[CONSOLE_SLOT] =
		pte_make_leaf(ALIGN_DOWN(pa, BLOCK_SIZE), PROT_KERNEL_RW | PROT_DEVICE_BIT, 1).bits;
	pte_sync();
	earlycon_start(CONSOLE_VA + (pa & (BLOCK_SIZE - 1)));
}

static void chosen_read(struct boot_info *bi)
{
	const char *args;
	struct fdt_prop seed;
	fdt_node_t chosen;
	u64 start, end;

	if (!fdt_find_path(&boot_fdt, "/chosen", &chosen))
		return;
	if (fdt_prop_string(&boot_fdt, chosen, "bootargs", &args))
		strscpy(bi->cmdline, args, sizeof(bi->cmdline));
	if (fdt_prop_u64(&boot_fdt, chosen, "linux,initrd-start", &start) &&
	    fdt_prop_u64(&boot_fdt, chosen, "linux,initrd-end", &end) && end > start) {
		bi->initrd = start;
		bi->initrd_size = end - start;
		boot_reserve(bi, start, end - start);
	}
	if (fdt_prop(&boot_fdt, chosen, "rng-seed", &seed)) {
		boot_seed_len = MIN((size_t)seed.len, (size_t)SEED_MAX);
		memcpy(boot_seed, seed.data, boot_seed_len);
	}
}

bool boot_seed_take(u64 *out)
{
	if (boot_seed_len < sizeof(*out))
		return false;
	boot_seed_len -= sizeof(*out);
	memcpy(out, boot_seed + boot_seed_len, sizeof(*out));
	memset(boot_seed + boot_seed_len, 0, sizeof(*out));
	return true;
}

/* Of /reserved-memory, the nodes that must not even be mapped. */
static bool nomap_next(fdt_node_t *node, bool *started)
{
	fdt_node_t parent;
	struct fdt_prop p;

	if (!*started) {
		*started = true;
		if (!fdt_find_path(&boot_fdt, "/reserved-memory", &parent) ||
		    !fdt_first_child(&boot_fdt, parent, node))
			return false;
	} else if (!fdt_next_sibling(&boot_fdt, node)) {
		return false;
	}
	while (!fdt_prop(&boot_fdt, *node, "no-map", &p))
		if (!fdt_next_sibling(&boot_fdt, node))
			return false;
	return true;
}

/* Add RAM without what must not be mapped; each such piece cuts the rest. */
static void ram_add(struct boot_info *bi, u64 base, u64 end)
{
	fdt_node_t node;
	bool started = false;

	while (nomap_next(&node, &started)) {
		u64 addr, size;

		for (uint i = 0; fdt_reg(&boot_fdt, node, i, &addr, &size) == 0; i++) {
			if (addr >= end || addr + size <= base)
				continue;
			if (addr > base)
				ram_add(bi, base, addr);
			if (addr + size >= end)
				return;
			base = addr + size;
		}
	}
	boot_add_ram(bi, base, end - base);
}

static bool is_device_type(fdt_node_t node, const char *type)
{
	const char *s;

	return fdt_prop_string(&boot_fdt, node, "device_type", &s) && strcmp(s, type) == 0;
}

static void memory_read(struct boot_info *bi)
{
	fdt_node_t node = FDT_ROOT, parent;
	u64 addr, size;

	while (fdt_next(&boot_fdt, &node)) {
		if (!is_device_type(node, "memory") || !fdt_is_enabled(&boot_fdt, node))
			continue;
		for (uint i = 0; fdt_reg(&boot_fdt, node, i, &addr, &size) == 0; i++) {
			u64 end = MIN(addr + size, (u64)(PHYSMAP_END - PHYSMAP_BASE));

			if (size && end > addr)
				ram_add(bi, addr, end);
		}
	}
	for (uint i = 0; fdt_reserved(&boot_fdt, i, &addr, &size) == 0; i++)
		boot_reserve(bi, addr, size);
	if (fdt_find_path(&boot_fdt, "/reserved-memory", &parent) &&
	    fdt_first_child(&boot_fdt, parent, &node)) {
		do {
			for (uint i = 0; fdt_reg(&boot_fdt, node, i, &addr, &size) == 0; i++)
				boot_reserve(bi, addr, size);
		} while (fdt_next_sibling(&boot_fdt, &node));
	}
	boot_reserve(bi, boot_image_pa, (u64)(_end - _text));
	boot_memory_ready(bi);
}

#define MPIDR_AFFINITY  0xff00fffffful

static void cpu_add(struct boot_info *bi, fdt_node_t node)
{
	struct fdt_prop reg;
	u64 id;

	if (!is_device_type(node, "cpu") || !fdt_is_enabled(&boot_fdt, node) ||
	    !fdt_prop(&boot_fdt, node, "reg", &reg) || reg.len < 4)
		return;
	id = fdt_cell(&reg, 0);
	if (reg.len >= 8)
		id = id << 32 | fdt_cell(&reg, 1);
	id &= MPIDR_AFFINITY;
	if (id != bi->cpu_hwid[0] && bi->ncpus < BOOT_MAX_CPUS)
		bi->cpu_hwid[bi->ncpus++] = id;
}

static void cpus_read(struct boot_info *bi)
{
	fdt_node_t node;

	bi->cpu_hwid[0] = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;
	bi->ncpus = 1;
	if (!fdt_find_path(&boot_fdt, "/cpus", &node) || !fdt_first_child(&boot_fdt, node, &node))
		return;
	do {
		cpu_add(bi, node);
	} while (fdt_next_sibling(&boot_fdt, &node));
}

static bool is_ram(const struct boot_info *bi, paddr_t pa)
{
	for (uint i = 0; i < bi->nram; i++)
		if (pa - bi->ram[i].base < bi->ram[i].size)
			return true;
	return false;
}

/*
 * Make phys_to_virt() good for the page at the top of free memory and what is
 * below it in its 2 MiB and the 2 MiB before.  Returns that page.
 */
static paddr_t top_map(struct boot_info *bi)
{
	pte_t *root = (pte_t *)boot_root;
	paddr_t top = boot_alloc(bi, PAGE_SIZE, PAGE_SIZE);
	paddr_t base = ALIGN_DOWN(top, BLOCK_SIZE);

	if (!top)
		boot_die("no free memory");
	/* Both blocks under one table of level 1: else one block must do. */
	if (base & (GIB(1) - 1))
		base -= BLOCK_SIZE;
	for (uint i = 0; i < 2; i++) {
		paddr_t block = base + i * BLOCK_SIZE;
		vaddr_t va = (vaddr_t)phys_to_virt(block);

		for (uint j = 0; j < 512; j++)
			if (is_ram(bi, block + j * PAGE_SIZE))
				top_level0[i][j] = pte_make_leaf(block + j * PAGE_SIZE,
								 PROT_KERNEL_RW, 0);
		top_level1[pte_index(va, 1)] = pte_make_table(image_to_phys(top_level0[i]));
		top_level2[pte_index(va, 2)] = pte_make_table(image_to_phys(top_level1));
		root[pte_index(va, 3)] = pte_make_table(image_to_phys(top_level2));
	}
	pte_sync();
	return top;
}

static void kernel_map(vaddr_t va, paddr_t pa, u64 size, uint prot)
{
	if (size && arch_mmu_map_large(&kernel_mmu, va, pa, size, prot) < 0)
		boot_die("no memory for page tables");
}

/* RAM [base, end) in the physmap, without a writable alias of what the image has read-only. */
static void physmap_add(paddr_t base, paddr_t end)
{
	paddr_t ro_start = image_to_phys(_text), ro_end = image_to_phys(_erodata);

	if (ro_start < end && ro_end > base) {
		physmap_add(base, MAX(base, ro_start));
		kernel_map(PHYSMAP_BASE + ro_start, ro_start, ro_end - ro_start, PROT_READ_BIT);
		base = MIN(end, ro_end);
	}
	if (base < end)
		kernel_map(PHYSMAP_BASE + base, base, end - base, PROT_KERNEL_RW);
}

static void image_add(const char *start, const char *end, uint prot)
{
	kernel_map((vaddr_t)start, image_to_phys(start), (u64)(end - start), prot);
}

static void kernel_tables_make(struct boot_info *bi)
{
	void (*switch_tables)(paddr_t root, paddr_t empty);
	paddr_t pa;

	mmu_empty_root = top_map(bi);
	memset(phys_to_virt(mmu_empty_root), 0, PAGE_SIZE);
	if (pagetable_create(&kernel_mmu) < 0)
		boot_die("no memory for page tables");

	for (uint i = 0; i < bi->nram; i++)
		physmap_add(bi->ram[i].base, bi->ram[i].base + bi->ram[i].size);
	image_add(_text, (const char *)ALIGN_UP((ulong)_etext, PAGE_SIZE),
		  PROT_READ_BIT | PROT_EXEC_BIT);
	image_add(_rodata, _erodata, PROT_READ_BIT);
	image_add(_data, (const char *)ALIGN_UP((ulong)_end, PAGE_SIZE), PROT_KERNEL_RW);
	if (earlycon_find(&boot_fdt, &pa))
		kernel_map(ALIGN_DOWN(CONSOLE_VA + (pa & (BLOCK_SIZE - 1)), PAGE_SIZE),
			   ALIGN_DOWN(pa, PAGE_SIZE), PAGE_SIZE,
			   PROT_KERNEL_RW | PROT_DEVICE_BIT);

	switch_tables = (void (*)(paddr_t, paddr_t))image_to_phys((const void *)boot_switch_tables);
	switch_tables(kernel_mmu.root, mmu_empty_root);
	boot_secondary_root = kernel_mmu.root;
}

void arch_early_init(struct boot_info *bi)
{
	bi->entry_cycles = boot_entry_cycles;
	cpu_features_read();
	if (cpu_features.has_pan)
		uaccess_enable_pan();
	fdt_start(bi);
	console_start();
	chosen_read(bi);
	memory_read(bi);
	cpus_read(bi);
	kernel_tables_make(bi);
	/* The window is gone. */
	if (fdt_open(&boot_fdt, phys_to_virt(bi->dtb), BLOCK_SIZE) < 0)
		boot_die("bad device tree");
	its_early_init(bi);
	psci_init(&boot_fdt);
	arch_cpu_init(&cpu_boot);
}

void arch_init(void)
{
	timer_find();
	irqchip_init();
	irqchip_init_cpu(&cpu_boot);
	timer_init_this_cpu();
}

/* Every device is in the tree. */
void arch_add_devices(void)
{
}
