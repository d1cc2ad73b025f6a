/* SPDX-License-Identifier: MIT */
/*
 * Hostile paths over a tmpfs, with symbolic links, that is the root of who asks.
 *
 * Input: operations, each with one or two paths; a byte of a path is a token, so that the
 * names that there are are met again.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mount.h>
#include <uapi/stat.h>

#include <gemel/assert.h>
#include <gemel/fs.h>
#include <gemel/printf.h>
#include <gemel/string.h>
#include <gemel/task.h>

#include "../../kernel/fs/vfs/vfs.h"
#include "port.h"

enum { OPERATIONS_MAX = 60, PATH_ROOM = PATH_MAX + 400 };

static struct path outer_root;

static void path_read(struct input *in, char *path)
{
	static const char *const tokens[] = {
		"", "a", "b", "c", "/", "/", "/", "..", ".", "/../", "/a/", "/b/", "d", "",
	};
	size_t n = 0;

	for (;;) {
		u8 c = input_u8(in);

		if ((c & 15) == 0 || !in->left || n + 300 > PATH_ROOM)
			break;
		if ((c & 15) == 13) {
			/* A name that is as long as allowed, or one more. */
			memset(path + n, 'x', 255u + (c >> 7));
			n += 255u + (c >> 7);
		} else if ((c & 15) == 14) {
			path[n++] = (char)(input_u8(in) | 1);
		} else if ((c & 15) == 15) {
			/* Long without long names. */
			for (uint i = 0; i < 40; i++)
				n += (size_t)scnprintf(path + n, 4, "./");
		} else {
			n += (size_t)scnprintf(path + n, 16, "%s", tokens[c & 15]);
		}
	}
	path[n] = '\0';
}

/* The name that the kernel gives for it leads to it. */
static void check_name(const struct path *at)
{
	static char name[PATH_MAX];
	char *text = path_name(at, name, sizeof(name));
	struct path again;

	/* What is mounted over the root itself has names that nobody can use, as on Linux. */
	if (!text || text[0] != '/' || at->dentry->is_deleted ||
	    current->fs->root.dentry->is_mountpoint)
		return;
	if (path_lookup(AT_FDCWD, text, 0, &again) < 0)
		panic("fuzz: %s: no such name", text);
	if (again.dentry != at->dentry || again.mount != at->mount)
		panic("fuzz: %s: another", text);
	path_put(&again);
}

static void do_lookup(const char *path, uint flags)
{
	struct path at;

	if (path_lookup(AT_FDCWD, path, flags & (LOOKUP_FOLLOW | LOOKUP_DIRECTORY), &at) < 0)
		return;
	check_name(&at);
	path_put(&at);
}

static void do_open(const char *path, int flags)
{
	struct file *f;

	if (file_open(AT_FDCWD, path, flags | O_NONBLOCK, 0644, &f) == 0)
		file_put(f);
}

static void do_link(const char *path, const char *other)
{
	struct path at;

	if (path_lookup(AT_FDCWD, path, 0, &at) < 0)
		return;
	(void)name_link(&at, AT_FDCWD, other);
	path_put(&at);
}

static void do_mount(const char *path, u8 how)
{
	if (how & 1)
		(void)fs_mount("none", path, "tmpfs", 0, "");
	else
		(void)fs_unmount(path, how & 2 ? MNT_DETACH : 0);
}

static void operation(struct input *in)
{
	static const int open_flags[] = {
		O_RDONLY, O_WRONLY | O_CREAT, O_CREAT | O_EXCL, O_RDONLY | O_DIRECTORY,
		O_RDONLY | O_NOFOLLOW, O_RDWR | O_CREAT | O_TRUNC, O_CREAT | O_NOFOLLOW, O_PATH,
	};
	static char path[PATH_ROOM], other[PATH_ROOM];
	u8 op = input_u8(in), how = input_u8(in);

	path_read(in, path);
	path_read(in, other);
	switch (op % 11) {
	case 0:
		(void)name_create(AT_FDCWD, path, S_IFDIR | 0755, 0, NULL);
		break;
	case 1:
		(void)name_create(AT_FDCWD, path, (how & 1 ? S_IFREG : S_IFIFO) | 0644, 0, NULL);
		break;
	case 2:
	case 3:
		(void)name_create(AT_FDCWD, path, S_IFLNK | 0777, 0, other);
		break;
	case 4:
		(void)name_rename(AT_FDCWD, path, AT_FDCWD, other, how & 3);
		break;
	case 5:
		(void)name_remove(AT_FDCWD, path, how & 1);
		break;
	case 6:
		do_link(path, other);
		break;
	case 7:
		do_open(path, open_flags[how % ARRAY_SIZE(open_flags)]);
		break;
	case 8:
		do_mount(path, how);
		break;
	default:
		do_lookup(path, how);
	}
}

/* Everything of the root that this input has seen. */
static void root_take(struct path *root)
{
	if (fs_mount("none", "/fuzz", "tmpfs", 0, "") < 0 ||
	    path_lookup(AT_FDCWD, "/fuzz", 0, root) < 0)
		panic("fuzz: no tmpfs");
	spin_lock(&dcache_lock);
	outer_root = current->fs->root;
	current->fs->root = *root;
	current->fs->cwd = *root;
	spin_unlock(&dcache_lock);
}

static void root_give(struct path *root)
{
	int err;

	spin_lock(&dcache_lock);
	current->fs->root = outer_root;
	current->fs->cwd = outer_root;
	spin_unlock(&dcache_lock);
	path_put(root);
	/* Who asked may have unmounted his root, or mounted others over it. */
	do
		err = fs_unmount("/fuzz", MNT_DETACH);
	while (err == 0);
	if (err != -EINVAL)
		panic("fuzz: not unmounted: %d", err);
}

void target_init(void)
{
	current->fs = fs_context_create();
	if (!current->fs || name_create(AT_FDCWD, "/fuzz", S_IFDIR | 0755, 0, NULL) < 0)
		panic("fuzz: no directory");
}

void target_run(const u8 *bytes, size_t len)
{
	struct input in = { bytes, len };
	struct path root;

	root_take(&root);
	for (uint i = 0; i < OPERATIONS_MAX && in.left; i++)
		operation(&in);
	root_give(&root);
}
