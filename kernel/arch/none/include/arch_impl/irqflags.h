/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

static inline irqflags_t arch_irq_save(void)
{
	return (irqflags_t){ 0 };
}

static inline void arch_irq_restore(irqflags_t flags __unused)
{
}

static inline void arch_irq_enable(void)
{
}

static inline void arch_irq_disable(void)
{
}

static inline bool arch_irq_enabled(void)
{
	return false;
}
