/* SPDX-License-Identifier: MIT */
/*
 * FPU and SIMD state.
 *
 * The kernel never uses these registers.  A user task's state is saved when
 * it is switched away from and loaded when it is switched to, always (no lazy
 * trap, no leak between tasks).  The area has XSAVE's standard format, which
 * is also the one in signal frames; without XSAVE it is FXSAVE's 512 bytes.
 *
 * @fpu_in_memory: the area is being filled from user memory (which may sleep)
 * and the registers are stale: a switch leaves both alone.
 */
#include <arch/irqflags.h>
#include <arch/thread.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/slab.h>
#include <gemel/string.h>

#include "amd64.h"
#include "fpu.h"

static struct slab_cache *fpu_cache;

void fpu_init_cpu(void)
{
	if (!cpu_features.xsave)
		return;
	asm volatile("xsetbv" :: "c"(0), "a"((u32)cpu_features.xcr0),
		     "d"((u32)(cpu_features.xcr0 >> 32)));
	/* The size for what is enabled now. */
	cpu_features.xsave_size = cpuid(0xd, 0).b;
}

void fpu_init(void)
{
	fpu_cache = slab_cache_create("fpu", cpu_features.xsave_size, 64, NULL);
	if (!fpu_cache)
		panic("fpu: no memory");
}

/* The MXCSR bits that the CPU knows. */
u32 fpu_mxcsr_mask(void)
{
	static u32 mask;
	u8 probe[512] __aligned(16);
	u32 v;

	if (!mask) {
		memset(probe, 0, sizeof(probe));
		asm volatile("fxsave64 %0" : "=m"(probe));
		v = ((struct fxsave *)probe)->mxcsr_mask;
		mask = v ? v : 0xffbf;
	}
	return mask;
}

/* The state of a new program: all registers zero, the default control words. */
void fpu_reset(void *area)
{
	struct fxsave *fx = area;

	memset(area, 0, cpu_features.xsave_size);
	fx->fcw = FPU_DEFAULT_FCW;
	fx->mxcsr = FPU_DEFAULT_MXCSR;
	fx->mxcsr_mask = fpu_mxcsr_mask();
}

int fpu_create(struct arch_thread *at)
{
	void *area = slab_alloc(fpu_cache);

	if (!area)
		return -ENOMEM;
	fpu_reset(area);
	at->fpu_in_memory = false;
	at->fpu = area;
	return 0;
}

void fpu_destroy(struct arch_thread *at)
{
	if (at->fpu)
		slab_free(fpu_cache, at->fpu);
	at->fpu = NULL;
}

static void fpu_store(void *area)
{
	if (cpu_features.xsave)
		asm volatile("xsave64 (%0)" :: "r"(area), "a"(~0u), "d"(~0u) : "memory");
	else
		asm volatile("fxsave64 (%0)" :: "r"(area) : "memory");
}

void fpu_save(struct arch_thread *at)
{
	if (unlikely(at->fpu_in_memory))
		return;
	if (cpu_features.xsaveopt)
		asm volatile("xsaveopt64 (%0)" :: "r"(at->fpu), "a"(~0u), "d"(~0u) : "memory");
	else
		fpu_store(at->fpu);
}

void fpu_load(struct arch_thread *at)
{
	if (unlikely(at->fpu_in_memory))
		return;
	if (cpu_features.xsave)
		asm volatile("xrstor64 (%0)" :: "r"(at->fpu), "a"(~0u), "d"(~0u) : "memory");
	else
		asm volatile("fxrstor64 (%0)" :: "r"(at->fpu) : "memory");
}

/* Current's state to the new @to. */
void fpu_copy(struct arch_thread *to, struct arch_thread *from)
{
	irqflags_t flags = arch_irq_save();

	/* Not the optimised kind: what it leaves out would be the area's past. */
	if (!from->fpu_in_memory)
		fpu_store(from->fpu);
	memcpy(to->fpu, from->fpu, cpu_features.xsave_size);
	arch_irq_restore(flags);
}

/* --- for signal frames --- */

uint fpu_size(void)
{
	return cpu_features.xsave_size;
}

void fpu_flush_current(struct arch_thread *at)
{
	irqflags_t flags = arch_irq_save();

	fpu_store(at->fpu);
	arch_irq_restore(flags);
}

/* XSAVE: what the header does not name is loaded with its initial value. */
void fpu_restart_current(struct arch_thread *at)
{
	irqflags_t flags = arch_irq_save();

	if (cpu_features.xsave) {
		struct fxsave *fx = at->fpu;

		fx->mxcsr = FPU_DEFAULT_MXCSR;
		memset(fx + 1, 0, sizeof(struct xsave_header));
	} else {
		fpu_reset(at->fpu);
	}
	fpu_load(at);
	arch_irq_restore(flags);
}

/* Load @area, which may be nonsense: the CPU's refusal is caught. */
static bool registers_try_load(const void *area)
{
	int err;

	if (cpu_features.xsave)
		asm volatile("1:\txrstor64 (%1)\n\txorl %0, %0\n2:\n"
			     "\t.pushsection __ex_table, \"a\"\n\t.quad 1b, 3f\n\t.popsection\n"
			     "\t.pushsection .text.fixup, \"ax\"\n3:\tmovl $-1, %0\n\tjmp 2b\n"
			     "\t.popsection"
			     : "=&r"(err) : "r"(area), "a"(~0u), "d"(~0u) : "memory");
	else
		asm volatile("1:\tfxrstor64 (%1)\n\txorl %0, %0\n2:\n"
			     "\t.pushsection __ex_table, \"a\"\n\t.quad 1b, 3f\n\t.popsection\n"
			     "\t.pushsection .text.fixup, \"ax\"\n3:\tmovl $-1, %0\n\tjmp 2b\n"
			     "\t.popsection"
			     : "=&r"(err) : "r"(area) : "memory");
	return err == 0;
}

void fpu_begin_replace(struct arch_thread *at)
{
	irqflags_t flags = arch_irq_save();

	at->fpu_in_memory = true;
	arch_irq_restore(flags);
}

bool fpu_end_replace(struct arch_thread *at, bool is_good)
{
	irqflags_t flags = arch_irq_save();

	if (is_good)
		is_good = registers_try_load(at->fpu);
	at->fpu_in_memory = false;
	if (!is_good) {
		fpu_reset(at->fpu);
		fpu_load(at);
	}
	arch_irq_restore(flags);
	return is_good;
}
