/* SPDX-License-Identifier: MIT */
/*
 * Flattened device trees: structure.
 *
 * The structure block is a stream of 4-byte big-endian tokens: BEGIN_NODE
 * with the name, PROP with length, name offset and value, END_NODE, NOP,
 * END; everything padded to 4.
 *
 * fdt_open() walks the stream once and refuses it unless every token, name
 * and value lies inside its block, nesting is proper and at most
 * FDT_DEPTH_MAX deep, and names end inside the strings block.  All other
 * functions rely on that.  They keep no state: a parent is found by walking
 * from the root, which is good enough at boot.
 */
#include <gemel/fdt.h>

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/string.h>

enum fdt_token {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_NOP = 4,
	FDT_END = 9,
};

enum { FDT_MAGIC = 0xd00dfeed, FDT_SIZE_MAX = 1 << 24 };

/* Offsets in the header. */
enum {
	HDR_MAGIC = 0,
	HDR_TOTAL = 4,
	HDR_STRUCT = 8,
	HDR_STRINGS = 12,
	HDR_RESERVED = 16,
	HDR_VERSION = 20,
	HDR_COMPATIBLE = 24,
	HDR_STRINGS_SIZE = 32,
	HDR_STRUCT_SIZE = 36,
};

u32 fdt_blob_size(const void *blob)
{
	const u8 *p = blob;
	u32 size = get_be32(p + HDR_TOTAL);

	if (get_be32(p + HDR_MAGIC) != FDT_MAGIC || size < FDT_HEADER_SIZE || size > FDT_SIZE_MAX)
		return 0;
	return size;
}

/* The token at @pos, and where the next one is.  Trusts the structure. */
static u32 token_at(const struct fdt *fdt, u32 pos, u32 *next)
{
	u32 token = get_be32(fdt->structs + pos);

	*next = pos + 4;
	if (token == FDT_BEGIN_NODE)
		*next += ALIGN_UP((u32)strlen((const char *)fdt->structs + pos + 4) + 1, 4);
	else if (token == FDT_PROP)
		*next = pos + 12 + ALIGN_UP(get_be32(fdt->structs + pos + 4), 4);
	return token;
}

static bool string_is_good(const char *s, u32 from, u32 size)
{
	return from < size && strnlen(s + from, size - from) < size - from;
}

/* The same without trust.  0: the stream is broken here. */
static u32 token_check(const struct fdt *fdt, u32 pos, u32 *next)
{
	u32 size = fdt->structs_size, left = size - pos, len;
	u32 token;

	if (pos >= size || left < 4)
		return 0;
	token = get_be32(fdt->structs + pos);
	if (token == FDT_BEGIN_NODE) {
		if (!string_is_good((const char *)fdt->structs, pos + 4, size))
			return 0;
	} else if (token == FDT_PROP) {
		if (left < 12)
			return 0;
		len = get_be32(fdt->structs + pos + 4);
		if (len > left - 12)
			return 0;
		if (!string_is_good(fdt->strings, get_be32(fdt->structs + pos + 8),
				    fdt->strings_size))
			return 0;
	}
	token_at(fdt, pos, next);
	return token;
}

static int check_structure(const struct fdt *fdt)
{
	uint depth = 1;
	u32 pos = 0, token;

	if (token_check(fdt, 0, &pos) != FDT_BEGIN_NODE)
		return -EINVAL;
	while (depth) {
		switch (token_check(fdt, pos, &pos)) {
		case FDT_BEGIN_NODE:
			if (++depth > FDT_DEPTH_MAX)
				return -EINVAL;
			break;
		case FDT_END_NODE:
			depth--;
			break;
		case FDT_PROP:
		case FDT_NOP:
			break;
		default:
			return -EINVAL;
		}
	}
	do
		token = token_check(fdt, pos, &pos);
	while (token == FDT_NOP);
	return token == FDT_END ? 0 : -EINVAL;
}

static bool block_is_good(u32 from, u32 size, u32 total)
{
	return from >= FDT_HEADER_SIZE && from <= total && size <= total - from;
}

static int check_reserved(struct fdt *fdt, const u8 *blob, u32 from)
{
	if (from < FDT_HEADER_SIZE || from > fdt->total_size)
		return -EINVAL;
	fdt->reserved = blob + from;
	for (u32 at = from; fdt->total_size - at >= 16; at += 16, fdt->nreserved++)
		if (!get_be64(blob + at) && !get_be64(blob + at + 8))
			return 0;
	return -EINVAL;
}

int fdt_open(struct fdt *fdt, const void *blob, size_t max)
{
	const u8 *p = blob;
	struct fdt f = { .structs = NULL };
	u32 structs, strings;
	int err;

	if (max < FDT_HEADER_SIZE)
		return -EINVAL;
	f.total_size = fdt_blob_size(blob);
	if (!f.total_size || f.total_size > max)
		return -EINVAL;
	if (get_be32(p + HDR_VERSION) < 17 || get_be32(p + HDR_COMPATIBLE) > 17)
		return -EINVAL;
	structs = get_be32(p + HDR_STRUCT);
	strings = get_be32(p + HDR_STRINGS);
	f.structs_size = get_be32(p + HDR_STRUCT_SIZE);
	f.strings_size = get_be32(p + HDR_STRINGS_SIZE);
	if (!IS_ALIGNED(structs, 4) || !block_is_good(structs, f.structs_size, f.total_size) ||
	    !block_is_good(strings, f.strings_size, f.total_size))
		return -EINVAL;
	f.structs = p + structs;
	f.strings = (const char *)p + strings;
	err = check_reserved(&f, p, get_be32(p + HDR_RESERVED));
	if (err < 0)
		return err;
	err = check_structure(&f);
	if (err < 0)
		return err;
	*fdt = f;
	return 0;
}

int fdt_reserved(const struct fdt *fdt, uint i, u64 *addr, u64 *size)
{
	if (i >= fdt->nreserved)
		return -ENOENT;
	*addr = get_be64(fdt->reserved + 16 * (size_t)i);
	*size = get_be64(fdt->reserved + 16 * (size_t)i + 8);
	return 0;
}

bool fdt_next(const struct fdt *fdt, fdt_node_t *node)
{
	u32 pos, next, token;

	token_at(fdt, *node, &pos);
	while ((token = token_at(fdt, pos, &next)) != FDT_END) {
		if (token == FDT_BEGIN_NODE) {
			*node = pos;
			return true;
		}
		pos = next;
	}
	return false;
}

/* @pos is inside a node or behind one: the next BEGIN_NODE before the enclosing node ends. */
static bool begin_before_end(const struct fdt *fdt, u32 pos, fdt_node_t *out)
{
	for (;;) {
		u32 next, token = token_at(fdt, pos, &next);

		if (token == FDT_BEGIN_NODE) {
			*out = pos;
			return true;
		}
		if (token == FDT_END_NODE || token == FDT_END)
			return false;
		pos = next;
	}
}

bool fdt_first_child(const struct fdt *fdt, fdt_node_t node, fdt_node_t *out)
{
	u32 pos;

	token_at(fdt, node, &pos);
	return begin_before_end(fdt, pos, out);
}

bool fdt_next_sibling(const struct fdt *fdt, fdt_node_t *node)
{
	uint depth = 1;
	u32 pos;

	token_at(fdt, *node, &pos);
	while (depth) {
		u32 token = token_at(fdt, pos, &pos);

		if (token == FDT_BEGIN_NODE)
			depth++;
		else if (token == FDT_END_NODE)
			depth--;
	}
	return begin_before_end(fdt, pos, node);
}

bool fdt_parent(const struct fdt *fdt, fdt_node_t node, fdt_node_t *out)
{
	fdt_node_t path[FDT_DEPTH_MAX];
	uint depth = 0;
	u32 pos = 0;

	while (pos < node) {
		u32 next, token = token_at(fdt, pos, &next);

		if (token == FDT_BEGIN_NODE)
			path[depth++] = pos;
		else if (token == FDT_END_NODE)
			depth--;
		pos = next;
	}
	if (!depth)
		return false;
	*out = path[depth - 1];
	return true;
}

const char *fdt_name(const struct fdt *fdt, fdt_node_t node)
{
	return (const char *)fdt->structs + node + 4;
}

bool fdt_next_prop(const struct fdt *fdt, fdt_node_t node, u32 *pos, struct fdt_prop *out)
{
	u32 at = *pos, next, token;

	if (!at)
		token_at(fdt, node, &at);
	while ((token = token_at(fdt, at, &next)) == FDT_NOP)
		at = next;
	if (token != FDT_PROP)
		return false;
	out->len = get_be32(fdt->structs + at + 4);
	out->name = fdt->strings + get_be32(fdt->structs + at + 8);
	out->data = fdt->structs + at + 12;
	*pos = next;
	return true;
}

bool fdt_prop(const struct fdt *fdt, fdt_node_t node, const char *name, struct fdt_prop *out)
{
	u32 pos = 0;

	while (fdt_next_prop(fdt, node, &pos, out))
		if (strcmp(out->name, name) == 0)
			return true;
	return false;
}

bool fdt_prop_u32(const struct fdt *fdt, fdt_node_t node, const char *name, u32 *out)
{
	struct fdt_prop p;

	if (!fdt_prop(fdt, node, name, &p) || p.len != 4)
		return false;
	*out = get_be32(p.data);
	return true;
}

bool fdt_prop_u64(const struct fdt *fdt, fdt_node_t node, const char *name, u64 *out)
{
	struct fdt_prop p;

	if (!fdt_prop(fdt, node, name, &p) || (p.len != 4 && p.len != 8))
		return false;
	*out = p.len == 4 ? get_be32(p.data) : get_be64(p.data);
	return true;
}

bool fdt_prop_string(const struct fdt *fdt, fdt_node_t node, const char *name, const char **out)
{
	struct fdt_prop p;

	if (!fdt_prop(fdt, node, name, &p) || !string_is_good((const char *)p.data, 0, p.len))
		return false;
	*out = (const char *)p.data;
	return true;
}

u32 fdt_cell(const struct fdt_prop *prop, uint i)
{
	return (u64)i * 4 + 4 <= prop->len ? get_be32(prop->data + (size_t)i * 4) : 0;
}

/* @part of @len matches the node's name, with or without its unit address. */
static bool name_matches(const char *name, const char *part, size_t len)
{
	return strncmp(name, part, len) == 0 && (name[len] == '\0' || name[len] == '@');
}

bool fdt_find_path(const struct fdt *fdt, const char *path, fdt_node_t *out)
{
	fdt_node_t node = FDT_ROOT;

	for (;;) {
		const char *end;
		bool found;

		while (*path == '/')
			path++;
		if (!*path)
			break;
		for (end = path; *end && *end != '/'; end++)
			;
		found = fdt_first_child(fdt, node, &node);
		while (found && !name_matches(fdt_name(fdt, node), path, (size_t)(end - path)))
			found = fdt_next_sibling(fdt, &node);
		if (!found)
			return false;
		path = end;
	}
	*out = node;
	return true;
}

bool fdt_find_phandle(const struct fdt *fdt, u32 phandle, fdt_node_t *out)
{
	fdt_node_t node = FDT_ROOT;
	u32 v;

	do {
		if (fdt_prop_u32(fdt, node, "phandle", &v) && v == phandle) {
			*out = node;
			return true;
		}
	} while (fdt_next(fdt, &node));
	return false;
}

bool fdt_is_compatible(const struct fdt *fdt, fdt_node_t node, const char *what)
{
	struct fdt_prop p;
	u32 at = 0;

	if (!fdt_prop(fdt, node, "compatible", &p))
		return false;
	while (string_is_good((const char *)p.data, at, p.len)) {
		const char *s = (const char *)p.data + at;

		if (strcmp(s, what) == 0)
			return true;
		at += (u32)strlen(s) + 1;
	}
	return false;
}

bool fdt_is_enabled(const struct fdt *fdt, fdt_node_t node)
{
	struct fdt_prop p;
	const char *s;

	if (!fdt_prop(fdt, node, "status", &p))
		return true;
	return fdt_prop_string(fdt, node, "status", &s) &&
	       (strcmp(s, "okay") == 0 || strcmp(s, "ok") == 0);
}

bool fdt_next_compatible(const struct fdt *fdt, fdt_node_t *node, const char *what)
{
	fdt_node_t n = *node;

	while (fdt_next(fdt, &n)) {
		if (fdt_is_compatible(fdt, n, what) && fdt_is_enabled(fdt, n)) {
			*node = n;
			return true;
		}
	}
	return false;
}
