/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller: what GICv2 and GICv3 have in common.
 *
 * One interrupt is handled per trap; when more are pending the CPU traps again
 * at once.  The GIC holds back equal and lower priorities between acknowledge and end,
 * and all have one priority, so handlers never nest.
 *
 * Locking.  gic_lock (irq lock, rank IRQ) guards registers that hold the state
 * of several interrupts; the set and clear registers need none.
 */
#include <arch/irq.h>

#include <arch/trap.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/spin.h>
#include <gemel/vmalloc.h>

#include "arm64.h"
#include "gic.h"

struct io_region gic_dist;

static bool is_v3;
static struct irqlock gic_lock = IRQLOCK_INIT(IRQ);

bool gic_map_reg(u32 node, uint i, struct io_region *out, paddr_t *pa)
{
	u64 addr, size;
	void *va;

	if (fdt_reg(&boot_fdt, node, i, &addr, &size) < 0)
		return false;
	va = vmap_device(addr, size);
	if (!va)
		return false;
	*out = (struct io_region){ .base = (ulong)va, .size = size };
	if (pa)
		*pa = addr;
	return true;
}

void gic_dist_reset(u32 groups)
{
	uint lines = MIN(32 * ((io_read32(&gic_dist, GICD_TYPER) & 0x1f) + 1), INTID_SPECIAL);

	for (uint irq = INTID_SPI; irq < lines; irq += 32) {
		io_write32(&gic_dist, GICD_ICENABLER + irq / 8, ~0u);
		io_write32(&gic_dist, GICD_IGROUPR + irq / 8, groups);
	}
	for (uint irq = INTID_SPI; irq < lines; irq += 16)
		io_write32(&gic_dist, GICD_ICFGR + irq / 4, 0);
	for (uint irq = INTID_SPI; irq < lines; irq += 4)
		io_write32(&gic_dist, GICD_IPRIORITYR + irq, GIC_PRIORITY);
}

void irqchip_init(void)
{
	is_v3 = gicv3_init();
	if (!is_v3 && !gicv2_init())
		panic("irqchip: no GIC in the device tree");
}

void irqchip_init_cpu(struct cpu *cpu)
{
	if (is_v3)
		gicv3_init_cpu(cpu);
	else
		gicv2_init_cpu(cpu);
}

uint arch_irq_count(void)
{
	return IRQ_LPI + LPI_COUNT;
}

static bool is_wired(uint irq)
{
	return irq >= INTID_PPI && irq < INTID_SPECIAL;
}

static bool is_lpi(uint irq)
{
	return irq >= IRQ_LPI && irq < IRQ_LPI + LPI_COUNT;
}

/* Where the registers of @irq are. */
static struct io_region irq_regs(uint irq)
{
	if (is_v3 && irq < INTID_SPI)
		return (struct io_region){ .base = arch_this_cpu()->arch.redistributor + 0x10000 };
	return gic_dist;
}

static void trigger_set(uint irq, bool is_edge)
{
	struct io_region regs = irq_regs(irq);
	size_t off = GICD_ICFGR + irq / 16 * 4;
	u32 bit = 2u << irq % 16 * 2;
	u32 v;

	irq_lock(&gic_lock);
	v = io_read32(&regs, off);
	io_write32(&regs, off, is_edge ? v | bit : v & ~bit);
	irq_unlock(&gic_lock);
}

int arch_irq_setup(uint irq, enum irq_trigger trigger, uint cpu_id)
{
	/* SPIs are level high or rising edge; the tree has inverters where they are needed. */
	if (is_lpi(irq))
		return 0;
	if (!is_wired(irq) || cpu_id >= cpu_count || !cpus[cpu_id])
		return -EINVAL;
	arch_irq_mask(irq);
	trigger_set(irq, trigger == IRQ_EDGE);
	if (irq < INTID_SPI)
		return 0;
	irq_lock(&gic_lock);
	if (is_v3)
		gicv3_route(irq, cpus[cpu_id]);
	else
		gicv2_route(irq, cpus[cpu_id]);
	irq_unlock(&gic_lock);
	return 0;
}

void arch_irq_mask(uint irq)
{
	struct io_region regs;

	if (is_lpi(irq)) {
		its_lpi_enable(irq, false);
		return;
	}
	ASSERT(is_wired(irq));
	regs = irq_regs(irq);
	io_write32(&regs, GICD_ICENABLER + irq / 32 * 4, 1u << irq % 32);
	if (is_v3)
		gicv3_wait_rwp(&regs, irq >= INTID_SPI);
}

void arch_irq_unmask(uint irq)
{
	struct io_region regs;

	if (is_lpi(irq)) {
		its_lpi_enable(irq, true);
		return;
	}
	ASSERT(is_wired(irq));
	regs = irq_regs(irq);
	io_write32(&regs, GICD_ISENABLER + irq / 32 * 4, 1u << irq % 32);
}

void arch_irq_raise(uint irq)
{
	ASSERT(is_wired(irq) && irq >= INTID_SPI);
	io_write32(&gic_dist, GICD_ISPENDR + irq / 32 * 4, 1u << irq % 32);
}

int arch_msi_alloc(uint devid, uint cpu_id, struct msi *out)
{
	if (cpu_id >= cpu_count || !cpus[cpu_id])
		return -EINVAL;
	return is_v3 ? its_msi_alloc(devid, cpu_id, out) : gicv2_msi_alloc(cpu_id, out);
}

void arch_ipi_send(uint cpu_id, enum ipi ipi)
{
	/* Pairs with the receiver's acknowledge: what was stored before is visible there. */
	asm volatile("dsb ishst" ::: "memory");
	if (is_v3)
		gicv3_send(cpus[cpu_id], ipi);
	else
		gicv2_send(cpus[cpu_id], ipi);
}

void arch_ipi_stop_others(void)
{
	struct cpu *cpu;

	for_each_online_cpu(cpu)
		if (cpu != arch_this_cpu())
			arch_ipi_send(cpu->id, IPI_STOP);
}

static void irq_handle(u32 intid)
{
	if (intid == timer_irq)
		timer_interrupt();
	else if (intid >= INTID_LPI)
		irq_dispatch(intid - INTID_LPI + IRQ_LPI);
	else
		irq_dispatch(intid);
}

void irq_from_trap(struct trapframe *tf)
{
	u32 ack = is_v3 ? gicv3_ack() : gicv2_ack();
	u32 intid = is_v3 ? ack : ack & 0x3ff;

	if (intid - INTID_SPECIAL < 4)
		return;
	irq_enter(tf);
	/* An IPI is ended first: its handler may never come back (IPI_STOP). */
	if (intid >= INTID_PPI)
		irq_handle(intid);
	if (is_v3)
		gicv3_end(ack);
	else
		gicv2_end(ack);
	if (intid < INTID_PPI)
		ipi_dispatch(intid);
	irq_exit();
}
