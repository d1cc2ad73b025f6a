/* SPDX-License-Identifier: MIT */
/*
 * ext2: inodes between the disk and memory.
 *
 * The in-memory inode is the truth while it is cached; ext2_inode_write()
 * copies it into the buffer of its table block, from where it is flushed.
 */
#include "ext2.h"

#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/cred.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/time.h>

/* The buffer that holds inode @ino, and where in it. */
static int inode_buffer(struct ext2 *fs, u32 ino, struct buffer **out, struct ext2_inode **raw)
{
	u32 group = (ino - 1) / fs->inodes_per_group;
	u64 offset = (u64)((ino - 1) % fs->inodes_per_group) * fs->inode_size;
	u32 block = le32_get(ext2_group(fs, group)->inode_table) + (u32)(offset >> fs->block_bits);
	int err = buffer_get(&fs->buffers, block, out);

	if (err == 0)
		*raw = (struct ext2_inode *)((*out)->data + (offset & (fs->block_size - 1)));
	return err;
}

static struct timestamp stamp_from_disk(le32 t)
{
	return (struct timestamp){ .sec = (s32)le32_get(t) };
}

static void inode_take(struct inode *ip, const struct ext2_inode *raw)
{
	struct ext2_info *info = ext2_info(ip);
	u64 size = le32_get(raw->size_low);

	ip->mode = le16_get(raw->mode);
	ip->uid = le16_get(raw->uid_low) | (u32)le16_get(raw->uid_high) << 16;
	ip->gid = le16_get(raw->gid_low) | (u32)le16_get(raw->gid_high) << 16;
	ip->nlink = le16_get(raw->links);
	if ((ip->mode & S_IFMT) == S_IFREG)
		size |= (u64)le32_get(raw->size_high) << 32;
	ip->size = size;
	ip->blocks = le32_get(raw->sectors);
	ip->atime = stamp_from_disk(raw->atime);
	ip->mtime = stamp_from_disk(raw->mtime);
	ip->ctime = stamp_from_disk(raw->ctime);
	info->flags = le32_get(raw->flags);
	info->generation = le32_get(raw->generation);
	info->file_acl = le32_get(raw->file_acl);
	for (uint i = 0; i < EXT2_NSLOTS; i++)
		info->slot[i] = le32_get(raw->slot[i]);
	info->goal = ext2_group_first_block(ext2_of(ip), ((u32)ip->ino - 1) /
					    ext2_of(ip)->inodes_per_group);
}

static void take_device(struct inode *ip)
{
	const struct ext2_info *info = ext2_info(ip);

	if (info->slot[0])
		ip->rdev = dev_make((info->slot[0] >> 8) & 0xff, info->slot[0] & 0xff);
	else
		ip->rdev = info->slot[1];
}

/* Type-dependent half; false: no such type. */
static bool inode_set_ops(struct inode *ip)
{
	switch (ip->mode & S_IFMT) {
	case S_IFREG:
		ip->ops = &ext2_file_ops;
		mapping_init(&ip->mapping, &ext2_mapping_ops, ip);
		return true;
	case S_IFDIR:
		ip->ops = &ext2_dir_ops;
		return true;
	case S_IFLNK:
		ip->ops = &ext2_symlink_ops;
		return true;
	case S_IFCHR:
	case S_IFBLK:
		take_device(ip);
		ip->ops = &ext2_special_ops;
		return true;
	case S_IFIFO:
	case S_IFSOCK:
		ip->ops = &ext2_special_ops;
		return true;
	default:
		return false;
	}
}

static int inode_fill(struct ext2 *fs, struct inode *ip)
{
	struct ext2_inode *raw;
	struct buffer *b;
	int err;

	ip->private = kzalloc(sizeof(struct ext2_info));
	if (!ip->private)
		return -ENOMEM;
	err = inode_buffer(fs, (u32)ip->ino, &b, &raw);
	if (err < 0)
		return err;
	inode_take(ip, raw);
	buffer_put(b);
	if (ip->nlink == 0)
		return ext2_corrupt(fs, "a name leads to a deleted inode", ip->ino);
	if (!inode_set_ops(ip) || ip->size > fs->sb->max_file_size)
		return ext2_corrupt(fs, "bad inode", ip->ino);
	if ((ip->mode & S_IFMT) == S_IFDIR && (ip->size % fs->block_size ||
					       ip->size >> fs->block_bits > fs->blocks_count))
		return ext2_corrupt(fs, "bad size of directory inode", ip->ino);
	return 0;
}

int ext2_inode_get(struct ext2 *fs, u32 ino, struct inode **out)
{
	bool is_new;
	int err;

	if (ino != EXT2_ROOT_INO && (ino < fs->first_ino || ino > fs->inodes_count))
		return ext2_corrupt(fs, "a name leads to inode", ino);
	err = inode_get_cached(fs->sb, ino, out, &is_new);
	if (err < 0 || !is_new)
		return err;
	err = inode_fill(fs, *out);
	if (err < 0) {
		kfree((*out)->private);
		(*out)->private = NULL;
		inode_fail(*out);
		return err;
	}
	inode_ready(*out);
	return 0;
}

/* ---- writing ---- */

static void give_slots(const struct inode *ip, struct ext2_inode *raw)
{
	const struct ext2_info *info = ext2_info((struct inode *)ip);

	for (uint i = 0; i < EXT2_NSLOTS; i++)
		raw->slot[i] = le32_make(info->slot[i]);
}

static void inode_give(const struct inode *ip, struct ext2_inode *raw)
{
	const struct ext2_info *info = ext2_info((struct inode *)ip);

	raw->mode = le16_make((u16)ip->mode);
	raw->uid_low = le16_make((u16)ip->uid);
	raw->uid_high = le16_make((u16)(ip->uid >> 16));
	raw->gid_low = le16_make((u16)ip->gid);
	raw->gid_high = le16_make((u16)(ip->gid >> 16));
	raw->links = le16_make((u16)ip->nlink);
	raw->size_low = le32_make((u32)ip->size);
	if ((ip->mode & S_IFMT) == S_IFREG)
		raw->size_high = le32_make((u32)(ip->size >> 32));
	raw->sectors = le32_make((u32)ip->blocks);
	raw->atime = le32_make((u32)ip->atime.sec);
	raw->mtime = le32_make((u32)ip->mtime.sec);
	raw->ctime = le32_make((u32)ip->ctime.sec);
	raw->dtime = le32_make(info->dtime);
	raw->flags = le32_make(info->flags);
	raw->generation = le32_make(info->generation);
	raw->file_acl = le32_make(info->file_acl);
	give_slots(ip, raw);
}

int ext2_inode_write(struct inode *ip)
{
	struct ext2 *fs = ext2_of(ip);
	struct ext2_inode *raw;
	struct buffer *b;
	int err;

	if (fs->sb->read_only)
		return -EROFS;
	err = inode_buffer(fs, (u32)ip->ino, &b, &raw);
	if (err < 0)
		return err;
	WRITE_ONCE(ip->dirty, false);
	inode_give(ip, raw);
	buffer_dirty(b);
	buffer_put(b);
	ext2_schedule_flush(fs);
	return 0;
}

/* ---- life ---- */

static void inode_init_owner(struct inode *ip, const struct inode *dir, mode_t mode)
{
	const struct cred *cred = current_cred();

	ip->uid = cred->fsuid;
	ip->gid = cred->fsgid;
	if (dir->mode & S_ISGID) {
		ip->gid = dir->gid;
		if ((mode & S_IFMT) == S_IFDIR)
			mode |= S_ISGID;
	}
	ip->mode = mode;
}

/* What the table says of a free inode is history, beyond the first 128 bytes too. */
static int inode_clear_on_disk(struct ext2 *fs, u32 ino)
{
	struct ext2_inode *raw;
	struct buffer *b;
	int err = inode_buffer(fs, ino, &b, &raw);

	if (err < 0)
		return err;
	memset(raw, 0, fs->inode_size);
	buffer_dirty(b);
	buffer_put(b);
	return 0;
}

static void set_device(struct inode *ip, dev_t rdev)
{
	struct ext2_info *info = ext2_info(ip);

	ip->rdev = rdev;
	if (dev_major(rdev) < 256 && dev_minor(rdev) < 256)
		info->slot[0] = dev_major(rdev) << 8 | dev_minor(rdev);
	else
		info->slot[1] = (u32)rdev;
}

static int inode_make(struct inode *ip, struct inode *dir, mode_t mode, dev_t rdev)
{
	struct ext2 *fs = ext2_of(dir);
	int err;

	ip->private = kzalloc(sizeof(struct ext2_info));
	if (!ip->private)
		return -ENOMEM;
	err = inode_clear_on_disk(fs, (u32)ip->ino);
	if (err < 0)
		return err;
	inode_init_owner(ip, dir, mode);
	ip->nlink = 1;
	ip->atime = ip->mtime = ip->ctime = time_stamp_now();
	ext2_info(ip)->generation = (u32)time_now();
	ext2_info(ip)->goal = ext2_group_first_block(fs, ((u32)ip->ino - 1) / fs->inodes_per_group);
	if (rdev)
		set_device(ip, rdev);
	if (!inode_set_ops(ip))
		return -EINVAL;
	return ext2_inode_write(ip);
}

int ext2_inode_new(struct inode *dir, mode_t mode, dev_t rdev, struct inode **out)
{
	struct ext2 *fs = ext2_of(dir);
	bool is_dir = (mode & S_IFMT) == S_IFDIR, is_new;
	u32 ino;
	int err = ext2_inode_alloc(fs, dir, is_dir, &ino);

	if (err < 0)
		return err;
	err = inode_get_cached(fs->sb, ino, out, &is_new);
	if (err < 0)
		goto err_free;
	if (!is_new) {
		inode_put(*out);
		return ext2_corrupt(fs, "an inode in use was called free:", ino);
	}
	err = inode_make(*out, dir, mode, rdev);
	if (err < 0)
		goto err_fail;
	inode_ready(*out);
	return 0;

err_fail:
	kfree((*out)->private);
	(*out)->private = NULL;
	inode_fail(*out);
err_free:
	ext2_inode_free(fs, ino, is_dir);
	return err;
}

void ext2_inode_discard(struct inode *ip)
{
	ip->nlink = 0;
	inode_put(ip);
}

int ext2_truncate(struct inode *ip, u64 size)
{
	struct ext2 *fs = ext2_of(ip);
	u64 keep = DIV_ROUND_UP(size, fs->block_size);

	inode_mark_dirty(ip);
	return ext2_map_truncate(ip, keep);
}

/* Fast symbolic links and devices keep other things in the slots. */
static bool has_blocks(const struct inode *ip)
{
	switch (ip->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		return true;
	case S_IFLNK:
		return ip->size >= EXT2_FAST_SYMLINK_MAX;
	default:
		return false;
	}
}

static void inode_delete(struct inode *ip)
{
	struct ext2 *fs = ext2_of(ip);
	bool is_dir = (ip->mode & S_IFMT) == S_IFDIR;

	if (has_blocks(ip)) {
		WRITE_ONCE(ip->size, 0);
		ext2_map_truncate(ip, 0);
	}
	ext2_info(ip)->dtime = (u32)(time_realtime() / NSEC_PER_SEC);
	if (ext2_inode_write(ip) == 0)
		ext2_inode_free(fs, (u32)ip->ino, is_dir);
}

void ext2_inode_evict(struct inode *ip)
{
	if (!ip->private)
		return;
	if (ip->nlink == 0 && !ip->sb->read_only)
		inode_delete(ip);
	else if (ip->dirty && !ip->sb->read_only)
		(void)ext2_inode_write(ip);
	kfree(ip->private);
	ip->private = NULL;
}

int ext2_setattr(struct inode *ip, const struct inode_attr *attr)
{
	return generic_setattr(ip, attr);
}

const struct inode_ops ext2_file_ops = {
	.setattr = ext2_setattr,
	.truncate = ext2_truncate,
	.write = ext2_inode_write,
	.evict = ext2_inode_evict,
};

const struct inode_ops ext2_dir_ops = {
	.lookup = ext2_lookup,
	.create = ext2_create,
	.mkdir = ext2_mkdir,
	.symlink = ext2_symlink,
	.link = ext2_link,
	.unlink = ext2_unlink,
	.rmdir = ext2_rmdir,
	.rename = ext2_rename,
	.setattr = ext2_setattr,
	.iterate = ext2_dir_iterate,
	.write = ext2_inode_write,
	.evict = ext2_inode_evict,
};

const struct inode_ops ext2_symlink_ops = {
	.readlink = ext2_readlink,
	.setattr = ext2_setattr,
	.write = ext2_inode_write,
	.evict = ext2_inode_evict,
};

const struct inode_ops ext2_special_ops = {
	.setattr = ext2_setattr,
	.write = ext2_inode_write,
	.evict = ext2_inode_evict,
};
