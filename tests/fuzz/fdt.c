/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <gemel/fdt.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	fdt_node_t node = FDT_ROOT;
	struct fdt fdt;
	uint steps = 0;

	if (fdt_open(&fdt, data, len) < 0)
		return 0;
	do {
		struct fdt_range range;
		struct fdt_irq irq;
		struct fdt_prop p;
		fdt_node_t other;
		u64 addr, size;
		u32 pos = 0;

		while (fdt_next_prop(&fdt, node, &pos, &p))
			fdt_cell(&p, 3);
		for (uint i = 0; i < 8 && fdt_reg(&fdt, node, i, &addr, &size) == 0; i++)
			;
		for (uint i = 0; i < 8 && fdt_irq(&fdt, node, i, &irq) == 0; i++)
			;
		for (uint i = 0; i < 8 && fdt_range(&fdt, node, i, &range) == 0; i++)
			;
		fdt_is_compatible(&fdt, node, "virtio,mmio");
		fdt_find_path(&fdt, fdt_name(&fdt, node), &other);
	} while (steps++ < 200 && fdt_next(&fdt, &node));
	return 0;
}
