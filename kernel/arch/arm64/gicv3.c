/* SPDX-License-Identifier: MIT */
/* GICv3: a redistributor for each CPU, and a CPU interface in system registers. */
#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/vmalloc.h>

#include "arm64.h"
#include "gic.h"

#define GICD_CTLR_RWP   (1u << 31)
#define GICD_CTLR_ON    0x13u           /* affinity routing, groups 1 */

enum gicr_reg {
	GICR_CTLR = 0x00,
	GICR_TYPER = 0x08,
	GICR_WAKER = 0x14,
};

#define GICR_CTLR_RWP   (1u << 3)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)
#define GICR_TYPER_VLPIS (1ull << 1)
#define GICR_TYPER_LAST (1ull << 4)
#define GICR_FRAME      0x10000ul
#define GICR_SIZE       (2 * GICR_FRAME)        /* that we use: RD_base and SGI_base */

#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_BPR1_EL1    S3_0_C12_C12_3
#define ICC_CTLR_EL1    S3_0_C12_C12_4
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_SGI1R_EL1   S3_0_C12_C11_5

static struct cpu *cpu_by_affinity(u32 aff)
{
	u64 hwid = (aff & 0xffffff) | (u64)(aff >> 24) << 32;

	for (uint i = 0; i < cpu_count; i++)
		if (cpus[i] && cpus[i]->hwid == hwid)
			return cpus[i];
	return NULL;
}

/* Map the redistributors of our CPUs in [pa, pa + size). */
static bool redistributors_find(paddr_t pa, u64 size)
{
	for (u64 off = 0; off + GICR_SIZE <= size;) {
		struct io_region r = { .base = (ulong)vmap_device(pa + off, GICR_SIZE) };
		struct cpu *cpu;
		u64 typer;

		if (!r.base)
			return false;
		typer = io_read64(&r, GICR_TYPER);
		cpu = cpu_by_affinity((u32)(typer >> 32));
		if (cpu)
			cpu->arch.redistributor = r.base;
		else
			vunmap_device((void *)r.base, GICR_SIZE);
		if (typer & GICR_TYPER_LAST)
			break;
		off += typer & GICR_TYPER_VLPIS ? 2 * GICR_SIZE : GICR_SIZE;
	}
	return true;
}

bool gicv3_init(void)
{
	fdt_node_t node = FDT_ROOT;
	u64 pa, size;
	u32 regions = 1;

	if (!fdt_next_compatible(&boot_fdt, &node, "arm,gic-v3") ||
	    !gic_map_reg(node, 0, &gic_dist, NULL))
		return false;
	if (!fdt_prop_u32(&boot_fdt, node, "#redistributor-regions", &regions))
		regions = 1;
	for (uint i = 0; i < regions; i++)
		if (fdt_reg(&boot_fdt, node, 1 + i, &pa, &size) < 0 ||
		    !redistributors_find(pa, size))
			return false;
	io_write32(&gic_dist, GICD_CTLR, 0);
	gicv3_wait_rwp(&gic_dist, true);
	gic_dist_reset(~0u);
	gicv3_wait_rwp(&gic_dist, true);
	io_write32(&gic_dist, GICD_CTLR, GICD_CTLR_ON);
	gicv3_wait_rwp(&gic_dist, true);
	its_init();
	return true;
}

void gicv3_wait_rwp(const struct io_region *regs, bool is_dist)
{
	struct io_region r = *regs;

	/* Of a redistributor we were given the second frame. */
	if (!is_dist)
		r.base = arch_this_cpu()->arch.redistributor;
	while (io_read32(&r, GICD_CTLR) & (is_dist ? GICD_CTLR_RWP : GICR_CTLR_RWP))
		arch_cpu_relax();
}

static void redistributor_init(struct cpu *cpu)
{
	struct io_region rd = { .base = cpu->arch.redistributor };
	struct io_region sgi = { .base = cpu->arch.redistributor + GICR_FRAME };

	if (!rd.base)
		panic("gicv3: CPU %u has no redistributor", cpu->id);
	io_write32(&rd, GICR_WAKER, io_read32(&rd, GICR_WAKER) & ~GICR_WAKER_SLEEP);
	while (io_read32(&rd, GICR_WAKER) & GICR_WAKER_ASLEEP)
		arch_cpu_relax();
	io_write32(&sgi, GICD_IGROUPR, ~0u);
	io_write32(&sgi, GICD_ICENABLER, 0xffff0000);
	io_write32(&sgi, GICD_ISENABLER, 0x0000ffff);
	for (uint irq = 0; irq < INTID_SPI; irq += 4)
		io_write32(&sgi, GICD_IPRIORITYR + irq, GIC_PRIORITY);
	gicv3_wait_rwp(&sgi, false);
}

void gicv3_init_cpu(struct cpu *cpu)
{
	redistributor_init(cpu);
	sysreg_write(ICC_SRE_EL1, sysreg_read(ICC_SRE_EL1) | 1);
	isb();
	sysreg_write(ICC_PMR_EL1, GIC_PRIORITY_MASK);
	sysreg_write(ICC_BPR1_EL1, 0);
	sysreg_write(ICC_CTLR_EL1, 0);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
	its_init_cpu(cpu);
}

u32 gicv3_ack(void)
{
	u32 ack = (u32)sysreg_read(ICC_IAR1_EL1);

	/* The acknowledge is over before the handler looks at its device. */
	asm volatile("dsb sy" ::: "memory");
	return ack;
}

void gicv3_end(u32 ack)
{
	sysreg_write(ICC_EOIR1_EL1, ack);
	isb();
}

void gicv3_route(uint irq, const struct cpu *cpu)
{
	io_write64(&gic_dist, GICD_IROUTER + 8ul * irq, cpu->hwid);
}

void gicv3_send(const struct cpu *cpu, uint sgi)
{
	u64 id = cpu->hwid;

	sysreg_write(ICC_SGI1R_EL1, (id >> 32 & 0xff) << 48 | (id >> 16 & 0xff) << 32 |
		  (id >> 8 & 0xff) << 16 | (id >> 4 & 0xf) << 44 | (u64)sgi << 24 |
		  1ull << (id & 0xf));
	isb();
}
