/* SPDX-License-Identifier: MIT */
#pragma once
/* Registers and instructions of the CPU, for kernel/arch/amd64 only. */
#ifndef __ASSEMBLER__
#include <gemel/compiler.h>
#endif

#ifdef __ASSEMBLER__
#define X86_BIT(n)      (1 << (n))
#else
#define X86_BIT(n)      (1ul << (n))
#endif

#define CR0_MP          X86_BIT(1)
#define CR0_EM          X86_BIT(2)
#define CR0_TS          X86_BIT(3)
#define CR0_NE          X86_BIT(5)
#define CR0_WP          X86_BIT(16)
#define CR0_AM          X86_BIT(18)
#define CR0_PG          X86_BIT(31)

#define CR4_PAE         X86_BIT(5)
#define CR4_MCE         X86_BIT(6)
#define CR4_PGE         X86_BIT(7)
#define CR4_OSFXSR      X86_BIT(9)
#define CR4_OSXMMEXCPT  X86_BIT(10)
#define CR4_UMIP        X86_BIT(11)
#define CR4_FSGSBASE    X86_BIT(16)
#define CR4_PCIDE       X86_BIT(17)
#define CR4_OSXSAVE     X86_BIT(18)
#define CR4_SMEP        X86_BIT(20)
#define CR4_SMAP        X86_BIT(21)

#define CR3_NOFLUSH     X86_BIT(63)

#define MSR_APIC_BASE           0x1b
#define MSR_TSC_DEADLINE        0x6e0
#define MSR_TSC_AUX             0xc0000103
#define MSR_X2APIC              0x800
#define MSR_EFER                0xc0000080
#define MSR_STAR                0xc0000081
#define MSR_LSTAR               0xc0000082
#define MSR_CSTAR               0xc0000083
#define MSR_SFMASK              0xc0000084
#define MSR_FS_BASE             0xc0000100
#define MSR_GS_BASE             0xc0000101
#define MSR_KERNEL_GS_BASE      0xc0000102

#define EFER_SCE        X86_BIT(0)
#define EFER_LME        X86_BIT(8)
#define EFER_NXE        X86_BIT(11)

#define RFLAGS_CF       0x00000001
#define RFLAGS_TF       0x00000100
#define RFLAGS_DF       0x00000400
#define RFLAGS_NT       0x00004000
#define RFLAGS_RF       0x00010000
#define RFLAGS_AC       0x00040000
/* What sigreturn and ptrace may set: CF PF AF ZF SF TF DF OF RF AC, as Linux. */
#define RFLAGS_USER     0x00050dd5
#define RFLAGS_FIXED    0x00000002

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
