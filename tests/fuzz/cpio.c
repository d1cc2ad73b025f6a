/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <gemel/cpio.h>
#include <gemel/string.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct cpio_entry e;
	struct cpio c;
	u8 sum = 0;

	cpio_open(&c, data, len);
	while (cpio_next(&c, &e) == 1) {
		for (size_t i = 0; i < e.size; i++)
			sum ^= ((const u8 *)e.data)[i];
		if (strlen(e.name) != e.name_len)
			__builtin_trap();
	}
	(void)sum;
	return 0;
}
