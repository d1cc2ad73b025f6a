/* SPDX-License-Identifier: MIT */
/*
 * Entry to and exit from the kernel.
 *
 * In user mode SP_EL1 is the top of the task's kernel stack, so a trap from
 * there lays its struct trapframe where task_trapframe() says.  A trap in the
 * kernel lays one below what is on the stack, with a frame record that links a
 * backtrace to the interrupted code.
 *
 * Registers of the kernel: SP_EL0 current, TPIDR_EL1 struct cpu, x29 frame
 * pointer.  PAN is set by the CPU on entry and comes back with PSTATE.
 *
 * A kernel stack overflow shows itself as a fault on the guard page, taken
 * with a stack pointer that is no good: el1_sync looks, before it pushes,
 * whether the faulting address is next to the stack pointer.
 */
#include <asm_offsets.h>

#define EC_SVC64        0x15

/* The registers x0-x29 into a new frame: 16 of the 32 instructions that a vector has room for. */
.macro push_frame
	sub	sp, sp, #TF_SIZE
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	stp	x18, x19, [sp, #16 * 9]
	stp	x20, x21, [sp, #16 * 10]
	stp	x22, x23, [sp, #16 * 11]
	stp	x24, x25, [sp, #16 * 12]
	stp	x26, x27, [sp, #16 * 13]
	stp	x28, x29, [sp, #16 * 14]
.endm

.macro pop_frame
	ldp	x0, x1, [sp, #16 * 0]
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x18, x19, [sp, #16 * 9]
	ldp	x20, x21, [sp, #16 * 10]
	ldp	x22, x23, [sp, #16 * 11]
	ldp	x24, x25, [sp, #16 * 12]
	ldp	x26, x27, [sp, #16 * 13]
	ldp	x28, x29, [sp, #16 * 14]
	add	sp, sp, #TF_SIZE
	eret
.endm

/* From EL0: the rest of the frame, and the kernel's registers.  Clobbers x20-x23. */
.macro enter_from_user
	mrs	x21, sp_el0
	mrs	x22, elr_el1
	mrs	x23, spsr_el1
	mrs	x20, tpidr_el1
	stp	x30, x21, [sp, #TF_X + 8 * 30]
	ldr	x20, [x20, #CPU_CURRENT]
	stp	x22, x23, [sp, #TF_PC]
	msr	sp_el0, x20
	mov	x29, xzr
.endm

/* From EL1.  Clobbers x20-x23. */
.macro enter_from_kernel
	add	x21, sp, #TF_SIZE
	mrs	x22, elr_el1
	mrs	x23, spsr_el1
	mov	x20, #-1
	stp	x30, x21, [sp, #TF_X + 8 * 30]
	stp	x22, x23, [sp, #TF_PC]
	str	x20, [sp, #TF_SYSCALL]
	stp	x29, x22, [sp, #TF_RECORD]
	add	x29, sp, #TF_RECORD
.endm

/* x2, the number of the vector. */
.macro vector_bad, number
	.balign	128
	push_frame
	mov	x24, #\number
	b	vector_bad_entry
.endm

	.text
	.balign	2048
	.globl	vectors
vectors:
	/* Current EL with SP_EL0: never. */
	vector_bad 0
	vector_bad 1
	vector_bad 2
	vector_bad 3

	/* Current EL with SP_EL1. */
	.balign	128
	msr	par_el1, x0                     /* the only scratch there is */
	mrs	x0, far_el1
	sub	x0, sp, x0
	add	x0, x0, #4096
	lsr	x0, x0, #13
	cbz	x0, el1_stack_suspect
	mrs	x0, par_el1
	push_frame
	b	el1_sync
	.balign	128
	push_frame
	b	el1_irq
	vector_bad 6
	.balign	128
	push_frame
	mov	x24, #7
	b	vector_bad_entry

	/* Lower EL, AArch64. */
	.balign	128
	push_frame
	b	el0_sync
	.balign	128
	push_frame
	b	el0_irq
	.balign	128
	push_frame
	mov	x24, #10
	b	el0_bad
	.balign	128
	push_frame
	mov	x24, #11
	b	el0_bad

	/* Lower EL, AArch32: never. */
	vector_bad 12
	vector_bad 13
	vector_bad 14
	vector_bad 15

el0_sync:
	enter_from_user
	mrs	x1, esr_el1
	lsr	x2, x1, #26
	cmp	x2, #EC_SVC64
	b.ne	el0_trap
	mov	w8, w8
	stp	x0, x8, [sp, #TF_ORIG_X0]
	mov	x0, sp
	msr	daifclr, #6
	bl	syscall_dispatch

	.globl	return_to_user
return_to_user:
	msr	daifset, #2
return_to_user_masked:
	mrs	x20, sp_el0
	ldr	w0, [x20, #TASK_WORK]
	cbnz	w0, return_work
	ldp	x30, x21, [sp, #TF_X + 8 * 30]
	ldp	x22, x23, [sp, #TF_PC]
	msr	sp_el0, x21
	msr	elr_el1, x22
	msr	spsr_el1, x23
	pop_frame

return_work:
	mov	x0, sp
	bl	user_return_work
	b	return_to_user_masked

el0_trap:
	mov	x20, #-1
	str	x20, [sp, #TF_SYSCALL]
	mov	x0, sp
	mrs	x2, far_el1
	bl	trap_from_user
	b	return_to_user

el0_irq:
	enter_from_user
	mov	x20, #-1
	str	x20, [sp, #TF_SYSCALL]
	mov	x0, sp
	bl	irq_from_trap
	b	return_to_user_masked

el0_bad:
	enter_from_user
	b	bad_call

el1_sync:
	enter_from_kernel
	mov	x0, sp
	mrs	x1, esr_el1
	mrs	x2, far_el1
	bl	trap_from_kernel
	b	return_to_kernel

el1_irq:
	enter_from_kernel
	mov	x0, sp
	bl	irq_from_trap
	bl	kernel_return_work
return_to_kernel:
	ldp	x22, x23, [sp, #TF_PC]
	ldr	x30, [sp, #TF_X + 8 * 30]
	msr	elr_el1, x22
	msr	spsr_el1, x23
	pop_frame

vector_bad_entry:
	enter_from_kernel
bad_call:
	mov	x0, sp
	mov	x1, x24
	mrs	x2, esr_el1
	bl	trap_unexpected
	b	.

/*
 * A fault next to the stack pointer.  It may still be an honest one, with a
 * stale or near address: then the frame fits on the stack.  x0 is in PAR_EL1.
 */
el1_stack_suspect:
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #CPU_KSTACK_TOP]
	sub	x0, x0, #KSTACK_SIZE            /* the lowest address of the stack */
	add	x0, x0, #TF_SIZE
	sub	x0, sp, x0
	tbnz	x0, #63, 1f
	lsr	x0, x0, #12 + 2
	cbnz	x0, 1f
2:	mrs	x0, par_el1
	push_frame
	b	el1_sync

	/* No room, or another stack: fine if it is the emergency stack that we are on. */
1:	mrs	x0, tpidr_el1
	ldr	x0, [x0, #CPU_EMERGENCY_TOP]
	sub	x0, sp, x0
	add	x0, x0, #8192
	lsr	x0, x0, #13
	cbz	x0, 2b

	/* Overflow.  The frame goes to the emergency stack, with the real sp in it. */
	mov	x0, sp
	msr	tpidrro_el0, x0
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #CPU_EMERGENCY_TOP]
	mov	sp, x0
	mrs	x0, par_el1
	push_frame
	enter_from_kernel
	mrs	x21, tpidrro_el0
	msr	tpidrro_el0, xzr
	str	x21, [sp, #TF_SP]
	mov	x0, sp
	bl	trap_stack_overflow
	b	.

/* void arch_enter_user(struct trapframe *tf) */
	.globl	arch_enter_user
arch_enter_user:
	mov	sp, x0
	mov	x29, xzr
	b	return_to_user

/*
 * The first code of a new task, by arch_switch(): x0 is the task before.
 * x19 and x20: function and argument of a kernel thread.
 */
	.globl	thread_start
thread_start:
	mov	x1, x19
	mov	x2, x20
	bl	thread_entry
	b	.

	.globl	thread_start_fork
thread_start_fork:
	bl	thread_fork_entry
	b	return_to_user
