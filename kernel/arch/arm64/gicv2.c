/* SPDX-License-Identifier: MIT */
/* GICv2: a CPU interface in memory, at most 8 CPUs, and message interrupts by a v2m frame. */
#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/spin.h>

#include "arm64.h"
#include "gic.h"

enum gicc_reg {
	GICC_CTLR = 0x00,
	GICC_PMR = 0x04,
	GICC_BPR = 0x08,
	GICC_IAR = 0x0c,
	GICC_EOIR = 0x10,
};

enum v2m_reg {
	V2M_TYPER = 0x08,
	V2M_SETSPI = 0x40,
};

static struct io_region gic_cpu;

static struct irqlock msi_lock = IRQLOCK_INIT(IRQ);
static paddr_t msi_frame;
static u32 msi_next __guarded_by(msi_lock), msi_end;

static const char *const compatible[] = {
	"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a9-gic", "arm,cortex-a7-gic",
};

static void v2m_init(void)
{
	fdt_node_t node = FDT_ROOT;
	struct io_region frame;
	u32 typer, base, count;

	if (!fdt_next_compatible(&boot_fdt, &node, "arm,gic-v2m-frame") ||
	    !gic_map_reg(node, 0, &frame, &msi_frame))
		return;
	typer = io_read32(&frame, V2M_TYPER);
	if (!fdt_prop_u32(&boot_fdt, node, "arm,msi-base-spi", &base))
		base = (typer >> 16) & 0x3ff;
	if (!fdt_prop_u32(&boot_fdt, node, "arm,msi-num-spis", &count))
		count = typer & 0x3ff;
	if (base < INTID_SPI || base + count > INTID_SPECIAL)
		return;
	msi_next = base;
	msi_end = base + count;
}

bool gicv2_init(void)
{
	fdt_node_t node = FDT_ROOT;
	bool found = false;

	for (uint i = 0; i < ARRAY_SIZE(compatible) && !found; i++) {
		node = FDT_ROOT;
		found = fdt_next_compatible(&boot_fdt, &node, compatible[i]);
	}
	if (!found || !gic_map_reg(node, 0, &gic_dist, NULL) ||
	    !gic_map_reg(node, 1, &gic_cpu, NULL))
		return false;
	io_write32(&gic_dist, GICD_CTLR, 0);
	/* Without security extensions both groups are ours; the CPU interface takes group 0. */
	gic_dist_reset(0);
	io_write32(&gic_dist, GICD_CTLR, 1);
	v2m_init();
	return true;
}

void gicv2_init_cpu(struct cpu *cpu)
{
	/* Of SGIs and PPIs each CPU sees its own registers; the targets read as itself. */
	cpu->arch.gic_target = io_read32(&gic_dist, GICD_ITARGETSR) & 0xff;
	io_write32(&gic_dist, GICD_ICENABLER, 0xffff0000);
	io_write32(&gic_dist, GICD_ISENABLER, 0x0000ffff);
	for (uint irq = 0; irq < INTID_SPI; irq += 4)
		io_write32(&gic_dist, GICD_IPRIORITYR + irq, GIC_PRIORITY);
	io_write32(&gic_cpu, GICC_PMR, GIC_PRIORITY_MASK);
	io_write32(&gic_cpu, GICC_BPR, 0);
	io_write32(&gic_cpu, GICC_CTLR, 1);
}

u32 gicv2_ack(void)
{
	return io_read32(&gic_cpu, GICC_IAR);
}

void gicv2_end(u32 ack)
{
	io_write32(&gic_cpu, GICC_EOIR, ack);
}

void gicv2_route(uint irq, const struct cpu *cpu)
{
	io_write8(&gic_dist, GICD_ITARGETSR + irq, (u8)cpu->arch.gic_target);
}

void gicv2_send(const struct cpu *cpu, uint sgi)
{
	io_write32(&gic_dist, GICD_SGIR, (u32)cpu->arch.gic_target << 16 | sgi);
}

int gicv2_msi_alloc(uint cpu_id, struct msi *out)
{
	uint irq;
	int err;

	if (!msi_end)
		return -ENODEV;
	irq_lock(&msi_lock);
	irq = msi_next < msi_end ? msi_next++ : 0;
	irq_unlock(&msi_lock);
	if (irq == 0)
		return -ENOSPC;
	err = arch_irq_setup(irq, IRQ_EDGE, cpu_id);
	if (err < 0)
		return err;
	arch_irq_unmask(irq);
	*out = (struct msi){ .irq = irq, .addr = msi_frame + V2M_SETSPI, .data = irq };
	return 0;
}
