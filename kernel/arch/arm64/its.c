/* SPDX-License-Identifier: MIT */
/*
 * Message interrupts of GICv3: LPIs by way of the Interrupt Translation
 * Service.
 *
 * A device writes an event number to the ITS, which knows the device by its
 * requester id, finds the LPI in the device's translation table, and hands it
 * to the redistributor of a collection.  Collection n is CPU n.  All of it is set
 * up by commands in a ring; each batch ends with SYNC and is waited for, which
 * happens when a device is probed and when an LPI is masked.
 *
 * The configuration of LPIs is one table of bytes for all CPUs; pending bits
 * are a table per CPU.  Both are memory that the GIC owns: taken at boot, for
 * their alignment, and never given back.
 *
 * Locking.  its_lock (irq lock, rank IRQ): the ring, the devices, the LPIs.
 */
#include <uapi/errno.h>

#include <arch/mmu.h>

#include <gemel/assert.h>
#include <gemel/bits.h>
#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/page.h>
#include <gemel/slab.h>
#include <gemel/spin.h>
#include <gemel/string.h>

#define LOG_TAG "its"
#include <gemel/log.h>

#include "arm64.h"
#include "gic.h"

enum gits_reg {
	GITS_CTLR = 0x0000,
	GITS_TYPER = 0x0008,
	GITS_CBASER = 0x0080,
	GITS_CWRITER = 0x0088,
	GITS_CREADR = 0x0090,
	GITS_BASER = 0x0100,
	GITS_TRANSLATER = 0x10040,
};

enum gicr_lpi_reg {
	GICR_CTLR = 0x00,
	GICR_TYPER = 0x08,
	GICR_PROPBASER = 0x70,
	GICR_PENDBASER = 0x78,
};

#define GICR_CTLR_LPIS  1u
#define PENDBASER_ZERO  (1ull << 62)

/* Bits common to the table registers: valid, inner write-back cacheable, inner shareable. */
#define BASER_VALID     (1ull << 63)
#define BASER_INDIRECT  (1ull << 62)
#define BASER_CACHE     (7ull << 59)
#define BASER_SHARE     (1ull << 10)
#define REDIST_CACHE    (7ull << 7)     /* the same in PROPBASER and PENDBASER */

enum { TABLE_DEVICES = 1, TABLE_COLLECTIONS = 4 };

enum its_command {
	ITS_SYNC = 0x05,
	ITS_MAPD = 0x08,
	ITS_MAPC = 0x09,
	ITS_MAPTI = 0x0a,
	ITS_INV = 0x0c,
};

#define COMMAND_SIZE    32u
#define EVENTS_MAX      32u     /* for one device */
#define ITT_ALIGN       256ul
#define LPI_ENABLED     1u
#define LPI_PRIORITY    0xa0u
#define PENDING_ALIGN   0x10000ul

struct its_device {
	struct its_device *next;
	u32 devid;
	u32 events;             /* given out */
};

struct lpi {
	u32 devid;
	u16 event;
	u16 cpu;
};

static struct io_region its;    /* base 0: none */
static paddr_t its_pa;
static u64 its_typer;
static u8 *lpi_config;
static paddr_t lpi_config_pa, lpi_pending_pa[MAX_CPUS];

static struct irqlock its_lock = IRQLOCK_INIT(IRQ);
static u64 *ring __guarded_by(its_lock);
static u32 ring_at __guarded_by(its_lock);
static struct its_device *devices __guarded_by(its_lock);
static struct lpi lpis[LPI_COUNT] __guarded_by(its_lock);
static u32 lpi_next __guarded_by(its_lock);

/* The two-level device table: entries of one second-level page. */
static u64 *device_table;
static u32 devices_per_page;    /* 0: the table is flat */
static u32 device_limit;

static bool its_node(fdt_node_t *node)
{
	*node = FDT_ROOT;
	return fdt_next_compatible(&boot_fdt, node, "arm,gic-v3-its");
}

void its_early_init(struct boot_info *bi)
{
	fdt_node_t node;

	if (!its_node(&node))
		return;
	lpi_config_pa = boot_alloc(bi, (1ul << LPI_ID_BITS) - INTID_LPI, PAGE_SIZE);
	for (uint i = 0; i < bi->ncpus && i < MAX_CPUS; i++)
		lpi_pending_pa[i] = boot_alloc(bi, (1ul << LPI_ID_BITS) / 8, PENDING_ALIGN);
}

static void its_sync_memory(void)
{
	asm volatile("dsb ishst" ::: "memory");
}

static void command_put(u64 d0, u64 d1, u64 d2) __must_hold(its_lock);
static void command_put(u64 d0, u64 d1, u64 d2)
{
	u64 *slot = ring + ring_at / sizeof(u64);

	slot[0] = d0;
	slot[1] = d1;
	slot[2] = d2;
	slot[3] = 0;
	ring_at = (ring_at + COMMAND_SIZE) % PAGE_SIZE;
}

/* What MAPC and SYNC call the redistributor of @cpu. */
static u64 its_target(const struct cpu *cpu)
{
	return cpu->arch.gic_target;
}

/* Let the ITS do what is in the ring, its effects on @cpu included. */
static void commands_run(const struct cpu *cpu) __must_hold(its_lock);
static void commands_run(const struct cpu *cpu)
{
	command_put(ITS_SYNC, 0, its_target(cpu));
	its_sync_memory();
	io_write64(&its, GITS_CWRITER, ring_at);
	while (io_read64(&its, GITS_CREADR) != ring_at)
		arch_cpu_relax();
}

/* A zeroed page that the ITS will own; 0: no memory. */
static paddr_t its_page(void)
{
	void *page = page_alloc_kernel(0, ALLOC_ZERO);

	return page ? virt_to_phys(page) : 0;
}

/* Give the ITS its device table: two levels where it can, so that few devices take few pages. */
static bool device_table_init(uint reg, u64 baser)
{
	u32 entry = (u32)(baser >> 48 & 0x1f) + 1;
	u32 bits = MIN((u32)(its_typer >> 13 & 0x1f) + 1, 16u);
	paddr_t pa = its_page();
	u64 v;

	if (!pa)
		return false;
	v = pa | BASER_VALID | BASER_INDIRECT | BASER_CACHE | BASER_SHARE;
	io_write64(&its, GITS_BASER + 8 * reg, v);
	device_table = phys_to_virt(pa);
	if (io_read64(&its, GITS_BASER + 8 * reg) & BASER_INDIRECT) {
		devices_per_page = (u32)PAGE_SIZE / entry;
		device_limit = MIN(1u << bits, 512 * devices_per_page);
	} else {
		devices_per_page = 0;
		device_limit = (u32)PAGE_SIZE / entry;
	}
	return true;
}

static bool tables_init(void)
{
	for (uint i = 0; i < 8; i++) {
		u64 baser = io_read64(&its, GITS_BASER + 8 * i);
		uint type = baser >> 56 & 7;
		paddr_t pa;

		if (type == TABLE_DEVICES && !device_table_init(i, baser))
			return false;
		if (type != TABLE_COLLECTIONS)
			continue;
		pa = its_page();
		if (!pa)
			return false;
		io_write64(&its, GITS_BASER + 8 * i, pa | BASER_VALID | BASER_CACHE | BASER_SHARE);
	}
	return true;
}

bool its_init(void)
{
	fdt_node_t node;
	paddr_t ring_pa;

	if (!its_node(&node) || !lpi_config_pa || !gic_map_reg(node, 0, &its, &its_pa))
		return false;
	its_typer = io_read64(&its, GITS_TYPER);
	io_write32(&its, GITS_CTLR, 0);
	lpi_config = phys_to_virt(lpi_config_pa);
	memset(lpi_config, LPI_PRIORITY, (1ul << LPI_ID_BITS) - INTID_LPI);
	ring_pa = its_page();
	if (!ring_pa || !tables_init()) {
		log_warn("no memory: no message interrupts");
		its.base = 0;
		return false;
	}
	ring = phys_to_virt(ring_pa);
	io_write64(&its, GITS_CBASER, ring_pa | BASER_VALID | BASER_CACHE | BASER_SHARE);
	io_write64(&its, GITS_CWRITER, 0);
	its_sync_memory();
	io_write32(&its, GITS_CTLR, 1);
	return true;
}

void its_init_cpu(struct cpu *cpu)
{
	struct io_region rd = { .base = cpu->arch.redistributor };
	paddr_t pending = lpi_pending_pa[cpu->id];
	u64 typer = io_read64(&rd, GICR_TYPER);
	paddr_t rd_pa;
	uint prot;

	if (!its.base || !pending)
		return;
	memset(phys_to_virt(pending), 0, (1ul << LPI_ID_BITS) / 8);
	io_write64(&rd, GICR_PROPBASER,
		   lpi_config_pa | REDIST_CACHE | BASER_SHARE | (LPI_ID_BITS - 1));
	io_write64(&rd, GICR_PENDBASER, pending | REDIST_CACHE | BASER_SHARE | PENDBASER_ZERO);
	its_sync_memory();
	io_write32(&rd, GICR_CTLR, io_read32(&rd, GICR_CTLR) | GICR_CTLR_LPIS);

	/* PTA (bit 19): the target is the physical address, else the processor number. */
	if (its_typer & (1ull << 19)) {
		if (!arch_mmu_query(&kernel_mmu, rd.base, &rd_pa, &prot))
			return;
		cpu->arch.gic_target = rd_pa;
	} else {
		cpu->arch.gic_target = (typer >> 8 & 0xffff) << 16;
	}
	irq_lock(&its_lock);
	command_put(ITS_MAPC, 0, BASER_VALID | its_target(cpu) | cpu->id);
	commands_run(cpu);
	irq_unlock(&its_lock);
}

static struct its_device *device_find(u32 devid) __must_hold(its_lock);
static struct its_device *device_find(u32 devid)
{
	for (struct its_device *d = devices; d; d = d->next)
		if (d->devid == devid)
			return d;
	return NULL;
}

/* The second-level page for @devid is there, or @page becomes it (then true). */
static bool device_table_fill(u32 devid, paddr_t page) __must_hold(its_lock);
static bool device_table_fill(u32 devid, paddr_t page)
{
	u64 *slot = &device_table[devices_per_page ? devid / devices_per_page : 0];

	if (devices_per_page == 0 || (*slot & BASER_VALID))
		return false;
	*slot = page | BASER_VALID;
	its_sync_memory();
	return true;
}

/* Make the ITS know @devid.  0, -ENOMEM, -ENODEV (an id beyond its table). */
static int device_add_its(u32 devid)
{
	size_t entry = (its_typer >> 4 & 0xf) + 1;
	struct its_device *d = kzalloc(sizeof(*d));
	char *itt = kzalloc(EVENTS_MAX * entry + ITT_ALIGN);
	paddr_t page = its_page(), itt_pa;
	int err = devid < device_limit ? -ENOMEM : -ENODEV;

	if (!d || !itt || !page || devid >= device_limit)
		goto err_free;
	itt_pa = virt_to_phys((char *)ALIGN_UP((ulong)itt, ITT_ALIGN));
	d->devid = devid;
	irq_lock(&its_lock);
	/* Another probe may have been faster. */
	err = device_find(devid) ? -EEXIST : 0;
	if (err == 0) {
		if (device_table_fill(devid, page))
			page = 0;
		d->next = devices;
		devices = d;
		command_put(ITS_MAPD | (u64)devid << 32, ilog2(EVENTS_MAX) - 1,
			    BASER_VALID | itt_pa);
		commands_run(arch_this_cpu());
	}
	irq_unlock(&its_lock);
	if (page)
		page_free_kernel(phys_to_virt(page), 0);
	if (err == 0)
		return 0;
	page = 0;
	err = 0;
err_free:
	if (page)
		page_free_kernel(phys_to_virt(page), 0);
	kfree(itt);
	kfree(d);
	return err;
}

static int lpi_map(u32 devid, uint cpu_id, struct msi *out) __must_hold(its_lock);
static int lpi_map(u32 devid, uint cpu_id, struct msi *out)
{
	struct its_device *d = device_find(devid);
	u32 n = lpi_next;

	if (n == LPI_COUNT || d->events == EVENTS_MAX)
		return -ENOSPC;
	lpi_next++;
	lpis[n] = (struct lpi){ .devid = devid, .event = (u16)d->events++, .cpu = (u16)cpu_id };
	lpi_config[n] = LPI_PRIORITY | LPI_ENABLED;
	its_sync_memory();
	command_put(ITS_MAPTI | (u64)devid << 32, lpis[n].event | (u64)(INTID_LPI + n) << 32,
		    cpu_id);
	command_put(ITS_INV | (u64)devid << 32, lpis[n].event, 0);
	commands_run(cpus[cpu_id]);
	*out = (struct msi){
		.irq = IRQ_LPI + n,
		.addr = its_pa + GITS_TRANSLATER,
		.data = lpis[n].event,
	};
	return 0;
}

int its_msi_alloc(uint devid, uint cpu_id, struct msi *out)
{
	bool known;
	int err;

	if (!its.base)
		return -ENODEV;
	irq_lock(&its_lock);
	known = device_find(devid);
	irq_unlock(&its_lock);
	if (!known) {
		err = device_add_its(devid);
		if (err < 0)
			return err;
	}
	irq_lock(&its_lock);
	err = lpi_map(devid, cpu_id, out);
	irq_unlock(&its_lock);
	return err;
}

void its_lpi_enable(uint irq, bool on)
{
	u32 n = irq - IRQ_LPI;

	irq_lock(&its_lock);
	ASSERT(n < lpi_next);
	lpi_config[n] = on ? LPI_PRIORITY | LPI_ENABLED : LPI_PRIORITY;
	its_sync_memory();
	command_put(ITS_INV | (u64)lpis[n].devid << 32, lpis[n].event, 0);
	commands_run(cpus[lpis[n].cpu]);
	irq_unlock(&its_lock);
}
