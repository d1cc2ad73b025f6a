/* SPDX-License-Identifier: MIT */
/*
 * Core dumps: an ELF file of a process that died of a signal.
 *
 * The dying thread stops all others first: it makes the process group_exiting, so that each
 * leaves what it does, and each parks at the start of task_exit() with its user registers on its
 * kernel stack and its FPU state saved by the switch.  core_left counts those that are still on
 * their way; core_dumper says whose dump it is, and when that is NULL again they go on and die.
 *
 *	ELF header, program headers		PT_NOTE, then a PT_LOAD an area
 *	notes	of the dumper: PRSTATUS, of the process: PRPSINFO, SIGINFO, AUXV, FILE; then the
 *		dumper's other registers; then PRSTATUS and registers of each other thread
 *	memory, each page at its place; a page that was never touched is a hole
 *
 * The areas are listed once; whatever happens to them after (a vfork parent shares the space)
 * can make a page a hole, never move one.
 *
 * Interruption.  SIGKILL to a process that dumps wakes the dumper, which then writes nothing more:
 * the file ends there and the process dies of that.  Other signals are dropped.  A full disk and
 * RLIMIT_CORE end the file in the same way; it counts as a dump.
 *
 * Locking.  core_* of struct process: sighand->lock.  No lock is held over a write.
 */
#include "task_private.h"

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/regset.h>
#include <arch/uapi_bits.h>
#include <uapi/core.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mman.h>
#include <uapi/resource.h>
#include <uapi/stat.h>
#include <gemel/address_space.h>
#include <gemel/coredump.h>
#include <gemel/elf.h>
#include <gemel/fs.h>
#include <gemel/page.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/timespec.h>
#include <gemel/utsname.h>

#define ET_CORE         4
#define BLOB_FIRST      4096
#define FILE_NOTE_MAX   (4u << 20)
#define STATUS_CORE     0x80

static char core_pattern[CORE_PATTERN_MAX] = "core";
static struct spinlock pattern_lock = SPINLOCK_INIT(FDTABLE);
bool core_uses_pid;

/* Bytes that grow; after a failed allocation nothing is added. */
struct blob {
	u8 *buf;
	size_t len, size;
	bool failed;
};

struct core_area {
	vaddr_t start, end;
	u64 offset;
	uint flags;
	size_t dump_size;       /* of memory in the file */
	bool is_anon;
	struct file *file;      /* referenced, or NULL */
};

struct core {
	const struct ksiginfo *info;
	struct file *file;
	u64 pos, written, limit;
	bool is_cut;            /* nothing more is written */
	bool ends_in_hole;
	struct blob notes;
	struct core_area *areas;
	uint nareas;
	struct task **threads;  /* referenced; the dumper first */
	uint nthreads;
	u8 *page;
};

/* ---- stopping the others ---- */

void coredump_park(struct task *t) __no_lock_analysis
{
	struct process *p = t->process;

	if (likely(!p->core_dumper) || p->core_dumper == t)
		return;
	p->core_left--;
	sighand_unlock(p->sighand);
	wake_all(&p->exec_wait);
	wait_event_blocked(&p->exec_wait, !READ_ONCE(p->core_dumper));
	(void)sighand_lock(p);
}

/* Current is to dump: every other thread is told to die, and waited for.  False: the process is
 * dying already. */
static bool stop_others(int signo)
{
	struct process *p = current->process;
	struct sighand *sh = sighand_lock(p);
	struct task *t;

	if (p->group_exiting || (p->exec_task && p->exec_task != current)) {
		sighand_unlock(sh);
		return false;
	}
	process_kill_locked(p, signo);
	p->core_dumper = current;
	p->core_left = 0;
	list_for_each(t, &p->threads, thread_link)
		p->core_left += t != current && !t->is_exiting;
	/* Writing is not to be interrupted by our own death. */
	sigset_remove(&current->pending.set, SIGKILL);
	__atomic_and_fetch(&current->work, ~WORK_SIGNAL, __ATOMIC_RELAXED);
	sighand_unlock(sh);
	wait_event_blocked(&p->exec_wait, READ_ONCE(p->core_left) == 0);
	return true;
}

static void release_others(bool is_dumped)
{
	struct process *p = current->process;
	struct sighand *sh = sighand_lock(p);

	if (is_dumped && !signal_is_fatal_pending(current))
		p->exit_code |= STATUS_CORE;
	WRITE_ONCE(p->core_dumper, NULL);
	sighand_unlock(sh);
	wake_all(&p->exec_wait);
}

/* Who is parked, their registers saved, and we. */
static int gather_threads(struct core *c)
{
	struct process *p = current->process;
	uint room = READ_ONCE(p->nthreads);
	struct task *t;

	c->threads = kalloc(room * sizeof(struct task *));
	if (!c->threads)
		return -ENOMEM;
	task_get(current);
	c->threads[c->nthreads++] = current;
	irq_lock(&process_lock);
	irq_lock(&p->sighand->lock);
	list_for_each(t, &p->threads, thread_link) {
		if (t == current || t->is_exiting || c->nthreads == room)
			continue;
		task_get(t);
		c->threads[c->nthreads++] = t;
	}
	irq_unlock(&p->sighand->lock);
	irq_unlock(&process_lock);
	for (uint i = 1; i < c->nthreads; i++)
		while (load_acquire(&c->threads[i]->on_cpu))
			arch_cpu_relax();
	return 0;
}

/* ---- the file ---- */

static void core_write(struct core *c, const void *data, size_t n)
{
	const u8 *at = data;
	ssize_t done;

	if (c->written + n > c->limit || signal_is_fatal_pending(current))
		c->is_cut = true;
	while (n && !c->is_cut) {
		done = file_write_kernel(c->file, at, n, c->pos);
		if (done <= 0) {
			c->is_cut = true;
			break;
		}
		at += done;
		n -= (size_t)done;
		c->pos += (u64)done;
		c->written += (u64)done;
		c->ends_in_hole = false;
	}
}

static void core_skip(struct core *c, size_t n)
{
	c->pos += n;
	c->ends_in_hole = true;
	if (signal_is_fatal_pending(current))
		c->is_cut = true;
}

/* ---- notes ---- */

static void *blob_room(struct blob *b, size_t n)
{
	size_t size = MAX(b->size, BLOB_FIRST);
	u8 *buf;

	while (size < b->len + n)
		size *= 2;
	if (!b->failed && size != b->size) {
		buf = kalloc(size);
		b->failed = !buf;
		if (buf) {
			memcpy(buf, b->buf, b->len);
			kfree(b->buf);
			b->buf = buf;
			b->size = size;
		}
	}
	if (b->failed)
		return NULL;
	b->len += n;
	return memset(b->buf + b->len - n, 0, n);
}

static void blob_put(struct blob *b, const void *data, size_t n)
{
	void *at = blob_room(b, n);

	if (at)
		memcpy(at, data, n);
}

static void blob_align(struct blob *b)
{
	(void)blob_room(b, ALIGN_UP(b->len, 4) - b->len);
}

/* The head of a note whose @size bytes the caller puts behind it; blob_align() after. */
static void note_begin(struct blob *b, const char *owner, u32 type, size_t size)
{
	u32 head[3] = { (u32)strlen(owner) + 1, (u32)size, type };

	blob_put(b, head, sizeof(head));
	blob_put(b, owner, head[0]);
	blob_align(b);
}

static void note_put(struct blob *b, const char *owner, u32 type, const void *data, size_t size)
{
	note_begin(b, owner, type, size);
	blob_put(b, data, size);
	blob_align(b);
}

static void note_regset(struct blob *b, struct task *t, uint i, const struct regset *rs)
{
	struct regset same;
	void *at = blob_room(b, rs->size);

	if (at)
		(void)arch_regset(t, i, &same, at);
}

static void tree_ids(struct task *t, s32 *ppid, s32 *pgrp, s32 *sid)
{
	struct process *p = t->process;

	irq_lock(&process_lock);
	*ppid = p->parent ? p->parent->pid : 0;
	*pgrp = p->pgid;
	*sid = p->session ? p->session->sid : 0;
	irq_unlock(&process_lock);
}

static void note_prstatus(struct core *c, struct task *t)
{
	struct process *p = t->process;
	struct uapi_prstatus st;
	const u64 has_fp = 1;
	struct regset rs;
	u64 user, system;

	memset(&st, 0, sizeof(st));
	st.signo = st.cursig = (s16)c->info->signo;
	st.pending = t->pending.set.bits;
	st.blocked = t->blocked.bits;
	st.pid = t->tid;
	tree_ids(t, &st.ppid, &st.pgrp, &st.sid);
	task_times(t, &user, &system);
	st.utime = timeval_from_ns(user);
	st.stime = timeval_from_ns(system);
	st.cutime = timeval_from_ns(p->child_user_ns);
	st.cstime = timeval_from_ns(p->child_system_ns);
	(void)arch_regset(t, 0, &rs, NULL);
	note_begin(&c->notes, "CORE", NT_PRSTATUS, sizeof(st) + rs.size + sizeof(has_fp));
	blob_put(&c->notes, &st, sizeof(st));
	note_regset(&c->notes, t, 0, &rs);
	blob_put(&c->notes, &has_fp, sizeof(has_fp));
	blob_align(&c->notes);
}

static void note_other_regsets(struct core *c, struct task *t)
{
	struct regset rs;
	uint i;

	for (i = 1; arch_regset(t, i, &rs, NULL); i++) {
		note_begin(&c->notes, rs.owner, rs.type, rs.size);
		note_regset(&c->notes, t, i, &rs);
		blob_align(&c->notes);
	}
}

static void note_prpsinfo(struct core *c)
{
	struct address_space *as = current->as;
	const struct cred *cred = current_cred();
	struct uapi_prpsinfo ps;
	size_t n, i;

	memset(&ps, 0, sizeof(ps));
	ps.sname = 'R';
	ps.nice = (s8)current->se.nice;
	ps.uid = cred->uid;
	ps.gid = cred->gid;
	ps.pid = current->process->pid;
	tree_ids(current, &ps.ppid, &ps.pgrp, &ps.sid);
	strscpy(ps.fname, current->process->leader->name, sizeof(ps.fname));
	n = as_read(as, as->arg_start, ps.psargs,
		    MIN((size_t)(as->arg_end - as->arg_start), sizeof(ps.psargs) - 1));
	for (i = 0; i + 1 < n; i++)
		if (!ps.psargs[i])
			ps.psargs[i] = ' ';
	note_put(&c->notes, "CORE", NT_PRPSINFO, &ps, sizeof(ps));
}

/* Count and page size, a triple an area, then the names in the same order. */
static void note_files(struct core *c)
{
	struct blob b = { 0 };
	char *buf = kalloc(PATH_MAX);
	u64 word[3] = { 0, PAGE_SIZE };
	uint i;

	for (i = 0; i < c->nareas; i++)
		word[0] += !!c->areas[i].file;
	blob_put(&b, word, 2 * sizeof(u64));
	for (i = 0; i < c->nareas; i++) {
		const struct core_area *a = &c->areas[i];

		word[0] = a->start;
		word[1] = a->end;
		word[2] = a->offset >> PAGE_SHIFT;
		if (a->file)
			blob_put(&b, word, sizeof(word));
	}
	for (i = 0; i < c->nareas && buf; i++) {
		const char *name = c->areas[i].file ?
				   path_name(&c->areas[i].file->path, buf, PATH_MAX) : NULL;

		if (c->areas[i].file)
			blob_put(&b, name ? name : "", name ? strlen(name) + 1 : 1);
	}
	if (buf && !b.failed && b.len <= FILE_NOTE_MAX)
		note_put(&c->notes, "CORE", NT_FILE, b.buf, b.len);
	kfree(b.buf);
	kfree(buf);
}

static void notes_make(struct core *c)
{
	struct address_space *as = current->as;

	note_prstatus(c, current);
	note_prpsinfo(c);
	note_put(&c->notes, "CORE", NT_SIGINFO, c->info, sizeof(*c->info));
	note_put(&c->notes, "CORE", NT_AUXV, as->auxv, as->auxv_len);
	note_files(c);
	note_other_regsets(c, current);
	for (uint i = 1; i < c->nthreads; i++) {
		note_prstatus(c, c->threads[i]);
		note_other_regsets(c, c->threads[i]);
	}
}

/* ---- memory ---- */

/* Is a page of its own in the private file mapping @a: written to, as a breakpoint or data is? */
static bool has_own_page(struct address_space *as, const struct area *a)
{
	bool found = false;
	paddr_t pa;
	uint prot;

	spin_lock(&as->page_table_lock);
	for (vaddr_t va = a->start; va < a->end && !found; va += PAGE_SIZE)
		found = arch_mmu_query(&as->mmu, va, &pa, &prot) &&
			(phys_to_page(pa)->flags & PAGE_ANON);
	spin_unlock(&as->page_table_lock);
	return found;
}

static size_t dump_size(struct address_space *as, const struct area *a)
{
	uint filter = current->process->core_filter;
	const struct inode *ip = a->file ? a->file->inode : NULL;

	if (a->flags & (AREA_DONTDUMP | AREA_DEVICE))
		return 0;
	if (a->flags & AREA_SHARED)
		return filter & (ip && ip->nlink ? CORE_FILE_SHARED : CORE_ANON_SHARED) ?
		       a->end - a->start : 0;
	if ((filter & CORE_ANON_PRIVATE) && (!a->file || has_own_page(as, a)))
		return a->end - a->start;
	if (!a->file)
		return 0;
	if (filter & CORE_FILE_PRIVATE)
		return a->end - a->start;
	if ((filter & CORE_ELF_HEADERS) && !a->offset && (a->flags & AREA_READ))
		return PAGE_SIZE;
	return 0;
}

static int gather_areas(struct core *c)
{
	struct address_space *as = current->as;
	struct rb_node *node;
	uint room = READ_ONCE(as->area_count) + 8;

	c->areas = kalloc(room * sizeof(struct core_area));
	if (!c->areas)
		return -ENOMEM;
	rwmutex_read_lock(&as->lock);
	for (node = rb_first(&as->areas); node && c->nareas < room; node = rb_next(node)) {
		const struct area *a = rb_entry(node, struct area, node);

		if (a->file)
			file_get(a->file);
		c->areas[c->nareas++] = (struct core_area){
			.start = a->start, .end = a->end, .offset = a->offset, .flags = a->flags,
			.dump_size = dump_size(as, a), .is_anon = !a->file && !a->mapping,
			.file = a->file,
		};
	}
	rwmutex_read_unlock(&as->lock);
	return 0;
}

/* Anonymous memory that nobody touched has no page. */
static bool is_present(vaddr_t va)
{
	struct address_space *as = current->as;
	paddr_t pa;
	uint prot;
	bool is;

	spin_lock(&as->page_table_lock);
	is = arch_mmu_query(&as->mmu, va, &pa, &prot);
	spin_unlock(&as->page_table_lock);
	return is;
}

static void write_area(struct core *c, const struct core_area *a)
{
	vaddr_t va, end = a->start + a->dump_size;

	for (va = a->start; va < end && !c->is_cut; va += PAGE_SIZE) {
		if ((a->is_anon && !is_present(va)) ||
		    as_read(current->as, va, c->page, PAGE_SIZE) != PAGE_SIZE)
			core_skip(c, PAGE_SIZE);
		else
			core_write(c, c->page, PAGE_SIZE);
	}
}

/* ---- headers ---- */

static void write_elf_header(struct core *c)
{
	/* Class 64, little endian, version 1. */
	struct {
		u8 ident[16];
		u16 type, machine;
		u32 version;
		u64 entry, phoff, shoff;
		u32 flags;
		u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	} h = {
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		.type = ET_CORE, .machine = ARCH_ELF_MACHINE, .version = 1,
		.phoff = ELF_HEADER_SIZE, .ehsize = ELF_HEADER_SIZE, .phentsize = ELF_PHDR_SIZE,
		.phnum = (u16)(c->nareas + 1),
	};
	_Static_assert(sizeof(h) == ELF_HEADER_SIZE, "Elf64_Ehdr");

	core_write(c, &h, sizeof(h));
}

static void write_headers(struct core *c, u64 data)
{
	struct elf_phdr ph = { .type = PT_NOTE, .filesz = c->notes.len, .align = 4 };
	uint i;

	_Static_assert(sizeof(ph) == ELF_PHDR_SIZE, "in memory as in the file");
	ph.offset = ELF_HEADER_SIZE + (u64)(c->nareas + 1) * ELF_PHDR_SIZE;
	core_write(c, &ph, sizeof(ph));
	for (i = 0; i < c->nareas; i++) {
		const struct core_area *a = &c->areas[i];

		ph = (struct elf_phdr){
			.type = PT_LOAD, .offset = data, .vaddr = a->start,
			.flags = (a->flags & AREA_READ ? PF_R : 0) |
				 (a->flags & AREA_WRITE ? PF_W : 0) |
				 (a->flags & AREA_EXEC ? PF_X : 0),
			.filesz = a->dump_size, .memsz = a->end - a->start, .align = PAGE_SIZE,
		};
		core_write(c, &ph, sizeof(ph));
		data += a->dump_size;
	}
}

static void write_all(struct core *c)
{
	u64 data = ELF_HEADER_SIZE + (u64)(c->nareas + 1) * ELF_PHDR_SIZE + c->notes.len;
	const u8 zero = 0;

	data = ALIGN_UP(data, PAGE_SIZE);
	write_elf_header(c);
	write_headers(c, data);
	core_write(c, c->notes.buf, c->notes.len);
	core_skip(c, data - c->pos);
	for (uint i = 0; i < c->nareas; i++)
		write_area(c, &c->areas[i]);
	/* The file is as long as its headers say. */
	if (c->ends_in_hole && !c->is_cut) {
		c->pos--;
		core_write(c, &zero, 1);
	}
}

/* ---- the name ---- */

void core_pattern_get(char *text)
{
	spin_lock(&pattern_lock);
	memcpy(text, core_pattern, sizeof(core_pattern));
	spin_unlock(&pattern_lock);
}

int core_pattern_set(const char *text, size_t len)
{
	if (len >= sizeof(core_pattern) || text[0] == '|')
		return -EINVAL;
	spin_lock(&pattern_lock);
	memcpy(core_pattern, text, len);
	core_pattern[len] = '\0';
	spin_unlock(&pattern_lock);
	return 0;
}

/* Append to a name of CORE_NAME_MAX bytes; a slash inside a word would be another directory. */
static void name_add(char *name, const char *word)
{
	size_t at = strlen(name);

	for (; *word && at + 1 < PATH_MAX; word++)
		name[at++] = *word == '/' ? '!' : *word;
	name[at] = '\0';
}

static void name_add_number(char *name, u64 n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", (ulong)n);
	name_add(name, text);
}

static void name_add_exe(char *name, bool is_whole)
{
	struct file *exe = current->as->exe;
	char *buf = exe ? kalloc(PATH_MAX) : NULL;
	const char *path = buf ? path_name(&exe->path, buf, PATH_MAX) : NULL, *base;

	base = path ? strrchr(path, '/') : NULL;
	name_add(name, !path ? current->name : is_whole || !base ? path : base + 1);
	kfree(buf);
}

static void name_add_item(char *name, char item, int signo)
{
	const struct process *p = current->process;
	char node[72];

	switch (item) {
	case '%':
		name_add(name, "%");
		break;
	case 'p': case 'P':
		name_add_number(name, p->pid);
		break;
	case 'i': case 'I':
		name_add_number(name, current->tid);
		break;
	case 'u':
		name_add_number(name, current_cred()->uid);
		break;
	case 'g':
		name_add_number(name, current_cred()->gid);
		break;
	case 'd':
		name_add_number(name, p->dumpable);
		break;
	case 's':
		name_add_number(name, (u64)signo);
		break;
	case 't':
		name_add_number(name, time_realtime() / NSEC_PER_SEC);
		break;
	case 'h':
		uts_name_get(UTS_NODE, node, sizeof(node));
		name_add(name, node);
		break;
	case 'e':
		name_add(name, p->leader->name);
		break;
	case 'f': case 'E':
		name_add_exe(name, item == 'E');
		break;
	case 'c':
		name_add_number(name, rlimit_get(RLIMIT_CORE));
		break;
	default:        /* dropped, as Linux does */
		break;
	}
}

static void core_name(char *name, int signo)
{
	char pattern[CORE_PATTERN_MAX];
	bool has_pid = false;
	const char *s;
	size_t at;

	core_pattern_get(pattern);
	name[0] = '\0';
	for (s = pattern; *s; s++) {
		if (*s != '%') {
			at = strlen(name);
			if (at + 1 < PATH_MAX)
				memcpy(name + at, (char[2]){ *s }, 2);
			continue;
		}
		if (!*++s)
			break;
		has_pid |= *s == 'p';
		name_add_item(name, *s, signo);
	}
	if (READ_ONCE(core_uses_pid) && !has_pid) {
		name_add(name, ".");
		name_add_number(name, current->process->pid);
	}
}

/* ---- all of it ---- */

/* A new file of ours alone: whoever made one of this name before gets nothing written into it. */
static int core_open(struct core *c)
{
	char *name = kalloc(PATH_MAX);
	int err = -ENOMEM;

	if (!name)
		return err;
	core_name(name, c->info->signo);
	(void)name_remove(AT_FDCWD, name, false);
	err = file_open(AT_FDCWD, name, O_CREAT | O_RDWR | O_NOFOLLOW | O_LARGEFILE | O_EXCL,
			S_IFREG | 0600, &c->file);
	kfree(name);
	return err;
}

static bool core_dump(const struct ksiginfo *info)
{
	struct core c = { .info = info, .limit = rlimit_get(RLIMIT_CORE) };
	bool is_dumped = false;

	c.page = kalloc(PAGE_SIZE);
	if (!c.page || gather_threads(&c) < 0 || gather_areas(&c) < 0)
		goto out_free;
	notes_make(&c);
	if (c.notes.failed || core_open(&c) < 0)
		goto out_free;
	write_all(&c);
	file_put(c.file);
	is_dumped = true;
out_free:
	for (uint i = 0; i < c.nareas; i++)
		if (c.areas[i].file)
			file_put(c.areas[i].file);
	for (uint i = 0; i < c.nthreads; i++)
		task_put(c.threads[i]);
	kfree(c.areas);
	kfree(c.threads);
	kfree(c.notes.buf);
	kfree(c.page);
	return is_dumped;
}

void coredump(const struct ksiginfo *info)
{
	struct process *p = current->process;

	if (!p->dumpable || rlimit_get(RLIMIT_CORE) < PAGE_SIZE || !READ_ONCE(core_pattern[0]) ||
	    !stop_others(info->signo))
		return;
	release_others(core_dump(info));
}
