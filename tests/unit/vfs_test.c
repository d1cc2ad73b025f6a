/* SPDX-License-Identifier: MIT */
/* The VFS over tmpfs against the model of a file system, with every allocation failing in turn. */
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mount.h>
#include <uapi/stat.h>

#include <gemel/boot_info.h>
#include <gemel/fault.h>
#include <gemel/fs.h>
#include <gemel/ktest.h>
#include <gemel/log.h>

#include "../../kernel/fs/vfs/vfs.h"
#include "fsmodel.h"

static struct model *model_on_tmpfs(struct ktest_run *kt, u32 seed)
{
	EXPECT_EQ(0, name_create(AT_FDCWD, "/tmpfs", S_IFDIR | 0755, 0, NULL) & ~-EEXIST);
	EXPECT_EQ(0, fs_mount("none", "/tmpfs", "tmpfs", 0, ""));
	return model_create(kt, "/tmpfs", seed);
}

KTEST(tmpfs, does_what_a_model_does)
{
	struct model *m = model_on_tmpfs(kt, 4711);

	for (u32 i = 0; i < 3000 && !kt->failures; i++)
		EXPECT_EQ(0, model_step(m));
	model_compare(m);
	EXPECT_EQ(0, fs_unmount("/tmpfs", 0));
	model_destroy(m);
}

/* A step that fails for want of memory changes nothing but what a write had already moved. */
KTEST(tmpfs, survives_every_failed_allocation)
{
	bool struck = true;

	for (u32 n = 1; struck && !kt->failures; n += cmdline_has("thorough") ? 1 : 11) {
		struct model *m = model_on_tmpfs(kt, 900 + n % 5);
		bool lost = false;

		m->may_fail = true;
		EXPECT_EQ(0, fault_plan_set(1u << FAULT_ALLOC, n));
		for (u32 i = 0; i < 150 && !lost; i++)
			lost = model_step(m) < 0;
		struck = fault_plan_has_struck();
		EXPECT_EQ(0, fault_plan_set(0, 0));
		if (!lost)
			model_compare(m);
		EXPECT_EQ(0, fs_unmount("/tmpfs", 0));
		if (kt->failures)
			printk(LOG_WARN, NULL, "tmpfs: allocation %u", n);
		model_destroy(m);
	}
}

/* ---- mounts ---- */

static void count_line(void *arg, const char *line)
{
	(void)line;
	++*(u32 *)arg;
}

static u32 mounts_now(void)
{
	u32 n = 0;

	mounts_show(false, count_line, &n);
	return n;
}

static int mount_tmpfs(const char *at)
{
	int err = name_create(AT_FDCWD, at, S_IFDIR | 0755, 0, NULL);

	return err < 0 && err != -EEXIST ? err : fs_mount("none", at, "tmpfs", 0, "");
}

KTEST(mount, a_lazy_unmount_takes_what_is_mounted_below)
{
	u32 before = mounts_now();

	EXPECT_EQ(0, mount_tmpfs("/m1"));
	EXPECT_EQ(0, mount_tmpfs("/m1/a"));
	EXPECT_EQ(0, mount_tmpfs("/m1/a/b"));
	EXPECT_EQ(0, mount_tmpfs("/m1/c"));
	EXPECT_EQ(before + 4, mounts_now());
	EXPECT_EQ(-EBUSY, fs_unmount("/m1", 0));
	EXPECT_EQ(0, fs_unmount("/m1", MNT_DETACH));
	EXPECT_EQ(before, mounts_now());
	EXPECT_EQ(0, name_remove(AT_FDCWD, "/m1", true));
}
