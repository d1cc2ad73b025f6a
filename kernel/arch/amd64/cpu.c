/* SPDX-License-Identifier: MIT */
/*
 * The processor: what it can do, and how it is set up.
 *
 * Features are read once, on the boot CPU, and taken for all: a machine whose
 * CPUs differ is not supported by any system that this one runs like.
 */
#include <arch/cpu.h>
#include <arch/debug.h>
#include <arch/time.h>

#include <uapi/auxv.h>

#include <gemel/assert.h>
#include <gemel/cpu.h>
#include <gemel/printf.h>
#include <gemel/string.h>

#include "amd64.h"
#include "fpu.h"

#define HWCAP2_FSGSBASE 2

struct cpu_features cpu_features;
u64 pte_nx_mask;
bool pte_has_1g;

const char arch_machine_name[] = "x86_64";

static void features_read_xsave(struct cpu_features *f)
{
	/* x87, SSE, AVX; AVX-512's three go together.  What is larger (AMX) is left off. */
	const u64 wanted = 0x7, avx512 = 0xe0;
	struct cpuid leaf = cpuid(0xd, 0);
	u64 offered = (u64)leaf.d << 32 | leaf.a;

	f->xcr0 = offered & wanted;
	if ((f->xcr0 & 4) && (offered & avx512) == avx512)
		f->xcr0 |= avx512;
	f->xsaveopt = cpuid(0xd, 1).a & 1;
}

void cpu_features_read(void)
{
	struct cpu_features *f = &cpu_features;
	u32 max = cpuid(0, 0).a;
	u32 max_ext = cpuid(0x80000000, 0).a;
	struct cpuid one = cpuid(1, 0);
	struct cpuid ext = cpuid(0x80000001, 0);

	f->nx = ext.d & (1u << 20);
	f->gb_pages = ext.d & (1u << 26);
	f->rdtscp = ext.d & (1u << 27);
	f->pcid = one.c & (1u << 17);
	f->x2apic = one.c & (1u << 21);
	f->tsc_deadline = one.c & (1u << 24);
	f->xsave = (one.c & (1u << 26)) && max >= 0xd;
	f->rdrand = one.c & (1u << 30);
	if (max >= 7) {
		struct cpuid seven = cpuid(7, 0);

		f->fsgsbase = seven.b & (1u << 0);
		f->smep = seven.b & (1u << 7);
		f->invpcid = seven.b & (1u << 10);
		f->rdseed = seven.b & (1u << 18);
		f->smap = seven.b & (1u << 20);
		f->umip = seven.c & (1u << 2);
	}
	f->phys_bits = max_ext >= 0x80000008 ? cpuid(0x80000008, 0).a & 0xff : 36;
	f->xsave_size = 512;
	if (f->xsave)
		features_read_xsave(f);
	pte_nx_mask = f->nx ? 1ull << 63 : 0;
	pte_has_1g = f->gb_pages;
}

/* Put clac and stac where entry.S and copy_user.S left room; the image is still writable. */
void cpu_patch_smap(void)
{
	if (!cpu_features.smap)
		return;
	for (const struct smap_site *s = smap_sites_start; s < smap_sites_end; s++)
		memcpy((void *)s->at, &s->code, 3);
}

void cpu_features_enable(void)
{
	const struct cpu_features *f = &cpu_features;
	ulong cr4 = CR4_PAE | CR4_MCE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (f->umip)
		cr4 |= CR4_UMIP;
	if (f->fsgsbase)
		cr4 |= CR4_FSGSBASE;
	if (f->xsave)
		cr4 |= CR4_OSXSAVE;
	if (f->smep)
		cr4 |= CR4_SMEP;
	if (f->smap)
		cr4 |= CR4_SMAP;
	/* PCIDE needs a CR3 with PCID 0, which it has until the first address space. */
	if (f->pcid)
		cr4 |= CR4_PCIDE;
	cr4_write(cr4);
	cr0_write(CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_MP | 1);
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE | (f->nx ? EFER_NXE : 0));
}

/* syscall takes CS from bits 32.., SS + 8; sysret CS + 16, SS + 8 from bits 48... */
static void syscall_init_cpu(void)
{
	msr_write(MSR_STAR, (u64)KERNEL_CS << 32 | (u64)USER_CS32 << 48);
	msr_write(MSR_LSTAR, (u64)syscall_entry);
	msr_write(MSR_CSTAR, 0);
	msr_write(MSR_SFMASK, RFLAGS_AC | RFLAGS_NT | RFLAGS_DF | RFLAGS_TF | RFLAGS_CF |
		  (1ul << 9));
}

void arch_cpu_init(struct cpu *cpu)
{
	msr_write(MSR_GS_BASE, (u64)cpu);
	msr_write(MSR_KERNEL_GS_BASE, 0);
	cpu_features_enable();
	trap_init_cpu(cpu);
	syscall_init_cpu();
	fpu_init_cpu();
	mmu_init_cpu();
	if (cpu_features.rdtscp)
		msr_write(MSR_TSC_AUX, cpu->id);
	if (cpu->id)
		lapic_init_cpu();
}

void __noreturn arch_halt(void)
{
	for (;;)
		asm volatile("cli\n\thlt");
}

ulong arch_hwcap(int at)
{
	if (at == AT_HWCAP)
		return cpuid(1, 0).d;
	if (at == AT_MINSIGSTKSZ)
		return signal_frame_size();
	if (at == AT_HWCAP2)
		return cpu_features.fsgsbase ? HWCAP2_FSGSBASE : 0;
	return 0;
}

bool arch_random(u64 *out)
{
	for (uint tries = 10; tries && cpu_features.rdrand; tries--) {
		bool ok;

		asm volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
		if (ok)
			return true;
	}
	return false;
}

/* The names that Linux has for the bits of cpuid leaf 1 and 7, as far as programs look at them. */
static const struct {
	u8 leaf;
	char reg;
	u8 bit;
	const char *name;
} cpu_flags[] = {
	{ 1, 'd', 0, "fpu" }, { 1, 'd', 4, "tsc" }, { 1, 'd', 5, "msr" }, { 1, 'd', 6, "pae" },
	{ 1, 'd', 8, "cx8" }, { 1, 'd', 9, "apic" }, { 1, 'd', 15, "cmov" },
	{ 1, 'd', 19, "clflush" }, { 1, 'd', 23, "mmx" }, { 1, 'd', 24, "fxsr" },
	{ 1, 'd', 25, "sse" }, { 1, 'd', 26, "sse2" }, { 1, 'd', 28, "ht" },
	{ 1, 'c', 0, "pni" }, { 1, 'c', 1, "pclmulqdq" }, { 1, 'c', 9, "ssse3" },
	{ 1, 'c', 12, "fma" }, { 1, 'c', 13, "cx16" }, { 1, 'c', 17, "pcid" },
	{ 1, 'c', 19, "sse4_1" }, { 1, 'c', 20, "sse4_2" }, { 1, 'c', 21, "x2apic" },
	{ 1, 'c', 22, "movbe" }, { 1, 'c', 23, "popcnt" }, { 1, 'c', 24, "tsc_deadline_timer" },
	{ 1, 'c', 25, "aes" }, { 1, 'c', 26, "xsave" }, { 1, 'c', 28, "avx" },
	{ 1, 'c', 29, "f16c" }, { 1, 'c', 30, "rdrand" }, { 1, 'c', 31, "hypervisor" },
	{ 7, 'b', 0, "fsgsbase" }, { 7, 'b', 3, "bmi1" }, { 7, 'b', 5, "avx2" },
	{ 7, 'b', 7, "smep" }, { 7, 'b', 8, "bmi2" }, { 7, 'b', 9, "erms" },
	{ 7, 'b', 10, "invpcid" }, { 7, 'b', 16, "avx512f" }, { 7, 'b', 18, "rdseed" },
	{ 7, 'b', 19, "adx" }, { 7, 'b', 20, "smap" }, { 7, 'b', 29, "sha_ni" },
	{ 7, 'c', 2, "umip" },
};

static bool cpu_has_flag(uint i)
{
	struct cpuid r = cpuid(cpu_flags[i].leaf, 0);

	if (cpuid(0, 0).a < cpu_flags[i].leaf)
		return false;
	switch (cpu_flags[i].reg) {
	case 'b':
		return r.b >> cpu_flags[i].bit & 1;
	case 'c':
		return r.c >> cpu_flags[i].bit & 1;
	default:
		return r.d >> cpu_flags[i].bit & 1;
	}
}

static void cpu_brand(char brand[49])
{
	memset(brand, 0, 49);
	if (cpuid(0x80000000, 0).a < 0x80000004)
		return;
	for (u32 i = 0; i < 3; i++) {
		struct cpuid r = cpuid(0x80000002 + i, 0);

		memcpy(brand + 16 * i, &r, 16);
	}
}

/* Add " @word" at @at of @buf; returns its length, whether or not there was room. */
static size_t text_add(char *buf, size_t size, size_t at, const char *word)
{
	size_t room = at < size ? size - at : 0;

	return (size_t)snprintf(room ? buf + at : NULL, room, " %s", word);
}

static int cpuinfo_flags(char *buf, size_t size)
{
	size_t at = 0;

	for (uint i = 0; i < ARRAY_SIZE(cpu_flags); i++)
		if (cpu_has_flag(i))
			at += text_add(buf, size, at, cpu_flags[i].name);
	return (int)at;
}

int arch_cpuinfo(char *buf, size_t size, uint id)
{
	struct cpuid zero = cpuid(0, 0), one = cpuid(1, 0);
	uint family = one.a >> 8 & 15, model = one.a >> 4 & 15;
	u64 khz = arch_cycles_hz() / 1000;
	char vendor[13] = "", brand[49];
	int n, m;

	memcpy(vendor, &zero.b, 4);
	memcpy(vendor + 4, &zero.d, 4);
	memcpy(vendor + 8, &zero.c, 4);
	cpu_brand(brand);
	if (family == 6 || family == 15)
		model |= one.a >> 12 & 0xf0;
	if (family == 15)
		family += one.a >> 20 & 0xff;
	n = snprintf(buf, size,
		     "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n"
		     "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %lu.%03lu\n"
		     "physical id\t: %u\nsiblings\t: 1\ncore id\t\t: 0\n"
		     "cpu cores\t: 1\n"
		     "apicid\t\t: %lu\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\n"
		     "wp\t\t: yes\nflags\t\t:",
		     id, vendor, family, model, brand, one.a & 15, khz / 1000, khz % 1000, id,
		     boot_info.cpu_hwid[id], zero.a);
	m = cpuinfo_flags((size_t)n < size ? buf + n : NULL, (size_t)n < size ? size - n : 0);
	n += m;
	return n + snprintf((size_t)n < size ? buf + n : NULL, (size_t)n < size ? size - n : 0,
			    "\nbogomips\t: %lu.%02lu\nclflush size\t: 64\ncache_alignment\t: 64\n"
			    "address sizes\t: %u bits physical, 48 bits virtual\n"
			    "power management:\n",
			    khz / 500, khz / 5 % 100, cpu_features.phys_bits);
}
