/* SPDX-License-Identifier: MIT */
#include <gemel/elf.h>

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/ktest.h>
#include <gemel/string.h>

enum { PAGE = 4096, NPHDR = 4 };

static const u64 TOP = 1ULL << 47;
static u8 file[ELF_HEADER_SIZE + NPHDR * ELF_PHDR_SIZE];

static void put_phdr(uint i, const struct elf_phdr *ph)
{
	memcpy(file + ELF_HEADER_SIZE + i * ELF_PHDR_SIZE, ph, sizeof(*ph));
}

/* A well-formed program: text, data, interpreter, stack. */
static void make_file(void)
{
	static const u8 ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	memset(file, 0, sizeof(file));
	memcpy(file, ident, sizeof(ident));
	put_le16(file + 16, ET_DYN);
	put_le16(file + 18, EM_X86_64);
	put_le32(file + 20, 1);
	put_le64(file + 24, 0x1234);
	put_le64(file + 32, ELF_HEADER_SIZE);
	put_le16(file + 52, ELF_HEADER_SIZE);
	put_le16(file + 54, ELF_PHDR_SIZE);
	put_le16(file + 56, NPHDR);
	put_phdr(0, &(struct elf_phdr){ PT_LOAD, PF_R | PF_X, 0, 0, 0, 0x2000, 0x2000, PAGE });
	put_phdr(1, &(struct elf_phdr){ PT_LOAD, PF_R | PF_W, 0x2f00, 0x3f00, 0, 0x100, 0x900,
					0x10000 });
	put_phdr(2, &(struct elf_phdr){ PT_INTERP, PF_R, 0x200, 0x200, 0, 20, 20, 1 });
	put_phdr(3, &(struct elf_phdr){ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 });
}

static int check(struct elf_segments *s)
{
	struct elf_header h;
	int err = elf_header_parse(file, sizeof(file), EM_X86_64, &h);

	if (err < 0)
		return err;
	return elf_segments_check(&h, file + ELF_HEADER_SIZE, PAGE, TOP, s);
}

KTEST(elf, reads_a_good_program)
{
	struct elf_segments s;

	make_file();
	EXPECT_EQ(0, check(&s));
	EXPECT_EQ(0, s.start);
	EXPECT_EQ(0x5000, s.end);
	EXPECT_EQ(2, s.nload);
	EXPECT_EQ(0x10000, s.align);
	EXPECT_EQ(2, s.interp);
	EXPECT_EQ(-1, s.tls);
	EXPECT_EQ(ELF_HEADER_SIZE, s.phdr_vaddr);
	EXPECT(s.has_stack_flags && !s.is_stack_executable);
}

KTEST(elf, refuses_a_bad_header)
{
	static const uint at[] = { 0, 4, 5, 6, 16, 18, 20, 54, 57 };
	struct elf_segments s;
	struct elf_header h;

	for (uint i = 0; i < ARRAY_SIZE(at); i++) {
		make_file();
		file[at[i]] ^= 0x55;
		EXPECT_EQ(-ENOEXEC, check(&s));
	}
	make_file();
	EXPECT_EQ(-ENOEXEC, elf_header_parse(file, 63, EM_X86_64, &h));
	EXPECT_EQ(-ENOEXEC, elf_header_parse(file, sizeof(file), EM_AARCH64, &h));
	put_le64(file + 32, ~0ULL - 10);
	EXPECT_EQ(-ENOEXEC, check(&s));
}

KTEST(elf, refuses_bad_segments)
{
	static const struct elf_phdr bad[] = {
		{ PT_LOAD, 0, 0x2f00, 0x3f00, 0, 0x901, 0x900, PAGE },          /* filesz > memsz */
		{ PT_LOAD, 0, 0x2f00, 0x3f01, 0, 0x100, 0x900, PAGE },          /* not congruent */
		{ PT_LOAD, 0, 0, 0x1000, 0, 0x100, 0x900, PAGE },               /* overlaps */
		{ PT_LOAD, 0, ~0xfffULL, 0x3000, 0, 0x2000, 0x2000, PAGE },     /* offset wraps */
		{ PT_LOAD, 0, 0, ~0xfffULL, 0, 0x100, 0x2000, PAGE },           /* vaddr wraps */
		{ PT_LOAD, 0, 0, (1ULL << 47) - 0x1000, 0, 1, 0x1001, PAGE },   /* over the top */
		{ PT_INTERP, 0, 0x200, 0, 0, 1, 1, 1 },
		{ PT_INTERP, 0, 0x200, 0, 0, 5000, 5000, 1 },
		{ PT_INTERP, 0, ~0ULL, 0, 0, 20, 20, 1 },
	};
	struct elf_segments s;

	for (uint i = 0; i < ARRAY_SIZE(bad); i++) {
		make_file();
		put_phdr(1, &bad[i]);
		EXPECT_EQ(-ENOEXEC, check(&s));
	}
}
