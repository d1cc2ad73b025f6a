/* SPDX-License-Identifier: MIT */
/*
 * ext2 on an image that somebody has changed: mounted, walked, read, written, emptied,
 * unmounted.  Any errno will do.
 *
 * Input: which image of mke2fs, how to mount it, then changes of 7 bytes: how, where (2), what
 * (4).  Most go to bytes that are not zero and no file's data: to what ext2 reads.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mount.h>
#include <uapi/stat.h>

#include <gemel/assert.h>
#include <gemel/fs.h>
#include <gemel/printf.h>
#include <gemel/string.h>

#include "../../kernel/arch/host/host.h"
#include "../../kernel/arch/host/posix.h"
#include "../../kernel/fs/vfs/vfs.h"
#include "../unit/image.h"
#include "port.h"

enum { IMAGE = 1 << 20, CHANGES_MAX = 24, ENTRIES_MAX = 60, DEPTH_MAX = 5, NAMES_MAX = 12 };

static const char *const kinds[] = {
	"-b 1024 -N 64", "-b 2048 -N 64", "-b 4096 -N 64", "-b 1024 -N 64 -r 0",
	"-b 1024 -N 64 -g 256 -O ^resize_inode,^filetype", "-b 1024 -N 64 -I 128",
};

static struct base {
	u8 *image;
	u32 *spots;                     /* offsets of bytes worth changing */
	u32 nspots;
} bases[ARRAY_SIZE(kinds)];

static u8 *work;
static u8 data[70000];

/* ---- images ---- */

static void file_make(const char *path, size_t size, u64 pos)
{
	struct file *f;

	if (file_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0644, &f) < 0)
		panic("fuzz: %s cannot be made", path);
	memset(data, 0xaa, size);
	if (file_write_kernel(f, data, size, pos) < 0)
		panic("fuzz: %s cannot be written", path);
	file_put(f);
}

/* Files of every shape: direct, indirect, double indirect, sparse, links, a directory of many. */
static void tree_make(void)
{
	static const char *const dirs[] = { "/m/d", "/m/d/e", "/m/many" };
	char path[300] = "/m/long";
	int err = 0;

	for (uint i = 0; i < ARRAY_SIZE(dirs); i++)
		err |= name_create(AT_FDCWD, dirs[i], S_IFDIR | 0755, 0, NULL);
	file_make("/m/small", 100, 0);
	file_make("/m/d/large", 60000, 0);
	file_make("/m/d/e/sparse", 3000, 300000);
	err |= name_create(AT_FDCWD, "/m/fast", S_IFLNK | 0777, 0, "d/e/sparse");
	memset(path + 7, 'x', 200);
	path[207] = '\0';
	err |= name_create(AT_FDCWD, "/m/slow", S_IFLNK | 0777, 0, path + 3);
	err |= name_create(AT_FDCWD, "/m/pipe", S_IFIFO | 0666, 0, NULL);
	err |= name_create(AT_FDCWD, "/m/null", S_IFCHR | 0666, dev_make(1, 3), NULL);
	for (uint i = 0; i < NAMES_MAX; i++) {
		scnprintf(path, sizeof(path), "/m/many/%0150u", i);
		err |= name_create(AT_FDCWD, path, S_IFREG | 0644, 0, NULL);
	}
	if (err < 0)
		panic("fuzz: the tree cannot be made: %d", err);
}

static void base_make(struct base *b, const char *kind)
{
	b->image = image_make(IMAGE, kind);
	if (!b->image)
		panic("fuzz: no image");
	host_disk_insert(b->image, IMAGE);
	if (fs_mount("vda", "/m", "ext2", 0, "") < 0)
		panic("fuzz: %s: not mounted", kind);
	tree_make();
	if (fs_unmount("/m", 0) < 0)
		panic("fuzz: %s: not unmounted", kind);
	b->spots = posix_realloc(NULL, IMAGE * sizeof(*b->spots));
	for (u32 at = 1024; at < IMAGE; at++)
		if (b->image[at] && b->image[at] != 0xaa && b->image[at] != 0xff)
			b->spots[b->nspots++] = at;
}

void target_init(void)
{
	work = posix_realloc(NULL, IMAGE);
	if (name_create(AT_FDCWD, "/m", S_IFDIR | 0755, 0, NULL) < 0)
		panic("fuzz: no mount point");
	for (uint i = 0; i < ARRAY_SIZE(kinds); i++)
		base_make(&bases[i], kinds[i]);
}

static void image_change(const struct base *b, struct input *in)
{
	u8 how = input_u8(in);
	u32 where = (u32)input_u8(in) << 8 | input_u8(in), what = input_u32(in);
	u32 at = how & 0x80 ? where * 16 % IMAGE : b->spots[where % b->nspots];

	/* Fields begin at multiples of their size. */
	switch (how & 7) {
	case 0:
		work[at] ^= (u8)(1u << (what & 7));
		break;
	case 1:
		work[at] = (u8)what;
		break;
	case 2:
		at = ALIGN_DOWN(at, 2);
		memcpy(work + at, &what, 2);
		break;
	case 3:
		at = ALIGN_DOWN(at, 4);
		memcpy(work + at, &what, 4);
		break;
	case 4:         /* a small number in a field */
		at = ALIGN_DOWN(at, 4);
		what %= 2048;
		memcpy(work + at, &what, 4);
		break;
	case 5:         /* one field in place of another */
		at = ALIGN_DOWN(at, 4);
		memcpy(work + at, work + ALIGN_DOWN(b->spots[what % b->nspots], 4), 4);
		break;
	case 6:         /* a block in place of another */
		memmove(work + ALIGN_DOWN(at, 1024), work + what % (IMAGE / 1024) * 1024, 1024);
		break;
	default:
		memset(work + at, (int)what, MIN((u32)64, IMAGE - at));
	}
}

/* ---- use ---- */

struct names {
	struct dir_context ctx;
	uint n;
	char name[NAMES_MAX][256];
};

static bool names_emit(struct dir_context *ctx, const char *name, size_t len, u64 ino, uint d_type,
		       u64 next_pos)
{
	struct names *names = container_of(ctx, struct names, ctx);

	(void)ino;
	(void)d_type;
	(void)next_pos;
	if (names->n == NAMES_MAX)
		return false;
	if (len < 256 && name[0] != '.' && !memchr(name, '/', len)) {
		memcpy(names->name[names->n], name, len);
		names->name[names->n++][len] = '\0';
	}
	return true;
}

static uint entries;            /* seen in this run */

static void use_file(struct inode *ip, const char *path, struct input *in)
{
	struct file *f;
	u64 pos = ip->size < 2000 ? 0 : ip->size - 2000;

	if (file_open(AT_FDCWD, path, O_RDWR, 0, &f) < 0)
		return;
	(void)file_read_kernel(f, data, sizeof(data), 0);
	(void)file_read_kernel(f, data, 4096, pos);
	memset(data, 0xaa, 5000);
	switch (input_u8(in) & 7) {
	case 0:
		(void)file_write_kernel(f, data, 5000, pos);
		break;
	case 1:
		(void)inode_truncate(ip, input_u32(in) % 100000);
		break;
	case 2:
		(void)file_write_kernel(f, data, 100, input_u32(in));
		break;
	case 3:
		(void)inode_truncate(ip, 0);
		(void)file_write_kernel(f, data, 3000, 0);
		break;
	case 4:
		(void)f->ops->fsync(f, false);
		break;
	}
	file_put(f);
}

static void use_name(const char *dir, const char *path, struct input *in)
{
	char other[PATH_SHORT];

	scnprintf(other, sizeof(other), "%s/n%u", dir, input_u8(in) & 3);
	switch (input_u8(in) & 7) {
	case 0:
		(void)name_remove(AT_FDCWD, path, false);
		break;
	case 1:
		(void)name_remove(AT_FDCWD, path, true);
		break;
	case 2:
		(void)name_rename(AT_FDCWD, path, AT_FDCWD, other, 0);
		break;
	case 3:
		(void)name_create(AT_FDCWD, other, S_IFDIR | 0755, 0, NULL);
		break;
	case 4:
		(void)name_create(AT_FDCWD, other, S_IFLNK | 0777, 0, path);
		break;
	case 5:
		(void)name_rename(AT_FDCWD, path, AT_FDCWD, "/m/top", 0);
		break;
	}
}

static void use_tree(const char *dir, uint depth, struct input *in);

static void use_entry(const char *dir, const char *name, uint depth, struct input *in)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	char *path = posix_realloc(NULL, size);
	struct path at;

	scnprintf(path, size, "%s/%s", dir, name);
	if (path_lookup(AT_FDCWD, path, 0, &at) == 0) {
		struct inode *ip = at.dentry->inode;

		if (S_ISREG(ip->mode))
			use_file(ip, path, in);
		else if (S_ISLNK(ip->mode))
			(void)inode_readlink(ip, (char *)data, PATH_MAX);
		else if (S_ISDIR(ip->mode) && depth < DEPTH_MAX)
			use_tree(path, depth + 1, in);
		path_put(&at);
	}
	use_name(dir, path, in);
	posix_realloc(path, 0);
}

static void use_tree(const char *dir, uint depth, struct input *in)
{
	struct names *names = posix_realloc(NULL, sizeof(*names));
	struct file *f;

	names->n = 0;
	names->ctx = (struct dir_context){ .emit = names_emit };
	if (file_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0, &f) == 0) {
		(void)f->ops->iterate(f, &names->ctx);
		file_put(f);
	}
	for (uint i = 0; i < names->n && entries++ < ENTRIES_MAX; i++)
		use_entry(dir, names->name[i], depth, in);
	posix_realloc(names, 0);
}

void target_run(const u8 *bytes, size_t len)
{
	struct input in = { bytes, len };
	const struct base *b = &bases[input_u8(&in) % ARRAY_SIZE(bases)];
	u8 how = input_u8(&in);

	memcpy(work, b->image, IMAGE);
	for (uint i = 0; i < (how >> 3) % CHANGES_MAX; i++)
		image_change(b, &in);
	host_disk_insert(work, IMAGE);
	if (fs_mount("vda", "/m", "ext2", how & 1 ? MS_RDONLY : 0, "") < 0)
		return;
	entries = 0;
	use_tree("/m", 0, &in);
	if (how & 2)
		sync_all();
	if (how & 4)
		use_tree("/m", 0, &in);
	if (fs_unmount("/m", 0) < 0)
		panic("fuzz: not unmounted");
}
