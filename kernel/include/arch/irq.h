/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Interrupt controller.  An irq is a small number: amd64 GSI or MSI slot,
 * arm64 INTID.  The generic side (gemel/irq.h) owns handlers.
 */
#include <gemel/compiler.h>

enum irq_trigger { IRQ_EDGE, IRQ_LEVEL_HIGH, IRQ_LEVEL_LOW };
enum ipi { IPI_RESCHED, IPI_CALL, IPI_STOP, IPI_COUNT };

struct msi {
	uint irq;       /* for irq_request() */
	u64 addr;       /* to program into the device */
	u32 data;
};

/* All irq numbers are below this; at most 2048. */
uint arch_irq_count(void);

/* Route @irq to @cpu_id and set its trigger; leaves it masked.  0, -EINVAL. */
int __must_check arch_irq_setup(uint irq, enum irq_trigger trigger, uint cpu_id);

/* Any CPU, any context.  After mask returns no new irq_dispatch(irq) begins. */
void arch_irq_mask(uint irq);
void arch_irq_unmask(uint irq);

/*
 * As if the device on line @irq had made an edge; it is set up for edges, and all CPUs' (no PPI,
 * no message).  While it is masked that is kept until it is unmasked.  For tests.
 */
void arch_irq_raise(uint irq);

/*
 * A fresh message interrupt for @cpu_id, unmasked at the controller.  @devid is the PCI requester
 * id (bus << 8 | devfn).  0, -ENOSPC, -ENODEV.
 */
int __must_check arch_msi_alloc(uint devid, uint cpu_id, struct msi *out);

/* Earlier stores are visible to the receiver before ipi_dispatch() runs there. */
void arch_ipi_send(uint cpu_id, enum ipi ipi);

/* To every other CPU that is up, those with interrupts masked included where the machine can (NMI);
 * panic only. */
void arch_ipi_stop_others(void);
