/* SPDX-License-Identifier: MIT */
/*
 * ext2: mounting, the superblock, group descriptors.
 *
 * States on the disk.  CLEAN in the superblock is taken away when the file
 * system becomes writable and put back when all is written and it is unmounted
 * or made read-only.  A file system that is not CLEAN, or has a feature that
 * can be read but not written, is mounted read-only, with a line that says why; one with an
 * unknown incompatible feature is refused.
 *
 * Metadata goes through the buffer cache and is flushed by sync, fsync, and a
 * delayed work five seconds after the first change.
 */
#include "ext2.h"

#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/ext2.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/time.h>

#define LOG_TAG "ext2"
#include <gemel/log.h>

#define FLUSH_DELAY_NS          (5 * NSEC_PER_SEC)
#define EXT2_MAX_BLOCK_BITS     12u
#define EXT2_MAX_GROUPS         65536u

struct ext2_super *ext2_super(struct ext2 *fs)
{
	return (struct ext2_super *)(fs->super_buffer->data + EXT2_SUPER_OFFSET % fs->block_size);
}

struct ext2_group *ext2_group(struct ext2 *fs, u32 group)
{
	struct buffer *b = fs->group_buffers[group / fs->group_descs_per_block];

	return (struct ext2_group *)b->data + group % fs->group_descs_per_block;
}

void ext2_group_dirty(struct ext2 *fs, u32 group)
{
	buffer_dirty(fs->group_buffers[group / fs->group_descs_per_block]);
	buffer_dirty(fs->super_buffer);
	ext2_schedule_flush(fs);
}

bool ext2_block_ok(const struct ext2 *fs, u32 block)
{
	return block > fs->first_data_block && block < fs->blocks_count;
}

int ext2_corrupt(struct ext2 *fs, const char *what, u64 where)
{
	if (!fs->sb->read_only)
		log_err("%s: %s 0x%llx: file system is corrupt, now read-only; run e2fsck",
			fs->bdev->name, what, (unsigned long long)where);
	else
		log_warn("%s: %s 0x%llx: file system is corrupt", fs->bdev->name, what,
			 (unsigned long long)where);
	fs->sb->read_only = true;
	return -EUCLEAN;
}

void ext2_schedule_flush(struct ext2 *fs)
{
	work_queue_delayed(system_work, &fs->flush_work, FLUSH_DELAY_NS);
}

static void flush_work_run(struct work *w)
{
	struct ext2 *fs = container_of(w, struct ext2, flush_work.work);

	if (buffer_flush(&fs->buffers) < 0)
		log_err("%s: metadata could not be written", fs->bdev->name);
}

/* ---- reading the superblock ---- */

static bool is_power_of(u32 n, u32 base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

/* Only the numbers that everything else computes with; @s is from the disk. */
static int super_check(struct ext2 *fs, const struct ext2_super *s)
{
	/* 1 KiB where it cannot be: what follows is computed before it is refused. */
	bool bits_ok = le32_get(s->log_block_size) <= EXT2_MAX_BLOCK_BITS - 10;
	u32 bits = (bits_ok ? le32_get(s->log_block_size) : 0) + 10;
	u64 size = (u64)le32_get(s->blocks_count) << bits;
	u32 inode_size = le32_get(s->revision) ? le16_get(s->inode_size) : EXT2_OLD_INODE_SIZE;
	const char *bad = NULL;

	if (!bits_ok)
		bad = "block size";
	else if (size > fs->bdev->nsectors * SECTOR_SIZE)
		bad = "size (the device is smaller: truncated image?), blocks";
	else if (le32_get(s->first_data_block) != (bits == 10))
		bad = "first data block";
	else if (!le32_get(s->blocks_per_group) || le32_get(s->blocks_per_group) > 8u << bits)
		bad = "blocks per group";
	else if (!le32_get(s->inodes_per_group) || le32_get(s->inodes_per_group) > 8u << bits)
		bad = "inodes per group";
	else if (inode_size < EXT2_OLD_INODE_SIZE || inode_size > 1u << bits ||
		 !is_power_of(inode_size, 2))
		bad = "inode size";
	else if (le32_get(s->revision) && le32_get(s->first_inode) < EXT2_OLD_FIRST_INO)
		bad = "first inode";
	else if (le32_get(s->blocks_count) <= le32_get(s->first_data_block))
		bad = "block count";
	if (bad) {
		log_err("%s: superblock has a bad %s; run e2fsck", fs->bdev->name, bad);
		return -EUCLEAN;
	}
	return 0;
}

static int super_check_features(struct ext2 *fs, const struct ext2_super *s)
{
	u32 incompat = le32_get(s->revision) ? le32_get(s->incompat) : 0;
	u32 ro_compat = le32_get(s->revision) ? le32_get(s->ro_compat) : 0;

	incompat &= ~EXT2_INCOMPAT_FILETYPE;
	ro_compat &= ~(EXT2_RO_COMPAT_SPARSE_SUPER | EXT2_RO_COMPAT_LARGE_FILE);
	if (incompat) {
		log_err("%s: unknown features 0x%x (ext3, ext4, or a journal): not mounted",
			fs->bdev->name, incompat);
		return -EINVAL;
	}
	if (ro_compat && !fs->sb->read_only) {
		log_warn("%s: unknown features 0x%x: mounted read-only", fs->bdev->name, ro_compat);
		fs->sb->read_only = true;
	}
	if ((le16_get(s->state) & (EXT2_STATE_CLEAN | EXT2_STATE_ERRORS)) != EXT2_STATE_CLEAN &&
	    !fs->sb->read_only) {
		log_warn("%s: was not cleanly unmounted: mounted read-only; run e2fsck",
			 fs->bdev->name);
		fs->sb->read_only = true;
	}
	return 0;
}

static void super_take(struct ext2 *fs, const struct ext2_super *s)
{
	bool is_old = le32_get(s->revision) == 0;

	fs->block_bits = le32_get(s->log_block_size) + 10;
	fs->block_size = 1u << fs->block_bits;
	fs->blocks_count = le32_get(s->blocks_count);
	fs->inodes_count = le32_get(s->inodes_count);
	fs->first_data_block = le32_get(s->first_data_block);
	fs->blocks_per_group = le32_get(s->blocks_per_group);
	fs->inodes_per_group = le32_get(s->inodes_per_group);
	fs->inode_size = is_old ? EXT2_OLD_INODE_SIZE : le16_get(s->inode_size);
	fs->first_ino = is_old ? EXT2_OLD_FIRST_INO : le32_get(s->first_inode);
	fs->has_filetype = !is_old && (le32_get(s->incompat) & EXT2_INCOMPAT_FILETYPE);
	fs->ptrs_per_block = fs->block_size / sizeof(le32);
	fs->group_descs_per_block = fs->block_size / sizeof(struct ext2_group);
	fs->ngroups = DIV_ROUND_UP(fs->blocks_count - fs->first_data_block, fs->blocks_per_group);
}

static int super_read(struct ext2 *fs)
{
	u8 *page = kalloc(4096);
	const struct ext2_super *s;
	int err;

	if (!page)
		return -ENOMEM;
	err = block_read_sync(fs->bdev, EXT2_SUPER_OFFSET / SECTOR_SIZE, page, 1024);
	if (err < 0)
		goto out_free;
	s = (const struct ext2_super *)page;
	err = -EINVAL;
	if (le16_get(s->magic) != EXT2_MAGIC)
		goto out_free;
	err = super_check(fs, s);
	if (err < 0)
		goto out_free;
	err = super_check_features(fs, s);
	if (err < 0)
		goto out_free;
	super_take(fs, s);
	err = 0;
	if (fs->ngroups > EXT2_MAX_GROUPS ||
	    (u64)fs->ngroups * fs->inodes_per_group != fs->inodes_count)
		err = ext2_corrupt(fs, "group count", fs->ngroups);
out_free:
	kfree(page);
	return err;
}

/* ---- group descriptors ---- */

static int group_check(struct ext2 *fs, u32 group)
{
	const struct ext2_group *g = ext2_group(fs, group);
	u32 table = le32_get(g->inode_table);
	u64 table_blocks = (u64)fs->inodes_per_group * fs->inode_size / fs->block_size;

	if (!ext2_block_ok(fs, le32_get(g->block_bitmap)) ||
	    !ext2_block_ok(fs, le32_get(g->inode_bitmap)) || !ext2_block_ok(fs, table) ||
	    table + table_blocks > fs->blocks_count)
		return ext2_corrupt(fs, "group descriptor", group);
	return 0;
}

static void groups_put(struct ext2 *fs)
{
	u32 n = DIV_ROUND_UP(fs->ngroups, fs->group_descs_per_block);

	for (u32 i = 0; i < n; i++)
		if (fs->group_buffers[i])
			buffer_put(fs->group_buffers[i]);
	kfree(fs->group_buffers);
}

static int groups_read(struct ext2 *fs)
{
	u32 n = DIV_ROUND_UP(fs->ngroups, fs->group_descs_per_block);
	int err = 0;

	fs->group_buffers = kcalloc(n, sizeof(fs->group_buffers[0]));
	if (!fs->group_buffers)
		return -ENOMEM;
	for (u32 i = 0; i < n && err == 0; i++)
		err = buffer_get(&fs->buffers, fs->first_data_block + 1 + i, &fs->group_buffers[i]);
	for (u32 group = 0; group < fs->ngroups && err == 0; group++)
		err = group_check(fs, group);
	if (err < 0)
		groups_put(fs);
	return err;
}

/* ---- the states of the superblock ---- */

/* Write the state at once, before or after everything else. */
static int super_set_state(struct ext2 *fs, u16 state)
{
	struct ext2_super *s = ext2_super(fs);
	int err;

	s->state = le16_make(state);
	s->write_time = le32_make((u32)(time_realtime() / NSEC_PER_SEC));
	buffer_dirty(fs->super_buffer);
	err = buffer_flush(&fs->buffers);
	return err < 0 ? err : block_flush(fs->bdev);
}

static int super_begin_writing(struct ext2 *fs)
{
	struct ext2_super *s = ext2_super(fs);
	int err;

	s->mount_count = le16_make((u16)(le16_get(s->mount_count) + 1));
	s->mount_time = le32_make((u32)(time_realtime() / NSEC_PER_SEC));
	err = super_set_state(fs, 0);
	/* Nothing was changed yet. */
	if (err < 0 && super_set_state(fs, EXT2_STATE_CLEAN) < 0)
		log_err("%s: superblock could not be written", fs->bdev->name);
	return err;
}

static int super_end_writing(struct ext2 *fs)
{
	int err = buffer_flush(&fs->buffers);

	/* What failed once, now or in the background, may not fail again. */
	if (err < 0)
		err = buffer_flush(&fs->buffers);
	if (err < 0)
		return err;
	err = block_flush(fs->bdev);
	return err < 0 ? err : super_set_state(fs, EXT2_STATE_CLEAN);
}

/* ---- superblock operations ---- */

static int ext2_sync_fs(struct superblock *sb, bool wait)
{
	struct ext2 *fs = ext2_of_sb(sb);
	int err;

	if (!wait)
		return 0;
	err = buffer_flush(&fs->buffers);
	return err < 0 ? err : block_flush(fs->bdev);
}

static int ext2_statfs(struct superblock *sb, struct statfs_info *st)
{
	struct ext2 *fs = ext2_of_sb(sb);
	const struct ext2_super *s = ext2_super(fs);
	u32 overhead = DIV_ROUND_UP(fs->inodes_per_group * fs->inode_size, fs->block_size) + 2;
	u32 free, reserved;

	mutex_lock(&fs->lock);
	free = le32_get(s->free_blocks);
	reserved = le32_get(s->reserved_blocks);
	st->ffree = le32_get(s->free_inodes);
	mutex_unlock(&fs->lock);
	st->type = EXT2_SB_MAGIC;
	st->bsize = st->frsize = fs->block_size;
	st->blocks = fs->blocks_count - fs->first_data_block - (u64)fs->ngroups * overhead;
	st->bfree = free;
	st->bavail = free > reserved ? free - reserved : 0;
	st->files = fs->inodes_count;
	st->namelen = EXT2_NAME_MAX;
	memcpy(&st->fsid, s->uuid, sizeof(st->fsid));
	return 0;
}

static int ext2_remount(struct superblock *sb, bool read_only)
{
	struct ext2 *fs = ext2_of_sb(sb);
	const struct ext2_super *s = ext2_super(fs);
	int err;

	if (read_only == sb->read_only)
		return 0;
	if (read_only) {
		err = super_end_writing(fs);
		if (err == 0)
			sb->read_only = true;
		return err;
	}
	sb->read_only = false;
	err = super_check_features(fs, s);
	if (err == 0 && sb->read_only)
		err = -EROFS;
	if (err == 0)
		err = super_begin_writing(fs);
	if (err < 0)
		sb->read_only = true;
	return err;
}

static void ext2_free(struct ext2 *fs)
{
	groups_put(fs);
	buffer_put(fs->super_buffer);
	buffer_cache_fini(&fs->buffers);
	kfree(fs);
}

static void ext2_unmount(struct superblock *sb)
{
	struct ext2 *fs = ext2_of_sb(sb);

	delayed_work_cancel_sync(&fs->flush_work);
	if (!sb->read_only && super_end_writing(fs) < 0)
		log_err("%s: could not be written at unmount", fs->bdev->name);
	ext2_free(fs);
}

static const struct super_ops ext2_super_ops = {
	.sync = ext2_sync_fs,
	.statfs = ext2_statfs,
	.unmount = ext2_unmount,
	.remount = ext2_remount,
};

/* ---- mounting ---- */

static int ext2_open_tables(struct ext2 *fs)
{
	int err;

	buffer_cache_init(&fs->buffers, fs->bdev, fs->block_size);
	err = buffer_get(&fs->buffers, EXT2_SUPER_OFFSET / fs->block_size, &fs->super_buffer);
	if (err < 0)
		goto err_fini;
	err = groups_read(fs);
	if (err == 0)
		return 0;
	buffer_put(fs->super_buffer);
err_fini:
	buffer_cache_fini(&fs->buffers);
	return err;
}

static int ext2_open_root(struct ext2 *fs)
{
	struct inode *root;
	int err = ext2_inode_get(fs, EXT2_ROOT_INO, &root);

	if (err < 0)
		return err;
	if ((root->mode & S_IFMT) != S_IFDIR) {
		inode_put(root);
		return ext2_corrupt(fs, "root inode is no directory", EXT2_ROOT_INO);
	}
	return sb_set_root(fs->sb, root);
}

static int ext2_mount(struct superblock *sb, const char *data)
{
	struct ext2 *fs = kzalloc(sizeof(*fs));
	int err;

	(void)data;
	if (!fs)
		return -ENOMEM;
	fs->sb = sb;
	fs->bdev = sb->bdev;
	if (fs->bdev->is_read_only)
		sb->read_only = true;
	mutex_init(&fs->lock, LOCK_RANK_FS);
	delayed_work_init(&fs->flush_work, flush_work_run);
	err = super_read(fs);
	if (err < 0)
		goto err_free;
	err = ext2_open_tables(fs);
	if (err < 0)
		goto err_free;
	sb->private = fs;
	sb->ops = &ext2_super_ops;
	sb->block_size = fs->block_size;
	sb->magic = EXT2_SB_MAGIC;
	sb->max_name = EXT2_NAME_MAX;
	sb->max_file_size = ext2_max_size(fs);
	if (!sb->read_only) {
		err = super_begin_writing(fs);
		if (err < 0)
			goto err_tables;
	}
	err = ext2_open_root(fs);
	if (err < 0)
		goto err_writing;
	return 0;

err_writing:
	if (!sb->read_only && super_end_writing(fs) < 0)
		log_err("%s: superblock could not be written", fs->bdev->name);
err_tables:
	delayed_work_cancel_sync(&fs->flush_work);
	groups_put(fs);
	buffer_put(fs->super_buffer);
	buffer_cache_fini(&fs->buffers);
err_free:
	sb->private = NULL;
	sb->ops = NULL;
	kfree(fs);
	return err;
}

static struct fs_type ext2_type = {
	.name = "ext2",
	.needs_device = true,
	.mount = ext2_mount,
};

void ext2_init(void)
{
	fs_register(&ext2_type);
}
