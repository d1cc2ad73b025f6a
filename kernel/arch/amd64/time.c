/* SPDX-License-Identifier: MIT */
/*
 * The time-stamp counter as clock, the local APIC's timer as alarm.
 *
 * The TSC's rate: what the CPU or the hypervisor says, else measured against
 * the first of ACPI PM timer, HPET, PIT that is there, else against the APIC timer.
 * That one, where it has no TSC-deadline mode, is measured together with it.
 */
#include <arch/time.h>

#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/mmu.h>
#include <arch/vdso.h>

#include <gemel/cpu.h>
#define LOG_TAG "time"
#include <gemel/log.h>

#include "amd64.h"

#define PM_TIMER_HZ     3579545u
#define PM_TIMER_MASK   0xffffffu       /* 24 bits at least */
#define PIT_HZ          1193182u
#define PIT_CHANNEL2    0x42
#define PIT_MODE        0x43
#define PIT_GATE        0x61
#define PIT_COUNT       0xffffu
#define HPET_PERIOD     4               /* high word of the capabilities, femtoseconds a tick */
#define HPET_CONFIG     0x10
#define HPET_COUNTER    0xf0
#define FEMTO           1000000000000000ull

#define CALIBRATE_US    2000u
#define CALIBRATE_PARTS 128u            /* one of them may be uncertain */
#define CALIBRATE_TRIES 20u             /* until the best is taken as it is */
#define LAPIC_HZ        1000000000u

static u64 tsc_hz;
static u64 lapic_mult;          /* APIC ticks a TSC tick, << 32; 0: TSC-deadline */
static volatile u8 *hpet;

u64 arch_cycles_hz(void)
{
	return tsc_hz;
}

/* --- what the CPU says --- */

static u64 hz_from_cpuid(void)
{
	u32 max = cpuid(0, 0).a;

	if (max >= 0x15) {
		struct cpuid r = cpuid(0x15, 0);

		if (r.a && r.b && r.c)
			return (u64)r.c * r.b / r.a;
	}
	if (cpuid(1, 0).c >> 31 && cpuid(0x40000000, 0).a >= 0x40000010)
		return (u64)cpuid(0x40000010, 0).a * 1000;
	return 0;
}

/* --- measuring: a reference counts up through a mask --- */

struct reference {
	const char *name;
	u32 (*read)(void);
	u32 mask;
	u64 hz;
};

static u32 pm_timer_read(void)
{
	return inl(machine.pm_timer_port) & PM_TIMER_MASK;
}

static u32 hpet_counter(void)
{
	return *(volatile u32 *)(hpet + HPET_COUNTER);
}

/* Channel 2 counts down; nothing hears it. */
static u32 pit_read(void)
{
	u32 v;

	outb(PIT_MODE, 0x80);
	v = inb(PIT_CHANNEL2);
	v |= (u32)inb(PIT_CHANNEL2) << 8;
	return PIT_COUNT - v;
}

static bool reference_is_running(const struct reference *ref)
{
	u32 first = ref->read();

	for (uint tries = 1000; tries; tries--)
		if (ref->read() != first)
			return true;
	return false;
}

static bool hpet_open(struct reference *ref)
{
	u32 period;

	if (!machine.hpet)
		return false;
	hpet = mmu_map_registers(machine.hpet);
	period = *(volatile u32 *)(hpet + HPET_PERIOD);
	if (!period || period > 100000000)
		return false;
	*(volatile u32 *)(hpet + HPET_CONFIG) |= 1;
	*ref = (struct reference){ "HPET", hpet_counter, ~0u, FEMTO / period };
	return reference_is_running(ref);
}

static bool pm_timer_open(struct reference *ref)
{
	*ref = (struct reference){ "PM timer", pm_timer_read, PM_TIMER_MASK, PM_TIMER_HZ };
	return machine.has_pm_timer && reference_is_running(ref);
}

static bool pit_open(struct reference *ref)
{
	/* Gate on, speaker off; mode 0 from the top. */
	outb(PIT_GATE, (inb(PIT_GATE) & ~2) | 1);
	outb(PIT_MODE, 0xb0);
	outb(PIT_CHANNEL2, 0xff);
	outb(PIT_CHANNEL2, 0xff);
	*ref = (struct reference){ "PIT", pit_read, PIT_COUNT, PIT_HZ };
	return reference_is_running(ref);
}

static u32 lapic_timer_read(void)
{
	return ~0u - lapic_timer_count();
}

/* A machine with none of the three is virtual: QEMU and KVM give every APIC the same rate. */
static void reference_find(struct reference *ref)
{
	if (!pm_timer_open(ref) && !hpet_open(ref) && !pit_open(ref))
		*ref = (struct reference){ "APIC", lapic_timer_read, ~0u, LAPIC_HZ };
}

struct sample {
	u64 tsc, width;                 /* its middle, and how long it took */
	u32 ticks;
	u32 lapic;
};

/* The TSC and the reference at one moment: the tightest of a few tries. */
static struct sample sample_take(const struct reference *ref)
{
	struct sample best = { .width = ~0ull };

	for (uint i = 0; i < 4; i++) {
		u64 before = arch_cycles();
		u32 ticks = ref->read();
		u32 count = lapic_timer_count();
		u64 width = arch_cycles() - before;

		if (width < best.width)
			best = (struct sample){ before + width / 2, width, ticks, count };
	}
	return best;
}

/* value * mul / div, the product in 128 bits; the quotient must fit. */
static u64 scale(u64 value, u64 mul, u64 div)
{
	u64 high, low;

	asm("mulq %3" : "=a"(low), "=d"(high) : "0"(value), "rm"(mul));
	asm("divq %2" : "+a"(low), "+d"(high) : "rm"(div));
	return low;
}

/*
 * A stretch of CALIBRATE_US.  Returns how much of it is uncertain, in TSC ticks; all of it if a
 * hypervisor stopped us for a good part, in which the reference may even have come round.
 */
static u64 stretch_take(const struct reference *ref, struct sample *a, struct sample *b)
{
	u32 wanted = (u32)(ref->hz * CALIBRATE_US / 1000000);
	u64 pause = 0, last, now;

	*a = sample_take(ref);
	last = a->tsc;
	while (((ref->read() - a->ticks) & ref->mask) < wanted) {
		now = arch_cycles();
		pause = MAX(pause, now - last);
		last = now;
	}
	*b = sample_take(ref);
	pause = MAX(pause, b->tsc - last);
	return pause > (b->tsc - a->tsc) / 4 ? ~0ull : a->width + b->width;
}

/* The TSC's rate, unless @known, and the APIC timer's in TSC ticks. */
static void measure(const struct reference *ref, u64 known)
{
	u64 least = ~0ull, unsure, length = 0;

	lapic_timer_oneshot(~0u);
	for (uint i = 0; i < CALIBRATE_TRIES && least > length / CALIBRATE_PARTS; i++) {
		struct sample a, b;

		unsure = stretch_take(ref, &a, &b);
		if (length && unsure >= least)
			continue;
		least = unsure;
		length = b.tsc - a.tsc;
		tsc_hz = known ? known : scale(length, ref->hz, (b.ticks - a.ticks) & ref->mask);
		lapic_mult = scale(a.lapic - b.lapic, 1ull << 32, length);
	}
	lapic_timer_oneshot(0);
}

void timer_calibrate(void)
{
	bool deadline = cpu_features.tsc_deadline;
	u64 known = hz_from_cpuid();
	struct reference ref;

	if (known && deadline) {
		tsc_hz = known;
	} else {
		reference_find(&ref);
		measure(&ref, known);
		log_info("TSC %lu kHz (%s)", tsc_hz / 1000, known ? "CPUID" : ref.name);
	}
	if (deadline)
		lapic_mult = 0;
	timer_init_lapic();
}

/* On every CPU; before the boot CPU has calibrated, the plain mode. */
void timer_init_lapic(void)
{
	lapic_timer_mode(tsc_hz && !lapic_mult);
}

void arch_timer_set(u64 cycles)
{
	s64 delta;
	u64 count;

	if (!lapic_mult) {
		/* 0 would mean never. */
		msr_write(MSR_TSC_DEADLINE, cycles ? cycles : 1);
		return;
	}
	delta = (s64)(cycles - arch_cycles());
	if (delta <= 0) {
		lapic_timer_oneshot(1);
		return;
	}
	count = (u64)(((unsigned __int128)(u64)delta * lapic_mult) >> 32) + 1;
	lapic_timer_oneshot(count < ~0u ? (u32)count : ~0u);
}

void arch_timer_stop(void)
{
	if (!lapic_mult)
		msr_write(MSR_TSC_DEADLINE, 0);
	else
		lapic_timer_oneshot(0);
}

u32 arch_vdso_features(void)
{
	return cpu_features.rdtscp ? VDSO_RDTSCP : 0;
}

/* --- the wall clock --- */

#define CMOS_INDEX      0x70
#define CMOS_DATA       0x71
#define CMOS_STATUS_A   0x0a
#define CMOS_STATUS_B   0x0b
#define CMOS_UPDATING   0x80
#define CMOS_24H        0x02
#define CMOS_BINARY     0x04

static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

struct cmos_time { u8 sec, min, hour, day, month, year, century; };

static struct cmos_time cmos_time_read(void)
{
	for (uint tries = 100000; tries && (cmos_read(CMOS_STATUS_A) & CMOS_UPDATING); tries--)
		arch_cpu_relax();
	return (struct cmos_time){
		cmos_read(0), cmos_read(2), cmos_read(4), cmos_read(7), cmos_read(8), cmos_read(9),
		machine.century ? cmos_read(machine.century) : 0,
	};
}

static uint cmos_field(u8 v, bool is_binary)
{
	return is_binary ? v : (v >> 4) * 10u + (v & 15);
}

/* Days from 1970-01-01 to the first of @month of @year: March is month 0, leap days come last. */
static u64 days_to(uint year, uint month)
{
	uint y = month <= 2 ? year - 1 : year;
	uint m = month <= 2 ? month + 9 : month - 3;

	return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 - 719468;
}

static uint cmos_hour(u8 v, u8 status)
{
	uint hour = cmos_field(v & 0x7f, status & CMOS_BINARY);

	if (status & CMOS_24H)
		return hour;
	return hour % 12 + (v & 0x80 ? 12 : 0);
}

u64 arch_rtc_read(void)
{
	struct cmos_time t = cmos_time_read();
	u8 status = cmos_read(CMOS_STATUS_B);
	bool binary = status & CMOS_BINARY;
	uint century = machine.century ? cmos_field(t.century, binary) : 20;
	uint year = century * 100 + cmos_field(t.year, binary);
	uint month = cmos_field(t.month, binary), day = cmos_field(t.day, binary);

	if (!machine.has_cmos || status == 0xff)
		return 0;
	if (year < 1970 || month - 1 > 11u || day - 1 > 30u)
		return 0;
	return (days_to(year, month) + day - 1) * 86400 + cmos_hour(t.hour, status) * 3600u +
	       cmos_field(t.min, binary) * 60u + cmos_field(t.sec, binary);
}
