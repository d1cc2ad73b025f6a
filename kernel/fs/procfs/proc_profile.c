/* SPDX-License-Identifier: MIT */
/* /proc/profile: write "start", "start HZ" or "stop"; read the folded stacks. */
#include <uapi/errno.h>

#include <gemel/profile.h>
#include <gemel/string.h>

#include "proc.h"

static void emit_line(void *arg, const char *line)
{
	struct text *x = arg;

	text_puts(x, line);
	text_puts(x, "\n");
}

int proc_show_profile(struct text *x, const struct proc_ref *r)
{
	(void)r;
	profile_report(emit_line, x);
	return 0;
}

int proc_write_profile(const struct proc_ref *r, char *text, size_t len)
{
	u64 hz;

	(void)r;
	(void)len;
	if (strcmp(text, "stop") == 0) {
		profile_stop();
		return 0;
	}
	if (strcmp(text, "start") == 0)
		return profile_start(PROFILE_HZ_DEFAULT);
	if (!str_has_prefix(text, "start ") || parse_u64(text + 6, 10, &hz, NULL) < 0 ||
	    hz > PROFILE_HZ_MAX)
		return -EINVAL;
	return profile_start((uint)hz);
}
