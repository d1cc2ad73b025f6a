/* SPDX-License-Identifier: MIT */
/* The tables beside copy_user.S: where it may fault, and where it opens the PAN window. */
#include <arch/uaccess.h>

#include <arch/mmu.h>
#include <arch/trap.h>

#include "arm64.h"

#define INSN_PAN_CLEAR  0xd500409fu     /* msr pan, #0 */
#define INSN_PAN_SET    0xd500419fu     /* msr pan, #1 */

/* Both relative to themselves. */
struct ex_entry {
	s32 insn, fixup;
};

/* The entries are in the order of the text: copy_user.S is the only file that has any. */
extern const struct ex_entry ex_table_start[], ex_table_end[];
extern const s32 pan_sites_start[], pan_sites_end[];
extern const char uaccess_text_start[], uaccess_text_end[];

bool uaccess_pc(ulong pc)
{
	return pc >= (ulong)uaccess_text_start && pc < (ulong)uaccess_text_end;
}

bool arch_uaccess_fixup(struct trapframe *tf)
{
	const struct ex_entry *lo = ex_table_start, *hi = ex_table_end;

	if (!uaccess_pc(tf->pc))
		return false;
	while (lo < hi) {
		const struct ex_entry *e = lo + (hi - lo) / 2;
		ulong at = (ulong)&e->insn + (long)e->insn;

		if (at == tf->pc) {
			tf->pc = (ulong)&e->fixup + (long)e->fixup;
			return true;
		}
		if (at < tf->pc)
			lo = e + 1;
		else
			hi = e;
	}
	return false;
}

/* At boot, while the text can still be written. */
void uaccess_enable_pan(void)
{
	for (const s32 *s = pan_sites_start; s < pan_sites_end; s++)
		*(u32 *)((ulong)s + (long)(*s & ~1)) = *s & 1 ? INSN_PAN_SET : INSN_PAN_CLEAR;
	arch_mmu_cache_code(uaccess_text_start, (size_t)(uaccess_text_end - uaccess_text_start));
}
