/* SPDX-License-Identifier: MIT */
/*
 * struct task *switch_stacks(ulong *save_rsp, ulong rsp, struct task *prev):
 * returns @prev, on the other stack.  Layout: struct switch_frame of thread.c.
 */
	.text
	.globl switch_stacks
	.balign 16
switch_stacks:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	movq %rdx, %rax
	ret
