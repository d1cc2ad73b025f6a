/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Signals as user space sees them (Linux UAPI, the same on both CPUs but for
 * the frame, which is in arch/).
 */
#include <gemel/compiler.h>
#include <uapi/signo.h>

#define SIGNAL_MAX 64           /* the highest signal number; sets have one bit each */

/* Bit signo - 1. */
typedef struct sigset { u64 bits; } sigset_t;

#define SA_NOCLDSTOP    0x00000001ul
#define SA_NOCLDWAIT    0x00000002ul
#define SA_SIGINFO      0x00000004ul
#define SA_EXPOSE_TAGBITS 0x00000800ul
#define SA_RESTORER     0x04000000ul
#define SA_ONSTACK      0x08000000ul
#define SA_RESTART      0x10000000ul
#define SA_NODEFER      0x40000000ul
#define SA_RESETHAND    0x80000000ul

#define SIG_DFL_ADDR    0ul
#define SIG_IGN_ADDR    1ul

/* rt_sigaction's struct: the same layout on amd64 and arm64. */
struct uapi_sigaction {
	ulong handler;
	ulong flags;
	ulong restorer;
	sigset_t mask;
};

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

/* stack_t */
struct uapi_stack {
	ulong sp;
	s32 flags;
	s32 pad;
	u64 size;
};

#define SS_ONSTACK      1
#define SS_DISABLE      2
#define SS_AUTODISARM   (1u << 31)

/* siginfo_t: 128 bytes; the kernel builds it whole. */
struct ksiginfo {
	s32 signo;
	s32 err;
	s32 code;
	s32 pad0;
	union {
		struct { s32 pid; u32 uid; } kill;
		struct { s32 tid; s32 overrun; u64 value; } timer;
		struct { s32 pid; u32 uid; u64 value; } rt;
		struct { s32 pid; u32 uid; s32 status; s32 pad; s64 utime, stime; } chld;
		struct { u64 addr; s16 addr_lsb; } fault;
		struct { s64 band; s32 fd; } poll;
		struct { u64 call_addr; s32 syscall; u32 arch; } sys;
		u8 room[112];
	};
};
_Static_assert(sizeof(struct ksiginfo) == 128, "siginfo_t");

#define SI_USER         0
#define SI_KERNEL       0x80
#define SI_QUEUE        (-1)
#define SI_TIMER        (-2)
#define SI_MESGQ        (-3)
#define SI_ASYNCIO      (-4)
#define SI_SIGIO        (-5)
#define SI_TKILL        (-6)
#define SI_DETHREAD     (-7)
#define SI_ASYNCNL      (-60)

#define ILL_ILLOPC      1
#define ILL_PRVOPC      5
#define FPE_INTDIV      1
#define FPE_INTOVF      2
#define FPE_FLTDIV      3
#define FPE_FLTOVF      4
#define FPE_FLTUND      5
#define FPE_FLTRES      6
#define FPE_FLTINV      7
#define SEGV_MAPERR     1
#define SEGV_ACCERR     2
#define BUS_ADRALN      1
#define BUS_ADRERR      2
#define BUS_OBJERR      3
#define TRAP_BRKPT      1
#define TRAP_TRACE      2
#define TRAP_HWBKPT     4
#define CLD_EXITED      1
#define CLD_KILLED      2
#define CLD_DUMPED      3
#define CLD_TRAPPED     4
#define CLD_STOPPED     5
#define CLD_CONTINUED   6
#define POLL_IN         1
#define POLL_OUT        2
#define POLL_HUP        6

#define SFD_CLOEXEC     02000000
#define SFD_NONBLOCK    04000
