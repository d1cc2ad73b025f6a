/* SPDX-License-Identifier: MIT */
#include <gemel/acpi.h>

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/ktest.h>
#include <gemel/string.h>

static u8 mem[4096];            /* physical memory from address 0x1000 on */
enum { BASE = 0x1000, RSDP = 0x1000, XSDT = 0x1040, MADT = 0x1100, MCFG = 0x1200, DSDT = 0x1300 };

static const void *map(paddr_t pa, size_t len)
{
	if (pa < BASE || pa - BASE > sizeof(mem) || len > sizeof(mem) - (pa - BASE))
		return NULL;
	return mem + (pa - BASE);
}

static void fix_sum(u8 *p, size_t len, size_t at)
{
	u8 sum = 0;

	p[at] = 0;
	for (size_t i = 0; i < len; i++)
		sum += p[i];
	p[at] = (u8)-sum;
}

static void table(paddr_t pa, const char *signature, const void *body, u32 len)
{
	u8 *p = mem + (pa - BASE);

	memcpy(p, signature, 4);
	put_le32(p + 4, 36 + len);
	memcpy(p + 36, body, len);
	fix_sum(p, 36 + len, 9);
}

static void make_tables(void)
{
	static const u8 madt[] = {
		0, 0, 0xe0, 0xfe, 1, 0, 0, 0,
		0, 8, 0, 3, 1, 0, 0, 0,                                 /* local APIC 3 */
		1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 24, 0, 0, 0,             /* I/O APIC at GSI 24 */
		99, 3, 0,                                               /* unknown */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,                          /* IRQ 0 -> GSI 2 */
		0, 200,                                                 /* runs out of the table */
	};
	static const u8 dsdt[] = {
		0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5, 0, 0, 0,
		0x5b, 0x82, 5, 'N', 'O', 'N', 'E',
		0x5b, 0x82, 58, 'V', 'R', '0', '1',
		0x08, '_', 'H', 'I', 'D', 0x0d, 'L', 'N', 'R', 'O', '0', '0', '0', '5', 0,
		0x08, '_', 'U', 'I', 'D', 1,
		0x08, '_', 'C', 'R', 'S', 0x11, 26, 0x0a, 23,
		0x86, 9, 0, 1, 0, 0, 0xfe, 0xfe, 0, 2, 0, 0,
		0x89, 6, 0, 3, 1, 33, 0, 0, 0, 0x79, 0, 0,
	};
	u8 xsdt[24], mcfg[24] = { 0 };

	memset(mem, 0, sizeof(mem));
	memcpy(mem, "RSD PTR ", 8);
	mem[15] = 2;
	put_le32(mem + 20, 36);
	put_le64(mem + 24, XSDT);
	fix_sum(mem, 20, 8);
	fix_sum(mem, 36, 32);
	put_le64(xsdt, MADT);
	put_le64(xsdt + 8, 0x999999);           /* not mapped: skipped */
	put_le64(xsdt + 16, MCFG);
	table(XSDT, "XSDT", xsdt, sizeof(xsdt));
	put_le64(mcfg + 8, 0xb0000000);
	mcfg[19] = 255;
	table(MCFG, "MCFG", mcfg, sizeof(mcfg));
	table(MADT, "APIC", madt, sizeof(madt));
	table(DSDT, "DSDT", dsdt, sizeof(dsdt));
}

KTEST(acpi, finds_tables)
{
	struct acpi_ecam ecam;
	struct acpi_table t;
	struct acpi a;

	make_tables();
	EXPECT_EQ(0, acpi_open(&a, map, RSDP));
	EXPECT_EQ(0, acpi_find(&a, "MCFG", 0, &t));
	EXPECT_EQ(-ENOENT, acpi_find(&a, "MCFG", 1, &t));
	EXPECT_EQ(0, acpi_find(&a, "MCFG", 0, &t));
	EXPECT_EQ(0, acpi_mcfg(&t, 0, &ecam));
	EXPECT_EQ(0xb0000000, ecam.base);
	EXPECT_EQ(255, ecam.last_bus);
	EXPECT_EQ(-ENOENT, acpi_mcfg(&t, 1, &ecam));
	mem[MADT - BASE + 40] ^= 1;
	EXPECT_EQ(-ENOENT, acpi_find(&a, "APIC", 0, &t));
	mem[0] ^= 1;
	EXPECT_EQ(-EINVAL, acpi_open(&a, map, RSDP));
	EXPECT_EQ(-EINVAL, acpi_open(&a, map, 0));
}

KTEST(acpi, walks_the_madt)
{
	struct acpi_madt_entry e;
	struct acpi_table t;
	struct acpi a;
	u32 pos = 0;

	make_tables();
	EXPECT_EQ(0, acpi_open(&a, map, RSDP));
	EXPECT_EQ(0, acpi_find(&a, "APIC", 0, &t));
	EXPECT_EQ(0xfee00000, acpi_madt_lapic(&t));
	EXPECT(acpi_madt_next(&t, &pos, &e) && e.type == ACPI_MADT_LAPIC && e.apic_id == 3);
	EXPECT(acpi_madt_next(&t, &pos, &e) && e.type == ACPI_MADT_IOAPIC && e.gsi == 24);
	EXPECT(acpi_madt_next(&t, &pos, &e) && e.type == 99);
	EXPECT(acpi_madt_next(&t, &pos, &e) && e.type == ACPI_MADT_OVERRIDE && e.gsi == 2);
	EXPECT(!acpi_madt_next(&t, &pos, &e));
}

KTEST(acpi, scans_aml)
{
	struct acpi_aml_device dev;
	struct acpi_table t;
	u8 typ[2] = { 9, 9 };
	struct acpi a;
	u32 pos = 0;

	make_tables();
	EXPECT_EQ(0, acpi_open(&a, map, RSDP));
	EXPECT_EQ(0, acpi_table_at(&a, DSDT, "DSDT", &t));
	EXPECT_EQ(0, acpi_aml_s5(&t, typ));
	EXPECT_EQ(5, typ[0]);
	EXPECT_EQ(0, typ[1]);
	EXPECT(acpi_aml_next_device(&t, "LNRO0005", &pos, &dev));
	EXPECT_EQ(0xfefe0000, dev.base);
	EXPECT_EQ(512, dev.size);
	EXPECT(dev.has_irq && dev.is_edge && !dev.is_active_low);
	EXPECT_EQ(33, dev.gsi);
	EXPECT_EQ(1, dev.uid);
	EXPECT(!acpi_aml_next_device(&t, "LNRO0005", &pos, &dev));
}

KTEST(acpi, survives_hostile_aml)
{
	for (u32 i = 0; i < 110 * 8; i++) {
		struct acpi_aml_device dev;
		struct acpi_table t;
		u8 typ[2];
		u32 pos = 0;

		make_tables();
		t = (struct acpi_table){ mem + (DSDT - BASE), get_le32(mem + (DSDT - BASE) + 4) };
		mem[DSDT - BASE + 36 + i / 8] ^= (u8)(1 << (i % 8));
		if (acpi_aml_s5(&t, typ) < 0)
			typ[0] = 0;
		while (acpi_aml_next_device(&t, "LNRO0005", &pos, &dev))
			;
	}
}
