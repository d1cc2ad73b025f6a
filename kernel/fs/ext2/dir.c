/* SPDX-License-Identifier: MIT */
/*
 * ext2: directories as lists of records.
 *
 * A directory is a run of blocks without holes; each block is filled exactly
 * by records whose rec_len leads from one to the next.  A record with inode 0 is free
 * space; deleting one adds its length to the record before it, or makes it free
 * when it is the first.
 *
 *	| ino len 1 "." | ino len 2 ".." | ino len n "name" ... slack |
 *
 * An indexed directory (htree) reads as such a list too; the first change takes
 * the index flag off, which makes it a plain one.
 *
 * Locking.  The directory's inode lock, held by the VFS for every call.
 */
#include "ext2.h"

#include <uapi/errno.h>
#include <uapi/stat.h>

#include <gemel/string.h>

/* A place in a directory. */
struct dir_pos {
	struct buffer *b;
	u32 offset;                     /* of the record in the block */
	u32 prev;                       /* of the one before; == offset: none */
};

static struct ext2_dirent *record_at(const struct buffer *b, u32 offset)
{
	return (struct ext2_dirent *)(b->data + offset);
}

static u32 dir_blocks(struct inode *dir)
{
	return (u32)(dir->size >> ext2_of(dir)->block_bits);
}

static int dir_block_get(struct inode *dir, u32 index, struct buffer **out)
{
	struct ext2 *fs = ext2_of(dir);
	u32 block;
	int err = ext2_map(dir, index, &block);

	if (err < 0)
		return err;
	if (block == 0)
		return ext2_corrupt(fs, "hole in directory inode", dir->ino);
	return buffer_get(&fs->buffers, block, out);
}

/* Is there a sound record at @offset?  Says so and fails if not. */
static int record_check(struct inode *dir, const struct buffer *b, u32 offset)
{
	struct ext2 *fs = ext2_of(dir);
	const struct ext2_dirent *de = record_at(b, offset);
	u32 room = fs->block_size - offset;
	u32 len;

	if (room < EXT2_DIRENT_HEAD)
		return ext2_corrupt(fs, "bad record in directory inode", dir->ino);
	len = le16_get(de->rec_len);
	if (len < ext2_dirent_size(1) || len % 4 || len > room ||
	    ext2_dirent_size(de->name_len) > len || le32_get(de->inode) > fs->inodes_count)
		return ext2_corrupt(fs, "bad record in directory inode", dir->ino);
	return 0;
}

static bool record_is(const struct ext2_dirent *de, const char *name, size_t len)
{
	return le32_get(de->inode) && de->name_len == len && memcmp(de->name, name, len) == 0;
}

/* 1: found at @pos (buffer referenced); 0: not in this block; -errno. */
static int dir_block_find(struct inode *dir, struct buffer *b, const char *name, size_t len,
		      struct dir_pos *pos)
{
	u32 block_size = ext2_of(dir)->block_size;
	u32 prev = 0;

	for (u32 offset = 0; offset < block_size;) {
		int err = record_check(dir, b, offset);

		if (err < 0)
			return err;
		if (record_is(record_at(b, offset), name, len)) {
			*pos = (struct dir_pos){ .b = b, .offset = offset, .prev = prev };
			return 1;
		}
		prev = offset;
		offset += le16_get(record_at(b, offset)->rec_len);
	}
	return 0;
}

/* 0 with @pos holding a buffer reference; -ENOENT. */
static int dir_find(struct inode *dir, const char *name, size_t len, struct dir_pos *pos)
{
	for (u32 i = 0; i < dir_blocks(dir); i++) {
		struct buffer *b;
		int found = dir_block_get(dir, i, &b);

		if (found < 0)
			return found;
		found = dir_block_find(dir, b, name, len, pos);
		if (found == 1)
			return 0;
		buffer_put(b);
		if (found < 0)
			return found;
	}
	return -ENOENT;
}

int ext2_dir_find(struct inode *dir, const char *name, size_t len, u32 *ino)
{
	struct dir_pos pos;
	int err;

	if (len > EXT2_NAME_MAX)
		return -ENAMETOOLONG;
	err = dir_find(dir, name, len, &pos);
	if (err < 0)
		return err;
	*ino = le32_get(record_at(pos.b, pos.offset)->inode);
	buffer_put(pos.b);
	return 0;
}

/* ---- changing ---- */

static u8 record_type(const struct ext2 *fs, mode_t mode)
{
	static const u8 types[16] = {
		[S_IFREG >> 12] = EXT2_FT_REGULAR, [S_IFDIR >> 12] = EXT2_FT_DIRECTORY,
		[S_IFCHR >> 12] = EXT2_FT_CHAR,    [S_IFBLK >> 12] = EXT2_FT_BLOCK,
		[S_IFIFO >> 12] = EXT2_FT_FIFO,    [S_IFSOCK >> 12] = EXT2_FT_SOCKET,
		[S_IFLNK >> 12] = EXT2_FT_SYMLINK,
	};

	return fs->has_filetype ? types[(mode >> 12) & 15] : EXT2_FT_UNKNOWN;
}

static void dir_changed(struct inode *dir)
{
	ext2_info(dir)->flags &= ~EXT2_FLAG_INDEX;
	dir->mtime = dir->ctime = time_stamp_now();
	inode_mark_dirty(dir);
	ext2_schedule_flush(ext2_of(dir));
}

static void record_fill(struct inode *dir, struct ext2_dirent *de, const char *name, size_t len,
			const struct inode *ip)
{
	de->inode = le32_make((u32)ip->ino);
	de->name_len = (u8)len;
	de->file_type = record_type(ext2_of(dir), ip->mode);
	memcpy(de->name, name, len);
}

/* Put the name into the slack of a record of this block.  1 done, 0 no room, -errno. */
static int block_add(struct inode *dir, struct buffer *b, const char *name, size_t len,
		     const struct inode *ip)
{
	u32 block_size = ext2_of(dir)->block_size;
	u32 need = ext2_dirent_size((u32)len);

	for (u32 offset = 0; offset < block_size;) {
		struct ext2_dirent *de = record_at(b, offset);
		int err = record_check(dir, b, offset);
		u32 used, rec_len;

		if (err < 0)
			return err;
		rec_len = le16_get(de->rec_len);
		used = le32_get(de->inode) ? ext2_dirent_size(de->name_len) : 0;
		if (rec_len - used >= need) {
			if (used) {
				de->rec_len = le16_make((u16)used);
				de = record_at(b, offset + used);
				de->rec_len = le16_make((u16)(rec_len - used));
			}
			record_fill(dir, de, name, len, ip);
			buffer_dirty(b);
			return 1;
		}
		offset += rec_len;
	}
	return 0;
}

/* A new last block with one free record. */
static int dir_grow(struct inode *dir, struct buffer **out)
{
	struct ext2 *fs = ext2_of(dir);
	bool is_new;
	u32 block;
	int err;

	err = ext2_map_alloc(dir, dir_blocks(dir), &block, &is_new);
	if (err < 0)
		return err;
	err = buffer_get_new(&fs->buffers, block, out);
	if (err < 0)
		return err;
	record_at(*out, 0)->rec_len = le16_make((u16)fs->block_size);
	dir->size += fs->block_size;
	inode_mark_dirty(dir);
	return 0;
}

int ext2_dir_add(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	struct buffer *b;
	int done = 0;

	if (len > EXT2_NAME_MAX)
		return -ENAMETOOLONG;
	for (u32 i = 0; i < dir_blocks(dir) && done == 0; i++) {
		done = dir_block_get(dir, i, &b);
		if (done < 0)
			return done;
		done = block_add(dir, b, name, len, ip);
		buffer_put(b);
	}
	if (done == 0) {
		done = dir_grow(dir, &b);
		if (done < 0)
			return done;
		done = block_add(dir, b, name, len, ip);
		buffer_put(b);
	}
	if (done < 0)
		return done;
	dir_changed(dir);
	return 0;
}

int ext2_dir_remove(struct inode *dir, const char *name, size_t len)
{
	struct dir_pos pos;
	struct ext2_dirent *de, *prev;
	int err = dir_find(dir, name, len, &pos);

	if (err < 0)
		return err;
	de = record_at(pos.b, pos.offset);
	prev = record_at(pos.b, pos.prev);
	if (prev != de)
		prev->rec_len = le16_make((u16)(le16_get(prev->rec_len) + le16_get(de->rec_len)));
	de->inode = le32_make(0);
	buffer_dirty(pos.b);
	buffer_put(pos.b);
	dir_changed(dir);
	return 0;
}

int ext2_dir_set(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	struct dir_pos pos;
	int err = dir_find(dir, name, len, &pos);

	if (err < 0)
		return err;
	record_fill(dir, record_at(pos.b, pos.offset), name, len, ip);
	buffer_dirty(pos.b);
	buffer_put(pos.b);
	dir_changed(dir);
	return 0;
}

int ext2_dir_make_empty(struct inode *dir, struct inode *parent)
{
	struct ext2_dirent *de;
	struct buffer *b;
	u32 dot = ext2_dirent_size(1);
	int err = dir_grow(dir, &b);

	if (err < 0)
		return err;
	de = record_at(b, 0);
	record_fill(dir, de, ".", 1, dir);
	de->rec_len = le16_make((u16)dot);
	de = record_at(b, dot);
	record_fill(dir, de, "..", 2, parent);
	de->rec_len = le16_make((u16)(ext2_of(dir)->block_size - dot));
	buffer_dirty(b);
	buffer_put(b);
	dir_changed(dir);
	return 0;
}

/* ---- reading all of it ---- */

static bool is_dot(const struct ext2_dirent *de)
{
	return (de->name_len == 1 && de->name[0] == '.') ||
	       (de->name_len == 2 && de->name[0] == '.' && de->name[1] == '.');
}

static int block_is_empty(struct inode *dir, const struct buffer *b, bool *out)
{
	for (u32 offset = 0; offset < ext2_of(dir)->block_size;) {
		const struct ext2_dirent *de = record_at(b, offset);
		int err = record_check(dir, b, offset);

		if (err < 0)
			return err;
		if (le32_get(de->inode) && !is_dot(de))
			*out = false;
		offset += le16_get(de->rec_len);
	}
	return 0;
}

int ext2_dir_is_empty(struct inode *dir, bool *out)
{
	*out = true;
	for (u32 i = 0; i < dir_blocks(dir) && *out; i++) {
		struct buffer *b;
		int err = dir_block_get(dir, i, &b);

		if (err < 0)
			return err;
		err = block_is_empty(dir, b, out);
		buffer_put(b);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Linux's DT_* of a record. */
static uint record_dt(const struct ext2_dirent *de)
{
	static const u8 types[] = {
		[EXT2_FT_REGULAR] = S_IFREG >> 12, [EXT2_FT_DIRECTORY] = S_IFDIR >> 12,
		[EXT2_FT_CHAR] = S_IFCHR >> 12,    [EXT2_FT_BLOCK] = S_IFBLK >> 12,
		[EXT2_FT_FIFO] = S_IFIFO >> 12,    [EXT2_FT_SOCKET] = S_IFSOCK >> 12,
		[EXT2_FT_SYMLINK] = S_IFLNK >> 12,
	};

	return de->file_type < ARRAY_SIZE(types) ? types[de->file_type] : 0;
}

/* A name that no program could say: nobody reads it, either. */
static bool is_bad_name(const struct ext2_dirent *de)
{
	return le32_get(de->inode) && (!de->name_len || memchr(de->name, '/', de->name_len));
}

/*
 * Emit the records of block @index from ctx->pos on.  1: go on, 0: the
 * caller's buffer is full, -errno.  A position that is inside a record
 * (the directory changed since) continues at the next one.
 */
static int block_iterate(struct inode *dir, u32 index, struct dir_context *ctx)
{
	u32 block_size = ext2_of(dir)->block_size;
	u64 base = (u64)index * block_size;
	struct buffer *b;
	int err = dir_block_get(dir, index, &b);

	if (err < 0)
		return err;
	for (u32 offset = 0; offset < block_size;) {
		const struct ext2_dirent *de = record_at(b, offset);
		u64 next;

		err = record_check(dir, b, offset);
		if (err == 0 && is_bad_name(de))
			err = ext2_corrupt(ext2_of(dir), "bad name in directory inode", dir->ino);
		if (err < 0)
			break;
		next = base + offset + le16_get(de->rec_len);
		if (base + offset >= ctx->pos) {
			if (le32_get(de->inode) &&
			    !ctx->emit(ctx, de->name, de->name_len, le32_get(de->inode),
				       record_dt(de), next))
				break;
			ctx->pos = next;
		}
		offset += le16_get(de->rec_len);
		err = offset == block_size;
	}
	buffer_put(b);
	return err;
}

int ext2_dir_iterate(struct inode *dir, struct dir_context *ctx)
{
	u32 bits = ext2_of(dir)->block_bits;

	while (ctx->pos < dir->size) {
		int more = block_iterate(dir, (u32)(ctx->pos >> bits), ctx);

		if (more <= 0)
			return more;
		/* A position that was inside the block's last record. */
		if (ctx->pos & ((1u << bits) - 1))
			ctx->pos = ALIGN_UP(ctx->pos, (u64)1 << bits);
	}
	return 0;
}
