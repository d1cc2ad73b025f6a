/* SPDX-License-Identifier: MIT */
#pragma once
/* adjtimex(): struct timex and its numbers (Linux UAPI, 64-bit). */
#include <gemel/compiler.h>
#include <uapi/time.h>

struct uapi_timex {
	u32 modes;
	u32 pad0;
	s64 offset;             /* us, or ns with STA_NANO */
	s64 freq;               /* ppm << 16 */
	s64 maxerror, esterror; /* us */
	s32 status;             /* STA_* */
	s32 pad1;
	s64 constant;
	s64 precision;          /* us */
	s64 tolerance;          /* ppm << 16 */
	struct uapi_timeval time;       /* its usec are ns with STA_NANO */
	s64 tick;               /* us between the ticks of a clock of USER_HZ */
	s64 ppsfreq, jitter;
	s32 shift;
	s32 pad2;
	s64 stabil, jitcnt, calcnt, errcnt, stbcnt;
	s32 tai;
	s32 pad3[11];
};
_Static_assert(sizeof(struct uapi_timex) == 208, "struct timex");

#define ADJ_OFFSET              0x0001u
#define ADJ_FREQUENCY           0x0002u
#define ADJ_MAXERROR            0x0004u
#define ADJ_ESTERROR            0x0008u
#define ADJ_STATUS              0x0010u
#define ADJ_TIMECONST           0x0020u
#define ADJ_TAI                 0x0080u
#define ADJ_SETOFFSET           0x0100u
#define ADJ_MICRO               0x1000u
#define ADJ_NANO                0x2000u
#define ADJ_TICK                0x4000u
#define ADJ_ADJTIME             0x8000u         /* adjtime()'s own way */
#define ADJ_OFFSET_SINGLESHOT   0x8001u
#define ADJ_OFFSET_READONLY     0x2000u         /* with ADJ_ADJTIME */

#define STA_PLL         0x0001
#define STA_UNSYNC      0x0040
#define STA_NANO        0x2000
#define STA_RONLY       0xff00          /* the user cannot set these */

#define TIME_OK         0
#define TIME_ERROR      5               /* not synchronised */
