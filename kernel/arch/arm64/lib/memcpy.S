/* SPDX-License-Identifier: MIT */
/*
 * void *memcpy(void *dst, const void *src, size_t n)
 *
 * Whole rounds first; then what is left by one copy that ends at the end and
 * overlaps what is done, so there are no short loops.
 */
	.text
	.globl	memcpy
	.type	memcpy, %function
	.balign	16
memcpy:
	add	x4, x1, x2                      /* ends */
	add	x5, x0, x2
	cmp	x2, #16
	b.lo	3f
	mov	x3, x0
	subs	x2, x2, #64
	b.ls	2f
1:	ldp	x6, x7, [x1]
	ldp	x8, x9, [x1, #16]
	ldp	x10, x11, [x1, #32]
	ldp	x12, x13, [x1, #48]
	stp	x6, x7, [x3]
	stp	x8, x9, [x3, #16]
	stp	x10, x11, [x3, #32]
	stp	x12, x13, [x3, #48]
	add	x1, x1, #64
	add	x3, x3, #64
	subs	x2, x2, #64
	b.hi	1b
	/* 1 to 64 left, and at least 64 done. */
	ldp	x6, x7, [x4, #-64]
	ldp	x8, x9, [x4, #-48]
	ldp	x10, x11, [x4, #-32]
	ldp	x12, x13, [x4, #-16]
	stp	x6, x7, [x5, #-64]
	stp	x8, x9, [x5, #-48]
	stp	x10, x11, [x5, #-32]
	stp	x12, x13, [x5, #-16]
	ret
	/* 16 to 64 in all. */
2:	ldp	x6, x7, [x1]
	ldp	x12, x13, [x4, #-16]
	cmn	x2, #32                         /* n - 64 against -32 */
	b.le	4f
	ldp	x8, x9, [x1, #16]
	ldp	x10, x11, [x4, #-32]
	stp	x8, x9, [x0, #16]
	stp	x10, x11, [x5, #-32]
4:	stp	x6, x7, [x0]
	stp	x12, x13, [x5, #-16]
	ret
	/* 0 to 15. */
3:	tbz	x2, #3, 5f
	ldr	x6, [x1]
	ldr	x7, [x4, #-8]
	str	x6, [x0]
	str	x7, [x5, #-8]
	ret
5:	tbz	x2, #2, 6f
	ldr	w6, [x1]
	ldr	w7, [x4, #-4]
	str	w6, [x0]
	str	w7, [x5, #-4]
	ret
6:	cbz	x2, 7f
	/* 1 to 3: first, middle, last. */
	lsr	x3, x2, #1
	ldrb	w6, [x1]
	ldrb	w7, [x1, x3]
	ldrb	w8, [x4, #-1]
	strb	w6, [x0]
	strb	w7, [x0, x3]
	strb	w8, [x5, #-1]
7:	ret
	.size	memcpy, . - memcpy
