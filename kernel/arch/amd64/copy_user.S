/* SPDX-License-Identifier: MIT */
/*
 * The only instructions of the kernel that touch user memory.
 *
 * Each has an entry in __ex_table: where it faults, where to go on.  A fault
 * in a copy by words goes on by bytes from the same place, so that the count
 * of what was not copied is exact.  All are leaves with one way out, through
 * CLAC; the CPU's string moves advance their registers as far as they came.
 */
#define EFAULT 14

.macro SMAP_SITE word
770:	.byte 0x0f, 0x1f, 0x00
	.pushsection .smap_sites, "a", @progbits
	.quad 770b
	.quad \word
	.popsection
.endm
.macro STAC
	SMAP_SITE 0xcb010f
.endm
.macro CLAC
	SMAP_SITE 0xca010f
.endm

.macro FIXUP at, to
	.pushsection __ex_table, "a", @progbits
	.quad \at, \to
	.popsection
.endm

	.text
/* size_t (dst rdi, src rsi, n rdx): bytes not copied. */
	.globl arch_copy_from_user, arch_copy_to_user
	.balign 16
arch_copy_from_user:
arch_copy_to_user:
	STAC
	cmpq $64, %rdx
	jae 4f
	cmpq $8, %rdx
	jb 3f
1:	movq (%rsi), %rax
2:	movq %rax, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	subq $8, %rdx
	cmpq $8, %rdx
	jae 1b
3:	movl %edx, %ecx
	jmp 6f
4:	movq %rdx, %rcx
	shrq $3, %rcx
	andl $7, %edx
5:	rep movsq
	movl %edx, %ecx
6:	rep movsb
7:	movq %rcx, %rax
	CLAC
	ret
8:	movq %rdx, %rcx
	jmp 6b
9:	leaq (%rdx, %rcx, 8), %rcx
	jmp 6b
	FIXUP 1b, 8b
	FIXUP 2b, 8b
	FIXUP 5b, 9b
	FIXUP 6b, 7b

/* size_t (dst rdi, n rsi): bytes not cleared. */
	.globl arch_clear_user
	.balign 16
arch_clear_user:
	STAC
	xorl %eax, %eax
	movq %rsi, %rcx
	shrq $3, %rcx
	andl $7, %esi
1:	rep stosq
	movl %esi, %ecx
2:	rep stosb
3:	movq %rcx, %rax
	CLAC
	ret
4:	leaq (%rsi, %rcx, 8), %rcx
	jmp 2b
	FIXUP 1b, 4b
	FIXUP 2b, 3b

/* int (const u32 *u rdi, u32 *v rsi) */
	.globl arch_user_load32
	.balign 16
arch_user_load32:
	STAC
1:	movl (%rdi), %eax
	CLAC
	movl %eax, (%rsi)
	xorl %eax, %eax
	ret
	FIXUP 1b, user_word_fault

/* int (u32 *u rdi, u32 old esi, u32 new edx, u32 *seen rcx) */
	.globl arch_user_cmpxchg32
	.balign 16
arch_user_cmpxchg32:
	movl %esi, %eax
	STAC
1:	lock cmpxchgl %edx, (%rdi)
	CLAC
	movl %eax, (%rcx)
	xorl %eax, %eax
	ret
	FIXUP 1b, user_word_fault

user_word_fault:
	CLAC
	movl $-EFAULT, %eax
	ret
