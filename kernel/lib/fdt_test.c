/* SPDX-License-Identifier: MIT */
#include <gemel/fdt.h>

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/ktest.h>
#include <gemel/string.h>

/* A builder for small trees. */
static u8 blob[4096];
static u8 structs[2048];
static char strings[512];
static u32 nstructs, nstrings;

static void cell(u32 v)
{
	put_be32(structs + nstructs, v);
	nstructs += 4;
}

static void bytes(const void *p, u32 len)
{
	memcpy(structs + nstructs, p, len);
	memset(structs + nstructs + len, 0, 4);
	nstructs += ALIGN_UP(len, 4);
}

static void begin(const char *name)
{
	cell(1);
	bytes(name, (u32)strlen(name) + 1);
}

static void end(void)
{
	cell(2);
}

static void prop(const char *name, const void *data, u32 len)
{
	cell(3);
	cell(len);
	cell(nstrings);
	bytes(data, len);
	memcpy(strings + nstrings, name, strlen(name) + 1);
	nstrings += (u32)strlen(name) + 1;
}

static void prop_cells(const char *name, const u32 *v, u32 n)
{
	u8 buf[64];

	for (u32 i = 0; i < n; i++)
		put_be32(buf + 4 * i, v[i]);
	prop(name, buf, 4 * n);
}

#define CELLS(name, ...)                                                \
	prop_cells(name, (const u32[]){ __VA_ARGS__ },                  \
		   sizeof((const u32[]){ __VA_ARGS__ }) / 4)
#define TEXT(name, s) prop(name, s, sizeof(s))

static void finish(void)
{
	u32 at = 40;

	cell(9);
	memset(blob, 0, sizeof(blob));
	put_be64(blob + at, 0x1000);            /* one reservation */
	put_be64(blob + at + 8, 0x2000);
	at += 32;
	put_be32(blob, 0xd00dfeed);
	put_be32(blob + 8, at);
	put_be32(blob + 36, nstructs);
	memcpy(blob + at, structs, nstructs);
	at += nstructs;
	put_be32(blob + 12, at);
	put_be32(blob + 32, nstrings);
	memcpy(blob + at, strings, nstrings);
	at += nstrings;
	put_be32(blob + 4, at);
	put_be32(blob + 16, 40);
	put_be32(blob + 20, 17);
	put_be32(blob + 24, 16);
}

static void make_tree(void)
{
	nstructs = nstrings = 0;
	begin("");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	CELLS("interrupt-parent", 1);
	begin("intc@8000000");
	CELLS("phandle", 1);
	CELLS("#interrupt-cells", 3);
	end();
	begin("soc@0");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 1);
	CELLS("ranges", 0x100, 0, 0x9000000, 0x1000, 0x1100, 1, 0, 0x1000);
	begin("uart@200");
	TEXT("compatible", "arm,pl011\0arm,primecell");
	CELLS("reg", 0x200, 0x10, 0x1180, 0x80, 0x5000, 0x10);
	CELLS("interrupts", 0, 1, 4, 0, 2, 8);
	end();
	begin("uart@300");
	TEXT("compatible", "arm,pl011");
	TEXT("status", "disabled");
	CELLS("interrupts-extended", 1, 0, 33, 1);
	end();
	end();
	begin("chosen");
	TEXT("bootargs", "quiet");
	CELLS("start", 1, 2);
	end();
	end();
	finish();
}

KTEST(fdt, walks_the_tree)
{
	fdt_node_t node = FDT_ROOT, soc, up;
	struct fdt fdt;
	uint n = 1;

	make_tree();
	EXPECT_EQ(0, fdt_open(&fdt, blob, sizeof(blob)));
	while (fdt_next(&fdt, &node))
		n++;
	EXPECT_EQ(6, n);
	EXPECT(fdt_find_path(&fdt, "/soc", &soc));
	EXPECT_EQ(0, strcmp(fdt_name(&fdt, soc), "soc@0"));
	EXPECT(fdt_first_child(&fdt, soc, &node));
	EXPECT(fdt_parent(&fdt, node, &up) && up == soc);
	EXPECT(fdt_next_sibling(&fdt, &node) && !fdt_next_sibling(&fdt, &node));
	EXPECT(!fdt_first_child(&fdt, node, &up));
	EXPECT(!fdt_parent(&fdt, FDT_ROOT, &up));
	EXPECT(fdt_find_path(&fdt, "/soc/uart@300", &node));
	EXPECT(!fdt_find_path(&fdt, "/soc/uart@30", &node));
	EXPECT(fdt_find_path(&fdt, "/", &node) && node == FDT_ROOT);
}

KTEST(fdt, reads_properties)
{
	u64 addr = 0, size = 0;
	fdt_node_t node;
	struct fdt fdt;
	const char *s;
	u32 v;

	make_tree();
	EXPECT_EQ(0, fdt_open(&fdt, blob, sizeof(blob)));
	EXPECT(fdt_find_path(&fdt, "/chosen", &node));
	EXPECT(fdt_prop_string(&fdt, node, "bootargs", &s) && strcmp(s, "quiet") == 0);
	EXPECT(fdt_prop_u64(&fdt, node, "start", &addr) && addr == 0x100000002ULL);
	EXPECT(!fdt_prop_u32(&fdt, node, "start", &v));
	EXPECT(!fdt_prop_u32(&fdt, node, "nothing", &v));
	EXPECT_EQ(0, fdt_reserved(&fdt, 0, &addr, &size));
	EXPECT_EQ(0x1000, addr);
	EXPECT_EQ(0x2000, size);
	EXPECT_EQ(-ENOENT, fdt_reserved(&fdt, 1, &addr, &size));
}

KTEST(fdt, translates_addresses_and_interrupts)
{
	fdt_node_t node = FDT_ROOT, intc;
	struct fdt_irq irq;
	u64 addr, size;
	struct fdt fdt;

	make_tree();
	EXPECT_EQ(0, fdt_open(&fdt, blob, sizeof(blob)));
	EXPECT(fdt_next_compatible(&fdt, &node, "arm,primecell"));
	EXPECT_EQ(0, fdt_reg(&fdt, node, 0, &addr, &size));
	EXPECT_EQ(0x9000100, addr);
	EXPECT_EQ(0x10, size);
	EXPECT_EQ(0, fdt_reg(&fdt, node, 1, &addr, &size));
	EXPECT_EQ(0x100000080, addr);
	EXPECT_EQ(-EINVAL, fdt_reg(&fdt, node, 2, &addr, &size));
	EXPECT_EQ(-ENOENT, fdt_reg(&fdt, node, 3, &addr, &size));
	EXPECT(fdt_find_phandle(&fdt, 1, &intc));
	EXPECT_EQ(0, fdt_irq(&fdt, node, 1, &irq));
	EXPECT_EQ(intc, irq.controller);
	EXPECT_EQ(3, irq.ncells);
	EXPECT_EQ(2, irq.cell[1]);
	EXPECT_EQ(-ENOENT, fdt_irq(&fdt, node, 2, &irq));
	EXPECT(!fdt_next_compatible(&fdt, &node, "arm,pl011"));
	EXPECT(fdt_find_path(&fdt, "/soc/uart@300", &node));
	EXPECT_EQ(0, fdt_irq(&fdt, node, 0, &irq));
	EXPECT_EQ(33, irq.cell[1]);
	EXPECT_EQ(-ENOENT, fdt_irq(&fdt, node, 1, &irq));
}

/* Use everything, for the sanitizers to watch. */
static void exercise(const struct fdt *fdt)
{
	fdt_node_t node = FDT_ROOT;

	do {
		struct fdt_range range;
		struct fdt_irq irq;
		struct fdt_prop p;
		u64 addr, size;
		u32 pos = 0;

		while (fdt_next_prop(fdt, node, &pos, &p))
			;
		for (uint i = 0; fdt_reg(fdt, node, i, &addr, &size) == 0 && i < 100; i++)
			;
		for (uint i = 0; fdt_irq(fdt, node, i, &irq) == 0 && i < 100; i++)
			;
		for (uint i = 0; fdt_range(fdt, node, i, &range) == 0 && i < 100; i++)
			;
		fdt_is_compatible(fdt, node, "x");
		fdt_is_enabled(fdt, node);
	} while (fdt_next(fdt, &node));
}

KTEST(fdt, survives_hostile_blobs)
{
	u32 seed = 1, total, good = 0;
	struct fdt fdt;

	make_tree();
	total = fdt_blob_size(blob);
	for (u32 i = 0; i < total * 8; i++) {
		make_tree();
		seed = seed * 1664525 + 1013904223;
		blob[i / 8] ^= (u8)(1 << (i % 8));
		blob[seed % total] = (u8)(seed >> 24);
		if (fdt_open(&fdt, blob, total) == 0) {
			exercise(&fdt);
			good++;
		}
	}
	EXPECT(good > 0);
	make_tree();
	for (u32 len = 0; len < total; len++)
		EXPECT_EQ(-EINVAL, fdt_open(&fdt, blob, len));
}
