/* SPDX-License-Identifier: MIT */
/* How names are resolved, and what may be done to them: path walk, permission, links, mounts. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/stat.h>

#include "test.h"

#ifndef O_PATH
#define O_PATH 010000000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#define NOBODY 65534
#ifndef RENAME_EXCHANGE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

/* musl 1.2.3 has no wrappers for these two. */
static long rename_flags(const char *from, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static long call_statx(const char *name, int flags, unsigned int mask, struct statx *sx)
{
	return syscall(SYS_statx, AT_FDCWD, name, flags, mask, sx);
}

static int make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		return -1;
	EXPECT_EQ((long)strlen(text), write(fd, text, strlen(text)));
	return close(fd);
}

static int exists(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

FILE_TEST(slashes_and_dots)
{
	struct stat a, b;

	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_EQ(0, make_file("d/f", "x"));
	EXPECT_EQ(0, stat("d/f", &a));
	EXPECT_EQ(0, stat(".//d///.//./f", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(0, stat("d/../d/f", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_ERRNO(ENOTDIR, stat("d/f/", &b));
	EXPECT_ERRNO(ENOTDIR, stat("d/f/.", &b));
	EXPECT_ERRNO(ENOTDIR, stat("d/f/..", &b));
	EXPECT_ERRNO(ENOENT, stat("", &b));
	EXPECT_ERRNO(ENOENT, stat("none/..", &b));
	EXPECT_EQ(0, stat("d/", &b));
	EXPECT_EQ(0, stat("/../../..", &a));
	EXPECT_EQ(0, stat("/", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(a.st_dev, b.st_dev);
}

FILE_TEST(trailing_slash_of_new_names)
{
	EXPECT_EQ(0, mkdir("d/", 0755));
	EXPECT_ERRNO(EISDIR, open("f/", O_CREAT | O_WRONLY, 0644));
	EXPECT_ERRNO(ENOENT, link("d/none", "g/"));
	EXPECT_ERRNO(ENOENT, symlink("x", "g/"));
	EXPECT_EQ(0, make_file("f", ""));
	EXPECT_ERRNO(ENOTDIR, unlink("f/"));
	EXPECT_ERRNO(ENOTDIR, rename("f/", "g"));
	EXPECT_ERRNO(ENOTDIR, rename("f", "g/"));
	EXPECT_EQ(0, rename("d/", "e/"));
	EXPECT_EQ(0, rmdir("e/"));
	EXPECT_ERRNO(EINVAL, rmdir("."));
	EXPECT_ERRNO(ENOTEMPTY, rmdir(".."));
	EXPECT_ERRNO(EBUSY, rmdir("/"));
	EXPECT_ERRNO(EEXIST, mkdir(".", 0755));
	EXPECT_ERRNO(EEXIST, mkdir("/", 0755));
	EXPECT_ERRNO(EISDIR, unlink("."));
	EXPECT_ERRNO(EBUSY, rename(".", "x"));
}

FILE_TEST(links_in_every_place)
{
	struct stat st;
	char buf[32];

	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_EQ(0, make_file("d/f", "abc"));
	EXPECT_EQ(0, symlink("d", "l"));
	EXPECT_EQ(0, symlink("l/f", "lf"));
	EXPECT_EQ(0, stat("l/f", &st));
	EXPECT_EQ(3, st.st_size);
	EXPECT_EQ(0, stat("lf", &st));
	EXPECT_EQ(3, st.st_size);
	EXPECT_EQ(0, lstat("lf", &st));
	EXPECT(S_ISLNK(st.st_mode));
	EXPECT_EQ(3, st.st_size);
	EXPECT_EQ(0, lstat("l/", &st));
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_EQ(3, readlink("lf", buf, sizeof(buf)));
	EXPECT_EQ(2, readlink("lf", buf, 2));
	EXPECT_ERRNO(EINVAL, readlink("d", buf, sizeof(buf)));
	EXPECT_ERRNO(EINVAL, rmdir("l/."));
	EXPECT_ERRNO(ENOTDIR, rmdir("l"));
	EXPECT_ERRNO(ELOOP, open("l", O_RDONLY | O_NOFOLLOW));
	EXPECT_ERRNO(ENOTDIR, open("l", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
	EXPECT_EQ(0, unlink("l"));
	EXPECT_ERRNO(ENOENT, stat("lf", &st));
}

FILE_TEST(creation_goes_through_links)
{
	int fd;

	EXPECT_EQ(0, symlink("target", "l"));
	EXPECT_ERRNO(EEXIST, open("l", O_CREAT | O_EXCL | O_WRONLY, 0644));
	EXPECT_ERRNO(ELOOP, open("l", O_CREAT | O_NOFOLLOW | O_WRONLY, 0644));
	fd = open("l", O_CREAT | O_WRONLY, 0644);
	EXPECT(fd >= 0);
	close(fd);
	EXPECT(exists("target"));
	EXPECT_EQ(0, symlink("none/target", "m"));
	EXPECT_ERRNO(ENOENT, open("m", O_CREAT | O_WRONLY, 0644));
	EXPECT_ERRNO(EEXIST, mkdir("l", 0755));
	EXPECT_ERRNO(EISDIR, open(".", O_CREAT | O_WRONLY, 0644));
	EXPECT_ERRNO(EISDIR, open(".", O_WRONLY));
	EXPECT_ERRNO(EISDIR, open("/", O_RDWR));
}

FILE_TEST(forty_links_and_no_more)
{
	char from[16], to[16];
	struct stat st;

	EXPECT_EQ(0, make_file("l0", ""));
	for (int i = 1; i <= 41; i++) {
		snprintf(to, sizeof(to), "l%d", i - 1);
		snprintf(from, sizeof(from), "l%d", i);
		EXPECT_EQ(0, symlink(to, from));
	}
	EXPECT_EQ(0, stat("l40", &st));
	EXPECT_ERRNO(ELOOP, stat("l41", &st));
}

FILE_TEST(a_deleted_working_directory)
{
	char buf[PATH_MAX];
	struct stat st;

	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_EQ(0, chdir("d"));
	EXPECT_EQ(0, rmdir("../d"));
	EXPECT_ERRNO(ENOENT, syscall(SYS_getcwd, buf, sizeof(buf)));
	EXPECT_ERRNO(ENOENT, open("f", O_CREAT | O_WRONLY, 0644));
	EXPECT_ERRNO(ENOENT, mkdir("e", 0755));
	EXPECT_EQ(0, stat(".", &st));
	EXPECT_EQ(0, stat("..", &st));
	EXPECT_EQ(0, chdir(".."));
}

FILE_TEST(a_renamed_directory_keeps_its_contents)
{
	char before[PATH_MAX], after[PATH_MAX];

	EXPECT_EQ(0, mkdir("a", 0755));
	EXPECT_EQ(0, mkdir("b", 0755));
	EXPECT_EQ(0, mkdir("a/c", 0755));
	EXPECT_EQ(0, make_file("a/c/f", "1"));
	EXPECT(getcwd(before, sizeof(before)) != NULL);
	EXPECT_EQ(0, chdir("a/c"));
	EXPECT_EQ(0, rename("../../a/c", "../../b/renamed"));
	EXPECT(getcwd(after, sizeof(after)) != NULL);
	strcat(before, "/b/renamed");
	EXPECT_EQ(0, strcmp(before, after));
	EXPECT(exists("f"));
	EXPECT(exists("../renamed/f"));
	EXPECT_EQ(0, chdir("../.."));
	EXPECT_ERRNO(EINVAL, rename("b", "b/renamed/x"));
	EXPECT_ERRNO(ENOTEMPTY, rename("a", "b"));
	EXPECT_EQ(0, rename("b/renamed", "a"));
	EXPECT(exists("a/f"));
}

FILE_TEST(rename_exchange)
{
	struct stat st;

	EXPECT_EQ(0, make_file("f", "abc"));
	EXPECT_EQ(0, mkdir("d", 0755));
	if (rename_flags("f", "d", RENAME_EXCHANGE) < 0) {
		EXPECT_EQ(EINVAL, errno);       /* a file system may not do it */
		return;
	}
	EXPECT_EQ(0, stat("f", &st));
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_EQ(0, stat("d", &st));
	EXPECT_EQ(3, st.st_size);
	EXPECT_ERRNO(ENOENT, rename_flags("f", "none", RENAME_EXCHANGE));
	EXPECT_ERRNO(EINVAL, rename_flags("f", "d", RENAME_EXCHANGE | RENAME_NOREPLACE));
}

FILE_TEST(paths_without_opening)
{
	struct stat st;
	char buf[8];
	int fd;

	EXPECT_EQ(0, make_file("f", "abc"));
	EXPECT_EQ(0, chmod("f", 0));
	fd = open("f", O_PATH);
	EXPECT(fd >= 0);
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(3, st.st_size);
	EXPECT_ERRNO(EBADF, read(fd, buf, 1));
	EXPECT_ERRNO(EBADF, syscall(SYS_fchmod, fd, 0644));
	EXPECT_EQ(O_PATH, fcntl(fd, F_GETFL) & O_PATH);
	EXPECT_EQ(0, fstatat(fd, "", &st, AT_EMPTY_PATH));
	EXPECT_ERRNO(ENOTDIR, openat(fd, "x", O_RDONLY));
	close(fd);
	EXPECT_EQ(0, symlink("f", "l"));
	fd = open("l", O_PATH | O_NOFOLLOW);
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT(S_ISLNK(st.st_mode));
	EXPECT_EQ(1, readlinkat(fd, "", buf, sizeof(buf)));
	close(fd);
	fd = open(".", O_PATH | O_DIRECTORY);
	EXPECT_EQ(0, fstatat(fd, "f", &st, 0));
	EXPECT_EQ(0, fchdir(fd));
	close(fd);
}

static int drop_to_nobody(void)
{
	return setgid(NOBODY) < 0 || setuid(NOBODY) < 0 ? -1 : 0;
}

static int sticky_child(void *arg)
{
	(void)arg;
	if (drop_to_nobody() < 0)
		return 1;
	if (unlink("s/root") == 0 || errno != EPERM)
		return 2;
	if (rename("s/root", "s/x") == 0 || errno != EPERM)
		return 3;
	if (close(open("s/mine", O_CREAT | O_WRONLY, 0644)) < 0 || unlink("s/mine") < 0)
		return 4;
	return 0;
}

FILE_TEST(sticky_directories)
{
	if (getuid())
		return;
	EXPECT_EQ(0, chmod(".", 0755));
	EXPECT_EQ(0, mkdir("s", 0755));
	EXPECT_EQ(0, chmod("s", 01777));
	EXPECT_EQ(0, make_file("s/root", ""));
	EXPECT_EQ(0, test_in_child(sticky_child, NULL));
}

FILE_TEST(set_group_directories_hand_the_group_down)
{
	struct stat st;

	if (getuid())
		return;
	EXPECT_EQ(0, mkdir("g", 0755));
	EXPECT_EQ(0, chown("g", 0, 50));
	EXPECT_EQ(0, chmod("g", 02755));
	EXPECT_EQ(0, make_file("g/f", ""));
	EXPECT_EQ(0, stat("g/f", &st));
	EXPECT_EQ(50, st.st_gid);
	EXPECT_EQ(0, mkdir("g/d", 0755));
	EXPECT_EQ(0, stat("g/d", &st));
	EXPECT_EQ(50, st.st_gid);
	EXPECT(st.st_mode & S_ISGID);
}

static int set_id_child(void *arg)
{
	int fd;

	(void)arg;
	if (drop_to_nobody() < 0)
		return 1;
	fd = open("prog", O_WRONLY);
	if (fd < 0 || write(fd, "y", 1) != 1)
		return 2;
	return 0;
}

FILE_TEST(writing_takes_set_id_bits_away)
{
	struct stat st;

	if (getuid())
		return;
	EXPECT_EQ(0, chmod(".", 0755));
	EXPECT_EQ(0, make_file("prog", "x"));
	EXPECT_EQ(0, chown("prog", NOBODY, NOBODY));
	EXPECT_EQ(0, chmod("prog", 06755));
	EXPECT_EQ(0, test_in_child(set_id_child, NULL));
	EXPECT_EQ(0, stat("prog", &st));
	EXPECT_EQ(0755, st.st_mode & 07777);
	EXPECT_EQ(0, chmod("prog", 06755));
	EXPECT_EQ(0, chown("prog", 1, 1));
	EXPECT_EQ(0, stat("prog", &st));
	EXPECT_EQ(0755, st.st_mode & 07777);
}

FILE_TEST(access_asks_for_the_real_user)
{
	EXPECT_EQ(0, make_file("f", ""));
	EXPECT_EQ(0, chmod("f", 0644));
	EXPECT_EQ(0, access("f", R_OK | W_OK));
	EXPECT_ERRNO(EACCES, access("f", X_OK));
	EXPECT_ERRNO(ENOENT, access("none", F_OK));
	EXPECT_ERRNO(EINVAL, syscall(SYS_faccessat, AT_FDCWD, "f", 8));
	if (getuid())
		return;
	EXPECT_EQ(0, chmod(".", 0755));
	EXPECT_EQ(0, chmod("f", 0600));
	EXPECT_EQ(0, setreuid(NOBODY, 0));
	EXPECT_ERRNO(EACCES, access("f", R_OK));
	EXPECT_EQ(0, faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
	EXPECT_EQ(0, setreuid(0, 0));
}

FILE_TEST(times_can_be_set)
{
	struct timespec t[2] = { { 1000, 5 }, { 2000, 7 } };
	struct stat st;

	EXPECT_EQ(0, make_file("f", ""));
	EXPECT_EQ(0, utimensat(AT_FDCWD, "f", t, 0));
	EXPECT_EQ(0, stat("f", &st));
	EXPECT_EQ(1000, st.st_atime);
	EXPECT_EQ(2000, st.st_mtime);
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_nsec = UTIME_NOW;
	EXPECT_EQ(0, utimensat(AT_FDCWD, "f", t, 0));
	EXPECT_EQ(0, stat("f", &st));
	EXPECT_EQ(1000, st.st_atime);
	EXPECT(st.st_mtime > 1000000);
	t[0].tv_nsec = 1000000000;
	EXPECT_ERRNO(EINVAL, utimensat(AT_FDCWD, "f", t, 0));
	EXPECT_EQ(0, symlink("f", "l"));
	t[0].tv_nsec = t[1].tv_nsec = 0;
	EXPECT_EQ(0, utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ(0, lstat("l", &st));
	EXPECT_EQ(2000, st.st_mtime);
}

FILE_TEST(statx_agrees_with_stat)
{
	struct statx sx;
	struct stat st;

	EXPECT_EQ(0, make_file("f", "12345"));
	EXPECT_EQ(0, stat("f", &st));
	EXPECT_EQ(0, call_statx("f", 0, STATX_BASIC_STATS, &sx));
	EXPECT_EQ(st.st_size, sx.stx_size);
	EXPECT_EQ(st.st_ino, sx.stx_ino);
	EXPECT_EQ(st.st_mode, sx.stx_mode);
	EXPECT_EQ(st.st_nlink, sx.stx_nlink);
	EXPECT_EQ(st.st_mtime, sx.stx_mtime.tv_sec);
	EXPECT_EQ(major(st.st_dev), sx.stx_dev_major);
	EXPECT_EQ(minor(st.st_dev), sx.stx_dev_minor);
	EXPECT_EQ(STATX_BASIC_STATS, sx.stx_mask & STATX_BASIC_STATS);
	EXPECT_ERRNO(EINVAL, call_statx("f", 0x6000, STATX_BASIC_STATS, &sx));
}

TEST(descriptors_stat_too)
{
	struct stat st;
	int fd[2];

	EXPECT_EQ(0, pipe(fd));
	EXPECT_EQ(0, fstat(fd[0], &st));
	EXPECT(S_ISFIFO(st.st_mode));
	EXPECT_EQ(0, fstatat(fd[0], "", &st, AT_EMPTY_PATH));
	EXPECT(S_ISFIFO(st.st_mode));
	EXPECT_ERRNO(EBADF, fstat(999, &st));
}

TEST(pipes_open_through_proc)
{
	char name[40], buf[4];
	int fd[2], again;

	EXPECT_EQ(0, pipe(fd));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd[1]);
	again = open(name, O_WRONLY);
	EXPECT(again >= 0);
	EXPECT_EQ(2, write(again, "hi", 2));
	EXPECT_EQ(2, read(fd[0], buf, 4));
	EXPECT(readlink(name, name, sizeof(name)) > 6);
	EXPECT_EQ(0, strncmp(name, "pipe:[", 6));
}

TEST(memory_files)
{
	char buf[8];
	struct stat st;
	int fd = (int)syscall(SYS_memfd_create, "name", 1);

	EXPECT(fd >= 0);
	EXPECT_EQ(3, write(fd, "abc", 3));
	EXPECT_EQ(0, ftruncate(fd, 5));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(5, read(fd, buf, 8));
	EXPECT_EQ(0, memcmp(buf, "abc\0\0", 5));
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_nlink);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_ERRNO(EINVAL, syscall(SYS_memfd_create, "x", 0x8000));
}

FILE_TEST(extended_attributes_are_absent_or_work)
{
	char buf[8];
	ssize_t n;

	EXPECT_EQ(0, make_file("f", ""));
	n = getxattr("f", "user.none", buf, sizeof(buf));
	EXPECT(n < 0 && (errno == ENODATA || errno == EOPNOTSUPP));
	EXPECT_ERRNO(ENOENT, getxattr("g", "user.none", buf, sizeof(buf)));
	EXPECT(listxattr("f", NULL, 0) >= 0);
}

static int mounts_child(void *arg)
{
	struct statfs fs;
	struct stat st;
	int back;

	(void)arg;
	EXPECT_EQ(0, mkdir("m", 0755));
	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_EQ(0, make_file("d/f", "x"));
	EXPECT_EQ(0, mount("none", "m", "tmpfs", MS_NOSUID, "size=1m,mode=755"));
	EXPECT_EQ(0, statfs("m", &fs));
	EXPECT_EQ(0x01021994, fs.f_type);
	EXPECT_EQ(0, stat("m", &st));
	EXPECT_EQ(0755, st.st_mode & 0777);
	EXPECT_EQ(0, make_file("m/f", "y"));
	EXPECT_ERRNO(EXDEV, rename("m/f", "g"));
	EXPECT_ERRNO(EXDEV, link("m/f", "g"));
	EXPECT_ERRNO(EBUSY, rmdir("m"));
	EXPECT_ERRNO(EBUSY, rename("m", "n"));
	EXPECT_EQ(0, stat("m/../d/f", &st));
	EXPECT_EQ(0, chdir("m"));
	EXPECT_ERRNO(EBUSY, umount("../m"));
	EXPECT_EQ(0, chdir(".."));
	EXPECT_EQ(0, mount("none", "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	EXPECT_ERRNO(EROFS, open("m/new", O_CREAT | O_WRONLY, 0644));
	EXPECT_ERRNO(EROFS, open("m/f", O_WRONLY));
	EXPECT_ERRNO(EROFS, unlink("m/f"));
	EXPECT_ERRNO(EROFS, access("m/f", W_OK));
	EXPECT_EQ(0, umount("m"));
	EXPECT_ERRNO(EINVAL, umount("m"));
	EXPECT(!exists("m/f"));
	EXPECT_EQ(0, mount("d", "m", NULL, MS_BIND, NULL));
	EXPECT(exists("m/f"));
	EXPECT_EQ(0, umount2("m", MNT_DETACH));
	EXPECT_EQ(0, mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_EQ(0, mkdir("m/below", 0755));
	back = open(".", O_RDONLY | O_DIRECTORY);
	EXPECT_EQ(0, chdir("m/below"));
	EXPECT_EQ(0, umount2("..", MNT_DETACH));
	/* Where it would be out of reach for ever: EINVAL, newer Linux says ENOENT. */
	EXPECT_EQ(-1, mount("none", ".", "tmpfs", 0, NULL));
	EXPECT_EQ(0, fchdir(back));
	EXPECT_ERRNO(ENODEV, mount("none", "m", "nosuchfs", 0, NULL));
	EXPECT_ERRNO(ENOENT, mount("none", "nowhere", "tmpfs", 0, NULL));
	return 0;
}

FILE_TEST(mounts_come_and_go)
{
	if (mount("none", "/nowhere/at/all", "tmpfs", 0, NULL) < 0 && errno == EPERM)
		return;
	EXPECT_EQ(0, test_in_child(mounts_child, NULL));
}

static int chroot_child(void *arg)
{
	struct stat st;

	(void)arg;
	EXPECT_EQ(0, chroot("r"));
	EXPECT_EQ(0, chdir("/"));
	EXPECT_EQ(0, stat("/in", &st));
	EXPECT_EQ(0, stat("../../in", &st));
	EXPECT_ERRNO(ENOENT, stat("/proc", &st));
	EXPECT_EQ(0, stat("abs", &st));
	return 0;
}

FILE_TEST(chroot_is_the_root)
{
	if (getuid())
		return;
	EXPECT_EQ(0, mkdir("r", 0755));
	EXPECT_EQ(0, make_file("r/in", ""));
	EXPECT_EQ(0, symlink("/in", "r/abs"));
	EXPECT_EQ(0, test_in_child(chroot_child, NULL));
}
