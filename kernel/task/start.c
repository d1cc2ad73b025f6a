/* SPDX-License-Identifier: MIT */
/*
 * The first process: a task made by hand that execs the init program.
 *
 * Words NAME=VALUE of the command line whose names are written as those of
 * environment variables are, in capitals, become init's environment.
 */
#define LOG_TAG "init"
#include "task_private.h"

#include <arch/cpu.h>
#include <arch/thread.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <gemel/boot_info.h>
#include <gemel/fs.h>
#include <gemel/log.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/wait.h>

enum {
	ENV_MAX = 16,
	ENV_TEXT_MAX = 1024,
};

static struct completion init_ready;
static int init_result;

/* Only the task that becomes init uses these, once. */
static char env_text[ENV_TEXT_MAX];
static const char *init_env[ENV_MAX + 3];

static const char *const init_paths[] = {
	"/init", "/sbin/init", "/etc/init", "/bin/init", "/bin/sh", NULL
};

/* Descriptors 0, 1, 2; a system without a console runs with none. */
static void open_console(void)
{
	struct file *f;
	int fd;

	if (file_open(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0, &f) < 0) {
		log_warn("cannot open /dev/console");
		return;
	}
	for (int i = 0; i < 3; i++) {
		file_get(f);
		fd = fd_install(f, i, false);
		if (fd < 0)
			file_put(f);
	}
	file_put(f);
}

/* The length of the word at @word if it is a variable, else 0. */
static size_t variable_length(const char *word, size_t len)
{
	size_t i = 0;

	while (i < len && ((word[i] >= 'A' && word[i] <= 'Z') || word[i] == '_' ||
			   (i > 0 && word[i] >= '0' && word[i] <= '9')))
		i++;
	return i > 0 && i < len && word[i] == '=' ? len : 0;
}

/* Variables of the command line first: they go before the defaults. */
static void make_environment(void)
{
	const char *at = boot_info.cmdline;
	size_t used = 0;
	uint n = 0;

	while (*at && n < ENV_MAX) {
		size_t len = 0, size;

		while (at[len] && at[len] != ' ')
			len++;
		size = variable_length(at, len);
		if (size && used + size < sizeof(env_text)) {
			memcpy(env_text + used, at, size);
			init_env[n++] = env_text + used;
			used += size + 1;
		}
		at += len + (at[len] == ' ');
	}
	init_env[n++] = "HOME=/";
	if (!cmdline_has("TERM"))
		init_env[n++] = "TERM=linux";
}

static int exec_init(const char *path)
{
	const char *argv[] = { path, NULL };

	return kernel_exec(path, argv, init_env);
}

static int find_init(void)
{
	char path[128];
	int err;
	uint i;

	if (cmdline_get("init", path, sizeof(path)) && path[0]) {
		err = exec_init(path);
		if (err < 0)
			log_err("init=%s: error %d", path, -err);
		return err;
	}
	for (i = 0; init_paths[i]; i++) {
		err = exec_init(init_paths[i]);
		if (err == 0)
			return 0;
		if (err != -ENOENT)
			log_err("%s: error %d", init_paths[i], -err);
	}
	return -ENOENT;
}

static void init_main(void *arg)
{
	(void)arg;
	open_console();
	make_environment();
	init_result = find_init();
	if (init_result < 0) {
		completion_done(&init_ready);
		/* Nothing runs; whoever waits says so and decides. */
		for (;;)
			(void)sleep_until(WAIT_FOREVER, TASK_BLOCKED);
	}
	completion_done(&init_ready);
	arch_enter_user(task_trapframe(current));
}

static struct process *make_process(void)
{
	struct process *p = process_create();

	if (!p)
		return NULL;
	p->sighand = sighand_create();
	if (!p->sighand) {
		process_put(p);
		process_put(p);
		return NULL;
	}
	p->is_init = true;
	p->oom_score_adj = 0;
	return p;
}

static int make_task(struct task **out)
{
	struct task *t = task_alloc("init");
	struct cred *cred;

	if (!t)
		return -ENOMEM;
	t->process = make_process();
	t->files = files_create();
	t->fs = fs_context_create();
	cred = cred_copy(&kernel_cred);
	t->cred = cred;
	if (!t->process || !t->files || !t->fs || !cred)
		return -ENOMEM;         /* at boot there is no going on from here */
	t->sighand = t->process->sighand;
	sigpending_init(&t->pending);
	t->altstack.flags = SS_DISABLE;
	t->exit_signal = SIGCHLD;
	*out = t;
	return pid_create(0, &t->pid);
}

static int join_tree(struct task *t)
{
	struct process *p = t->process;
	int err = 0;

	irq_lock(&process_lock);
	t->tid = p->pid = t->pid->nr;
	p->leader = t;
	p->parent = &kernel_process;
	p->session = session_create(t->pid);
	if (p->session) {
		group_join(p, t->pid);
		process_add_thread(p, t);
		pid_attach(t);
		list_add_tail(&kernel_process.children, &p->sibling);
	} else {
		err = -ENOMEM;
	}
	irq_unlock(&process_lock);
	return err;
}

int process_start_init(void)
{
	struct task *t;
	int err;

	completion_init(&init_ready);
	err = make_task(&t);
	if (err == 0)
		err = join_tree(t);
	if (err < 0)
		return err;
	init_process = t->process;
	arch_thread_start(t, init_main, NULL);
	task_start(t);
	completion_wait(&init_ready);
	if (init_result < 0)
		log_err("no init program found: give init=PATH");
	return init_result;
}
