/* SPDX-License-Identifier: MIT */
#pragma once

#define O_DIRECTORY     0040000
#define O_NOFOLLOW      0100000
#define O_DIRECT        0200000
#define O_LARGEFILE     0400000

#define ARCH_ELF_MACHINE 183        /* EM_* of programs */
#define UAPI_MINSIGSTKSZ 5120

struct uapi_stat {
	u64 st_dev;
	u64 st_ino;
	u32 st_mode;
	u32 st_nlink;
	u32 st_uid;
	u32 st_gid;
	u64 st_rdev;
	u64 pad1;
	s64 st_size;
	s32 st_blksize;
	s32 pad2;
	s64 st_blocks;
	s64 st_atime;
	u64 st_atime_nsec;
	s64 st_mtime;
	u64 st_mtime_nsec;
	s64 st_ctime;
	u64 st_ctime_nsec;
	u32 unused[2];
};
_Static_assert(sizeof(struct uapi_stat) == 128, "struct stat");

struct uapi_epoll_event {
	u32 events;
	u32 pad;
	u64 data;
};
_Static_assert(sizeof(struct uapi_epoll_event) == 16, "struct epoll_event");
