/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ELF64 executables: reading and checking the headers.  Pure: works on what
 * the caller has read from the file, and the file is not trusted.
 *
 * Use: read the first 64 bytes, elf_header_parse(); read phnum * 56 bytes at
 * phoff, elf_segments_check(); then elf_phdr_at() for each i.
 */
#include <gemel/compiler.h>

#define ELF_HEADER_SIZE         64
#define ELF_PHDR_SIZE           56
#define ELF_PHNUM_MAX           128

enum elf_machine { EM_X86_64 = 62, EM_AARCH64 = 183 };
enum elf_type { ET_EXEC = 2, ET_DYN = 3 };
enum elf_segment {
	PT_LOAD = 1,
	PT_DYNAMIC = 2,
	PT_INTERP = 3,
	PT_NOTE = 4,
	PT_PHDR = 6,
	PT_TLS = 7,
	PT_GNU_STACK = 0x6474e551,
	PT_GNU_RELRO = 0x6474e552,
	PT_GNU_PROPERTY = 0x6474e553,
};
enum elf_segment_flags { PF_X = 1, PF_W = 2, PF_R = 4 };

struct elf_header {
	u16 type;               /* ET_EXEC or ET_DYN */
	u16 machine;
	u16 phnum;              /* 1 .. ELF_PHNUM_MAX */
	u64 entry;
	u64 phoff;              /* phoff + phnum * ELF_PHDR_SIZE does not wrap */
	u32 flags;
};

/* One program header, in file layout. */
struct elf_phdr {
	u32 type;
	u32 flags;              /* PF_ bits */
	u64 offset;
	u64 vaddr;
	u64 paddr;
	u64 filesz;
	u64 memsz;
	u64 align;
};

/* What the program headers say together. */
struct elf_segments {
	u64 start, end;         /* of all PT_LOAD, page-aligned, start < end */
	u64 align;              /* the largest p_align of a PT_LOAD, at least a page */
	uint nload;
	int interp;             /* index of PT_INTERP, or -1 */
	int tls;                /* index of PT_TLS, or -1 */
	u64 phdr_vaddr;         /* where the program headers are in memory; 0: not loaded */
	bool has_stack_flags;   /* there is a PT_GNU_STACK */
	bool is_stack_executable;
};

/*
 * Check the ELF header in the first @len bytes of a file for @machine.
 * 0 or -ENOEXEC.
 */
int __must_check elf_header_parse(const void *buf, size_t len, u16 machine,
				  struct elf_header *out);

/*
 * Check the program headers that the caller read to @phdrs (hdr->phnum of
 * them).  @page is the page size; @top the first address no segment may
 * reach.  After success, for every PT_LOAD: filesz <= memsz, offset + filesz
 * and vaddr + memsz do not wrap, vaddr and offset agree modulo @page, and
 * they are in ascending order of vaddr without sharing a byte (they may share
 * a page).  A PT_INTERP has 2..4096 bytes.  0 or -ENOEXEC.
 */
int __must_check elf_segments_check(const struct elf_header *hdr, const void *phdrs, u64 page,
				    u64 top, struct elf_segments *out);

/* Program header @i of @phdrs. */
void elf_phdr_at(const void *phdrs, uint i, struct elf_phdr *out);
