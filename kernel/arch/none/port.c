/* SPDX-License-Identifier: MIT */
/*
 * The template: every function of the architecture contract, with a body that
 * does nothing.  Copy this directory to begin a port.  `make lint` links it:
 * what the kernel needs from a machine and the contract does not name shows
 * there as an undefined symbol.
 *
 * A real port has the files that the others have (boot, entry, trap, mmu,
 * irqchip, time, smp, cpu, thread, fpu, signal, copy_user); the sections below
 * are in that order.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/debug.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/regset.h>
#include <arch/signal.h>
#include <arch/thread.h>
#include <arch/time.h>
#include <arch/trap.h>
#include <arch/uaccess.h>
#include <arch/vdso.h>

#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/pagetable.h>

/* boot: the loader comes to the image's entry point; that calls kernel_main(). */

void port_entry(void);
void port_entry(void)
{
	kernel_main();
}

void arch_early_init(struct boot_info *bi __unused)
{
}

void arch_init(void)
{
}

void arch_add_devices(void)
{
}

void arch_early_putc(char c __unused)
{
}

/* trap: upward calls are syscall_dispatch() and the others of arch/trap.h. */

void arch_dump_regs(const struct trapframe *tf __unused)
{
}

void arch_enter_user(struct trapframe *tf __unused)
{
	arch_halt();
}

/* mmu: mm/pagetable.c has the tables. */

struct arch_mmu kernel_mmu;

int arch_mmu_init(struct arch_mmu *m)
{
	return pagetable_create(m);
}

void arch_mmu_free(struct arch_mmu *m)
{
	pagetable_destroy(m);
}

void arch_mmu_activate(struct arch_mmu *m __unused)
{
}

void arch_mmu_cache_code(const void *va __unused, size_t bytes __unused)
{
}

void arch_tlb_flush(struct arch_mmu *m __unused, vaddr_t va __unused, size_t n __unused)
{
}

/* irqchip */

uint arch_irq_count(void)
{
	return 0;
}

int arch_irq_setup(uint irq __unused, enum irq_trigger trigger __unused, uint cpu_id __unused)
{
	return -EINVAL;
}

void arch_irq_mask(uint irq __unused)
{
}

void arch_irq_unmask(uint irq __unused)
{
}

void arch_irq_raise(uint irq __unused)
{
}

int arch_msi_alloc(uint devid __unused, uint cpu_id __unused, struct msi *out __unused)
{
	return -ENODEV;
}

void arch_ipi_send(uint cpu_id __unused, enum ipi ipi __unused)
{
}

void arch_ipi_stop_others(void)
{
}

/* time */

u64 arch_cycles_hz(void)
{
	return 1000000000;
}

void arch_timer_set(u64 cycles __unused)
{
}

void arch_timer_stop(void)
{
}

u64 arch_rtc_read(void)
{
	return 0;
}

u32 arch_vdso_features(void)
{
	return 0;
}

/* smp, cpu */

struct cpu *none_this_cpu = &cpu_boot;
struct task *none_current;

const char arch_machine_name[] = "none";

void arch_cpu_init(struct cpu *cpu __unused)
{
}

int arch_cpu_start(struct cpu *cpu __unused)
{
	return -ENODEV;
}

void arch_halt(void)
{
	for (;;)
		arch_cpu_relax();
}

void arch_restart(enum restart how __unused)
{
	arch_halt();
}

ulong arch_hwcap(int at __unused)
{
	return 0;
}

int arch_cpuinfo(char *buf __unused, size_t size __unused, uint id __unused)
{
	return 0;
}

bool arch_random(u64 *out __unused)
{
	return false;
}

/* thread, fpu */

void arch_thread_start(struct task *t __unused, void (*fn)(void *arg) __unused, void *arg __unused)
{
}

int arch_thread_fork(struct task *child __unused, const struct trapframe *tf __unused,
		     ulong sp __unused, bool set_tls __unused, ulong tls __unused)
{
	return -ENOMEM;
}

void arch_thread_exec(struct trapframe *tf __unused, ulong pc __unused, ulong sp __unused)
{
}

void arch_thread_free(struct task *t __unused)
{
}

struct task *arch_switch(struct task *prev, struct task *next __unused)
{
	return prev;
}

void arch_set_tls(ulong addr __unused)
{
}

void arch_thread_backtrace_start(const struct task *t __unused, ulong *pc, ulong *fp)
{
	*pc = 0;
	*fp = 0;
}

/* signal */

int arch_signal_push(struct trapframe *tf __unused, const struct signal_frame *sf __unused)
{
	return -EFAULT;
}

int arch_signal_pop(struct trapframe *tf __unused, sigset_t *mask __unused,
		    struct uapi_stack *ss __unused)
{
	return -EFAULT;
}

bool arch_regset(struct task *t __unused, uint i __unused, struct regset *rs __unused,
		 void *buf __unused)
{
	return false;
}

/* copy_user */

size_t arch_copy_from_user(void *dst __unused, const void __user *src __unused, size_t n)
{
	return n;
}

size_t arch_copy_to_user(void __user *dst __unused, const void *src __unused, size_t n)
{
	return n;
}

size_t arch_clear_user(void __user *dst __unused, size_t n)
{
	return n;
}

int arch_user_load32(const u32 __user *u __unused, u32 *v __unused)
{
	return -EFAULT;
}

int arch_user_cmpxchg32(u32 __user *u __unused, u32 old __unused, u32 new __unused,
			u32 *seen __unused)
{
	return -EFAULT;
}

bool arch_uaccess_fixup(struct trapframe *tf __unused)
{
	return false;
}
