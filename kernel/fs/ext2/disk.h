/* SPDX-License-Identifier: MIT */
#pragma once
/* ext2 on the disk (revision 1; "The Second Extended File System", D. Poirier). */
#include <gemel/compiler.h>

#define EXT2_MAGIC              0xef53u
#define EXT2_SUPER_OFFSET       1024u
#define EXT2_ROOT_INO           2u
#define EXT2_OLD_FIRST_INO      11u
#define EXT2_OLD_INODE_SIZE     128u

#define EXT2_STATE_CLEAN        1u
#define EXT2_STATE_ERRORS       2u

#define EXT2_COMPAT_DIR_INDEX           0x0020u
#define EXT2_INCOMPAT_FILETYPE          0x0002u
#define EXT2_RO_COMPAT_SPARSE_SUPER     0x0001u
#define EXT2_RO_COMPAT_LARGE_FILE       0x0002u

struct ext2_super {
	le32 inodes_count;
	le32 blocks_count;
	le32 reserved_blocks;
	le32 free_blocks;
	le32 free_inodes;
	le32 first_data_block;
	le32 log_block_size;            /* block size = 1024 << this */
	le32 log_frag_size;
	le32 blocks_per_group;
	le32 frags_per_group;
	le32 inodes_per_group;
	le32 mount_time;
	le32 write_time;
	le16 mount_count;
	le16 max_mount_count;
	le16 magic;
	le16 state;
	le16 errors;
	le16 minor_revision;
	le32 last_check;
	le32 check_interval;
	le32 creator_os;
	le32 revision;
	le16 reserved_uid;
	le16 reserved_gid;
	/* Revision 1. */
	le32 first_inode;
	le16 inode_size;
	le16 block_group;
	le32 compat;
	le32 incompat;
	le32 ro_compat;
	u8 uuid[16];
	char label[16];
	char last_mounted[64];
	le32 algorithm_bitmap;
	u8 rest[820];
} __packed;
_Static_assert(sizeof(struct ext2_super) == 1024, "ext2 superblock");

struct ext2_group {
	le32 block_bitmap;
	le32 inode_bitmap;
	le32 inode_table;
	le16 free_blocks;
	le16 free_inodes;
	le16 used_dirs;
	le16 pad;
	u8 reserved[12];
} __packed;
_Static_assert(sizeof(struct ext2_group) == 32, "ext2 group descriptor");

#define EXT2_NDIRECT            12u
#define EXT2_NSLOTS             15u     /* direct, indirect, double, triple */
#define EXT2_FAST_SYMLINK_MAX   60u     /* target lies in the slots; with its NUL */

#define EXT2_FLAG_IMMUTABLE     0x00000010u
#define EXT2_FLAG_APPEND        0x00000020u
#define EXT2_FLAG_INDEX         0x00001000u

struct ext2_inode {
	le16 mode;
	le16 uid_low;
	le32 size_low;
	le32 atime;
	le32 ctime;
	le32 mtime;
	le32 dtime;
	le16 gid_low;
	le16 links;
	le32 sectors;                   /* of 512 bytes, indirect blocks counted */
	le32 flags;
	le32 osd1;
	le32 slot[EXT2_NSLOTS];
	le32 generation;
	le32 file_acl;
	le32 size_high;                 /* directories: dir_acl */
	le32 fragment;
	u8 osd2_pad[4];
	le16 uid_high;
	le16 gid_high;
	le32 osd2_reserved;
} __packed;
_Static_assert(sizeof(struct ext2_inode) == 128, "ext2 inode");

#define EXT2_NAME_MAX           255u
#define EXT2_DIRENT_HEAD        8u

struct ext2_dirent {
	le32 inode;                     /* 0: free */
	le16 rec_len;
	u8 name_len;
	u8 file_type;                   /* EXT2_FT_*; 0 without INCOMPAT_FILETYPE */
	char name[];
} __packed;

/* A record with a name of @n bytes. */
static inline u32 ext2_dirent_size(u32 n)
{
	return ALIGN_UP(EXT2_DIRENT_HEAD + n, 4u);
}

enum {
	EXT2_FT_UNKNOWN,
	EXT2_FT_REGULAR,
	EXT2_FT_DIRECTORY,
	EXT2_FT_CHAR,
	EXT2_FT_BLOCK,
	EXT2_FT_FIFO,
	EXT2_FT_SOCKET,
	EXT2_FT_SYMLINK,
};
