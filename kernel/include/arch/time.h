/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The cycle counter and the one-shot timer of each CPU.
 */
#include <gemel/types.h>

/* Monotonic, the same on every CPU, constant rate.  From kernel entry on. */
static inline u64 arch_cycles(void);
/* Set by arch_init(). */
u64 arch_cycles_hz(void);

/* One shot on this CPU when arch_cycles() reaches @cycles; a past deadline fires at once.
 * Calls timer_interrupt().  Interrupts off. */
void arch_timer_set(u64 cycles);
void arch_timer_stop(void);

/* Wall clock at boot from what the architecture alone knows (amd64: CMOS RTC); seconds since 1970,
 * 0: unknown.  An RTC driver may know better. */
u64 arch_rtc_read(void);

#include <arch_impl/time.h>
