/* SPDX-License-Identifier: MIT */
/*
 * From the loader to C: the Linux Image header, EL2 to EL1, the first page
 * tables, the MMU.  The code before the switch runs at its physical address
 * and must not use an absolute one.
 *
 * The boot tables: an identity mapping of the 2 MiB that this code is in (read
 * only; TTBR0, also for the other CPUs when they start), and in TTBR1 the image,
 * a window of 4 MiB on the device tree, and room for what boot.c adds.  boot.c
 * replaces the latter by the real tables.
 */
#include <arch_impl/layout.h>
#include <asm_offsets.h>

#define BLOCK_SHIFT     21
#define BLOCK_SIZE      (1 << BLOCK_SHIFT)

/* Entries: pte.h has the names of the bits. */
#define TABLE_DESC      3
#define BLOCK_DESC      0x701                   /* valid, inner shareable, accessed, MAIR index 0 */
#define DESC_RDONLY     (1 << 7)
#define DESC_PXN        (1 << 53)
#define DESC_UXN        (1 << 54)

#define MAIR_VALUE      0x04ff                  /* as in pte.h */

/* 48 bits both ways, 4 KiB, shareable write-back walks, top byte of user addresses ignored. */
#define TCR_VALUE       (16 | 16 << 16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 24 | 1 << 26 | \
			 3 << 28 | 2 << 30 | 1 << 37)
#define TCR_IPS_SHIFT   32
#define TCR_AS_SHIFT    36
#define PARANGE_48      5

/* SCTLR_EL1: bits that the architecture wants set, and what we want with them. */
#define SCTLR_RES1      (1 << 7 | 1 << 8 | 1 << 11 | 1 << 20 | 1 << 22 | 1 << 28 | 1 << 29)
#define SCTLR_SPAN      (1 << 23)
#define SCTLR_OFF       (SCTLR_RES1 | SCTLR_SPAN)
/* M C SA SA0 I; EL0 may: DC ZVA, read CTR, WFI, WFE, clean caches. */
#define SCTLR_ON        (SCTLR_RES1 | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 12 | \
			 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 26)

	.section .head.text, "ax"

	/* Documentation/arm64/booting: 64 bytes. */
	b	boot_entry
	.long	0
	.quad	0                               /* offset from a multiple of 2 MiB */
	.quad	_image_size
	.quad	0xa                             /* little-endian, 4 KiB pages, anywhere in RAM */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

/* x0: physical address of the device tree. */
boot_entry:
	mov	x21, x0
	msr	daifset, #0xf
	bl	boot_drop_to_el1
	mrs	x22, cntvct_el0
	adrp	x20, _text                      /* where the image is */
	bl	boot_tables_fill

	adrp	x0, boot_root
	ldr	x1, =boot_switched
	b	boot_mmu_on

	.ltorg

/*
 * Another CPU, by PSCI.  x0: its struct cpu (virtual).
 */
	.globl	boot_secondary_entry
boot_secondary_entry:
	mov	x21, x0
	msr	daifset, #0xf
	bl	boot_drop_to_el1
	adrp	x0, boot_secondary_root
	ldr	x0, [x0, :lo12:boot_secondary_root]
	ldr	x1, =boot_secondary_switched
	b	boot_mmu_on

/*
 * Return at EL1 with the MMU off, whether we came at EL2 or EL1.
 * Clobbers x0-x2.
 */
boot_drop_to_el1:
	ldr	x0, =SCTLR_OFF
	msr	sctlr_el1, x0
	isb
	mrs	x0, CurrentEL
	cmp	x0, #(2 << 2)
	b.eq	1f
	ret
1:	mov	x0, #(1 << 31)                  /* EL1 is AArch64 */
	orr	x0, x0, #(3 << 40)              /* pointer authentication does not trap */
	msr	hcr_el2, x0
	isb
	mov	x0, #3                          /* counter and timer are EL1's */
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0
	msr	vttbr_el2, xzr
	msr	hstr_el2, xzr

	mrs	x1, id_aa64dfr0_el1             /* all performance counters are EL1's */
	ubfx	x1, x1, #8, #4
	mov	x0, xzr
	sub	x2, x1, #1
	cmp	x2, #0xe
	b.hs	2f
	mrs	x0, pmcr_el0
	ubfx	x0, x0, #11, #5
2:	msr	mdcr_el2, x0

	mrs	x1, id_aa64pfr0_el1             /* no FP or SVE trap */
	mov	x0, #0x33ff
	ubfx	x2, x1, #32, #4
	cbz	x2, 3f
	bic	x0, x0, #(1 << 8)
	msr	cptr_el2, x0
	isb
	mov	x2, #0x1ff
	msr	S3_4_C1_C2_0, x2                /* ZCR_EL2: longest vectors */
	b	4f
3:	msr	cptr_el2, x0
4:	ubfx	x2, x1, #24, #4                 /* GICv3: its system registers */
	cbz	x2, 5f
	mrs	x0, S3_4_C12_C9_5               /* ICC_SRE_EL2 */
	orr	x0, x0, #1                      /* SRE */
	orr	x0, x0, #8                      /* Enable */
	msr	S3_4_C12_C9_5, x0
	isb
	mrs	x0, S3_4_C12_C9_5
	tbz	x0, #0, 5f
	msr	S3_4_C12_C11_0, xzr             /* ICH_HCR_EL2 */
5:	mrs	x1, id_aa64mmfr0_el1            /* fine-grained traps: none */
	ubfx	x2, x1, #56, #4
	cbz	x2, 6f
	msr	S3_4_C1_C1_4, xzr
	msr	S3_4_C1_C1_5, xzr
	msr	S3_4_C1_C1_6, xzr
	msr	S3_4_C3_C1_4, xzr
	msr	S3_4_C3_C1_5, xzr
6:	mov	x0, #0x3c5                      /* EL1h, all masked */
	msr	spsr_el2, x0
	msr	elr_el2, x30
	eret

/*
 * Fill the boot tables with the MMU and caches off.  x20: image, x21: device
 * tree (kept).  Stale cache lines of the tables are thrown away before and after,
 * for the walkers will look through the caches.  Clobbers x0-x7, x9.
 */
boot_tables_fill:
	mov	x9, x30
	bl	boot_tables_invalidate
	adrp	x0, _boot_tables
	adrp	x1, _eboot_tables
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b

	/* Identity: one block. */
	adrp	x0, boot_id_root
	adrp	x1, boot_id_level2
	ubfx	x2, x20, #39, #9
	bl	boot_table_link
	mov	x0, x1
	adrp	x1, boot_id_level1
	ubfx	x2, x20, #30, #9
	bl	boot_table_link
	ldr	x3, =(BLOCK_DESC | DESC_RDONLY | DESC_UXN)
	and	x4, x20, #~(BLOCK_SIZE - 1)
	orr	x4, x4, x3
	ubfx	x2, x20, #21, #9
	str	x4, [x1, x2, lsl #3]

	/* The image at KERNEL_BASE: -2 GiB. */
	adrp	x0, boot_root
	adrp	x1, boot_level2
	mov	x2, #511
	bl	boot_table_link
	mov	x5, x1
	mov	x0, x1
	adrp	x1, boot_level1
	mov	x2, #510
	bl	boot_table_link
	ldr	x3, =(BLOCK_DESC | DESC_UXN)
	adrp	x6, _end
	mov	x4, x20
2:	orr	x7, x4, x3
	str	x7, [x1], #8
	add	x4, x4, #BLOCK_SIZE
	cmp	x4, x6
	b.lo	2b

	/* The window at -1 GiB: two blocks from the start of the device tree. */
	mov	x0, x5
	adrp	x1, boot_window
	mov	x2, #511
	bl	boot_table_link
	ldr	x3, =(BLOCK_DESC | DESC_RDONLY | DESC_PXN | DESC_UXN)
	and	x4, x21, #~(BLOCK_SIZE - 1)
	orr	x7, x4, x3
	str	x7, [x1]
	add	x7, x7, #BLOCK_SIZE
	str	x7, [x1, #8]

	mov	x30, x9
boot_tables_invalidate:
	adrp	x0, _boot_tables
	adrp	x1, _eboot_tables
	dmb	sy
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x2, x3, x2                      /* smallest line */
3:	dc	ivac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	3b
	dsb	sy
	ret

/* Entry x2 of the table x0 is the table x1.  Clobbers x3. */
boot_table_link:
	orr	x3, x1, #TABLE_DESC
	str	x3, [x0, x2, lsl #3]
	ret

/*
 * MMU on with the identity mapping and the kernel root x0; go to x1.
 * Clobbers x2-x5.
 */
boot_mmu_on:
	ldr	x2, =MAIR_VALUE
	msr	mair_el1, x2
	ldr	x2, =TCR_VALUE
	mrs	x3, id_aa64mmfr0_el1
	and	x4, x3, #0xf
	cmp	x4, #PARANGE_48
	mov	x5, #PARANGE_48
	csel	x4, x4, x5, lo
	orr	x2, x2, x4, lsl #TCR_IPS_SHIFT
	ubfx	x4, x3, #4, #4                  /* 2: 16-bit ASIDs */
	lsr	x4, x4, #1
	orr	x2, x2, x4, lsl #TCR_AS_SHIFT
	msr	tcr_el1, x2
	adrp	x2, boot_id_root
	msr	ttbr0_el1, x2
	msr	ttbr1_el1, x0
	isb
	tlbi	vmalle1
	dsb	nsh
	ic	iallu
	dsb	nsh
	isb
	ldr	x2, =SCTLR_ON
	mrs	x3, id_aa64mmfr1_el1
	ubfx	x3, x3, #20, #4                 /* PAN: traps set it */
	cbnz	x3, 1f
	orr	x2, x2, #SCTLR_SPAN
1:	msr	sctlr_el1, x2
	isb
	br	x1

/*
 * void boot_switch_tables(paddr_t root, paddr_t empty)
 *
 * Called at its physical address: replace the kernel's tables by @root while
 * neither they nor any translation of them is in use, and drop the identity
 * mapping: TTBR0 becomes @empty.
 */
	.globl	boot_switch_tables
boot_switch_tables:
	msr	ttbr1_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	ttbr1_el1, x0
	isb
	ldr	x2, =1f
	br	x2
1:	msr	ttbr0_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	ret

	.ltorg

	.text

/* At the link address.  x20: image, x21: device tree, x22: counter at entry. */
boot_switched:
	ldr	x0, =_bss
	ldr	x1, =_ebss
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b
	ldr	x0, =boot_image_pa
	stp	x20, x21, [x0]
	str	x22, [x0, #16]

	ldr	x0, =cpu_boot
	msr	tpidr_el1, x0
	ldr	x1, [x0, #CPU_CURRENT]
	msr	sp_el0, x1
	ldr	x1, =boot_stack + KSTACK_SIZE
	mov	sp, x1
	str	x1, [x0, #CPU_KSTACK_TOP]
	mov	x29, xzr
	mov	x30, xzr
	ldr	x1, =vectors
	msr	vbar_el1, x1
	isb
	b	kernel_main

/* x21: struct cpu. */
boot_secondary_switched:
	msr	tpidr_el1, x21
	ldr	x1, [x21, #CPU_CURRENT]
	msr	sp_el0, x1
	ldr	x1, [x21, #CPU_KSTACK_TOP]
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	ldr	x1, =vectors
	msr	vbar_el1, x1
	isb
	mov	x0, x21
	b	cpu_start_entry

	.ltorg

	/* What C learns: struct of three words, see boot.c.  In .data: .bss is not zero yet. */
	.data
	.balign	8
	.globl	boot_image_pa, boot_dtb_pa, boot_entry_cycles, boot_secondary_root
boot_image_pa:
	.quad	0
boot_dtb_pa:
	.quad	0
boot_entry_cycles:
	.quad	0
boot_secondary_root:
	.quad	0

	.section .boot_tables, "aw", %nobits
	.globl	boot_root, boot_window
boot_id_root:
	.space	4096
boot_id_level2:
	.space	4096
boot_id_level1:
	.space	4096
boot_root:
	.space	4096
boot_level2:
	.space	4096
boot_level1:
	.space	4096
boot_window:
	.space	4096
