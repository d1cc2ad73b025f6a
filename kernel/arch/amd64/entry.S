/* SPDX-License-Identifier: MIT */
/*
 * Every way into the kernel and the one way out to user mode.
 *
 * Stack.  From user mode the CPU (or syscall_entry) starts at the top of the
 * task's kernel stack, so that the frame lies at task_trapframe().
 *
 * GS.  In the kernel GS base is the struct cpu, in user mode the user's; the
 * other one waits in KERNEL_GS_BASE.  The code segment in the frame says which
 * it was, except for the three traps that may strike between an entry and its
 * swapgs: #DF, NMI, #MC.  Those run on emergency stacks, whose top word is the
 * struct cpu, and save and load GS base outright (ist_entry).
 *
 * Flags.  The CPU does not clear AC at an interrupt: CLAC is the first thing
 * after the registers are safe.  For syscall MSR_SFMASK clears AC, DF, NT,
 * TF and IF.
 */
#include <arch_impl/x86.h>
#include <asm_offsets.h>

/* Three bytes that cpu.c makes a clac where the CPU has SMAP. */
.macro CLAC
770:	.byte 0x0f, 0x1f, 0x00
	.pushsection .smap_sites, "a", @progbits
	.quad 770b
	.quad 0xca010f
	.popsection
.endm

.macro PUSH_REGISTERS
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
.endm

.macro POP_REGISTERS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
.endm

	.text
	.globl syscall_entry
	.balign 64
syscall_entry:
	swapgs
	movq %rsp, %gs:CPU_USER_RSP
	movq %gs:CPU_KSTACK_TOP, %rsp
	pushq $USER_DS
	pushq %gs:CPU_USER_RSP
	pushq %r11                      /* rflags */
	pushq $USER_CS
	pushq %rcx                      /* rip */
	pushq $0
	pushq %rax                      /* nr */
	PUSH_REGISTERS
	sti
	movq %rsp, %rdi
	xorl %ebp, %ebp                 /* a backtrace ends here */
	call syscall_dispatch

	/* The short way out: no work, still the frame of a system call, no single step. */
	cli
	movq %gs:CPU_CURRENT, %rax
	cmpl $0, TASK_WORK(%rax)
	jne user_work
	cmpq $0, TF_NR(%rsp)
	js user_restore
	testl $RFLAGS_TF, TF_RFLAGS(%rsp)
	jnz user_restore
	/* The C code kept rbx and r12-r15; rbp was cleared above. */
	movq TF_RBP(%rsp), %rbp
	movq TF_R10(%rsp), %r10
	movq TF_R9(%rsp), %r9
	movq TF_R8(%rsp), %r8
	movq TF_RAX(%rsp), %rax
	movq TF_RDX(%rsp), %rdx
	movq TF_RSI(%rsp), %rsi
	movq TF_RDI(%rsp), %rdi
	movq TF_RIP(%rsp), %rcx
	movq TF_RFLAGS(%rsp), %r11
	movq TF_RSP(%rsp), %rsp
	swapgs
	sysretq

/*
 * The way out: with interrupts off, work is done until there is none.
 */
	.globl user_exit
	.balign 16
user_exit:
	cli
	movq %gs:CPU_CURRENT, %rax
	cmpl $0, TASK_WORK(%rax)
	jne user_work
user_restore:
	/* iret to a non-canonical address would fault here instead of there. */
	movq TF_RIP(%rsp), %rax
	sarq $47, %rax
	jz 1f
	incq %rax
	jnz user_bad_pc
1:	POP_REGISTERS
	addq $16, %rsp
	swapgs
	iretq
user_work:
	movq %rsp, %rdi
	call user_return_work
	jmp user_exit
user_bad_pc:
	movq %rsp, %rdi
	call trap_bad_user_pc
	jmp user_exit

/* arch_enter_user(tf): tf is the frame at the top of the current stack. */
	.globl arch_enter_user
arch_enter_user:
	movq %rdi, %rsp
	xorl %ebp, %ebp
	jmp user_exit

/* A small entry per vector: makes the frame uniform.  16 bytes each. */
	.globl trap_entries
	.balign 16
trap_entries:
	.set vector, 0
	.rept 256
	.balign 16
	/* Vectors 8, 10-14, 17, 21, 29, 30 come with an error code. */
	.if vector > 31 || !((0x60227d00 >> vector) & 1)
	pushq $0
	.endif
	pushq $(-1 - vector)            /* tf->nr */
	.if vector == 2 || vector == 8 || vector == 18
	jmp ist_entry
	.else
	jmp trap_entry
	.endif
	.set vector, vector + 1
	.endr

	.balign 16
trap_entry:
	testb $3, TF_CS - TF_NR(%rsp)
	jz 1f
	swapgs
	PUSH_REGISTERS
	CLAC
	cld
	movq %rsp, %rdi
	xorl %ebp, %ebp
	call trap_from_user
	jmp user_exit
1:	PUSH_REGISTERS
	CLAC
	cld
	movq %rsp, %rdi
	call trap_from_kernel
	POP_REGISTERS
	addq $16, %rsp
	iretq

/* rbx: the GS base to put back.  From user mode too nothing but this stack is used. */
	.balign 16
ist_entry:
	PUSH_REGISTERS
	CLAC
	cld
	movl $MSR_GS_BASE, %ecx
	rdmsr
	shlq $32, %rdx
	orq %rdx, %rax
	movq %rax, %rbx
	movq TF_SIZE(%rsp), %rax        /* the emergency stack's owner */
	movq %rax, %rdx
	shrq $32, %rdx
	wrmsr
	movq %rsp, %rdi
	call trap_emergency
	movl $MSR_GS_BASE, %ecx
	movl %ebx, %eax
	movq %rbx, %rdx
	shrq $32, %rdx
	wrmsr
	POP_REGISTERS
	addq $16, %rsp
	iretq

/* The first switch to a task comes here: switch.S popped fn and arg, rax is prev. */
	.globl thread_start
thread_start:
	movq %rax, %rdi
	movq %rbx, %rsi
	movq %r12, %rdx
	xorl %ebp, %ebp
	call thread_entry
	ud2

	.globl thread_start_fork
thread_start_fork:
	movq %rax, %rdi
	xorl %ebp, %ebp
	call thread_fork_entry
	jmp user_exit

/* Written by trap_init() while the early map still lets it. */
	.section .rodata.idt, "a", @progbits
	.globl idt
	.balign 4096
idt:
	.skip 4096
