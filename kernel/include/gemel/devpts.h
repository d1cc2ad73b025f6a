/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The names of PTYs: /dev/pts/N.  fs/devpts/.  Each mount is an instance of its own, with
 * its own numbers; which one an open of ptmx means is told by where that ptmx is.
 */
#include <gemel/list.h>

struct file;
struct inode;
struct superblock;
struct tty;

#define PTY_MAX 4096u           /* of all instances together */

/* What a PTY is in its instance; the owner's, zeroed before devpts_add(). */
struct devpts_node {
	struct superblock *sb;  /* referenced from add to release */
	uint index;
	struct list link;
	struct inode *ip;       /* NULL: no name any more */
};

/*
 * Give @tty the lowest free number of the instance that @ptmx, just being opened, belongs to, and
 * a name.  0, -ENODEV (no instance there), -ENOSPC, -ENOMEM.  The name has a reference to @tty.
 */
int __must_check devpts_add(struct file *ptmx, struct tty *tty, struct devpts_node *n);
/* The name goes; who has it open keeps it. */
void devpts_remove(struct devpts_node *n);
/* The number is free again. */
void devpts_release(struct devpts_node *n);
/* Open the named terminal below the instance that is mounted beside @ptmx.  0, -ENODEV, -EIO. */
int __must_check devpts_open_peer(struct file *ptmx, struct devpts_node *n, int flags,
				  struct file **out);
