/* SPDX-License-Identifier: MIT */
#pragma once
/* File types, modes, stat structures (Linux UAPI); struct uapi_stat is in <arch/uapi_bits.h>. */
#include <arch/uapi_bits.h>

#define S_IFMT          0170000
#define S_IFSOCK        0140000
#define S_IFLNK         0120000
#define S_IFREG         0100000
#define S_IFBLK         0060000
#define S_IFDIR         0040000
#define S_IFCHR         0020000
#define S_IFIFO         0010000
#define S_ISUID         0004000
#define S_ISGID         0002000
#define S_ISVTX         0001000
#define S_IXGRP         0000010
#define S_ALLPERM       0007777

#define S_ISLNK(m)      (((m) & S_IFMT) == S_IFLNK)
#define S_ISREG(m)      (((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m)      (((m) & S_IFMT) == S_IFDIR)
#define S_ISCHR(m)      (((m) & S_IFMT) == S_IFCHR)
#define S_ISBLK(m)      (((m) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(m)     (((m) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(m)     (((m) & S_IFMT) == S_IFSOCK)

/* d_type of a directory entry. */
#define MODE_TO_DT(m)   (((m) & S_IFMT) >> 12)
#define DT_UNKNOWN      0
#define DT_FIFO         1
#define DT_CHR          2
#define DT_DIR          4
#define DT_BLK          6
#define DT_REG          8
#define DT_LNK          10
#define DT_SOCK         12

struct uapi_statx_timestamp {
	s64 sec;
	u32 nsec;
	s32 pad;
};

struct uapi_statx {
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, pad0;
	u64 ino, size, blocks, attributes_mask;
	struct uapi_statx_timestamp atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 mnt_id;
	u32 dio_mem_align, dio_offset_align;
	u64 spare[12];
};
_Static_assert(sizeof(struct uapi_statx) == 256, "struct statx");

#define STATX_BASIC_STATS       0x7ffu
#define STATX_MNT_ID            0x1000u
#define STATX_RESERVED          0x80000000u
#define STATX_ATTR_MOUNT_ROOT   0x2000u

struct uapi_statfs {
	s64 type, bsize;
	u64 blocks, bfree, bavail, files, ffree;
	s32 fsid[2];
	s64 namelen, frsize, flags;
	s64 spare[4];
};
_Static_assert(sizeof(struct uapi_statfs) == 120, "struct statfs");

struct uapi_linux_dirent64 {
	u64 ino;
	s64 off;
	u16 reclen;
	u8 type;
	char name[];
} __packed;

#define UTIME_NOW       0x3fffffff
#define UTIME_OMIT      0x3ffffffe
