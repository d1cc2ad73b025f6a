/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Local interrupt masking.  Contract; bodies in <arch_impl/irqflags.h>.
 */
#include <gemel/types.h>

/* Opaque: only ever passed back to arch_irq_restore() on the same CPU. */
typedef struct irqflags { ulong bits; } irqflags_t;

/* Mask interrupts on this CPU and return what was there before.  Nests.  Compiler barriers. */
static inline irqflags_t arch_irq_save(void);
static inline void arch_irq_restore(irqflags_t flags);

/* Absolute; only for boot, idle and the trap return path. */
static inline void arch_irq_enable(void);
static inline void arch_irq_disable(void);

/* True if this CPU can take an interrupt now. */
static inline bool arch_irq_enabled(void);

#include <arch_impl/irqflags.h>
