/* SPDX-License-Identifier: MIT */
/*
 * void *memset(void *dst, int byte, size_t n)
 *
 * Large clears by DC ZVA where it is allowed and writes 64 bytes: a page is 64
 * of them.
 */
#define ZVA_64          4       /* DCZID_EL0: allowed, blocks of 16 words */
#define ZVA_MIN         256

	.text
	.globl	memset
	.type	memset, %function
	.balign	16
memset:
	and	x1, x1, #0xff
	mov	x3, #0x0101010101010101
	mul	x1, x1, x3
	add	x4, x0, x2                      /* end */
	cmp	x2, #16
	b.lo	5f
	mov	x3, x0
	cmp	x2, #ZVA_MIN
	b.lo	2f
	cbnz	x1, 2f
	mrs	x5, dczid_el0
	cmp	x5, #ZVA_64
	b.ne	2f

	/* To the first block, overlapping it; blocks, four a round. */
	stp	xzr, xzr, [x0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x3, x0, #63
	and	x3, x3, #~63
	sub	x2, x4, x3
	subs	x2, x2, #256
	b.lo	9f
1:	dc	zva, x3
	add	x5, x3, #64
	dc	zva, x5
	add	x5, x3, #128
	dc	zva, x5
	add	x5, x3, #192
	dc	zva, x5
	add	x3, x3, #256
	subs	x2, x2, #256
	b.hs	1b
9:	add	x2, x2, #256

2:	subs	x2, x2, #64
	b.lo	4f
3:	stp	x1, x1, [x3]
	stp	x1, x1, [x3, #16]
	stp	x1, x1, [x3, #32]
	stp	x1, x1, [x3, #48]
	add	x3, x3, #64
	subs	x2, x2, #64
	b.hs	3b
	/* The last 0 to 63 of at least 16. */
4:	tbz	x2, #5, 8f
	stp	x1, x1, [x3], #16
	stp	x1, x1, [x3], #16
8:	tbz	x2, #4, 7f
	stp	x1, x1, [x3]
7:	stp	x1, x1, [x4, #-16]
	ret

	/* 0 to 15. */
5:	tbz	x2, #3, 6f
	str	x1, [x0]
	str	x1, [x4, #-8]
	ret
6:	tbz	x2, #2, 10f
	str	w1, [x0]
	str	w1, [x4, #-4]
	ret
10:	cbz	x2, 11f
	strb	w1, [x0]
	strb	w1, [x4, #-1]
	tbz	x2, #1, 11f
	strb	w1, [x0, #1]
11:	ret
	.size	memset, . - memset
