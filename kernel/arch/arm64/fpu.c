/* SPDX-License-Identifier: MIT */
/*
 * Floating point.
 *
 * The kernel uses none, so the registers are those of the current user task
 * from the switch to it until the switch away, and are saved and loaded there
 * and for signal frames only.
 *
 * SVE.  A task starts without: CPACR_EL1.ZEN makes its first SVE instruction
 * trap, and then it gets a buffer (arch_thread.sve) for good, until exec.
 * With a buffer the vector registers live there while the task does not run;
 * without, in arch_thread.fp.  FPSR and FPCR are always in arch_thread.fp.
 * A new task has no SVE state: fork and clone are system calls, which need not
 * preserve more than the FP/SIMD part.
 *
 * Whoever changes the saved state of current and loads it does so with
 * interrupts off: a switch in between would save the old registers over it.
 */
#include <arch/irqflags.h>
#include <arch/thread.h>

#include <uapi/errno.h>

#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>

#include "arm64.h"
#include "fpu.h"

#define CPACR_FPEN      (3ull << 20)
#define CPACR_ZEN_EL1   (1ull << 16)
#define CPACR_ZEN_EL0   (1ull << 17)

/* As Linux's default: longer vectors only cost. */
#define SVE_BYTES_MAX   64

static u64 cpacr_of(const struct arch_thread *at)
{
	u64 v = CPACR_FPEN;

	if (cpu_features.has_sve)
		v |= CPACR_ZEN_EL1;
	if (at && at->sve)
		v |= CPACR_ZEN_EL0;
	return v;
}

/* The next eret makes it count for EL0; EL1 is never trapped. */
static void cpacr_set(const struct arch_thread *at)
{
	if (cpu_features.has_sve)
		sysreg_write(cpacr_el1, cpacr_of(at));
}

void fpu_init_cpu(void)
{
	sysreg_write(cpacr_el1, cpacr_of(NULL));
	isb();
	if (!cpu_features.has_sve)
		return;
	sysreg_write(S3_0_C1_C2_0, SVE_BYTES_MAX / 16 - 1);
	isb();
	cpu_features.sve_bytes = sve_vector_bytes();
}

size_t fpu_sve_size(void)
{
	uint vl = cpu_features.sve_bytes;

	return 32 * vl + 17 * (vl / 8);
}

void fpu_save(struct arch_thread *at)
{
	fpsimd_save(&at->fp);
	if (at->sve)
		sve_save(at->sve);
}

void fpu_load(struct arch_thread *at)
{
	cpacr_set(at);
	fpsimd_load(&at->fp);
	if (at->sve)
		sve_load(at->sve);
}

void fpu_copy(struct arch_thread *child)
{
	child->sve = NULL;
	fpsimd_save(&child->fp);
}

/* Make @sve (which may be NULL) the buffer of current's state; returns the one before. */
static void *sve_exchange(struct arch_thread *at, void *sve)
{
	void *old = at->sve;

	at->sve = sve;
	return old;
}

void fpu_reset(struct arch_thread *at)
{
	irqflags_t flags = arch_irq_save();
	void *sve = sve_exchange(at, NULL);

	memset(&at->fp, 0, sizeof(at->fp));
	fpu_load(at);
	arch_irq_restore(flags);
	kfree(sve);
}

void fpu_destroy(struct arch_thread *at)
{
	kfree(at->sve);
	at->sve = NULL;
}

/* The low 128 bits of each Z register are the V register. */
static void sve_from_fpsimd(void *sve, const struct fpsimd_state *fp)
{
	for (uint i = 0; i < 32; i++)
		memcpy((char *)sve + i * cpu_features.sve_bytes, fp->v[i], 16);
}

bool fpu_sve_trap(void)
{
	struct arch_thread *at = &current->arch;
	irqflags_t flags;
	void *sve;

	if (!cpu_features.has_sve || at->sve)
		return false;
	sve = kzalloc(fpu_sve_size());
	if (!sve)
		return false;
	flags = arch_irq_save();
	fpsimd_save(&at->fp);
	sve_from_fpsimd(sve, &at->fp);
	sve_exchange(at, sve);
	fpu_load(at);
	arch_irq_restore(flags);
	return true;
}

void fpu_sync(void)
{
	irqflags_t flags = arch_irq_save();

	fpu_save(&current->arch);
	arch_irq_restore(flags);
}

void fpu_replace(const struct fpsimd_state *fp, void *sve)
{
	struct arch_thread *at = &current->arch;
	irqflags_t flags = arch_irq_save();
	void *old = sve_exchange(at, sve);

	at->fp = *fp;
	if (sve)
		sve_from_fpsimd(sve, fp);
	fpu_load(at);
	arch_irq_restore(flags);
	kfree(old);
}
