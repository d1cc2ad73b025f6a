/* SPDX-License-Identifier: MIT */
/*
 * What a trap means: the syndrome register says why, and each reason becomes
 * one upward call.  The system call is not among them: entry.S knows it.
 */
#include <arch/trap.h>

#include <arch/debug.h>
#include <arch/irqflags.h>
#include <arch/mmu.h>
#include <arch/uaccess.h>

#define LOG_TAG "trap"
#include <gemel/log.h>
#include <gemel/task.h>

#include "arm64.h"

#define ESR_EC_SHIFT    26
#define ESR_ISS_WNR     (1u << 6)
#define ESR_ISS_CM      (1u << 8)
#define ESR_FSC         0x3fu

enum esr_class {
	EC_UNKNOWN = 0x00,
	EC_FP = 0x07,
	EC_ILLEGAL_STATE = 0x0e,
	EC_SYSREG = 0x18,
	EC_SVE = 0x19,
	EC_INSN_ABORT_USER = 0x20,
	EC_INSN_ABORT = 0x21,
	EC_FPAC = 0x1c,
	EC_PC_ALIGN = 0x22,
	EC_DATA_ABORT_USER = 0x24,
	EC_DATA_ABORT = 0x25,
	EC_SP_ALIGN = 0x26,
	EC_FP_EXCEPTION = 0x2c,
	EC_SERROR = 0x2f,
	EC_HW_BREAK_USER = 0x30,
	EC_STEP_USER = 0x32,
	EC_WATCH_USER = 0x34,
	EC_BRK = 0x3c,
};

/* Fault status codes, the two low bits (the level) cleared. */
#define FSC_TRANSLATION 0x04
#define FSC_ACCESS      0x08
#define FSC_PERMISSION  0x0c
#define FSC_ALIGNMENT   0x21

#define FPE_FLTUNK      14
#define ILL_ILLOPN      2

static uint esr_class(u64 esr)
{
	return (esr >> ESR_EC_SHIFT) & 0x3f;
}

/* The top byte of a user address does not count (TBI). */
static ulong address_untagged(u64 far)
{
	return far & (1ull << 55) ? far : far & ~(0xffull << 56);
}

static bool is_user_address(u64 far)
{
	return !(far & (1ull << 55));
}

static uint abort_access(u64 esr, bool is_insn)
{
	uint access = FAULT_READ;

	if (is_insn)
		access = FAULT_EXEC;
	else if ((esr & ESR_ISS_WNR) && !(esr & ESR_ISS_CM))
		access = FAULT_WRITE;
	if ((esr & ESR_FSC & ~3u) == FSC_PERMISSION)
		access |= FAULT_PRESENT;
	return access;
}

static bool abort_is_page_fault(u64 esr)
{
	uint fsc = esr & ESR_FSC & ~3u;

	return fsc == FSC_TRANSLATION || fsc == FSC_ACCESS || fsc == FSC_PERMISSION ||
	       (esr & ESR_FSC) == 0;
}

/* For the signal frame. */
static void fault_remember(ulong addr, ulong tag, u64 esr)
{
	current->arch.fault_addr = addr;
	current->arch.fault_tag = tag;
	current->arch.fault_esr = esr;
}

static void misaligned(struct trapframe *tf, ulong addr, u64 esr)
{
	fault_remember(0, 0, esr);
	user_exception(tf, SIGBUS, BUS_ADRALN, addr);
}

static void abort_from_user(struct trapframe *tf, u64 esr, u64 far, bool is_insn)
{
	ulong addr = address_untagged(far);

	fault_remember(addr, far ^ addr, esr);
	if (abort_is_page_fault(esr))
		page_fault(tf, addr, abort_access(esr, is_insn) | FAULT_USER);
	else if ((esr & ESR_FSC) == FSC_ALIGNMENT)
		user_exception(tf, SIGBUS, BUS_ADRALN, addr);
	else
		user_exception(tf, SIGBUS, BUS_OBJERR, addr);
}

static void fp_exception(struct trapframe *tf, u64 esr)
{
	int code = FPE_FLTUNK;

	/* The bits count only if TFV (23) is set. */
	if (!(esr & (1u << 23)))
		;
	else if (esr & 0x01)
		code = FPE_FLTINV;
	else if (esr & 0x02)
		code = FPE_FLTDIV;
	else if (esr & 0x04)
		code = FPE_FLTOVF;
	else if (esr & 0x08)
		code = FPE_FLTUND;
	else if (esr & 0x10)
		code = FPE_FLTRES;
	user_exception(tf, SIGFPE, code, tf->pc);
}

void trap_from_user(struct trapframe *tf, u64 esr, u64 far)
{
	arch_irq_enable();
	switch (esr_class(esr)) {
	case EC_DATA_ABORT_USER:
		abort_from_user(tf, esr, far, false);
		break;
	case EC_INSN_ABORT_USER:
		abort_from_user(tf, esr, far, true);
		break;
	case EC_SVE:
		if (!fpu_sve_trap())
			user_exception(tf, SIGILL, ILL_ILLOPC, tf->pc);
		break;
	case EC_UNKNOWN:
	case EC_SYSREG:
		if (!cpu_emulate_mrs(tf))
			user_exception(tf, SIGILL, ILL_ILLOPC, tf->pc);
		break;
	case EC_PC_ALIGN:
		misaligned(tf, tf->pc, esr);
		break;
	case EC_SP_ALIGN:
		misaligned(tf, tf->sp, esr);
		break;
	case EC_FPAC:
		user_exception(tf, SIGILL, ILL_ILLOPN, tf->pc);
		break;
	case EC_FP_EXCEPTION:
		fp_exception(tf, esr);
		break;
	case EC_BRK:
		user_exception(tf, SIGTRAP, TRAP_BRKPT, tf->pc);
		break;
	case EC_STEP_USER:
		user_exception(tf, SIGTRAP, TRAP_TRACE, tf->pc);
		break;
	case EC_HW_BREAK_USER:
	case EC_WATCH_USER:
		user_exception(tf, SIGTRAP, TRAP_HWBKPT, tf->pc);
		break;
	default:
		user_exception(tf, SIGILL, ILL_ILLOPC, tf->pc);
		break;
	}
}

static void abort_from_kernel(struct trapframe *tf, u64 esr, u64 far, bool is_insn)
{
	if (!abort_is_page_fault(esr)) {
		if (!arch_uaccess_fixup(tf))
			kernel_exception(tf, "external abort");
		return;
	}
	if (is_insn)
		kernel_exception(tf, "execution of a bad address");
	if (is_user_address(far) && !uaccess_pc(tf->pc))
		kernel_exception(tf, "access to user memory outside of the copy functions");
	page_fault(tf, address_untagged(far), abort_access(esr, false));
}

void trap_from_kernel(struct trapframe *tf, u64 esr, u64 far)
{
	bool was_enabled = !(tf->pstate & PSTATE_I);

	if (was_enabled)
		arch_irq_enable();
	switch (esr_class(esr)) {
	case EC_DATA_ABORT:
		abort_from_kernel(tf, esr, far, false);
		break;
	case EC_INSN_ABORT:
		abort_from_kernel(tf, esr, far, true);
		break;
	case EC_BRK:
		log_warn("breakpoint 0x%x at 0x%lx", (uint)esr & 0xffff, trapframe_pc(tf));
		tf->pc += 4;
		break;
	default:
		kernel_exception(tf, "unexpected synchronous exception");
	}
	arch_irq_disable();
	if (was_enabled)
		kernel_return_work();
}

void trap_unexpected(struct trapframe *tf, u64 vector, u64 esr)
{
	if ((vector & 3) == 3)
		kernel_exception(tf, "SError: asynchronous external abort");
	log_err("vector %u, syndrome 0x%lx", (uint)vector, (ulong)esr);
	kernel_exception(tf, "unexpected vector");
}

void trap_stack_overflow(struct trapframe *tf)
{
	kernel_exception(tf, "kernel stack overflow");
}

void arch_dump_regs(const struct trapframe *tf)
{
	printk(LOG_ERR, "regs", "pc %016lx lr %016lx sp %016lx pstate %08lx", (ulong)tf->pc,
	       (ulong)tf->x[30], (ulong)tf->sp, (ulong)tf->pstate);
	printk(LOG_ERR, "regs", "far %016lx esr %08lx syscall %ld", (ulong)sysreg_read(far_el1),
	       (ulong)sysreg_read(esr_el1), (long)tf->syscall);
	for (uint i = 0; i < 30; i += 3)
		printk(LOG_ERR, "regs", "x%-2u %016lx x%-2u %016lx x%-2u %016lx", i,
		       (ulong)tf->x[i], i + 1, (ulong)tf->x[i + 1], i + 2, (ulong)tf->x[i + 2]);
}
