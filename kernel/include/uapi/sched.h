/* SPDX-License-Identifier: MIT */
#pragma once
/* clone() flags and wait options (Linux UAPI). */
#include <gemel/compiler.h>

#define CLONE_EXIT_SIGNAL       0x000000fful
#define CLONE_VM                0x00000100ul
#define CLONE_FS                0x00000200ul
#define CLONE_FILES             0x00000400ul
#define CLONE_SIGHAND           0x00000800ul
#define CLONE_PIDFD             0x00001000ul
#define CLONE_PTRACE            0x00002000ul
#define CLONE_VFORK             0x00004000ul
#define CLONE_PARENT            0x00008000ul
#define CLONE_THREAD            0x00010000ul
#define CLONE_NEWNS             0x00020000ul
#define CLONE_SYSVSEM           0x00040000ul
#define CLONE_SETTLS            0x00080000ul
#define CLONE_PARENT_SETTID     0x00100000ul
#define CLONE_CHILD_CLEARTID    0x00200000ul
#define CLONE_DETACHED          0x00400000ul
#define CLONE_UNTRACED          0x00800000ul
#define CLONE_CHILD_SETTID      0x01000000ul
#define CLONE_NEWCGROUP         0x02000000ul
#define CLONE_NEWUTS            0x04000000ul
#define CLONE_NEWIPC            0x08000000ul
#define CLONE_NEWUSER           0x10000000ul
#define CLONE_NEWPID            0x20000000ul
#define CLONE_NEWNET            0x40000000ul
#define CLONE_IO                0x80000000ul
#define CLONE_CLEAR_SIGHAND     0x100000000ul
#define CLONE_INTO_CGROUP       0x200000000ul
#define CLONE_NEWTIME           0x00000080ul

struct uapi_clone_args {
	u64 flags;
	u64 pidfd;
	u64 child_tid;
	u64 parent_tid;
	u64 exit_signal;
	u64 stack;
	u64 stack_size;
	u64 tls;
	u64 set_tid;
	u64 set_tid_size;
	u64 cgroup;
};
#define CLONE_ARGS_SIZE_VER0 64
#define CLONE_SET_TID_MAX 32

struct uapi_sched_param {
	s32 priority;
};

#define SCHED_RESET_ON_FORK 0x40000000

struct uapi_sched_attr {
	u32 size, policy;
	u64 flags;              /* SCHED_FLAG_* */
	s32 nice;
	u32 priority;
	u64 runtime, deadline, period;
	u32 util_min, util_max;
};
_Static_assert(sizeof(struct uapi_sched_attr) == 56, "struct sched_attr");

#define SCHED_ATTR_SIZE_VER0    48
#define SCHED_FLAG_RESET_ON_FORK 0x01
#define SCHED_FLAG_KEEP_POLICY  0x08
#define SCHED_FLAG_KEEP_PARAMS  0x10
#define SCHED_FLAG_DEADLINE     0x06    /* reclaim, overrun: of a policy that is not here */
#define SCHED_FLAG_UTIL         0x60

/* personality() */
#define PERSONA_ASK             0xffffffffu
#define PERSONA_NO_RANDOMIZE    0x0040000u
/* READ_IMPLIES_EXEC, ADDR_NO_RANDOMIZE, ADDR_COMPAT_LAYOUT, MMAP_PAGE_ZERO */
#define PERSONA_CLEARED_BY_SETID 0x0740000u

#define WNOHANG         1
#define WUNTRACED       2
#define WSTOPPED        2
#define WEXITED         4
#define WCONTINUED      8
#define WNOWAIT         0x01000000
#define WNOTHREAD       0x20000000
#define WALL            0x40000000
#define WCLONE          0x80000000u

#define P_ALL           0
#define P_PID           1
#define P_PGID          2
#define P_PIDFD         3
