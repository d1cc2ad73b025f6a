/* SPDX-License-Identifier: MIT */
#pragma once

#define RFLAGS_IF 0x200ul

static inline irqflags_t arch_irq_save(void)
{
	irqflags_t f;

	asm volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(f.bits) :: "memory");
	return f;
}

static inline void arch_irq_enable(void)
{
	asm volatile("sti" ::: "memory");
}

static inline void arch_irq_disable(void)
{
	asm volatile("cli" ::: "memory");
}

static inline void arch_irq_restore(irqflags_t flags)
{
	if (flags.bits & RFLAGS_IF)
		arch_irq_enable();
	else
		arch_irq_disable();
}

static inline bool arch_irq_enabled(void)
{
	ulong f;

	asm volatile("pushfq\n\tpopq %0" : "=r"(f));
	return f & RFLAGS_IF;
}
