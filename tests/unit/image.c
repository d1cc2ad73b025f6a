/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 256, COMMAND_SIZE = 1024 };

/* A file with the image, or @bytes of zeros; its name to @path.  -1: cannot be. */
static int file_make(char path[PATH_SIZE], const uint8_t *image, size_t bytes)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	snprintf(path, PATH_SIZE, "%s/gemel-image-XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	if (fd < 0 || (image ? pwrite(fd, image, bytes, 0) != (ssize_t)bytes :
			       ftruncate(fd, (off_t)bytes) != 0)) {
		perror(path);
		return -1;
	}
	return fd;
}

static int run(const char *tool, const char *options, const char *path)
{
	char command[COMMAND_SIZE];
	int status;

	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin %s %s %s >%s.log 2>&1",
		 tool, options, path, path);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void log_end(const char *path, int is_shown)
{
	char log[PATH_SIZE + 8], line[200];
	FILE *f;

	snprintf(log, sizeof(log), "%s.log", path);
	f = is_shown ? fopen(log, "r") : NULL;
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stdout);
	if (f)
		fclose(f);
	unlink(log);
}

uint8_t *image_make(size_t bytes, const char *options)
{
	char path[PATH_SIZE], all[COMMAND_SIZE];
	int fd = file_make(path, NULL, bytes), status;
	uint8_t *image = malloc(bytes);

	snprintf(all, sizeof(all), "-q -F -t ext2 %s", options);
	status = run("mke2fs", all, path);
	if (status != 0 || !image || pread(fd, image, bytes, 0) != (ssize_t)bytes) {
		free(image);
		image = NULL;
	}
	log_end(path, !image);
	close(fd);
	unlink(path);
	return image;
}

uint8_t *image_copy(const uint8_t *image, size_t bytes)
{
	uint8_t *copy = malloc(bytes);

	return copy ? memcpy(copy, image, bytes) : NULL;
}

void image_free(uint8_t *image)
{
	free(image);
}

int image_fsck(uint8_t *image, size_t bytes, const char *options, int repair, int fine)
{
	char path[PATH_SIZE];
	int fd = file_make(path, image, bytes);
	int status = run("e2fsck", options, path);

	if (repair && pread(fd, image, bytes, 0) != (ssize_t)bytes)
		status = 128;
	log_end(path, status & ~fine);
	close(fd);
	unlink(path);
	return status;
}

uint32_t image_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}
