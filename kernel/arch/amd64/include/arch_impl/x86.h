/* SPDX-License-Identifier: MIT */
#pragma once
/* Registers and instructions of the CPU, for kernel/arch/amd64 only. */
#include <gemel/compiler.h>

#define CR0_MP          (1ul << 1)
#define CR0_EM          (1ul << 2)
#define CR0_TS          (1ul << 3)
#define CR0_NE          (1ul << 5)
#define CR0_WP          (1ul << 16)
#define CR0_AM          (1ul << 18)
#define CR0_PG          (1ul << 31)

#define CR4_PAE         (1ul << 5)
#define CR4_MCE         (1ul << 6)
#define CR4_PGE         (1ul << 7)
#define CR4_OSFXSR      (1ul << 9)
#define CR4_OSXMMEXCPT  (1ul << 10)
#define CR4_UMIP        (1ul << 11)
#define CR4_FSGSBASE    (1ul << 16)
#define CR4_PCIDE       (1ul << 17)
#define CR4_OSXSAVE     (1ul << 18)
#define CR4_SMEP        (1ul << 20)
#define CR4_SMAP        (1ul << 21)

#define CR3_NOFLUSH     (1ul << 63)

#define MSR_APIC_BASE           0x1b
#define MSR_TSC_DEADLINE        0x6e0
#define MSR_X2APIC              0x800
#define MSR_EFER                0xc0000080
#define MSR_STAR                0xc0000081
#define MSR_LSTAR               0xc0000082
#define MSR_CSTAR               0xc0000083
#define MSR_SFMASK              0xc0000084
#define MSR_FS_BASE             0xc0000100
#define MSR_GS_BASE             0xc0000101
#define MSR_KERNEL_GS_BASE      0xc0000102

#define EFER_SCE        (1ul << 0)
#define EFER_LME        (1ul << 8)
#define EFER_NXE        (1ul << 11)

#define RFLAGS_CF       0x00000001ul
#define RFLAGS_TF       0x00000100ul
#define RFLAGS_DF       0x00000400ul
#define RFLAGS_NT       0x00004000ul
#define RFLAGS_RF       0x00010000ul
#define RFLAGS_AC       0x00040000ul
/* What sigreturn and ptrace may set: CF PF AF ZF SF TF DF OF RF AC, as Linux. */
#define RFLAGS_USER     0x00050dd5ul
#define RFLAGS_FIXED    0x00000002ul

/* Selectors: the numbers that Linux has, which programs look at. */
#define KERNEL_CS       0x10
#define KERNEL_DS       0x18
#define USER_CS32       0x23
#define USER_DS         0x2b
#define USER_CS         0x33
#define TSS_SELECTOR    0x40

#ifndef __ASSEMBLER__
static inline u64 msr_read(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void msr_write(u32 msr, u64 v)
{
	asm volatile("wrmsr" :: "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline ulong cr0_read(void) { ulong v; asm volatile("movq %%cr0, %0" : "=r"(v)); return v; }
static inline ulong cr2_read(void) { ulong v; asm volatile("movq %%cr2, %0" : "=r"(v)); return v; }
static inline ulong cr3_read(void) { ulong v; asm volatile("movq %%cr3, %0" : "=r"(v)); return v; }
static inline ulong cr4_read(void) { ulong v; asm volatile("movq %%cr4, %0" : "=r"(v)); return v; }
static inline void cr0_write(ulong v) { asm volatile("movq %0, %%cr0" :: "r"(v) : "memory"); }
static inline void cr3_write(ulong v) { asm volatile("movq %0, %%cr3" :: "r"(v) : "memory"); }
static inline void cr4_write(ulong v) { asm volatile("movq %0, %%cr4" :: "r"(v) : "memory"); }

static inline void invlpg(vaddr_t va)
{
	asm volatile("invlpg (%0)" :: "r"(va) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;

	asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outb(u16 port, u8 v) { asm volatile("outb %0, %1" :: "a"(v), "Nd"(port)); }
static inline void outw(u16 port, u16 v) { asm volatile("outw %0, %1" :: "a"(v), "Nd"(port)); }
static inline void outl(u16 port, u32 v) { asm volatile("outl %0, %1" :: "a"(v), "Nd"(port)); }

struct cpuid { u32 a, b, c, d; };

static inline struct cpuid cpuid(u32 leaf, u32 sub)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(sub));
	return r;
}
#endif
