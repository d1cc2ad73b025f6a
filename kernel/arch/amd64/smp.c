/* SPDX-License-Identifier: MIT */
/*
 * Starting the other CPUs: INIT, then two start-up IPIs that name the page of
 * the trampoline.
 *
 * The page is found in RAM below 640 KiB and reserved at boot.  One CPU at a
 * time takes the arguments from it; the next arch_cpu_start() waits for that.
 */
#include "smp.h"

#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/mmu.h>
#include <arch/time.h>

#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/vmalloc.h>

#include "amd64.h"

#define ICR_INIT        0x4500          /* INIT, assert */
#define ICR_STARTUP     0x4600
#define INIT_WAIT_US    10u             /* the 10 ms of the books are for CPUs without x86-64 */
#define STARTUP_WAIT_US 200u
#define TAKEN_WAIT_US   1000000u

extern const char trampoline_start[], trampoline_end[];
void cpu_start_entry(struct cpu *cpu);

static paddr_t trampoline_page;         /* 0: no RAM below 640 KiB */
static bool trampoline_busy;            /* smp_start_others() only: one caller */

void smp_reserve_trampoline(struct boot_info *bi)
{
	paddr_t limit = bi->alloc_limit;

	if (bi->ncpus < 2)
		return;
	bi->alloc_limit = 0xa0000;
	trampoline_page = boot_alloc(bi, PAGE_SIZE, PAGE_SIZE);
	bi->alloc_limit = limit;
}

static void delay_us(u64 us)
{
	u64 end = arch_cycles() + us * arch_cycles_hz() / 1000000;

	while ((s64)(arch_cycles() - end) < 0)
		arch_cpu_relax();
}

static struct trampoline *trampoline_args(void)
{
	return phys_to_virt(trampoline_page + TRAMPOLINE_ARGS);
}

/* Wait until the CPU that was started last has what it needs. */
static bool trampoline_wait(void)
{
	const struct trampoline *args = trampoline_args();

	for (u64 us = 0; us < TAKEN_WAIT_US; us += 10) {
		if (!trampoline_busy || load_acquire(&args->taken)) {
			trampoline_busy = false;
			return true;
		}
		delay_us(10);
	}
	return false;
}

/* Below each is the guard page that ends the range before it. */
static int stacks_alloc(struct cpu *cpu)
{
	for (uint i = 0; i < IST_COUNT; i++) {
		if (!cpu->arch.ist_stack[i])
			cpu->arch.ist_stack[i] = vmalloc(IST_STACK_SIZE);
		if (!cpu->arch.ist_stack[i])
			return -ENOMEM;
	}
	return 0;
}

static void trampoline_fill(struct cpu *cpu, paddr_t root)
{
	struct trampoline *args = trampoline_args();

	memcpy(phys_to_virt(trampoline_page), trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	args->cr3 = (u32)root;
	args->efer = EFER_LME | (cpu_features.nx ? EFER_NXE : 0);
	args->stack = (u64)cpu->idle->kstack + KSTACK_SIZE;
	args->cpu = (u64)cpu;
	store_release(&args->taken, 0);
	trampoline_busy = true;
}

int arch_cpu_start(struct cpu *cpu)
{
	u32 apic_id = (u32)cpu->hwid;
	paddr_t root;
	int err;

	if (!trampoline_page)
		return -ENODEV;
	err = stacks_alloc(cpu);
	if (err < 0)
		return err;
	root = mmu_trampoline_root(trampoline_page);
	if (!root)
		return -ENOMEM;
	if (!trampoline_wait())
		return -ETIMEDOUT;
	cpu->kstack_top = (ulong)cpu->idle->kstack + KSTACK_SIZE;
	trampoline_fill(cpu, root);
	lapic_send(apic_id, ICR_INIT);
	delay_us(INIT_WAIT_US);
	lapic_send(apic_id, ICR_STARTUP | (u32)(trampoline_page >> PAGE_SHIFT));
	for (uint i = 0; i < STARTUP_WAIT_US && !load_acquire(&trampoline_args()->taken); i++)
		delay_us(1);
	if (!load_acquire(&trampoline_args()->taken))
		lapic_send(apic_id, ICR_STARTUP | (u32)(trampoline_page >> PAGE_SHIFT));
	return 0;
}

/* From the trampoline, on the idle task's stack. */
void cpu_start_entry(struct cpu *cpu)
{
	cpu->running = cpu->idle;
	arch_cpu_init(cpu);
	secondary_main();
}
