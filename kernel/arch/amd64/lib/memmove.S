/* SPDX-License-Identifier: MIT */
/* void *memmove(void *dst, const void *src, size_t n): downwards if dst lies inside src. */
	.text
	.globl memmove
	.balign 16
memmove:
	movq %rdi, %rcx
	subq %rsi, %rcx
	cmpq %rdx, %rcx
	jae memcpy
	movq %rdi, %rax
	leaq (%rdi, %rdx), %rdi
	leaq (%rsi, %rdx), %rsi
	cmpq $8, %rdx
	jb 2f
1:	subq $8, %rsi
	subq $8, %rdi
	movq (%rsi), %rcx
	movq %rcx, (%rdi)
	subq $8, %rdx
	cmpq $8, %rdx
	jae 1b
2:	testq %rdx, %rdx
	jz 4f
3:	decq %rsi
	decq %rdi
	movb (%rsi), %cl
	movb %cl, (%rdi)
	decq %rdx
	jnz 3b
4:	ret
