/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files of this port share. */
#include <gemel/compiler.h>
#include <gemel/fdt.h>

struct arch_cpu;
struct arch_thread;
struct cpu;
struct task;
struct trapframe;

#define sysreg_read(name)                                               \
	({                                                              \
		u64 sysreg_v_;                                          \
		asm volatile("mrs %0, " STRINGIFY(name) : "=r"(sysreg_v_));   \
		sysreg_v_;                                              \
	})
#define sysreg_write(name, v) \
	asm volatile("msr " STRINGIFY(name) ", %0" :: "r"((u64)(v)) : "memory")

static inline void isb(void)
{
	asm volatile("isb" ::: "memory");
}

/* boot.S, boot.c.  The device tree, opened; good from arch_early_init() on. */
extern struct fdt boot_fdt;
extern u64 boot_image_pa, boot_dtb_pa, boot_entry_cycles, boot_secondary_root;
extern u64 boot_root[512], boot_window[512];
extern const char _text[], _etext[], _rodata[], _erodata[], _data[], _edata[], _bss[], _ebss[],
	_end[];
void boot_switch_tables(paddr_t root, paddr_t empty);
void boot_secondary_entry(void);
void __noreturn cpu_start_entry(struct cpu *cpu);
/* Of a symbol of the image. */
paddr_t image_to_phys(const void *symbol);
/* 8 bytes of the boot loader's seed, once each; false: none left. */
bool boot_seed_take(u64 *out);

/* earlycon.c: find the console that /chosen names; then it is at @va. */
bool earlycon_find(const struct fdt *fdt, paddr_t *pa);
void earlycon_start(vaddr_t va);

/* psci.c */
void psci_init(const struct fdt *fdt);
int psci_cpu_on(u64 mpidr, paddr_t entry, u64 context);
void psci_system_off(void);
void psci_system_reset(void);

/* cpu.c: what this machine's CPUs can do; set on the boot CPU. */
struct cpu_features {
	bool has_pan, has_sve, has_rng, has_lse;
	uint asid_bits;
	uint sve_bytes;                 /* vector length that tasks get */
};
extern struct cpu_features cpu_features;
void cpu_features_read(void);
/* Emulate the read of an ID register by user mode; false: not one of those. */
bool cpu_emulate_mrs(struct trapframe *tf);

/* copy_user.S, extable.c */
void uaccess_enable_pan(void);
bool uaccess_pc(ulong pc);

/* mmu.c */
extern paddr_t mmu_empty_root;
void mmu_init_cpu(struct cpu *cpu);

/* time.c: the timer's interrupt, on the boot CPU; on each CPU. */
extern uint timer_irq;
void timer_find(void);
void timer_init_this_cpu(void);

/* irqchip.c */
void irqchip_init(void);
void irqchip_init_cpu(struct cpu *cpu);

/* entry.S, switch.S */
extern const char vectors[];
void thread_start(void);
void thread_start_fork(void);
struct task *switch_stacks(struct task *prev, struct task *next);

/* trap.c, called by entry.S */
void trap_from_user(struct trapframe *tf, u64 esr, u64 far);
void trap_from_kernel(struct trapframe *tf, u64 esr, u64 far);
void irq_from_trap(struct trapframe *tf);
void __noreturn trap_unexpected(struct trapframe *tf, u64 vector, u64 esr);
void __noreturn trap_stack_overflow(struct trapframe *tf);


/* fpu.c.  Save and load: current's registers, interrupts off. */
void fpu_init_cpu(void);
void fpu_save(struct arch_thread *at);
void fpu_load(struct arch_thread *at);
void fpu_copy(struct arch_thread *child);
void fpu_reset(struct arch_thread *at);
void fpu_destroy(struct arch_thread *at);
/* User mode touched SVE: give it to current.  False: there is none, or no memory. */
bool fpu_sve_trap(void);

/* signal.c: the most that a frame takes of a stack. */
uint signal_frame_size(void);
