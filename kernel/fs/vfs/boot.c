/* SPDX-License-Identifier: MIT */
/*
 * How the tree comes to be: the root tmpfs, then either the initramfs unpacked into it
 * or a disk mounted over it, then /dev.
 */
#include <uapi/errno.h>
#include <uapi/mount.h>

#include <gemel/block.h>
#include <gemel/boot_info.h>
#include <gemel/kcov.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/string.h>

#include "../devfs/memdev.h"
#include "vfs.h"

#define LOG_TAG "fs"

void vfs_init(void)
{
	dcache_init();
	icache_init();
	file_init();
	tmpfs_register();
	devfs_register();
	devpts_register();
	procfs_register();
	ext2_init();
	memdev_register();
	kcov_init();
	mounts_init();
}

/* "/dev/vda", "vda" or "254:0" of root=; without it the first disk. */
static int root_device(char *name, size_t size)
{
	struct block_device *bd;

	if (cmdline_get("root", name, size) && name[0])
		return 0;
	bd = block_next(NULL);
	if (!bd)
		return -ENODEV;
	scnprintf(name, size, "/dev/%s", bd->name);
	return 0;
}

static int mount_disk(const char *device)
{
	static const char *const types[] = { "ext2" };
	uint flags = cmdline_has("ro") ? MS_RDONLY : 0;
	int err = -ENODEV;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		err = fs_mount(device, "/root", types[i], flags, "");
		if (err != -EINVAL)
			break;
	}
	return err;
}

static int mount_root_disk(void)
{
	char device[64];
	int err = root_device(device, sizeof(device));

	if (err < 0) {
		log_err("no initramfs and no disk to mount as root");
		return err;
	}
	err = name_create(AT_FDCWD, "/root", S_IFDIR | 0700, 0, NULL);
	if (err < 0 && err != -EEXIST)
		return err;
	err = mount_disk(device);
	if (err < 0) {
		log_err("root=%s cannot be mounted: error %d", device, -err);
		return err;
	}
	err = mount_make_root("/root");
	if (err == 0)
		log_info("root is %s", device);
	return err;
}

static void mount_dev(void)
{
	int err = name_create(AT_FDCWD, "/dev", S_IFDIR | 0755, 0, NULL);

	if (err == 0 || err == -EEXIST)
		err = fs_mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "");
	if (err < 0)
		log_warn("/dev is not mounted: error %d", -err);
}

int vfs_mount_root(void)
{
	int err = boot_info.initrd_size ? initramfs_load() : mount_root_disk();

	if (err == 0)
		mount_dev();
	return err;
}
