/* SPDX-License-Identifier: MIT */
#pragma once
#include <gemel/compiler.h>

struct arch_mmu;
struct page;

#define GDT_ENTRIES     10
#define TLB_SLOTS       6
/* An emergency stack, for a trap that may find any stack unusable. */
#define IST_STACK_SIZE  0x2000
enum ist { IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK, IST_COUNT };

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap;
} __packed;

/* The address space whose entries a PCID tags on this CPU, as of its @generation. */
struct tlb_slot {
	u64 id;
	u64 generation;
};

struct arch_cpu {
	ulong user_rsp;                 /* scratch of the system-call entry */
	struct tss tss __aligned(16);
	u64 gdt[GDT_ENTRIES] __aligned(16);
	void *ist_stack[IST_COUNT];     /* lowest addresses */
	/* This CPU only, interrupts off: mmu.c. */
	struct arch_mmu *mmu;           /* what is loaded; NULL: kernel only */
	bool is_lazy;                   /* loaded, but no task that runs here uses it */
	uint tlb_slot;                  /* of it */
	uint tlb_next;                  /* the next to reuse */
	struct tlb_slot tlb[TLB_SLOTS];
};
