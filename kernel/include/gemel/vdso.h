/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The vDSO: a page of code and a page of data in every program, by which it reads
 * the clocks without a system call.
 *
 *	as->vdso - PAGE_SIZE    [vvar]  struct vdso_data, written by the kernel only
 *	as->vdso                [vdso]  the ELF image (kernel/vdso/), AT_SYSINFO_EHDR
 *
 * The kernel reads its clocks by the same functions, below.
 */
#include <gemel/bits.h>
#include <gemel/compiler.h>
#include <gemel/time.h>
#include <uapi/time.h>

struct address_space;
__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 s128;

/* The wall clock, as a line over the monotonic clock. */
struct wall_clock {
	u64 since_ns;           /* monotonic: where the line begins */
	s64 offset_ns;          /* ahead of the monotonic clock there */
	s64 rate;               /* and by so much more each ns since, << 32 */
};

struct vdso_data {
	u32 seq;                /* odd: being changed; pairs of barriers below and in core/time.c */
	u32 features;           /* arch_vdso_features() */
	u64 base_cycles;        /* constant, as the next */
	u64 mult;               /* ns per cycle << 32; 0: the counter is not for user mode */
	struct wall_clock wall;
	s64 tai_ns;             /* CLOCK_TAI ahead of the wall clock */
	struct uapi_timezone zone;
};

/* Of the CLOCK_* below 32. */
#define VDSO_CLOCKS_WALL (BIT(CLOCK_REALTIME) | BIT(CLOCK_REALTIME_COARSE) | BIT(CLOCK_TAI))
#define VDSO_CLOCKS_COARSE (BIT(CLOCK_REALTIME_COARSE) | BIT(CLOCK_MONOTONIC_COARSE))
#define VDSO_CLOCKS (VDSO_CLOCKS_WALL | BIT(CLOCK_MONOTONIC) | BIT(CLOCK_MONOTONIC_RAW) | \
		     BIT(CLOCK_MONOTONIC_COARSE) | BIT(CLOCK_BOOTTIME))

/* How often a clock that calls itself coarse moves at least. */
#define COARSE_NS NSEC_PER_MSEC

static inline u64 clock_scale(u64 cycles, u64 mult)
{
	return (u64)((u128)cycles * mult >> 32);
}

static inline u64 wall_from_monotonic(const struct wall_clock *w, u64 now)
{
	return now + (u64)w->offset_ns + (u64)((s128)(s64)(now - w->since_ns) * w->rate >> 32);
}

/* @clock, one of VDSO_CLOCKS, when the monotonic one is @now. */
static inline u64 clock_from_monotonic(const struct vdso_data *d, uint clock, u64 now)
{
	if (!(BIT(clock) & VDSO_CLOCKS_WALL))
		return now;
	now = wall_from_monotonic(&d->wall, now);
	return clock == CLOCK_TAI ? now + (u64)d->tai_ns : now;
}

/* A reader: do { seq = vdso_read_begin(d); ... } while (vdso_read_again(d, seq)); */
static inline u32 vdso_read_begin(const struct vdso_data *d)
{
	return load_acquire(&d->seq);
}

static inline bool vdso_read_again(const struct vdso_data *d, u32 seq)
{
	smp_rmb();
	return unlikely((seq & 1) || READ_ONCE(d->seq) != seq);
}

/* The page of data: core/time.c.  Filled by time_init(). */
extern struct vdso_data *vdso_data;

/* task/vdso.c: the image, in the kernel; where in it a handler without a restorer returns to. */
extern const u8 vdso_image[], vdso_image_end[];
extern ulong vdso_entry;
/* Once, at boot. */
void vdso_init(void);
/* exec: both pages into @as; sets as->vdso.  0, -ENOMEM. */
int __must_check vdso_map(struct address_space *as);
