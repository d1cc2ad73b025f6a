/* SPDX-License-Identifier: MIT */
/* void *memcpy(void *dst, const void *src, size_t n) */
	.text
	.globl memcpy
	.balign 16
memcpy:
	movq %rdi, %rax
	cmpq $64, %rdx
	jae 3f
	cmpq $8, %rdx
	jb 2f
1:	movq (%rsi), %rcx
	movq %rcx, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	subq $8, %rdx
	cmpq $8, %rdx
	jae 1b
2:	movl %edx, %ecx
	rep movsb
	ret
3:	movq %rdx, %rcx
	shrq $3, %rcx
	andl $7, %edx
	rep movsq
	movl %edx, %ecx
	rep movsb
	ret
