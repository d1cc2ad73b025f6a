/* SPDX-License-Identifier: MIT */
/*
 * Address-space identifiers and the TLB.  mm/pagetable.c has the tables.
 *
 * TLB entries of user pages carry an ASID.  A space gets one when it is first
 * activated, and keeps it for a generation.  When all are taken, a new
 * generation begins: every space must get a new ASID before it is activated
 * again, except those that are running on some CPU at that moment, which keep
 * theirs (reserved_context); every CPU drops its whole TLB before it activates
 * a space of the new generation.  ASID 0 is nobody's: what runs with the empty
 * root.  So an ASID that was given back by a space that died needs no flush:
 * it is not given out again within its generation.
 *
 * mm->context = generation | ASID; generation grows in steps of ASID_FIRST_GEN, 0 is
 * never current.
 *
 * Locking.  asid_lock (irq lock) guards the bitmap and the generation's change.
 * The fast path takes no lock: it exchanges cpu->arch.active_context, which the
 * roll-over also exchanges (for 0), so one of the two sees the other:
 *
 *	activate                                roll-over
 *	------------------------------          -----------------------------
 *	context is of asid_generation
 *	cmpxchg(active, old != 0, ctx)   A      asid_generation changes
 *	  old was 0 -> slow path                old = xchg(active, 0)        B
 *
 * If A is before B, B finds ctx and reserves it.  If B is before A, A fails.
 *
 * Flushes are broadcast by the hardware; a CPU that is not running the space
 * is reached as well, so nothing is remembered and nobody is interrupted.
 */
#include <arch/mmu.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/bits.h>
#include <gemel/cpu.h>
#include <gemel/pagetable.h>
#include <gemel/spin.h>
#include <gemel/string.h>

#include "arm64.h"

#define ASID_BITS_MAX   16
#define ASID_FIRST_GEN  (1ull << ASID_BITS_MAX)
#define ASID_MASK       (ASID_FIRST_GEN - 1)

/* More pages than this are flushed by ASID, or all. */
#define FLUSH_PAGES_MAX 128

struct arch_mmu kernel_mmu;
paddr_t mmu_empty_root;

static struct irqlock asid_lock = IRQLOCK_INIT(TLB);
static u64 asid_generation = ASID_FIRST_GEN;    /* asid_lock to write, atomic to read */
static u64 asid_used[(1u << ASID_BITS_MAX) / 64] __guarded_by(asid_lock);
static u32 asid_next __guarded_by(asid_lock) = 1;

static u32 asid_count(void)
{
	return 1u << cpu_features.asid_bits;
}

static bool asid_try_use(u64 asid) __must_hold(asid_lock);
static bool asid_try_use(u64 asid)
{
	u64 bit = 1ull << (asid % 64);

	if (asid_used[asid / 64] & bit)
		return false;
	asid_used[asid / 64] |= bit;
	return true;
}

static void asid_roll_over(void) __must_hold(asid_lock);
static void asid_roll_over(void)
{
	WRITE_ONCE(asid_generation, asid_generation + ASID_FIRST_GEN);
	memset(asid_used, 0, asid_count() / 8);
	asid_used[0] = 1;
	for (uint i = 0; i < cpu_count; i++) {
		struct cpu *cpu = cpus[i];
		u64 context;

		if (!cpu)
			continue;
		/* Pairs with the exchange in arch_mmu_activate(). */
		context = __atomic_exchange_n(&cpu->arch.active_context, 0, __ATOMIC_SEQ_CST);
		/* 0: it has rolled over before and not activated anything since. */
		if (context == 0)
			context = cpu->arch.reserved_context;
		(void)asid_try_use(context & ASID_MASK);
		cpu->arch.reserved_context = context;
		WRITE_ONCE(cpu->arch.needs_tlb_flush, true);
	}
	asid_next = 1;
}

/* If a CPU kept @context through a roll-over, it goes on with the same ASID: tell that CPU. */
static bool asid_was_reserved(u64 context, u64 renewed) __must_hold(asid_lock);
static bool asid_was_reserved(u64 context, u64 renewed)
{
	bool found = false;

	for (uint i = 0; i < cpu_count; i++) {
		if (!cpus[i] || cpus[i]->arch.reserved_context != context)
			continue;
		cpus[i]->arch.reserved_context = renewed;
		found = true;
	}
	return found;
}

static u32 asid_find_free(void) __must_hold(asid_lock);
static u32 asid_find_free(void)
{
	for (u32 asid = asid_next; asid < asid_count(); asid++) {
		if (~asid_used[asid / 64] == 0) {
			asid |= 63;
			continue;
		}
		if (!asid_try_use(asid))
			continue;
		asid_next = asid + 1;
		return asid;
	}
	return 0;
}

static u64 asid_assign(u64 context) __must_hold(asid_lock);
static u64 asid_assign(u64 context)
{
	u32 asid;

	if (context != 0) {
		u64 renewed = asid_generation | (context & ASID_MASK);

		if (asid_was_reserved(context, renewed))
			return renewed;
		if (asid_try_use(context & ASID_MASK))
			return renewed;
	}
	asid = asid_find_free();
	if (asid == 0) {
		asid_roll_over();
		asid = asid_find_free();
		ASSERT(asid != 0);
	}
	return asid_generation | asid;
}

static u64 __noinline context_renew(struct cpu *cpu, struct arch_mmu *m)
{
	u64 context;

	irq_lock(&asid_lock);
	context = READ_ONCE(m->context);
	if ((context ^ asid_generation) >> ASID_BITS_MAX) {
		context = asid_assign(context);
		__atomic_store_n(&m->context, context, __ATOMIC_RELAXED);
	}
	if (cpu->arch.needs_tlb_flush) {
		cpu->arch.needs_tlb_flush = false;
		asm volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
	}
	__atomic_store_n(&cpu->arch.active_context, context, __ATOMIC_RELAXED);
	irq_unlock(&asid_lock);
	return context;
}

static void ttbr0_write(paddr_t root, u64 asid)
{
	sysreg_write(ttbr0_el1, root | asid << 48);
	isb();
}

void arch_mmu_activate(struct arch_mmu *m)
{
	struct cpu *cpu = arch_this_cpu();
	u64 context, active;

	if (cpu->arch.active_mmu == m)
		return;
	cpu->arch.active_mmu = m;
	if (!m) {
		ttbr0_write(mmu_empty_root, 0);
		return;
	}
	context = READ_ONCE(m->context);
	active = READ_ONCE(cpu->arch.active_context);
	if (!active || (context ^ READ_ONCE(asid_generation)) >> ASID_BITS_MAX ||
	    !__atomic_compare_exchange_n(&cpu->arch.active_context, &active, context, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		context = context_renew(cpu, m);
	ttbr0_write(m->root, context & ASID_MASK);
}

int arch_mmu_init(struct arch_mmu *m)
{
	m->context = 0;
	return pagetable_create(m);
}

void arch_mmu_free(struct arch_mmu *m)
{
	pagetable_destroy(m);
}

void mmu_init_cpu(struct cpu *cpu)
{
	cpu->arch.active_mmu = NULL;
	ttbr0_write(mmu_empty_root, 0);
	asm volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
}

static void flush_all(const struct arch_mmu *m)
{
	if (m == &kernel_mmu)
		asm volatile("tlbi vmalle1is" ::: "memory");
	else
		asm volatile("tlbi aside1is, %0" :: "r"(tlbi_operand(m, 0)) : "memory");
}

static void flush_pages(const struct arch_mmu *m, vaddr_t va, size_t n)
{
	u64 at = tlbi_operand(m, va);

	if (m == &kernel_mmu) {
		for (; n; n--, at++)
			asm volatile("tlbi vaale1is, %0" :: "r"(at) : "memory");
	} else {
		for (; n; n--, at++)
			asm volatile("tlbi vale1is, %0" :: "r"(at) : "memory");
	}
}

void arch_tlb_flush(struct arch_mmu *m, vaddr_t va, size_t n)
{
	/* Full: the ASID is read after the entries are visible to whoever is given another one. */
	asm volatile("dsb ish" ::: "memory");
	if (n > FLUSH_PAGES_MAX)
		flush_all(m);
	else
		flush_pages(m, va, n);
	asm volatile("dsb ish\n\tisb" ::: "memory");
}

void arch_mmu_cache_code(const void *va, size_t bytes)
{
	u64 ctr = sysreg_read(ctr_el0);
	ulong dline = 4ul << ((ctr >> 16) & 0xf);
	ulong start = (ulong)va, end = start + bytes;

	/* IDC: data caches need no cleaning; DIC: instruction caches need no invalidation. */
	if (!(ctr & (1ull << 28)))
		for (ulong at = ALIGN_DOWN(start, dline); at < end; at += dline)
			asm volatile("dc cvau, %0" :: "r"(at) : "memory");
	asm volatile("dsb ish" ::: "memory");
	/* All of it: instruction caches may be indexed by the user's address, not by ours. */
	if (!(ctr & (1ull << 29)))
		asm volatile("ic ialluis\n\tdsb ish" ::: "memory");
	isb();
}
