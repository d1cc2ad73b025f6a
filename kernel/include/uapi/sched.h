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

struct uapi_sched_param {
	s32 priority;
};

#define SCHED_RESET_ON_FORK 0x40000000

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
