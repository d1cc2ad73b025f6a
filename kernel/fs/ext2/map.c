/* SPDX-License-Identifier: MIT */
/*
 * ext2: which disk block holds which file block.
 *
 *	slot 0..11	file blocks 0..11
 *	slot 12		-> block of pointers
 *	slot 13		-> pointers to those (double)
 *	slot 14		-> pointers to those (triple)
 *
 * Locking.  Changes are made under fs->lock.  Readers take nothing: a pointer
 * is one aligned word that goes from 0 to a block number once, and before a
 * truncate takes it away the VFS has drained every page that could be looking.
 */
#include "ext2.h"

#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/string.h>

#define MAX_DEPTH 4u

/* The way to a file block: the slot, then an index into each level's block. */
struct map_path {
	uint depth;                     /* 0: direct */
	u32 index[MAX_DEPTH];
};

/* -EFBIG when no triple reaches there. */
static int path_make(const struct ext2 *fs, u64 index, struct map_path *path)
{
	u64 ptrs = fs->ptrs_per_block, span = 1;

	memset(path, 0, sizeof(*path));
	if (index < EXT2_NDIRECT) {
		path->index[0] = (u32)index;
		return 0;
	}
	index -= EXT2_NDIRECT;
	for (path->depth = 1; path->depth < MAX_DEPTH; path->depth++) {
		span *= ptrs;
		if (index < span)
			break;
		index -= span;
	}
	if (path->depth == MAX_DEPTH)
		return -EFBIG;
	path->index[0] = EXT2_NDIRECT + path->depth - 1;
	for (uint level = path->depth; level > 0; level--) {
		path->index[level] = (u32)(index % ptrs);
		index /= ptrs;
	}
	return 0;
}

u64 ext2_max_size(const struct ext2 *fs)
{
	u64 ptrs = fs->ptrs_per_block;
	u64 blocks = EXT2_NDIRECT + ptrs + ptrs * ptrs + ptrs * ptrs * ptrs;
	/* i_blocks counts 512-byte units in 32 bits. */
	u64 by_count = 0xffffffffull * 512 - (blocks >> 8 << fs->block_bits >> 8);

	return MIN(blocks << fs->block_bits, by_count);
}

static u32 pointer_at(const struct buffer *b, u32 index)
{
	return READ_ONCE(((const u32 *)b->data)[index]);
}

int ext2_map(struct inode *ip, u64 index, u32 *out)
{
	struct ext2 *fs = ext2_of(ip);
	struct map_path path;
	u32 block;
	int err = path_make(fs, index, &path);

	*out = 0;
	if (err < 0)
		return err == -EFBIG ? 0 : err;
	block = READ_ONCE(ext2_info(ip)->slot[path.index[0]]);
	for (uint level = 1; level <= path.depth && block; level++) {
		struct buffer *b;

		if (!ext2_block_is_data(fs, block))
			return ext2_corrupt(fs, "indirect block", block);
		err = buffer_get(&fs->buffers, block, &b);
		if (err < 0)
			return err;
		block = pointer_at(b, path.index[level]);
		buffer_put(b);
	}
	if (block && !ext2_block_is_data(fs, block))
		return ext2_corrupt(fs, "data block", block);
	*out = block;
	return 0;
}

/* A new block for @ip, counted. */
static int map_block_alloc(struct inode *ip, u32 *out) __no_lock_analysis
{
	struct ext2 *fs = ext2_of(ip);
	struct ext2_info *info = ext2_info(ip);
	int err = ext2_block_alloc(fs, info->goal, out);

	if (err < 0)
		return err;
	info->goal = *out + 1;
	ip->blocks += fs->block_size / 512;
	inode_mark_dirty(ip);
	return 0;
}

/* Only a block that cannot be is an error; one whose bitmap cannot be read is lost. */
static int map_block_free(struct inode *ip, u32 block) __no_lock_analysis
{
	struct ext2 *fs = ext2_of(ip);
	int err = ext2_block_free(fs, block);

	ip->blocks -= MIN(ip->blocks, (u64)(fs->block_size / 512));
	inode_mark_dirty(ip);
	return err == -EUCLEAN ? err : 0;
}

/* Make sure that the pointer at *@slot leads to a block of pointers; *out is that block. */
static int map_level(struct inode *ip, u32 *slot, struct buffer *holder, struct buffer **out)
{
	struct ext2 *fs = ext2_of(ip);
	u32 block = READ_ONCE(*slot);
	int err;

	if (block) {
		if (!ext2_block_is_data(fs, block))
			return ext2_corrupt(fs, "indirect block", block);
		return buffer_get(&fs->buffers, block, out);
	}
	err = map_block_alloc(ip, &block);
	if (err < 0)
		return err;
	err = buffer_get_new(&fs->buffers, block, out);
	if (err < 0) {
		(void)map_block_free(ip, block);
		return err;
	}
	WRITE_ONCE(*slot, block);
	if (holder)
		buffer_dirty(holder);
	return 0;
}

static int map_alloc_locked(struct inode *ip, const struct map_path *path, u32 *out, bool *is_new)
{
	u32 *slot = &ext2_info(ip)->slot[path->index[0]];
	struct buffer *holder = NULL;
	int err = 0;

	for (uint level = 1; level <= path->depth; level++) {
		struct buffer *next;

		err = map_level(ip, slot, holder, &next);
		if (holder)
			buffer_put(holder);
		if (err < 0)
			return err;
		holder = next;
		slot = (u32 *)holder->data + path->index[level];
	}
	*out = READ_ONCE(*slot);
	if (*out == 0) {
		err = map_block_alloc(ip, out);
		if (err == 0) {
			WRITE_ONCE(*slot, *out);
			*is_new = true;
			if (holder)
				buffer_dirty(holder);
		}
	}
	if (holder)
		buffer_put(holder);
	return err;
}

int ext2_map_alloc(struct inode *ip, u64 index, u32 *out, bool *is_new)
{
	struct ext2 *fs = ext2_of(ip);
	struct map_path path;
	int err;

	*is_new = false;
	err = ext2_map(ip, index, out);
	if (err < 0 || *out)
		return err;
	err = path_make(fs, index, &path);
	if (err < 0)
		return err;
	mutex_lock(&fs->lock);
	err = map_alloc_locked(ip, &path, out, is_new);
	mutex_unlock(&fs->lock);
	return err;
}

/* ---- truncation ---- */

/*
 * Free what the pointer *@slot (with @level levels of pointers below it, file
 * blocks from @base on) leads to, from file block @keep on.  *slot becomes 0 if
 * nothing is left.  It ends at the first block that is free already: pointers in a
 * circle lead to no more blocks than there are.
 */
static int free_tree(struct inode *ip, u32 *slot, uint level, u64 base, u64 keep)
{
	struct ext2 *fs = ext2_of(ip);
	struct buffer *b;
	u64 span = 1;
	int err;

	if (*slot == 0)
		return 0;
	for (uint i = 0; i < level; i++)
		span *= fs->ptrs_per_block;
	if (base + span <= keep)
		return 0;
	if (level == 0) {
		/* Directories and symbolic links keep their blocks in buffers. */
		if ((ip->mode & S_IFMT) != S_IFREG)
			buffer_forget(&fs->buffers, *slot);
		err = map_block_free(ip, *slot);
		WRITE_ONCE(*slot, 0);
		return err;
	}
	if (!ext2_block_is_data(fs, *slot))
		return ext2_corrupt(fs, "indirect block", *slot);
	err = buffer_get(&fs->buffers, *slot, &b);
	if (err < 0)
		return err;
	span /= fs->ptrs_per_block;
	for (u32 i = 0; i < fs->ptrs_per_block && err == 0; i++)
		err = free_tree(ip, (u32 *)b->data + i, level - 1, base + i * span, keep);
	buffer_dirty(b);
	buffer_put(b);
	if (err == 0 && base >= keep) {
		buffer_forget(&fs->buffers, *slot);
		err = map_block_free(ip, *slot);
		WRITE_ONCE(*slot, 0);
	}
	return err;
}

int ext2_map_truncate(struct inode *ip, u64 keep)
{
	struct ext2 *fs = ext2_of(ip);
	struct ext2_info *info = ext2_info(ip);
	u64 base = EXT2_NDIRECT, span = 1;
	int err = 0;

	mutex_lock(&fs->lock);
	for (u32 i = 0; i < EXT2_NDIRECT && err == 0; i++)
		err = free_tree(ip, &info->slot[i], 0, i, keep);
	for (uint level = 1; level < MAX_DEPTH && err == 0; level++) {
		span *= fs->ptrs_per_block;
		err = free_tree(ip, &info->slot[EXT2_NDIRECT + level - 1], level, base, keep);
		base += span;
	}
	mutex_unlock(&fs->lock);
	return err;
}
