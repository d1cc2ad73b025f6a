/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The parts of the GIC.  An irq of this kernel is an INTID: 0-15 SGI, 16-31
 * PPI, 32-1019 SPI; LPIs, which begin at INTID 8192, are moved down to 1024.
 */
#include <arch/irq.h>
#include <arch/io.h>

struct boot_info;
struct cpu;

#define INTID_PPI       16u
#define INTID_SPI       32u
#define INTID_SPECIAL   1020u   /* up to 1023: nothing to handle */
#define INTID_LPI       8192u
#define IRQ_LPI         1024u
#define LPI_COUNT       512u
#define LPI_ID_BITS     14u     /* the least that covers INTID_LPI + LPI_COUNT */

/* The distributor; a GICv3's redistributor has the same registers for 0-31 in its second frame. */
enum gicd_reg {
	GICD_CTLR = 0x000,
	GICD_TYPER = 0x004,
	GICD_IGROUPR = 0x080,
	GICD_ISENABLER = 0x100,
	GICD_ICENABLER = 0x180,
	GICD_ISPENDR = 0x200,
	GICD_ICPENDR = 0x280,
	GICD_IPRIORITYR = 0x400,
	GICD_ITARGETSR = 0x800,
	GICD_ICFGR = 0xc00,
	GICD_SGIR = 0xf00,
	GICD_IROUTER = 0x6000,
};

#define GIC_PRIORITY    0xa0a0a0a0u     /* of everything */
#define GIC_PRIORITY_MASK 0xf0u

extern struct io_region gic_dist;

/* Map entry @i of the "reg" of @node.  False: none or no memory.  *@pa may be NULL. */
bool gic_map_reg(u32 node, uint i, struct io_region *out, paddr_t *pa);
/* All SPIs: the group that @groups has bits for, one priority, masked, level. */
void gic_dist_reset(u32 groups);

/* gicv2.c */
bool gicv2_init(void);
void gicv2_init_cpu(struct cpu *cpu);
u32 gicv2_ack(void);
void gicv2_end(u32 ack);
void gicv2_route(uint irq, const struct cpu *cpu);
void gicv2_send(const struct cpu *cpu, uint sgi);
int gicv2_msi_alloc(uint cpu_id, struct msi *out);

/* gicv3.c */
bool gicv3_init(void);
void gicv3_init_cpu(struct cpu *cpu);
u32 gicv3_ack(void);
void gicv3_end(u32 ack);
void gicv3_route(uint irq, const struct cpu *cpu);
void gicv3_send(const struct cpu *cpu, uint sgi);
/* Wait until what was written to @regs counts: the distributor or a redistributor. */
void gicv3_wait_rwp(const struct io_region *regs, bool is_dist);

/* its.c: GICv3's message interrupts.  There is no ITS: init is false, alloc -ENODEV. */
void its_early_init(struct boot_info *bi);
bool its_init(void);
void its_init_cpu(struct cpu *cpu);
int its_msi_alloc(uint devid, uint cpu_id, struct msi *out);
void its_lpi_enable(uint irq, bool on);
