/* SPDX-License-Identifier: MIT */
#include <gemel/acpi.h>

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/string.h>

enum { ACPI_HEADER = 36, ACPI_TABLE_MAX = 16 << 20, RSDP_V1 = 20, RSDP_V2 = 36 };

static bool sum_is_zero(const u8 *p, size_t len)
{
	u8 sum = 0;

	while (len--)
		sum += *p++;
	return sum == 0;
}

int acpi_table_at(const struct acpi *a, paddr_t pa, const char *signature,
		  struct acpi_table *out)
{
	const u8 *p = pa ? a->map(pa, ACPI_HEADER) : NULL;
	u32 len;

	if (!p || memcmp(p, signature, 4) != 0)
		return -EINVAL;
	len = get_le32(p + 4);
	if (len < ACPI_HEADER || len > ACPI_TABLE_MAX)
		return -EINVAL;
	p = a->map(pa, len);
	if (!p || !sum_is_zero(p, len))
		return -EINVAL;
	*out = (struct acpi_table){ p, len };
	return 0;
}

int acpi_open(struct acpi *a, acpi_map_fn *map, paddr_t rsdp)
{
	struct acpi found = { .map = map };
	struct acpi_table root;
	const u8 *p = rsdp ? map(rsdp, RSDP_V1) : NULL;
	u64 xsdt = 0;

	if (!p || memcmp(p, "RSD PTR ", 8) != 0 || !sum_is_zero(p, RSDP_V1))
		return -EINVAL;
	if (p[15] >= 2) {
		p = map(rsdp, RSDP_V2);
		if (!p || !sum_is_zero(p, RSDP_V2))
			return -EINVAL;
		xsdt = get_le64(p + 24);
	}
	if (acpi_table_at(&found, xsdt, "XSDT", &root) == 0)
		found.entry_size = 8;
	else if (acpi_table_at(&found, get_le32(p + 16), "RSDT", &root) == 0)
		found.entry_size = 4;
	else
		return -EINVAL;
	found.entries = root.data + ACPI_HEADER;
	found.nentries = (root.len - ACPI_HEADER) / found.entry_size;
	*a = found;
	return 0;
}

int acpi_find(const struct acpi *a, const char *signature, uint nth, struct acpi_table *out)
{
	for (u32 i = 0; i < a->nentries; i++) {
		const u8 *e = a->entries + (size_t)i * a->entry_size;
		u64 pa = a->entry_size == 8 ? get_le64(e) : get_le32(e);

		if (acpi_table_at(a, pa, signature, out) == 0 && nth-- == 0)
			return 0;
	}
	return -ENOENT;
}

/* Fixed fields of a table; zero where the table is too short. */
static u8 field8(const struct acpi_table *t, u32 at)
{
	return at < t->len ? t->data[at] : 0;
}

static u16 field16(const struct acpi_table *t, u32 at)
{
	return t->len >= 2 && at <= t->len - 2 ? get_le16(t->data + at) : 0;
}

static u32 field32(const struct acpi_table *t, u32 at)
{
	return t->len >= 4 && at <= t->len - 4 ? get_le32(t->data + at) : 0;
}

static u64 field64(const struct acpi_table *t, u32 at)
{
	return t->len >= 8 && at <= t->len - 8 ? get_le64(t->data + at) : 0;
}

static struct acpi_gas field_gas(const struct acpi_table *t, u32 at)
{
	return (struct acpi_gas){
		.space = field8(t, at),
		.width = field8(t, at + 1),
		.offset = field8(t, at + 2),
		.access = field8(t, at + 3),
		.address = field64(t, at + 4),
	};
}

u32 acpi_madt_lapic(const struct acpi_table *madt)
{
	return field32(madt, ACPI_HEADER);
}

/* Decode the entry at @e of @len bytes.  False: shorter than its type needs. */
static bool madt_decode(const u8 *e, u8 len, struct acpi_madt_entry *out)
{
	static const u8 need[] = {
		[ACPI_MADT_LAPIC] = 8, [ACPI_MADT_IOAPIC] = 12, [ACPI_MADT_OVERRIDE] = 10,
		[ACPI_MADT_LAPIC_NMI] = 6, [ACPI_MADT_LAPIC_ADDRESS] = 12,
		[ACPI_MADT_X2APIC] = 16, [ACPI_MADT_X2APIC_NMI] = 12,
	};

	*out = (struct acpi_madt_entry){ .type = e[0] };
	if (e[0] >= ARRAY_SIZE(need) || !need[e[0]])
		return true;
	if (len < need[e[0]])
		return false;
	switch (e[0]) {
	case ACPI_MADT_LAPIC:
		out->uid = e[2];
		out->apic_id = e[3];
		out->flags = get_le32(e + 4);
		break;
	case ACPI_MADT_IOAPIC:
		out->apic_id = e[2];
		out->address = get_le32(e + 4);
		out->gsi = get_le32(e + 8);
		break;
	case ACPI_MADT_OVERRIDE:
		out->irq = e[3];
		out->gsi = get_le32(e + 4);
		out->flags = get_le16(e + 8);
		break;
	case ACPI_MADT_LAPIC_NMI:
		out->uid = e[2];
		out->flags = get_le16(e + 3);
		out->irq = e[5];
		break;
	case ACPI_MADT_LAPIC_ADDRESS:
		out->address = get_le64(e + 4);
		break;
	case ACPI_MADT_X2APIC:
		out->apic_id = get_le32(e + 4);
		out->flags = get_le32(e + 8);
		out->uid = get_le32(e + 12);
		break;
	case ACPI_MADT_X2APIC_NMI:
		out->flags = get_le16(e + 2);
		out->uid = get_le32(e + 4);
		out->irq = e[8];
		break;
	}
	return true;
}

bool acpi_madt_next(const struct acpi_table *madt, u32 *pos, struct acpi_madt_entry *out)
{
	u32 at = *pos ? *pos : ACPI_HEADER + 8;

	while (at <= madt->len && madt->len - at >= 2) {
		const u8 *e = madt->data + at;
		u8 len = e[1];

		if (len < 2 || len > madt->len - at)
			return false;
		at += len;
		if (!madt_decode(e, len, out))
			continue;
		*pos = at;
		return true;
	}
	return false;
}

int acpi_mcfg(const struct acpi_table *mcfg, uint i, struct acpi_ecam *out)
{
	enum { FIRST = ACPI_HEADER + 8, ROW = 16 };
	const u8 *e;

	if (mcfg->len < FIRST || i >= (mcfg->len - FIRST) / ROW)
		return -ENOENT;
	e = mcfg->data + FIRST + (size_t)i * ROW;
	*out = (struct acpi_ecam){
		.base = get_le64(e),
		.segment = get_le16(e + 8),
		.first_bus = e[10],
		.last_bus = e[11],
	};
	return out->first_bus <= out->last_bus ? 0 : -ENOENT;
}

/* A block given as a port in the old fields, if the generic address is empty. */
static struct acpi_gas port_or_gas(const struct acpi_table *t, u32 port_at, u8 width, u32 gas_at)
{
	struct acpi_gas gas = field_gas(t, gas_at);

	if (!gas.address && field32(t, port_at))
		gas = (struct acpi_gas){
			.space = ACPI_SPACE_IO,
			.width = width,
			.address = field32(t, port_at),
		};
	return gas;
}

int acpi_fadt(const struct acpi_table *fadt, struct acpi_fadt *out)
{
	enum { FLAG_RESET = 1 << 10, FLAG_HW_REDUCED = 1 << 20 };

	if (fadt->len < 116)
		return -EINVAL;
	*out = (struct acpi_fadt){
		.dsdt = field64(fadt, 140) ? field64(fadt, 140) : field32(fadt, 40),
		.flags = field32(fadt, 112),
		.boot_flags = field16(fadt, 109),
		.sci = field16(fadt, 46),
		.smi_command = field32(fadt, 48),
		.acpi_enable = field8(fadt, 52),
		.century = field8(fadt, 108),
		.pm1a_control = port_or_gas(fadt, 64, 16, 172),
		.pm1b_control = port_or_gas(fadt, 68, 16, 184),
		.pm_timer = port_or_gas(fadt, 76, 32, 208),
		.reset = field_gas(fadt, 116),
		.reset_value = field8(fadt, 128),
		.sleep_control = field_gas(fadt, 244),
		.sleep_status = field_gas(fadt, 256),
	};
	out->is_hardware_reduced = out->flags & FLAG_HW_REDUCED;
	out->has_reset = (out->flags & FLAG_RESET) && out->reset.address;
	return 0;
}

int acpi_spcr(const struct acpi_table *spcr, struct acpi_spcr *out)
{
	if (spcr->len < 80)
		return -EINVAL;
	*out = (struct acpi_spcr){
		.interface = field8(spcr, 36),
		.base = field_gas(spcr, 40),
		.irq = field8(spcr, 53),
		.gsi = field32(spcr, 54),
		.baud = field8(spcr, 58),
	};
	return 0;
}
