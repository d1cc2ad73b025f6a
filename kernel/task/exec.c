/* SPDX-License-Identifier: MIT */
/*
 * execve: a new program in the same process.
 *
 * The new address space is made complete, stack included, while the old
 * program is whole; every error up to there goes back to it.  Then the other
 * threads are ended (exec_alone()), which only a fatal signal can interrupt, and from
 * exec_commit() on nothing fails.
 *
 * Scripts.  "#!interp arg" is replaced by the interpreter with the line's
 * words before the script's name, up to SCRIPT_DEPTH times; argv[0] goes.
 *
 * Strings are copied from user memory exactly once, into one buffer.
 */
#include "exec.h"
#include "task_private.h"

#include <arch/mmu.h>
#include <arch/thread.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/resource.h>
#include <uapi/mount.h>
#include <uapi/sched.h>
#include <gemel/fs.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/trace.h>
#include <gemel/uaccess.h>

#define STRING_MAX      (128u << 10)
#define STRINGS_MAX     (6u << 20)
#define STRINGS_MIN     (128u << 10)
#define STRINGS_FIRST   4096
#define SCRIPT_DEPTH    5
#define SCRIPT_LINE     256
#define PREFIX_SIZE     (PATH_MAX + SCRIPT_DEPTH * SCRIPT_LINE + 64)

/* Where argv and envp come from. */
struct exec_source {
	const ulong __user *user;
	const char *const *kernel;
};

struct exec {
	struct exec_image img;
	struct exec_strings str;
	struct exec_source argv, envp;
	char *name;             /* the path as given; also AT_EXECFN */
	char *prefix;           /* words that scripts put before argv[1], NULL: no script */
	size_t prefix_at;       /* they are at the end of the buffer */
	struct cred *cred;
	bool is_secure;
	bool is_readable;       /* the program, by its user */
	bool is_hidden;         /* exec closes the descriptor that the name goes through */
};

/* ---- strings ---- */

static int strings_grow(struct exec_strings *s, size_t need)
{
	size_t size = MAX(s->size * 2, STRINGS_FIRST);
	char *buf;

	while (size < s->len + need)
		size *= 2;
	if (s->len + need > s->limit)
		return -E2BIG;
	buf = kalloc(size);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, s->buf, s->len);
	kfree(s->buf);
	s->buf = buf;
	s->size = size;
	return 0;
}

static int strings_add(struct exec_strings *s, const char *text)
{
	size_t n = strlen(text) + 1;
	int err;

	if (s->len + n > s->size) {
		err = strings_grow(s, n);
		if (err < 0)
			return err;
	}
	memcpy(s->buf + s->len, text, n);
	s->len += n;
	return 0;
}

static int strings_add_user(struct exec_strings *s, ulong uaddr)
{
	const char __user *text = user_ptr(const char, uaddr);

	for (;;) {
		size_t room = MIN(s->size - s->len, (size_t)STRING_MAX);
		ssize_t n = room ? copy_string_from_user(s->buf + s->len, text, room) :
				   -ENAMETOOLONG;
		int err;

		if (n >= 0) {
			s->len += (size_t)n + 1;
			return 0;
		}
		if (n != -ENAMETOOLONG)
			return (int)n;
		if (room == STRING_MAX)
			return -E2BIG;
		err = strings_grow(s, MIN(room * 2 + 1, (size_t)STRING_MAX));
		if (err < 0)
			return err;
	}
}

/* String @i of @src appended.  1, 0 at the end, -errno. */
static int source_take(struct exec_strings *s, const struct exec_source *src, uint i)
{
	ulong uaddr;
	int err;

	if (src->kernel) {
		if (!src->kernel[i])
			return 0;
		err = strings_add(s, src->kernel[i]);
		return err < 0 ? err : 1;
	}
	if (!src->user)
		return 0;
	if (copy_from_user(&uaddr, src->user + i, sizeof(uaddr)) < 0)
		return -EFAULT;
	if (!uaddr)
		return 0;
	err = strings_add_user(s, uaddr);
	return err < 0 ? err : 1;
}

static int strings_take_all(struct exec_strings *s, const struct exec_source *src, uint from,
			    uint *count)
{
	int got;
	uint i;

	for (i = from;; i++) {
		if (s->len + (s->argc + s->envc + i) * sizeof(ulong) > s->limit)
			return -E2BIG;
		got = source_take(s, src, i);
		if (got <= 0)
			return got;
		(*count)++;
	}
}

static int add_prefix(struct exec *x)
{
	size_t at = x->prefix_at;
	int err;

	while (at < PREFIX_SIZE) {
		err = strings_add(&x->str, x->prefix + at);
		if (err < 0)
			return err;
		x->str.argc++;
		at += strlen(x->prefix + at) + 1;
	}
	return 0;
}

static int gather_strings(struct exec *x)
{
	struct exec_strings *s = &x->str;
	u64 stack = rlimit_get(RLIMIT_STACK);
	int err = 0;

	s->limit = MAX(MIN(stack / 4, STRINGS_MAX), STRINGS_MIN);
	if (x->prefix)
		err = add_prefix(x);
	if (err == 0)
		err = strings_take_all(s, &x->argv, x->prefix ? 1 : 0, &s->argc);
	/* A program may rely on argv[0]. */
	if (err == 0 && s->argc == 0) {
		err = strings_add(s, "");
		s->argc = 1;
	}
	s->env_start = s->len;
	if (err == 0)
		err = strings_take_all(s, &x->envp, 0, &s->envc);
	s->name_start = s->len;
	if (err == 0)
		err = strings_add(s, x->name);
	return err;
}

/* ---- scripts ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int prefix_push(struct exec *x, const char *text, size_t len)
{
	if (x->prefix_at < len + 1)
		return -E2BIG;
	x->prefix_at -= len + 1;
	memcpy(x->prefix + x->prefix_at, text, len);
	x->prefix[x->prefix_at + len] = '\0';
	return 0;
}

/* Cut the first line of the head into the interpreter and its one argument (may be empty). */
static int script_parse(const char *line, const char **interp, size_t *interp_len,
			const char **arg, size_t *arg_len)
{
	const char *end = memchr(line, '\n', SCRIPT_LINE), *p = line + 2;
	bool is_cut = !end;

	if (!end)
		end = line + strnlen(line, SCRIPT_LINE);
	is_cut = is_cut && end == line + SCRIPT_LINE;
	while (end > p && is_blank(end[-1]))
		end--;
	while (p < end && is_blank(*p))
		p++;
	*interp = p;
	while (p < end && !is_blank(*p) && *p)
		p++;
	*interp_len = (size_t)(p - *interp);
	if (*interp_len == 0 || (is_cut && p == end))
		return -ENOEXEC;
	while (p < end && is_blank(*p))
		p++;
	*arg = p;
	*arg_len = strnlen(p, (size_t)(end - p));
	return 0;
}

/* The image's file is a script called @name: put its words into the prefix.  @name becomes the
 * interpreter's path. */
static int script_enter(struct exec *x, char *name)
{
	const char *interp, *arg;
	size_t interp_len, arg_len;
	int err;

	if (x->is_hidden)
		return -ENOENT;
	err = script_parse((const char *)x->img.head, &interp, &interp_len, &arg, &arg_len);
	if (err < 0)
		return err;
	if (!x->prefix) {
		x->prefix = kalloc(PREFIX_SIZE);
		if (!x->prefix)
			return -ENOMEM;
		x->prefix_at = PREFIX_SIZE;
	} else {
		x->prefix_at += strlen(x->prefix + x->prefix_at) + 1;
	}
	err = prefix_push(x, name, strlen(name));
	if (err == 0 && arg_len)
		err = prefix_push(x, arg, arg_len);
	if (err == 0)
		err = prefix_push(x, interp, interp_len);
	if (err == 0)
		strscpy(name, x->prefix + x->prefix_at, PATH_MAX);
	return err;
}

static int read_head(struct exec_image *img)
{
	ssize_t n = file_read_kernel(img->file, img->head, sizeof(img->head), 0);

	if (n < 0)
		return (int)n;
	memset(img->head + n, 0, sizeof(img->head) - (size_t)n);
	img->head_len = (size_t)n;
	return 0;
}

/* Follow scripts to the program: img->file and img->head are its. */
static int find_program(struct exec *x)
{
	char *name = NULL;
	uint depth;
	int err;

	for (depth = 0;; depth++) {
		struct file *f;

		err = read_head(&x->img);
		if (err < 0 || x->img.head[0] != '#' || x->img.head[1] != '!')
			break;
		err = -ELOOP;
		if (depth == SCRIPT_DEPTH)
			break;
		if (!name) {
			err = -ENOMEM;
			name = kalloc(PATH_MAX);
			if (!name)
				break;
			strscpy(name, x->name, PATH_MAX);
		}
		err = script_enter(x, name);
		if (err < 0)
			break;
		err = file_open_exec(AT_FDCWD, name, 0, &f);
		if (err < 0)
			break;
		file_put(x->img.file);
		x->img.file = f;
	}
	kfree(name);
	return err;
}

/* ---- alone ---- */

/* End all other threads.  0, or -EAGAIN: another thread does the same, or the process is dying. */
static int exec_alone(void)
{
	struct process *p = current->process;
	struct sighand *sh = sighand_lock(p);
	struct task *t;
	int err;

	if (p->group_exiting || p->exec_task) {
		sighand_unlock(sh);
		return -EAGAIN;
	}
	if (p->nthreads == 1) {
		sighand_unlock(sh);
		return 0;
	}
	p->exec_task = current;
	p->group_stop = false;
	list_for_each(t, &p->threads, thread_link)
		if (t != current) {
			sigset_add(&t->pending.set, SIGKILL);
			signal_wake(t, true);
		}
	sighand_unlock(sh);
	err = wait_event_state(&p->exec_wait, READ_ONCE(p->nthreads) == 1, TASK_KILLABLE,
			       WAIT_FOREVER);
	sh = sighand_lock(p);
	p->exec_task = NULL;
	if (p->group_exiting)
		err = -EAGAIN;
	sighand_unlock(sh);
	return err < 0 ? -EAGAIN : 0;
}

/* The only thread becomes the leader: it takes the leader's number. */
static void become_leader(void)
{
	struct process *p = current->process;
	struct task *old = p->leader, *me = current;

	if (old == me)
		return;
	irq_lock(&process_lock);
	me->exit_signal = SIGCHLD;
	pid_detach(me);
	me->pid = old->pid;
	me->pid->task = me;
	old->pid = NULL;
	me->tid = p->pid;
	p->leader = me;
	list_remove(&old->all_link);
	irq_unlock(&process_lock);
	task_put(old);
}

/* Signal actions of its own, if another process shares them (CLONE_SIGHAND, no CLONE_THREAD). */
static int unshare_sighand(void)
{
	struct process *p = current->process;
	struct sighand *old = p->sighand, *older = p->retired_sighand, *new;

	if (READ_ONCE(old->refs.count) == 1)
		return 0;
	new = sighand_copy(old);
	if (!new)
		return -ENOMEM;
	irq_lock(&process_lock);
	irq_lock(&old->lock);
	store_release(&p->sighand, new);
	current->sighand = new;
	irq_unlock(&old->lock);
	irq_unlock(&process_lock);
	/* Senders may still look at the old one. */
	p->retired_sighand = old;
	if (older)
		sighand_put(older);
	return 0;
}

void signal_exec(void)
{
	struct process *p = current->process;
	struct sighand *sh = sighand_lock(p);
	u64 left;

	for (left = sh->changed; left; left &= left - 1) {
		struct ksigaction *act = &sh->action[__builtin_ctzll(left)];
		ulong handler = act->handler == SIG_IGN_ADDR ? SIG_IGN_ADDR : SIG_DFL_ADDR;

		*act = (struct ksigaction){ .handler = handler };
	}
	current->altstack = (struct uapi_stack){ .flags = SS_DISABLE };
	signal_recalc();
	sighand_unlock(sh);
}

/* ---- the point of no return ---- */

static void switch_as(struct address_space *as)
{
	struct address_space *old = current->as;
	struct process *p = current->process;

	irq_lock(&process_lock);
	current->as = as;
	arch_mmu_activate(&as->mmu);
	irq_unlock(&process_lock);
	if (!old)
		return;
	p->maxrss = MAX(p->maxrss, READ_ONCE(old->rss_max));
	as_unuse(old);
}

static void set_name(const char *path)
{
	const char *base = strrchr(path, '/');

	strscpy(current->name, base ? base + 1 : path, TASK_NAME_LEN);
}

static void exec_commit(struct exec *x)
{
	struct process *p = current->process;
	struct task *t = current;
	int tid = t->tid;

	futex_exit_task(false);
	switch_as(x->img.as);
	x->img.as = NULL;
	vfork_release(t);
	become_leader();
	posix_timers_delete_all(p);
	p->did_exec = true;             /* before the parent can learn of it by a closed pipe */
	files_close_on_exec();
	signal_exec();
	set_name(x->name);
	p->dumpable = x->cred->euid == x->cred->uid && x->cred->egid == x->cred->gid &&
		      x->is_readable;
	if (x->is_secure) {
		p->pdeath_signal = 0;
		t->personality &= ~PERSONA_CLEARED_BY_SETID;
	}
	cred_commit(x->cred);
	x->cred = NULL;
	t->exit_signal = SIGCHLD;
	t->restart.fn = NULL;
	trace(TRACE_EXEC, tid, x->img.pc);
	arch_thread_exec(task_trapframe(t), x->img.pc, x->img.sp);
}

/* ---- all of it ---- */

static int prepare_cred(struct exec *x)
{
	struct inode *ip = x->img.file->inode;
	struct mount *m = x->img.file->path.mount;
	bool may_setid = !(m && (m->flags & MS_NOSUID)) && !current->no_new_privs;

	x->is_readable = inode_permission(ip, R_OK) == 0;
	return cred_prepare_exec(ip->mode, ip->uid, ip->gid, may_setid, &x->cred, &x->is_secure);
}

/* Who became this user although it had too many processes may not run programs as it. */
static int check_nproc(void)
{
	struct task *t = current;

	if (likely(!t->is_over_nproc))
		return 0;
	irq_lock(&process_lock);
	t->is_over_nproc = user_is_over_limit(t->cred->uid, 0);
	irq_unlock(&process_lock);
	return t->is_over_nproc ? -EAGAIN : 0;
}

static int exec_run(struct exec *x)
{
	int err;

	err = check_nproc();
	if (err < 0)
		return err;
	err = find_program(x);
	if (err < 0)
		return err;
	err = gather_strings(x);
	if (err < 0)
		return err;
	err = prepare_cred(x);
	if (err < 0)
		return err;
	err = exec_elf_load(&x->img);
	if (err < 0)
		return err;
	err = exec_stack_fill(&x->img, &x->str, x->cred, x->is_secure);
	if (err < 0)
		return err;
	err = files_unshare();
	if (err < 0)
		return err;
	err = exec_alone();
	if (err < 0)
		return err;
	err = unshare_sighand();
	if (err < 0)
		return err;
	exec_commit(x);
	return 0;
}

/* Consumes @f and @name. */
static int exec_file(struct file *f, char *name, bool is_hidden, const struct exec_source *argv,
		     const struct exec_source *envp)
{
	struct exec *x = kzalloc(sizeof(*x));
	int err = -ENOMEM;

	if (!x) {
		file_put(f);
		kfree(name);
		return err;
	}
	x->img.file = f;
	x->name = name;
	x->is_hidden = is_hidden;
	x->argv = *argv;
	x->envp = *envp;
	err = exec_run(x);
	if (x->img.as)
		as_unuse(x->img.as);
	if (x->cred)
		cred_put(x->cred);
	file_put(x->img.file);
	kfree(x->str.buf);
	kfree(x->prefix);
	kfree(x->name);
	kfree(x);
	return err;
}

int kernel_exec(const char *path, const char *const argv[], const char *const envp[])
{
	struct exec_source a = { .kernel = argv }, e = { .kernel = envp };
	size_t size = strlen(path) + 1;
	struct file *f;
	char *name;
	int err;

	err = file_open_exec(AT_FDCWD, path, 0, &f);
	if (err < 0)
		return err;
	name = kalloc(size);
	if (!name) {
		file_put(f);
		return -ENOMEM;
	}
	memcpy(name, path, size);
	return exec_file(f, name, false, &a, &e);
}

/* What AT_EXECFN and a script's interpreter see for execveat(). */
static void name_of_fd(char *name, int fd)
{
	char tail[PATH_MAX / 4];

	strscpy(tail, name, sizeof(tail));
	if (tail[0])
		snprintf(name, PATH_MAX, "/dev/fd/%d/%s", fd, tail);
	else
		snprintf(name, PATH_MAX, "/dev/fd/%d", fd);
}

long sys_execveat(int fd, const char __user *upath, const ulong __user *uargv,
		  const ulong __user *uenvp, int flags)
{
	struct exec_source argv = { .user = uargv }, envp = { .user = uenvp };
	char *name = kalloc(PATH_MAX);
	bool is_named_by_fd;
	struct file *f;
	ssize_t n;
	int err;

	if (!name)
		return -ENOMEM;
	err = flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) ? -EINVAL : 0;
	if (err < 0)
		goto err_free;
	n = copy_string_from_user(name, upath, PATH_MAX);
	err = n < 0 ? (int)n : 0;
	if (n == 0 && !(flags & AT_EMPTY_PATH))
		err = -ENOENT;
	if (err == 0)
		err = file_open_exec(fd, name, flags, &f);
	if (err < 0)
		goto err_free;
	is_named_by_fd = fd != AT_FDCWD && name[0] != '/';
	if (is_named_by_fd)
		name_of_fd(name, fd);
	return exec_file(f, name, is_named_by_fd && fd_is_cloexec(fd), &argv, &envp);

err_free:
	kfree(name);
	return err;
}

long sys_execve(const char __user *upath, const ulong __user *uargv, const ulong __user *uenvp)
{
	return sys_execveat(AT_FDCWD, upath, uargv, uenvp, 0);
}
