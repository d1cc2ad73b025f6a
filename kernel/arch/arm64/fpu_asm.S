/* SPDX-License-Identifier: MIT */
/* The only code of the kernel that touches FP, SIMD and SVE registers. */
	.arch	armv8.2-a+fp+simd+sve

	.text

/* void fpsimd_save(struct fpsimd_state *fp) */
	.globl	fpsimd_save
fpsimd_save:
	stp	q0, q1, [x0, #16 * 0]
	stp	q2, q3, [x0, #16 * 2]
	stp	q4, q5, [x0, #16 * 4]
	stp	q6, q7, [x0, #16 * 6]
	stp	q8, q9, [x0, #16 * 8]
	stp	q10, q11, [x0, #16 * 10]
	stp	q12, q13, [x0, #16 * 12]
	stp	q14, q15, [x0, #16 * 14]
	stp	q16, q17, [x0, #16 * 16]
	stp	q18, q19, [x0, #16 * 18]
	stp	q20, q21, [x0, #16 * 20]
	stp	q22, q23, [x0, #16 * 22]
	stp	q24, q25, [x0, #16 * 24]
	stp	q26, q27, [x0, #16 * 26]
	stp	q28, q29, [x0, #16 * 28]
	stp	q30, q31, [x0, #16 * 30]!
	mrs	x1, fpsr
	mrs	x2, fpcr
	stp	w1, w2, [x0, #32]
	ret

/* void fpsimd_load(const struct fpsimd_state *fp) */
	.globl	fpsimd_load
fpsimd_load:
	ldp	q0, q1, [x0, #16 * 0]
	ldp	q2, q3, [x0, #16 * 2]
	ldp	q4, q5, [x0, #16 * 4]
	ldp	q6, q7, [x0, #16 * 6]
	ldp	q8, q9, [x0, #16 * 8]
	ldp	q10, q11, [x0, #16 * 10]
	ldp	q12, q13, [x0, #16 * 12]
	ldp	q14, q15, [x0, #16 * 14]
	ldp	q16, q17, [x0, #16 * 16]
	ldp	q18, q19, [x0, #16 * 18]
	ldp	q20, q21, [x0, #16 * 20]
	ldp	q22, q23, [x0, #16 * 22]
	ldp	q24, q25, [x0, #16 * 24]
	ldp	q26, q27, [x0, #16 * 26]
	ldp	q28, q29, [x0, #16 * 28]
	ldp	q30, q31, [x0, #16 * 30]!
	ldp	w1, w2, [x0, #32]
	msr	fpsr, x1
	msr	fpcr, x2
	ret

.macro each_z insn, base
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\insn	z\n, [\base, #\n, mul vl]
	.endr
.endm

.macro each_p insn, base
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\insn	p\n, [\base, #\n, mul vl]
	.endr
.endm

/*
 * void sve_save(void *regs)
 * Z0-Z31, P0-P15, FFR without gaps: the order of Linux's sve_context.
 */
	.globl	sve_save
sve_save:
	each_z	str, x0
	addvl	x0, x0, #31
	addvl	x0, x0, #1
	each_p	str, x0
	rdffr	p0.b
	str	p0, [x0, #16, mul vl]
	ldr	p0, [x0]
	ret

/* void sve_load(const void *regs) */
	.globl	sve_load
sve_load:
	each_z	ldr, x0
	addvl	x0, x0, #31
	addvl	x0, x0, #1
	ldr	p0, [x0, #16, mul vl]
	wrffr	p0.b
	each_p	ldr, x0
	ret

/* uint sve_vector_bytes(void) */
	.globl	sve_vector_bytes
sve_vector_bytes:
	rdvl	x0, #1
	ret
