/* SPDX-License-Identifier: MIT */
#include <asm_offsets.h>

/*
 * struct task *switch_stacks(struct task *prev, struct task *next)
 *
 * Push what a function call preserves (struct switch_frame in thread.c), go
 * to @next's stack and return there; @prev is the result.
 */
	.text
	.globl	switch_stacks
	.type	switch_stacks, %function
switch_stacks:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x9, sp
	str	x9, [x0, #TASK_ARCH_SP]
	ldr	x9, [x1, #TASK_ARCH_SP]
	mov	sp, x9
	msr	sp_el0, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
	.size	switch_stacks, . - switch_stacks
