/* SPDX-License-Identifier: MIT */
/*
 * Where signal handlers return to whose program brings no restorer.
 *
 * The image's entry point: so the kernel finds it.  Unwinders know the two
 * instructions, and then where all registers are in the frame; unwind tables would
 * tell them less, so there are none.  They look up one byte before the return
 * address: the nop.
 */
	.section .text.sigreturn, "ax"
	.balign 16
	nop
	.globl __kernel_rt_sigreturn
	.type __kernel_rt_sigreturn, %function
__kernel_rt_sigreturn:
	mov	x8, #139
	svc	#0
	.size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn
