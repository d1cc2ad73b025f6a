/* SPDX-License-Identifier: MIT */
/*
 * void *memmove(void *dst, const void *src, size_t n)
 *
 * What does not overlap is memcpy's.  Else in the direction that reads before
 * it overwrites; a round reads all its bytes first.
 */
	.text
	.globl	memmove
	.type	memmove, %function
	.balign	16
memmove:
	sub	x3, x0, x1
	cmp	x3, x2
	b.lo	2f                              /* dst is inside src: backward */
	neg	x3, x3
	cmp	x3, x2
	b.hs	memcpy

	mov	x3, x0
	subs	x2, x2, #32
	b.lo	4f
1:	ldp	x6, x7, [x1], #16
	ldp	x8, x9, [x1], #16
	stp	x6, x7, [x3], #16
	stp	x8, x9, [x3], #16
	subs	x2, x2, #32
	b.hs	1b
4:	adds	x2, x2, #32
	b.eq	6f
5:	ldrb	w6, [x1], #1
	strb	w6, [x3], #1
	subs	x2, x2, #1
	b.ne	5b
6:	ret

2:	cbz	x3, 6b
	add	x4, x1, x2
	add	x5, x0, x2
	subs	x2, x2, #32
	b.lo	7f
3:	ldp	x6, x7, [x4, #-16]
	ldp	x8, x9, [x4, #-32]!
	stp	x6, x7, [x5, #-16]
	stp	x8, x9, [x5, #-32]!
	subs	x2, x2, #32
	b.hs	3b
7:	adds	x2, x2, #32
	b.eq	6b
8:	ldrb	w6, [x4, #-1]!
	strb	w6, [x5, #-1]!
	subs	x2, x2, #1
	b.ne	8b
	ret
	.size	memmove, . - memmove
