/* SPDX-License-Identifier: MIT */
/* The initramfs: a cpio archive that the boot loader left in memory, unpacked into the root. */
#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/boot_info.h>
#include <gemel/cpio.h>
#include <gemel/log.h>
#include <gemel/page.h>
#include <gemel/slab.h>
#include <gemel/string.h>

#include "vfs/vfs.h"

#define LOG_TAG "initramfs"

/* Directories above @path that the archive does not list before what is in them. */
static int make_parents(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		int err;

		*p = '\0';
		err = name_create(AT_FDCWD, path, S_IFDIR | 0755, 0, NULL);
		*p = '/';
		if (err < 0 && err != -EEXIST)
			return err;
	}
	return 0;
}

static int set_owner(const char *path, const struct cpio_entry *e)
{
	struct inode_attr attr = { .valid = ATTR_UID | ATTR_GID | ATTR_MODE | ATTR_MTIME,
		.uid = e->uid, .gid = e->gid, .mode = e->mode & S_ALLPERM,
		.mtime = { .sec = e->mtime } };
	struct path p;
	int err = path_lookup(AT_FDCWD, path, 0, &p);

	if (err < 0)
		return err;
	mutex_lock(&p.dentry->inode->lock);
	err = inode_setattr(p.dentry->inode, &attr);
	mutex_unlock(&p.dentry->inode->lock);
	path_put(&p);
	return err;
}

static int write_file(const char *path, const struct cpio_entry *e)
{
	struct file *f;
	ssize_t n = 0;
	int err = file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600, &f);

	if (err < 0)
		return err;
	for (size_t done = 0; done < e->size; done += (size_t)n) {
		n = file_write_kernel(f, (const u8 *)e->data + done, e->size - done, done);
		if (n <= 0)
			break;
	}
	file_put(f);
	return n < 0 ? (int)n : 0;
}

static int make_link(const char *path, const struct cpio_entry *e)
{
	char target[PATH_SHORT];

	if (e->size >= sizeof(target))
		return -ENAMETOOLONG;
	memcpy(target, e->data, e->size);
	target[e->size] = '\0';
	return name_create(AT_FDCWD, path, S_IFLNK | 0777, 0, target);
}

static int make_entry(char *path, const struct cpio_entry *e)
{
	int err = make_parents(path);

	if (err < 0)
		return err;
	switch (e->mode & S_IFMT) {
	case S_IFREG:
		err = write_file(path, e);
		break;
	case S_IFDIR:
		err = name_create(AT_FDCWD, path, S_IFDIR | 0755, 0, NULL);
		break;
	case S_IFLNK:
		return make_link(path, e);
	default:
		err = name_create(AT_FDCWD, path, e->mode,
				  dev_make(e->rdev_major, e->rdev_minor), NULL);
		break;
	}
	if (err == 0 || err == -EEXIST)
		err = set_owner(path, e);
	return err;
}

static int unpack_entry(const struct cpio_entry *e)
{
	char path[PATH_SHORT];

	if (e->name_len + 2 > sizeof(path))
		return -ENAMETOOLONG;
	if (e->name_len == 0 || strcmp(e->name, ".") == 0)
		return 0;
	path[0] = '/';
	memcpy(path + 1, e->name, e->name_len);
	path[e->name_len + 1] = '\0';
	return make_entry(path, e);
}

static bool is_compressed(const u8 *p, size_t size)
{
	/* gzip, bzip2, xz, zstd, lzma. */
	static const u16 magics[] = { 0x8b1f, 0x5a42, 0x37fd, 0xb528, 0x005d };

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (size >= 2 && get_le16(p) == magics[i])
			return true;
	return false;
}

int initramfs_load(void)
{
	const u8 *image = phys_to_virt(boot_info.initrd);
	struct cpio_entry e;
	struct cpio c;
	uint n = 0;
	int more, err = 0;

	if (is_compressed(image, boot_info.initrd_size)) {
		log_err("the archive is compressed: give it as plain cpio (newc)");
		return -EINVAL;
	}
	cpio_open(&c, image, boot_info.initrd_size);
	while ((more = cpio_next(&c, &e)) > 0) {
		err = unpack_entry(&e);
		if (err < 0) {
			log_err("%s: error %d", e.name, -err);
			return err;
		}
		n++;
	}
	if (more < 0) {
		log_err("the archive is broken after %u entries", n);
		return more;
	}
	log_info("%u entries", n);
	page_free_reserved(boot_info.initrd, boot_info.initrd_size);
	return 0;
}
