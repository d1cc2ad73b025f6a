/* SPDX-License-Identifier: MIT */
/*
 * PCI functions whose configuration space is a page of memory that the test has written, and
 * whose registers are another: what is honest is a virtio device, each lie is one line and none.
 */
#include "pci_function.h"

#include <uapi/errno.h>

#include <gemel/boot_info.h>
#include <gemel/ktest.h>
#include <gemel/log.h>
#include <gemel/page.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/virtio.h>

#include "../virtio/transport.h"

/* Where the capabilities are, and in the vendor's: */
enum { COMMON = 0x40, NOTIFY = 0x50, DEVICE = 0x64, MSIX = 0x74 };
enum { NEXT = 1, LEN = 2, TYPE = 3, BAR = 4, OFFSET = 8, LENGTH = 12 };
enum { MSIX_CONTROL = 2, MSIX_TABLE = 4, TABLE_AT = 0xc00, VECTORS = 3 };
enum { HAS_CAPABILITIES = 0x10, MASTER = 4 };
/* Whose driver we do not have: the virtio device stays alone. */
enum { VENDOR = 0x1af4, MODEL = 0x1040 + VIRTIO_ID_GPU };

#define NAME    "00:1f.7"

static struct fake {
	struct device *dev;
	struct pci_function *f;
	u8 *config, *regs;
} fake;

static struct log_place log_at;

static void put(uint at, uint width, u32 value)
{
	memcpy(fake.config + at, &value, width);
}

static void put_vendor(uint at, u8 next, u8 len, u8 type, u32 offset, u32 length)
{
	put(at, 4, PCI_CAP_VENDOR | (u32)next << 8 | (u32)len << 16 | (u32)type << 24);
	put(at + OFFSET, 4, offset);
	put(at + LENGTH, 4, length);
}

static struct device *device_find(const char *name, const struct device *parent)
{
	struct device *dev = NULL;

	while ((dev = device_next(dev)))
		if (parent ? dev->parent == parent : strcmp(dev->name, name) == 0)
			break;
	return dev;
}

/* An honest function, not yet offered. */
static bool fake_make(void)
{
	fake.dev = device_create(&pci_bus, NULL, NAME);
	fake.f = kzalloc(sizeof(*fake.f));
	fake.config = page_alloc_kernel(0, ALLOC_ZERO);
	fake.regs = page_alloc_kernel(0, ALLOC_ZERO);
	if (!fake.dev || !fake.f || !fake.config || !fake.regs)
		return false;
	fake.dev->bus_data = fake.f;
	fake.dev->vendor = VENDOR;
	fake.dev->device = MODEL;
	fake.f->config = (struct io_region){ .base = (ulong)fake.config, .size = PAGE_SIZE };
	fake.f->rid = 0x1f << 3 | 7;
	fake.f->bar[0] = (struct pci_bar){ .base = virt_to_phys(fake.regs), .size = PAGE_SIZE };
	put(PCI_STATUS, 2, HAS_CAPABILITIES);
	put(PCI_CAPABILITIES, 1, COMMON);
	put_vendor(COMMON, NOTIFY, 16, 1, 0, 0x38);
	put_vendor(NOTIFY, DEVICE, 20, 2, 0x400, 0x100);
	put_vendor(DEVICE, MSIX, 16, 4, 0x800, 0x20);
	put(MSIX, 4, PCI_CAP_MSIX | (VECTORS - 1) << 16);
	put(MSIX + MSIX_TABLE, 4, TABLE_AT);
	return true;
}

static void fake_free(void)
{
	struct device *dev = device_find(NAME, NULL), *child = dev ? device_find(NULL, dev) : NULL;

	if (child)
		device_discard(child);
	if (dev) {
		device_discard(dev);
		kfree(fake.f);
	}
	page_free_kernel(fake.config, 0);
	page_free_kernel(fake.regs, 0);
}

/* Can this machine give the function an interrupt? */
static bool has_msi(void)
{
	struct msi msi;

	return arch_msi_alloc(0x1f << 3 | 7, 0, &msi) == 0;
}

/* Offered as it is, it becomes a virtio device that can be silenced. */
static void expect_device(struct ktest_run *kt)
{
	struct device *dev, *child;

	ktest_log_count(&log_at, NAME);
	pci_offer(fake.dev);
	EXPECT_EQ(0, ktest_log_count(&log_at, NAME));
	dev = device_find(NAME, NULL);
	EXPECT(dev && dev->driver);
	child = dev ? device_find(NULL, dev) : NULL;
	EXPECT(child);
	if (child) {
		struct virtio_device *vd = child->bus_data;

		EXPECT_EQ(MASTER, pci_read16(dev, PCI_COMMAND) & MASTER);
		EXPECT(vd->transport->silence(vd));
		EXPECT_EQ(0, pci_read16(dev, PCI_COMMAND) & MASTER);
	}
}

KTEST(pci, an_honest_function_is_a_device)
{
	for (uint odd = 0; odd < 2 && has_msi(); odd++) {
		EXPECT(fake_make());
		/* The two low bits of an offset mean nothing. */
		if (odd)
			put(COMMON + NEXT, 1, NOTIFY | 3);
		expect_device(kt);
		fake_free();
	}
}

#define LIST    NAME ": the list of capabilities is wrong"
#define NOWHERE NAME ": no place for its registers of type 1"
#define BAD     NAME ": an impossible place for its registers of type "
#define TABLE   NAME ": the MSI-X table is not in its BAR"

struct lie {
	const char *line;               /* how the line begins */
	u8 at, width;
	u32 value;
};

static const struct lie lies[] = {
	{ LIST, COMMON + NEXT, 1, COMMON },             /* a circle of one, of all */
	{ LIST, MSIX + NEXT, 1, COMMON },
	{ LIST, PCI_CAPABILITIES, 1, 0x3f },
	{ LIST, NOTIFY + NEXT, 1, 4 },
	{ LIST, COMMON + LEN, 1, 0xff },                /* beyond the end */
	{ LIST, DEVICE + LEN, 1, 0x9d },
	{ NOWHERE, PCI_CAPABILITIES, 1, 0xff },         /* where nothing is */
	{ NOWHERE, PCI_STATUS, 2, 0 },
	{ NOWHERE, COMMON, 1, 5 },
	{ BAD "1", COMMON + BAR, 1, 1 },                /* of no size */
	{ BAD "1", COMMON + BAR, 1, 6 },
	{ BAD "1", COMMON + BAR, 1, 0xff },
	{ BAD "1", COMMON + OFFSET, 4, 0xfcc },
	{ BAD "1", COMMON + OFFSET, 4, PAGE_SIZE },
	{ BAD "1", COMMON + OFFSET, 4, 0xfffffffc },
	{ BAD "1", COMMON + OFFSET, 4, 2 },
	{ BAD "1", COMMON + LENGTH, 4, 0 },
	{ BAD "1", COMMON + LENGTH, 4, 0x37 },
	{ BAD "1", COMMON + LENGTH, 4, PAGE_SIZE + 1 },
	{ BAD "1", COMMON + LENGTH, 4, ~0u },
	{ BAD "2", NOTIFY + BAR, 1, 7 },
	{ BAD "2", NOTIFY + OFFSET, 4, 0x401 },
	{ BAD "2", NOTIFY + LENGTH, 4, 1 },
	{ BAD "4", DEVICE + BAR, 1, 0x80 },
	{ BAD "4", DEVICE + OFFSET, 4, PAGE_SIZE - 0x1c },
	{ BAD "4", DEVICE + LENGTH, 4, 0 },
	{ NAME ": 0 MSI-X vectors", MSIX, 1, 5 },
	{ NAME ": 1 MSI-X vectors", MSIX + MSIX_CONTROL, 2, 0 },
	{ TABLE, MSIX + MSIX_CONTROL, 2, 0x7ff },
	{ TABLE, MSIX + MSIX_TABLE, 4, PAGE_SIZE - 0x28 },
	{ TABLE, MSIX + MSIX_TABLE, 4, 0xfffffff8 },
	{ TABLE, MSIX + MSIX_TABLE, 4, TABLE_AT | 1 },
	{ TABLE, MSIX + MSIX_TABLE, 4, TABLE_AT | 7 },
};

/* Offered, it is one line, that has @begin, and no device. */
static void expect_line(struct ktest_run *kt, const char *begin)
{
	struct device *dev;
	struct log_place from;

	ktest_log_count(&log_at, NAME);
	from = log_at;
	pci_offer(fake.dev);
	EXPECT_EQ(1, ktest_log_count(&log_at, NAME));
	EXPECT_EQ(1, ktest_log_count(&from, begin));
	dev = device_find(NAME, NULL);
	EXPECT(!dev || (!dev->driver && !device_find(NULL, dev)));
}

KTEST(pci, a_space_that_lies_is_one_line_and_no_device)
{
	for (uint i = 0; i < ARRAY_SIZE(lies) && !kt->failures; i++) {
		EXPECT(fake_make());
		put(lies[i].at, lies[i].width, lies[i].value);
		expect_line(kt, lies[i].line);
		fake_free();
		if (kt->failures)
			EXPECT_EQ(ARRAY_SIZE(lies), i);
	}
}

KTEST(pci, a_bar_that_is_nowhere_is_not_mapped)
{
	static const struct pci_bar bars[] = {
		{ .base = 0x1000, .size = 0 },
		{ .base = 0, .size = 0x1000 },
		{ .base = 0x1000, .size = 0x1000, .is_io = true },
	};
	for (uint i = 0; i < ARRAY_SIZE(bars); i++) {
		EXPECT(fake_make());
		fake.f->bar[0] = bars[i];
		expect_line(kt, BAD "1");
		fake_free();
	}
}

KTEST(pci, a_bar_is_no_memory_and_aligned)
{
	const struct boot_range *ram = &boot_info.ram[0];
	u64 far = 1ull << 46;

	EXPECT(pci_bar_is_sane(&(struct pci_bar){ .base = far, .size = 0x4000 }));
	EXPECT(pci_bar_is_sane(&(struct pci_bar){ .base = far, .size = far }));
	EXPECT(!pci_bar_is_sane(&(struct pci_bar){ .base = far, .size = 0 }));
	EXPECT(!pci_bar_is_sane(&(struct pci_bar){ .base = far, .size = 0x3000 }));
	EXPECT(!pci_bar_is_sane(&(struct pci_bar){ .base = far + 0x1000, .size = 0x4000 }));
	EXPECT(!pci_bar_is_sane(&(struct pci_bar){ .base = 4 * far, .size = 0x1000 }));
	EXPECT(!pci_bar_is_sane(&(struct pci_bar){ .base = ~0xfffull, .size = 0x1000 }));
	for (uint i = 0; i < boot_info.nram; i++, ram++) {
		u64 last = ram->base + ram->size - PAGE_SIZE;

		EXPECT(!pci_bar_is_sane(&(struct pci_bar){ .base = ram->base, .size = PAGE_SIZE }));
		EXPECT(!pci_bar_is_sane(&(struct pci_bar){ .base = last, .size = PAGE_SIZE }));
		EXPECT(!pci_bar_is_sane(&(struct pci_bar){ .base = 0, .size = far }));
	}
}
