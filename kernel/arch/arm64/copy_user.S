/* SPDX-License-Identifier: MIT */
/*
 * Copies to and from user memory, and the two atomic accesses of futexes.
 *
 * The window: where the CPU has PAN, each function clears it while it touches
 * user memory.  The two instructions are built as NOPs and become MSR PAN at
 * boot if the CPU has it (extable.c has the list of sites).
 *
 * The bulk loops advance their pointers only when a whole round is done, so
 * a fault anywhere continues bytewise from the start of the round: that copies
 * what can be copied and ends at the exact byte.  A fault there ends the
 * function: x2 is the number of bytes left.
 */
#define NOP_INSN        0xd503201f

.macro user_access_begin
	.pushsection .pan_sites, "a"
	.balign	4
	.long	9000f - .
	.popsection
9000:	.inst	NOP_INSN                        /* MSR PAN, #0 */
.endm

.macro user_access_end
	.pushsection .pan_sites, "a"
	.balign	4
	.long	9001f - . + 1                   /* odd: set */
	.popsection
9001:	.inst	NOP_INSN                        /* MSR PAN, #1 */
.endm

/* A fault of the next instruction goes to @fixup. */
.macro may_fault fixup
	.pushsection __ex_table, "a"
	.balign	4
	.long	9002f - ., \fixup - .
	.popsection
9002:
.endm

.macro function name
	.globl	\name
	.type	\name, %function
	.balign	16
\name:
.endm

	.section .uaccess.text, "ax"

/*
 * size_t arch_copy_from_user(void *dst, const void __user *src, size_t n)
 * size_t arch_copy_to_user(void __user *dst, const void *src, size_t n)
 *
 * One body: the user side is whichever faults.  x0 to, x1 from, x2 left.
 */
function arch_copy_from_user
function arch_copy_to_user
	user_access_begin
	subs	x3, x2, #64
	b.lo	2f
1:	may_fault 5f
	ldp	x4, x5, [x1]
	may_fault 5f
	ldp	x6, x7, [x1, #16]
	may_fault 5f
	ldp	x8, x9, [x1, #32]
	may_fault 5f
	ldp	x10, x11, [x1, #48]
	may_fault 5f
	stp	x4, x5, [x0]
	may_fault 5f
	stp	x6, x7, [x0, #16]
	may_fault 5f
	stp	x8, x9, [x0, #32]
	may_fault 5f
	stp	x10, x11, [x0, #48]
	add	x1, x1, #64
	add	x0, x0, #64
	mov	x2, x3
	subs	x3, x3, #64
	b.hs	1b
2:	tbz	x2, #5, 3f
	may_fault 5f
	ldp	x4, x5, [x1]
	may_fault 5f
	ldp	x6, x7, [x1, #16]
	may_fault 5f
	stp	x4, x5, [x0]
	may_fault 5f
	stp	x6, x7, [x0, #16]
	add	x1, x1, #32
	add	x0, x0, #32
	sub	x2, x2, #32
3:	tbz	x2, #4, 4f
	may_fault 5f
	ldp	x4, x5, [x1]
	may_fault 5f
	stp	x4, x5, [x0]
	add	x1, x1, #16
	add	x0, x0, #16
	sub	x2, x2, #16
4:	tbz	x2, #3, 5f
	may_fault 5f
	ldr	x4, [x1]
	may_fault 5f
	str	x4, [x0]
	add	x1, x1, #8
	add	x0, x0, #8
	sub	x2, x2, #8

	/* The rest, by the byte.  Also where a fault above continues. */
5:	cbz	x2, 7f
6:	may_fault 7f
	ldrb	w4, [x1]
	may_fault 7f
	strb	w4, [x0]
	add	x1, x1, #1
	add	x0, x0, #1
	subs	x2, x2, #1
	b.ne	6b
7:	user_access_end
	mov	x0, x2
	ret

/* size_t arch_clear_user(void __user *dst, size_t n) */
function arch_clear_user
	user_access_begin
	subs	x3, x1, #32
	b.lo	2f
1:	may_fault 2f
	stp	xzr, xzr, [x0]
	may_fault 2f
	stp	xzr, xzr, [x0, #16]
	add	x0, x0, #32
	mov	x1, x3
	subs	x3, x3, #32
	b.hs	1b
2:	cbz	x1, 4f
3:	may_fault 4f
	strb	wzr, [x0], #1
	subs	x1, x1, #1
	b.ne	3b
4:	user_access_end
	mov	x0, x1
	ret

#define EFAULT          14

/* int arch_user_load32(const u32 __user *u, u32 *v) */
function arch_user_load32
	mov	x2, x0
	mov	x0, #-EFAULT
	user_access_begin
	may_fault 1f
	ldr	w3, [x2]
	str	w3, [x1]
	mov	x0, #0
1:	user_access_end
	ret

/* int arch_user_cmpxchg32(u32 __user *u, u32 old, u32 new, u32 *seen) */
function arch_user_cmpxchg32
	mov	x4, x0
	mov	x0, #-EFAULT
	user_access_begin
1:	may_fault 3f
	ldaxr	w5, [x4]
	cmp	w5, w1
	b.ne	2f
	may_fault 3f
	stlxr	w6, w2, [x4]
	cbnz	w6, 1b
2:	dmb	ish
	str	w5, [x3]
	mov	x0, #0
3:	user_access_end
	ret
