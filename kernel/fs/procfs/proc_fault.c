/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/fail-nth: fault injection for tests, in debug kernels, for root.
 * Writing "N [alloc] [usercopy] [block] [completion] [look]" makes the N-th of these fail, of the
 * writing thread and of what it forks; without kinds, all; with look none does, and all else is as
 * if one had.  "0" ends it.
 * Reading gives what is left of N: 0 when it has struck; then, if that was in a system call, its
 * name and what it returned: "0 openat -12".
 */
#include <uapi/errno.h>

#include <gemel/cred.h>
#include <gemel/fault.h>
#include <gemel/string.h>
#include <gemel/syscall.h>
#include <gemel/task.h>

#include "proc.h"

static const char *const words[FAULT_KINDS + 1] = {
	[FAULT_ALLOC] = "alloc",
	[FAULT_USERCOPY] = "usercopy",
	[FAULT_BLOCK] = "block",
	[FAULT_COMPLETION] = "completion",
	[FAULT_KINDS] = "look",
};

/* Names separated by blanks to bits; 0: one is unknown. */
static u32 parse_kinds(const char *s)
{
	u32 kinds = 0;

	while (*s) {
		size_t len = 0;
		uint k = 0;

		while (s[len] && s[len] != ' ' && s[len] != '\n')
			len++;
		while (k < ARRAY_SIZE(words) && (strncmp(s, words[k], len) != 0 || words[k][len]))
			k++;
		if (len && k == ARRAY_SIZE(words))
			return 0;
		if (len)
			kinds |= 1u << k;
		s += len + (s[len] != '\0');
	}
	return kinds & ~FAULT_LOOK ? kinds : kinds | ((1u << FAULT_KINDS) - 1);
}

int proc_write_fail_nth(const struct proc_ref *r, char *text, size_t len)
{
	const char *end;
	u32 kinds;
	u64 n;

	(void)len;
	if (!GEMEL_DEBUG)
		return -EOPNOTSUPP;
	if (r->t->process != current->process || !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (parse_u64(text, 10, &n, &end) < 0 || n > ~0u)
		return -EINVAL;
	kinds = parse_kinds(end);
	return kinds ? fault_plan_set(kinds, (u32)n) : -EINVAL;
}

int proc_show_fail_nth(struct text *x, const struct proc_ref *r)
{
	bool is_ours = r->t->process == current->process;
	ulong nr;
	long ret;

	text_printf(x, "%u", is_ours ? fault_plan_left() : 0);
	if (is_ours && fault_plan_result(&nr, &ret))
		text_printf(x, " %s %ld", syscall_name(nr), ret);
	text_puts(x, "\n");
	return 0;
}
