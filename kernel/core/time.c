/* SPDX-License-Identifier: MIT */
/*
 * The clock: cycles to nanoseconds, and the wall clock as an offset.
 *
 * ns = (cycles - entry) * mult >> 32, with a product of 128 bits, so that it does
 * not overflow and no carry has to be kept.  mult is 0 until time_init(): the
 * clock stands at 0 and starts, at its right value, in one step.
 *
 * The wall clock is monotonic time plus wall_offset, one word that is read and
 * written whole.
 */
#include <gemel/time.h>

#include <arch/time.h>

#include <gemel/boot_info.h>

#include "timer.h"

__extension__ typedef unsigned __int128 u128;

static u64 base_cycles;         /* constant after time_init(), as the next two */
static u64 ns_mult;             /* ns per cycle << 32 */
static u64 cycles_mult;         /* cycles per ns << 31 */
static s64 wall_offset;         /* atomic */

u64 time_from_cycles(u64 cycles)
{
	return (u64)((u128)cycles * ns_mult >> 32);
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

u64 time_realtime(void)
{
	return time_now() + (u64)READ_ONCE(wall_offset);
}

void time_set_realtime(u64 ns)
{
	WRITE_ONCE(wall_offset, (s64)(ns - time_now()));
}

void time_init(void)
{
	u64 hz = arch_cycles_hz();

	base_cycles = boot_info.entry_cycles;
	cycles_mult = (hz << 31) / NSEC_PER_SEC;
	ns_mult = (NSEC_PER_SEC << 32) / hz;
	time_set_realtime(arch_rtc_read() * NSEC_PER_SEC);
	timer_init_queues();
}
