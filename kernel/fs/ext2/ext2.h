/* SPDX-License-Identifier: MIT */
#pragma once
/* ext2, private to kernel/fs/ext2. */
#include "buffer.h"
#include "disk.h"

#include <gemel/fs.h>
#include <gemel/work.h>

#define EXT2_SB_MAGIC 0xef53u

/* One mounted file system: superblock->private. */
struct ext2 {
	/* Constant. */
	struct superblock *sb;
	struct block_device *bdev;
	u32 block_size, block_bits;
	u32 blocks_count, inodes_count, first_data_block, first_ino;
	u32 blocks_per_group, inodes_per_group, inode_size, ngroups;
	u32 group_descs_per_block, ptrs_per_block;
	bool has_filetype;

	struct buffer_cache buffers;
	struct buffer *super_buffer;            /* held while mounted */
	struct buffer **group_buffers;

	/*
	 * Allocation: bitmaps, group descriptors, free counts, and every change of a block map.
	 * Rank FS: above address spaces, since faults on shared mappings allocate.
	 */
	struct mutex lock;
	bool super_is_dirty;

	struct delayed_work flush_work;
};

/* inode->private */
struct ext2_info {
	u32 slot[EXT2_NSLOTS];                  /* fs->lock to change; read any time */
	u32 flags, generation, file_acl;        /* constant but for EXT2_FLAG_INDEX: inode lock */
	u32 dtime;
	u32 goal;                               /* fs->lock: where the next block would fit well */
};

static inline struct ext2 *ext2_of_sb(struct superblock *sb)
{
	return sb->private;
}
static inline struct ext2 *ext2_of(struct inode *ip)
{
	return ip->sb->private;
}
static inline struct ext2_info *ext2_info(struct inode *ip)
{
	return ip->private;
}

/* super.c */
struct ext2_super *ext2_super(struct ext2 *fs);
struct ext2_group *ext2_group(struct ext2 *fs, u32 group);
void ext2_group_dirty(struct ext2 *fs, u32 group);
/* The disk contradicts itself: say so once, go read-only.  Returns -EUCLEAN. */
int ext2_corrupt(struct ext2 *fs, const char *what, u64 where);
/* Metadata changed: it will be flushed within seconds. */
void ext2_schedule_flush(struct ext2 *fs);
bool ext2_block_ok(const struct ext2 *fs, u32 block);

/* alloc.c */
/* There, and neither superblock, descriptor, bitmap nor inode table. */
bool ext2_block_is_data(struct ext2 *fs, u32 block);
/* A free block near @goal.  0, -ENOSPC, -EIO. */
int __must_check ext2_block_alloc(struct ext2 *fs, u32 goal, u32 *out) __must_hold(fs->lock);
int ext2_block_free(struct ext2 *fs, u32 block) __must_hold(fs->lock);
/* A free inode number for a child of @dir.  0, -ENOSPC, -EIO. */
int __must_check ext2_inode_alloc(struct ext2 *fs, struct inode *dir, bool is_dir, u32 *out);
int ext2_inode_free(struct ext2 *fs, u32 ino, bool is_dir);
u32 ext2_group_first_block(const struct ext2 *fs, u32 group);

/* map.c: file block -> disk block */
/* 0 with *out == 0: a hole.  -EIO, -EUCLEAN. */
int __must_check ext2_map(struct inode *ip, u64 index, u32 *out);
/* As above, but a hole is filled; *is_new then. */
int __must_check ext2_map_alloc(struct inode *ip, u64 index, u32 *out, bool *is_new);
/* Free every block from file block @keep on. */
int ext2_map_truncate(struct inode *ip, u64 keep);
u64 ext2_max_size(const struct ext2 *fs);

/* file.c */
extern const struct mapping_ops ext2_mapping_ops;

/* inode.c */
extern const struct inode_ops ext2_file_ops, ext2_dir_ops, ext2_symlink_ops, ext2_special_ops;
/* The inode @ino, referenced.  0, -EIO, -EUCLEAN, -ENOMEM. */
int __must_check ext2_inode_get(struct ext2 *fs, u32 ino, struct inode **out);
/* A new inode for a child of @dir, written to its place, referenced. */
int __must_check ext2_inode_new(struct inode *dir, mode_t mode, dev_t rdev, struct inode **out);
/* Undo ext2_inode_new(); drops the reference. */
void ext2_inode_discard(struct inode *ip);
/* Copy the inode into its buffer. */
int ext2_inode_write(struct inode *ip);
void ext2_inode_evict(struct inode *ip);
int ext2_truncate(struct inode *ip, u64 size);
int ext2_setattr(struct inode *ip, const struct inode_attr *attr);

/* dir.c: entries; the directory's lock is held by the caller */
/* The entry's inode number; 0, -ENOENT, ... */
int __must_check ext2_dir_find(struct inode *dir, const char *name, size_t len, u32 *ino);
int __must_check ext2_dir_add(struct inode *dir, const char *name, size_t len, struct inode *ip);
int __must_check ext2_dir_remove(struct inode *dir, const char *name, size_t len);
/* Point an existing entry at @ip. */
int __must_check ext2_dir_set(struct inode *dir, const char *name, size_t len, struct inode *ip);
/* First block of a new directory: "." and "..". */
int __must_check ext2_dir_make_empty(struct inode *dir, struct inode *parent);
int __must_check ext2_dir_is_empty(struct inode *dir, bool *out);
int ext2_dir_iterate(struct inode *dir, struct dir_context *ctx);

/* namei.c: operations on names, for ext2_dir_ops */
int ext2_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
int ext2_create(struct inode *dir, const char *name, size_t len, mode_t mode, dev_t rdev,
		struct inode **out);
int ext2_mkdir(struct inode *dir, const char *name, size_t len, mode_t mode, struct inode **out);
int ext2_symlink(struct inode *dir, const char *name, size_t len, const char *target,
		 struct inode **out);
int ext2_link(struct inode *dir, const char *name, size_t len, struct inode *ip);
int ext2_unlink(struct inode *dir, const char *name, size_t len, struct inode *ip);
int ext2_rmdir(struct inode *dir, const char *name, size_t len, struct inode *ip);
int ext2_rename(struct inode *old_dir, const char *old_name, size_t old_len, struct inode *new_dir,
		const char *new_name, size_t new_len, struct inode *ip, struct inode *victim);
ssize_t ext2_readlink(struct inode *ip, char *buf, size_t size);
