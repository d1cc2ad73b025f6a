/* SPDX-License-Identifier: MIT */
/*
 * procfs: processes and the system as files of text.
 *
 * What is there is in tables of struct proc_entry.  No name is cached and no inode shared:
 * each lookup makes an inode with a struct proc_ref that says what it is about, so a
 * process that is gone is noticed at once, and its number can mean another.
 * Names that are numbers (processes, threads, descriptors) come from functions of the table.
 *
 * A text file is built whole when its beginning is read and kept with the open file; later reads
 * take from the same text, which is therefore one consistent picture.
 *
 * Locking.  The text of an open file is under its own lock.  Tables are constant.
 */
#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/hash.h>
#include <gemel/iobuf.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/string.h>

#include "../vfs/vfs.h"
#include "proc.h"

#define PROC_MAGIC      0x9fa0u
#define IDS_BASE        0x10000u        /* readdir position of number 0 */
#define WRITE_MAX       256u

/* ---- text ---- */

static bool text_reserve(struct text *x, size_t more)
{
	size_t size = MAX(x->size, (size_t)512);
	char *buf;

	if (x->failed || more <= x->size - x->len)
		return !x->failed;
	while (size - x->len < more)
		size *= 2;
	buf = kalloc(size);
	if (!buf) {
		x->failed = true;
		return false;
	}
	if (x->buf)
		memcpy(buf, x->buf, x->len);
	kfree(x->buf);
	x->buf = buf;
	x->size = size;
	return true;
}

void text_put(struct text *x, const char *s, size_t len)
{
	if (!text_reserve(x, len + 1))
		return;
	memcpy(x->buf + x->len, s, len);
	x->len += len;
}

void text_puts(struct text *x, const char *s)
{
	text_put(x, s, strlen(s));
}

void text_printf(struct text *x, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vscnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	text_put(x, line, (size_t)n);
}

void text_emit(void *arg, const char *line)
{
	text_puts(arg, line);
}

void text_file(struct text *x, struct file *f)
{
	char *buf;
	const char *name;

	if (!f->path.dentry) {
		if (f->inode && S_ISFIFO(f->inode->mode))
			text_printf(x, "pipe:[%lu]", (ulong)f->inode->ino);
		else if (f->inode && S_ISSOCK(f->inode->mode))
			text_printf(x, "socket:[%lu]", (ulong)f->inode->ino);
		else
			text_printf(x, "anon_inode:%s", f->name ? f->name : "[file]");
		return;
	}
	buf = kalloc(PATH_MAX);
	name = buf ? path_name(&f->path, buf, PATH_MAX) : NULL;
	text_puts(x, name ? name : "(unreachable)");
	kfree(buf);
}

/* ---- text files ---- */

struct proc_file {
	struct mutex lock;              /* rank PIPE: leaf to the rest */
	struct text text;               /* lock */
	bool is_built;
};

static const struct proc_ref *file_ref(const struct file *f)
{
	return f->inode->private;
}

static int proc_file_build(struct file *f, struct proc_file *pf)
{
	const struct proc_ref *r = file_ref(f);
	int err;

	pf->text.len = 0;
	pf->text.failed = false;
	err = r->entry->show(&pf->text, r);
	if (err == 0 && pf->text.failed)
		err = -ENOMEM;
	pf->is_built = err == 0;
	return err;
}

static ssize_t proc_file_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct proc_file *pf = f->private;
	ssize_t n = 0;

	mutex_lock(&pf->lock);
	if (*pos == 0 || !pf->is_built)
		n = proc_file_build(f, pf);
	if (n == 0 && *pos < pf->text.len)
		n = iobuf_put(io, pf->text.buf + *pos, MIN(io->left, pf->text.len - *pos));
	mutex_unlock(&pf->lock);
	if (n > 0)
		*pos += (u64)n;
	return n;
}

static ssize_t proc_file_write(struct file *f, struct iobuf *io, u64 *pos)
{
	const struct proc_ref *r = file_ref(f);
	char text[WRITE_MAX];
	size_t total = io->left;
	ssize_t n;
	int err;

	if (!r->entry->write)
		return -EACCES;
	if (total >= sizeof(text))
		return -EINVAL;
	n = iobuf_get(io, text, total);
	if (n < 0)
		return n;
	text[n] = '\0';
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	err = r->entry->write(r, text, (size_t)n);
	if (err < 0)
		return err;
	*pos += total;
	return (ssize_t)total;
}

static void proc_file_release(struct file *f)
{
	struct proc_file *pf = f->private;

	kfree(pf->text.buf);
	kfree(pf);
}

static const struct file_ops proc_text_ops = {
	.read = proc_file_read,
	.write = proc_file_write,
	.release = proc_file_release,
};

static int proc_open(struct inode *ip, struct file *f)
{
	const struct proc_ref *r = ip->private;
	struct proc_file *pf;
	int err = 0;

	if (r->entry->is_private)
		err = proc_may_look(r->t);
	if (err < 0)
		return err;
	if (r->entry->fops) {
		f->ops = r->entry->fops;
		return r->entry->open ? r->entry->open(f) : 0;
	}
	if (S_ISDIR(ip->mode)) {
		f->ops = &generic_dir_ops;
		return 0;
	}
	pf = kzalloc(sizeof(*pf));
	if (!pf)
		return -ENOMEM;
	mutex_init(&pf->lock, LOCK_RANK_PROCFILE);
	f->ops = &proc_text_ops;
	f->private = pf;
	return 0;
}

/* ---- inodes ---- */

int proc_may_look(struct task *t)
{
	return cred_may_look(t, false) < 0 ? -EACCES : 0;
}

static u64 proc_ino(const struct proc_ref *r)
{
	u64 about = ((u64)(r->t ? r->t->tid : 0) << 32) | (u32)(r->fd + 1);

	return hash_pair(about + r->is_thread, (ulong)r->entry) >> 16;
}

static const struct inode_ops proc_dir_ops, proc_file_ops, proc_link_ops, proc_jump_ops;

static void proc_owner(struct inode *ip, const struct proc_ref *r)
{
	const struct cred *c = r->t ? task_get_cred(r->t) : NULL;

	if (!c)
		return;
	/* What shows an undumpable process is root's; its directory is not. */
	if (r->t->process->dumpable || r->entry == &proc_pid_entry) {
		ip->uid = c->euid;
		ip->gid = c->egid;
	}
	cred_put(c);
}

/* An inode for @r, whose task reference is taken over, also on failure. */
static int proc_inode(struct superblock *sb, const struct proc_ref *r, struct inode **out)
{
	const struct proc_entry *e = r->entry;
	struct proc_ref *own = kalloc(sizeof(*own));
	struct inode *ip = own ? inode_create(sb, e->mode) : NULL;

	if (!ip) {
		kfree(own);
		if (r->t)
			task_put(r->t);
		return -ENOMEM;
	}
	*own = *r;
	ip->private = own;
	ip->ino = proc_ino(r);
	if (S_ISDIR(e->mode)) {
		ip->ops = &proc_dir_ops;
		ip->nlink = 2;
	} else if (S_ISLNK(e->mode)) {
		ip->ops = e->follow ? &proc_jump_ops : &proc_link_ops;
	} else {
		ip->ops = &proc_file_ops;
	}
	proc_owner(ip, r);
	*out = ip;
	return 0;
}

static void proc_evict(struct inode *ip)
{
	struct proc_ref *r = ip->private;

	if (r && r->t)
		task_put(r->t);
	kfree(r);
}

/* ---- directories ---- */

static bool name_to_id(const char *prefix, const char *name, size_t len, u64 *id)
{
	size_t skip = prefix ? strlen(prefix) : 0;
	char text[ID_NAME];

	if (len <= skip || (skip && memcmp(name, prefix, skip) != 0))
		return false;
	name += skip;
	len -= skip;
	if (len >= sizeof(text) || name[0] < '0' || name[0] > '9' || (name[0] == '0' && len > 1))
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	return parse_u64(text, 10, id, NULL) == 0;
}

/* The same thing's other side: a reference for the child. */
static struct proc_ref proc_child(const struct proc_ref *r, const struct proc_entry *e)
{
	struct proc_ref child = *r;

	child.entry = e;
	if (child.t)
		task_get(child.t);
	return child;
}

static int proc_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	const struct proc_ref *r = dir->private;
	const struct proc_dir *d = r->entry->dir;
	struct proc_ref child;
	u64 id;
	int err;

	for (size_t i = 0; i < d->n; i++) {
		const struct proc_entry *e = &d->entries[i];

		if (strlen(e->name) == len && memcmp(e->name, name, len) == 0) {
			child = proc_child(r, e);
			return proc_inode(dir->sb, &child, out);
		}
	}
	if (!d->lookup || !name_to_id(d->prefix, name, len, &id))
		return -ENOENT;
	child = (struct proc_ref){ .fd = -1 };
	err = d->lookup(r, id, &child);
	return err < 0 ? err : proc_inode(dir->sb, &child, out);
}

static int proc_iterate_ids(const struct proc_ref *r, struct dir_context *ctx)
{
	const struct proc_dir *d = r->entry->dir;
	u64 id = ctx->pos - IDS_BASE;
	char name[ID_NAME];

	while (d->next(r, &id)) {
		int len = scnprintf(name, sizeof(name), "%s%lu", d->prefix ? d->prefix : "",
				    (ulong)id);

		if (!ctx->emit(ctx, name, (size_t)len, id + 2, DT_UNKNOWN, IDS_BASE + id + 1))
			return 0;
		ctx->pos = IDS_BASE + ++id;
	}
	return 0;
}

static int proc_iterate(struct inode *ip, struct dir_context *ctx)
{
	const struct proc_ref *r = ip->private;
	const struct proc_dir *d = r->entry->dir;

	for (; ctx->pos < 2; ctx->pos++)
		if (!ctx->emit(ctx, "..", ctx->pos + 1, ip->ino, DT_DIR, ctx->pos + 1))
			return 0;
	for (; ctx->pos < 2 + d->n; ctx->pos++) {
		const struct proc_entry *e = &d->entries[ctx->pos - 2];

		if (!ctx->emit(ctx, e->name, strlen(e->name), (u64)ctx->pos + 2,
			       MODE_TO_DT(e->mode), ctx->pos + 1))
			return 0;
	}
	if (!d->next)
		return 0;
	ctx->pos = MAX(ctx->pos, (u64)IDS_BASE);
	return proc_iterate_ids(r, ctx);
}

static ssize_t proc_readlink(struct inode *ip, char *buf, size_t size)
{
	const struct proc_ref *r = ip->private;
	int err = 0;

	if (r->entry->is_private)
		err = proc_may_look(r->t);
	return err < 0 ? err : r->entry->link(r, buf, size);
}

static int proc_follow(struct inode *ip, struct path *out)
{
	const struct proc_ref *r = ip->private;
	int err = 0;

	if (r->entry->is_private)
		err = proc_may_look(r->t);
	return err < 0 ? err : r->entry->follow(r, out);
}

static int proc_setattr(struct inode *ip, const struct inode_attr *attr)
{
	(void)ip;
	return attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

static const struct inode_ops proc_dir_ops = {
	.lookup = proc_lookup,
	.iterate = proc_iterate,
	.setattr = proc_setattr,
	.open = proc_open,
	.evict = proc_evict,
};

struct process *proc_file_process(const struct file *f)
{
	const struct proc_ref *r;

	if (!f->inode || f->inode->ops != &proc_dir_ops)
		return NULL;
	r = file_ref(f);
	if (r->entry != &proc_pid_entry)
		return NULL;
	process_get(r->t->process);
	return r->t->process;
}

static const struct inode_ops proc_file_ops = {
	.setattr = proc_setattr,
	.open = proc_open,
	.evict = proc_evict,
};

static const struct inode_ops proc_link_ops = {
	.readlink = proc_readlink,
	.evict = proc_evict,
};

static const struct inode_ops proc_jump_ops = {
	.readlink = proc_readlink,
	.follow = proc_follow,
	.evict = proc_evict,
};

/* ---- the file system ---- */

static struct proc_dir root_dir = { .next = proc_next_pid, .lookup = proc_lookup_pid };
static const struct proc_entry root_entry = PROC_DIR("/", 0555, &root_dir);

int proc_mount_table(struct superblock *sb, const struct proc_entry *entry)
{
	struct proc_ref r = { .entry = entry, .fd = -1 };
	struct inode *root;
	int err;

	sb->is_volatile = true;
	err = proc_inode(sb, &r, &root);
	if (err < 0)
		return err;
	root->ino = 1;
	return sb_set_root(sb, root);
}

static int proc_mount(struct superblock *sb, const char *data)
{
	(void)data;
	sb->magic = PROC_MAGIC;
	sb->block_size = 1024;
	return proc_mount_table(sb, &root_entry);
}

static struct fs_type proc_type = { .name = "proc", .mount = proc_mount };

void procfs_register(void)
{
	root_dir.entries = proc_root_entries;
	root_dir.n = proc_root_count;
	fs_register(&proc_type);
	sysfs_register();
}
