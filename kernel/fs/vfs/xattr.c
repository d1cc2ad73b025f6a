/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: no file system here has them, and these calls say so the way Linux does
 * for such a file system, after finding the file.
 */
#include "vfs.h"

#include <uapi/errno.h>

#include <gemel/syscalls.h>

#include "fdtable.h"

static long xattr_path(const char __user *path, uint lookup, long result)
{
	struct path p;
	int err = user_path_lookup(AT_FDCWD, path, lookup, &p);

	if (err < 0)
		return err;
	path_put(&p);
	return result;
}

static long xattr_fd(int fd, long result)
{
	struct fd_ref r = fd_borrow(fd);

	if (!fd_ref_file(r))
		return -EBADF;
	fd_return(r);
	return result;
}

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value,
		  size_t size, int flags)
{
	(void)name, (void)value, (void)size, (void)flags;
	return xattr_path(path, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value,
		   size_t size, int flags)
{
	(void)name, (void)value, (void)size, (void)flags;
	return xattr_path(path, 0, -EOPNOTSUPP);
}

long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size,
		   int flags)
{
	(void)name, (void)value, (void)size, (void)flags;
	return xattr_fd(fd, -EOPNOTSUPP);
}

long sys_getxattr(const char __user *path, const char __user *name, void __user *value,
		  size_t size)
{
	(void)name, (void)value, (void)size;
	return xattr_path(path, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value,
		   size_t size)
{
	(void)name, (void)value, (void)size;
	return xattr_path(path, 0, -EOPNOTSUPP);
}

long sys_fgetxattr(int fd, const char __user *name, void __user *value, size_t size)
{
	(void)name, (void)value, (void)size;
	return xattr_fd(fd, -EOPNOTSUPP);
}

long sys_listxattr(const char __user *path, char __user *list, size_t size)
{
	(void)list, (void)size;
	return xattr_path(path, LOOKUP_FOLLOW, 0);
}

long sys_llistxattr(const char __user *path, char __user *list, size_t size)
{
	(void)list, (void)size;
	return xattr_path(path, 0, 0);
}

long sys_flistxattr(int fd, char __user *list, size_t size)
{
	(void)list, (void)size;
	return xattr_fd(fd, 0);
}

long sys_removexattr(const char __user *path, const char __user *name)
{
	(void)name;
	return xattr_path(path, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

long sys_lremovexattr(const char __user *path, const char __user *name)
{
	(void)name;
	return xattr_path(path, 0, -EOPNOTSUPP);
}

long sys_fremovexattr(int fd, const char __user *name)
{
	(void)name;
	return xattr_fd(fd, -EOPNOTSUPP);
}
