/* SPDX-License-Identifier: MIT */
/* The input is physical memory from address 1 MiB on, the RSDP first. */
#include "fuzz.h"

#include <gemel/acpi.h>

enum { BASE = 1 << 20 };

static const u8 *memory;
static size_t memory_len;

static const void *map(paddr_t pa, size_t len)
{
	if (pa < BASE || pa - BASE > memory_len || len > memory_len - (pa - BASE))
		return NULL;
	return memory + (pa - BASE);
}

static void read_aml(const struct acpi_table *t)
{
	struct acpi_aml_device dev;
	u32 pos = 0;
	u8 typ[2];

	if (acpi_aml_s5(t, typ) < 0)
		typ[0] = 0;
	while (acpi_aml_next_device(t, "LNRO0005", &pos, &dev))
		;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct acpi_table t = { data, (u32)len };
	struct acpi_madt_entry e;
	struct acpi_ecam ecam;
	struct acpi_fadt fadt;
	struct acpi_spcr spcr;
	struct acpi a;
	u32 pos = 0;

	memory = data;
	memory_len = len;
	if (acpi_open(&a, map, BASE) == 0 && acpi_find(&a, "APIC", 0, &t) == 0)
		while (acpi_madt_next(&t, &pos, &e))
			;
	/* As a table that was accepted. */
	if (len < 36)
		return 0;
	t = (struct acpi_table){ data, (u32)len };
	pos = 0;
	while (acpi_madt_next(&t, &pos, &e))
		;
	for (uint i = 0; acpi_mcfg(&t, i, &ecam) == 0; i++)
		;
	if (acpi_fadt(&t, &fadt) < 0 || acpi_spcr(&t, &spcr) < 0)
		pos = 0;
	read_aml(&t);
	return 0;
}
