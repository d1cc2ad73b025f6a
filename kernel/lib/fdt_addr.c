/* SPDX-License-Identifier: MIT */
/*
 * Flattened device trees: addresses and interrupts.
 *
 * An address in "reg" is one for the bus above the node.  Each bus on the
 * way to the root translates through its "ranges": rows of (child address,
 * parent address, size), where the child address has the bus's own
 * #address-cells, the parent address those of the bus above, the size the
 * bus's #size-cells.  An empty "ranges" is the identity, none means that
 * nothing below can be reached by the CPU.
 */
#include <gemel/fdt.h>

#include <uapi/errno.h>

#include <gemel/bits.h>

enum { ADDRESS_CELLS_MAX = 3, SIZE_CELLS_MAX = 2 };

void fdt_child_cells(const struct fdt *fdt, fdt_node_t node, uint *address, uint *size)
{
	u32 v;

	*address = fdt_prop_u32(fdt, node, "#address-cells", &v) ? v : 2;
	*size = fdt_prop_u32(fdt, node, "#size-cells", &v) ? v : 1;
}

static bool cells_are_good(uint address, uint size)
{
	return address >= 1 && address <= ADDRESS_CELLS_MAX && size <= SIZE_CELLS_MAX;
}

/* The last two of @n cells from @at as one number. */
static u64 cells_value(const struct fdt_prop *p, u64 at, uint n)
{
	u64 v = 0;

	for (uint i = 0; i < n; i++)
		v = v << 32 | fdt_cell(p, (uint)at + i);
	return v;
}

int fdt_range(const struct fdt *fdt, fdt_node_t node, uint i, struct fdt_range *out)
{
	uint child, parent, size, unused;
	fdt_node_t above;
	struct fdt_prop p;
	u64 row, at;

	if (!fdt_parent(fdt, node, &above) || !fdt_prop(fdt, node, "ranges", &p))
		return -ENOENT;
	fdt_child_cells(fdt, node, &child, &size);
	fdt_child_cells(fdt, above, &parent, &unused);
	if (!cells_are_good(child, size) || !cells_are_good(parent, unused))
		return -EINVAL;
	row = child + parent + size;
	if (p.len % (row * 4))
		return -EINVAL;
	at = i * row;
	if ((at + row) * 4 > p.len)
		return -ENOENT;
	out->space = child == 3 ? fdt_cell(&p, (uint)at) : 0;
	out->child = cells_value(&p, at, child);
	out->parent = cells_value(&p, at + child, parent);
	out->size = cells_value(&p, at + child + parent, size);
	return 0;
}

/* One step up: @addr of the children of @bus becomes one for @bus's parent. */
static int translate_step(const struct fdt *fdt, fdt_node_t bus, u64 *addr, u64 size)
{
	struct fdt_range r;
	struct fdt_prop p;
	int err;

	if (!fdt_prop(fdt, bus, "ranges", &p))
		return -EINVAL;
	if (p.len == 0)
		return 0;
	for (uint i = 0; (err = fdt_range(fdt, bus, i, &r)) == 0; i++) {
		u64 off = *addr - r.child;

		if (*addr < r.child || off >= r.size || size > r.size - off)
			continue;
		return __builtin_add_overflow(r.parent, off, addr) ? -EINVAL : 0;
	}
	return -EINVAL;
}

int fdt_translate(const struct fdt *fdt, fdt_node_t bus, u64 *addr, u64 size)
{
	fdt_node_t above;
	u64 a = *addr;

	while (fdt_parent(fdt, bus, &above)) {
		int err = translate_step(fdt, bus, &a, size);

		if (err < 0)
			return err;
		bus = above;
	}
	*addr = a;
	return 0;
}

int fdt_reg(const struct fdt *fdt, fdt_node_t node, uint i, u64 *addr, u64 *size)
{
	uint address_cells, size_cells;
	struct fdt_prop p;
	fdt_node_t bus;
	u64 row, a, s;
	int err;

	if (!fdt_parent(fdt, node, &bus) || !fdt_prop(fdt, node, "reg", &p))
		return -ENOENT;
	fdt_child_cells(fdt, bus, &address_cells, &size_cells);
	if (!cells_are_good(address_cells, size_cells))
		return -EINVAL;
	row = address_cells + size_cells;
	if (p.len % (row * 4))
		return -EINVAL;
	if ((i * row + row) * 4 > p.len)
		return -ENOENT;
	a = cells_value(&p, i * row, address_cells);
	s = cells_value(&p, i * row + address_cells, size_cells);
	err = fdt_translate(fdt, bus, &a, s);
	if (err < 0)
		return err;
	*addr = a;
	*size = s;
	return 0;
}

/* The controller of @node: the nearest "interrupt-parent" here or above. */
static bool interrupt_parent(const struct fdt *fdt, fdt_node_t node, fdt_node_t *out)
{
	u32 phandle;

	while (!fdt_prop_u32(fdt, node, "interrupt-parent", &phandle))
		if (!fdt_parent(fdt, node, &node))
			return false;
	return fdt_find_phandle(fdt, phandle, out);
}

static int read_specifier(const struct fdt *fdt, const struct fdt_prop *p, u64 at,
			  fdt_node_t controller, struct fdt_irq *out)
{
	u32 ncells;

	if (!fdt_prop_u32(fdt, controller, "#interrupt-cells", &ncells) ||
	    ncells < 1 || ncells > FDT_IRQ_CELLS_MAX)
		return -EINVAL;
	if ((at + ncells) * 4 > p->len)
		return at * 4 >= p->len ? -ENOENT : -EINVAL;
	out->controller = controller;
	out->ncells = ncells;
	for (uint c = 0; c < ncells; c++)
		out->cell[c] = fdt_cell(p, (uint)at + c);
	return 0;
}

static int irq_extended(const struct fdt *fdt, const struct fdt_prop *p, uint i,
			struct fdt_irq *out)
{
	u64 at = 0;

	for (;;) {
		fdt_node_t controller;
		int err;

		if ((at + 1) * 4 > p->len)
			return -ENOENT;
		if (!fdt_find_phandle(fdt, fdt_cell(p, (uint)at), &controller))
			return -EINVAL;
		err = read_specifier(fdt, p, at + 1, controller, out);
		if (err < 0)
			return -EINVAL;
		if (i-- == 0)
			return 0;
		at += 1 + out->ncells;
	}
}

int fdt_irq(const struct fdt *fdt, fdt_node_t node, uint i, struct fdt_irq *out)
{
	fdt_node_t controller;
	struct fdt_prop p;
	u32 ncells;

	if (fdt_prop(fdt, node, "interrupts-extended", &p))
		return irq_extended(fdt, &p, i, out);
	if (!fdt_prop(fdt, node, "interrupts", &p))
		return -ENOENT;
	if (!interrupt_parent(fdt, node, &controller) ||
	    !fdt_prop_u32(fdt, controller, "#interrupt-cells", &ncells))
		return -EINVAL;
	return read_specifier(fdt, &p, (u64)i * ncells, controller, out);
}
