/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <gemel/elf.h>

enum { PAGE = 4096 };

static void check_load(const struct elf_phdr *ph, const struct elf_segments *s)
{
	if (ph->memsz == 0)
		return;
	if (ph->filesz > ph->memsz || ph->vaddr < s->start || ph->vaddr + ph->memsz > s->end ||
	    ph->vaddr + ph->memsz > 1ull << 47)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct elf_segments s;
	struct elf_header h;

	if (elf_header_parse(data, len, EM_X86_64, &h) < 0)
		return 0;
	if (h.phoff > len || (u64)h.phnum * ELF_PHDR_SIZE > len - h.phoff)
		return 0;
	if (elf_segments_check(&h, data + h.phoff, PAGE, 1ull << 47, &s) < 0)
		return 0;
	for (uint i = 0; i < h.phnum; i++) {
		struct elf_phdr ph;

		elf_phdr_at(data + h.phoff, i, &ph);
		if (ph.type == PT_LOAD)
			check_load(&ph, &s);
	}
	return 0;
}
