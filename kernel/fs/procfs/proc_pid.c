/* SPDX-License-Identifier: MIT */
/*
 * The directory of a process, and of each of its threads below "task".
 *
 * A struct proc_ref holds the task and with it its process; what the task has let go of
 * meanwhile (address space, descriptors, directories) reads as empty or as not there.
 * Facts that need locks are gathered first, a struct proc_facts at once, and printed
 * after.  Addresses are shown to those only who may look into the process.
 */
#include <uapi/core.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/resource.h>
#include <uapi/stat.h>

#include <gemel/address_space.h>
#include <gemel/cpu.h>
#include <gemel/cred.h>
#include <gemel/iobuf.h>
#include <gemel/printf.h>
#include <gemel/sched.h>
#include <gemel/signal.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/time.h>
#include <gemel/tty.h>

#include "../vfs/fdtable.h"
#include "../vfs/vfs.h"
#include "proc.h"

#define USER_HZ_NS      (NSEC_PER_SEC / 100)
#define ARGS_MAX        (128u << 10)

/* ---- facts gathered once, for stat and status ---- */

struct proc_facts {
	pid_t tgid, ppid, pgid, sid, tty_foreground;
	dev_t tty;
	uint nthreads, nsigqueue;
	u64 pending, shared_pending, blocked, ignored, caught;
	struct process_times times;
	u64 vsize, vpeak, rss, rss_file, rss_peak, data, stack, text_pages, lib_pages, locked;
	vaddr_t stack_start, brk_start, arg_start, arg_end, env_start, env_end;
	bool has_memory;
};

static void facts_signals(struct task *t, struct proc_facts *pf)
{
	struct process *p = t->process;
	struct sighand *sh;

	irq_lock(&process_lock);
	sh = p->sighand;
	if (sh) {
		irq_lock(&sh->lock);
		pf->pending = t->pending.set.bits;
		pf->shared_pending = p->shared_pending.set.bits;
		pf->blocked = t->blocked.bits;
		pf->nsigqueue = p->user->nsigqueue;
		for (int i = 0; i < SIGNAL_MAX; i++) {
			if (sh->action[i].handler == SIG_IGN_ADDR)
				pf->ignored |= 1ull << i;
			else if (sh->action[i].handler != SIG_DFL_ADDR)
				pf->caught |= 1ull << i;
		}
		irq_unlock(&sh->lock);
	}
	irq_unlock(&process_lock);
}

static void facts_tree(struct process *p, struct proc_facts *pf)
{
	irq_lock(&process_lock);
	pf->tgid = p->pid;
	pf->ppid = p->parent ? p->parent->pid : 0;
	pf->pgid = p->pgid;
	pf->sid = p->session ? p->session->sid : 0;
	pf->nthreads = p->nthreads;
	irq_unlock(&process_lock);
	pf->tty_foreground = -1;
	pf->tty = session_tty_dev(p, &pf->tty_foreground);
}

static u64 area_pages(const struct area *a)
{
	return (a->end - a->start) >> PAGE_SHIFT;
}

static void facts_memory(struct task *t, struct proc_facts *pf)
{
	struct address_space *as = task_get_as(t);

	if (!as)
		return;
	pf->has_memory = true;
	rwmutex_read_lock(&as->lock);
	for (struct rb_node *n = rb_first(&as->areas); n; n = rb_next(n)) {
		struct area *a = rb_entry(n, struct area, node);

		if (!(a->flags & AREA_EXEC) || !a->file)
			continue;
		if (as->exe && a->file->inode == as->exe->inode)
			pf->text_pages += area_pages(a);
		else
			pf->lib_pages += area_pages(a);
	}
	pf->vsize = as->total_pages << PAGE_SHIFT;
	pf->vpeak = as->peak_pages;
	pf->data = as->data_pages;
	pf->stack = as->stack_pages;
	pf->locked = as->locked_pages;
	pf->stack_start = as->stack_top;
	pf->brk_start = as->brk_start;
	pf->arg_start = as->arg_start;
	pf->arg_end = as->arg_end;
	pf->env_start = as->env_start;
	pf->env_end = as->env_end;
	rwmutex_read_unlock(&as->lock);
	pf->rss_file = READ_ONCE(as->rss_file);
	pf->rss = READ_ONCE(as->rss_anon) + pf->rss_file;
	pf->rss_peak = MAX(READ_ONCE(as->rss_max), pf->rss);
	as_put(as);
}

static void facts_gather(const struct proc_ref *r, struct proc_facts *pf)
{
	struct task *t = r->t;

	memset(pf, 0, sizeof(*pf));
	facts_tree(t->process, pf);
	facts_signals(t, pf);
	facts_memory(t, pf);
	if (r->is_thread) {
		task_times(t, &pf->times.user_ns, &pf->times.system_ns);
		pf->times.min_faults = t->min_faults;
		pf->times.maj_faults = t->maj_faults;
		pf->times.nvcsw = t->nvcsw;
		pf->times.nivcsw = t->nivcsw;
	} else {
		process_times(t->process, &pf->times);
	}
}

/* ---- stat, statm, status ---- */

/* RT priorities are negative in this file, nice ones 0..39. */
static long stat_priority(const struct task *t)
{
	return t->se.rt_priority ? -1 - (long)t->se.rt_priority : 20 + t->se.nice;
}

static int show_stat(struct text *x, const struct proc_ref *r)
{
	struct task *t = r->t;
	struct proc_facts *f = kalloc(sizeof(*f));
	/* Addresses are for those who may look. */
	bool may = proc_may_look(t) == 0;

	if (!f)
		return -ENOMEM;
	facts_gather(r, f);
	text_printf(x, "%d (%s) %c %d %d %d %d %d %u ", t->tid, t->name, task_state_letter(t),
		    f->ppid, f->pgid, f->sid, (int)f->tty, f->tty_foreground,
		    t->is_kernel ? 0x200000u : 0x400000u);
	text_printf(x, "%lu 0 %lu 0 %lu %lu %lu %lu ", (ulong)f->times.min_faults,
		    (ulong)f->times.maj_faults, (ulong)(f->times.user_ns / USER_HZ_NS),
		    (ulong)(f->times.system_ns / USER_HZ_NS),
		    (ulong)(f->times.child_user_ns / USER_HZ_NS),
		    (ulong)(f->times.child_system_ns / USER_HZ_NS));
	text_printf(x, "%ld %d %u 0 %lu %lu %lu %lu ", stat_priority(t), t->se.nice, f->nthreads,
		    (ulong)(t->start_ns / USER_HZ_NS), (ulong)f->vsize, (ulong)f->rss,
		    (ulong)RLIM_INFINITY);
	text_printf(x, "%u %u %lu 0 0 ", f->has_memory, f->has_memory,
		    may ? (ulong)f->stack_start : 0ul);
	text_printf(x, "%lu %lu %lu %lu 0 0 0 %d %u %u %u 0 0 0 ",
		    (ulong)(f->pending & 0x7fffffff), (ulong)(f->blocked & 0x7fffffff),
		    (ulong)(f->ignored & 0x7fffffff), (ulong)(f->caught & 0x7fffffff),
		    t->exit_signal, t->se.cpu, t->se.own_priority, t->se.policy);
	text_printf(x, "0 0 %lu %lu %lu %lu %lu %d\n", may ? (ulong)f->brk_start : 0ul,
		    may ? (ulong)f->arg_start : 0ul, may ? (ulong)f->arg_end : 0ul,
		    may ? (ulong)f->env_start : 0ul, may ? (ulong)f->env_end : 0ul,
		    may ? t->process->exit_code : 0);
	kfree(f);
	return 0;
}

static int show_statm(struct text *x, const struct proc_ref *r)
{
	struct proc_facts *f = kzalloc(sizeof(*f));

	if (!f)
		return -ENOMEM;
	facts_memory(r->t, f);
	text_printf(x, "%lu %lu %lu %lu 0 %lu 0\n", (ulong)(f->vsize >> PAGE_SHIFT), (ulong)f->rss,
		    (ulong)f->rss_file, (ulong)f->text_pages, (ulong)(f->data + f->stack));
	kfree(f);
	return 0;
}

static const char *state_name(char letter)
{
	switch (letter) {
	case 'R':
		return "R (running)";
	case 'S':
		return "S (sleeping)";
	case 'D':
		return "D (disk sleep)";
	case 'T':
		return "T (stopped)";
	case 't':
		return "t (tracing stop)";
	case 'Z':
		return "Z (zombie)";
	case 'I':
		return "I (idle)";
	default:
		return "X (dead)";
	}
}

static void status_ids(struct text *x, struct task *t)
{
	const struct cred *c = task_get_cred(t);

	if (!c)
		return;
	text_printf(x, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid,
		    c->fsuid, c->gid, c->egid, c->sgid, c->fsgid);
	cred_put(c);
}

static void status_groups(struct text *x, struct task *t)
{
	const struct cred *c = task_get_cred(t);

	text_puts(x, "Groups:\t");
	for (uint i = 0; c && i < c->ngroups; i++)
		text_printf(x, "%u ", c->groups[i]);
	text_puts(x, "\n");
	if (c)
		cred_put(c);
}

static void status_caps(struct text *x, struct task *t)
{
	const struct cred *c = task_get_cred(t);

	if (!c)
		return;
	text_printf(x, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\n"
		    "CapAmb:\t%016lx\n", (ulong)c->cap_inheritable, (ulong)c->cap_permitted,
		    (ulong)c->cap_effective, (ulong)c->cap_bounding, (ulong)c->cap_ambient);
	cred_put(c);
}

static void status_kib(struct text *x, const char *name, u64 pages)
{
	text_printf(x, "%s:\t%8lu kB\n", name, (ulong)(pages * (PAGE_SIZE / 1024)));
}

static void status_memory(struct text *x, const struct proc_facts *f)
{
	if (!f->has_memory)
		return;
	status_kib(x, "VmPeak", f->vpeak);
	status_kib(x, "VmSize", f->vsize >> PAGE_SHIFT);
	status_kib(x, "VmLck", f->locked);
	status_kib(x, "VmPin", 0);
	status_kib(x, "VmHWM", f->rss_peak);
	status_kib(x, "VmRSS", f->rss);
	status_kib(x, "RssAnon", f->rss - f->rss_file);
	status_kib(x, "RssFile", f->rss_file);
	status_kib(x, "RssShmem", 0);
	status_kib(x, "VmData", f->data);
	status_kib(x, "VmStk", f->stack);
	status_kib(x, "VmExe", f->text_pages);
	status_kib(x, "VmLib", f->lib_pages);
	status_kib(x, "VmPTE", 0);
	status_kib(x, "VmSwap", 0);
	text_puts(x, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

/* Bits as "0-2,5". */
void text_list(struct text *x, u64 mask)
{
	uint from = 0, to;
	bool is_first = true;

	for (; from < 64; from = to + 1) {
		to = from;
		if (!(mask >> from & 1))
			continue;
		while (to + 1 < 64 && (mask >> (to + 1) & 1))
			to++;
		text_printf(x, "%s%u", is_first ? "" : ",", from);
		if (to > from)
			text_printf(x, "-%u", to);
		is_first = false;
	}
	text_puts(x, "\n");
}

static void status_files(struct text *x, struct task *t)
{
	struct files *files = task_get_files(t);

	text_printf(x, "FDSize:\t%u\n", files ? files->max : 0);
	if (files)
		files_put(files);
}

static int show_status(struct text *x, const struct proc_ref *r)
{
	struct task *t = r->t;
	struct proc_facts *f = kalloc(sizeof(*f));
	struct fs_context *fs;
	u64 online = cpu_count >= 64 ? ~0ull : (1ull << cpu_count) - 1;

	if (!f)
		return -ENOMEM;
	facts_gather(r, f);
	fs = task_get_fs(t);
	text_printf(x, "Name:\t%s\n", t->name);
	if (fs) {
		text_printf(x, "Umask:\t%04o\n", fs->umask);
		fs_context_put(fs);
	}
	text_printf(x, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
		    state_name(task_state_letter(t)), f->tgid, t->tid, f->ppid);
	status_ids(x, t);
	status_files(x, t);
	status_groups(x, t);
	text_printf(x, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", f->tgid, t->tid,
		    f->pgid, f->sid);
	status_memory(x, f);
	text_printf(x, "Threads:\t%u\nSigQ:\t%u/%lu\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n"
		    "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", f->nthreads,
		    f->nsigqueue,
		    (ulong)t->process->rlimits[RLIMIT_SIGPENDING].cur, (ulong)f->pending,
		    (ulong)f->shared_pending, (ulong)f->blocked, (ulong)f->ignored,
		    (ulong)f->caught);
	status_caps(x, t);
	text_printf(x, "NoNewPrivs:\t%u\nSeccomp:\t0\nCpus_allowed:\t%lx\nCpus_allowed_list:\t",
		    t->no_new_privs, (ulong)(t->se.affinity & online));
	text_list(x, t->se.affinity & online);
	text_printf(x, "Mems_allowed:\t1\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t%lu\n"
		    "nonvoluntary_ctxt_switches:\t%lu\n", (ulong)t->nvcsw, (ulong)t->nivcsw);
	kfree(f);
	return 0;
}

/* ---- memory of the process as text ---- */

static int show_user_range(struct text *x, struct task *t, bool env)
{
	struct address_space *as = task_get_as(t);
	vaddr_t start, end;
	size_t len;
	char *buf;

	if (!as)
		return 0;
	start = env ? as->env_start : as->arg_start;
	end = env ? as->env_end : as->arg_end;
	len = end > start ? MIN(end - start, (vaddr_t)ARGS_MAX) : 0;
	buf = kalloc(len + 1);
	if (buf) {
		len = as_read(as, start, buf, len);
		text_put(x, buf, len);
	}
	as_put(as);
	if (!buf)
		return -ENOMEM;
	kfree(buf);
	return 0;
}

static int show_cmdline(struct text *x, const struct proc_ref *r)
{
	return show_user_range(x, r->t, false);
}

static int show_environ(struct text *x, const struct proc_ref *r)
{
	return show_user_range(x, r->t, true);
}

static int show_auxv(struct text *x, const struct proc_ref *r)
{
	struct address_space *as = task_get_as(r->t);

	if (!as)
		return 0;
	text_put(x, (const char *)as->auxv, MIN(as->auxv_len, sizeof(as->auxv)));
	as_put(as);
	return 0;
}

static int show_comm(struct text *x, const struct proc_ref *r)
{
	text_printf(x, "%s\n", r->t->name);
	return 0;
}

static int write_comm(const struct proc_ref *r, char *text, size_t len)
{
	(void)len;
	if (r->t->process != current->process)
		return -EINVAL;
	strscpy(r->t->name, text, sizeof(r->t->name));
	return 0;
}

/* mem: the position is the address. */
static ssize_t mem_move(struct file *f, struct iobuf *io, u64 *pos, bool is_write)
{
	const struct proc_ref *r = f->inode->private;
	struct address_space *as = task_get_as(r->t);
	char *page = as ? kalloc(PAGE_SIZE) : NULL;
	ssize_t done = 0;

	while (page && io->left) {
		size_t n = MIN(io->left, (size_t)PAGE_SIZE), moved;
		ssize_t err = is_write ? iobuf_get(io, page, n) : 0;

		if (err >= 0)
			moved = is_write ? as_write(as, *pos, page, n) : as_read(as, *pos, page, n);
		if (err >= 0 && !is_write && moved)
			err = iobuf_put(io, page, moved);
		if (err < 0 || !moved) {
			done = done ? done : err < 0 ? err : -EIO;
			break;
		}
		*pos += moved;
		done += (ssize_t)moved;
		if (moved < n)
			break;
	}
	if (as && !page)
		done = -ENOMEM;
	kfree(page);
	if (as)
		as_put(as);
	return done;
}

static ssize_t mem_read(struct file *f, struct iobuf *io, u64 *pos)
{
	return mem_move(f, io, pos, false);
}

static ssize_t mem_write(struct file *f, struct iobuf *io, u64 *pos)
{
	return mem_move(f, io, pos, true);
}

static const struct file_ops mem_ops = { .read = mem_read, .write = mem_write };

/* ---- limits and small numbers ---- */

static const struct {
	const char *name, *unit;
} limit_names[RLIMIT_COUNT] = {
	{ "Max cpu time", "seconds" }, { "Max file size", "bytes" }, { "Max data size", "bytes" },
	{ "Max stack size", "bytes" }, { "Max core file size", "bytes" },
	{ "Max resident set", "bytes" }, { "Max processes", "processes" },
	{ "Max open files", "files" }, { "Max locked memory", "bytes" },
	{ "Max address space", "bytes" }, { "Max file locks", "locks" },
	{ "Max pending signals", "signals" }, { "Max msgqueue size", "bytes" },
	{ "Max nice priority", "" }, { "Max realtime priority", "" },
	{ "Max realtime timeout", "us" },
};

static void limit_value(struct text *x, u64 v)
{
	if (v == RLIM_INFINITY)
		text_printf(x, "%-20s ", "unlimited");
	else
		text_printf(x, "%-20lu ", (ulong)v);
}

static int show_limits(struct text *x, const struct proc_ref *r)
{
	text_printf(x, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (uint i = 0; i < RLIMIT_COUNT; i++) {
		text_printf(x, "%-25s ", limit_names[i].name);
		limit_value(x, r->t->process->rlimits[i].cur);
		limit_value(x, r->t->process->rlimits[i].max);
		text_printf(x, "%-10s\n", limit_names[i].unit);
	}
	return 0;
}

static int show_oom_score_adj(struct text *x, const struct proc_ref *r)
{
	text_printf(x, "%d\n", r->t->process->oom_score_adj);
	return 0;
}

static int write_oom_score_adj(const struct proc_ref *r, char *text, size_t len)
{
	bool negative = text[0] == '-';
	s64 value;
	u64 n;
	int err = proc_may_look(r->t);

	(void)len;
	if (err < 0)
		return err;
	if (parse_u64(text + negative, 10, &n, NULL) < 0 || n > 1000)
		return -EINVAL;
	value = negative ? -(s64)n : (s64)n;
	if (capable(CAP_SYS_RESOURCE))
		r->t->process->oom_score_adj_min = (s16)value;
	else if (value < r->t->process->oom_score_adj_min)
		return -EACCES;
	r->t->process->oom_score_adj = (s16)value;
	return 0;
}

static int show_coredump_filter(struct text *x, const struct proc_ref *r)
{
	text_printf(x, "%08x\n", r->t->process->core_filter);
	return 0;
}

static int write_coredump_filter(const struct proc_ref *r, char *text, size_t len)
{
	bool is_hex = len > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
	u64 n;

	if (parse_u64(text + 2 * is_hex, is_hex ? 16 : 10, &n, NULL) < 0)
		return -EINVAL;
	r->t->process->core_filter = (u16)(n & CORE_FILTER_ALL);
	return 0;
}

static int show_personality(struct text *x, const struct proc_ref *r)
{
	text_printf(x, "%08x\n", r->t->personality);
	return 0;
}

static int show_timerslack(struct text *x, const struct proc_ref *r)
{
	text_printf(x, "%lu\n", (ulong)task_timer_slack(r->t));
	return 0;
}

static int write_timerslack(const struct proc_ref *r, char *text, size_t len)
{
	u64 ns;

	(void)len;
	if (r->t->process != current->process && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (parse_u64(text, 10, &ns, NULL) < 0)
		return -EINVAL;
	r->t->timer_slack_ns = ns;
	return 0;
}

static int show_oom_score(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "0\n");
	return 0;
}

static int show_wchan(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "0");
	return 0;
}

static int show_io(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n"
		  "cancelled_write_bytes: 0\n");
	return 0;
}

static int show_cgroup(struct text *x, const struct proc_ref *r)
{
	(void)r;
	text_puts(x, "0::/\n");
	return 0;
}

static int show_mounts(struct text *x, const struct proc_ref *r)
{
	(void)r;
	mounts_show(false, text_emit, x);
	return 0;
}

static int show_mountinfo(struct text *x, const struct proc_ref *r)
{
	(void)r;
	mounts_show(true, text_emit, x);
	return 0;
}

/* ---- links to directories and programs ---- */

static int task_root(const struct proc_ref *r, bool cwd, struct path *out)
{
	struct fs_context *fs = task_get_fs(r->t);

	if (!fs)
		return -ENOENT;
	spin_lock(&dcache_lock);
	*out = cwd ? fs->cwd : fs->root;
	path_get(out);
	spin_unlock(&dcache_lock);
	fs_context_put(fs);
	return 0;
}

static int follow_cwd(const struct proc_ref *r, struct path *out)
{
	return task_root(r, true, out);
}

static int follow_root(const struct proc_ref *r, struct path *out)
{
	return task_root(r, false, out);
}

static int follow_exe(const struct proc_ref *r, struct path *out)
{
	struct address_space *as = task_get_as(r->t);
	int err = -ENOENT;

	if (!as)
		return -ENOENT;
	rwmutex_read_lock(&as->lock);
	if (as->exe) {
		*out = as->exe->path;
		path_get(out);
		err = 0;
	}
	rwmutex_read_unlock(&as->lock);
	as_put(as);
	return err;
}

/* The name of where @follow leads. */
static int link_path(const struct path *p, char *buf, size_t size)
{
	char *name = path_name(p, buf, size);
	size_t len;

	if (!name)
		return -ENAMETOOLONG;
	len = strlen(name);
	memmove(buf, name, len + 1);
	return (int)len;
}

static int link_followed(const struct proc_ref *r, char *buf, size_t size)
{
	struct path p;
	int err = r->entry->follow(r, &p);

	if (err < 0)
		return err;
	err = link_path(&p, buf, size);
	path_put(&p);
	return err;
}

/* ---- descriptors ---- */

static struct file *ref_file(const struct proc_ref *r)
{
	struct files *files = task_get_files(r->t);
	struct file *f = NULL;

	if (files) {
		f = files_get_file(files, r->fd);
		files_put(files);
	}
	return f;
}

static int link_fd(const struct proc_ref *r, char *buf, size_t size)
{
	struct text x = { .buf = NULL };
	struct file *f = ref_file(r);
	int len;

	if (!f)
		return -ENOENT;
	text_file(&x, f);
	file_put(f);
	len = x.failed ? -ENOMEM : (int)MIN(x.len, size - 1);
	if (len > 0)
		memcpy(buf, x.buf, (size_t)len);
	kfree(x.buf);
	return len;
}

/* A pipe has no name: it gets a dentry of its own for those who come this way. */
static int follow_unnamed(struct file *f, struct path *out)
{
	struct dentry *d;

	if (!f->inode)
		return -ENXIO;
	inode_get(f->inode);
	d = dentry_create_root(f->inode->sb, f->inode, "pipe");
	if (!d) {
		inode_put(f->inode);
		return -ENOMEM;
	}
	out->dentry = d;
	out->mount = mount_anonymous();
	mount_get(out->mount);
	return 0;
}

static int follow_fd(const struct proc_ref *r, struct path *out)
{
	struct file *f = ref_file(r);
	int err = 0;

	if (!f)
		return -ENOENT;
	if (f->path.dentry) {
		*out = f->path;
		path_get(out);
	} else {
		err = follow_unnamed(f, out);
	}
	file_put(f);
	return err;
}

static int show_fdinfo(struct text *x, const struct proc_ref *r)
{
	struct files *files = task_get_files(r->t);
	bool is_cloexec = files && files_is_cloexec(files, r->fd);
	struct file *f = ref_file(r);
	char *buf;

	if (files)
		files_put(files);

	if (!f)
		return -ENOENT;
	text_printf(x, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n", (ulong)f->pos,
		    f->flags | (is_cloexec ? O_CLOEXEC : 0),
		    f->path.mount ? f->path.mount->id : 0,
		    f->inode ? (ulong)f->inode->ino : 0ul);
	if (f->ops->show_info) {
		buf = kzalloc(PAGE_SIZE);
		if (buf)
			f->ops->show_info(f, buf, PAGE_SIZE);
		text_puts(x, buf ? buf : "");
		kfree(buf);
	}
	file_put(f);
	return 0;
}

static bool next_fd(const struct proc_ref *r, u64 *id)
{
	struct files *files = task_get_files(r->t);
	int fd = -1;

	if (files && *id < 1u << 20)
		fd = files_next_fd(files, (int)*id);
	if (files)
		files_put(files);
	*id = (u64)MAX(fd, 0);
	return fd >= 0;
}

static int lookup_fd_as(const struct proc_ref *r, u64 id, const struct proc_entry *e,
			struct proc_ref *out)
{
	struct file *f;

	*out = (struct proc_ref){ .entry = e, .t = r->t, .is_thread = r->is_thread,
		.fd = (int)MIN(id, 1u << 30) };
	f = ref_file(out);
	if (!f)
		return -ENOENT;
	file_put(f);
	task_get(out->t);
	return 0;
}

static const struct proc_entry fd_entry = {
	.name = "fd", .mode = S_IFLNK | 0700, .link = link_fd, .follow = follow_fd,
	.is_private = true,
};

static int lookup_fd(const struct proc_ref *r, u64 id, struct proc_ref *out)
{
	return lookup_fd_as(r, id, &fd_entry, out);
}

static const struct proc_dir fd_dir = { .next = next_fd, .lookup = lookup_fd };

static const struct proc_entry fdinfo_entry = {
	.name = "fdinfo", .mode = S_IFREG | 0400, .show = show_fdinfo, .is_private = true,
};

static int lookup_fdinfo(const struct proc_ref *r, u64 id, struct proc_ref *out)
{
	return lookup_fd_as(r, id, &fdinfo_entry, out);
}

static const struct proc_dir fdinfo_dir = { .next = next_fd, .lookup = lookup_fdinfo };

/* ---- the directories ---- */

static bool next_thread(const struct proc_ref *r, u64 *id)
{
	pid_t tid = process_next_thread(r->t->process, (pid_t)MIN(*id, 1u << 30));

	*id = (u64)tid;
	return tid > 0;
}

static int lookup_thread(const struct proc_ref *r, u64 id, struct proc_ref *out);

static const struct proc_dir task_dir = { .next = next_thread, .lookup = lookup_thread };

#define PRIVATE_FILE(n, m, fn) \
	{ .name = (n), .mode = S_IFREG | (m), .show = (fn), .is_private = true }
#define PRIVATE_LINK(n, fn) \
	{ .name = (n), .mode = S_IFLNK | 0777, .link = link_followed, .follow = (fn), \
	  .is_private = true }

#define THREAD_ENTRIES                                                          \
	PRIVATE_FILE("auxv", 0400, show_auxv),                                  \
	PROC_FILE("cgroup", 0444, show_cgroup),                                 \
	PROC_FILE("cmdline", 0444, show_cmdline),                               \
	{ .name = "comm", .mode = S_IFREG | 0644, .show = show_comm, .write = write_comm }, \
	{ .name = "coredump_filter", .mode = S_IFREG | 0644,                             \
	  .show = show_coredump_filter, .write = write_coredump_filter, .is_private = true }, \
	PRIVATE_LINK("cwd", follow_cwd),                                        \
	PRIVATE_FILE("environ", 0400, show_environ),                            \
	PRIVATE_LINK("exe", follow_exe),                                        \
	{ .name = "fail-nth", .mode = S_IFREG | 0600, .show = proc_show_fail_nth,       \
	  .write = proc_write_fail_nth, .is_private = true },                   \
	{ .name = "fd", .mode = S_IFDIR | 0500, .dir = &fd_dir, .is_private = true },   \
	{ .name = "fdinfo", .mode = S_IFDIR | 0555, .dir = &fdinfo_dir, .is_private = true }, \
	PRIVATE_FILE("io", 0400, show_io),                                      \
	PROC_FILE("limits", 0444, show_limits),                                 \
	PRIVATE_FILE("maps", 0444, proc_show_maps),                             \
	{ .name = "mem", .mode = S_IFREG | 0600, .fops = &mem_ops, .is_private = true },        \
	PROC_FILE("mountinfo", 0444, show_mountinfo),                           \
	PROC_FILE("mounts", 0444, show_mounts),                                 \
	PROC_FILE("oom_score", 0444, show_oom_score),                           \
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644, .show = show_oom_score_adj,  \
	  .write = write_oom_score_adj },                                       \
	PRIVATE_FILE("personality", 0400, show_personality),                    \
	PRIVATE_LINK("root", follow_root),                                      \
	PRIVATE_FILE("smaps", 0444, proc_show_smaps),                           \
	PRIVATE_FILE("smaps_rollup", 0444, proc_show_smaps_rollup),             \
	PROC_FILE("stat", 0444, show_stat),                                     \
	PROC_FILE("statm", 0444, show_statm),                                   \
	PROC_FILE("status", 0444, show_status),                                 \
	{ .name = "timerslack_ns", .mode = S_IFREG | 0666, .show = show_timerslack,     \
	  .write = write_timerslack },                                          \
	PROC_FILE("wchan", 0444, show_wchan)

static const struct proc_entry thread_entries[] = { THREAD_ENTRIES };
static const struct proc_dir thread_dir = { PROC_TABLE(thread_entries) };
static const struct proc_entry tid_entry = PROC_DIR("TID", 0555, &thread_dir);

static const struct proc_entry pid_entries[] = {
	THREAD_ENTRIES,
	PROC_DIR("task", 0555, &task_dir),
};
static const struct proc_dir pid_dir = { PROC_TABLE(pid_entries) };
const struct proc_entry proc_pid_entry = PROC_DIR("PID", 0555, &pid_dir);

static int lookup_thread(const struct proc_ref *r, u64 id, struct proc_ref *out)
{
	struct task *t = id < 1u << 30 ? task_lookup((pid_t)id) : NULL;

	if (!t)
		return -ENOENT;
	if (t->process != r->t->process) {
		task_put(t);
		return -ENOENT;
	}
	*out = (struct proc_ref){ .entry = &tid_entry, .t = t, .is_thread = true, .fd = -1 };
	return 0;
}

bool proc_next_pid(const struct proc_ref *r, u64 *id)
{
	struct process *p;

	(void)r;
	p = *id < 1u << 30 ? process_next((pid_t)*id) : NULL;
	if (!p)
		return false;
	*id = (u64)p->pid;
	process_put(p);
	return true;
}

int proc_lookup_pid(const struct proc_ref *r, u64 id, struct proc_ref *out)
{
	struct task *t = id && id < 1u << 30 ? task_lookup((pid_t)id) : NULL;

	(void)r;
	if (!t)
		return -ENOENT;
	*out = (struct proc_ref){ .entry = &proc_pid_entry, .t = t, .fd = -1 };
	return 0;
}
