/* SPDX-License-Identifier: MIT */
/*
 * One CPU: its set-up, its end, what it can do.
 *
 * All CPUs of a machine are taken to be alike in what matters here; the boot
 * CPU speaks for them.  Programs learn it in two forms from the same tables: AT_HWCAP bits,
 * and ID registers, whose reads trap and are answered with the fields that Linux
 * shows, cut to what this kernel supports.
 */
#include <arch/cpu.h>

#include <arch/debug.h>
#include <arch/irqflags.h>
#include <arch/mmu.h>
#include <arch/trap.h>
#include <arch/uaccess.h>

#include <uapi/auxv.h>
#include <uapi/errno.h>

#include <gemel/cpu.h>
#include <gemel/printf.h>
#include <gemel/uaccess.h>

#include "arm64.h"

#define DAIF_A_CLEAR    4

struct cpu_features cpu_features;

const char arch_machine_name[] = "aarch64";

/* The ID registers that say something to user mode. */
enum id_reg { ID_PFR0, ID_PFR1, ID_ZFR0, ID_ISAR0, ID_ISAR1, ID_MMFR2, ID_COUNT };

static u64 id_value[ID_COUNT];          /* as the CPU has them; set by cpu_features_read() */

/* A field that programs may see: what is above @max is newer than this kernel. */
struct id_field {
	u8 reg, shift, max;
};

#define ID_ALWAYS 15    /* signed: 15 is "not there" and passes as it is */

static const struct id_field id_fields[] = {
	{ ID_PFR0, 0, 1 }, { ID_PFR0, 4, 1 }, { ID_PFR0, 16, ID_ALWAYS },
	{ ID_PFR0, 20, ID_ALWAYS }, { ID_PFR0, 32, 1 }, { ID_PFR0, 48, 1 },
	{ ID_PFR1, 4, 2 },
	{ ID_ZFR0, 0, 1 }, { ID_ZFR0, 4, 2 }, { ID_ZFR0, 16, 1 }, { ID_ZFR0, 20, 1 },
	{ ID_ZFR0, 32, 1 }, { ID_ZFR0, 40, 1 }, { ID_ZFR0, 44, 1 }, { ID_ZFR0, 52, 1 },
	{ ID_ZFR0, 56, 1 },
	{ ID_ISAR0, 4, 2 }, { ID_ISAR0, 8, 1 }, { ID_ISAR0, 12, 2 }, { ID_ISAR0, 16, 1 },
	{ ID_ISAR0, 20, 2 }, { ID_ISAR0, 28, 1 }, { ID_ISAR0, 32, 1 }, { ID_ISAR0, 36, 1 },
	{ ID_ISAR0, 40, 1 }, { ID_ISAR0, 44, 1 }, { ID_ISAR0, 48, 1 }, { ID_ISAR0, 52, 2 },
	{ ID_ISAR0, 60, 1 },
	{ ID_ISAR1, 0, 2 }, { ID_ISAR1, 12, 1 }, { ID_ISAR1, 16, 1 }, { ID_ISAR1, 20, 2 },
	{ ID_ISAR1, 32, 1 }, { ID_ISAR1, 36, 1 }, { ID_ISAR1, 44, 1 }, { ID_ISAR1, 48, 1 },
	{ ID_ISAR1, 52, 1 },
	{ ID_MMFR2, 32, 1 },
};

/* A bit of AT_HWCAP (0-63) or AT_HWCAP2 (64 on): set when the field is at least @min. */
struct hwcap {
	const char *name;
	u8 bit, reg, shift, min;
};

#define HWCAP_CPUID     11
#define HWCAP2(bit)     (64 + (bit))

/* In the order of /proc/cpuinfo. */
static const struct hwcap hwcaps[] = {
	{ "fp", 0, ID_PFR0, 16, 0 },
	{ "asimd", 1, ID_PFR0, 20, 0 },
	{ "aes", 3, ID_ISAR0, 4, 1 },
	{ "pmull", 4, ID_ISAR0, 4, 2 },
	{ "sha1", 5, ID_ISAR0, 8, 1 },
	{ "sha2", 6, ID_ISAR0, 12, 1 },
	{ "crc32", 7, ID_ISAR0, 16, 1 },
	{ "atomics", 8, ID_ISAR0, 20, 2 },
	{ "fphp", 9, ID_PFR0, 16, 1 },
	{ "asimdhp", 10, ID_PFR0, 20, 1 },
	{ "cpuid", HWCAP_CPUID, ID_PFR0, 0, 1 },
	{ "asimdrdm", 12, ID_ISAR0, 28, 1 },
	{ "jscvt", 13, ID_ISAR1, 12, 1 },
	{ "fcma", 14, ID_ISAR1, 16, 1 },
	{ "lrcpc", 15, ID_ISAR1, 20, 1 },
	{ "dcpop", 16, ID_ISAR1, 0, 1 },
	{ "sha3", 17, ID_ISAR0, 32, 1 },
	{ "sm3", 18, ID_ISAR0, 36, 1 },
	{ "sm4", 19, ID_ISAR0, 40, 1 },
	{ "asimddp", 20, ID_ISAR0, 44, 1 },
	{ "sha512", 21, ID_ISAR0, 12, 2 },
	{ "sve", 22, ID_PFR0, 32, 1 },
	{ "asimdfhm", 23, ID_ISAR0, 48, 1 },
	{ "dit", 24, ID_PFR0, 48, 1 },
	{ "uscat", 25, ID_MMFR2, 32, 1 },
	{ "ilrcpc", 26, ID_ISAR1, 20, 2 },
	{ "flagm", 27, ID_ISAR0, 52, 1 },
	{ "ssbs", 28, ID_PFR1, 4, 2 },
	{ "sb", 29, ID_ISAR1, 36, 1 },
	{ "dcpodp", HWCAP2(0), ID_ISAR1, 0, 2 },
	{ "sve2", HWCAP2(1), ID_ZFR0, 0, 1 },
	{ "sveaes", HWCAP2(2), ID_ZFR0, 4, 1 },
	{ "svepmull", HWCAP2(3), ID_ZFR0, 4, 2 },
	{ "svebitperm", HWCAP2(4), ID_ZFR0, 16, 1 },
	{ "svesha3", HWCAP2(5), ID_ZFR0, 32, 1 },
	{ "svesm4", HWCAP2(6), ID_ZFR0, 40, 1 },
	{ "flagm2", HWCAP2(7), ID_ISAR0, 52, 2 },
	{ "frint", HWCAP2(8), ID_ISAR1, 32, 1 },
	{ "svei8mm", HWCAP2(9), ID_ZFR0, 44, 1 },
	{ "svef32mm", HWCAP2(10), ID_ZFR0, 52, 1 },
	{ "svef64mm", HWCAP2(11), ID_ZFR0, 56, 1 },
	{ "svebf16", HWCAP2(12), ID_ZFR0, 20, 1 },
	{ "i8mm", HWCAP2(13), ID_ISAR1, 52, 1 },
	{ "bf16", HWCAP2(14), ID_ISAR1, 44, 1 },
	{ "dgh", HWCAP2(15), ID_ISAR1, 48, 1 },
	{ "rng", HWCAP2(16), ID_ISAR0, 60, 1 },
};

static uint field(u64 value, uint shift)
{
	return (value >> shift) & 0xf;
}

/* What programs may know of @value, an ID register. */
static u64 id_visible(enum id_reg reg, u64 value)
{
	u64 out = 0;

	for (uint i = 0; i < ARRAY_SIZE(id_fields); i++) {
		const struct id_field *f = &id_fields[i];

		if (f->reg == reg)
			out |= (u64)MIN(field(value, f->shift), (uint)f->max) << f->shift;
	}
	return out;
}

void cpu_features_read(void)
{
	struct cpu_features *f = &cpu_features;
	u64 pfr0 = sysreg_read(id_aa64pfr0_el1), isar0 = sysreg_read(id_aa64isar0_el1);

	f->has_sve = field(pfr0, 32) != 0;
	f->has_rng = field(isar0, 60) != 0;
	f->has_lse = field(isar0, 20) >= 2;
	f->has_pan = field(sysreg_read(id_aa64mmfr1_el1), 20) != 0;
	f->asid_bits = field(sysreg_read(id_aa64mmfr0_el1), 4) == 2 ? 16 : 8;

	id_value[ID_PFR0] = id_visible(ID_PFR0, pfr0);
	id_value[ID_PFR1] = id_visible(ID_PFR1, sysreg_read(id_aa64pfr1_el1));
	id_value[ID_ISAR0] = id_visible(ID_ISAR0, isar0);
	id_value[ID_ISAR1] = id_visible(ID_ISAR1, sysreg_read(id_aa64isar1_el1));
	id_value[ID_MMFR2] = id_visible(ID_MMFR2, sysreg_read(S3_0_C0_C7_2));
	if (f->has_sve)
		id_value[ID_ZFR0] = id_visible(ID_ZFR0, sysreg_read(S3_0_C0_C4_4));
}

static bool has_hwcap(const struct hwcap *cap)
{
	uint v = field(id_value[cap->reg], cap->shift);

	/* FP and SIMD: 15 is none. */
	if (cap->reg == ID_PFR0 && (cap->shift == 16 || cap->shift == 20) && v == 15)
		return false;
	if (cap->reg == ID_ZFR0 && !cpu_features.has_sve)
		return false;
	return v >= cap->min;
}

ulong arch_hwcap(int at)
{
	ulong bits = 0;
	uint first = at == AT_HWCAP2 ? 64 : 0;

	if (at == AT_MINSIGSTKSZ)
		return signal_frame_size();
	if (at != AT_HWCAP && at != AT_HWCAP2)
		return 0;
	for (uint i = 0; i < ARRAY_SIZE(hwcaps); i++)
		if (hwcaps[i].bit - first < 64u && has_hwcap(&hwcaps[i]))
			bits |= 1ul << (hwcaps[i].bit - first);
	return bits;
}

int arch_cpuinfo(char *buf, size_t size, uint id)
{
	u32 midr = cpus[id]->arch.midr;
	u64 hz = sysreg_read(cntfrq_el0);
	int n;

	/* The delay loop of Linux is timed by the counter: two of its ticks are a "Mip". */
	n = snprintf(buf, size, "processor\t: %u\nBogoMIPS\t: %lu.%02lu\nFeatures\t:", id,
		     (ulong)(hz * 2 / 1000000), (ulong)(hz * 2 / 10000 % 100));
	for (uint i = 0; i < ARRAY_SIZE(hwcaps); i++)
		if (has_hwcap(&hwcaps[i]))
			n += snprintf(buf + MIN((size_t)n, size), size - MIN((size_t)n, size),
				      " %s", hwcaps[i].name);
	n += snprintf(buf + MIN((size_t)n, size), size - MIN((size_t)n, size),
		      "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\n"
		      "CPU variant\t: 0x%x\nCPU part\t: 0x%03x\nCPU revision\t: %u\n",
		      midr >> 24, (midr >> 20) & 0xf, (midr >> 4) & 0xfff, midr & 0xf);
	return n;
}

/* The value for user mode of the ID register with CRm, op2.  False: not an ID register. */
static bool id_read(uint crm, uint op2, u64 *v)
{
	*v = 0;
	if (crm == 0) {
		if (op2 == 0)
			*v = sysreg_read(midr_el1);
		else if (op2 == 5)
			*v = 1ull << 31;
		return op2 == 0 || op2 == 5 || op2 == 6;
	}
	switch (crm << 3 | op2) {
	case 4 << 3 | 0: *v = id_value[ID_PFR0]; break;
	case 4 << 3 | 1: *v = id_value[ID_PFR1]; break;
	case 4 << 3 | 4: *v = id_value[ID_ZFR0]; break;
	case 6 << 3 | 0: *v = id_value[ID_ISAR0]; break;
	case 6 << 3 | 1: *v = id_value[ID_ISAR1]; break;
	case 7 << 3 | 2: *v = id_value[ID_MMFR2]; break;
	}
	return crm >= 2 && crm <= 7;
}

/*
 * CPUs before 8.4 say "undefined instruction" for an ID register read, newer
 * ones name the register; the instruction itself is good for both.
 */
bool cpu_emulate_mrs(struct trapframe *tf)
{
	u32 insn;
	u64 v;

	if (user_read(&insn, user_ptr(const u32, tf->pc)) < 0)
		return false;
	/* mrs xt, S3_0_c0_<crm>_<op2> */
	if ((insn & 0xfffff000) != 0xd5380000 || !id_read((insn >> 8) & 0xf, (insn >> 5) & 7, &v))
		return false;
	if ((insn & 31) != 31)
		tf->x[insn & 31] = v;
	tf->pc += 4;
	return true;
}

void arch_cpu_init(struct cpu *cpu)
{
	static u8 boot_emergency_stack[2 * PAGE_SIZE] __aligned(16);

	if (cpu == &cpu_boot)
		cpu->arch.emergency_top = (ulong)(boot_emergency_stack +
						  sizeof(boot_emergency_stack));
	cpu->arch.midr = (u32)sysreg_read(midr_el1);
	sysreg_write(mdscr_el1, 0);
	sysreg_write(tpidr_el0, 0);
	sysreg_write(tpidrro_el0, 0);
	if (cpu_features.has_pan)
		asm volatile(".inst 0xd500419f" ::: "memory");      /* msr pan, #1 */
	fpu_init_cpu();
	mmu_init_cpu(cpu);
	asm volatile("msr daifclr, %0" :: "i"(DAIF_A_CLEAR) : "memory");
}

void arch_halt(void)
{
	arch_irq_disable();
	for (;;)
		asm volatile("wfi" ::: "memory");
}

#define SEMIHOSTING_EXIT_EXTENDED 0x20
#define SEMIHOSTING_APPLICATION_EXIT 0x20026

/* Only when somebody who listens said so: otherwise it is an undefined instruction. */
static void semihosting_exit(u64 status)
{
	u64 block[2] = { SEMIHOSTING_APPLICATION_EXIT, status };
	register u64 x0 asm("x0") = SEMIHOSTING_EXIT_EXTENDED;
	register u64 *x1 asm("x1") = block;

	asm volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
}

void arch_restart(enum restart how)
{
	arch_irq_disable();
	if (how == RESTART_FAILURE && cmdline_has("semihosting"))
		semihosting_exit(1);
	if (how == RESTART_REBOOT)
		psci_system_reset();
	else if (how != RESTART_HALT)
		psci_system_off();
	arch_halt();
}

bool arch_random(u64 *out)
{
	u64 v, ok;

	if (!cpu_features.has_rng)
		return boot_seed_take(out);
	asm volatile("mrs %0, S3_3_C2_C4_0\n\tcset %1, ne" : "=r"(v), "=r"(ok) :: "cc");
	if (!ok)
		return false;
	*out = v;
	return true;
}
