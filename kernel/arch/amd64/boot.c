/* SPDX-License-Identifier: MIT */
/*
 * What the PVH loader left, into boot_info.
 *
 * Everything the loader hands over lies in the first GiB, which the early
 * tables map; ACPI tables may lie anywhere and are read once the physmap
 * stands.
 */
#include <arch/boot.h>

#include <arch/debug.h>
#include <arch/mmu.h>
#include <arch/thread.h>

#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/device.h>
#include <gemel/string.h>

#include "amd64.h"
#include "fpu.h"

#define PVH_MAGIC       0x336ec578u
#define PVH_RAM         1
#define LOW_MEMORY_END  0x9f000

/* The structures of Xen's start_info.h. */
struct pvh_start_info {
	u32 magic, version, flags, nmodules;
	u64 modules, cmdline, rsdp;
	/* Version 1. */
	u64 memmap;
	u32 nmemmap, reserved;
};

struct pvh_module { u64 base, size, cmdline, reserved; };
struct pvh_memory { u64 base, size; u32 type, reserved; };

/* COM1, polled. */
#define UART            0x3f8
#define UART_LSR        (UART + 5)
#define UART_LSR_EMPTY  0x20
#define UART_SCRATCH    (UART + 7)
#define UART_IRQ        4

#define RTC_PORT        0x70
#define RTC_IRQ         8

/* The boot CPU's emergency stacks, a guard page below each. */
static char boot_ist[IST_COUNT][PAGE_SIZE + IST_STACK_SIZE] __aligned(4096);

static bool uart_present;

static void uart_init(void)
{
	outb(UART_SCRATCH, 0x5a);
	uart_present = inb(UART_SCRATCH) == 0x5a;
	if (!uart_present)
		return;
	outb(UART + 1, 0);              /* no interrupts */
	outb(UART + 3, 0x80);           /* 115200 8n1, FIFO on */
	outb(UART + 0, 1);
	outb(UART + 1, 0);
	outb(UART + 3, 0x03);
	outb(UART + 2, 0x07);
	outb(UART + 4, 0x0b);
}

void arch_early_putc(char c)
{
	if (!uart_present)
		return;
	for (uint tries = 100000; tries && !(inb(UART_LSR) & UART_LSR_EMPTY); tries--)
		arch_cpu_relax();
	outb(UART, (u8)c);
}

static void memory_read(struct boot_info *bi, const struct pvh_start_info *si)
{
	const struct pvh_memory *map = phys_to_virt(si->memmap);

	if (si->version < 1 || !si->memmap)
		panic("boot: the loader gave no memory map");
	for (u32 i = 0; i < si->nmemmap; i++)
		if (map[i].type == PVH_RAM)
			boot_add_ram(bi, map[i].base, map[i].size);
	boot_reserve(bi, 0, PAGE_SIZE);
	boot_reserve(bi, (ulong)_text - KERNEL_BASE, (ulong)(_end - _text));
}

static void initrd_read(struct boot_info *bi, const struct pvh_start_info *si)
{
	const struct pvh_module *module = phys_to_virt(si->modules);

	if (!si->nmodules || !module->size)
		return;
	bi->initrd = module->base;
	bi->initrd_size = module->size;
	boot_reserve(bi, module->base, module->size);
}

static void boot_cpu_init(void)
{
	for (uint i = 0; i < IST_COUNT; i++)
		cpu_boot.arch.ist_stack[i] = boot_ist[i] + PAGE_SIZE;
	cpu_boot.kstack_top = (ulong)boot_stack + KSTACK_SIZE;
	trap_init_cpu(&cpu_boot);
}

void arch_early_init(struct boot_info *bi)
{
	const struct pvh_start_info *si = phys_to_virt(boot_start_info);

	uart_init();
	bi->entry_cycles = boot_entry_cycles;
	if (si->magic != PVH_MAGIC)
		panic("boot: no PVH start info (magic %#x)", si->magic);
	cpu_features_read();
	cpu_patch_smap();
	cpu_features_enable();
	trap_init();
	boot_cpu_init();
	if (si->cmdline)
		strscpy(bi->cmdline, phys_to_virt(si->cmdline), sizeof(bi->cmdline));
	bi->rsdp = si->rsdp;
	memory_read(bi, si);
	initrd_read(bi, si);
	boot_memory_ready(bi);
	mmu_early_init(bi);
	for (uint i = 0; i < IST_COUNT; i++)
		arch_mmu_unmap(&kernel_mmu, (vaddr_t)boot_ist[i], 1);
	arch_cpu_init(&cpu_boot);
	machine_read(bi);
	smp_reserve_trampoline(bi);
}

void arch_init(void)
{
	irqchip_init();
	timer_calibrate();
	fpu_init();
}

/* A legacy device of the PC: ports and an ISA interrupt. */
static void isa_device_add(const char *name, const char *compatible, u16 port, u64 nports, uint irq)
{
	struct device *dev = device_create(&platform_bus, NULL, name);

	if (!dev)
		return;
	dev->compatible = compatible;
	dev->compatible_len = (u32)strlen(compatible) + 1;
	if (device_add_resource(dev, RESOURCE_PORT, port, nports, IRQ_EDGE) < 0 ||
	    device_add_resource(dev, RESOURCE_IRQ, irqchip_isa_gsi(irq), 1, IRQ_EDGE) < 0) {
		device_discard(dev);
		return;
	}
	device_add(dev);
}

void arch_add_devices(void)
{
	if (uart_present)
		isa_device_add("3f8.serial", "ns16550a", UART, 8, UART_IRQ);
	if (machine.has_cmos)
		isa_device_add("70.rtc", "cmos-rtc", RTC_PORT, 2, RTC_IRQ);
}
