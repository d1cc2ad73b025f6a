/* SPDX-License-Identifier: MIT */
#pragma once
/* Core files (Linux UAPI): what is in their notes. */
#include <uapi/time.h>

#define NT_PRSTATUS             1
#define NT_PRFPREG              2
#define NT_PRPSINFO             3
#define NT_AUXV                 6
#define NT_X86_XSTATE           0x202
#define NT_ARM_TLS              0x401
#define NT_ARM_SYSTEM_CALL      0x404
#define NT_ARM_SVE              0x405
#define NT_FILE                 0x46494c45
#define NT_SIGINFO              0x53494749

/* NT_PRSTATUS: this, the general registers, and a u64 that says whether NT_PRFPREG follows. */
struct uapi_prstatus {
	s32 signo, code, err;
	s16 cursig;
	s16 pad;
	u64 pending, blocked;
	s32 pid, ppid, pgrp, sid;
	struct uapi_timeval utime, stime, cutime, cstime;
};
_Static_assert(sizeof(struct uapi_prstatus) == 112, "struct elf_prstatus");

struct uapi_prpsinfo {
	s8 state, sname, zombie, nice;
	u32 pad;
	u64 flags;
	u32 uid, gid;
	s32 pid, ppid, pgrp, sid;
	char fname[16];
	char psargs[80];
};
_Static_assert(sizeof(struct uapi_prpsinfo) == 136, "struct elf_prpsinfo");

/* Bits of /proc/PID/coredump_filter: what is dumped whole. */
#define CORE_ANON_PRIVATE       0x01u
#define CORE_ANON_SHARED        0x02u
#define CORE_FILE_PRIVATE       0x04u
#define CORE_FILE_SHARED        0x08u
#define CORE_ELF_HEADERS        0x10u
#define CORE_FILTER_DEFAULT     0x33u
#define CORE_FILTER_ALL         0x1ffu
