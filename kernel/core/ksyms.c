/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own symbol table, made by tools/ksyms at link time.
 *
 * ksyms_offsets[] holds the functions' distances from _text in rising order.
 * Their names stand in the same order in ksyms_names, one after another, each
 * ended by a zero byte; ksyms_name_index[] has the start of every 16th.  All
 * is constant: a lookup takes no lock and works in a panic.
 */
#include <gemel/ksyms.h>

#include "ksyms_table.h"

enum { NAMES_PER_BLOCK = 16 };

static const char *ksym_name(u32 i)
{
	const char *name = ksyms_names + ksyms_name_index[i / NAMES_PER_BLOCK];

	for (u32 skip = i % NAMES_PER_BLOCK; skip > 0; skip--)
		while (*name++)
			;
	return name;
}

const char *ksym_lookup(ulong addr, ulong *offset)
{
	ulong start = (ulong)_text;
	u32 low = 0, high = ksyms_count;

	if (addr < start || addr >= (ulong)_etext)
		return NULL;
	/* The last function that begins at or below addr is at low - 1. */
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (start + ksyms_offsets[mid] <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return NULL;
	if (offset)
		*offset = addr - start - ksyms_offsets[low - 1];
	return ksym_name(low - 1);
}
