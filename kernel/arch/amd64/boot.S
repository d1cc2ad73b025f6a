/* SPDX-License-Identifier: MIT */
/*
 * From the loader to kernel_main().
 *
 * PVH: the loader finds our 32-bit entry in an ELF note and enters it in flat
 * protected mode, paging off, with ebx = physical address of hvm_start_info.
 *
 * The early tables map the first GiB three times: identical, at PHYSMAP_BASE
 * and at KERNEL_BASE.  One level-2 table serves all three root entries, one
 * level-1 table all its entries.  arch_early_init() replaces them.
 */
#include <arch_impl/layout.h>
#include <arch_impl/x86.h>
#include <asm_offsets.h>

#define PHYS(symbol) ((symbol) - KERNEL_BASE)
#define ROOT_INDEX(va) (((va) >> 39) & 511)
#define PTE_TABLE 0x23                  /* present, writable, accessed */
#define PTE_2M 0xe3                     /* the same, dirty, large */

	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 8, 18                  /* name and value length, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad PHYS(boot_start32)

	.section .head.text, "ax", @progbits
	.code32
	.globl boot_start32
boot_start32:
	cli
	cld
	movl %ebx, PHYS(boot_start_info)
	rdtsc
	movl %eax, PHYS(boot_entry_cycles)
	movl %edx, PHYS(boot_entry_cycles) + 4

	movl $PHYS(boot_level2) + PTE_TABLE, %eax
	movl %eax, PHYS(boot_root) + 8 * 0
	movl %eax, PHYS(boot_root) + 8 * ROOT_INDEX(PHYSMAP_BASE)
	movl %eax, PHYS(boot_root) + 8 * ROOT_INDEX(KERNEL_BASE)
	movl $PHYS(boot_level1) + PTE_TABLE, %eax
	movl %eax, PHYS(boot_level2) + 8 * 0
	movl %eax, PHYS(boot_level2) + 8 * 510
	movl $PHYS(boot_level1), %edi
	movl $PTE_2M, %eax
	movl $512, %ecx
1:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	decl %ecx
	jnz 1b

	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $PHYS(boot_root), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	xorl %edx, %edx
	movl $EFER_LME, %eax
	wrmsr
	movl $CR0_PG | CR0_WP | CR0_NE | CR0_MP | 1, %eax
	movl %eax, %cr0
	lgdt PHYS(boot_gdt_pointer)
	ljmp $KERNEL_CS, $PHYS(boot_start64)

	.code64
boot_start64:
	movabsq $boot_start_high, %rax
	jmp *%rax
boot_start_high:
	movl $KERNEL_DS, %eax
	movl %eax, %ss
	movl %eax, %ds
	movl %eax, %es
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	lgdt boot_gdt_pointer64
	movq $boot_stack + KSTACK_SIZE, %rsp
	movq $cpu_boot, %rax
	movq %rax, CPU_SELF(%rax)
	movq %rax, %rdx
	shrq $32, %rdx
	movl $MSR_GS_BASE, %ecx
	wrmsr
	xorl %ebp, %ebp
	call kernel_main
	ud2

	.section .rodata.boot, "a", @progbits
	.balign 8
boot_gdt:
	.quad 0, 0
	.quad 0x00af9b000000ffff        /* KERNEL_CS */
	.quad 0x00cf93000000ffff        /* KERNEL_DS */
boot_gdt_end:
boot_gdt_pointer:
	.word boot_gdt_end - boot_gdt - 1
	.long PHYS(boot_gdt)
boot_gdt_pointer64:
	.word boot_gdt_end - boot_gdt - 1
	.quad boot_gdt

	.section .data.boot, "aw", @progbits
	.globl boot_start_info, boot_entry_cycles
	.balign 8
boot_entry_cycles:
	.quad 0
boot_start_info:
	.quad 0

	.section .bss.pages, "aw", @nobits
	.balign 4096
boot_root:
	.skip 4096
boot_level2:
	.skip 4096
boot_level1:
	.skip 4096
