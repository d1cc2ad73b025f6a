/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The VFS.  Four objects: superblock (a mounted instance), inode (a file),
 * dentry (a name in the cache, maybe negative), file (an open description).
 * File data of disk file systems and tmpfs is always in the page cache.
 *
 * Special files (pipes, terminals, sockets, /proc text) are file_ops behind the same struct file.
 */
#include <gemel/list.h>
#include <gemel/mutex.h>
#include <gemel/pagecache.h>
#include <gemel/refs.h>
#include <gemel/wait.h>

struct address_space;
struct area;
struct block_device;
struct cred;
struct dentry;
struct file;
struct inode;
struct iobuf;
struct mount;
struct path;
struct poll_table;
struct superblock;

#define NAME_MAX        255
#define PATH_MAX        4096

struct timestamp {
	s64 sec;
	u32 nsec;
};

struct inode_attr;
struct dir_context;

/*
 * What a file system provides.  @dir and @ip are referenced by the caller for the whole call.
 * "held": inode locks on entry, the same on return.  All may sleep.  Nobody calls these but
 * fs/vfs/inode.c's inode_*() wrappers.
 *
 *	op		held		on success
 *	lookup		dir		*out has a new reference; -ENOENT when there is no such name
 *	create		dir		*out has a new reference, nlink 1 (regular, fifo, socket,
 *					device by mode and rdev)
 *	mkdir		dir		*out has a new reference
 *	symlink		dir		*out has a new reference
 *	link		dir, ip		ip->nlink one more
 *	unlink		dir, ip		ip->nlink one less
 *	rmdir		dir, ip		ip->nlink 0; -ENOTEMPTY
 *	rename		both dirs, victim	the entry moved; @victim (may be NULL) unlinked
 *	readlink	-		target (NUL-terminated) in buf, length returned
 *	setattr		ip		attributes in @attr->valid applied and on their way to disk
 *	truncate	ip		backing beyond size freed; the caller sets ip->size after
 *	iterate		ip		entries from ctx->pos on to ctx->emit, until it says stop
 *	write		-		metadata in the file system's buffers, to be flushed
 *	evict		-		last reference gone: with nlink 0, free it on disk
 */
struct inode_ops {
	int (*lookup)(struct inode *dir, const char *name, size_t len, struct inode **out);
	int (*create)(struct inode *dir, const char *name, size_t len, mode_t mode, dev_t rdev,
		      struct inode **out);
	int (*mkdir)(struct inode *dir, const char *name, size_t len, mode_t mode,
		     struct inode **out);
	int (*symlink)(struct inode *dir, const char *name, size_t len, const char *target,
		       struct inode **out);
	int (*link)(struct inode *dir, const char *name, size_t len, struct inode *ip);
	int (*unlink)(struct inode *dir, const char *name, size_t len, struct inode *ip);
	int (*rmdir)(struct inode *dir, const char *name, size_t len, struct inode *ip);
	int (*rename)(struct inode *old_dir, const char *old_name, size_t old_len,
		      struct inode *new_dir, const char *new_name, size_t new_len,
		      struct inode *ip, struct inode *victim);
	/* RENAME_EXCHANGE: two entries swap what they name; both directories locked.  Optional. */
	int (*exchange)(struct inode *dir_a, const char *name_a, size_t len_a, struct inode *ip_a,
			struct inode *dir_b, const char *name_b, size_t len_b, struct inode *ip_b);
	ssize_t (*readlink)(struct inode *ip, char *buf, size_t size);
	int (*setattr)(struct inode *ip, const struct inode_attr *attr);
	int (*truncate)(struct inode *ip, u64 size);
	int (*iterate)(struct inode *ip, struct dir_context *ctx);
	int (*write)(struct inode *ip);
	void (*evict)(struct inode *ip);
	/* Open-time choice of file_ops for special files; NULL: generic (page cache). */
	int (*open)(struct inode *ip, struct file *f);
	/* /proc/PID/fd, exe, cwd: go there directly; *out_dentry, *out_mount referenced. */
	int (*follow)(struct inode *ip, struct path *out);
};

#define ATTR_MODE   0x01u
#define ATTR_UID    0x02u
#define ATTR_GID    0x04u
#define ATTR_ATIME  0x08u
#define ATTR_MTIME  0x10u
#define ATTR_CTIME  0x20u
#define ATTR_SIZE   0x40u

struct inode_attr {
	uint valid;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	u64 size;
	struct timestamp atime, mtime, ctime;
};

struct inode {
	/* Constant once published. */
	struct superblock *sb;
	const struct inode_ops *ops;
	const struct file_ops *fops;            /* default for open; NULL: by type */
	u64 ino;
	dev_t rdev;
	void *private;                          /* file system's */

	struct mutex lock;                      /* rank INODE */
	mode_t mode;                            /* lock; type bits constant */
	uid_t uid;                              /* lock */
	gid_t gid;
	u32 nlink;
	u64 size;                               /* lock to change; read any time */
	u64 blocks;                             /* 512-byte units */
	struct timestamp atime, mtime, ctime;
	bool dirty;                             /* metadata not on disk */

	struct mapping mapping;                 /* own locks */
	struct refs refs;
	struct list hash_link, sb_link, lru_link;       /* ICACHE lock */
	struct list dentries;                   /* DCACHE lock: aliases */
	void *pipe;                             /* FIFO: struct pipe; lock */
	void *socket;                           /* bound UNIX socket; ICACHE */
	struct list locks;                      /* flock and POSIX locks: FILELOCK */
	struct list watches;                    /* inotify */
	s32 write_count;                        /* atomic: > 0 being written, < 0 executed */
	u8 state;                               /* ICACHE: INODE_* */
	bool is_cached;                         /* ICACHE: in the table of inode_get_cached() */
};

#define INODE_NEW       1u      /* being filled by inode_get_cached()'s caller */
#define INODE_BAD       2u      /* the fill failed */

struct path {
	struct mount *mount;
	struct dentry *dentry;
};

struct dentry {
	struct refs refs;
	struct dentry *parent;                  /* DCACHE; root: itself */
	struct inode *inode;                    /* NULL: negative */
	struct superblock *sb;
	u32 hash;
	u16 len;
	bool is_mountpoint, is_hashed;          /* DCACHE */
	bool is_recent;                         /* used since the shrinker last looked */
	bool is_deleted;                        /* its name is gone: path_name() says so */
	struct list hash_link, lru_link, child_link, children, alias_link;
	char *name;                             /* inline_name or kalloc'd */
	char inline_name[40];
};

struct mount {
	struct refs refs;
	struct superblock *sb;
	struct dentry *root;
	struct mount *parent;
	struct dentry *mountpoint;
	uint flags;                             /* MS_RDONLY MS_NOSUID MS_NODEV ... */
	bool is_attached;
	struct list link;                       /* all mounts, oldest first; DCACHE */
	char source[64];
	uint id;
};

struct fs_type {
	const char *name;
	bool needs_device;
	bool is_single;                 /* one superblock for all mounts of it */
	/* Read the superblock of sb->bdev (NULL if not needed) and call sb_set_root().  @data:
	 * mount options.  0, -EINVAL (not this file system), -EUCLEAN, -EIO, -ENOMEM. */
	int (*mount)(struct superblock *sb, const char *data);
	struct fs_type *next;
};

struct statfs_info;

struct super_ops {
	int (*sync)(struct superblock *sb, bool wait);
	int (*statfs)(struct superblock *sb, struct statfs_info *st);
	void (*unmount)(struct superblock *sb);
	int (*remount)(struct superblock *sb, bool read_only);
	/* Remounted with options.  0, -EINVAL. */
	int (*reconfigure)(struct superblock *sb, const char *data);
	/* ",name=value..." for /proc/mounts. */
	void (*show_options)(struct superblock *sb, char *buf, size_t size);
};

struct superblock {
	struct fs_type *type;
	const struct super_ops *ops;
	struct block_device *bdev;
	struct dentry *root;
	dev_t dev;
	u32 block_size;
	u32 magic;
	u32 max_name;
	u64 max_file_size;
	bool read_only;
	/* Names come and go by themselves (procfs): none is cached, each step asks for it. */
	bool is_volatile;
	struct refs refs;                       /* one a mount */
	struct mutex rename_lock;               /* rank RENAME */
	struct list inodes;                     /* ICACHE */
	struct list link;
	void *private;
};

struct statfs_info {
	u64 type, bsize, blocks, bfree, bavail, files, ffree, namelen, frsize, flags;
	u64 fsid;
};

/* Who gets SIGIO for a file: F_SETOWN, F_SETSIG; sigio.c. */
struct file_owner {
	/* process_lock */
	u64 serial;                     /* of the number's use that was meant */
	pid_t nr;                       /* 0: nobody */
	int type;                       /* F_OWNER_* */
	uid_t uid, euid;                /* of who set it */
	int signo;                      /* 0: SIGIO, without siginfo */
};

/*
 * An open description.  @pos is under f->pos_lock for files that have a position.
 */
struct file {
	struct refs refs;
	const struct file_ops *ops;
	struct path path;                       /* mount and dentry; may be empty (pipes) */
	struct inode *inode;                    /* referenced; NULL: anonymous (epoll ...) */
	u32 flags;                              /* O_* status flags; atomic */
	u32 mode;                               /* FILE_READ, FILE_WRITE: constant */
	struct mutex pos_lock;                  /* rank FILEPOS */
	u64 pos;
	void *private;
	struct list epolls;                     /* registrations that watch this file: epoll.c */
	struct file_async *async;               /* pos_lock; it has O_ASYNC: sigio.c */
	struct file_owner owner;
	u64 readahead_next;                     /* sequential detection */
	const char *name;                       /* of an anonymous file: "[eventpoll]" */
};

#define FILE_READ       1u
#define FILE_WRITE      2u
#define FILE_NOSEEK     4u      /* pipes, terminals, sockets: ESPIPE */
#define FILE_PATH       8u      /* O_PATH */
#define FILE_WRITER     16u     /* counted in inode->write_count */
#define FILE_EXECUTED   32u     /* counted there negatively: nobody may write meanwhile */

/* All may sleep.  Missing read/write: -EINVAL (or -EBADF by mode); missing poll: always ready. */
struct file_ops {
	/* At *pos (f->pos or the caller's for pread); advances *pos. */
	ssize_t (*read)(struct file *f, struct iobuf *io, u64 *pos);
	ssize_t (*write)(struct file *f, struct iobuf *io, u64 *pos);
	s64 (*seek)(struct file *f, s64 off, int whence);
	int (*iterate)(struct file *f, struct dir_context *ctx);
	/* Ready events now; if @pt, also register on the wait queues with poll_wait(). */
	uint (*poll)(struct file *f, struct poll_table *pt);
	long (*ioctl)(struct file *f, uint cmd, ulong arg);
	/* Prepare @a (set a->ops or leave the page cache); 0, -ENODEV, -EACCES. */
	int (*mmap)(struct file *f, struct area *a);
	int (*fsync)(struct file *f, bool data_only);
	/* Each close(2) of a descriptor (POSIX locks are dropped by the caller). */
	int (*flush)(struct file *f);
	/* The last reference is gone. */
	void (*release)(struct file *f);
	int (*fallocate)(struct file *f, int mode, u64 off, u64 len);
	/* Turn O_ASYNC on (by descriptor @fd) or off: file_set_async().  Missing: it cannot be. */
	int (*set_async)(struct file *f, int fd, bool on);
	/* What /proc/PID/fdinfo adds; optional. */
	void (*show_info)(struct file *f, char *buf, size_t size);
};

struct dir_context {
	u64 pos;                /* opaque to callers; file system resumes from it */
	/* False: the buffer is full, stop, and do not advance pos past this entry. */
	bool (*emit)(struct dir_context *ctx, const char *name, size_t len, u64 ino, uint d_type,
		     u64 next_pos);
};

/* Per task: root and working directory. */
struct fs_context {
	struct refs refs;
	struct spinlock lock;
	struct path root, cwd;
	mode_t umask;
};

/* ---- life of inodes (fs/vfs/inode.c) ---- */
/* The cached inode @ino of @sb, referenced, or a new one with *is_new: the caller fills it and
 * calls inode_ready() or inode_fail().  0, -ENOMEM, -EIO (another's fill failed). */
int __must_check inode_get_cached(struct superblock *sb, u64 ino, struct inode **out, bool *is_new);
void inode_ready(struct inode *ip);
void inode_fail(struct inode *ip);
/* A new inode not in the cache (tmpfs, pipes): refs 1, nlink 1, times now.  NULL: no memory. */
struct inode *inode_create(struct superblock *sb, mode_t mode);
void inode_get(struct inode *ip);
void inode_put(struct inode *ip);
void inode_mark_dirty(struct inode *ip);
struct timestamp time_stamp_now(void);          /* wall clock, for inode times */
/* utimensat(2) with the two times (atime, mtime) in the kernel; NULL: now. */
struct uapi_timespec;
long path_set_times(int dirfd, const char __user *path, const struct uapi_timespec *times,
		    int flags);
/* At mount: @ip becomes the root directory of @sb; takes the caller's reference over, also on
 * failure.  0, -ENOMEM. */
int __must_check sb_set_root(struct superblock *sb, struct inode *ip);
/* Write all dirty inodes and data of @sb; with @wait until on the device.  0 or the first error. */
int sb_sync(struct superblock *sb, bool wait);

/* ---- names (namei.c) ---- */
#define LOOKUP_FOLLOW           0x1u
#define LOOKUP_DIRECTORY        0x2u
#define LOOKUP_PARENT           0x4u
#define LOOKUP_EMPTY            0x8u
#define LOOKUP_NO_MOUNT_CROSS   0x10u
/* @path is kernel memory.  *out referenced.  0 or -ENOENT, -ENOTDIR, -EACCES, -ELOOP ... */
int __must_check path_lookup(int dirfd, const char *path, uint flags, struct path *out);
int __must_check user_path_lookup(int dirfd, const char __user *upath, uint flags,
				  struct path *out);
void path_get(const struct path *p);
void path_put(const struct path *p);
/* The absolute name of @p seen from current's root, into the end of @buf; returns its start, or
 * NULL when it does not fit.  Unreachable: prefixed by "(unreachable)"; deleted: suffixed by
 * " (deleted)". */
char *path_name(const struct path *p, char *buf, size_t size);
/* R_OK W_OK X_OK of unistd.h as current's fs ids.  0, -EACCES, -EROFS. */
int inode_permission(struct inode *ip, int mask);

/* Kernel-path forms of the calls; @mode has type and permissions, umask not applied. */
int name_create(int dirfd, const char *path, mode_t mode, dev_t rdev, const char *target);
int name_remove(int dirfd, const char *path, bool is_dir);
int name_rename(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path,
		uint flags);

/* ---- open files (file.c, fdtable.c) ---- */
/* By kernel path, as current.  *out one reference. */
int __must_check file_open(int dirfd, const char *path, int flags, mode_t mode, struct file **out);
/* For exec: regular, executable, not being written. */
int __must_check file_open_exec(int dirfd, const char *path, int at_flags, struct file **out);
/* An anonymous file; @name as in "anon_inode:[eventpoll]".  NULL: no memory. */
struct file *file_create(const struct file_ops *ops, void *private, uint mode, u32 flags,
			 const char *name);
void file_get(struct file *f);
void file_put(struct file *f);
/* Kernel-memory helpers (exec, tests).  Bytes or -errno. */
ssize_t file_read_kernel(struct file *f, void *buf, size_t n, u64 pos);
ssize_t file_write_kernel(struct file *f, const void *buf, size_t n, u64 pos);
ssize_t file_read(struct file *f, struct iobuf *io, u64 *pos);
ssize_t file_write(struct file *f, struct iobuf *io, u64 *pos);

struct files;
/* Current's descriptor @fd, referenced, or NULL. */
struct file *fd_get(int fd);
bool fd_is_cloexec(int fd);
bool files_is_cloexec(struct files *fs, int fd);
/* Put @f (its reference is taken over) at the lowest descriptor >= @min.  fd, or -EMFILE, -ENOMEM
 * (then @f is not consumed). */
int __must_check fd_install(struct file *f, int min, bool cloexec);
/* In two steps, when something in between can fail. */
int __must_check fd_reserve(int min, bool cloexec);
void fd_fill(int fd, struct file *f);
void fd_release(int fd);
int fd_close(int fd);
long fd_dup2(int old_fd, int new_fd);   /* dup2(2) */
struct files *files_create(void);
int __must_check files_copy(struct files *old, struct files **out);     /* fork */
void files_get(struct files *fs);
void files_put(struct files *fs);
void files_close_on_exec(void);
int files_unshare(void);                /* exec: a table of its own */
uint files_count(const struct files *fs);
/* For /proc: @fd of another task's table, referenced, or NULL. */
struct file *files_get_file(struct files *fs, int fd);
int files_next_fd(struct files *fs, int fd);    /* lowest open >= fd, or -1 */

struct fs_context *fs_context_create(void);
struct fs_context *fs_context_copy(struct fs_context *fs);
void fs_context_get(struct fs_context *fs);
void fs_context_put(struct fs_context *fs);

/* ---- mounts (mount.c) ---- */
void vfs_init(void);                    /* caches, built-in file systems, the root tmpfs */
void fs_register(struct fs_type *type);
/* At boot: unpack the initrd into the root, or mount the root device named by root= (default the
 * first block device) and make it the root; mounts /dev.  0, or -errno after one clear line. */
int vfs_mount_root(void);
int fs_mount(const char *source, const char *target, const char *type, uint flags,
	     const char *data);
int fs_unmount(const char *target, int flags);
void sync_all(void);                    /* sync(2) */
/* Shutdown: flush, remount everything read-only. */
void vfs_shutdown(void);

/* A pipe: end[0] for reading, end[1] for writing.  @flags: O_NONBLOCK.  0, -ENOMEM, -ENFILE. */
int __must_check pipe_create(struct file *end[2], int flags);

/* ---- SIGIO (sigio.c) ---- */
struct pid;
/* Of the events that a wake-up of @f's queue names, those to send a signal for.  Under the lock of
 * the queue, any context. */
typedef uint async_filter_fn(struct file *f, uint events);
/* What a set_async op does; @filter may be NULL.  0, -ENOMEM. */
int __must_check file_set_async(struct file *f, int fd, bool on, async_filter_fn *filter);
/* f->async is there; at the end of the file: nobody else has it. */
void file_async_stop(struct file *f);
/* A file without an owner becomes *@group's (process_lock covers it); NULL: current's process's. */
void file_set_first_owner(struct file *f, struct pid *const *group);
/* F_SETOWN, F_GETOWN, both with _EX, F_SETSIG, F_GETSIG. */
long sigio_fcntl(struct file *f, uint cmd, ulong arg);

/* Generic ops for file systems on the page cache. */
extern const struct file_ops generic_file_ops;          /* regular files */
extern const struct file_ops generic_dir_ops;           /* directories: iterate through inode_ops */
int generic_setattr(struct inode *ip, const struct inode_attr *attr);   /* in memory + mark dirty */

/* A file without a name, in memory (memfd).  @flags: O_*.  0, -ENOMEM, -ENFILE. */
int __must_check tmpfs_file_create(const char *name, u64 size, u32 flags, struct file **out);

/* ---- character devices (devfs) ---- */
struct char_device {
	const char *name;               /* "/dev/" name; may contain '/' */
	dev_t dev;
	mode_t mode;                    /* permissions */
	const struct file_ops *ops;
	/* May replace f->ops and set f->private; NULL: none needed. */
	int (*open)(struct char_device *cd, struct file *f);
	void *private;
	struct list link;
};
/* The struct stays the caller's and lives on for ever.  0, -EEXIST, -ENOMEM. */
int chrdev_register(struct char_device *cd);
/* All of them, for /proc/devices. */
void chrdev_show(void (*emit)(void *arg, const struct char_device *cd), void *arg);
/* A block device appeared after /dev was mounted: its node. */
void devfs_block_added(struct block_device *bd);
static inline dev_t dev_make(u32 major, u32 minor)
{
	return ((dev_t)(major & 0xfffff000u) << 32) | ((major & 0xfffu) << 8) | (minor & 0xffu) |
	       ((dev_t)(minor & ~0xffu) << 12);
}
static inline u32 dev_major(dev_t d)
{
	return ((d >> 8) & 0xfff) | ((d >> 32) & ~0xfffu);
}
static inline u32 dev_minor(dev_t d)
{
	return (d & 0xff) | ((d >> 12) & ~0xffu);
}
