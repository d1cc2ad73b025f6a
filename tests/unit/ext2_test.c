/* SPDX-License-Identifier: MIT */
/*
 * ext2 on images that mke2fs makes: against a model of a file system, with every
 * allocation and every block request failing in turn, and after power cuts; each time
 * e2fsck has the last word.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mount.h>
#include <uapi/stat.h>

#include <gemel/boot_info.h>
#include <gemel/fault.h>
#include <gemel/fs.h>
#include <gemel/ktest.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/sched.h>
#include <gemel/task.h>
#include <gemel/string.h>
#include <gemel/time.h>

#include "../../kernel/arch/host/host.h"
#include "../../kernel/fs/ext2/ext2.h"
#include "../../kernel/fs/vfs/vfs.h"
#include "fsmodel.h"
#include "image.h"

enum { IMAGE = 8 << 20, STEPS = 500 };

static const char *const kinds[] = {
	"-b 1024", "-b 2048", "-b 4096", "-b 1024 -r 0", "-b 4096 -I 128",
	"-b 1024 -O ^resize_inode,^dir_index,^filetype,^sparse_super", "-b 1024 -g 1024 -N 512",
};

static int mount_at(const char *at, uint flags)
{
	int err = name_create(AT_FDCWD, at, S_IFDIR | 0755, 0, NULL);

	if (err < 0 && err != -EEXIST)
		return err;
	return fs_mount("vda", at, "ext2", flags, "");
}

static u8 *insert_fresh(struct ktest_run *kt, const char *kind)
{
	u8 *image = image_make(IMAGE, kind);

	EXPECT(image != NULL);
	if (image)
		host_disk_insert(image, IMAGE);
	return image;
}

/* What @kind's file system does is what the model does, over unmounts too. */
static void run_model(struct ktest_run *kt, const char *kind, u32 seed)
{
	struct model *m = model_create(kt, "/ext2", seed);
	u8 *image = insert_fresh(kt, kind);

	m->node[0].nlink = 3;           /* lost+found */
	for (u32 round = 0; image && round < 3 && !kt->failures; round++) {
		int err = mount_at(m->at, 0);

		EXPECT_EQ(0, err);
		if (err < 0)
			break;
		model_compare(m);
		for (u32 i = 0; i < STEPS && !kt->failures; i++)
			EXPECT_EQ(0, model_step(m));
		model_compare(m);
		EXPECT_EQ(0, fs_unmount(m->at, 0));
		EXPECT_EQ(0, image_fsck(image, IMAGE, "-fn", 0, 0));
	}
	if (kt->failures)
		printk(LOG_WARN, NULL, "ext2: of \"%s\"", kind);
	image_free(image);
	model_destroy(m);
}

KTEST(ext2, does_what_a_model_does_on_every_kind)
{
	for (uint i = 0; i < ARRAY_SIZE(kinds) && !kt->failures; i++)
		run_model(kt, kinds[i], 77 + i);
}

/* ---- growing over what was cut off ---- */

KTEST(ext2, what_was_cut_off_reads_as_zero_when_the_file_grows)
{
	static u8 text[3000], seen[3000];
	u8 *image = insert_fresh(kt, "-b 1024");
	struct file *f;

	memset(text, 'x', sizeof(text));
	EXPECT_EQ(0, mount_at("/ext2", 0));
	EXPECT_EQ(0, file_open(AT_FDCWD, "/ext2/f", O_RDWR | O_CREAT, 0644, &f));
	for (uint by_write = 0; by_write < 2; by_write++) {
		EXPECT_EQ(sizeof(text), file_write_kernel(f, text, sizeof(text), 0));
		EXPECT_EQ(0, f->ops->fsync(f, false));
		EXPECT_EQ(0, inode_truncate(f->inode, 2500));
		reclaim_all();
		if (by_write)
			EXPECT_EQ(1, file_write_kernel(f, "y", 1, sizeof(text) - 1));
		else
			EXPECT_EQ(0, inode_truncate(f->inode, sizeof(text)));
		EXPECT_EQ(sizeof(seen), file_read_kernel(f, seen, sizeof(seen), 0));
		EXPECT_EQ('x', seen[2499]);
		for (uint i = 2500; i < sizeof(seen) - 1; i++)
			EXPECT_EQ(0, seen[i]);
	}
	file_put(f);
	EXPECT_EQ(0, fs_unmount("/ext2", 0));
	EXPECT_EQ(0, image_fsck(image, IMAGE, "-fn", 0, 0));
	image_free(image);
}

/* ---- memory is short ---- */

KTEST(ext2, metadata_that_is_on_the_disk_goes_when_memory_is_short)
{
	enum { DIRS = 60, IN_USE = 10 };
	u8 *image = insert_fresh(kt, "-b 1024");
	struct buffer_cache *bc;
	struct file *f;

	EXPECT_EQ(0, mount_at("/ext2", 0));
	for (uint i = 0; i < DIRS; i++) {
		char name[16];

		scnprintf(name, sizeof(name), "/ext2/%u", i);
		EXPECT_EQ(0, name_create(AT_FDCWD, name, S_IFDIR | 0755, 0, NULL));
	}
	EXPECT_EQ(0, file_open(AT_FDCWD, "/ext2", O_RDONLY | O_DIRECTORY, 0, &f));
	bc = &ext2_of_sb(f->inode->sb)->buffers;
	EXPECT(bc->count > DIRS);
	EXPECT_EQ(0, f->inode->sb->ops->sync(f->inode->sb, true));
	reclaim_all();
	EXPECT(bc->count - bc->dirty < IN_USE);
	file_put(f);
	EXPECT_EQ(0, fs_unmount("/ext2", 0));
	image_free(image);
}

/* ---- power cuts ---- */

enum { CUTS = 6, SAFE_MAX = 64, SAFE_SIZE = 60000 };

/* What fsync() has promised: file i has size and fill of its own. */
static u32 safe_size(u32 i)
{
	return 1 + i * 7919 % SAFE_SIZE;
}

static u8 safe_byte(u32 i)
{
	return (u8)(i * 31 + 1);
}

static const char *safe_path(u32 i)
{
	static char path[64];

	scnprintf(path, sizeof(path), "/ext2/safe/%u", i);
	return path;
}

static u8 safe_data[SAFE_SIZE + 1];

static void fsync_path(struct ktest_run *kt, const char *path, int flags)
{
	struct file *f;

	EXPECT_EQ(0, file_open(AT_FDCWD, path, flags, 0644, &f));
	EXPECT_EQ(0, f->ops->fsync(f, false));
	file_put(f);
}

/* One more file that is promised, by fsync() of it and its directory; O_SYNC does the first. */
static void safe_add(struct ktest_run *kt, u32 i)
{
	struct file *f;

	memset(safe_data, safe_byte(i), safe_size(i));
	EXPECT_EQ(0, file_open(AT_FDCWD, safe_path(i), O_RDWR | O_CREAT | (i & 1 ? O_SYNC : 0),
			       0644, &f));
	EXPECT_EQ(safe_size(i), file_write_kernel(f, safe_data, safe_size(i), 0));
	/* Let the flusher have it: nothing is dirty any more, but the disk has a cache. */
	if (i % 4 == 2)
		EXPECT_EQ(0, sleep_until(time_now() + 12 * NSEC_PER_SEC, TASK_BLOCKED));
	if (!(i & 1))
		EXPECT_EQ(0, f->ops->fsync(f, i & 4));
	file_put(f);
	fsync_path(kt, "/ext2/safe", O_RDONLY | O_DIRECTORY);
}

static void safe_check(struct ktest_run *kt, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		struct file *f;
		int err = file_open(AT_FDCWD, safe_path(i), O_RDONLY, 0, &f);
		u32 bad = 0;

		EXPECT_EQ(0, err);
		if (err < 0)
			continue;
		EXPECT_EQ(safe_size(i), file_read_kernel(f, safe_data, sizeof(safe_data), 0));
		for (u32 at = 0; at < safe_size(i); at++)
			bad += safe_data[at] != safe_byte(i);
		EXPECT_EQ(0, bad);
		file_put(f);
	}
}

/* The image that a power cut left, with @n promised files. */
static void cut_check(struct ktest_run *kt, u8 *image, u32 n)
{
	EXPECT_EQ(0, image_fsck(image, IMAGE, "-fy", 1, 3) & ~3);
	EXPECT_EQ(0, image_fsck(image, IMAGE, "-fn", 0, 0));
	host_disk_insert(image, IMAGE);
	EXPECT_EQ(0, mount_at("/ext2", 0));
	safe_check(kt, n);
	EXPECT_EQ(0, fs_unmount("/ext2", 0));
}

static void run_cuts(struct ktest_run *kt, const char *kind, u32 seed)
{
	u8 *image = insert_fresh(kt, kind), *cut[CUTS];
	struct model *m = model_create(kt, "/ext2/model", seed);
	u32 promised[CUTS], n = 0;

	EXPECT_EQ(0, mount_at("/ext2", 0));
	host_disk_keep_cache();
	EXPECT_EQ(0, name_create(AT_FDCWD, "/ext2/model", S_IFDIR | 0755, 0, NULL));
	EXPECT_EQ(0, name_create(AT_FDCWD, "/ext2/safe", S_IFDIR | 0755, 0, NULL));
	fsync_path(kt, "/ext2", O_RDONLY | O_DIRECTORY);
	for (u32 i = 0; i < CUTS; i++) {
		for (u32 j = image_random(&seed) % 60; j > 0; j--)
			EXPECT_EQ(0, model_step(m));
		for (u32 j = image_random(&seed) % 4; j > 0; j--)
			safe_add(kt, n++);
		for (u32 j = image_random(&seed) % 10; j > 0; j--)
			EXPECT_EQ(0, model_step(m));
		cut[i] = image_copy(image, IMAGE);
		host_disk_power_cut(image_random(&seed), cut[i]);
		promised[i] = n;
	}
	EXPECT_EQ(0, fs_unmount("/ext2", 0));
	for (u32 i = 0; i < CUTS; i++) {
		cut_check(kt, cut[i], promised[i]);
		image_free(cut[i]);
	}
	model_destroy(m);
	image_free(image);
}

KTEST(ext2, a_power_cut_leaves_what_fsync_promised)
{
	for (u32 i = 0; i < 4 && !kt->failures; i++)
		run_cuts(kt, kinds[i % 3], 1000 + i);
}

/* ---- every allocation and every request fails, one after the other ---- */

enum { FAULT_STEPS = 150, FAULT_IMAGE = 6 << 20 };

/* `thorough` on the command line: all of them; else some. */
static u32 fault_stride(u32 usual)
{
	return cmdline_has("thorough") ? 1 : usual;
}

/*
 * One pass: the @n-th of @kind fails while a file system is mounted, used and unmounted.  An
 * operation may fail then; a later one may not, and what is left is consistent.  False: the
 * pass met no fault.
 */
static bool fault_pass(struct ktest_run *kt, const u8 *base, u32 kind, u32 n, u32 seed)
{
	u8 *image = image_copy(base, FAULT_IMAGE);
	struct model *m = model_create(kt, "/ext2", seed);
	bool struck, lost = false;
	int err;

	m->node[0].nlink = 3;
	m->may_fail = true;
	host_disk_insert(image, FAULT_IMAGE);
	EXPECT_EQ(0, name_create(AT_FDCWD, "/ext2", S_IFDIR | 0755, 0, NULL) & ~-EEXIST);
	EXPECT_EQ(0, fault_plan_set(1u << kind, n));
	err = fs_mount("vda", "/ext2", "ext2", 0, "");
	EXPECT(err == 0 || fault_plan_has_struck());
	if (err < 0)
		EXPECT_EQ(0, fs_mount("vda", "/ext2", "ext2", 0, ""));
	for (u32 i = 0; i < FAULT_STEPS && !lost; i++)
		lost = model_step(m) < 0;
	EXPECT_EQ(0, fs_unmount("/ext2", 0));
	struck = fault_plan_has_struck();
	EXPECT_EQ(0, fault_plan_set(0, 0));
	EXPECT_EQ(0, image_fsck(image, FAULT_IMAGE, "-fn", 0, 0));
	/* Data that could not be written is lost; all else is not. */
	if (!lost && (!struck || kind == FAULT_ALLOC)) {
		EXPECT_EQ(0, fs_mount("vda", "/ext2", "ext2", 0, ""));
		model_compare(m);
		EXPECT_EQ(0, fs_unmount("/ext2", 0));
	}
	if (kt->failures)
		printk(LOG_WARN, NULL, "ext2: fault %u of kind %u, seed %u", n, kind, seed);
	model_destroy(m);
	image_free(image);
	return struck;
}

static void fault_passes(struct ktest_run *kt, u32 kind, u32 stride, u32 seed)
{
	u8 *base = image_make(FAULT_IMAGE, "-b 1024 -N 64");
	u32 n = 1;

	EXPECT(base != NULL);
	while (base && !kt->failures && fault_pass(kt, base, kind, n, seed + n % 3))
		n += stride;
	EXPECT(n > 20);
	image_free(base);
}

KTEST(ext2, survives_every_failed_allocation)
{
	fault_passes(kt, FAULT_ALLOC, fault_stride(17), 501);
}

KTEST(ext2, survives_every_failed_request)
{
	fault_passes(kt, FAULT_BLOCK, fault_stride(7), 601);
}

KTEST(ext2, survives_every_failed_completion)
{
	fault_passes(kt, FAULT_COMPLETION, fault_stride(7), 701);
}

/* ---- images that are wrong ---- */

KTEST(ext2, refuses_block_sizes_that_there_are_not)
{
	static const u32 logs[] = { 3, 22, 55, 0xad000000, 0xffffffff };
	u8 *image = insert_fresh(kt, "-b 1024");

	for (uint i = 0; image && i < ARRAY_SIZE(logs); i++) {
		/* s_log_block_size */
		memcpy(image + 1024 + 24, &logs[i], sizeof(logs[i]));
		host_disk_insert(image, IMAGE);
		EXPECT_EQ(-EUCLEAN, mount_at("/ext2", 0));
	}
	image_free(image);
}
