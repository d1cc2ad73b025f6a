/* SPDX-License-Identifier: MIT */
/*
 * adjtimex(): the wall clock's rate, and offsets that are worked off slowly.
 *
 * The clock has one rate (time_set_rate()), the sum of
 *	freq	what the user says that the oscillator lacks, at most 500 ppm
 *	tick	the same, coarsely, at most 10 %
 *	slew	500 ppm one way or the other while an offset is being worked off
 * An offset is adjtime()'s or, by the phase-locked loop's call, ADJ_OFFSET's; the loop's
 * filter is the daemon's.  The last one given replaces what is left of the one before.
 * A timer ends it.
 *
 * Locking.  timex_lock (irq lock, rank TIMEX) covers all here.
 */
#include "clock.h"
#include "task_private.h"

#include <uapi/errno.h>
#include <uapi/timex.h>
#include <gemel/spin.h>
#include <gemel/syscalls.h>
#include <gemel/timespec.h>
#include <gemel/uaccess.h>
#include <gemel/vdso.h>

#define TICK_US         (1000000 / USER_HZ)
#define TICK_MIN        (900000 / USER_HZ)
#define TICK_MAX        (1100000 / USER_HZ)
#define FREQ_MAX        ((s64)500 << 16)
/* Beyond that Linux's own scale would overflow: 2^63 / (1000 << 16). */
#define FREQ_VALID      (INT64_MAX / (1000 << 16))
#define SLEW_PPM        500
#define ERROR_MAX_US    16000000
#define CONSTANT_MAX    10
#define OFFSET_MAX_NS   (500 * (s64)NSEC_PER_MSEC)

static struct irqlock timex_lock = IRQLOCK_INIT(TIMEX);

static struct {
	s64 freq, tick, maxerror, esterror, constant;
	int status;
	s64 slew_ns;            /* to be worked off since slew_since_ns */
	u64 slew_since_ns;
	bool is_adjtime;        /* whose offset it is */
	struct timer timer;
} ntp = {
	.tick = TICK_US, .maxerror = ERROR_MAX_US, .esterror = ERROR_MAX_US, .constant = 2,
	.status = STA_UNSYNC,
};

/* ppm << 16 to the << 32 of time_set_rate(). */
static s64 rate_of(s64 ppm16)
{
	return ppm16 * 65536 / 1000000;
}

static s64 slew_ppm(void)
{
	return ntp.slew_ns > 0 ? SLEW_PPM : ntp.slew_ns < 0 ? -SLEW_PPM : 0;
}

/* What is left of the offset; 0 when it is over. */
static s64 slew_left(u64 now)
{
	s64 done = (s64)((now - ntp.slew_since_ns) / (1000000 / SLEW_PPM));

	if (ntp.slew_ns >= 0)
		return ntp.slew_ns > done ? ntp.slew_ns - done : 0;
	return -ntp.slew_ns > done ? ntp.slew_ns + done : 0;
}

static void rate_apply(void)
{
	s64 tick = (ntp.tick - TICK_US) * (1000000 / TICK_US);

	time_set_rate(rate_of(ntp.freq + (tick + slew_ppm()) * 65536));
}

static void slew_set(s64 ns, bool is_adjtime)
{
	u64 now = time_now(), length;

	ntp.slew_ns = ns;
	ntp.slew_since_ns = now;
	ntp.is_adjtime = is_adjtime;
	length = (u64)(ns < 0 ? -ns : ns) * (1000000 / SLEW_PPM);
	if (ns)
		timer_set(&ntp.timer, deadline_after(now, length));
	rate_apply();
}

static void slew_over(struct timer *timer __unused)
{
	irq_lock(&timex_lock);
	if (!slew_left(time_now())) {
		ntp.slew_ns = 0;
		rate_apply();
	}
	irq_unlock(&timex_lock);
}

void timex_init(void)
{
	timer_init(&ntp.timer, slew_over);
}

/* ---- the call ---- */

/* By how much ADJ_SETOFFSET steps the clock.  False: to before the boot, or beyond all time. */
static bool step_ns(const struct uapi_timex *tx, s64 *ns)
{
	s64 unit = tx->modes & ADJ_NANO ? 1 : (s64)NSEC_PER_USEC, then;

	return !__builtin_mul_overflow(tx->time.sec, (s64)NSEC_PER_SEC, ns) &&
	       !__builtin_add_overflow(*ns, tx->time.usec * unit, ns) &&
	       !__builtin_add_overflow((s64)time_realtime(), *ns, &then) &&
	       then >= (s64)time_now() && then / (s64)NSEC_PER_SEC < SETTIME_MAX;
}

static int timex_check(const struct uapi_timex *tx)
{
	s64 limit = tx->modes & ADJ_NANO ? (s64)NSEC_PER_SEC : 1000000;
	bool is_step = tx->modes & ADJ_SETOFFSET;
	s64 ns;

	if (tx->modes & ADJ_ADJTIME) {
		if (!(tx->modes & ADJ_OFFSET))
			return -EINVAL;
		return tx->modes & ADJ_OFFSET_READONLY || capable(CAP_SYS_TIME) ? 0 : -EPERM;
	}
	if (tx->modes && !capable(CAP_SYS_TIME))
		return -EPERM;
	if (tx->modes & ADJ_TICK && (tx->tick < TICK_MIN || tx->tick > TICK_MAX))
		return -EINVAL;
	if (is_step && (tx->time.usec < 0 || tx->time.usec >= limit || !step_ns(tx, &ns)))
		return -EINVAL;
	if (tx->modes & ADJ_FREQUENCY && (tx->freq > FREQ_VALID || tx->freq < -FREQ_VALID))
		return -EINVAL;
	return 0;
}

static void set_status(const struct uapi_timex *tx)
{
	if (tx->modes & ADJ_STATUS)
		ntp.status = (ntp.status & STA_RONLY) | (tx->status & ~STA_RONLY);
	if (tx->modes & ADJ_NANO)
		ntp.status |= STA_NANO;
	if (tx->modes & ADJ_MICRO)
		ntp.status &= ~STA_NANO;
	if (tx->modes & ADJ_MAXERROR)
		ntp.maxerror = tx->maxerror;
	if (tx->modes & ADJ_ESTERROR)
		ntp.esterror = tx->esterror;
	if (tx->modes & ADJ_TIMECONST) {
		s64 least = ntp.status & STA_NANO ? 0 : 4;

		ntp.constant = MIN(MAX(tx->constant, -least), CONSTANT_MAX - least) + least;
	}
}

static void set_rates(const struct uapi_timex *tx)
{
	s64 unit = ntp.status & STA_NANO ? 1 : (s64)NSEC_PER_USEC, ns;

	if (tx->modes & ADJ_FREQUENCY)
		ntp.freq = MIN(MAX(tx->freq, -FREQ_MAX), FREQ_MAX);
	if (tx->modes & ADJ_TICK)
		ntp.tick = tx->tick;
	if (tx->modes & ADJ_OFFSET && ntp.status & STA_PLL) {
		ns = MIN(MAX(tx->offset, -OFFSET_MAX_NS / unit), OFFSET_MAX_NS / unit) * unit;
		slew_set(ns, false);
	} else if (tx->modes & (ADJ_FREQUENCY | ADJ_TICK)) {
		slew_set(slew_left(time_now()), ntp.is_adjtime);
	}
}

/* What was left of adjtime()'s offset, us; and a new one, unless the call only asks. */
static s64 adjtime_set(const struct uapi_timex *tx)
{
	s64 left = ntp.is_adjtime ? slew_left(time_now()) / (s64)NSEC_PER_USEC : 0;
	s64 limit = INT64_MAX / (s64)NSEC_PER_SEC;

	if (!(tx->modes & ADJ_OFFSET_READONLY))
		slew_set(MIN(MAX(tx->offset, -limit), limit) * (s64)NSEC_PER_USEC, true);
	return left;
}

static void timex_fill(struct uapi_timex *tx, s64 offset)
{
	u64 now = time_realtime();

	tx->offset = offset;
	tx->freq = ntp.freq;
	tx->maxerror = ntp.maxerror;
	tx->esterror = ntp.esterror;
	tx->status = ntp.status;
	tx->constant = ntp.constant;
	tx->precision = 1;
	tx->tolerance = FREQ_MAX;
	tx->tick = ntp.tick;
	tx->ppsfreq = tx->jitter = tx->stabil = 0;
	tx->jitcnt = tx->calcnt = tx->errcnt = tx->stbcnt = 0;
	tx->shift = 0;
	tx->tai = (s32)(vdso_data->tai_ns / (s64)NSEC_PER_SEC);
	tx->time = timeval_from_ns(now);
	if (ntp.status & STA_NANO)
		tx->time.usec = (s64)(now % NSEC_PER_SEC);
}

/* The clock's state, TIME_*. */
static int timex(struct uapi_timex *tx)
{
	bool is_adjtime = tx->modes & ADJ_ADJTIME;
	s64 offset, step;
	int state;

	irq_lock(&timex_lock);
	if (is_adjtime) {
		offset = adjtime_set(tx);
	} else {
		if (tx->modes & ADJ_SETOFFSET && step_ns(tx, &step))
			time_step_realtime(step);
		set_status(tx);
		set_rates(tx);
		if (tx->modes & ADJ_TAI && tx->constant >= 0 && tx->constant <= INT32_MAX)
			time_set_tai(tx->constant * (s64)NSEC_PER_SEC);
		offset = ntp.is_adjtime ? 0 : slew_left(time_now());
		if (!(ntp.status & STA_NANO))
			offset /= (s64)NSEC_PER_USEC;
	}
	timex_fill(tx, offset);
	state = ntp.status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
	irq_unlock(&timex_lock);
	return state;
}

long sys_adjtimex(struct uapi_timex __user *utx)
{
	struct uapi_timex tx;
	int state;

	if (user_read(&tx, utx) < 0)
		return -EFAULT;
	state = timex_check(&tx);
	if (state < 0)
		return state;
	state = timex(&tx);
	return user_write(utx, &tx) < 0 ? -EFAULT : state;
}

long sys_clock_adjtime(int clock, struct uapi_timex __user *utx)
{
	if (clock == CLOCK_REALTIME)
		return sys_adjtimex(utx);
	return clock >= 0 && clock <= CLOCK_TAI && clock != 10 ? -EOPNOTSUPP : -EINVAL;
}
