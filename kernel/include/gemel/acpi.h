/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ACPI tables: a reader.  Pure: physical memory comes through a callback.
 * Nothing in a table is trusted: lengths and checksums are verified before
 * anything is read.
 */
#include <gemel/compiler.h>

/*
 * Make @len bytes at @pa readable and return where, or NULL.  What was
 * returned stays readable as long as the struct acpi is used.
 */
typedef const void *acpi_map_fn(paddr_t pa, size_t len);

struct acpi {
	acpi_map_fn *map;
	const u8 *entries;      /* of the XSDT or RSDT */
	u32 nentries;
	uint entry_size;        /* 8 or 4 */
};

/* A table that was found whole: signature, length and checksum are right. */
struct acpi_table {
	const u8 *data;         /* with its 36-byte header */
	u32 len;
};

enum acpi_madt_type {
	ACPI_MADT_LAPIC = 0,
	ACPI_MADT_IOAPIC = 1,
	ACPI_MADT_OVERRIDE = 2,
	ACPI_MADT_LAPIC_NMI = 4,
	ACPI_MADT_LAPIC_ADDRESS = 5,
	ACPI_MADT_X2APIC = 9,
	ACPI_MADT_X2APIC_NMI = 10,
};

/* One entry of the MADT.  Which fields count depends on type. */
struct acpi_madt_entry {
	u8 type;                /* enum acpi_madt_type; others are to be skipped */
	u32 uid;                /* LAPIC, X2APIC and their NMIs */
	u32 apic_id;            /* LAPIC, X2APIC, IOAPIC */
	u32 flags;              /* (X)LAPIC: bit 0 enabled, 1 can be; others: polarity, trigger */
	u64 address;            /* IOAPIC, LAPIC_ADDRESS */
	u32 gsi;                /* IOAPIC: its first; OVERRIDE: the target */
	u8 irq;                 /* OVERRIDE: ISA number; NMI: LINT number */
};

struct acpi_ecam {
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
};

enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };

/* A generic address. */
struct acpi_gas {
	u8 space;               /* enum acpi_space */
	u8 width, offset, access;
	u64 address;            /* 0: not there */
};

struct acpi_fadt {
	u64 dsdt;
	u32 flags;
	u16 boot_flags;         /* IA-PC: bit 0 legacy devices, bit 1 i8042, bit 5 no CMOS RTC */
	u16 sci;
	u32 smi_command;
	u8 acpi_enable;
	u8 century;             /* CMOS register, 0: none */
	struct acpi_gas pm1a_control, pm1b_control, pm_timer;
	struct acpi_gas reset;
	u8 reset_value;
	struct acpi_gas sleep_control, sleep_status;
	bool is_hardware_reduced;
	bool has_reset;
};

struct acpi_spcr {
	u8 interface;           /* 0, 1: 16550; 3: PL011; 18 (0x12): 16550 with generic address */
	struct acpi_gas base;
	u8 irq;
	u32 gsi;
	u8 baud;
};

/* Find and check the root tables from the RSDP at @rsdp.  0 or -EINVAL. */
int __must_check acpi_open(struct acpi *a, acpi_map_fn *map, paddr_t rsdp);

/* The @nth table with @signature (4 characters).  0, -ENOENT. */
int __must_check acpi_find(const struct acpi *a, const char *signature, uint nth,
			   struct acpi_table *out);

/* The table at @pa, which must have @signature.  0 or -EINVAL. */
int __must_check acpi_table_at(const struct acpi *a, paddr_t pa, const char *signature,
			       struct acpi_table *out);

/* MADT: the local APIC address; then each entry (*@pos starts at 0).  False: no more. */
u32 acpi_madt_lapic(const struct acpi_table *madt);
bool acpi_madt_next(const struct acpi_table *madt, u32 *pos, struct acpi_madt_entry *out);

/* MCFG: host bridge @i.  0 or -ENOENT. */
int __must_check acpi_mcfg(const struct acpi_table *mcfg, uint i, struct acpi_ecam *out);

/* 0 or -EINVAL (too short). */
int __must_check acpi_fadt(const struct acpi_table *fadt, struct acpi_fadt *out);
int __must_check acpi_spcr(const struct acpi_table *spcr, struct acpi_spcr *out);

/*
 * The DSDT without an interpreter: patterns of byte code that firmware for
 * virtual machines uses.
 *
 * acpi_aml_s5: the two SLP_TYP values of \_S5.  0 or -ENOENT.
 * acpi_aml_next_device: the next Device whose _HID is the string @hid (*@pos
 * starts at 0) and whose _CRS is a constant buffer.  False: no more.
 */
struct acpi_aml_device {
	char name[5];
	u32 uid;                /* _UID if it is a constant, else 0 */
	u64 base, size;         /* first memory range */
	u32 gsi;                /* first interrupt */
	bool has_irq;
	bool is_edge, is_active_low;
};
int __must_check acpi_aml_s5(const struct acpi_table *dsdt, u8 typ[2]);
bool acpi_aml_next_device(const struct acpi_table *dsdt, const char *hid, u32 *pos,
			  struct acpi_aml_device *out);
