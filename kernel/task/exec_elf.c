/* SPDX-License-Identifier: MIT */
/*
 * Loading ELF programs into a new address space.
 *
 * The file is not trusted: lib's elf.c checks the headers, and whatever passes
 * maps user memory only.  Pages come in when they are touched; what is written
 * here are the end of the last data page and the stack.
 *
 *	0x10000 ...            ET_EXEC, where it was linked
 *	two thirds up          ET_DYN (PIE) + random, then the heap
 *	below mmap_base        the interpreter (ld.so), then mmap()
 *	stack_top              the stack, random; below it the gap up to its limit
 *
 * Nobody else sees the space yet, so nothing here is locked but what
 * as_mmap() and as_write_all() lock themselves.
 *
 * Failure.  Whatever fails drops the new space, and the caller's program goes on.
 */
#include "exec.h"

#include <arch/cpu.h>
#include <arch/uapi_bits.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mman.h>
#include <uapi/sched.h>
#include <uapi/time.h>
#include <gemel/boot_info.h>
#include <gemel/cred.h>
#include <gemel/elf.h>
#include <gemel/fs.h>
#include <gemel/random.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/task.h>
#include <gemel/vdso.h>

#define DYN_BASE        ALIGN_DOWN(USER_END / 3 * 2, 1ul << 21)
#define RANDOM_PAGES    (1ul << 28)     /* of images and mmap_base */
#define RANDOM_STACK    (1ul << 22)     /* pages */
#define RANDOM_BRK      (1ul << 13)
#define STACK_INITIAL   (128ul << 10)
#define ALIGN_LIMIT     (1ul << 30)

struct elf_file {
	struct file *file;
	struct elf_header header;
	struct elf_segments segments;
	u8 *phdrs;              /* in the head, or own */
	bool is_own;
};

static u8 zeros[PAGE_SIZE];

static ulong random_offset(ulong npages)
{
	u64 r;

	if (cmdline_has("norandmaps") || (current->personality & PERSONA_NO_RANDOMIZE))
		return 0;
	random_bytes(&r, sizeof(r));
	return (r & (npages - 1)) << PAGE_SHIFT;
}

/* ---- headers ---- */

static int read_exact(struct file *f, void *buf, size_t n, u64 pos)
{
	ssize_t got = file_read_kernel(f, buf, n, pos);

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : -ENOEXEC;
}

static int elf_file_read(struct elf_file *ef, u8 *head, size_t head_len)
{
	size_t size;
	int err;

	err = elf_header_parse(head, head_len, ARCH_ELF_MACHINE, &ef->header);
	if (err < 0)
		return err;
	size = (size_t)ef->header.phnum * ELF_PHDR_SIZE;
	if (ef->header.phoff + size <= head_len) {
		ef->phdrs = head + ef->header.phoff;
	} else {
		ef->phdrs = kalloc(size);
		if (!ef->phdrs)
			return -ENOMEM;
		ef->is_own = true;
		err = read_exact(ef->file, ef->phdrs, size, ef->header.phoff);
	}
	if (err == 0)
		err = elf_segments_check(&ef->header, ef->phdrs, PAGE_SIZE, USER_END,
					 &ef->segments);
	if (err == 0 && ef->segments.align > ALIGN_LIMIT)
		err = -ENOEXEC;
	return err;
}

static void elf_file_close(struct elf_file *ef)
{
	if (ef->is_own)
		kfree(ef->phdrs);
	ef->is_own = false;
}

/* ---- segments ---- */

static int write_zeros(struct address_space *as, vaddr_t va, size_t n)
{
	return as_write_all(as, va, zeros, n);
}

static uint segment_prot(const struct elf_phdr *ph)
{
	return (ph->flags & PF_R ? PROT_READ : 0) | (ph->flags & PF_W ? PROT_WRITE : 0) |
	       (ph->flags & PF_X ? PROT_EXEC : 0);
}

static int map_fixed(struct address_space *as, vaddr_t start, vaddr_t end, uint prot,
		     struct file *f, u64 offset)
{
	uint flags = MAP_PRIVATE | MAP_FIXED | (f ? 0 : MAP_ANONYMOUS);
	long at;

	if (start >= end)
		return 0;
	at = as_mmap(as, start, end - start, prot, flags, f, offset);
	return at < 0 ? (int)at : 0;
}

static int map_segment(struct address_space *as, struct file *f, const struct elf_phdr *ph,
		       ulong bias)
{
	vaddr_t va = ph->vaddr + bias, file_end = va + ph->filesz, end = va + ph->memsz;
	vaddr_t start = ALIGN_DOWN(va, PAGE_SIZE), page_end = ALIGN_UP(file_end, PAGE_SIZE);
	uint prot = segment_prot(ph);
	int err = 0;

	if (!ph->filesz)
		page_end = start;
	else
		err = map_fixed(as, start, page_end, prot, f, ALIGN_DOWN(ph->offset, PAGE_SIZE));
	if (err < 0)
		return err;
	if (ph->filesz && end > file_end && (prot & PROT_WRITE) && file_end < page_end) {
		/* To the end of the page: ld.so allocates from what lies behind its bss. */
		err = write_zeros(as, file_end, page_end - file_end);
		if (err < 0)
			return err;
	}
	return map_fixed(as, page_end, ALIGN_UP(end, PAGE_SIZE), prot, NULL, 0);
}

static int map_all(struct address_space *as, const struct elf_file *ef, ulong bias)
{
	struct elf_phdr ph;
	uint i;
	int err;

	for (i = 0; i < ef->header.phnum; i++) {
		elf_phdr_at(ef->phdrs, i, &ph);
		if (ph.type != PT_LOAD || ph.memsz == 0)
			continue;
		err = map_segment(as, ef->file, &ph, bias);
		if (err < 0)
			return err == -ENOMEM || err == -EIO ? err : -ENOEXEC;
	}
	return 0;
}

/* What to add to the file's addresses so that it begins near @want.  0: it does not fit. */
static ulong bias_up(const struct elf_segments *s, vaddr_t want)
{
	return ALIGN_UP(want, s->align) - ALIGN_DOWN(s->start, s->align);
}

static ulong bias_below(const struct elf_segments *s, vaddr_t top)
{
	return ALIGN_DOWN(top - (s->end - s->start), s->align) - ALIGN_DOWN(s->start, s->align);
}

static bool fits(const struct elf_segments *s, ulong bias, vaddr_t limit)
{
	return s->end - s->start < limit / 4 && s->end + bias <= limit &&
	       s->end + bias > s->start + bias;
}

/* ---- the interpreter ---- */

static int interp_open(const struct elf_file *ef, struct file **out)
{
	struct elf_phdr ph;
	char *path;
	int err;

	elf_phdr_at(ef->phdrs, (uint)ef->segments.interp, &ph);
	path = kalloc(ph.filesz);
	if (!path)
		return -ENOMEM;
	err = read_exact(ef->file, path, ph.filesz, ph.offset);
	if (err == 0 && path[ph.filesz - 1] != '\0')
		err = -ENOEXEC;
	if (err == 0)
		err = file_open_exec(AT_FDCWD, path, 0, out);
	kfree(path);
	return err;
}

static int interp_map(struct exec_image *img, struct file *f, u8 *head)
{
	struct elf_file ef = { .file = f };
	ssize_t got = file_read_kernel(f, head, EXEC_HEAD_SIZE, 0);
	ulong bias = 0;
	int err;

	if (got < 0)
		return (int)got;
	err = elf_file_read(&ef, head, (size_t)got);
	if (err < 0)
		goto out_close;
	if (ef.header.type == ET_DYN)
		bias = bias_below(&ef.segments, img->as->mmap_base);
	err = fits(&ef.segments, bias, img->as->mmap_base) ? 0 : -ENOEXEC;
	if (err == 0)
		err = map_all(img->as, &ef, bias);
	img->base = bias;
	img->pc = ef.header.entry + bias;
out_close:
	elf_file_close(&ef);
	return err == -ENOEXEC ? -ELIBBAD : err;
}

static int interp_load(struct exec_image *img, const struct elf_file *ef)
{
	struct file *f;
	u8 *head;
	int err;

	err = interp_open(ef, &f);
	if (err < 0)
		return err;
	head = kalloc(EXEC_HEAD_SIZE);
	err = head ? interp_map(img, f, head) : -ENOMEM;
	kfree(head);
	file_put(f);
	return err;
}

/* ---- the whole image ---- */

static int map_stack(struct address_space *as, const struct elf_file *ef)
{
	vaddr_t top = USER_END - PAGE_SIZE - random_offset(RANDOM_STACK);
	int err;

	err = as_map_stack(as, top, STACK_INITIAL,
			   ef->segments.has_stack_flags && ef->segments.is_stack_executable);
	if (err < 0)
		return err;
	as->mmap_base -= random_offset(RANDOM_PAGES);
	return 0;
}

static int map_program(struct exec_image *img, const struct elf_file *ef)
{
	struct address_space *as = img->as;
	ulong bias = 0;
	int err;

	if (ef->header.type == ET_DYN)
		bias = bias_up(&ef->segments, DYN_BASE + random_offset(RANDOM_PAGES));
	if (!fits(&ef->segments, bias, as->mmap_base) || ef->header.entry >= USER_END)
		return -ENOEXEC;
	err = map_all(as, ef, bias);
	if (err < 0)
		return err;
	as->brk_start = as->brk = ALIGN_UP(ef->segments.end + bias, PAGE_SIZE) +
				  random_offset(RANDOM_BRK);
	img->phdr = ef->segments.phdr_vaddr ? ef->segments.phdr_vaddr + bias : 0;
	img->phnum = ef->header.phnum;
	img->entry = img->pc = ef->header.entry + bias;
	img->base = 0;
	return ef->segments.interp >= 0 ? interp_load(img, ef) : 0;
}

int exec_elf_load(struct exec_image *img)
{
	struct elf_file ef = { .file = img->file };
	int err;

	err = elf_file_read(&ef, img->head, img->head_len);
	if (err < 0)
		goto out_close;
	err = as_create(&img->as);
	if (err < 0)
		goto out_close;
	err = map_stack(img->as, &ef);
	if (err == 0)
		err = vdso_map(img->as);
	if (err == 0)
		err = map_program(img, &ef);
	if (err == 0 && img->pc >= USER_END)
		err = -ENOEXEC;
	if (err == 0) {
		file_get(img->file);
		img->as->exe = img->file;
	} else {
		as_unuse(img->as);
		img->as = NULL;
	}
out_close:
	elf_file_close(&ef);
	return err;
}

/* ---- the stack ---- */

#define AUXV_MAX 24

struct vectors {
	u64 *word;
	size_t n;
};

static void put(struct vectors *v, u64 value)
{
	v->word[v->n++] = value;
}

static void put_aux(struct vectors *v, u64 type, u64 value)
{
	put(v, type);
	put(v, value);
}

static void put_strings(struct vectors *v, const struct exec_strings *s, size_t from, uint n,
			vaddr_t base)
{
	while (n-- > 0) {
		put(v, base + from);
		from += strlen(s->buf + from) + 1;
	}
	put(v, 0);
}

static void put_auxv(struct vectors *v, const struct exec_image *img, const struct cred *cred,
		     bool is_secure)
{
	put_aux(v, AT_SYSINFO_EHDR, img->as->vdso);
	put_aux(v, AT_HWCAP, arch_hwcap(AT_HWCAP));
	put_aux(v, AT_PAGESZ, PAGE_SIZE);
	put_aux(v, AT_CLKTCK, USER_HZ);
	put_aux(v, AT_PHDR, img->phdr);
	put_aux(v, AT_PHENT, ELF_PHDR_SIZE);
	put_aux(v, AT_PHNUM, img->phnum);
	put_aux(v, AT_BASE, img->base);
	put_aux(v, AT_FLAGS, 0);
	put_aux(v, AT_ENTRY, img->entry);
	put_aux(v, AT_UID, cred->uid);
	put_aux(v, AT_EUID, cred->euid);
	put_aux(v, AT_GID, cred->gid);
	put_aux(v, AT_EGID, cred->egid);
	put_aux(v, AT_SECURE, is_secure);
	put_aux(v, AT_HWCAP2, arch_hwcap(AT_HWCAP2));
	put_aux(v, AT_MINSIGSTKSZ, arch_hwcap(AT_MINSIGSTKSZ));
}

/*
 *	stack_top ->	8 zero bytes
 *			name of the file, envp strings, argv strings
 *			platform string, 16 random bytes
 *			auxv, envp[], argv[], argc
 *	sp ->
 */
static size_t build(struct exec_image *img, const struct exec_strings *s, const struct cred *cred,
		    bool is_secure, struct vectors *v, vaddr_t base)
{
	size_t platform_len = strlen(arch_machine_name) + 1, fixed, words;
	vaddr_t random_at = ALIGN_DOWN(base - platform_len, 16) - 16, sp;
	struct address_space *as = img->as;
	size_t aux_start;

	words = 1 + s->argc + 1 + s->envc + 1 + AUXV_MAX * 2;
	sp = ALIGN_DOWN(random_at - words * 8, 16);
	fixed = base - sp;
	put(v, s->argc);
	put_strings(v, s, 0, s->argc, base);
	put_strings(v, s, s->env_start, s->envc, base);
	aux_start = v->n;
	put_auxv(v, img, cred, is_secure);
	put_aux(v, AT_RANDOM, random_at);
	put_aux(v, AT_EXECFN, base + s->name_start);
	put_aux(v, AT_PLATFORM, base - platform_len);
	put_aux(v, AT_NULL, 0);
	as->auxv_len = (v->n - aux_start) * 8;
	memcpy(as->auxv, v->word + aux_start, as->auxv_len);
	random_bytes((u8 *)v->word + (random_at - sp), 16);
	memcpy((u8 *)v->word + (base - platform_len - sp), arch_machine_name, platform_len);
	img->sp = sp;
	return fixed;
}

int exec_stack_fill(struct exec_image *img, const struct exec_strings *s, const struct cred *cred,
		    bool is_secure)
{
	struct address_space *as = img->as;
	vaddr_t base = as->stack_top - 8 - s->len;
	struct vectors v = { .n = 0 };
	size_t room, len;
	int err;

	room = (s->argc + s->envc + 4 + AUXV_MAX * 2) * 8 + 128;
	if (s->len + room > s->limit)
		return -E2BIG;
	v.word = kzalloc(room);
	if (!v.word)
		return -ENOMEM;
	len = build(img, s, cred, is_secure, &v, base);
	ASSERT(len <= room);
	/* From the top down: the area grows as a program's stack would. */
	err = as_write_all(as, base, s->buf, s->len);
	if (err == 0)
		err = as_write_all(as, img->sp, v.word, len);
	as->arg_start = base;
	as->arg_end = as->env_start = base + s->env_start;
	as->env_end = base + s->name_start;
	kfree(v.word);
	return err;
}
