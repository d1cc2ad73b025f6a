/* SPDX-License-Identifier: MIT */
/*
 * ext2 on images that somebody has damaged: each part of the format, each lie about it that the
 * others do not notice.  Who meets the damage gets an error; the rest goes on, and all is
 * unmounted in order.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mount.h>
#include <uapi/stat.h>

#include <gemel/fs.h>
#include <gemel/ktest.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/string.h>

#include "../../kernel/arch/host/host.h"
#include "../../kernel/fs/ext2/disk.h"
#include "../../kernel/fs/vfs/vfs.h"
#include "image.h"

enum { IMAGE = 2 << 20, BLOCK = 1024, INODES_PER_GROUP = 64, INODE_SIZE = 256 };
/* Where the one file with pointers of all kinds has its data. */
enum { AT_INDIRECT = 20 * BLOCK, AT_DOUBLE = 400 * BLOCK, AT_TRIPLE = 70000 * BLOCK };

static u8 *work;
static char data[8 * BLOCK];
/* Inode numbers of the tree, by path. */
static struct known {
	const char *path;
	u32 ino;
} known[] = {
	{ "/c", 0 }, { "/c/file", 0 }, { "/c/big", 0 }, { "/c/d", 0 }, { "/c/d/e", 0 },
	{ "/c/d/f", 0 }, { "/c/fast", 0 }, { "/c/slow", 0 },
};

/* ---- places in the image ---- */

static u32 get32(u32 at)
{
	u32 v;

	memcpy(&v, work + at, sizeof(v));
	return v;
}

static u32 ino_of(const char *path)
{
	for (uint i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i].path, path) == 0)
			return known[i].ino;
	return 0;
}

/* The first block of the first group's inodes. */
static u32 inode_table(void)
{
	return get32(2 * BLOCK + offsetof(struct ext2_group, inode_table));
}

static u32 inode_at(const char *path)
{
	return inode_table() * BLOCK + (ino_of(path) - 1) * INODE_SIZE;
}

static u32 slot_at(const char *path, u32 slot)
{
	return inode_at(path) + (u32)offsetof(struct ext2_inode, slot) + 4 * slot;
}

/* The record of the last component of @path, in the first block of the directory before it. */
static u32 record_at(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char dir[32];
	u32 at, len;

	strscpy(dir, path, (size_t)(name - path));
	at = get32(slot_at(dir, 0)) * BLOCK;
	for (;; at += len) {
		const struct ext2_dirent *de = (const struct ext2_dirent *)(work + at);

		len = le16_get(de->rec_len);
		if (de->name_len == strlen(name) && memcmp(de->name, name, de->name_len) == 0)
			return at;
	}
}

enum place { SUPER, GROUP, BLOCK_BITMAP, INODE, RECORD, DIRECT, INDIRECT, DOUBLE, TRIPLE };

static u32 place_at(enum place place, const char *path)
{
	switch (place) {
	case SUPER: return BLOCK;
	case GROUP: return 2 * BLOCK;
	case BLOCK_BITMAP: return get32(2 * BLOCK) * BLOCK;
	case INODE: return inode_at(path);
	case RECORD: return record_at(path);
	case DIRECT: return get32(slot_at(path, 0)) * BLOCK;
	case INDIRECT: return get32(slot_at(path, 12)) * BLOCK;
	case DOUBLE: return get32(slot_at(path, 13)) * BLOCK;
	case TRIPLE: return get32(slot_at(path, 14)) * BLOCK;
	}
	return 0;
}

/* ---- the tree ---- */

static int file_fill(const char *path, u64 pos, size_t len)
{
	struct file *f;
	ssize_t n;
	int err = file_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0644, &f);

	if (err < 0)
		return err;
	memset(data, 'x', len);
	n = file_write_kernel(f, data, len, pos);
	file_put(f);
	return n < 0 ? (int)n : 0;
}

static int tree_make(void)
{
	char target[101];
	int err = 0;

	memset(target, 't', 100);
	target[100] = '\0';
	err |= file_fill("/c/file", 0, 3000);
	err |= file_fill("/c/big", 0, BLOCK);
	err |= file_fill("/c/big", AT_INDIRECT, BLOCK);
	err |= file_fill("/c/big", AT_DOUBLE, BLOCK);
	err |= file_fill("/c/big", AT_TRIPLE, BLOCK);
	err |= name_create(AT_FDCWD, "/c/d", S_IFDIR | 0755, 0, NULL);
	err |= name_create(AT_FDCWD, "/c/d/e", S_IFDIR | 0755, 0, NULL);
	err |= name_create(AT_FDCWD, "/c/d/f", S_IFREG | 0644, 0, NULL);
	err |= name_create(AT_FDCWD, "/c/fast", S_IFLNK | 0777, 0, "file");
	err |= name_create(AT_FDCWD, "/c/slow", S_IFLNK | 0777, 0, target);
	return err;
}

static u8 *base_make(struct ktest_run *kt)
{
	u8 *image = image_make(IMAGE, "-b 1024 -N 64 -I 256");
	struct path at;

	EXPECT(image != NULL);
	if (!image)
		return NULL;
	host_disk_insert(image, IMAGE);
	EXPECT_EQ(0, name_create(AT_FDCWD, "/c", S_IFDIR | 0755, 0, NULL) & ~-EEXIST);
	EXPECT_EQ(0, fs_mount("vda", "/c", "ext2", 0, ""));
	EXPECT_EQ(0, tree_make());
	for (uint i = 0; i < ARRAY_SIZE(known); i++) {
		EXPECT_EQ(0, path_lookup(AT_FDCWD, known[i].path, 0, &at));
		known[i].ino = (u32)at.dentry->inode->ino;
		path_put(&at);
	}
	EXPECT_EQ(0, fs_unmount("/c", 0));
	EXPECT_EQ(0, image_fsck(image, IMAGE, "-fn", 0, 0));
	return image;
}

/* ---- what is done with it ---- */

static bool ignore_name(struct dir_context *ctx, const char *name, size_t len, u64 ino, uint d_type,
			u64 next_pos)
{
	(void)ctx;
	(void)name;
	(void)len;
	(void)ino;
	(void)d_type;
	(void)next_pos;
	return true;
}

static int read_pieces(struct file *f)
{
	static const u64 at[] = { 0, BLOCK, AT_INDIRECT, AT_DOUBLE, AT_TRIPLE };
	struct dir_context ctx = { .emit = ignore_name };
	ssize_t n = 0;

	if (inode_is_dir(f->inode))
		return f->ops->iterate(f, &ctx);
	for (uint i = 0; i < ARRAY_SIZE(at) && n >= 0; i++)
		n = file_read_kernel(f, data, BLOCK, at[i]);
	return n < 0 ? (int)n : 0;
}

/* Look @path up and read it. */
static int use_read(const char *path)
{
	struct path at;
	struct file *f;
	int err = path_lookup(AT_FDCWD, path, 0, &at);

	if (err < 0)
		return err;
	if (S_ISLNK(at.dentry->inode->mode)) {
		ssize_t n = inode_readlink(at.dentry->inode, data, sizeof(data));

		err = n < 0 ? (int)n : 0;
	} else {
		err = file_open(AT_FDCWD, path, O_RDONLY, 0, &f);
		if (err == 0) {
			err = read_pieces(f);
			file_put(f);
		}
	}
	path_put(&at);
	return err;
}

static int use_write(const char *path)
{
	return file_fill(path, 0, 2 * BLOCK);
}

static int use_truncate(const char *path)
{
	struct path at;
	int err = path_lookup(AT_FDCWD, path, 0, &at);

	if (err < 0)
		return err;
	err = inode_truncate(at.dentry->inode, 0);
	path_put(&at);
	return err;
}

/* From below itself to the top, if somebody lets us. */
static int use_rename(const char *path)
{
	return name_rename(AT_FDCWD, path, AT_FDCWD, "/c/renamed", 0);
}

static int use_rmdir(const char *path)
{
	return name_remove(AT_FDCWD, path, true);
}

static void read_all(void)
{
	for (uint i = 0; i < ARRAY_SIZE(known); i++)
		(void)use_read(known[i].path);
}

static void change_all(void)
{
	(void)use_write("/c/file");
	(void)use_write("/c/new");
	(void)use_truncate("/c/big");
	for (uint i = ARRAY_SIZE(known) - 1; i > 0; i--) {
		(void)use_rename(known[i].path);
		(void)name_remove(AT_FDCWD, "/c/renamed", false);
		(void)use_rmdir("/c/renamed");
	}
	sync_all();
}

/* ---- the damages ---- */

struct damage {
	enum place place;
	const char *path;
	u32 offset, width, value;
	const char *ino;        /* instead of @value: the inode of this path, or the inode table */
	int mount_err;
	/* What meets it, and what that gives. */
	int (*use)(const char *path);
	const char *on;
	int err;
};

#define FIELD(type, f)  offsetof(struct type, f), sizeof(((struct type *)0)->f)
#define SUPER_FIELD(f)  SUPER, NULL, FIELD(ext2_super, f)
#define GROUP_FIELD(f)  GROUP, NULL, FIELD(ext2_group, f)
#define INODE_FIELD(p, f)  INODE, p, FIELD(ext2_inode, f)
#define SLOT(p, n)      INODE, p, offsetof(struct ext2_inode, slot) + 4 * (n), 4
#define REC_FIELD(p, f) RECORD, p, FIELD(ext2_dirent, f)
#define POINTER(kind, n) kind, "/c/big", 4 * (n), 4
#define BAD_MOUNT       NULL, -EUCLEAN, NULL, NULL, 0
#define BAD(use, on)    NULL, 0, use, on, -EUCLEAN
#define INO(path)       0, path, 0
#define BAD_TABLE(use, on)  0, "", 0, use, on, -EUCLEAN

static const struct damage damages[] = {
	{ SUPER_FIELD(magic), 0xef52, NULL, -EINVAL, NULL, NULL, 0 },
	{ SUPER_FIELD(incompat), 0x42, NULL, -EINVAL, NULL, NULL, 0 },
	{ SUPER_FIELD(ro_compat), 0x403, NULL, 0, use_write, "/c/file", -EROFS },
	{ SUPER_FIELD(state), 0, NULL, 0, use_write, "/c/file", -EROFS },
	{ SUPER_FIELD(state), 3, NULL, 0, use_write, "/c/file", -EROFS },
	{ SUPER_FIELD(blocks_count), 0, BAD_MOUNT },
	{ SUPER_FIELD(blocks_count), 1, BAD_MOUNT },
	{ SUPER_FIELD(blocks_count), 2049, BAD_MOUNT },
	{ SUPER_FIELD(blocks_count), 0xffffffff, BAD_MOUNT },
	{ SUPER_FIELD(inodes_count), 0, BAD_MOUNT },
	{ SUPER_FIELD(inodes_count), 0xffffffff, BAD_MOUNT },
	{ SUPER_FIELD(first_data_block), 0, BAD_MOUNT },
	{ SUPER_FIELD(first_data_block), 0x7fffffff, BAD_MOUNT },
	{ SUPER_FIELD(blocks_per_group), 0, BAD_MOUNT },
	{ SUPER_FIELD(blocks_per_group), 1, BAD_MOUNT },
	{ SUPER_FIELD(blocks_per_group), 8193, BAD_MOUNT },
	{ SUPER_FIELD(inodes_per_group), 0, BAD_MOUNT },
	{ SUPER_FIELD(inodes_per_group), 8193, BAD_MOUNT },
	{ SUPER_FIELD(inode_size), 0, BAD_MOUNT },
	{ SUPER_FIELD(inode_size), 192, BAD_MOUNT },
	{ SUPER_FIELD(inode_size), 2048, BAD_MOUNT },
	{ SUPER_FIELD(first_inode), 0, BAD_MOUNT },
	{ SUPER_FIELD(first_inode), 10, BAD_MOUNT },
	{ SUPER_FIELD(free_blocks), 0, NULL, 0, use_write, "/c/new", -ENOSPC },

	{ GROUP_FIELD(block_bitmap), 0, BAD_MOUNT },
	{ GROUP_FIELD(block_bitmap), 0xffffffff, BAD_MOUNT },
	{ GROUP_FIELD(inode_bitmap), 1, BAD_MOUNT },
	{ GROUP_FIELD(inode_bitmap), 2048, BAD_MOUNT },
	{ GROUP_FIELD(inode_table), 0, BAD_MOUNT },
	{ GROUP_FIELD(inode_table), 2040, BAD_MOUNT },
	{ GROUP_FIELD(inode_table), 0xfffffff0, BAD_MOUNT },
	{ GROUP_FIELD(free_blocks), 0, NULL, 0, use_write, "/c/new", -ENOSPC },
	{ GROUP_FIELD(free_inodes), 0, NULL, 0, use_write, "/c/new", -ENOSPC },
	/* Blocks 1 to 32, the superblock and the tables among them, are free. */
	{ BLOCK_BITMAP, NULL, 0, 4, 0, BAD(use_write, "/c/new") },

	{ INODE_FIELD("/c", mode), 0100644, BAD_MOUNT },
	{ INODE_FIELD("/c", mode), 0, BAD_MOUNT },
	{ INODE_FIELD("/c", links), 0, BAD_MOUNT },
	{ INODE_FIELD("/c", size_low), 1000, BAD_MOUNT },
	{ INODE_FIELD("/c", size_low), 0x80000000, BAD_MOUNT },
	{ INODE_FIELD("/c", size_low), 2048, BAD(use_read, "/c") },
	{ SLOT("/c", 0), 0, BAD(use_read, "/c/file") },
	{ SLOT("/c", 0), 1, BAD(use_read, "/c/file") },
	{ SLOT("/c", 0), 2048, BAD(use_read, "/c") },
	{ INODE_FIELD("/c/file", mode), 0, BAD(use_read, "/c/file") },
	{ INODE_FIELD("/c/file", mode), 0170000, BAD(use_read, "/c/file") },
	{ INODE_FIELD("/c/file", links), 0, BAD(use_read, "/c/file") },
	{ INODE_FIELD("/c/file", size_high), 0x7fffffff, BAD(use_read, "/c/file") },
	{ INODE_FIELD("/c/file", size_high), 0xffffffff, BAD(use_read, "/c/file") },
	{ SLOT("/c/file", 1), 0xffffffff, BAD(use_read, "/c/file") },
	{ SLOT("/c/file", 1), 1, BAD(use_truncate, "/c/file") },
	/* Inodes and pointers that a user could write. */
	{ SLOT("/c/file", 1), BAD_TABLE(use_read, "/c/file") },
	{ SLOT("/c/file", 0), BAD_TABLE(use_write, "/c/file") },
	{ SLOT("/c/d", 0), BAD_TABLE(use_write, "/c/d/new") },
	{ SLOT("/c/big", 12), BAD_TABLE(use_truncate, "/c/big") },
	{ POINTER(DOUBLE, 0), BAD_TABLE(use_read, "/c/big") },
	{ INODE_FIELD("/c/fast", size_low), 1024, BAD(use_read, "/c/fast") },
	{ INODE_FIELD("/c/fast", size_low), 0xffffffff, BAD(use_read, "/c/fast") },
	/* Its text is taken for block numbers. */
	{ INODE_FIELD("/c/fast", size_low), 100, BAD(use_read, "/c/fast") },
	{ SLOT("/c/slow", 0), 0, BAD(use_read, "/c/slow") },
	{ SLOT("/c/slow", 0), 2048, BAD(use_read, "/c/slow") },

	{ REC_FIELD("/c/file", inode), 1, BAD(use_read, "/c/file") },
	{ REC_FIELD("/c/file", inode), 7, BAD(use_read, "/c/file") },
	{ REC_FIELD("/c/file", inode), 63, BAD(use_read, "/c/file") },
	{ REC_FIELD("/c/file", inode), 65, BAD(use_read, "/c/file") },
	{ REC_FIELD("/c/file", inode), 0xffffffff, BAD(use_read, "/c") },
	{ REC_FIELD("/c/file", rec_len), 0, BAD(use_read, "/c") },
	{ REC_FIELD("/c/file", rec_len), 8, BAD(use_read, "/c") },
	{ REC_FIELD("/c/file", rec_len), 14, BAD(use_read, "/c") },
	{ REC_FIELD("/c/file", rec_len), 1024, BAD(use_read, "/c/file") },
	{ REC_FIELD("/c/file", rec_len), 0xfffc, BAD(use_read, "/c") },
	{ REC_FIELD("/c/file", name_len), 255, BAD(use_read, "/c/file") },
	{ REC_FIELD("/c/file", name_len), 0, BAD(use_read, "/c") },
	{ RECORD, "/c/file", 9, 1, '/', BAD(use_read, "/c") },
	{ RECORD, "/c/d/..", 4, 2, 8, BAD(use_rmdir, "/c/d") },
	/* Circles: the root, the directory itself, its parent, and a sister twice. */
	{ REC_FIELD("/c/d/e", inode), INO("/c"), use_read, "/c/d/e", -ELOOP },
	{ REC_FIELD("/c/d/e", inode), INO("/c/d"), use_read, "/c/d/e", -ELOOP },
	{ REC_FIELD("/c/d/e", inode), INO("/c/d"), use_rename, "/c/d/e/f", -ELOOP },
	{ REC_FIELD("/c/d/e", inode), INO("/c/d"), use_rmdir, "/c/d/e", -ELOOP },
	{ REC_FIELD("/c/d/f", inode), INO("/c"), use_rename, "/c/d/f", -ELOOP },

	{ POINTER(INDIRECT, 8), 0xffffffff, BAD(use_read, "/c/big") },
	{ POINTER(DOUBLE, 0), 2048, BAD(use_read, "/c/big") },
	{ POINTER(TRIPLE, 0), 1, BAD(use_read, "/c/big") },
	{ SLOT("/c/big", 12), 0xffffffff, BAD(use_read, "/c/big") },
	{ SLOT("/c/big", 13), 1, BAD(use_read, "/c/big") },
	{ SLOT("/c/big", 14), 0x80000000, BAD(use_truncate, "/c/big") },
};

static void damage_do(const struct damage *d)
{
	u32 value = !d->ino ? d->value : *d->ino ? ino_of(d->ino) : inode_table();

	memcpy(work + place_at(d->place, d->path) + d->offset, &value, d->width);
}

static void damage_check(struct ktest_run *kt, const struct damage *d, uint flags)
{
	int err = fs_mount("vda", "/c", "ext2", flags, "");

	EXPECT_EQ(d->mount_err, err);
	if (err < 0)
		return;
	if (d->use == use_read || (d->use && !(flags & MS_RDONLY)))
		EXPECT_EQ(d->err, d->use(d->on));
	read_all();
	if (!(flags & MS_RDONLY))
		change_all();
	EXPECT_EQ(0, fs_unmount("/c", 0));
}

KTEST(ext2_corrupt, each_damage_is_an_error)
{
	u8 *base = base_make(kt);

	for (uint i = 0; base && i < 2 * ARRAY_SIZE(damages) && !kt->failures; i++) {
		work = image_copy(base, IMAGE);
		damage_do(&damages[i / 2]);
		host_disk_insert(work, IMAGE);
		damage_check(kt, &damages[i / 2], i & 1 ? MS_RDONLY : 0);
		if (kt->failures)
			printk(LOG_WARN, NULL, "ext2: damage %u%s", i / 2,
			       i & 1 ? ", read-only" : "");
		image_free(work);
	}
	image_free(base);
}

/*
 * A file whose triple indirect block has nothing but one double indirect, that one nothing but one
 * indirect, that one nothing but one block of data: 2^24 ways to it; and two blocks that lead to
 * each other.
 */
KTEST(ext2_corrupt, pointers_in_a_circle_end)
{
	u8 *base = base_make(kt);
	u32 block[4];

	if (!base)
		return;
	for (uint circle = 0; circle < 2; circle++) {
		work = image_copy(base, IMAGE);
		block[3] = get32(slot_at("/c/big", 14));
		block[2] = get32(block[3] * BLOCK);
		block[1] = circle ? block[3] : get32(block[2] * BLOCK);
		block[0] = get32(slot_at("/c/big", 0));
		for (uint level = 3; level > circle; level--)
			for (uint i = 0; i < BLOCK / 4; i++)
				memcpy(work + block[level] * BLOCK + 4 * i, &block[level - 1], 4);
		host_disk_insert(work, IMAGE);
		EXPECT_EQ(0, fs_mount("vda", "/c", "ext2", 0, ""));
		EXPECT_EQ(0, use_read("/c/big"));
		EXPECT_EQ(-EUCLEAN, use_truncate("/c/big"));
		EXPECT_EQ(-EROFS, use_write("/c/file"));
		EXPECT_EQ(0, fs_unmount("/c", 0));
		image_free(work);
	}
	image_free(base);
}
