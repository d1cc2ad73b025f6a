/* SPDX-License-Identifier: MIT */
/*
 * The host port: the machine is this process.
 *
 * One CPU, no user mode, no devices but a disk.  Everything that happens is
 * decided by the program alone: time passes when the kernel asks for it or is
 * idle, interrupts come when they are switched on, so a run repeats.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/debug.h>

#include <uapi/errno.h>

#include <gemel/boot_info.h>
#include <gemel/cpu.h>
#include <gemel/printf.h>
#include <gemel/string.h>
#include <gemel/task.h>

#include "../../core/ksyms_table.h"
#include "../../core/panic.h"
#include "host.h"
#include "posix.h"

const char arch_machine_name[] = "host";

struct task *host_current;
static const char *host_cmdline;
static struct posix_fiber *outside, *inside;

/* The host's own tools have the symbols. */
const u32 ksyms_count = 0;
const u32 ksyms_offsets[] = { 0 };
const u32 ksyms_name_index[] = { 0 };
const char ksyms_names[] = "";

void arch_early_init(struct boot_info *bi)
{
	host_current = cpu_boot.running;
	host_current->arch.fiber = posix_fiber_current();
	strscpy(bi->cmdline, host_cmdline, sizeof(bi->cmdline));
	bi->ncpus = 1;
	boot_add_ram(bi, 0, HOST_RAM);
	boot_reserve(bi, 0, PAGE_SIZE);
	boot_memory_ready(bi);
	host_mmu_init();
}

void arch_init(void)
{
}

void arch_add_devices(void)
{
	host_disk_init();
}

void host_boot(const char *cmdline)
{
	host_cmdline = cmdline;
	inside = posix_fiber_create(kernel_main);
	host_resume();
}

void host_resume(void)
{
	outside = posix_fiber_current();
	posix_fiber_switch(inside);
}

void host_yield(void)
{
	inside = posix_fiber_current();
	posix_fiber_switch(outside);
}

/* ---- cpu.h, debug.h ---- */

void arch_early_putc(char c)
{
	posix_putc(c);
}

void arch_cpu_init(struct cpu *cpu __unused)
{
}

int arch_cpu_start(struct cpu *cpu __unused)
{
	return -ENODEV;
}

void arch_halt(void)
{
	posix_abort();
}

/* A panic shows where it was; a test run that failed has said so. */
void arch_restart(enum restart how)
{
	if (how == RESTART_FAILURE && panic_in_progress())
		posix_abort();
	posix_exit(how == RESTART_FAILURE);
}

ulong arch_hwcap(int at __unused)
{
	return 0;
}

int arch_cpuinfo(char *buf, size_t size, uint id)
{
	return snprintf(buf, size, "processor\t: %u\n", id);
}

bool arch_random(u64 *out __unused)
{
	return false;
}
