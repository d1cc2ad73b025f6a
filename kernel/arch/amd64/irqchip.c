/* SPDX-License-Identifier: MIT */
/*
 * Local APICs and I/O APICs; message interrupts.
 *
 * An irq below msi_first is a global system interrupt (GSI), an input of an
 * I/O APIC; from msi_first on it is a message slot.  Either gets one of the
 * device vectors, the same on every CPU, when it is set up, for good.
 *
 * Masking.  A masked irq has its bit in masked[]; an I/O APIC input also has
 * the mask bit of its entry.  A vector that was on its way when the bit was
 * set is acknowledged and remembered (pending[]); unmasking sends it again.
 *
 * Locking.  irqchip_lock (rank IRQ) covers the tables and the I/O APICs'
 * index/data registers.  irqchip_dispatch() reads vector_irq[] without it:
 * an entry is written once, before its vector can arrive.
 */
#include <arch/irq.h>

#include <arch/cpu.h>
#include <arch/debug.h>
#include <arch/trap.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/bitmap.h>
#include <gemel/cpu.h>
#include <gemel/spin.h>
#define LOG_TAG "irqchip"
#include <gemel/log.h>

#include "amd64.h"

/* Local APIC registers: offset / 16, which is also the x2APIC MSR's number. */
#define APIC_ID         0x02
#define APIC_TPR        0x08
#define APIC_EOI        0x0b
#define APIC_LDR        0x0d
#define APIC_DFR        0x0e
#define APIC_SVR        0x0f
#define APIC_ICR        0x30
#define APIC_ICR_HIGH   0x31
#define APIC_LVT_TIMER  0x32
#define APIC_LVT_LINT0  0x35
#define APIC_LVT_LINT1  0x36
#define APIC_LVT_ERROR  0x37
#define APIC_TIMER_INIT 0x38
#define APIC_TIMER_NOW  0x39
#define APIC_TIMER_DIV  0x3e

#define SVR_ENABLE      0x100
#define LVT_MASKED      0x10000
#define LVT_NMI         0x400
#define LVT_DEADLINE    0x40000
#define ICR_NMI         0x400
#define ICR_PENDING     0x1000
#define ICR_SELF        0x40000
#define APIC_BASE_ENABLE        0x800
#define APIC_BASE_X2            0x400

/* I/O APIC: index and data registers, and the words of an entry. */
#define IOAPIC_DATA     4       /* in u32s from the index */
#define IOAPIC_VERSION  1
#define IOAPIC_ENTRY    0x10
#define ENTRY_LOW_ACTIVE        0x2000u
#define ENTRY_LEVEL     0x8000u
#define ENTRY_MASKED    0x10000u

#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_DATA  0xa1

#define DEVICE_VECTORS  (VECTOR_DEVICE_END - VECTOR_DEVICE_FIRST)
#define GSI_MAX         256
#define IRQ_MAX         (GSI_MAX + DEVICE_VECTORS)
#define MSI_ADDRESS     0xfee00000ull

static struct ioapic {
	volatile u32 *regs;
	u32 gsi, count;
} ioapics[IOAPIC_MAX];
static uint nioapics;

static volatile u32 *lapic;     /* unless x2APIC */
static bool use_x2apic;
static bool stop_requested;     /* atomic; set by a panic */

static struct irqlock irqchip_lock = IRQLOCK_INIT(IRQ);
static uint msi_first;
static uint msi_count;
static uint next_vector = VECTOR_DEVICE_FIRST;
static u16 vector_irq[256];
static u8 irq_vector[IRQ_MAX];          /* 0: none */
static u32 irq_entry[GSI_MAX];          /* low word of the I/O APIC entry, unmasked */
static u32 irq_cpu[IRQ_MAX];            /* APIC id */
static bool masked[IRQ_MAX];            /* atomic */
static bool pending[IRQ_MAX];           /* atomic */

/* --- the local APIC --- */

static u32 apic_read(uint reg)
{
	return use_x2apic ? (u32)msr_read(MSR_X2APIC + reg) : lapic[reg * 4];
}

static void apic_write(uint reg, u32 v)
{
	if (use_x2apic)
		msr_write(MSR_X2APIC + reg, v);
	else
		lapic[reg * 4] = v;
}

u32 lapic_id(void)
{
	return use_x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void lapic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void lapic_timer_oneshot(u32 count)
{
	apic_write(APIC_TIMER_INIT, count);
}

u32 lapic_timer_count(void)
{
	return apic_read(APIC_TIMER_NOW);
}

void lapic_timer_mode(bool deadline)
{
	apic_write(APIC_TIMER_DIV, 0xb);        /* by 1 */
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (deadline ? LVT_DEADLINE : 0));
	/* The mode is set before the deadline MSR is written (SDM 10.5.4.1). */
	if (deadline)
		smp_mb();
}

/* Also in panic and with interrupts on: the two words of the xAPIC must stay together. */
void lapic_send(u32 apic_id, u32 icr)
{
	irqflags_t flags;

	if (use_x2apic) {
		/* Unlike a store, this does not wait for earlier stores. */
		smp_mb();
		msr_write(MSR_X2APIC + APIC_ICR, (u64)apic_id << 32 | icr);
		return;
	}
	flags = arch_irq_save();
	while (apic_read(APIC_ICR) & ICR_PENDING)
		arch_cpu_relax();
	apic_write(APIC_ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR, icr);
	arch_irq_restore(flags);
}

void lapic_init_cpu(void)
{
	u64 base = msr_read(MSR_APIC_BASE);

	msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLE | (use_x2apic ? APIC_BASE_X2 : 0));
	if (!use_x2apic)
		apic_write(APIC_DFR, ~0u);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, VECTOR_ERROR);
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	timer_init_lapic();
}

/* --- I/O APICs --- */

static u32 ioapic_read(const struct ioapic *io, u32 reg)
{
	io->regs[0] = reg;
	return io->regs[IOAPIC_DATA];
}

static void ioapic_write(const struct ioapic *io, u32 reg, u32 v)
{
	io->regs[0] = reg;
	io->regs[IOAPIC_DATA] = v;
}

static struct ioapic *ioapic_of(uint gsi)
{
	for (uint i = 0; i < nioapics; i++)
		if (gsi - ioapics[i].gsi < ioapics[i].count)
			return &ioapics[i];
	return NULL;
}

static void ioapic_init(const struct machine_ioapic *from)
{
	struct ioapic *io = &ioapics[nioapics];

	io->regs = mmu_map_registers(from->base);
	io->gsi = from->gsi;
	io->count = (ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	if (io->gsi >= GSI_MAX)
		return;
	io->count = MIN(io->count, GSI_MAX - io->gsi);
	nioapics++;
	for (u32 i = 0; i < io->count; i++)
		ioapic_write(io, IOAPIC_ENTRY + 2 * i, ENTRY_MASKED);
	msi_first = MAX(msi_first, io->gsi + io->count);
}

void irqchip_init(void)
{
	use_x2apic = cpu_features.x2apic;
	if (!use_x2apic)
		lapic = mmu_map_registers(machine.lapic);
	outb(PIC_MASTER_DATA, 0xff);
	outb(PIC_SLAVE_DATA, 0xff);
	for (uint i = 0; i < machine.nioapics; i++)
		ioapic_init(&machine.ioapic[i]);
	lapic_init_cpu();
}

/* --- the contract --- */

uint arch_irq_count(void)
{
	return msi_first + DEVICE_VECTORS;
}

uint irqchip_isa_gsi(uint irq)
{
	return irq < ISA_IRQS ? machine.isa[irq].gsi : irq;
}

/* A vector for @irq, which has none.  0 or -ENOSPC. */
static int vector_assign(uint irq) __must_hold(irqchip_lock);
static int vector_assign(uint irq)
{
	if (next_vector == VECTOR_DEVICE_END)
		return -ENOSPC;
	vector_irq[next_vector] = (u16)irq;
	irq_vector[irq] = (u8)next_vector++;
	return 0;
}

static void ioapic_set_mask(uint irq, bool mask) __must_hold(irqchip_lock);
static void ioapic_set_mask(uint irq, bool mask)
{
	struct ioapic *io = ioapic_of(irq);

	if (io)
		ioapic_write(io, IOAPIC_ENTRY + 2 * (irq - io->gsi),
			     irq_entry[irq] | (mask ? ENTRY_MASKED : 0));
}

int arch_irq_setup(uint irq, enum irq_trigger trigger, uint cpu_id)
{
	struct ioapic *io = irq < msi_first ? ioapic_of(irq) : NULL;
	int err = 0;

	if (!io || cpu_id >= cpu_count)
		return -EINVAL;
	irq_lock(&irqchip_lock);
	if (!irq_vector[irq])
		err = vector_assign(irq);
	if (err < 0)
		goto out_unlock;
	WRITE_ONCE(masked[irq], true);
	irq_cpu[irq] = (u32)boot_info.cpu_hwid[cpu_id];
	irq_entry[irq] = irq_vector[irq];
	if (trigger != IRQ_EDGE)
		irq_entry[irq] |= ENTRY_LEVEL;
	if (trigger == IRQ_LEVEL_LOW)
		irq_entry[irq] |= ENTRY_LOW_ACTIVE;
	ioapic_set_mask(irq, true);
	ioapic_write(io, IOAPIC_ENTRY + 2 * (irq - io->gsi) + 1, irq_cpu[irq] << 24);
out_unlock:
	irq_unlock(&irqchip_lock);
	return err;
}

void arch_irq_mask(uint irq)
{
	irq_lock(&irqchip_lock);
	WRITE_ONCE(masked[irq], true);
	if (irq < msi_first)
		ioapic_set_mask(irq, true);
	irq_unlock(&irqchip_lock);
}

void arch_irq_unmask(uint irq)
{
	bool again;

	irq_lock(&irqchip_lock);
	WRITE_ONCE(masked[irq], false);
	if (irq < msi_first)
		ioapic_set_mask(irq, false);
	/* Pairs with the exchange in irqchip_dispatch(). */
	again = __atomic_exchange_n(&pending[irq], false, __ATOMIC_SEQ_CST);
	irq_unlock(&irqchip_lock);
	if (again)
		lapic_send(irq_cpu[irq], irq_vector[irq]);
}

/* The line's vector; irqchip_dispatch() knows nothing else of it either. */
void arch_irq_raise(uint irq)
{
	lapic_send(irq_cpu[irq], irq_vector[irq]);
}

int arch_msi_alloc(uint devid __unused, uint cpu_id, struct msi *out)
{
	uint irq;
	int err = -ENOSPC;

	irq_lock(&irqchip_lock);
	irq = msi_first + msi_count;
	if (msi_count < DEVICE_VECTORS)
		err = vector_assign(irq);
	if (err == 0) {
		msi_count++;
		irq_cpu[irq] = (u32)boot_info.cpu_hwid[cpu_id];
		/* The destination has eight bits; other CPUs' devices share the boot CPU. */
		if (irq_cpu[irq] > 0xff)
			irq_cpu[irq] = (u32)boot_info.cpu_hwid[0];
		out->irq = irq;
		out->addr = MSI_ADDRESS | irq_cpu[irq] << 12;
		out->data = irq_vector[irq];
	}
	irq_unlock(&irqchip_lock);
	return err;
}

void irqchip_dispatch(uint vector)
{
	uint irq = vector_irq[vector];

	if (unlikely(irq_vector[irq] != vector)) {
		lapic_eoi();
		return;
	}
	if (unlikely(READ_ONCE(masked[irq]))) {
		__atomic_exchange_n(&pending[irq], true, __ATOMIC_SEQ_CST);
		lapic_eoi();
		return;
	}
	irq_dispatch(irq);
	/* After the handler: a level input that is still raised comes again only then. */
	lapic_eoi();
}

void arch_ipi_send(uint cpu_id, enum ipi ipi)
{
	lapic_send((u32)boot_info.cpu_hwid[cpu_id], VECTOR_IPI + ipi);
}

bool irqchip_stop_requested(void)
{
	return __atomic_load_n(&stop_requested, __ATOMIC_ACQUIRE);
}

void arch_ipi_stop_others(void)
{
	struct cpu *cpu, *self = arch_this_cpu();

	__atomic_store_n(&stop_requested, true, __ATOMIC_SEQ_CST);
	if (!lapic && !use_x2apic)
		return;
	for_each_online_cpu(cpu)
		if (cpu != self)
			lapic_send((u32)cpu->hwid, ICR_NMI);
}
