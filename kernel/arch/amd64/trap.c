/* SPDX-License-Identifier: MIT */
/*
 * Traps, sorted: interrupts, page faults, what becomes a signal, and what
 * only a kernel bug explains.  entry.S has saved the registers.
 */
#include <arch/trap.h>

#include <arch/debug.h>
#include <arch/irq.h>
#include <arch/irqflags.h>
#include <arch/mmu.h>
#include <arch/uaccess.h>

#include <uapi/signal.h>

#include <gemel/cpu.h>
#include <gemel/task.h>
#define LOG_TAG "trap"
#include <gemel/log.h>

#include "amd64.h"

enum vector {
	TRAP_DIVIDE, TRAP_DEBUG, TRAP_NMI, TRAP_BREAKPOINT, TRAP_OVERFLOW, TRAP_BOUND,
	TRAP_OPCODE, TRAP_NO_FPU, TRAP_DOUBLE_FAULT, TRAP_FPU_SEGMENT, TRAP_TSS, TRAP_NO_SEGMENT,
	TRAP_STACK, TRAP_PROTECTION, TRAP_PAGE_FAULT, TRAP_15, TRAP_FPU, TRAP_ALIGNMENT,
	TRAP_MACHINE_CHECK, TRAP_SIMD, TRAP_COUNT = 32
};

#define PF_PRESENT      0x01u
#define PF_WRITE        0x02u
#define PF_USER         0x04u
#define PF_FETCH        0x10u

#define ILL_ILLOPN      2

/* The signal that a user-mode exception becomes; addr is the pc if has_addr. */
static const struct trap_signal {
	const char *name;
	u8 sig;
	u8 code;
	bool has_addr;
} trap_signals[TRAP_COUNT] = {
	[TRAP_DIVIDE] = { "divide error", SIGFPE, FPE_INTDIV, true },
	[TRAP_DEBUG] = { "debug trap", SIGTRAP, TRAP_TRACE, true },
	[TRAP_BREAKPOINT] = { "breakpoint", SIGTRAP, SI_KERNEL, false },
	[TRAP_OVERFLOW] = { "overflow", SIGSEGV, SI_KERNEL, false },
	[TRAP_BOUND] = { "bound range exceeded", SIGSEGV, SI_KERNEL, false },
	[TRAP_OPCODE] = { "invalid opcode", SIGILL, ILL_ILLOPN, true },
	[TRAP_NO_FPU] = { "no FPU", SIGSEGV, SI_KERNEL, false },
	[TRAP_TSS] = { "invalid TSS", SIGSEGV, SI_KERNEL, false },
	[TRAP_NO_SEGMENT] = { "segment not present", SIGBUS, SI_KERNEL, false },
	[TRAP_STACK] = { "stack segment", SIGBUS, SI_KERNEL, false },
	[TRAP_PROTECTION] = { "general protection fault", SIGSEGV, SI_KERNEL, false },
	[TRAP_FPU] = { "x87 error", SIGFPE, 0, true },
	[TRAP_ALIGNMENT] = { "alignment check", SIGBUS, BUS_ADRALN, false },
	[TRAP_SIMD] = { "SIMD error", SIGFPE, 0, true },
};

/* The IDT: in .rodata, written by trap_init() before that becomes read-only. */
struct idt_gate {
	u16 low, selector;
	u8 ist, type;
	u16 middle;
	u32 high, zero;
};
extern struct idt_gate idt[256];
extern char trap_entries[];

#define GATE_INTERRUPT  0x8e
#define GATE_USER       0xee            /* int3 and into work from user mode */
#define TRAP_ENTRY_SIZE 16

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

static void gate_set(uint vector, u8 type, u8 ist)
{
	ulong entry = (ulong)trap_entries + vector * TRAP_ENTRY_SIZE;

	idt[vector] = (struct idt_gate){
		.low = (u16)entry, .middle = (u16)(entry >> 16), .high = (u32)(entry >> 32),
		.selector = KERNEL_CS, .type = type, .ist = ist,
	};
}

void trap_init(void)
{
	for (uint i = 0; i < 256; i++)
		gate_set(i, GATE_INTERRUPT, 0);
	gate_set(TRAP_BREAKPOINT, GATE_USER, 0);
	gate_set(TRAP_OVERFLOW, GATE_USER, 0);
	gate_set(TRAP_DOUBLE_FAULT, GATE_INTERRUPT, IST_DOUBLE_FAULT + 1);
	gate_set(TRAP_NMI, GATE_INTERRUPT, IST_NMI + 1);
	gate_set(TRAP_MACHINE_CHECK, GATE_INTERRUPT, IST_MACHINE_CHECK + 1);
}

/* Selectors as x86.h numbers them.  USER_CS32 is absent: there is no 32-bit mode to be in, and so
 * no syscall from it (AMD's would enter at CSTAR). */
static void gdt_fill(struct arch_cpu *ac)
{
	u64 base = (u64)&ac->tss;

	ac->gdt[KERNEL_CS >> 3] = 0x00af9b000000ffff;
	ac->gdt[KERNEL_DS >> 3] = 0x00cf93000000ffff;
	ac->gdt[USER_DS >> 3] = 0x00cff3000000ffff;
	ac->gdt[USER_CS >> 3] = 0x00affb000000ffff;
	ac->gdt[TSS_SELECTOR >> 3] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
				     0x89ull << 40 | (base >> 24 & 0xff) << 56;
	ac->gdt[(TSS_SELECTOR >> 3) + 1] = base >> 32;
}

/* The top 16 bytes of an emergency stack name its CPU: see ist_entry. */
static u64 ist_top(struct cpu *cpu, enum ist ist)
{
	u64 *top = (u64 *)((char *)cpu->arch.ist_stack[ist] + IST_STACK_SIZE) - 2;

	top[0] = (u64)cpu;
	return (u64)top;
}

void trap_init_cpu(struct cpu *cpu)
{
	struct arch_cpu *ac = &cpu->arch;
	struct table_pointer gdtr = { sizeof(ac->gdt) - 1, (u64)ac->gdt };
	struct table_pointer idtr = { 256 * sizeof(struct idt_gate) - 1, (u64)idt };

	gdt_fill(ac);
	ac->tss.rsp[0] = cpu->kstack_top;
	ac->tss.iomap = sizeof(struct tss);
	for (uint i = 0; i < IST_COUNT; i++)
		ac->tss.ist[i] = ist_top(cpu, i);
	asm volatile("lgdt %0\n\tltr %w1\n\tlidt %2"
		     :: "m"(gdtr), "r"(TSS_SELECTOR), "m"(idtr) : "memory");
}

/* --- what the CPU reports --- */

static void fpu_error(struct trapframe *tf, bool is_simd)
{
	/* In the order of rank: a denormal operand counts as underflow. */
	static const struct {
		u8 bits, code;
	} codes[] = {
		{ 0x01, FPE_FLTINV }, { 0x04, FPE_FLTDIV }, { 0x08, FPE_FLTOVF },
		{ 0x12, FPE_FLTUND }, { 0x20, FPE_FLTRES },
	};
	u32 raised;
	u16 status, control;

	if (is_simd) {
		u32 mxcsr;

		asm volatile("stmxcsr %0" : "=m"(mxcsr));
		raised = mxcsr & ~(mxcsr >> 7);
	} else {
		asm volatile("fnstsw %0\n\tfnstcw %1" : "=m"(status), "=m"(control));
		raised = status & ~control;
	}
	arch_irq_enable();
	for (uint i = 0; i < ARRAY_SIZE(codes); i++)
		if (raised & codes[i].bits) {
			user_exception(tf, SIGFPE, codes[i].code, tf->rip);
			return;
		}
}

static uint fault_access(ulong error)
{
	uint access = 0;

	if (error & PF_FETCH)
		access |= FAULT_EXEC;
	else
		access |= error & PF_WRITE ? FAULT_WRITE : FAULT_READ;
	if (error & PF_PRESENT)
		access |= FAULT_PRESENT;
	if (error & PF_USER)
		access |= FAULT_USER;
	return access;
}

static void user_trap(struct trapframe *tf, uint vector)
{
	const struct trap_signal *ts = &trap_signals[vector];

	if (vector == TRAP_FPU || vector == TRAP_SIMD) {
		fpu_error(tf, vector == TRAP_SIMD);
		return;
	}
	arch_irq_enable();
	if (ts->sig)
		user_exception(tf, ts->sig, ts->code, ts->has_addr ? tf->rip : 0);
	else
		log_warn("user: unexpected trap %u", vector);
}

static void interrupt(struct trapframe *tf, uint vector)
{
	irq_enter(tf);
	if (vector == VECTOR_TIMER) {
		lapic_eoi();
		timer_interrupt();
	} else if (vector >= VECTOR_IPI && vector < VECTOR_IPI + IPI_COUNT) {
		lapic_eoi();
		ipi_dispatch(vector - VECTOR_IPI);
	} else if (vector < VECTOR_DEVICE_END) {
		irqchip_dispatch(vector);
	} else if (vector != VECTOR_SPURIOUS) {
		lapic_eoi();
	}
	irq_exit();
}

void trap_from_user(struct trapframe *tf)
{
	uint vector = (uint)~tf->nr;

	if (vector >= VECTOR_DEVICE_FIRST) {
		interrupt(tf, vector);
	} else if (vector == TRAP_PAGE_FAULT) {
		ulong addr = cr2_read();

		arch_irq_enable();
		page_fault(tf, addr, fault_access(tf->error));
	} else {
		user_trap(tf, vector);
	}
}

/* A kernel access to user memory is right only at an instruction that has a fix-up. */
static void kernel_page_fault(struct trapframe *tf)
{
	ulong addr = cr2_read();

	if (addr < USER_END && !extable_has(tf->rip))
		kernel_exception(tf, tf->error & PF_FETCH ? "execution of a bad address" :
				 "access to user memory outside of the copy functions");
	if (tf->rflags & RFLAGS_IF)
		arch_irq_enable();
	page_fault(tf, addr, fault_access(tf->error));
}

static void kernel_trap(struct trapframe *tf, uint vector)
{
	const char *name = trap_signals[vector].name;

	switch (vector) {
	case TRAP_PAGE_FAULT:
		kernel_page_fault(tf);
		break;
	case TRAP_BREAKPOINT:
		log_warn("breakpoint at %#lx", tf->rip);
		break;
	case TRAP_DEBUG:
		tf->rflags &= ~RFLAGS_TF;
		break;
	default:
		if (!arch_uaccess_fixup(tf))
			kernel_exception(tf, name ? name : "unknown trap");
	}
}

void trap_from_kernel(struct trapframe *tf)
{
	uint vector = (uint)~tf->nr;

	if (vector >= VECTOR_DEVICE_FIRST)
		interrupt(tf, vector);
	else
		kernel_trap(tf, vector);
	if (tf->rflags & RFLAGS_IF) {
		arch_irq_disable();
		kernel_return_work();
	}
}

static void double_fault(struct trapframe *tf)
{
	const struct task *t = arch_current();
	ulong addr = cr2_read();
	ulong stack = t ? (ulong)t->kstack : 0;

	if (stack && (addr - (stack - PAGE_SIZE) < PAGE_SIZE ||
		      tf->rsp - (stack - PAGE_SIZE) < PAGE_SIZE))
		kernel_exception(tf, "kernel stack overflow");
	kernel_exception(tf, "double fault");
}

/* On an emergency stack; GS is the kernel's.  The interrupted code may be anywhere. */
void trap_emergency(struct trapframe *tf)
{
	switch (~tf->nr) {
	case TRAP_NMI:
		if (irqchip_stop_requested()) {
			irq_enter(tf);
			ipi_dispatch(IPI_STOP);
		}
		break;
	case TRAP_MACHINE_CHECK:
		kernel_exception(tf, "machine check");
	default:
		double_fault(tf);
	}
}

/* The frame's pc is not an address at all: the fault that the return would be. */
void trap_bad_user_pc(struct trapframe *tf)
{
	arch_irq_enable();
	user_exception(tf, SIGSEGV, SI_KERNEL, 0);
}

void arch_dump_regs(const struct trapframe *tf)
{
	log_err("rip %#lx cs %#lx rflags %#lx rsp %#lx ss %#lx", tf->rip, tf->cs, tf->rflags,
		tf->rsp, tf->ss);
	log_err("rax %016lx rbx %016lx rcx %016lx rdx %016lx", tf->rax, tf->rbx, tf->rcx, tf->rdx);
	log_err("rsi %016lx rdi %016lx rbp %016lx r8  %016lx", tf->rsi, tf->rdi, tf->rbp, tf->r8);
	log_err("r9  %016lx r10 %016lx r11 %016lx r12 %016lx", tf->r9, tf->r10, tf->r11, tf->r12);
	log_err("r13 %016lx r14 %016lx r15 %016lx nr %ld error %#lx", tf->r13, tf->r14, tf->r15,
		tf->nr, tf->error);
	log_err("cr2 %016lx cr3 %016lx", cr2_read(), cr3_read());
}
