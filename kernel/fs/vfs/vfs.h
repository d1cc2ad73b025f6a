/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files of fs/vfs/ share among themselves and with the built-in file systems. */
#include <gemel/fs.h>
#include <uapi/fcntl.h>
#include <uapi/stat.h>

struct uapi_timespec;

/* ---- dentry.c: the name cache ---- */
extern struct spinlock dcache_lock;     /* rank DCACHE: the name tree, mounts, roots and cwds */

struct name {
	const char *text;               /* not terminated */
	size_t len;
	u32 hash;
};

struct name name_make(const char *text, size_t len);
void dcache_init(void);
/* The cached child, no reference, or NULL. */
struct dentry *dentry_find(struct dentry *dir, const struct name *n) __must_hold(dcache_lock);
/* A child of @dir, refs 1, not in the cache, its name reserved; NULL: no memory. */
struct dentry *dentry_create(struct dentry *dir, const struct name *n);
/* Make @d what its name says and enter it into the cache (unless the names are volatile).  @ip's
 * reference is taken over; NULL: negative.  The directory's lock is held.  0; -ELOOP: nothing
 * was done, @ip is a directory that has a name, which only a corrupt file system has two of. */
int __must_check dentry_publish(struct dentry *d, struct inode *ip);
/* A negative @d becomes positive; @ip's reference is taken over. */
void dentry_instantiate(struct dentry *d, struct inode *ip);
/* The name @d is gone: negative if nobody else has it, else out of the cache. */
void dentry_delete(struct dentry *d);
/* Out of the cache, so that the next lookup asks the file system. */
void dentry_drop(struct dentry *d);
/* @d is now called @n in @dir; storage for a long name in @room (consumed) or NULL. */
void dentry_move(struct dentry *d, struct dentry *dir, const struct name *n, char *room);
void dentry_exchange(struct dentry *a, struct dentry *b, char *room_a, char *room_b);
/* A dentry that stands alone, its own parent: roots, pipes seen through /proc.  Takes @ip's
 * reference over on success.  NULL: no memory. */
struct dentry *dentry_create_root(struct superblock *sb, struct inode *ip, const char *text);
void dentry_get(struct dentry *d);
void dentry_put(struct dentry *d);
bool dentry_is_ancestor(struct dentry *a, struct dentry *d) __must_hold(dcache_lock);
/* Drop every unused name of @sb from the cache. */
void dcache_shrink_sb(struct superblock *sb);
size_t dcache_shrink(size_t n);

/* ---- inode.c ---- */
void icache_init(void);
int inode_lookup(struct inode *dir, const struct name *n, struct inode **out);
int inode_make(struct inode *dir, const struct name *n, mode_t mode, dev_t rdev,
	       const char *target, struct inode **out);
int inode_link(struct inode *dir, const struct name *n, struct inode *ip);
int inode_unlink(struct inode *dir, const struct name *n, struct inode *ip);
int inode_rmdir(struct inode *dir, const struct name *n, struct inode *ip);
ssize_t inode_readlink(struct inode *ip, char *buf, size_t size);
/* Apply what may be applied; inode locked.  Truncation too (ATTR_SIZE). */
int inode_setattr(struct inode *ip, const struct inode_attr *attr);
/* The same with its lock taken, times and set-id bits as a truncation wants them. */
int inode_truncate(struct inode *ip, u64 size);
/* After data was written by somebody without CAP_FSETID: set-id bits go.  Inode locked. */
void inode_strip_privileges(struct inode *ip);
void inode_touch_atime(struct file *f);
/* Metadata that was changed some seconds ago goes to the disk: all file systems; one. */
void inodes_write_back(void);
void sb_write_inodes(struct superblock *sb);
/* Changed metadata goes to the file system's buffers. */
int inode_write(struct inode *ip);
/* fsync(2): data and metadata on stable storage.  0 or the first error. */
int inode_fsync(struct inode *ip, u64 first, u64 last);
/* Owner or CAP_FOWNER. */
bool inode_is_owner_or_capable(const struct inode *ip);
/* The group and mode bits of a new file in @dir. */
void inode_init_owner(struct inode *ip, const struct inode *dir, mode_t mode);

/* ---- namei.c ---- */
#define WALK_MAX_LINKS  40
#define PATH_SHORT      192

enum last_type { LAST_NORMAL, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

struct walk {
	struct path cur;                /* valid while the lock is held, or pinned */
	struct path pin;                /* references held */
	struct dentry *pin_child;
	struct path base;               /* RESOLVE_BENEATH, IN_ROOT: do not leave; borrowed */
	uint flags, resolve;
	const char *rest;
	struct name last;
	enum last_type last_type;
	bool need_dir;                  /* a trailing slash */
	bool locked;
	uint nlinks, depth;
	struct file *start;
	const char *stack[WALK_MAX_LINKS];
	char *bufs[WALK_MAX_LINKS];
};

struct user_path {
	char *name;
	char room[PATH_SHORT];
};
/* Copy a path in.  0, -EFAULT, -ENAMETOOLONG, -ENOMEM; then user_path_put(). */
int __must_check user_path_get(struct user_path *up, const char __user *upath);
void user_path_put(struct user_path *up);

int walk_begin(struct walk *w, int dirfd, const char *name, uint flags);
/* To the directory of the last component; lock held on success. */
int walk_parents(struct walk *w);
/* One component from w->cur; *followed when it was a link whose text is now to be walked. */
int walk_step(struct walk *w, const struct name *n, bool follow, bool *followed);
/* All of it. */
int walk_to_end(struct walk *w);
/* Reference w->cur into @out and end the walk. */
void walk_take(struct walk *w, struct path *out);
/* Reference w->cur into w->pin and let go of the lock: then the caller may sleep. */
void walk_pin(struct walk *w);
void walk_lock(struct walk *w);
void walk_end(struct walk *w);
/* Directory lock held: cached or asked of the file system; *out referenced, maybe negative. */
int dentry_lookup_locked(struct dentry *dir, const struct name *n, struct dentry **out);
/* The directory for a new or dying name; the walk stays open (its pin is the directory) until
 * walk_end().  */
int walk_parent_of(struct walk *w, int dirfd, const char *name);
bool path_is_equal(const struct path *a, const struct path *b);
/* With the read-only state of the mount. */
int path_permission(const struct path *p, int mask);
/* link(2) with its first half done. */
int name_link(const struct path *from, int dirfd, const char *path);
/* May current add or remove a name in the directory? */
int dir_may_create(const struct path *dir);
int dir_may_delete(const struct path *dir, struct inode *victim, bool is_dir);

/* ---- mount.c ---- */
void mounts_init(void);
extern struct path kernel_root;                 /* DCACHE */
/* Go from a mount point to what is mounted there. */
void path_cross_mounts(struct path *p) __must_hold(dcache_lock);
bool mount_is_read_only(const struct mount *m);
void mount_get(struct mount *m);
void mount_put(struct mount *m);
struct mount *mount_anonymous(void);            /* not referenced; of pipes and the like */
struct superblock *superblock_anonymous(void);
int superblock_create(struct fs_type *type, struct block_device *bdev, uint flags,
		      const char *data, struct superblock **out);
void superblock_put(struct superblock *sb);
/* What is mounted at @target becomes the root of everything. */
int mount_make_root(const char *target);
/* Text of /proc/mounts or mountinfo; each line goes to @emit. */
void mounts_show(bool info, void (*emit)(void *arg, const char *line), void *arg);
void filesystems_show(void (*emit)(void *arg, const char *line), void *arg);

/* ---- file.c ---- */
void file_init(void);
struct file *file_alloc(void);
/* An open file at @p (referenced anew); @created: permission was settled by creation. */
int file_open_path(const struct path *p, int flags, bool created, struct file **out);
int file_install(struct file *f, bool cloexec);         /* consumes @f */
/* Flags of openat(2) checked; *flags is what is kept. */
int open_flags_check(int *flags, mode_t *mode);

uint file_count(void);
/* ETXTBSY both ways: while denied nobody opens @ip for writing.  0, -ETXTBSY. */
int inode_deny_write(struct inode *ip);
void inode_allow_write(struct inode *ip);

/* ---- generic.c ---- */
struct iobuf;
int write_check_limits(struct inode *ip, struct iobuf *io, u64 pos);
s64 seek_position(struct file *f, s64 off, int whence, u64 size);

/* ---- fs_context.c ---- */
void fs_contexts_move(const struct path *from, const struct path *to);

/* ---- locks.c ---- */
void locks_remove_posix(struct file *f, const void *owner);
void locks_remove_file(struct file *f);
long locks_fcntl(struct file *f, int fd, uint cmd, ulong arg);

/* ---- epoll.c ---- */
void epoll_release_file(struct file *f);

/* ---- pipe.c ---- */
int fifo_open(struct inode *ip, struct file *f);
long pipe_get_size(struct file *f);
long pipe_set_size(struct file *f, ulong size);
bool file_is_pipe(const struct file *f);
/* tee(2): copy without taking. */
long pipe_tee(struct file *from, struct file *to, size_t len, bool nonblock);
/* Of a FIFO's inode, by its last put. */
void fifo_evict(struct inode *ip);

/* ---- dev.c of devfs ---- */
int device_open(struct inode *ip, struct file *f);

/* Built-in types; each registers itself. */
void tmpfs_register(void);
void devfs_register(void);
void devpts_register(void);
void procfs_register(void);
void sysfs_register(void);
void ext2_init(void);
/* Unpack the boot loader's archive into the root.  0 or -errno after one clear line. */
int initramfs_load(void);

static inline bool inode_is_dir(const struct inode *ip)
{
	return S_ISDIR(ip->mode);
}

/* The mode bits that current's new files go without; kernel threads have no umask. */
mode_t current_umask(void);
