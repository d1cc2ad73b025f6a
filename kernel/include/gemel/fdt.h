/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Flattened device trees: a reader.  Pure, allocates nothing, and does not
 * trust the blob: fdt_open() checks the whole structure once, and after that
 * a node handle that came from these functions is always good.
 */
#include <gemel/compiler.h>

#define FDT_HEADER_SIZE         40
#define FDT_IRQ_CELLS_MAX       4
#define FDT_DEPTH_MAX           16

struct fdt {
	const u8 *structs;      /* the structure block */
	u32 structs_size;
	const char *strings;
	u32 strings_size;
	const u8 *reserved;     /* 16-byte entries, big-endian, ended by zeros */
	u32 nreserved;
	u32 total_size;
};

/* A node: the offset of its token in the structure block.  The root is 0. */
typedef u32 fdt_node_t;
#define FDT_ROOT                ((fdt_node_t)0)

struct fdt_prop {
	const char *name;
	const u8 *data;         /* big-endian, no alignment promised */
	u32 len;
};

/* One interrupt specifier, still in the words of its controller. */
struct fdt_irq {
	fdt_node_t controller;
	uint ncells;
	u32 cell[FDT_IRQ_CELLS_MAX];
};

/* One row of "ranges". */
struct fdt_range {
	u32 space;              /* first cell of a 3-cell child address (PCI), else 0 */
	u64 child;
	u64 parent;             /* in the parent bus's addresses: fdt_translate() */
	u64 size;
};

/* Total size that the header at @blob claims (FDT_HEADER_SIZE bytes readable), or 0: no FDT. */
u32 fdt_blob_size(const void *blob);

/* Check @blob of at most @max bytes and prepare to read it.  0 or -EINVAL. */
int __must_check fdt_open(struct fdt *fdt, const void *blob, size_t max);

/* Memory that the blob reserves: entry @i.  0 or -ENOENT. */
int __must_check fdt_reserved(const struct fdt *fdt, uint i, u64 *addr, u64 *size);

/* The node after *@node in document order, if there is one; false at the end. */
bool fdt_next(const struct fdt *fdt, fdt_node_t *node);
bool fdt_first_child(const struct fdt *fdt, fdt_node_t node, fdt_node_t *out);
bool fdt_next_sibling(const struct fdt *fdt, fdt_node_t *node);
bool fdt_parent(const struct fdt *fdt, fdt_node_t node, fdt_node_t *out);

/* "name@unit" as it stands in the blob. */
const char *fdt_name(const struct fdt *fdt, fdt_node_t node);

/*
 * Find a node.  By path ("/chosen"; a part without @unit matches the first
 * node of that name), by phandle, or the first after *@node in document order
 * (start with FDT_ROOT) that is compatible with @what and not disabled.
 */
bool fdt_find_path(const struct fdt *fdt, const char *path, fdt_node_t *out);
bool fdt_find_phandle(const struct fdt *fdt, u32 phandle, fdt_node_t *out);
bool fdt_next_compatible(const struct fdt *fdt, fdt_node_t *node, const char *what);

/* Properties: by name, or all of them (*@pos starts at 0). */
bool fdt_prop(const struct fdt *fdt, fdt_node_t node, const char *name, struct fdt_prop *out);
bool fdt_next_prop(const struct fdt *fdt, fdt_node_t node, u32 *pos, struct fdt_prop *out);
/* One cell, one number of 1 or 2 cells, the first string; false if not there or malformed. */
bool fdt_prop_u32(const struct fdt *fdt, fdt_node_t node, const char *name, u32 *out);
bool fdt_prop_u64(const struct fdt *fdt, fdt_node_t node, const char *name, u64 *out);
bool fdt_prop_string(const struct fdt *fdt, fdt_node_t node, const char *name, const char **out);
/* Cell @i of @prop; 0 if there is none. */
u32 fdt_cell(const struct fdt_prop *prop, uint i);

/* "compatible" has @what; "status" is absent, "ok" or "okay". */
bool fdt_is_compatible(const struct fdt *fdt, fdt_node_t node, const char *what);
bool fdt_is_enabled(const struct fdt *fdt, fdt_node_t node);

/* #address-cells and #size-cells that hold for the children of @node (2 and 1 by default). */
void fdt_child_cells(const struct fdt *fdt, fdt_node_t node, uint *address, uint *size);

/* Entry @i of "reg" as a CPU address.  0, -ENOENT, -EINVAL (malformed or no translation). */
int __must_check fdt_reg(const struct fdt *fdt, fdt_node_t node, uint i, u64 *addr, u64 *size);

/* Row @i of the "ranges" of bus @node.  0, -ENOENT, -EINVAL. */
int __must_check fdt_range(const struct fdt *fdt, fdt_node_t node, uint i, struct fdt_range *out);

/* Translate *@addr, an address for the children of @bus, to a CPU address.  0 or -EINVAL. */
int __must_check fdt_translate(const struct fdt *fdt, fdt_node_t bus, u64 *addr, u64 size);

/*
 * Interrupt @i of @node: "interrupts-extended", or "interrupts" with the
 * inherited interrupt-parent.  0, -ENOENT, -EINVAL.
 */
int __must_check fdt_irq(const struct fdt *fdt, fdt_node_t node, uint i, struct fdt_irq *out);
