/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

extern bool host_irq_on;
extern u64 host_cycles, host_timer_at;
extern u32 host_irq_pending, host_irq_unmasked;
void host_irq_serve(void);

static inline bool host_irq_is_due(void)
{
	return (host_irq_pending & host_irq_unmasked) || host_timer_at <= host_cycles;
}

static inline void arch_irq_enable(void)
{
	host_irq_on = true;
	if (unlikely(host_irq_is_due()))
		host_irq_serve();
}

static inline void arch_irq_disable(void)
{
	host_irq_on = false;
}

static inline irqflags_t arch_irq_save(void)
{
	irqflags_t flags = { host_irq_on };

	host_irq_on = false;
	return flags;
}

static inline void arch_irq_restore(irqflags_t flags)
{
	if (flags.bits)
		arch_irq_enable();
}

static inline bool arch_irq_enabled(void)
{
	return host_irq_on;
}
