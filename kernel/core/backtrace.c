/* SPDX-License-Identifier: MIT */
/*
 * Call chains.  Both ABIs push the same frame record: the caller's frame pointer,
 * then the return address.  Every record is checked to be mapped before it is
 * read, and to lie above the one before, so a broken stack ends the walk.
 */
#include <arch/mmu.h>
#include <arch/thread.h>

#include <gemel/ksyms.h>
#include <gemel/log.h>
#include <gemel/task.h>

#include "panic.h"

enum { DEPTH_MAX = 32 };

struct frame_record {
	ulong fp;
	ulong ret;
};

static bool is_readable(ulong addr)
{
	paddr_t pa;
	uint prot;

	return addr >= USER_END && IS_ALIGNED(addr, sizeof(ulong)) &&
	       arch_mmu_query(&kernel_mmu, addr, &pa, &prot);
}

/* A return address belongs to the call before it, which may be a function's last instruction. */
static void print_address(ulong pc, uint back)
{
	ulong offset = 0;
	const char *name = ksym_lookup(pc - back, &offset);

	if (name)
		printk(LOG_ERR, NULL, "  0x%lx %s+0x%lx", pc, name, offset + back);
	else
		printk(LOG_ERR, NULL, "  0x%lx", pc);
}

bool backtrace_next(ulong *fp, ulong *ret)
{
	const struct frame_record *r = (const struct frame_record *)*fp;

	if (!is_readable(*fp) || !is_readable(*fp + sizeof(ulong)) || !r->ret)
		return false;
	*ret = r->ret;
	*fp = r->fp > *fp && r->fp - *fp <= KSTACK_SIZE ? r->fp : 0;
	return true;
}

void backtrace_print(ulong pc, ulong fp)
{
	ulong ret;

	if (pc)
		print_address(pc, 0);
	for (uint i = 0; i < DEPTH_MAX && backtrace_next(&fp, &ret); i++)
		print_address(ret, 1);
}

void backtrace_print_task(const struct task *t)
{
	ulong pc, fp;

	arch_thread_backtrace_start(t, &pc, &fp);
	backtrace_print(pc, fp);
}
