/* SPDX-License-Identifier: MIT */
/*
 * ext2: free blocks and inodes.
 *
 * A bitmap block a group for each; the counts in the group descriptor and in
 * the superblock follow every change.  Blocks: from the goal on in its group,
 * then group by group.  Directories go to the group with the most free blocks among those
 * with many free inodes, so that trees spread; other inodes stay with their directory.
 *
 * Locking.  fs->lock.
 */
#include "ext2.h"

#include <uapi/errno.h>

#include <gemel/bitmap.h>
#include <gemel/cred.h>

u32 ext2_group_first_block(const struct ext2 *fs, u32 group)
{
	return fs->first_data_block + group * fs->blocks_per_group;
}

static u32 group_blocks(const struct ext2 *fs, u32 group)
{
	u32 first = ext2_group_first_block(fs, group);

	return MIN(fs->blocks_per_group, fs->blocks_count - first);
}

static void count_blocks(struct ext2 *fs, u32 group, int change)
{
	struct ext2_group *g = ext2_group(fs, group);
	struct ext2_super *s = ext2_super(fs);

	g->free_blocks = le16_make((u16)(le16_get(g->free_blocks) + change));
	s->free_blocks = le32_make(le32_get(s->free_blocks) + (u32)change);
	ext2_group_dirty(fs, group);
}

static bool may_use_reserved(const struct ext2_super *s)
{
	return capable(CAP_SYS_RESOURCE) || current_cred()->fsuid == le16_get(s->reserved_uid);
}

static bool has_space(struct ext2 *fs)
{
	const struct ext2_super *s = ext2_super(fs);
	u32 free = le32_get(s->free_blocks);

	return free > le32_get(s->reserved_blocks) || (free > 0 && may_use_reserved(s));
}

/* Is @block the superblock or a table?  Then what calls it free, or a file's, lies. */
static bool is_table_block(struct ext2 *fs, u32 group, u32 block)
{
	const struct ext2_group *g = ext2_group(fs, group);
	u32 table = le32_get(g->inode_table);
	u32 table_blocks = fs->inodes_per_group * fs->inode_size / fs->block_size;
	u32 ndescs = DIV_ROUND_UP(fs->ngroups, fs->group_descs_per_block);

	return block <= fs->first_data_block + ndescs ||
	       block == le32_get(g->block_bitmap) || block == le32_get(g->inode_bitmap) ||
	       (block >= table && block < table + table_blocks);
}

bool ext2_block_is_data(struct ext2 *fs, u32 block)
{
	return ext2_block_ok(fs, block) &&
	       !is_table_block(fs, (block - fs->first_data_block) / fs->blocks_per_group, block);
}

/* Take a block of @group from bit @from on.  0, -ENOSPC, -EIO. */
static int group_block_alloc(struct ext2 *fs, u32 group, u32 from, u32 *out)
{
	u32 nbits = group_blocks(fs, group);
	struct buffer *bitmap;
	size_t bit;
	int err;

	if (le16_get(ext2_group(fs, group)->free_blocks) == 0)
		return -ENOSPC;
	err = buffer_get(&fs->buffers, le32_get(ext2_group(fs, group)->block_bitmap), &bitmap);
	if (err < 0)
		return err;
	bit = bitmap_next_clear((ulong *)bitmap->data, nbits, from);
	if (bit >= nbits && from > 0)
		bit = bitmap_next_clear((ulong *)bitmap->data, nbits, 0);
	if (bit >= nbits) {
		err = ext2_corrupt(fs, "no free block in group", group);
		goto out_put;
	}
	*out = ext2_group_first_block(fs, group) + (u32)bit;
	if (is_table_block(fs, group, *out)) {
		err = ext2_corrupt(fs, "bitmap calls a table free: block", *out);
		goto out_put;
	}
	bitmap_set((ulong *)bitmap->data, bit);
	buffer_dirty(bitmap);
	count_blocks(fs, group, -1);
out_put:
	buffer_put(bitmap);
	return err;
}

int ext2_block_alloc(struct ext2 *fs, u32 goal, u32 *out)
{
	u32 group, bit;

	if (!has_space(fs))
		return -ENOSPC;
	if (!ext2_block_ok(fs, goal))
		goal = fs->first_data_block + 1;
	group = (goal - fs->first_data_block) / fs->blocks_per_group;
	bit = (goal - fs->first_data_block) % fs->blocks_per_group;
	for (u32 i = 0; i < fs->ngroups; i++) {
		int err = group_block_alloc(fs, group, bit, out);

		if (err != -ENOSPC)
			return err;
		group = (group + 1) % fs->ngroups;
		bit = 0;
	}
	return -ENOSPC;
}

int ext2_block_free(struct ext2 *fs, u32 block)
{
	struct buffer *bitmap;
	u32 group, bit;
	int err;

	if (!ext2_block_is_data(fs, block))
		return ext2_corrupt(fs, "freeing block", block);
	group = (block - fs->first_data_block) / fs->blocks_per_group;
	bit = (block - fs->first_data_block) % fs->blocks_per_group;
	err = buffer_get(&fs->buffers, le32_get(ext2_group(fs, group)->block_bitmap), &bitmap);
	if (err < 0)
		return err;
	if (!bitmap_test((ulong *)bitmap->data, bit)) {
		err = ext2_corrupt(fs, "block is free already:", block);
	} else {
		bitmap_clear((ulong *)bitmap->data, bit);
		buffer_dirty(bitmap);
		count_blocks(fs, group, 1);
	}
	buffer_put(bitmap);
	return err;
}

/* ---- inodes ---- */

static void count_inodes(struct ext2 *fs, u32 group, int change, bool is_dir)
{
	struct ext2_group *g = ext2_group(fs, group);
	struct ext2_super *s = ext2_super(fs);

	g->free_inodes = le16_make((u16)(le16_get(g->free_inodes) + change));
	if (is_dir)
		g->used_dirs = le16_make((u16)(le16_get(g->used_dirs) - change));
	s->free_inodes = le32_make(le32_get(s->free_inodes) + (u32)change);
	ext2_group_dirty(fs, group);
}

/* Among groups with at least an average of free inodes, the one with the most free blocks. */
static u32 group_for_dir(struct ext2 *fs)
{
	u32 average = le32_get(ext2_super(fs)->free_inodes) / fs->ngroups;
	u32 best = 0, best_free = 0;

	for (u32 i = 0; i < fs->ngroups; i++) {
		const struct ext2_group *g = ext2_group(fs, i);

		if (le16_get(g->free_inodes) >= MAX(average, 1) &&
		    le16_get(g->free_blocks) > best_free) {
			best = i;
			best_free = le16_get(g->free_blocks);
		}
	}
	return best;
}

static int group_inode_alloc(struct ext2 *fs, u32 group, bool is_dir, u32 *out)
{
	u32 from = group == 0 ? fs->first_ino - 1 : 0;
	struct buffer *bitmap;
	size_t bit;
	int err;

	if (le16_get(ext2_group(fs, group)->free_inodes) == 0)
		return -ENOSPC;
	err = buffer_get(&fs->buffers, le32_get(ext2_group(fs, group)->inode_bitmap), &bitmap);
	if (err < 0)
		return err;
	bit = bitmap_next_clear((ulong *)bitmap->data, fs->inodes_per_group, from);
	if (bit >= fs->inodes_per_group) {
		err = group == 0 ? -ENOSPC : ext2_corrupt(fs, "no free inode in group", group);
	} else {
		bitmap_set((ulong *)bitmap->data, bit);
		buffer_dirty(bitmap);
		count_inodes(fs, group, -1, is_dir);
		*out = group * fs->inodes_per_group + (u32)bit + 1;
	}
	buffer_put(bitmap);
	return err;
}

int ext2_inode_alloc(struct ext2 *fs, struct inode *dir, bool is_dir, u32 *out)
{
	u32 group = ((u32)dir->ino - 1) / fs->inodes_per_group;
	int err = -ENOSPC;

	mutex_lock(&fs->lock);
	if (is_dir)
		group = group_for_dir(fs);
	for (u32 i = 0; i < fs->ngroups && err == -ENOSPC; i++) {
		err = group_inode_alloc(fs, group, is_dir, out);
		group = (group + 1) % fs->ngroups;
	}
	mutex_unlock(&fs->lock);
	return err;
}

int ext2_inode_free(struct ext2 *fs, u32 ino, bool is_dir)
{
	u32 group = (ino - 1) / fs->inodes_per_group;
	u32 bit = (ino - 1) % fs->inodes_per_group;
	struct buffer *bitmap;
	int err;

	mutex_lock(&fs->lock);
	err = buffer_get(&fs->buffers, le32_get(ext2_group(fs, group)->inode_bitmap), &bitmap);
	if (err < 0)
		goto out_unlock;
	if (!bitmap_test((ulong *)bitmap->data, bit)) {
		err = ext2_corrupt(fs, "inode is free already:", ino);
	} else {
		bitmap_clear((ulong *)bitmap->data, bit);
		buffer_dirty(bitmap);
		count_inodes(fs, group, 1, is_dir);
	}
	buffer_put(bitmap);
out_unlock:
	mutex_unlock(&fs->lock);
	return err;
}
