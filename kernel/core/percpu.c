/* SPDX-License-Identifier: MIT */
/*
 * The processors' own data.  The boot CPU uses section .percpu itself.  The others'
 * copies are made here, while that section still is as the linker left it: before
 * anything ran that could have changed it.
 */
#include <arch/mmu.h>

#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/string.h>
#include <gemel/task.h>

static struct task boot_task;

char boot_stack[KSTACK_SIZE] __aligned(PAGE_SIZE);

struct cpu cpu_boot = {
	.self = &cpu_boot,
	.running = &boot_task,
	.kstack_top = (ulong)boot_stack + KSTACK_SIZE,
	.idle = &boot_task,
	.online = true,
};

static struct task boot_task = {
	.kstack = boot_stack,
	.is_kernel = true,
	.refs = REFS_INIT(1),
	.state = TASK_RUNNING,
	.on_cpu = true,
	.name = "idle/0",
};

uint cpu_count = 1;
struct cpu *cpus[MAX_CPUS] = { &cpu_boot };

/* Both in one piece, from memory that needs no allocator. */
static struct cpu *cpu_make(uint id, size_t block)
{
	size_t size = ALIGN_UP(block, 64) + sizeof(struct cpu);
	paddr_t pa = boot_alloc(&boot_info, size, PAGE_SIZE);
	char *mem;
	struct cpu *cpu;

	if (!pa)
		panic("percpu: no memory for CPU %u", id);
	mem = phys_to_virt(pa);
	memcpy(mem, percpu_start, block);
	cpu = (struct cpu *)(mem + ALIGN_UP(block, 64));
	memset(cpu, 0, sizeof(*cpu));
	cpu->self = cpu;
	cpu->id = id;
	cpu->hwid = boot_info.cpu_hwid[id];
	cpu->percpu_offset = (ulong)mem - (ulong)percpu_start;
	return cpu;
}

void percpu_init(void)
{
	size_t block = (size_t)(percpu_end - percpu_start);

	cpu_boot.hwid = boot_info.cpu_hwid[0];
	cpu_count = MAX(boot_info.ncpus, 1u);
	for (uint i = 1; i < cpu_count; i++)
		cpus[i] = cpu_make(i, block);
}
