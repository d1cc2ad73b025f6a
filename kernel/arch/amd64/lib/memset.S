/* SPDX-License-Identifier: MIT */
/* void *memset(void *dst, int byte, size_t n) */
	.text
	.globl memset
	.balign 16
memset:
	movq %rdi, %r8
	movzbl %sil, %eax
	movabsq $0x0101010101010101, %rcx
	imulq %rcx, %rax
	movq %rdx, %rcx
	shrq $3, %rcx
	andl $7, %edx
	rep stosq
	movl %edx, %ecx
	rep stosb
	movq %r8, %rax
	ret
