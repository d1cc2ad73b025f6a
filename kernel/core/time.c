/* SPDX-License-Identifier: MIT */
/*
 * The clocks: cycles to nanoseconds, and the wall clock as a line over them.
 *
 * ns = (cycles - entry) * mult >> 32, with a product of 128 bits, so that it does
 * not overflow and no carry has to be kept.  mult is 0 until time_init(): the
 * clock stands at 0 and starts, at its right value, in one step.  It is never
 * slewed: CLOCK_MONOTONIC is CLOCK_MONOTONIC_RAW.
 *
 * The wall clock is a line over monotonic time (struct wall_clock).  Setting it and
 * slewing it begin a new line at the present moment.  It lies with all that a
 * reader needs in vdso_data, the page that programs see; the kernel reads the
 * same page by the same functions (gemel/vdso.h).
 *
 * Who waits for an absolute wall time is woken through time_was_set after each
 * step, and computes his deadline anew.
 *
 * Locking.  wall_lock (irq lock, rank CLOCK) for the writers of vdso_data.  Readers take
 * none: an odd seq, or another one afterwards, says that a writer was there.
 *
 *	reader					writer
 *	a  seq (acquire)			d  seq + 1
 *	b  the words				e  smp_wmb, the words
 *	c  smp_rmb, the same seq?		f  seq + 1 (release)
 *
 * If b read a word of e, then by the two fences c reads d or later.  If a read f, b
 * reads e.
 */
#include <gemel/time.h>

#include <arch/time.h>
#include <arch/vdso.h>

#include <gemel/assert.h>
#include <gemel/boot_info.h>
#include <gemel/page.h>
#include <gemel/spin.h>
#include <gemel/vdso.h>

#include "timer.h"

static u64 base_cycles;         /* constant after time_init(), as the next two */
static u64 ns_mult;             /* ns per cycle << 32 */
static u64 cycles_mult;         /* cycles per ns << 31 */

struct vdso_data *vdso_data;
struct wait_queue time_was_set = WAIT_QUEUE_INIT(time_was_set);
u32 time_set_count, time_step_count;

static struct irqlock wall_lock = IRQLOCK_INIT(CLOCK);

u64 time_from_cycles(u64 cycles)
{
	return clock_scale(cycles, ns_mult);
}

u64 time_now(void)
{
	return time_from_cycles(arch_cycles() - base_cycles);
}

u64 time_to_cycles(u64 ns)
{
	/* One more, so that the timer does not come before the clock says so. */
	return base_cycles + (u64)((u128)ns * cycles_mult >> 31) + 1;
}

u64 time_of(uint clock)
{
	const struct vdso_data *d = vdso_data;
	u32 seq;
	u64 ns;

	if (!(BIT(clock) & VDSO_CLOCKS_WALL))
		return time_now();
	do {
		seq = vdso_read_begin(d);
		ns = clock_from_monotonic(d, clock, time_now());
	} while (vdso_read_again(d, seq));
	return ns;
}

u64 time_realtime(void)
{
	return time_of(CLOCK_REALTIME);
}

u64 time_from_wall(u64 ns)
{
	const struct vdso_data *d = vdso_data;
	struct wall_clock w;
	u64 ahead;
	s64 left;
	u32 seq;

	do {
		seq = vdso_read_begin(d);
		w = d->wall;
	} while (vdso_read_again(d, seq));
	ahead = w.since_ns + (u64)w.offset_ns;
	left = (s64)(ns - ahead);
	/* 1 / (1 + rate) is 1 - rate, and the rest of that is less than a millionth of it. */
	left -= (s64)((s128)left * w.rate >> 32);
	return (s64)w.since_ns + left > 0 ? w.since_ns + (u64)left : 0;
}

/* ---- changing ---- */

static void write_begin(void) __no_lock_analysis
{
	irq_lock(&wall_lock);
	WRITE_ONCE(vdso_data->seq, vdso_data->seq + 1);
	smp_wmb();      /* pairs with vdso_read_again() */
}

static void write_end(void) __no_lock_analysis
{
	store_release(&vdso_data->seq, vdso_data->seq + 1);
	irq_unlock(&wall_lock);
}

/* A new line from now on. */
static void line_begin(u64 now, u64 wall, s64 rate)
{
	vdso_data->wall = (struct wall_clock){ now, (s64)(wall - now), rate };
}

static void tell(bool is_step)
{
	if (is_step)
		__atomic_add_fetch(&time_step_count, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&time_set_count, 1, __ATOMIC_SEQ_CST);
	wake_all(&time_was_set);
}

void time_set_realtime(u64 ns)
{
	write_begin();
	line_begin(time_now(), ns, vdso_data->wall.rate);
	write_end();
	tell(true);
}

void time_step_realtime(s64 by)
{
	u64 now;

	write_begin();
	now = time_now();
	line_begin(now, wall_from_monotonic(&vdso_data->wall, now) + (u64)by,
		   vdso_data->wall.rate);
	write_end();
	tell(true);
}

void time_set_rate(s64 rate)
{
	u64 now;

	write_begin();
	now = time_now();
	line_begin(now, wall_from_monotonic(&vdso_data->wall, now), rate);
	write_end();
	tell(false);
}

void time_set_tai(s64 ahead_ns)
{
	write_begin();
	vdso_data->tai_ns = ahead_ns;
	write_end();
	tell(true);
}

void time_set_zone(const struct uapi_timezone *zone)
{
	write_begin();
	vdso_data->zone = *zone;
	write_end();
}

void time_init(void)
{
	u64 hz = arch_cycles_hz();

	vdso_data = page_alloc_kernel(0, ALLOC_ZERO);
	if (!vdso_data)
		panic("time: no memory");
	base_cycles = boot_info.entry_cycles;
	cycles_mult = (hz << 31) / NSEC_PER_SEC;
	ns_mult = (NSEC_PER_SEC << 32) / hz;
	vdso_data->base_cycles = base_cycles;
	vdso_data->mult = cmdline_has("vdso=syscall") ? 0 : ns_mult;
	vdso_data->features = arch_vdso_features();
	time_set_realtime(arch_rtc_read() * NSEC_PER_SEC);
	timer_init_queues();
}
