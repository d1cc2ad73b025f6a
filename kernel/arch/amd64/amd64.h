/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the files of this port tell each other.
 */
#include <arch/trap.h>
#include <arch_impl/x86.h>
#include <gemel/boot_info.h>
#include <gemel/compiler.h>

struct cpu;
struct task;

/* Of the boot CPU, which all others are taken to equal.  cpu.c. */
struct cpu_features {
	bool nx, gb_pages, smep, smap, umip, fsgsbase, pcid, invpcid;
	bool xsave, xsaveopt, x2apic, tsc_deadline, rdrand, rdseed, rdtscp;
	u64 xcr0;               /* state components that the kernel saves */
	uint xsave_size;        /* bytes of the save area */
	uint phys_bits;
};
extern struct cpu_features cpu_features;
void cpu_features_read(void);
/* Control registers and MSRs, from cpu_features. */
void cpu_features_enable(void);
void cpu_patch_smap(void);

/* core/smp.c: where boot.S starts, KSTACK_SIZE bytes. */
extern char boot_stack[];

/* boot.S */
extern u32 boot_start_info;
extern u64 boot_entry_cycles;
/* kernel.ld */
extern const struct smap_site { u64 at, code; } smap_sites_start[], smap_sites_end[];
extern char _text[], _etext[], _rodata[], _erodata[], _data[], _end[];

/* Vectors: exceptions, devices, then those of the local APIC. */
#define VECTOR_DEVICE_FIRST     0x20
#define VECTOR_DEVICE_END       0xf0
#define VECTOR_TIMER            0xf0
#define VECTOR_IPI              0xf1    /* + enum ipi */
#define VECTOR_ERROR            0xfe
#define VECTOR_SPURIOUS         0xff

/* entry.S, trap.c */
void syscall_entry(void);
void trap_from_user(struct trapframe *tf);
void trap_from_kernel(struct trapframe *tf);
void trap_emergency(struct trapframe *tf);
void trap_bad_user_pc(struct trapframe *tf);
/* Fill the IDT, while it is still writable. */
void trap_init(void);
/* Load GDT, TSS and IDT on this CPU. */
void trap_init_cpu(struct cpu *cpu);
bool extable_has(ulong pc);

/* mmu.c */
void mmu_early_init(struct boot_info *bi);
void mmu_init_cpu(void);
/* Map the page of device registers at @pa where the physmap would have it; boot only. */
void *mmu_map_registers(paddr_t pa);
/* A root below 4 GiB with the kernel's half and @pa mapped identically.  0: no memory. */
paddr_t mmu_trampoline_root(paddr_t pa);

/* machine.c: what the tables say about this machine. */
#define IOAPIC_MAX 8
#define ISA_IRQS 16
struct machine {
	bool has_acpi;
	paddr_t lapic;
	uint nioapics;
	struct machine_ioapic { paddr_t base; u32 gsi; } ioapic[IOAPIC_MAX];
	struct machine_isa { u32 gsi; u16 flags; } isa[ISA_IRQS];       /* MADT overrides */
	bool has_cmos, has_i8042, has_pm_timer;
	u16 pm_timer_port;
	u8 century;
	paddr_t hpet;
};
extern struct machine machine;
void machine_read(struct boot_info *bi);

/* smp.c */
void smp_reserve_trampoline(struct boot_info *bi);

/* irqchip.c */
void lapic_init_cpu(void);
void lapic_eoi(void);
u32 lapic_id(void);
void lapic_timer_oneshot(u32 count);
u32 lapic_timer_count(void);
void lapic_timer_mode(bool deadline);
void lapic_send(u32 apic_id, u32 icr);
void irqchip_early_init(void);
void irqchip_init(void);
void irqchip_dispatch(uint vector);
bool irqchip_stop_requested(void);
/* The gsi and trigger of ISA interrupt @irq. */
uint irqchip_isa_gsi(uint irq);

/* time.c */
void timer_calibrate(void);
void timer_init_lapic(void);

/* thread.c */
struct arch_thread;
void thread_bases_load(const struct arch_thread *at);
void thread_bases_sync(void);

/* signal.c: the most that a frame takes of a stack. */
uint signal_frame_size(void);
