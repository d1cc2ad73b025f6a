/* SPDX-License-Identifier: MIT */
#pragma once
/* The ext2 file system registers itself; once, from vfs_init(). */
void ext2_init(void);
