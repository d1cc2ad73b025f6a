/* SPDX-License-Identifier: MIT */
/*
 * fiber_swap(&old_sp, new_sp): push what the host's ABI wants kept, change stacks, pop.
 * fiber_entry: where a new fiber's first switch returns to.  For both hosts.
 */
	.text
	.globl fiber_swap, fiber_entry
	.type fiber_swap, %function
	.type fiber_entry, %function
#if defined(__x86_64__)
fiber_swap:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdi)
	mov	%rsi, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
fiber_entry:
	xor	%ebp, %ebp
	and	$-16, %rsp
	call	fiber_main
#else
fiber_swap:
	stp	x29, x30, [sp, #-160]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mov	x2, sp
	str	x2, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	ldp	x29, x30, [sp], #160
	ret
fiber_entry:
	mov	x29, xzr
	bl	fiber_main
#endif
	.section .note.GNU-stack, "", %progbits
