/* SPDX-License-Identifier: MIT */
#pragma once

#define DAIF_I  (1ul << 7)

static inline irqflags_t arch_irq_save(void)
{
	irqflags_t f;

	asm volatile("mrs %0, daif\n\tmsr daifset, #2" : "=r"(f.bits) :: "memory");
	return f;
}

static inline void arch_irq_restore(irqflags_t f)
{
	asm volatile("msr daif, %0" :: "r"(f.bits) : "memory");
}

static inline void arch_irq_enable(void)
{
	asm volatile("msr daifclr, #2" ::: "memory");
}

static inline void arch_irq_disable(void)
{
	asm volatile("msr daifset, #2" ::: "memory");
}

static inline bool arch_irq_enabled(void)
{
	ulong daif;

	asm volatile("mrs %0, daif" : "=r"(daif));
	return !(daif & DAIF_I);
}
