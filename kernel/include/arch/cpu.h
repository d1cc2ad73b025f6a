/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One processor.  Contract; the inline bodies are in <arch_impl/cpu.h>.
 */
#include <gemel/compiler.h>

struct cpu;
struct task;

enum restart {
	RESTART_POWEROFF,       /* orderly end, the VMM exits with 0 */
	RESTART_REBOOT,
	RESTART_HALT,
	/* As poweroff, but tell the VMM that it failed where there is a way */
	RESTART_FAILURE,
};

/* Once on each CPU, boot CPU first: tables, per-CPU register, FPU and user-access protection on. */
void arch_cpu_init(struct cpu *cpu);

/*
 * Start @cpu on its idle task's stack (cpu->idle); it enters secondary_main()
 * with interrupts off after arch_cpu_init().  0 or -errno; does not wait.
 */
int __must_check arch_cpu_start(struct cpu *cpu);

/* The caller's struct cpu; stable only while it cannot migrate. */
static inline struct cpu *arch_this_cpu(void);

/* The running task.  Right in every context, also while migrating. */
static inline struct task *arch_current(void);

/* Body of a spin loop. */
static inline void arch_cpu_relax(void);

/* Called with interrupts off: enables and sleeps in one step, so no wake-up is lost; returns with
 * them off. */
static inline void arch_cpu_idle(void);

/* Interrupts off forever. */
void __noreturn arch_halt(void);

/* By any means there is; falls back to arch_halt(). */
void __noreturn arch_restart(enum restart how);

/* Value for AT_HWCAP, AT_HWCAP2, AT_MINSIGSTKSZ; 0 for others. */
ulong arch_hwcap(int at);

/* AT_PLATFORM, uname's machine: "x86_64", "aarch64". */
extern const char arch_machine_name[];

/* The lines of /proc/cpuinfo for CPU @id into @buf; returns as snprintf(). */
int arch_cpuinfo(char *buf, size_t size, uint id);

#include <arch_impl/cpu.h>
