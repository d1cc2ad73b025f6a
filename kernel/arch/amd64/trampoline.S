/* SPDX-License-Identifier: MIT */
/*
 * Where the other CPUs begin: copied to a page below 1 MiB, entered in real
 * mode with cs:ip = page:0.  Goes to long mode on the trampoline's page
 * tables (the kernel's plus an identity mapping of this page), takes the
 * arguments at TRAMPOLINE_ARGS, and calls cpu_start_entry(cpu).
 */
#include <arch_impl/x86.h>
#include <asm_offsets.h>

#include "smp.h"

#define ARG(field) (TRAMPOLINE_ARGS + (field))

	.section .rodata.trampoline, "a", @progbits
	.globl trampoline_start, trampoline_end
	.balign 16
	.code16
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	/* ebp: where the page is. */
	xorl %ebp, %ebp
	movw %ax, %bp
	shll $4, %ebp
	/* The 32-bit descriptors' base and the far pointers must be made absolute. */
	leal (trampoline_gdt - trampoline_start)(%ebp), %eax
	movl %eax, trampoline_gdt_pointer + 2 - trampoline_start
	leal (trampoline_32 - trampoline_start)(%ebp), %eax
	movl %eax, trampoline_far32 - trampoline_start
	leal (trampoline_64 - trampoline_start)(%ebp), %eax
	movl %eax, trampoline_far64 - trampoline_start
	lgdtl trampoline_gdt_pointer - trampoline_start
	movl $1, %eax
	movl %eax, %cr0
	ljmpl *(trampoline_far32 - trampoline_start)

	.code32
trampoline_32:
	movl $KERNEL_DS, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $CR4_PAE | CR4_PGE, %eax
	movl %eax, %cr4
	movl ARG(TRAMPOLINE_CR3)(%ebp), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	xorl %edx, %edx
	movl ARG(TRAMPOLINE_EFER)(%ebp), %eax
	wrmsr
	movl $CR0_PG | CR0_WP | CR0_NE | CR0_MP | 1, %eax
	movl %eax, %cr0
	ljmpl *(trampoline_far64 - trampoline_start)(%ebp)

	.code64
trampoline_64:
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq ARG(TRAMPOLINE_STACK)(%rbp), %rsp
	movq ARG(TRAMPOLINE_CPU)(%rbp), %rdi
	movl $1, ARG(TRAMPOLINE_TAKEN)(%rbp)
	xorl %ebp, %ebp
	movabsq $cpu_start_entry, %rax
	pushq $0                        /* where a backtrace ends */
	jmp *%rax

	.balign 8
trampoline_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff        /* 0x08: 32-bit code */
	.quad 0x00af9b000000ffff        /* KERNEL_CS */
	.quad 0x00cf93000000ffff        /* KERNEL_DS */
trampoline_gdt_end:
trampoline_gdt_pointer:
	.word trampoline_gdt_end - trampoline_gdt - 1
	.long 0
	.balign 8
trampoline_far32:
	.long 0
	.word 0x08
	.balign 8
trampoline_far64:
	.long 0
	.word KERNEL_CS
trampoline_end:
