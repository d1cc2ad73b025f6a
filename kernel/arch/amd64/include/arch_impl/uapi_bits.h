/* SPDX-License-Identifier: MIT */
#pragma once
/* Linux x86-64. */
#define O_DIRECT        00040000
#define O_LARGEFILE     00100000
#define O_DIRECTORY     00200000
#define O_NOFOLLOW      00400000

#define ARCH_ELF_MACHINE 62        /* EM_* of programs */
#define UAPI_MINSIGSTKSZ 2048

struct uapi_stat {
	u64 dev;
	u64 ino;
	u64 nlink;
	u32 mode;
	u32 uid;
	u32 gid;
	u32 pad0;
	u64 rdev;
	s64 size;
	s64 blksize;
	s64 blocks;
	s64 atime;
	u64 atime_nsec;
	s64 mtime;
	u64 mtime_nsec;
	s64 ctime;
	u64 ctime_nsec;
	s64 unused[3];
};
_Static_assert(sizeof(struct uapi_stat) == 144, "struct stat");

struct uapi_epoll_event {
	u32 events;
	u64 data;
} __packed;
_Static_assert(sizeof(struct uapi_epoll_event) == 12, "struct epoll_event");
