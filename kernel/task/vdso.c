/* SPDX-License-Identifier: MIT */
/* The vDSO's pages in programs: gemel/vdso.h. */
#include <gemel/vdso.h>

#include <arch/mmu.h>
#include <arch/uapi_bits.h>
#include <uapi/errno.h>

#include <gemel/address_space.h>
#include <gemel/assert.h>
#include <gemel/elf.h>
#include <gemel/page.h>
#include <gemel/string.h>

ulong vdso_entry;

static void *code;              /* the page; constant after vdso_init() */

void vdso_init(void)
{
	size_t size = (size_t)(vdso_image_end - vdso_image);
	struct elf_header h;

	code = page_alloc_kernel(0, ALLOC_ZERO);
	if (!code)
		panic("vdso: no memory");
	ASSERT(size <= PAGE_SIZE && elf_header_parse(vdso_image, size, ARCH_ELF_MACHINE, &h) == 0);
	memcpy(code, vdso_image, size);
	arch_mmu_cache_code(code, size);
	vdso_entry = h.entry;
}

int vdso_map(struct address_space *as)
{
	long at = as_map_kernel_page(as, 0, code, true), data;

	if (at < 0)
		return (int)at;
	/* Down from the top there is room: nothing but the stack is there yet. */
	data = as_map_kernel_page(as, (vaddr_t)at - PAGE_SIZE, vdso_data, false);
	if (data != at - (long)PAGE_SIZE)
		return data < 0 ? (int)data : -ENOMEM;
	as->mmap_base = (vaddr_t)data;
	as->vdso = (vaddr_t)at;
	return 0;
}
