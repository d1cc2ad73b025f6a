/* SPDX-License-Identifier: MIT */
/*
 * A kernel for amd64 that only says on the serial port, in hexadecimal, how many instructions
 * the firmware took before it, and leaves.  PVH entry: 32-bit protected mode, paging off.
 */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 8, 18
	.asciz "Xen"
	.quad _start

	.text
	.code32
	.globl _start
_start:
	rdtsc
	movl	%eax, %esi
	movl	%edx, %edi
	movl	$2, %ebx
word:
	movl	$8, %ecx
digit:
	roll	$4, %edi
	movl	%edi, %eax
	andl	$15, %eax
	cmpl	$10, %eax
	jb	decimal
	addl	$('a' - '0' - 10), %eax
decimal:
	addl	$'0', %eax
	movw	$0x3f8, %dx
	outb	%al, %dx
	loop	digit
	movl	%esi, %edi
	decl	%ebx
	jnz	word
	movw	$0xf4, %dx
	outb	%al, %dx
	hlt
