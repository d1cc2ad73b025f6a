/* SPDX-License-Identifier: MIT */
#include "fsmodel.h"

#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/stat.h>

#include <gemel/fault.h>
#include <gemel/fs.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/string.h>

#include "../../kernel/arch/host/posix.h"
#include "../../kernel/fs/vfs/vfs.h"
#include "image.h"

#define CHUNK 20000u
#define LINK_MAX 300u

struct place {
	u32 dir, slot;
	char path[PATH_MAX];
};

static u8 buffer[MODEL_FILE_MAX];

/* One mismatch is reported with its step; the rest of a run follows from it. */
#define AGREE(m, want, got)                                                              \
	do {                                                                             \
		long want_ = (long)(want), got_ = (long)(got);                           \
		if (want_ != got_ && (m)->kt->failures++ < 5)                            \
			printk(LOG_WARN, NULL, "model of %s: seed %u step %u, %s:%d: %s: " \
			       "want %ld, got %ld", (m)->at, (m)->seed0, (m)->steps,     \
			       __FILE__, __LINE__, #got, want_, got_);                   \
	} while (0)

static u32 pick(struct model *m, u32 n)
{
	return image_random(&m->seed) % n;
}

/* Slot 0 and 1 have long names, which make a directory grow. */
static const char *slot_name(u32 slot)
{
	static char name[256];

	memset(name, 'a' + (int)slot, sizeof(name));
	name[slot < 2 ? 240 : slot] = '\0';
	return name;
}

static void path_of_dir(const struct model *m, u32 dir, char *path, size_t size)
{
	const struct model_node *n = &m->node[dir];
	u32 slot = 0;

	if (dir == 0) {
		scnprintf(path, size, "%s", m->at);
		return;
	}
	path_of_dir(m, n->parent, path, size);
	while (m->node[n->parent].child[slot] != dir + 1)
		slot++;
	scnprintf(path + strlen(path), size - strlen(path), "/%s", slot_name(slot));
}

/* A random directory and name in it. */
static void place_pick(struct model *m, struct place *p)
{
	do {
		p->dir = pick(m, MODEL_NODES);
	} while (!S_ISDIR(m->node[p->dir].type));
	p->slot = pick(m, MODEL_SLOTS);
	path_of_dir(m, p->dir, p->path, sizeof(p->path));
	scnprintf(p->path + strlen(p->path), sizeof(p->path) - strlen(p->path), "/%s",
		  slot_name(p->slot));
}

static struct model_node *node_at(struct model *m, const struct place *p)
{
	u32 child = m->node[p->dir].child[p->slot];

	return child ? &m->node[child - 1] : NULL;
}

static u32 node_free(const struct model *m)
{
	for (u32 i = 1; i < MODEL_NODES; i++)
		if (!m->node[i].type)
			return i;
	return 0;
}

static bool dir_is_empty(const struct model_node *n)
{
	for (u32 i = 0; i < MODEL_SLOTS; i++)
		if (n->child[i])
			return false;
	return true;
}

/* The name is gone. */
static void name_drop(struct model *m, const struct place *p)
{
	struct model_node *n = node_at(m, p);

	m->node[p->dir].child[p->slot] = 0;
	if (S_ISDIR(n->type)) {
		m->node[p->dir].nlink--;
		n->type = 0;
	} else if (--n->nlink == 0) {
		n->type = 0;
	}
}

static bool is_fault(struct model *m, int err)
{
	/* tmpfs has no space when it has no memory for an inode, as Linux's. */
	return m->may_fail && (err == -ENOMEM || err == -EIO || err == -ENOSPC) &&
	       fault_plan_has_struck();
}

/* ---- operations ---- */

static int step_create(struct model *m)
{
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO };
	struct model_node *n;
	struct place p;
	char target[LINK_MAX];
	u32 fresh = node_free(m), len = 1 + pick(m, pick(m, 2) ? 60 : LINK_MAX - 1);
	mode_t type = types[pick(m, ARRAY_SIZE(types))];
	int err;

	if (!fresh)
		return 0;
	place_pick(m, &p);
	memset(target, 'x', sizeof(target));
	target[len - 1] = '\0';
	if (S_ISLNK(type) && len == 1)
		return 0;
	err = name_create(AT_FDCWD, p.path, type | 0644, 0, S_ISLNK(type) ? target : NULL);
	if (is_fault(m, err))
		return err;
	AGREE(m, node_at(m, &p) ? -EEXIST : 0, err);
	if (err < 0)
		return 0;
	n = &m->node[fresh];
	*n = (struct model_node){ .type = type, .nlink = 1, .data = n->data };
	memset(n->data, 0, MODEL_FILE_MAX);
	m->node[p.dir].child[p.slot] = fresh + 1;
	if (S_ISDIR(type)) {
		n->parent = p.dir;
		n->nlink = 2;
		m->node[p.dir].nlink++;
	} else if (S_ISLNK(type)) {
		n->size = len - 1;
		memcpy(n->data, target, n->size);
	}
	return 0;
}

static int step_remove(struct model *m)
{
	bool is_rmdir = pick(m, 2);
	struct model_node *n;
	struct place p;
	int err, want = 0;

	place_pick(m, &p);
	n = node_at(m, &p);
	if (!n)
		want = -ENOENT;
	else if (!is_rmdir)
		want = S_ISDIR(n->type) ? -EISDIR : 0;
	else if (!S_ISDIR(n->type))
		want = -ENOTDIR;
	else
		want = dir_is_empty(n) ? 0 : -ENOTEMPTY;
	err = name_remove(AT_FDCWD, p.path, is_rmdir);
	if (is_fault(m, err))
		return err;
	AGREE(m, want, err);
	if (err == 0)
		name_drop(m, &p);
	return 0;
}

static int step_link(struct model *m)
{
	struct model_node *n;
	struct place from, to;
	struct path at;
	int err, want;

	place_pick(m, &from);
	place_pick(m, &to);
	n = node_at(m, &from);
	err = path_lookup(AT_FDCWD, from.path, 0, &at);
	if (is_fault(m, err))
		return err;
	AGREE(m, n ? 0 : -ENOENT, err);
	if (err < 0 || !n)
		return 0;
	want = node_at(m, &to) ? -EEXIST : S_ISDIR(n->type) ? -EPERM : 0;
	err = name_link(&at, AT_FDCWD, to.path);
	path_put(&at);
	if (is_fault(m, err))
		return err;
	AGREE(m, want, err);
	if (err == 0) {
		n->nlink++;
		m->node[to.dir].child[to.slot] = m->node[from.dir].child[from.slot];
	}
	return 0;
}

static bool is_below(const struct model *m, u32 dir, u32 above)
{
	for (; dir; dir = m->node[dir].parent)
		if (dir == above)
			return true;
	return above == 0;
}

static int rename_want(struct model *m, const struct place *from, const struct place *to)
{
	struct model_node *n = node_at(m, from), *victim = node_at(m, to);

	if (!n)
		return -ENOENT;
	if (S_ISDIR(n->type) && is_below(m, to->dir, (u32)(n - m->node)))
		return -EINVAL;
	if (victim && S_ISDIR(victim->type) && is_below(m, from->dir, (u32)(victim - m->node)))
		return -ENOTEMPTY;
	if (!victim || n == victim)
		return 0;
	if (S_ISDIR(n->type) && !S_ISDIR(victim->type))
		return -ENOTDIR;
	if (!S_ISDIR(n->type) && S_ISDIR(victim->type))
		return -EISDIR;
	return S_ISDIR(victim->type) && !dir_is_empty(victim) ? -ENOTEMPTY : 0;
}

static int step_rename(struct model *m)
{
	struct place from, to;
	struct model_node *n;
	int err, want;

	place_pick(m, &from);
	place_pick(m, &to);
	want = rename_want(m, &from, &to);
	err = name_rename(AT_FDCWD, from.path, AT_FDCWD, to.path, 0);
	if (is_fault(m, err))
		return err;
	AGREE(m, want, err);
	n = node_at(m, &from);
	if (err < 0 || want < 0 || n == node_at(m, &to))
		return 0;
	if (node_at(m, &to))
		name_drop(m, &to);
	m->node[to.dir].child[to.slot] = (u32)(n - m->node) + 1;
	m->node[from.dir].child[from.slot] = 0;
	if (S_ISDIR(n->type)) {
		m->node[from.dir].nlink--;
		m->node[to.dir].nlink++;
		n->parent = to.dir;
	}
	return 0;
}

/* Open a random regular file; *out NULL: what was there is none, and that was right. */
static int file_pick(struct model *m, struct place *p, struct file **out)
{
	struct model_node *n;
	int err;

	*out = NULL;
	place_pick(m, p);
	n = node_at(m, p);
	if (!n || !S_ISREG(n->type))
		return 0;
	err = file_open(AT_FDCWD, p->path, O_RDWR, 0, out);
	if (is_fault(m, err))
		return err;
	AGREE(m, 0, err);
	return 0;
}

static int step_write(struct model *m)
{
	u32 pos = pick(m, pick(m, 4) ? 70000 : MODEL_FILE_MAX - CHUNK), len = 1 + pick(m, CHUNK);
	struct model_node *n;
	struct place p;
	struct file *f;
	ssize_t done;
	int err = file_pick(m, &p, &f);

	if (err < 0 || !f)
		return err;
	n = node_at(m, &p);
	if (pick(m, 2))
		pos = MIN(n->size, MODEL_FILE_MAX - CHUNK);
	memset(buffer, (int)(1 + pick(m, 255)), len);
	done = file_write_kernel(f, buffer, len, pos);
	file_put(f);
	if (is_fault(m, (int)done) || (done != len && m->may_fail && fault_plan_has_struck()))
		return done < 0 ? (int)done : -EIO;
	AGREE(m, len, done);
	memcpy(n->data + pos, buffer, len);
	n->size = MAX(n->size, pos + len);
	return 0;
}

static int step_truncate(struct model *m)
{
	u32 size = pick(m, pick(m, 4) ? 70000 : MODEL_FILE_MAX);
	struct model_node *n;
	struct place p;
	struct file *f;
	int err = file_pick(m, &p, &f);

	if (err < 0 || !f)
		return err;
	err = inode_truncate(f->inode, size);
	file_put(f);
	if (is_fault(m, err))
		return err;
	AGREE(m, 0, err);
	n = node_at(m, &p);
	if (size < n->size)
		memset(n->data + size, 0, n->size - size);
	n->size = size;
	return 0;
}

static int compare_file(struct model *m, const struct model_node *n, struct file *f)
{
	ssize_t done = file_read_kernel(f, buffer, sizeof(buffer), 0);

	if (is_fault(m, (int)done) || (done != n->size && m->may_fail && fault_plan_has_struck()))
		return -EIO;
	AGREE(m, n->size, done);
	AGREE(m, n->size, f->inode->size);
	for (u32 i = 0; done == n->size && i < n->size; i++)
		if (n->data[i] != buffer[i]) {
			AGREE(m, i | (u32)n->data[i] << 24, i | (u32)buffer[i] << 24);
			break;
		}
	return 0;
}

static int step_read(struct model *m)
{
	struct place p;
	struct file *f;
	int err = file_pick(m, &p, &f);

	if (err < 0 || !f)
		return err;
	err = compare_file(m, node_at(m, &p), f);
	file_put(f);
	return err;
}

static int step_fsync(struct model *m)
{
	struct place p;
	struct file *f;
	int err = file_pick(m, &p, &f);

	if (err < 0 || !f)
		return err;
	err = f->ops->fsync(f, pick(m, 2));
	file_put(f);
	if (is_fault(m, err))
		return err;
	AGREE(m, 0, err);
	return 0;
}

/* ---- all of a directory ---- */

struct listing {
	struct dir_context ctx;
	u32 seen, others;
};

static bool list_emit(struct dir_context *ctx, const char *name, size_t len, u64 ino, uint d_type,
		      u64 next_pos)
{
	struct listing *list = container_of(ctx, struct listing, ctx);
	u32 slot = (u32)(name[0] - 'a');

	(void)ino;
	(void)d_type;
	(void)next_pos;
	if (slot < MODEL_SLOTS && len == strlen(slot_name(slot)) &&
	    memcmp(name, slot_name(slot), len) == 0 && !(list->seen & 1u << slot))
		list->seen |= 1u << slot;
	else
		list->others++;
	return true;
}

static int step_list(struct model *m)
{
	struct listing list = { .ctx.emit = list_emit };
	struct model_node *n;
	struct place p;
	struct file *f;
	u32 want = 0;
	int err;

	place_pick(m, &p);
	n = &m->node[p.dir];
	path_of_dir(m, p.dir, p.path, sizeof(p.path));
	err = file_open(AT_FDCWD, p.path, O_RDONLY | O_DIRECTORY, 0, &f);
	if (is_fault(m, err))
		return err;
	AGREE(m, 0, err);
	if (err < 0)
		return 0;
	err = f->ops->iterate(f, &list.ctx);
	AGREE(m, n->nlink, f->inode->nlink);
	file_put(f);
	if (is_fault(m, err))
		return err;
	AGREE(m, 0, err);
	for (u32 i = 0; i < MODEL_SLOTS; i++)
		want |= (u32)!!n->child[i] << i;
	AGREE(m, want, list.seen);
	return 0;
}

static int step_sync(struct model *m)
{
	if (pick(m, 2))
		reclaim_all();
	else if (!m->may_fail)
		sync_all();
	return 0;
}

/* ---- comparing ---- */

static void compare_node(struct model *m, const struct place *p)
{
	const struct model_node *n = node_at(m, p);
	struct path at;
	struct inode *ip;
	struct file *f;
	int err = path_lookup(AT_FDCWD, p->path, 0, &at);

	AGREE(m, n ? 0 : -ENOENT, err);
	if (err < 0)
		return;
	ip = at.dentry->inode;
	if (n) {
		AGREE(m, n->type, ip->mode & S_IFMT);
		AGREE(m, n->nlink, ip->nlink);
		if (S_ISLNK(n->type)) {
			AGREE(m, n->size, inode_readlink(ip, (char *)buffer, PATH_MAX));
			AGREE(m, 0, memcmp(n->data, buffer, n->size));
		}
	}
	path_put(&at);
	if (!n || !S_ISREG(n->type))
		return;
	err = file_open(AT_FDCWD, p->path, O_RDONLY, 0, &f);
	AGREE(m, 0, err);
	if (err < 0)
		return;
	compare_file(m, n, f);
	file_put(f);
}

void model_compare(struct model *m)
{
	struct place p;

	for (p.dir = 0; p.dir < MODEL_NODES; p.dir++) {
		if (!S_ISDIR(m->node[p.dir].type))
			continue;
		for (p.slot = 0; p.slot < MODEL_SLOTS; p.slot++) {
			path_of_dir(m, p.dir, p.path, sizeof(p.path));
			scnprintf(p.path + strlen(p.path), sizeof(p.path) - strlen(p.path), "/%s",
				  slot_name(p.slot));
			compare_node(m, &p);
		}
	}
}

int model_step(struct model *m)
{
	static int (*const steps[])(struct model *m) = {
		step_create, step_create, step_create, step_remove, step_remove, step_link,
		step_rename, step_rename, step_write, step_write, step_write, step_truncate,
		step_read, step_read, step_fsync, step_list, step_sync,
	};

	m->steps++;
	return steps[pick(m, ARRAY_SIZE(steps))](m);
}

struct model *model_create(struct ktest_run *kt, const char *at, u32 seed)
{
	struct model *m = posix_realloc(NULL, sizeof(*m));

	memset(m, 0, sizeof(*m));
	m->kt = kt;
	m->at = at;
	m->seed = m->seed0 = seed;
	for (u32 i = 0; i < MODEL_NODES; i++)
		m->node[i].data = posix_realloc(NULL, MODEL_FILE_MAX);
	m->node[0].type = S_IFDIR;
	m->node[0].nlink = 2;
	return m;
}

void model_destroy(struct model *m)
{
	for (u32 i = 0; i < MODEL_NODES; i++)
		posix_realloc(m->node[i].data, 0);
	posix_realloc(m, 0);
}
