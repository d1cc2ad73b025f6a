/* SPDX-License-Identifier: MIT */
#pragma once
/* What devfs takes from tmpfs: it is one, with nodes in it from the start. */
#include <gemel/fs.h>

int tmpfs_mount(struct superblock *sb, const char *data);
