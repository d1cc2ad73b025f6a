/* SPDX-License-Identifier: MIT */
#pragma once
/* open, fcntl, *at flags and the like (Linux UAPI).  Four O_ values differ: <arch/uapi_bits.h>. */
#include <arch/uapi_bits.h>

#define O_ACCMODE       00000003
#define O_RDONLY        00000000
#define O_WRONLY        00000001
#define O_RDWR          00000002
#define O_CREAT         00000100
#define O_EXCL          00000200
#define O_NOCTTY        00000400
#define O_TRUNC         00001000
#define O_APPEND        00002000
#define O_NONBLOCK      00004000
#define O_DSYNC         00010000
#define O_ASYNC         00020000
#define O_NOATIME       01000000
#define O_CLOEXEC       02000000
#define O_SYNC          04010000
#define O_PATH          010000000
#define O_TMPFILE_BIT   020000000
#define O_TMPFILE       (O_TMPFILE_BIT | O_DIRECTORY)

#define AT_FDCWD                (-100)
#define AT_SYMLINK_NOFOLLOW     0x100
#define AT_REMOVEDIR            0x200
#define AT_EACCESS              0x200
#define AT_SYMLINK_FOLLOW       0x400
#define AT_NO_AUTOMOUNT         0x800
#define AT_EMPTY_PATH           0x1000
#define AT_STATX_SYNC_TYPE      0x6000

#define R_OK    4
#define W_OK    2
#define X_OK    1
#define F_OK    0

#define SEEK_SET        0
#define SEEK_CUR        1
#define SEEK_END        2
#define SEEK_DATA       3
#define SEEK_HOLE       4

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_SETOWN        8
#define F_GETOWN        9
#define F_SETSIG        10
#define F_GETSIG        11
#define F_SETOWN_EX     15
#define F_GETOWN_EX     16
#define F_OFD_GETLK     36
#define F_OFD_SETLK     37
#define F_OFD_SETLKW    38
#define F_SETLEASE      1024
#define F_GETLEASE      1025
#define F_NOTIFY        1026
#define DN_MULTISHOT    0x80000000ul
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ    1031
#define F_GETPIPE_SZ    1032
#define F_ADD_SEALS     1033
#define F_GET_SEALS     1034
#define FD_CLOEXEC      1

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

struct uapi_flock {
	s16 type;
	s16 whence;
	s32 pad0;
	s64 start;
	s64 len;
	s32 pid;
	s32 pad1;
};
_Static_assert(sizeof(struct uapi_flock) == 32, "struct flock");

struct uapi_f_owner_ex {
	s32 type;
	s32 pid;
};
#define F_OWNER_TID     0
#define F_OWNER_PID     1
#define F_OWNER_PGRP    2

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

#define FALLOC_FL_KEEP_SIZE     0x01
#define FALLOC_FL_PUNCH_HOLE    0x02
#define FALLOC_FL_COLLAPSE_RANGE 0x08
#define FALLOC_FL_ZERO_RANGE    0x10
#define FALLOC_FL_INSERT_RANGE  0x20
#define FALLOC_FL_UNSHARE_RANGE 0x40

#define RENAME_NOREPLACE        1
#define RENAME_EXCHANGE         2
#define RENAME_WHITEOUT         4

#define CLOSE_RANGE_UNSHARE     2
#define CLOSE_RANGE_CLOEXEC     4

#define MFD_CLOEXEC             1u
#define MFD_ALLOW_SEALING       2u
#define MFD_NOEXEC_SEAL         8u
#define MFD_EXEC                16u
#define F_SEAL_SEAL             0x01

struct uapi_open_how {
	u64 flags;
	u64 mode;
	u64 resolve;
};
#define RESOLVE_NO_XDEV         0x01
#define RESOLVE_NO_MAGICLINKS   0x02
#define RESOLVE_NO_SYMLINKS     0x04
#define RESOLVE_BENEATH         0x08
#define RESOLVE_IN_ROOT         0x10
#define RESOLVE_CACHED          0x20

#define RWF_HIPRI       0x1
#define RWF_DSYNC       0x2
#define RWF_SYNC        0x4
#define RWF_NOWAIT      0x8
#define RWF_APPEND      0x10

#define SPLICE_F_MOVE           1
#define SPLICE_F_NONBLOCK       2
#define SPLICE_F_MORE           4
#define SPLICE_F_GIFT           8

#define FIONREAD        0x541b
#define FIONBIO         0x5421
#define FIONCLEX        0x5450
#define FIOCLEX         0x5451
#define FIOASYNC        0x5452
#define FIOQSIZE        0x5460
