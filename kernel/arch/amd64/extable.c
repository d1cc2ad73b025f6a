/* SPDX-License-Identifier: MIT */
/*
 * Instructions that may fault in the kernel, and where to go on: the linker
 * gathers the pairs from copy_user.S and fpu.c.  They are a dozen: no search
 * structure.
 */
#include <arch/uaccess.h>

#include <arch/trap.h>

#include "amd64.h"

struct ex_entry {
	ulong pc, fixup;
};
extern const struct ex_entry ex_table_start[], ex_table_end[];

static const struct ex_entry *extable_find(ulong pc)
{
	for (const struct ex_entry *e = ex_table_start; e < ex_table_end; e++)
		if (e->pc == pc)
			return e;
	return NULL;
}

bool extable_has(ulong pc)
{
	return extable_find(pc) != NULL;
}

bool arch_uaccess_fixup(struct trapframe *tf)
{
	const struct ex_entry *e = extable_find(tf->rip);

	if (!e)
		return false;
	tf->rip = e->fixup;
	return true;
}
