/* SPDX-License-Identifier: MIT */
/*
 * ext2: operations on names.  The VFS has checked permissions, types and the
 * names themselves, and holds the inode locks that fs.h lists.
 */
#include "ext2.h"

#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/string.h>

#define EXT2_LINK_MAX 32000u

static void link_count_add(struct inode *ip, int change)
{
	ip->nlink = (u32)((int)ip->nlink + change);
	ip->ctime = time_stamp_now();
	inode_mark_dirty(ip);
}

int ext2_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	u32 ino;
	int err = ext2_dir_find(dir, name, len, &ino);

	return err < 0 ? err : ext2_inode_get(ext2_of(dir), ino, out);
}

int ext2_create(struct inode *dir, const char *name, size_t len, mode_t mode, dev_t rdev,
		struct inode **out)
{
	struct inode *ip;
	int err = ext2_inode_new(dir, mode, rdev, &ip);

	if (err < 0)
		return err;
	err = ext2_dir_add(dir, name, len, ip);
	if (err < 0) {
		ext2_inode_discard(ip);
		return err;
	}
	*out = ip;
	return 0;
}

int ext2_mkdir(struct inode *dir, const char *name, size_t len, mode_t mode, struct inode **out)
{
	struct inode *ip;
	int err;

	if (dir->nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	err = ext2_inode_new(dir, S_IFDIR | (mode & 07777), 0, &ip);
	if (err < 0)
		return err;
	ip->nlink = 2;
	err = ext2_dir_make_empty(ip, dir);
	if (err == 0)
		err = ext2_dir_add(dir, name, len, ip);
	if (err < 0) {
		ext2_inode_discard(ip);
		return err;
	}
	link_count_add(dir, 1);
	*out = ip;
	return 0;
}

/* ---- symbolic links ---- */

static int symlink_write_block(struct inode *ip, const char *target, size_t len)
{
	struct buffer *b;
	bool is_new;
	u32 block;
	int err = ext2_map_alloc(ip, 0, &block, &is_new);

	if (err < 0)
		return err;
	err = buffer_get_new(&ext2_of(ip)->buffers, block, &b);
	if (err < 0)
		return err;
	memcpy(b->data, target, len);
	buffer_put(b);
	return 0;
}

static int symlink_write(struct inode *ip, const char *target, size_t len)
{
	int err = 0;

	if (len < EXT2_FAST_SYMLINK_MAX)
		memcpy(ext2_info(ip)->slot, target, len);
	else
		err = symlink_write_block(ip, target, len);
	ip->size = err < 0 ? EXT2_FAST_SYMLINK_MAX : len;
	inode_mark_dirty(ip);
	return err;
}

int ext2_symlink(struct inode *dir, const char *name, size_t len, const char *target,
		 struct inode **out)
{
	size_t target_len = strlen(target);
	struct inode *ip;
	int err;

	if (target_len >= ext2_of(dir)->block_size)
		return -ENAMETOOLONG;
	err = ext2_inode_new(dir, S_IFLNK | 0777, 0, &ip);
	if (err < 0)
		return err;
	err = symlink_write(ip, target, target_len);
	if (err == 0)
		err = ext2_dir_add(dir, name, len, ip);
	if (err < 0) {
		ext2_inode_discard(ip);
		return err;
	}
	*out = ip;
	return 0;
}

ssize_t ext2_readlink(struct inode *ip, char *buf, size_t size)
{
	struct ext2 *fs = ext2_of(ip);
	size_t len = (size_t)ip->size;
	struct buffer *b;
	u32 block;
	int err;

	if (len >= fs->block_size || len >= size)
		return len >= fs->block_size ? ext2_corrupt(fs, "symbolic link inode", ip->ino)
					     : -ENAMETOOLONG;
	if (len < EXT2_FAST_SYMLINK_MAX) {
		memcpy(buf, ext2_info(ip)->slot, len);
		buf[len] = '\0';
		return (ssize_t)len;
	}
	err = ext2_map(ip, 0, &block);
	if (err < 0)
		return err;
	if (block == 0)
		return ext2_corrupt(fs, "symbolic link inode", ip->ino);
	err = buffer_get(&fs->buffers, block, &b);
	if (err < 0)
		return err;
	memcpy(buf, b->data, len);
	buf[len] = '\0';
	buffer_put(b);
	return (ssize_t)len;
}

/* ---- links ---- */

int ext2_link(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	int err;

	if (ip->nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	err = ext2_dir_add(dir, name, len, ip);
	if (err == 0)
		link_count_add(ip, 1);
	return err;
}

int ext2_unlink(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	int err = ext2_dir_remove(dir, name, len);

	if (err == 0)
		link_count_add(ip, -1);
	return err;
}

/* The directory @ip, which is empty, has lost its name in @dir. */
static void dir_unlinked(struct inode *dir, struct inode *ip)
{
	ip->nlink = 0;
	inode_mark_dirty(ip);
	link_count_add(dir, -1);
}

static int dir_check_empty(struct inode *ip)
{
	bool is_empty;
	int err = ext2_dir_is_empty(ip, &is_empty);

	if (err < 0)
		return err;
	return is_empty ? 0 : -ENOTEMPTY;
}

int ext2_rmdir(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	int err = dir_check_empty(ip);

	if (err == 0)
		err = ext2_dir_remove(dir, name, len);
	if (err == 0)
		dir_unlinked(dir, ip);
	return err;
}

static bool is_dir(const struct inode *ip)
{
	return (ip->mode & S_IFMT) == S_IFDIR;
}

/* Give @ip the name in @dir, in place of @victim if there is one. */
static int rename_enter(struct inode *dir, const char *name, size_t len, struct inode *ip,
			struct inode *victim)
{
	int err;

	if (!victim)
		return ext2_dir_add(dir, name, len, ip);
	if (is_dir(victim)) {
		err = dir_check_empty(victim);
		if (err < 0)
			return err;
	}
	err = ext2_dir_set(dir, name, len, ip);
	if (err < 0)
		return err;
	if (is_dir(victim))
		dir_unlinked(dir, victim);
	else
		link_count_add(victim, -1);
	return 0;
}

int ext2_rename(struct inode *old_dir, const char *old_name, size_t old_len, struct inode *new_dir,
		const char *new_name, size_t new_len, struct inode *ip, struct inode *victim)
{
	bool moves_dir = is_dir(ip) && old_dir != new_dir;
	int err;

	if (moves_dir && !victim && new_dir->nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	err = rename_enter(new_dir, new_name, new_len, ip, victim);
	if (err < 0)
		return err;
	err = ext2_dir_remove(old_dir, old_name, old_len);
	if (err < 0)
		return err;
	ip->ctime = time_stamp_now();
	inode_mark_dirty(ip);
	if (!moves_dir)
		return 0;
	err = ext2_dir_set(ip, "..", 2, new_dir);
	link_count_add(old_dir, -1);
	link_count_add(new_dir, 1);
	return err;
}
