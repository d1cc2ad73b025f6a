/* SPDX-License-Identifier: MIT */
/* The order in which memory management comes up. */
#include <gemel/slab.h>
#include <gemel/vmalloc.h>

#include "mm.h"

void mm_init(void)
{
	page_init();
	slab_init();
	vmalloc_init();
	pagecache_init();
	address_space_init();
}
