/* SPDX-License-Identifier: MIT */
/*
 * Looking into AML without running it.  Firmware for virtual machines
 * describes its devices with constants; a scan for the byte patterns of the
 * few objects wanted finds them, and every length on the way is checked.
 * What does not look exactly as expected is not there.
 */
#include <gemel/acpi.h>

#include <uapi/errno.h>

#include <gemel/bits.h>
#include <gemel/string.h>

enum aml_op {
	AML_ZERO = 0x00,
	AML_ONE = 0x01,
	AML_NAME = 0x08,
	AML_BYTE = 0x0a,
	AML_WORD = 0x0b,
	AML_DWORD = 0x0c,
	AML_STRING = 0x0d,
	AML_QWORD = 0x0e,
	AML_BUFFER = 0x11,
	AML_PACKAGE = 0x12,
	AML_EXT = 0x5b,
	AML_EXT_DEVICE = 0x82,
};

/* A stretch of byte code that is still to be read. */
struct aml {
	const u8 *at, *end;
};

static size_t aml_left(const struct aml *a)
{
	return (size_t)(a->end - a->at);
}

static bool aml_byte(struct aml *a, u8 *out)
{
	if (a->at == a->end)
		return false;
	*out = *a->at++;
	return true;
}

/* PkgLength: counts from its own first byte.  @body becomes what it encloses. */
static bool aml_package(struct aml *a, struct aml *body)
{
	const u8 *start = a->at;
	u8 lead, more;
	size_t len;

	if (!aml_byte(a, &lead))
		return false;
	len = lead >> 6 ? lead & 0xf : lead & 0x3f;
	for (uint i = 0; i < lead >> 6; i++) {
		if (!aml_byte(a, &more))
			return false;
		len |= (size_t)more << (4 + 8 * i);
	}
	if (len > (size_t)(a->end - start) || start + len < a->at)
		return false;
	*body = (struct aml){ a->at, start + len };
	return true;
}

static bool aml_integer(struct aml *a, u64 *out)
{
	uint size;
	u8 op;

	if (!aml_byte(a, &op))
		return false;
	switch (op) {
	case AML_ZERO:
	case AML_ONE:
		*out = op;
		return true;
	case AML_BYTE: size = 1; break;
	case AML_WORD: size = 2; break;
	case AML_DWORD: size = 4; break;
	case AML_QWORD: size = 8; break;
	default: return false;
	}
	if (aml_left(a) < size)
		return false;
	*out = 0;
	for (uint i = 0; i < size; i++)
		*out |= (u64)a->at[i] << (8 * i);
	a->at += size;
	return true;
}

/* Find Name(@name, ...) in @in; @value is what follows the name. */
static bool aml_find_name(const struct aml *in, const char *name, struct aml *value)
{
	for (const u8 *p = in->at; (size_t)(in->end - p) >= 5; p++) {
		const u8 *seg = p + 1;

		if (p[0] != AML_NAME)
			continue;
		if (*seg == '\\')
			seg++;
		if ((size_t)(in->end - seg) < 4 || memcmp(seg, name, 4) != 0)
			continue;
		*value = (struct aml){ seg + 4, in->end };
		return true;
	}
	return false;
}

int acpi_aml_s5(const struct acpi_table *dsdt, u8 typ[2])
{
	struct aml all = { dsdt->data + 36, dsdt->data + dsdt->len }, value, body;
	u8 op, count;
	u64 v[2];

	if (!aml_find_name(&all, "_S5_", &value) || !aml_byte(&value, &op) || op != AML_PACKAGE)
		return -ENOENT;
	if (!aml_package(&value, &body) || !aml_byte(&body, &count) || count < 2)
		return -ENOENT;
	if (!aml_integer(&body, &v[0]) || !aml_integer(&body, &v[1]))
		return -ENOENT;
	typ[0] = (u8)v[0];
	typ[1] = (u8)v[1];
	return 0;
}

/* Resource descriptors, inside a _CRS buffer. */
enum {
	RES_SMALL_IRQ = 0x04,
	RES_SMALL_END = 0x0f,
	RES_MEMORY32_FIXED = 0x86,
	RES_DWORD_SPACE = 0x87,
	RES_EXTENDED_IRQ = 0x89,
	RES_QWORD_SPACE = 0x8a,
};

static void take_memory(struct acpi_aml_device *dev, u64 base, u64 size)
{
	if (dev->size)
		return;
	dev->base = base;
	dev->size = size;
}

static void take_irq(struct acpi_aml_device *dev, u32 gsi, bool is_edge, bool is_active_low)
{
	if (dev->has_irq)
		return;
	dev->has_irq = true;
	dev->gsi = gsi;
	dev->is_edge = is_edge;
	dev->is_active_low = is_active_low;
}

static void resource_large(struct acpi_aml_device *dev, u8 tag, const u8 *p, size_t len)
{
	if (tag == RES_MEMORY32_FIXED && len >= 9)
		take_memory(dev, get_le32(p + 1), get_le32(p + 5));
	else if (tag == RES_DWORD_SPACE && len >= 23 && p[0] == 0)
		take_memory(dev, get_le32(p + 7), get_le32(p + 19));
	else if (tag == RES_QWORD_SPACE && len >= 43 && p[0] == 0)
		take_memory(dev, get_le64(p + 11), get_le64(p + 35));
	else if (tag == RES_EXTENDED_IRQ && len >= 6 && p[1] >= 1)
		take_irq(dev, get_le32(p + 2), p[0] & 2, p[0] & 4);
}

static void resource_small(struct acpi_aml_device *dev, u8 tag, const u8 *p, size_t len)
{
	u16 mask;

	if (tag >> 3 != RES_SMALL_IRQ || len < 2)
		return;
	mask = get_le16(p);
	if (mask)
		take_irq(dev, bit_lowest(mask), len < 3 || (p[2] & 1), len >= 3 && (p[2] & 8));
}

static void read_resources(struct acpi_aml_device *dev, struct aml r)
{
	u8 tag;

	while (aml_byte(&r, &tag)) {
		size_t len;

		if (tag & 0x80) {
			if (aml_left(&r) < 2)
				return;
			len = get_le16(r.at);
			r.at += 2;
		} else {
			len = tag & 7;
		}
		if (len > aml_left(&r) || (!(tag & 0x80) && tag >> 3 == RES_SMALL_END))
			return;
		if (tag & 0x80)
			resource_large(dev, tag, r.at, len);
		else
			resource_small(dev, tag, r.at, len);
		r.at += len;
	}
}

static bool hid_matches(const struct aml *body, const char *hid)
{
	struct aml value;
	size_t len = strlen(hid) + 1;
	u8 op;

	if (!aml_find_name(body, "_HID", &value) || !aml_byte(&value, &op) || op != AML_STRING)
		return false;
	return aml_left(&value) >= len && memcmp(value.at, hid, len) == 0;
}

static bool read_crs(const struct aml *body, struct acpi_aml_device *dev)
{
	struct aml value, buffer;
	u64 size;
	u8 op;

	if (!aml_find_name(body, "_CRS", &value) || !aml_byte(&value, &op) || op != AML_BUFFER)
		return false;
	if (!aml_package(&value, &buffer) || !aml_integer(&buffer, &size))
		return false;
	if (size > aml_left(&buffer))
		return false;
	buffer.end = buffer.at + size;
	read_resources(dev, buffer);
	return true;
}

/* A Device whose opcode ends at @a: its name and body. */
static bool read_device(struct aml a, const char *hid, struct acpi_aml_device *out)
{
	struct acpi_aml_device dev = { .size = 0 };
	struct aml body, value;
	u64 uid;

	if (!aml_package(&a, &body))
		return false;
	while (aml_left(&body) && (*body.at == '\\' || *body.at == '^'))
		body.at++;
	if (aml_left(&body) < 4)
		return false;
	memcpy(dev.name, body.at, 4);
	body.at += 4;
	if (!hid_matches(&body, hid) || !read_crs(&body, &dev))
		return false;
	if (aml_find_name(&body, "_UID", &value) && aml_integer(&value, &uid))
		dev.uid = (u32)uid;
	*out = dev;
	return true;
}

bool acpi_aml_next_device(const struct acpi_table *dsdt, const char *hid, u32 *pos,
			  struct acpi_aml_device *out)
{
	for (u32 at = *pos ? *pos : 36; at + 2 <= dsdt->len; at++) {
		const u8 *p = dsdt->data + at;

		if (p[0] != AML_EXT || p[1] != AML_EXT_DEVICE)
			continue;
		if (!read_device((struct aml){ p + 2, dsdt->data + dsdt->len }, hid, out))
			continue;
		*pos = at + 2;
		return true;
	}
	return false;
}
