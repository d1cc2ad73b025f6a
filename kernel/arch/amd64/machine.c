/* SPDX-License-Identifier: MIT */
/*
 * What the ACPI tables say about this machine, as far as the port itself
 * needs it: CPUs, interrupt controllers, timers, how to switch off.
 *
 * Read once, before page_init(): each table is mapped where the physmap would
 * have it.
 */
#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/mmu.h>

#include <gemel/acpi.h>
#include <gemel/assert.h>
#include <gemel/string.h>
#define LOG_TAG "machine"
#include <gemel/log.h>

#include "amd64.h"

#define MADT_ENABLED            1u
#define LAPIC_DEFAULT           0xfee00000
#define IOAPIC_DEFAULT          0xfec00000
#define FADT_NO_CMOS            (1u << 5)
#define FADT_I8042              (1u << 1)

struct machine machine;

/* ISA port 0xcf9: reset control of PCI chipsets. */
#define RESET_PORT              0xcf9
#define I8042_COMMAND           0x64
#define I8042_RESET             0xfe

/* What switches the machine off: register values of S5, and where. */
static struct {
	bool has_fadt, has_s5;
	u8 s5[2];
	struct acpi_fadt fadt;
} power;

static const void *acpi_map(paddr_t pa, size_t len)
{
	paddr_t end = ALIGN_UP(pa + len, PAGE_SIZE);

	if (end < pa || end > (paddr_t)1 << cpu_features.phys_bits)
		return NULL;
	for (paddr_t at = ALIGN_DOWN(pa, PAGE_SIZE); at < end; at += PAGE_SIZE) {
		vaddr_t va = PHYSMAP_BASE + at;
		paddr_t there;
		uint prot;

		if (arch_mmu_query(&kernel_mmu, va, &there, &prot))
			continue;
		if (arch_mmu_map(&kernel_mmu, va, at, 1, PROT_READ_BIT) < 0)
			return NULL;
	}
	return phys_to_virt(pa);
}

static void cpu_add(struct boot_info *bi, u32 apic_id)
{
	if (apic_id == bi->cpu_hwid[0])
		return;
	if (bi->ncpus < BOOT_MAX_CPUS)
		bi->cpu_hwid[bi->ncpus++] = apic_id;
}

static void madt_entry(struct boot_info *bi, const struct acpi_madt_entry *e)
{
	switch (e->type) {
	case ACPI_MADT_LAPIC:
	case ACPI_MADT_X2APIC:
		if (e->flags & MADT_ENABLED)
			cpu_add(bi, e->apic_id);
		break;
	case ACPI_MADT_IOAPIC:
		if (machine.nioapics < IOAPIC_MAX)
			machine.ioapic[machine.nioapics++] =
				(struct machine_ioapic){ e->address, e->gsi };
		break;
	case ACPI_MADT_OVERRIDE:
		if (e->irq < ISA_IRQS)
			machine.isa[e->irq] = (struct machine_isa){ e->gsi, (u16)e->flags };
		break;
	case ACPI_MADT_LAPIC_ADDRESS:
		machine.lapic = e->address;
		break;
	}
}

static void madt_read(struct boot_info *bi, const struct acpi *acpi)
{
	struct acpi_madt_entry e;
	struct acpi_table madt;
	u32 pos = 0;

	if (acpi_find(acpi, "APIC", 0, &madt) < 0)
		return;
	if (acpi_madt_lapic(&madt))
		machine.lapic = acpi_madt_lapic(&madt);
	while (acpi_madt_next(&madt, &pos, &e))
		madt_entry(bi, &e);
}

static void gas_map(const struct acpi_gas *gas)
{
	if (gas->address && gas->space == ACPI_SPACE_MEMORY)
		mmu_map_registers(gas->address);
}

static void fadt_read(const struct acpi *acpi)
{
	struct acpi_fadt *f = &power.fadt;
	struct acpi_table table;

	if (acpi_find(acpi, "FACP", 0, &table) < 0 || acpi_fadt(&table, f) < 0)
		return;
	power.has_fadt = true;
	machine.has_cmos = !(f->boot_flags & FADT_NO_CMOS);
	machine.has_i8042 = f->boot_flags & FADT_I8042;
	machine.century = f->century;
	if (f->pm_timer.address && f->pm_timer.space == ACPI_SPACE_IO) {
		machine.has_pm_timer = true;
		machine.pm_timer_port = (u16)f->pm_timer.address;
	}
	gas_map(&f->sleep_control);
	gas_map(&f->reset);
	if (f->dsdt && acpi_table_at(acpi, f->dsdt, "DSDT", &table) == 0)
		power.has_s5 = acpi_aml_s5(&table, power.s5) == 0;
}

static void hpet_read(const struct acpi *acpi)
{
	struct acpi_table table;

	/* The address stands in a generic address at offset 40; its space must be memory. */
	if (acpi_find(acpi, "HPET", 0, &table) == 0 && table.len >= 56 && table.data[40] == 0)
		memcpy(&machine.hpet, table.data + 44, 8);
}

void machine_read(struct boot_info *bi)
{
	struct acpi acpi;

	machine.lapic = LAPIC_DEFAULT;
	machine.has_cmos = true;
	for (uint i = 0; i < ISA_IRQS; i++)
		machine.isa[i].gsi = i;
	bi->cpu_hwid[0] = cpuid(1, 0).b >> 24;
	bi->ncpus = 1;
	if (bi->rsdp && acpi_open(&acpi, acpi_map, bi->rsdp) == 0) {
		machine.has_acpi = true;
		madt_read(bi, &acpi);
		fadt_read(&acpi);
		hpet_read(&acpi);
	}
	if (!machine.nioapics)
		machine.ioapic[machine.nioapics++] = (struct machine_ioapic){ IOAPIC_DEFAULT, 0 };
}

/* --- switching off --- */

static void gas_write(const struct acpi_gas *gas, u32 v)
{
	if (!gas->address)
		return;
	if (gas->space == ACPI_SPACE_IO && gas->width == 8)
		outb((u16)gas->address, (u8)v);
	else if (gas->space == ACPI_SPACE_IO)
		outw((u16)gas->address, (u16)v);
	else if (gas->space == ACPI_SPACE_MEMORY)
		*(volatile u8 *)phys_to_virt(gas->address) = (u8)v;
}

static void power_off(void)
{
	const struct acpi_fadt *f = &power.fadt;

	if (!power.has_fadt || !power.has_s5)
		return;
	/* SLP_TYP in bits 10.., SLP_EN 13; the sleep control register has them at 2 and 5. */
	if (f->is_hardware_reduced) {
		gas_write(&f->sleep_control, (u32)power.s5[0] << 2 | 1u << 5);
		return;
	}
	gas_write(&f->pm1a_control, (u32)power.s5[0] << 10 | 1u << 13);
	gas_write(&f->pm1b_control, (u32)power.s5[1] << 10 | 1u << 13);
}

static void reboot(void)
{
	const struct acpi_fadt *f = &power.fadt;

	if (power.has_fadt && f->has_reset)
		gas_write(&f->reset, f->reset_value);
	if (machine.has_i8042)
		outb(I8042_COMMAND, I8042_RESET);
	outb(RESET_PORT, 0x02);
	outb(RESET_PORT, 0x06);
}

/* A trap without an IDT: the CPU shuts down, which resets the machine. */
static void __noreturn triple_fault(void)
{
	static const struct { u16 limit; u64 base; } __packed none;

	asm volatile("lidt %0\n\tint3" :: "m"(none));
	arch_halt();
}

/* isa-debug-exit: a write to the port that the command line names ends QEMU with v << 1 | 1. */
static void debug_exit(u32 v)
{
	char buf[16];
	u64 port;

	if (cmdline_get("exitport", buf, sizeof(buf)) && parse_u64(buf, 0, &port, NULL) == 0 &&
	    port <= 0xffff)
		outl((u16)port, v);
}

void __noreturn arch_restart(enum restart how)
{
	arch_irq_disable();
	if (how == RESTART_FAILURE)
		debug_exit(1);
	if (how == RESTART_HALT)
		arch_halt();
	if (how != RESTART_REBOOT)
		power_off();
	if (how == RESTART_REBOOT)
		reboot();
	/* A machine without a switch (QEMU's -no-reboot makes an exit of it). */
	triple_fault();
}
