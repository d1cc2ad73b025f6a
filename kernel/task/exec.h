/* SPDX-License-Identifier: MIT */
#pragma once
/* Between exec.c (arguments, scripts, the switch) and exec_elf.c (making the image). */
#include <gemel/address_space.h>
#include <gemel/compiler.h>
#include <uapi/auxv.h>

struct file;
struct cred;

#define EXEC_HEAD_SIZE  1024    /* of the file, read first: magic, ELF headers */

/* Strings for the new stack, one after the other: argv, envp, name of the file. */
struct exec_strings {
	char *buf;
	size_t len, size;
	size_t limit;           /* of len and of the pointers to them together */
	uint argc, envc;
	size_t env_start, name_start;   /* offsets */
};

struct exec_image {
	struct address_space *as;
	struct file *file;              /* the program or the interpreter of the script */
	u8 head[EXEC_HEAD_SIZE];        /* its beginning, zero-padded */
	size_t head_len;
	/* Set by exec_elf_load(). */
	vaddr_t pc, sp;
	vaddr_t phdr, base, entry;
	uint phnum;
};

/* Map the program of @img->file (and its PT_INTERP) into a new img->as, with stack.
 * 0, -ENOEXEC, -ENOMEM, -EIO, or the interpreter's open error.  On failure img->as is NULL. */
int __must_check exec_elf_load(struct exec_image *img);
/* Strings, vectors and auxv onto the new stack; sets img->sp.  @is_secure: AT_SECURE.  0, -E2BIG,
 * -ENOMEM, -EFAULT. */
int __must_check exec_stack_fill(struct exec_image *img, const struct exec_strings *s,
				 const struct cred *cred, bool is_secure);
