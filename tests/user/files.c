/* SPDX-License-Identifier: MIT */
/* Files and directories, on disk (ext2) and in memory (tmpfs): the same answers. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static struct stat stat_of(const char *path)
{
	struct stat st;

	EXPECT_EQ(0, lstat(path, &st));
	return st;
}

static int make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);

	EXPECT(fd >= 0);
	return fd;
}

/* The names in a directory, in one sorted string, without . and .. */
static const char *names_in(const char *path)
{
	static char text[8192];
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);

	EXPECT(n >= 2);
	text[0] = '\0';
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			strcat(text, name);
			strcat(text, " ");
		}
		free(entries[i]);
	}
	free(entries);
	return text;
}

FILE_TEST(contents_come_back)
{
	test_write_file("a", "the text\n");
	EXPECT_EQ(0, strcmp(test_read_file("a"), "the text\n"));
	EXPECT_EQ(9, stat_of("a").st_size);
	EXPECT_EQ(1, stat_of("a").st_nlink);
	EXPECT(S_ISREG(stat_of("a").st_mode));
}

FILE_TEST(open_flags)
{
	int fd;

	EXPECT_ERRNO(ENOENT, open("a", O_RDWR));
	fd = open("a", O_WRONLY | O_CREAT | O_EXCL, 0600);
	EXPECT(fd >= 0);
	EXPECT_EQ(5, write(fd, "12345", 5));
	EXPECT_ERRNO(EBADF, read(fd, &fd, 1));
	EXPECT_ERRNO(EEXIST, open("a", O_WRONLY | O_CREAT | O_EXCL, 0600));
	fd = open("a", O_WRONLY | O_APPEND);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(2, write(fd, "67", 2));
	EXPECT_EQ(0, strcmp(test_read_file("a"), "1234567"));
	fd = open("a", O_RDWR | O_TRUNC);
	EXPECT_EQ(0, stat_of("a").st_size);
	EXPECT_ERRNO(EISDIR, open(".", O_WRONLY));
	EXPECT_ERRNO(ENOTDIR, open("a", O_RDONLY | O_DIRECTORY));
	EXPECT_ERRNO(ENOTDIR, open("a/b", O_RDONLY));
	EXPECT_ERRNO(ENOENT, open("", O_RDONLY));
	EXPECT_ERRNO(ENOENT, open("no/b", O_RDWR | O_CREAT, 0600));
	fd = open("a", O_RDONLY);
	EXPECT_ERRNO(EBADF, write(fd, "x", 1));
}

FILE_TEST(names_have_limits)
{
	char name[NAME_MAX + 2], path[PATH_MAX + 1];

	memset(name, 'n', sizeof(name));
	name[NAME_MAX] = '\0';
	close(make(name));
	EXPECT_EQ(NAME_MAX, strcspn(names_in("."), " "));
	name[NAME_MAX] = 'n';
	name[NAME_MAX + 1] = '\0';
	EXPECT_ERRNO(ENAMETOOLONG, open(name, O_RDWR | O_CREAT, 0600));
	memset(path, '/', sizeof(path));
	path[PATH_MAX] = '\0';
	EXPECT_ERRNO(ENAMETOOLONG, open(path, O_RDONLY));
}

FILE_TEST(seek)
{
	int fd = make("a");
	char byte;

	EXPECT_EQ(6, write(fd, "abcdef", 6));
	EXPECT_EQ(2, lseek(fd, 2, SEEK_SET));
	EXPECT_EQ(1, read(fd, &byte, 1));
	EXPECT_EQ('c', byte);
	EXPECT_EQ(4, lseek(fd, 1, SEEK_CUR));
	EXPECT_EQ(5, lseek(fd, -1, SEEK_END));
	EXPECT_EQ(1, read(fd, &byte, 1));
	EXPECT_EQ('f', byte);
	EXPECT_EQ(0, read(fd, &byte, 1));
	EXPECT_ERRNO(EINVAL, lseek(fd, -1, SEEK_SET));
	EXPECT_ERRNO(EINVAL, lseek(fd, 0, 99));
	EXPECT_EQ(100, lseek(fd, 100, SEEK_SET));
	EXPECT_EQ(0, read(fd, &byte, 1));
	EXPECT_EQ(6, stat_of("a").st_size);
	EXPECT_EQ(1, write(fd, "z", 1));
	EXPECT_EQ(101, stat_of("a").st_size);
	EXPECT_EQ(1, pread(fd, &byte, 1, 50));
	EXPECT_EQ(0, byte);
}

FILE_TEST(positioned_and_vector_io)
{
	char a[3], b[4];
	struct iovec out[] = { { "abc", 3 }, { "", 0 }, { "defg", 4 } };
	struct iovec in[] = { { a, 3 }, { b, 4 } };
	int fd = make("a");

	EXPECT_EQ(7, writev(fd, out, 3));
	EXPECT_EQ(2, pwrite(fd, "XY", 2, 1));
	EXPECT_EQ(7, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(7, readv(fd, in, 2));
	EXPECT(memcmp(a, "aXY", 3) == 0 && memcmp(b, "defg", 4) == 0);
	EXPECT_EQ(0, pread(fd, a, 3, 1000));
	EXPECT_ERRNO(EINVAL, pread(fd, a, 3, -1));
	EXPECT_EQ(3, preadv(fd, in, 1, 4));
	EXPECT(memcmp(a, "efg", 3) == 0);
	EXPECT_ERRNO(EINVAL, readv(fd, in, -1));
}

FILE_TEST(truncate_cuts_and_grows_with_zeroes)
{
	char bytes[10];
	int fd = make("a");

	EXPECT_EQ(10, write(fd, "0123456789", 10));
	EXPECT_EQ(0, ftruncate(fd, 4));
	EXPECT_EQ(0, ftruncate(fd, 10));
	EXPECT_EQ(10, pread(fd, bytes, 10, 0));
	EXPECT(memcmp(bytes, "0123\0\0\0\0\0\0", 10) == 0);
	EXPECT_EQ(0, truncate("a", 100000));
	EXPECT_EQ(100000, stat_of("a").st_size);
	EXPECT_EQ(0, truncate("a", 0));
	EXPECT_EQ(0, stat_of("a").st_size);
	EXPECT_EQ(0, stat_of("a").st_blocks);
	EXPECT_ERRNO(EINVAL, ftruncate(fd, -1));
	EXPECT_ERRNO(EISDIR, truncate(".", 0));
	EXPECT_ERRNO(ENOENT, truncate("b", 0));
}

/* Far enough for doubly indirect blocks of any block size, without filling the disk. */
FILE_TEST(sparse_file_of_many_sizes)
{
	static const long places[] = { 0, 5000, 49152, 300000, 4243456, 9000000, 70000000 };
	enum { N = sizeof(places) / sizeof(places[0]) };
	char block[3000], got[3000];
	int fd = make("a");

	for (int i = 0; i < N; i++) {
		memset(block, 'a' + i, sizeof(block));
		EXPECT_EQ(sizeof(block), pwrite(fd, block, sizeof(block), places[i]));
	}
	for (int i = N - 1; i >= 0; i--) {
		EXPECT_EQ(sizeof(got), pread(fd, got, sizeof(got), places[i]));
		EXPECT(test_is_filled(got, (unsigned char)('a' + i), sizeof(got)));
	}
	EXPECT_EQ(sizeof(got), pread(fd, got, sizeof(got), 20000000));
	EXPECT(test_is_filled(got, 0, sizeof(got)));
	EXPECT(stat_of("a").st_blocks < 2000);
	EXPECT_EQ(0, ftruncate(fd, 60000));
	EXPECT_EQ(sizeof(got), pread(fd, got, sizeof(got), 49152));
	EXPECT(test_is_filled(got, 'c', sizeof(got)));
}

FILE_TEST(large_file_written_read_and_read_at_random)
{
	enum { CHUNK = 8192, CHUNKS = 640 };    /* 5 MiB: past the first indirect block */
	static unsigned int chunk[CHUNK / 4];
	int fd = make("a");

	for (unsigned int i = 0; i < CHUNKS; i++) {
		for (unsigned int j = 0; j < CHUNK / 4; j++)
			chunk[j] = i * 7919 + j;
		EXPECT_EQ(CHUNK, write(fd, chunk, CHUNK));
	}
	EXPECT_EQ(0, fsync(fd));
	EXPECT_EQ(CHUNK * CHUNKS, stat_of("a").st_size);
	for (unsigned int i = 0; i < CHUNKS; i++) {
		unsigned int at = i * 389 % CHUNKS;

		EXPECT_EQ(CHUNK, pread(fd, chunk, CHUNK, (off_t)at * CHUNK));
		EXPECT(chunk[0] == at * 7919 && chunk[CHUNK / 4 - 1] == at * 7919 + CHUNK / 4 - 1);
	}
}

FILE_TEST(blocks_are_freed_and_used_again)
{
	static char data[1 << 20];
	struct statfs before, after;

	EXPECT_EQ(0, statfs(".", &before));
	for (int round = 0; round < 5; round++) {
		int fd = make("a"), other = make("b");

		memset(data, 'a' + round, sizeof(data));
		EXPECT_EQ(sizeof(data), write(fd, data, sizeof(data)));
		EXPECT_EQ(5, write(other, "other", 5));
		EXPECT_EQ(0, close(fd));
		EXPECT_EQ(0, close(other));
		EXPECT_EQ(0, unlink("a"));
		EXPECT_EQ(0, strcmp(test_read_file("b"), "other"));
		EXPECT_EQ(0, unlink("b"));
	}
	EXPECT_EQ(0, statfs(".", &after));
	EXPECT(after.f_bfree + 512 > before.f_bfree);
}

FILE_TEST(unlinked_file_lives_until_closed)
{
	int fd = make("a");
	struct stat st;
	char byte;

	EXPECT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(0, unlink("a"));
	EXPECT_ERRNO(ENOENT, unlink("a"));
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_nlink);
	EXPECT_EQ(1, pread(fd, &byte, 1, 0));
	EXPECT_EQ('x', byte);
	EXPECT_EQ(0, strcmp(names_in("."), ""));
}

FILE_TEST(unlink_errors)
{
	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_ERRNO(EISDIR, unlink("d"));
	EXPECT_ERRNO(ENOENT, unlink("x"));
	close(make("f"));
	EXPECT_ERRNO(ENOTDIR, unlink("f/x"));
	EXPECT_ERRNO(ENOTDIR, unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
	EXPECT_ERRNO(EINVAL, unlinkat(AT_FDCWD, "f", 1));
}

FILE_TEST(directories)
{
	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_ERRNO(EEXIST, mkdir("d", 0755));
	EXPECT_ERRNO(ENOENT, mkdir("x/y", 0755));
	EXPECT_EQ(0, mkdir("d/e", 0700));
	EXPECT_EQ(3, stat_of("d").st_nlink);
	EXPECT_ERRNO(ENOTEMPTY, rmdir("d"));
	EXPECT_EQ(0, rmdir("d/e"));
	EXPECT_EQ(2, stat_of("d").st_nlink);
	EXPECT_EQ(0, rmdir("d"));
	EXPECT_ERRNO(ENOENT, rmdir("d"));
	EXPECT_ERRNO(EINVAL, rmdir("."));
	close(make("f"));
	EXPECT_ERRNO(ENOTDIR, rmdir("f"));
	EXPECT_ERRNO(EEXIST, mkdir("f", 0755));
}

FILE_TEST(directory_with_many_names)
{
	enum { N = 600 };
	char name[40];
	int seen = 0;
	struct dirent *entry;
	DIR *dir;

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "a-name-of-some-length-%d", i);
		close(make(name));
	}
	for (int i = 0; i < N; i += 2) {
		snprintf(name, sizeof(name), "a-name-of-some-length-%d", i);
		EXPECT_EQ(0, unlink(name));
	}
	dir = opendir(".");
	while ((entry = readdir(dir)))
		if (entry->d_name[0] == 'a') {
			seen++;
			EXPECT_EQ(1, atoi(entry->d_name + 22) % 2);
			EXPECT(entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN);
		}
	EXPECT_EQ(N / 2, seen);
	rewinddir(dir);
	EXPECT(readdir(dir) != NULL);
	closedir(dir);
}

FILE_TEST(getdents_errors)
{
	char buffer[512];
	int fd = make("a");

	EXPECT_ERRNO(ENOTDIR, getdents(fd, (void *)buffer, sizeof(buffer)));
	EXPECT_ERRNO(EBADF, getdents(99, (void *)buffer, sizeof(buffer)));
	fd = open(".", O_RDONLY);
	EXPECT_ERRNO(EINVAL, getdents(fd, (void *)buffer, 1));
	EXPECT_ERRNO(EISDIR, read(fd, buffer, 1));
}

FILE_TEST(rename_replaces_files)
{
	ino_t inode;

	test_write_file("a", "a");
	test_write_file("b", "b");
	inode = stat_of("a").st_ino;
	EXPECT_EQ(0, rename("a", "b"));
	EXPECT_EQ(0, strcmp(names_in("."), "b "));
	EXPECT_EQ(0, strcmp(test_read_file("b"), "a"));
	EXPECT_EQ(inode, stat_of("b").st_ino);
	EXPECT_ERRNO(ENOENT, rename("a", "c"));
	EXPECT_EQ(0, link("b", "c"));
	EXPECT_EQ(0, rename("b", "c"));         /* the same file: nothing happens */
	EXPECT_EQ(0, strcmp(names_in("."), "b c "));
}

FILE_TEST(rename_directories)
{
	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_EQ(0, mkdir("d/sub", 0755));
	EXPECT_EQ(0, mkdir("e", 0755));
	EXPECT_EQ(0, mkdir("full", 0755));
	close(make("full/x"));
	close(make("f"));
	EXPECT_ERRNO(EINVAL, rename("d", "d/sub/d"));
	EXPECT_ERRNO(ENOTEMPTY, rename("d", "full"));
	EXPECT_ERRNO(ENOTDIR, rename("d", "f"));
	EXPECT_ERRNO(EISDIR, rename("f", "d"));
	EXPECT_EQ(0, rename("d", "e"));
	EXPECT_EQ(0, strcmp(names_in("e"), "sub "));
	EXPECT_EQ(0, rename("e/sub", "sub"));
	EXPECT_EQ(2, stat_of("e").st_nlink);
	EXPECT_EQ(stat_of(".").st_ino, stat_of("sub/..").st_ino);
}

/* Flag 1 is RENAME_NOREPLACE. */
static long rename_with(const char *from, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

FILE_TEST(rename_noreplace)
{
	close(make("a"));
	close(make("b"));
	EXPECT_ERRNO(EEXIST, rename_with("a", "b", 1));
	EXPECT_EQ(0, rename_with("a", "c", 1));
	EXPECT_ERRNO(EINVAL, rename_with("c", "d", 0x100));
}

FILE_TEST(hard_links)
{
	test_write_file("a", "text");
	EXPECT_EQ(0, link("a", "b"));
	EXPECT_EQ(2, stat_of("a").st_nlink);
	EXPECT_EQ(stat_of("a").st_ino, stat_of("b").st_ino);
	EXPECT_ERRNO(EEXIST, link("a", "b"));
	EXPECT_ERRNO(ENOENT, link("x", "c"));
	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_ERRNO(EPERM, link("d", "e"));
	EXPECT_EQ(0, unlink("a"));
	EXPECT_EQ(1, stat_of("b").st_nlink);
	EXPECT_EQ(0, strcmp(test_read_file("b"), "text"));
}

FILE_TEST(symbolic_links)
{
	char target[200], got[300];

	test_write_file("a", "text");
	EXPECT_EQ(0, symlink("a", "fast"));
	EXPECT_EQ(0, strcmp(test_read_file("fast"), "text"));
	EXPECT(S_ISLNK(stat_of("fast").st_mode));
	EXPECT_EQ(1, stat_of("fast").st_size);
	EXPECT_EQ(1, readlink("fast", got, sizeof(got)));
	/* Too long for the inode itself. */
	memset(target, '/', sizeof(target));
	target[0] = '.';
	strcpy(target + 180, "a");
	EXPECT_EQ(0, symlink(target, "slow"));
	EXPECT_EQ(181, readlink("slow", got, sizeof(got)));
	EXPECT(memcmp(got, target, 181) == 0);
	EXPECT_EQ(10, readlink("slow", got, 10));
	EXPECT_EQ(0, strcmp(test_read_file("slow"), "text"));
	EXPECT_EQ(0, symlink("nowhere", "dangling"));
	EXPECT_ERRNO(ENOENT, open("dangling", O_RDONLY));
	EXPECT_ERRNO(EEXIST, open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600));
	EXPECT_ERRNO(ELOOP, open("fast", O_RDONLY | O_NOFOLLOW));
	EXPECT_ERRNO(EINVAL, readlink("a", got, sizeof(got)));
	EXPECT_ERRNO(EEXIST, symlink("x", "a"));
	EXPECT_ERRNO(ENOENT, symlink("", "b"));
}

FILE_TEST(symbolic_link_loops)
{
	char name[16] = "l0", next[16];

	EXPECT_EQ(0, symlink("loop", "loop"));
	EXPECT_ERRNO(ELOOP, open("loop", O_RDONLY));
	EXPECT_ERRNO(ELOOP, chdir("loop"));
	test_write_file("end", "x");
	EXPECT_EQ(0, symlink("end", "l0"));
	for (int i = 1; i < 50; i++) {
		snprintf(next, sizeof(next), "l%d", i);
		EXPECT_EQ(0, symlink(name, next));
		strcpy(name, next);
	}
	EXPECT_EQ(1, strlen(test_read_file("l39")));
	EXPECT_ERRNO(ELOOP, open("l40", O_RDONLY));
}

FILE_TEST(modes_and_umask)
{
	umask(027);
	close(open("a", O_RDWR | O_CREAT, 0666));
	EXPECT_EQ(0640, stat_of("a").st_mode & 07777);
	EXPECT_EQ(0, mkdir("d", 0777));
	EXPECT_EQ(0750, stat_of("d").st_mode & 07777);
	EXPECT_EQ(0, chmod("a", 04711));
	EXPECT_EQ(04711, stat_of("a").st_mode & 07777);
	EXPECT_EQ(0, chown("a", 12, 34));
	EXPECT_EQ(12, stat_of("a").st_uid);
	EXPECT_EQ(34, stat_of("a").st_gid);
	EXPECT_EQ(0, access("a", R_OK | W_OK | X_OK));
	EXPECT_EQ(0, chmod("a", 0600));
	EXPECT_ERRNO(EACCES, access("a", X_OK));
	EXPECT_ERRNO(ENOENT, access("x", F_OK));
	EXPECT_ERRNO(EINVAL, access("a", 99));
}

FILE_TEST(permissions_of_a_user)
{
	int status;
	pid_t pid;

	test_write_file("mine", "x");
	EXPECT_EQ(0, chmod("mine", 0600));
	EXPECT_EQ(0, mkdir("locked", 0700));
	EXPECT_EQ(0, mkdir("sticky", 01777));
	test_write_file("sticky/root", "x");
	EXPECT_EQ(0, chmod("sticky", 01777));
	pid = fork();
	if (pid == 0) {
		EXPECT_EQ(0, setgid(1000));
		EXPECT_EQ(0, setuid(1000));
		EXPECT_ERRNO(EACCES, open("mine", O_RDONLY));
		EXPECT_ERRNO(EACCES, open("locked/x", O_RDWR | O_CREAT, 0600));
		EXPECT_ERRNO(EACCES, open("new", O_RDWR | O_CREAT, 0600));
		EXPECT_ERRNO(EPERM, chmod("mine", 0777));
		EXPECT_ERRNO(EPERM, unlink("sticky/root"));
		close(make("sticky/own"));
		EXPECT_EQ(1000, stat_of("sticky/own").st_uid);
		EXPECT_EQ(0, unlink("sticky/own"));
		EXPECT_ERRNO(EPERM, setuid(0));
		_exit(0);
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

FILE_TEST(times)
{
	struct timespec set[2] = { { 1000000000, 0 }, { 1100000000, 0 } };
	time_t before = time(NULL);

	test_write_file("a", "x");
	EXPECT(stat_of("a").st_mtime >= before - 1 && stat_of("a").st_mtime <= time(NULL) + 1);
	EXPECT_EQ(0, utimensat(AT_FDCWD, "a", set, 0));
	EXPECT_EQ(1000000000, stat_of("a").st_atime);
	EXPECT_EQ(1100000000, stat_of("a").st_mtime);
	EXPECT(stat_of("a").st_ctime >= before - 1);
	test_write_file("a", "y");
	EXPECT(stat_of("a").st_mtime >= before - 1);
	set[0].tv_nsec = UTIME_OMIT;
	set[1].tv_nsec = 1000000000;
	EXPECT_ERRNO(EINVAL, utimensat(AT_FDCWD, "a", set, 0));
}

FILE_TEST(working_directory)
{
	char here[PATH_MAX], there[PATH_MAX];

	EXPECT(getcwd(here, sizeof(here)));
	EXPECT_EQ(0, mkdir("d", 0755));
	EXPECT_EQ(0, chdir("d"));
	EXPECT(getcwd(there, sizeof(there)));
	EXPECT_EQ(strlen(here) + 2, strlen(there));
	EXPECT_EQ(0, chdir("../d/./.."));
	EXPECT(getcwd(there, sizeof(there)) && strcmp(here, there) == 0);
	EXPECT_ERRNO(ERANGE, getcwd(there, 2) ? 0 : -1L);
	EXPECT_ERRNO(ENOENT, chdir("x"));
	close(make("f"));
	EXPECT_ERRNO(ENOTDIR, chdir("f"));
	EXPECT_EQ(0, chdir("d"));
	EXPECT_EQ(0, rmdir("../d"));
	EXPECT_ERRNO(ENOENT, getcwd(there, sizeof(there)) ? 0 : -1);
	EXPECT_ERRNO(ENOENT, open("new", O_RDWR | O_CREAT, 0600));
}

FILE_TEST(relative_to_a_descriptor)
{
	struct stat st;
	int dir;

	EXPECT_EQ(0, mkdir("d", 0755));
	test_write_file("d/a", "text");
	dir = open("d", O_RDONLY | O_DIRECTORY);
	EXPECT(dir >= 0);
	EXPECT_EQ(0, chdir("/"));
	EXPECT_EQ(0, fstatat(dir, "a", &st, 0));
	EXPECT_EQ(4, st.st_size);
	EXPECT_EQ(0, mkdirat(dir, "e", 0755));
	EXPECT_EQ(0, renameat(dir, "a", dir, "e/b"));
	EXPECT_EQ(0, faccessat(dir, "e/b", F_OK, 0));
	EXPECT_ERRNO(EBADF, openat(99, "a", O_RDONLY));
	EXPECT_EQ(0, fstatat(dir, "", &st, AT_EMPTY_PATH));
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_EQ(0, fchdir(dir));
	EXPECT_EQ(0, strcmp(names_in("."), "e "));
}

FILE_TEST(special_files)
{
	EXPECT_EQ(0, mkfifo("pipe", 0644));
	EXPECT(S_ISFIFO(stat_of("pipe").st_mode));
	EXPECT_EQ(0, mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	EXPECT(S_ISCHR(stat_of("null").st_mode));
	EXPECT_EQ(makedev(1, 3), stat_of("null").st_rdev);
	EXPECT_ERRNO(EEXIST, mkfifo("pipe", 0644));
	EXPECT_ERRNO(ENXIO, open("pipe", O_WRONLY | O_NONBLOCK));
}

FILE_TEST(sendfile_and_copy_file_range_are_exact)
{
	int in, out;

	test_write_file("a", "0123456789");
	in = open("a", O_RDONLY);
	out = make("b");
	EXPECT_EQ(4, lseek(in, 4, SEEK_SET));
	EXPECT_EQ(6, copy_file_range(in, NULL, out, NULL, 100, 0));
	EXPECT_EQ(0, copy_file_range(in, NULL, out, NULL, 100, 0));
	EXPECT_EQ(0, strcmp(test_read_file("b"), "456789"));
}

FILE_TEST(two_processes_append)
{
	int fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
	int status;
	pid_t pid = fork();

	for (int i = 0; i < 200; i++)
		EXPECT_EQ(8, write(fd, pid ? "parent.\n" : "child..\n", 8));
	if (pid == 0)
		_exit(0);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(3200, stat_of("log").st_size);
	for (const char *line = test_read_file("log"); *line; line += 8)
		EXPECT(memcmp(line, "parent.\n", 8) == 0 || memcmp(line, "child..\n", 8) == 0);
}

TEST(rename_between_file_systems_is_refused)
{
	test_chdir_scratch();
	close(make("a"));
	EXPECT_ERRNO(EXDEV, rename("a", "/proc/a"));
}

TEST(sync_calls_succeed)
{
	int fd;

	test_chdir_scratch_in("/var/tmp");
	fd = make("a");
	EXPECT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(0, fsync(fd));
	EXPECT_EQ(0, fdatasync(fd));
	sync();
	EXPECT_ERRNO(EBADF, fsync(99));
}
