/* SPDX-License-Identifier: MIT */
#pragma once
/* Inside procfs and sysfs: what stands in /proc and /sys, and how its text is made. */
#include <gemel/fs.h>
#include <gemel/process.h>

struct proc_entry;

/* What an inode of /proc is about.  Holds references to @t and, through it, its process. */
struct proc_ref {
	const struct proc_entry *entry;
	struct task *t;                 /* NULL: about the system */
	bool is_thread;                 /* below /proc/PID/task: about this thread alone */
	int fd;                         /* or which one of its kind it is */
};

/* Text that grows.  After a failed allocation nothing is added and the read gives -ENOMEM. */
struct text {
	char *buf;
	size_t len, size;
	bool failed;
};

void text_printf(struct text *x, const char *fmt, ...) __printf_like(2, 3);
void text_put(struct text *x, const char *s, size_t len);
void text_puts(struct text *x, const char *s);
/* The name of an open file, as in maps and fd links; "" when it has none. */
void text_file(struct text *x, struct file *f);

enum { ID_NAME = 24 };

struct proc_dir {
	const struct proc_entry *entries;
	size_t n;
	/*
	 * Names that are numbers, behind @prefix (optional): the lowest id >= *id, true; and what
	 * such a one is.
	 */
	const char *prefix;
	bool (*next)(const struct proc_ref *r, u64 *id);
	int (*lookup)(const struct proc_ref *r, u64 id, struct proc_ref *out);
};

/* A row of a directory.  @mode says which of the others counts. */
struct proc_entry {
	const char *name;
	mode_t mode;
	int (*show)(struct text *x, const struct proc_ref *r);
	int (*write)(const struct proc_ref *r, char *text, size_t len);
	const struct file_ops *fops;
	int (*open)(struct file *f);    /* with @fops; optional */
	int (*link)(const struct proc_ref *r, char *buf, size_t size);
	int (*follow)(const struct proc_ref *r, struct path *out);
	const struct proc_dir *dir;
	bool is_private;                /* the owner and CAP_SYS_PTRACE only */
};

#define PROC_FILE(n, m, fn)     { .name = (n), .mode = S_IFREG | (m), .show = (fn) }
#define PROC_DIR(n, m, d)       { .name = (n), .mode = S_IFDIR | (m), .dir = (d) }
#define PROC_TABLE(t)           .entries = (t), .n = ARRAY_SIZE(t)

/* "0-3,5" for the bits of @mask, and a new line. */
void text_list(struct text *x, u64 mask);

/* The root of a mounted table. */
int proc_mount_table(struct superblock *sb, const struct proc_entry *root);

/* May current look into @t?  0, -EACCES. */
int proc_may_look(struct task *t);

/* The tables: proc_system.c, proc_sys.c, proc_pid.c, proc_maps.c. */
extern const struct proc_entry proc_root_entries[];
extern const size_t proc_root_count;
extern const struct proc_dir proc_sys_dir;
extern const struct file_ops proc_trace_ops;
int proc_trace_open(struct file *f);
extern const struct proc_entry proc_pid_entry;
int proc_show_maps(struct text *x, const struct proc_ref *r);
int proc_show_smaps(struct text *x, const struct proc_ref *r);
int proc_show_smaps_rollup(struct text *x, const struct proc_ref *r);
int proc_show_fail_nth(struct text *x, const struct proc_ref *r);
int proc_write_fail_nth(const struct proc_ref *r, char *text, size_t len);
/* A line of a table-driven helper: appends @line to the text @arg. */
void text_emit(void *arg, const char *line);
/* proc_profile.c */
int proc_show_profile(struct text *x, const struct proc_ref *r);
int proc_write_profile(const struct proc_ref *r, char *text, size_t len);
/* Processes of the root directory. */
bool proc_next_pid(const struct proc_ref *r, u64 *id);
int proc_lookup_pid(const struct proc_ref *r, u64 id, struct proc_ref *out);
