/* SPDX-License-Identifier: MIT */
#include <gemel/elf.h>

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/string.h>

enum { ELF_INTERP_MAX = 4096 };

/* Offsets in the file header. */
enum {
	EH_IDENT = 0,
	EH_TYPE = 16,
	EH_MACHINE = 18,
	EH_VERSION = 20,
	EH_ENTRY = 24,
	EH_PHOFF = 32,
	EH_FLAGS = 48,
	EH_EHSIZE = 52,
	EH_PHENTSIZE = 54,
	EH_PHNUM = 56,
};

/* 64-bit, little-endian, version 1. */
static const u8 elf_ident[7] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

int elf_header_parse(const void *buf, size_t len, u16 machine, struct elf_header *out)
{
	const u8 *p = buf;
	struct elf_header h;
	u64 end;

	if (len < ELF_HEADER_SIZE || memcmp(p + EH_IDENT, elf_ident, sizeof(elf_ident)) != 0)
		return -ENOEXEC;
	h.type = get_le16(p + EH_TYPE);
	h.machine = get_le16(p + EH_MACHINE);
	h.phnum = get_le16(p + EH_PHNUM);
	h.entry = get_le64(p + EH_ENTRY);
	h.phoff = get_le64(p + EH_PHOFF);
	h.flags = get_le32(p + EH_FLAGS);
	if ((h.type != ET_EXEC && h.type != ET_DYN) || h.machine != machine)
		return -ENOEXEC;
	if (get_le32(p + EH_VERSION) != 1 || get_le16(p + EH_PHENTSIZE) != ELF_PHDR_SIZE)
		return -ENOEXEC;
	if (h.phnum == 0 || h.phnum > ELF_PHNUM_MAX)
		return -ENOEXEC;
	if (__builtin_add_overflow(h.phoff, (u64)h.phnum * ELF_PHDR_SIZE, &end) || end >> 63)
		return -ENOEXEC;
	*out = h;
	return 0;
}

void elf_phdr_at(const void *phdrs, uint i, struct elf_phdr *out)
{
	_Static_assert(sizeof(*out) == ELF_PHDR_SIZE, "struct elf_phdr is the file's layout");
	memcpy(out, (const u8 *)phdrs + (size_t)i * ELF_PHDR_SIZE, sizeof(*out));
}

static bool load_is_good(const struct elf_phdr *ph, u64 page, u64 top)
{
	u64 end;

	if (ph->filesz > ph->memsz || ph->memsz == 0)
		return false;
	if (__builtin_add_overflow(ph->offset, ph->filesz, &end) || end >> 63)
		return false;
	if (__builtin_add_overflow(ph->vaddr, ph->memsz, &end) || end > top)
		return false;
	return (ph->vaddr & (page - 1)) == (ph->offset & (page - 1));
}

static int check_load(const struct elf_header *hdr, const struct elf_phdr *ph, u64 page, u64 top,
		      u64 *last_end, struct elf_segments *s)
{
	u64 table_end = hdr->phoff + (u64)hdr->phnum * ELF_PHDR_SIZE;

	/* Linkers leave empty segments in odd programs; they map nothing. */
	if (ph->memsz == 0 && ph->filesz == 0)
		return 0;
	if (!load_is_good(ph, page, top) || ph->vaddr < *last_end)
		return -ENOEXEC;
	*last_end = ph->vaddr + ph->memsz;
	if (s->nload++ == 0)
		s->start = ALIGN_DOWN(ph->vaddr, page);
	s->end = ALIGN_UP(*last_end, page);
	if (is_pow2(ph->align) && ph->align > s->align)
		s->align = ph->align;
	if (!s->phdr_vaddr && ph->offset <= hdr->phoff && table_end <= ph->offset + ph->filesz)
		s->phdr_vaddr = ph->vaddr + (hdr->phoff - ph->offset);
	return 0;
}

static int check_interp(const struct elf_phdr *ph, uint i, struct elf_segments *s)
{
	u64 end;

	/* Two interpreters: the first counts, as in Linux. */
	if (s->interp >= 0)
		return 0;
	if (ph->filesz < 2 || ph->filesz > ELF_INTERP_MAX)
		return -ENOEXEC;
	if (__builtin_add_overflow(ph->offset, ph->filesz, &end) || end >> 63)
		return -ENOEXEC;
	s->interp = (int)i;
	return 0;
}

int elf_segments_check(const struct elf_header *hdr, const void *phdrs, u64 page, u64 top,
		       struct elf_segments *out)
{
	struct elf_segments s = { .align = page, .interp = -1, .tls = -1 };
	u64 last_end = 0;

	for (uint i = 0; i < hdr->phnum; i++) {
		struct elf_phdr ph;
		int err = 0;

		elf_phdr_at(phdrs, i, &ph);
		if (ph.type == PT_LOAD)
			err = check_load(hdr, &ph, page, top, &last_end, &s);
		else if (ph.type == PT_INTERP)
			err = check_interp(&ph, i, &s);
		else if (ph.type == PT_TLS)
			s.tls = (int)i;
		else if (ph.type == PT_GNU_STACK) {
			s.has_stack_flags = true;
			s.is_stack_executable = ph.flags & PF_X;
		}
		if (err < 0)
			return err;
	}
	if (!s.nload)
		return -ENOEXEC;
	*out = s;
	return 0;
}
