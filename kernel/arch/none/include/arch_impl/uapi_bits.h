/* SPDX-License-Identifier: MIT */
#pragma once
/* The generic layout and numbers of Linux. */

#define O_DIRECTORY     0200000
#define O_NOFOLLOW      0400000
#define O_DIRECT        0040000
#define O_LARGEFILE     0100000

#define ARCH_ELF_MACHINE 0        /* EM_* of programs */
#define UAPI_MINSIGSTKSZ 2048

struct uapi_stat {
	u64 dev;
	u64 ino;
	u32 mode;
	u32 nlink;
	u32 uid;
	u32 gid;
	u64 rdev;
	u64 pad1;
	s64 size;
	s32 blksize;
	s32 pad2;
	s64 blocks;
	s64 atime;
	u64 atime_nsec;
	s64 mtime;
	u64 mtime_nsec;
	s64 ctime;
	u64 ctime_nsec;
	u32 unused[2];
};
_Static_assert(sizeof(struct uapi_stat) == 128, "struct stat");

struct uapi_epoll_event {
	u32 events;
	u32 pad;
	u64 data;
};
_Static_assert(sizeof(struct uapi_epoll_event) == 16, "struct epoll_event");
