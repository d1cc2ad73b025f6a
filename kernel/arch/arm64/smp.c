/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs: PSCI lets them in at boot_secondary_entry, with the MMU off. */
#include <arch/cpu.h>

#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/page.h>
#include <gemel/task.h>

#include "arm64.h"

/* EMERGENCY_SIZE in entry.S: 8192. */
#define EMERGENCY_ORDER 1

/* To memory, where a CPU without caches looks. */
static void clean_to_memory(const void *p)
{
	asm volatile("dc cvac, %0\n\tdsb sy" :: "r"(p) : "memory");
}

int arch_cpu_start(struct cpu *cpu)
{
	char *emergency = page_alloc_kernel(EMERGENCY_ORDER, 0);
	int err;

	if (!emergency)
		return -ENOMEM;
	cpu->arch.emergency_top = (ulong)emergency + (PAGE_SIZE << EMERGENCY_ORDER);
	cpu->running = cpu->idle;
	cpu->kstack_top = (ulong)cpu->idle->kstack + KSTACK_SIZE;
	clean_to_memory(&boot_secondary_root);
	err = psci_cpu_on(cpu->hwid, image_to_phys((const void *)boot_secondary_entry),
			  (ulong)cpu);
	if (err < 0) {
		page_free_kernel(emergency, EMERGENCY_ORDER);
		cpu->arch.emergency_top = 0;
	}
	return err;
}

void cpu_start_entry(struct cpu *cpu)
{
	arch_cpu_init(cpu);
	irqchip_init_cpu(cpu);
	timer_init_this_cpu();
	secondary_main();
}
