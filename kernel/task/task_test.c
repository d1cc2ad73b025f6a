/* SPDX-License-Identifier: MIT */
/* Process numbers and pending signals. */
#include "task_private.h"

#include <uapi/errno.h>
#include <gemel/ktest.h>
#include <gemel/string.h>

KTEST(pid, numbers_are_found_and_come_back)
{
	struct pid *a, *b;
	pid_t nr;

	EXPECT_EQ(0, pid_create(0, &a));
	EXPECT_EQ(0, pid_create(0, &b));
	EXPECT(a->nr != b->nr);
	nr = a->nr;
	irq_lock(&process_lock);
	EXPECT(pid_find(nr) == a);
	EXPECT(pid_find(b->nr) == b);
	pid_get(a);
	pid_put(a);
	EXPECT(pid_find(nr) == a);
	pid_put(a);
	EXPECT(!pid_find(nr));
	EXPECT(!task_find(nr));
	pid_put(b);
	irq_unlock(&process_lock);
}

static struct process *make_process(void)
{
	struct process *p = process_create();

	if (!p)
		return NULL;
	p->sighand = sighand_create();
	if (p->sighand)
		return p;
	process_put(p);
	process_put(p);
	return NULL;
}

static int queue(struct process *p, int signo, u64 value)
{
	struct ksiginfo info;

	memset(&info, 0, sizeof(info));
	info.signo = signo;
	info.code = SI_QUEUE;
	info.rt.value = value;
	return signal_send_process(p, signo, &info);
}

static int take(struct process *p, u64 blocked, u64 *value)
{
	struct sighand *sh = sighand_lock(p);
	struct ksiginfo info;
	int signo;

	memset(&info, 0, sizeof(info));
	signo = sigpending_take(&p->shared_pending, blocked, &info);
	*value = info.rt.value;
	sighand_unlock(sh);
	return signo;
}

KTEST(signal, pending_is_ordered_and_coalesced)
{
	struct process *p = make_process();
	u64 value;

	EXPECT(p);
	if (!p)
		return;
	EXPECT_EQ(0, queue(p, SIGRTMIN + 1, 11));
	EXPECT_EQ(0, queue(p, SIGRTMIN, 1));
	EXPECT_EQ(0, queue(p, SIGRTMIN, 2));
	EXPECT_EQ(0, queue(p, SIGUSR1, 5));
	EXPECT_EQ(0, queue(p, SIGUSR1, 6));
	EXPECT_EQ(0, take(p, ~0ull, &value));
	EXPECT_EQ(SIGRTMIN, take(p, SIGNAL_BIT(SIGUSR1), &value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(SIGUSR1, take(p, 0, &value));
	EXPECT_EQ(5, value);
	EXPECT_EQ(SIGRTMIN, take(p, 0, &value));
	EXPECT_EQ(2, value);
	EXPECT_EQ(SIGRTMIN + 1, take(p, 0, &value));
	EXPECT_EQ(0, take(p, 0, &value));
	EXPECT_EQ(0, p->user->nsigqueue);
	process_put(p);
	process_put(p);
}

KTEST(signal, continue_and_stop_undo_each_other)
{
	struct process *p = make_process();
	u64 value;

	EXPECT(p);
	if (!p)
		return;
	EXPECT_EQ(0, queue(p, SIGTSTP, 0));
	EXPECT_EQ(0, queue(p, SIGCONT, 0));
	EXPECT_EQ(0, take(p, ~SIGNAL_BIT(SIGTSTP), &value));
	EXPECT_EQ(0, queue(p, SIGTSTP, 0));
	EXPECT_EQ(0, take(p, ~SIGNAL_BIT(SIGCONT), &value));
	process_put(p);
	process_put(p);
}

KTEST(sighand, freed_ones_are_clean_again)
{
	struct sighand *sh = sighand_create(), *copy;

	EXPECT(sh);
	if (!sh)
		return;
	sh->action[SIGUSR1 - 1].handler = 0x1234;
	sh->changed |= SIGNAL_BIT(SIGUSR1);
	copy = sighand_copy(sh);
	EXPECT(copy);
	if (copy) {
		EXPECT_EQ(0x1234, copy->action[SIGUSR1 - 1].handler);
		EXPECT_EQ(0, copy->action[SIGUSR2 - 1].handler);
		sighand_put(copy);
	}
	sighand_put(sh);
	sh = sighand_create();
	EXPECT(sh);
	if (!sh)
		return;
	EXPECT_EQ(0, sh->action[SIGUSR1 - 1].handler);
	sighand_put(sh);
}
