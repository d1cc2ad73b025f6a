/* SPDX-License-Identifier: MIT */
/*
 * Address spaces on the CPU: the boot-time map, CR3, PCIDs, TLB shoot-down.
 * The tables themselves are mm/pagetable.c's.
 *
 * A space has an id that no other ever has, and a generation that grows with
 * every change that flushes.  A CPU keeps TLB_SLOTS spaces apart by PCIDs
 * 1 .. TLB_SLOTS: slot i says whose entries PCID i + 1 tags and as of which
 * generation.  PCID 0 is the kernel's.  Without PCIDs, loading CR3 flushes.
 *
 * Lazy.  arch_mmu_activate(NULL) leaves the user half loaded: a kernel thread
 * does not touch it, and the next task is often the previous one.  The CPU
 * stays in the space's active mask until it loads another, is asked to flush
 * while it is lazy, or the space is freed.
 *
 * Ordering.  The flusher and an activating CPU:
 *
 *	flusher                         CPU that activates m
 *	A change entries                D set bit in m->active
 *	B m->generation++               E g = m->generation
 *	C read m->active                F if slot's generation != g: flush; slot = g
 *
 * B, C and D, E are sequentially consistent: either C sees the bit and an IPI
 * goes there, or E sees the new generation.  An IPI for generation g may flush
 * just its range if the slot is at g - 1; else it flushes the whole tag.
 *
 * Kernel addresses: entries are global; a flush goes to every CPU.
 */
#include <arch/pte.h>

#include <uapi/errno.h>

#include <gemel/assert.h>
#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/page.h>
#include <gemel/pagetable.h>
#include <gemel/spin.h>
#include <gemel/string.h>

#include "amd64.h"

#define ROOT_LEVEL      3
#define KERNEL_FIRST    256             /* root entries of the kernel half */
#define EARLY_MAP_END   GIB(1)
/* More pages than this: forget all. */
#define FLUSH_ALL       32

struct arch_mmu kernel_mmu;
static u64 mmu_last_id;

/* --- the boot-time map --- */

/* Everything, global entries and all tags too: a change of CR4.PGE does that. */
static void tlb_flush_all(void)
{
	ulong cr4 = cr4_read();

	cr4_write(cr4 ^ CR4_PGE);
	cr4_write(cr4);
}

/* Copy the kernel's half into the new @root. */
static void root_share(pte_t *root)
{
	const pte_t *kernel = phys_to_virt(kernel_mmu.root);

	memcpy(root + KERNEL_FIRST, kernel + KERNEL_FIRST, PAGE_SIZE / 2);
}

static void map_at_boot(vaddr_t va, paddr_t pa, size_t bytes, uint prot)
{
	if (arch_mmu_map_large(&kernel_mmu, va, pa, bytes, prot) < 0)
		panic("boot: no memory for page tables");
}

static void map_image_part(const char *from, const char *to, uint prot)
{
	size_t bytes = ALIGN_UP((ulong)to, PAGE_SIZE) - (ulong)from;

	map_at_boot((vaddr_t)from, (ulong)from - KERNEL_BASE, bytes, prot);
}

/* Give the root entry of @va a table now: roots made from now on copy it. */
static void root_fill(vaddr_t va)
{
	pte_t *e = (pte_t *)phys_to_virt(kernel_mmu.root) + pte_index(va, ROOT_LEVEL);
	paddr_t pa;

	if (pte_is_present(*e))
		return;
	pa = pagetable_page_alloc();
	if (!pa)
		panic("boot: no memory for page tables");
	pte_write(e, pte_make_table(pa));
}

void mmu_early_init(struct boot_info *bi)
{
	bi->alloc_limit = EARLY_MAP_END;
	if (pagetable_create(&kernel_mmu) < 0)
		panic("boot: no memory for page tables");
	for (uint i = 0; i < bi->nram; i++) {
		paddr_t base = bi->ram[i].base;

		map_at_boot(PHYSMAP_BASE + base, base, bi->ram[i].size, PROT_KERNEL_RW);
	}
	map_image_part(_text, _etext, PROT_READ_BIT | PROT_EXEC_BIT);
	map_image_part(_rodata, _erodata, PROT_READ_BIT);
	map_image_part(_data, _end, PROT_KERNEL_RW);
	root_fill(VMALLOC_BASE);
	root_fill(VMEMMAP_BASE);
	cr3_write(kernel_mmu.root);
	tlb_flush_all();
	bi->alloc_limit = 0;
}

void *mmu_map_registers(paddr_t pa)
{
	vaddr_t page = PHYSMAP_BASE + ALIGN_DOWN(pa, PAGE_SIZE);
	int err = arch_mmu_map(&kernel_mmu, page, ALIGN_DOWN(pa, PAGE_SIZE), 1,
			       PROT_KERNEL_RW | PROT_DEVICE_BIT);

	if (err < 0 && err != -EEXIST)
		panic("boot: no memory for page tables");
	return phys_to_virt(pa);
}

void mmu_init_cpu(void)
{
	struct arch_cpu *ac = &arch_this_cpu()->arch;

	cr3_write(kernel_mmu.root);
	ac->mmu = NULL;
	memset(ac->tlb, 0, sizeof(ac->tlb));
}

/*
 * The CPU that starts can load only a 32-bit root.  The tables below belong
 * to a space that is never freed.
 */
paddr_t mmu_trampoline_root(paddr_t pa)
{
	static struct arch_mmu trampoline_mmu;
	struct page *pg;

	if (trampoline_mmu.root)
		return trampoline_mmu.root;
	pg = page_alloc_below(0, ALLOC_ZERO, GIB(4));
	if (!pg)
		return 0;
	root_share(page_address(pg));
	trampoline_mmu.root = page_to_phys(pg);
	if (arch_mmu_map(&trampoline_mmu, pa, pa, 1, PROT_KERNEL_RW | PROT_EXEC_BIT) < 0) {
		pagetable_destroy(&trampoline_mmu);
		return 0;
	}
	return trampoline_mmu.root;
}

/* --- address spaces --- */

int arch_mmu_init(struct arch_mmu *m)
{
	int err = pagetable_create(m);

	if (err < 0)
		return err;
	root_share(phys_to_virt(m->root));
	m->id = __atomic_add_fetch(&mmu_last_id, 1, __ATOMIC_RELAXED);
	m->active = 0;
	m->generation = 1;
	return 0;
}

/* This CPU only has the kernel's half from here on. */
static void mmu_leave(struct cpu *cpu)
{
	struct arch_mmu *m = cpu->arch.mmu;

	if (!m)
		return;
	cr3_write(kernel_mmu.root | (cpu_features.pcid ? CR3_NOFLUSH : 0));
	cpu->arch.mmu = NULL;
	cpu->arch.is_lazy = false;
	__atomic_and_fetch(&m->active, ~(1ull << cpu->id), __ATOMIC_SEQ_CST);
}

static void mmu_leave_if_lazy(void *arg)
{
	struct cpu *cpu = arch_this_cpu();

	if (cpu->arch.mmu == arg && cpu->arch.is_lazy)
		mmu_leave(cpu);
}

void arch_mmu_free(struct arch_mmu *m)
{
	u64 others;

	irq_push_off();
	mmu_leave_if_lazy(m);
	others = m->active;
	irq_pop_off();
	/* Only lazy CPUs may be left. */
	if (others)
		smp_call_mask(others, mmu_leave_if_lazy, m);
	ASSERT(__atomic_load_n(&m->active, __ATOMIC_SEQ_CST) == 0);
	pagetable_destroy(m);
}

/* The slot for @id: the one it had, or the next in turn. */
static uint slot_choose(struct arch_cpu *ac, u64 id)
{
	for (uint i = 0; i < TLB_SLOTS; i++)
		if (ac->tlb[i].id == id)
			return i;
	ac->tlb_next = ac->tlb_next + 1 < TLB_SLOTS ? ac->tlb_next + 1 : 0;
	return ac->tlb_next;
}

static void mmu_load(struct arch_cpu *ac, struct arch_mmu *m)
{
	u64 generation = __atomic_load_n(&m->generation, __ATOMIC_SEQ_CST);
	struct tlb_slot *slot;
	ulong cr3;

	if (!cpu_features.pcid) {
		ac->tlb[0].generation = generation;
		ac->tlb_slot = 0;
		cr3_write(m->root);
		return;
	}
	ac->tlb_slot = slot_choose(ac, m->id);
	slot = &ac->tlb[ac->tlb_slot];
	cr3 = m->root | (ac->tlb_slot + 1);
	if (slot->id == m->id && slot->generation == generation)
		cr3 |= CR3_NOFLUSH;
	slot->id = m->id;
	slot->generation = generation;
	cr3_write(cr3);
}

void arch_mmu_activate(struct arch_mmu *m)
{
	struct cpu *cpu = arch_this_cpu();
	struct arch_cpu *ac = &cpu->arch;
	struct arch_mmu *old = ac->mmu;

	ac->is_lazy = !m;
	if (!m || m == old)
		return;
	__atomic_or_fetch(&m->active, 1ull << cpu->id, __ATOMIC_SEQ_CST);
	ac->mmu = m;
	mmu_load(ac, m);
	if (old)
		__atomic_and_fetch(&old->active, ~(1ull << cpu->id), __ATOMIC_SEQ_CST);
}

/* x86 keeps instruction fetches coherent; a CPU that runs the code next serialises on the way. */
void arch_mmu_cache_code(const void *va __unused, size_t bytes __unused)
{
	barrier();
}

/* --- flushing --- */

struct flush {
	struct arch_mmu *m;
	vaddr_t va;
	size_t n;
	u64 generation;
};

static void pages_forget(vaddr_t va, size_t n)
{
	for (size_t i = 0; i < n; i++)
		invlpg(va + (i << PAGE_SHIFT));
}

static void flush_kernel(void *arg)
{
	const struct flush *f = arg;

	if (f->n > FLUSH_ALL)
		tlb_flush_all();
	else
		pages_forget(f->va, f->n);
}

/* Interrupts off. */
static void flush_user(void *arg)
{
	const struct flush *f = arg;
	struct cpu *cpu = arch_this_cpu();
	struct arch_cpu *ac = &cpu->arch;
	struct tlb_slot *slot = &ac->tlb[ac->tlb_slot];
	u64 now;

	if (ac->mmu != f->m)
		return;
	if (ac->is_lazy) {
		mmu_leave(cpu);
		return;
	}
	if (slot->generation >= f->generation)
		return;
	if (slot->generation + 1 == f->generation && f->n <= FLUSH_ALL) {
		pages_forget(f->va, f->n);
		slot->generation = f->generation;
		return;
	}
	now = __atomic_load_n(&f->m->generation, __ATOMIC_SEQ_CST);
	cr3_write(f->m->root | (cpu_features.pcid ? ac->tlb_slot + 1 : 0));
	slot->generation = now;
}

void arch_tlb_flush(struct arch_mmu *m, vaddr_t va, size_t n)
{
	struct flush f = { .m = m, .va = va, .n = n };
	u64 others;
	uint self;

	if (m == &kernel_mmu) {
		irq_push_off();
		flush_kernel(&f);
		irq_pop_off();
		if (cpu_count > 1)
			smp_call_others(flush_kernel, &f);
		return;
	}
	f.generation = __atomic_add_fetch(&m->generation, 1, __ATOMIC_SEQ_CST);
	irq_push_off();
	self = cpu_id();
	flush_user(&f);
	others = __atomic_load_n(&m->active, __ATOMIC_SEQ_CST) & ~(1ull << self);
	irq_pop_off();
	if (unlikely(others))
		smp_call_mask(others, flush_user, &f);
}
