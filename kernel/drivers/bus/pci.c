/* SPDX-License-Identifier: MIT */
/*
 * PCI Express: finding functions, placing BARs, MSI-X.
 *
 * Configuration space is memory (ECAM), one page a function; a bus's 1 MiB
 * is mapped when the bus is scanned and stays.  Functions are enumerated
 * once, at boot, by one thread; what is found is constant afterwards.
 *
 * A BAR that firmware placed stays where it is.  A memory BAR without an
 * address is placed in the host bridge's window, at the next multiple of its
 * size: 64-bit ones above 4 GiB if the bridge has such a window.
 *
 * Interrupts are MSI-X only.  Vectors are set up one by one by dev_irq();
 * the function is switched to MSI-X with all vectors masked at the first.
 *
 * What the space says is not trusted: each number is checked where it is used, since it may be
 * another the next time, and what cannot be is a line in the log and no device.
 */
#define LOG_TAG "pci"
#include "pci_function.h"

#include <uapi/errno.h>

#include <gemel/boot_info.h>
#include <gemel/irq.h>
#include <gemel/log.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/vmalloc.h>

#include "bus.h"

enum {
	COMMAND_IO = 1,
	COMMAND_MEMORY = 2,
	COMMAND_MASTER = 4,
	COMMAND_NO_INTX = 0x400,
};
enum { HEADER_BRIDGE = 1, HEADER_MULTI = 0x80, CLASS_BRIDGE_PCI = 0x0604 };
enum { BAR_IO = 1, BAR_64 = 4, BAR_ADDRESS_BITS = 48, BUS_DEPTH_MAX = 8 };
/* Where capabilities are, and the room of the smallest: as many fit. */
enum { CAPABILITY_FIRST = 0x40, CAPABILITY_END = 0x100, CAPABILITIES_MAX = 48 };
enum { CAPABILITY_NEXT = 1, CAPABILITY_VENDOR_LEN = 2, MSIX_LEN = 12 };
enum { STATUS_CAPABILITIES = 0x10 };

/* In the MSI-X capability, and in an entry of its table. */
enum {
	MSIX_CONTROL = 2,
	MSIX_TABLE = 4,
	MSIX_CONTROL_SIZE = 0x7ff,
	MSIX_CONTROL_MASK_ALL = 0x4000,
	MSIX_CONTROL_ENABLE = 0x8000,
	MSIX_ENTRY = 16,
	MSIX_ENTRY_ADDR = 0,
	MSIX_ENTRY_DATA = 8,
	MSIX_ENTRY_CONTROL = 12,
	MSIX_ENTRY_MASKED = 1,
};

static int pci_irq(struct device *dev, uint index, void (*fn)(void *arg), void *arg);

const struct bus pci_bus = { .name = "pci", .irq = pci_irq };

static struct pci_function *to_pci(const struct device *dev)
{
	return dev->bus_data;
}

u8 pci_read8(const struct device *dev, uint off)
{
	return io_read8(&to_pci(dev)->config, off);
}

u16 pci_read16(const struct device *dev, uint off)
{
	return io_read16(&to_pci(dev)->config, off);
}

u32 pci_read32(const struct device *dev, uint off)
{
	return io_read32(&to_pci(dev)->config, off);
}

void pci_write16(const struct device *dev, uint off, u16 v)
{
	io_write16(&to_pci(dev)->config, off, v);
}

uint pci_next_capability(const struct device *dev, uint after, enum pci_capability id)
{
	uint at;

	if (!(pci_read16(dev, PCI_STATUS) & STATUS_CAPABILITIES))
		return 0;
	at = pci_read8(dev, after ? after + CAPABILITY_NEXT : PCI_CAPABILITIES) & ~3u;
	for (uint i = 0; at >= CAPABILITY_FIRST && i < CAPABILITIES_MAX; i++) {
		if (pci_read8(dev, at) == id)
			return at;
		at = pci_read8(dev, at + CAPABILITY_NEXT) & ~3u;
	}
	return 0;
}

static uint capability_len(const struct device *dev, uint at)
{
	u8 id = pci_read8(dev, at);

	if (id == PCI_CAP_VENDOR)
		return pci_read8(dev, at + CAPABILITY_VENDOR_LEN);
	return id == PCI_CAP_MSIX ? MSIX_LEN : 2;
}

/* Has the list an end, and is all of it where capabilities are? */
static bool capabilities_are_sane(const struct device *dev)
{
	uint at, from = PCI_CAPABILITIES, n = 0;

	if (!(pci_read16(dev, PCI_STATUS) & STATUS_CAPABILITIES))
		return true;
	while ((at = pci_read8(dev, from) & ~3u)) {
		if (at < CAPABILITY_FIRST || at + capability_len(dev, at) > CAPABILITY_END ||
		    n++ == CAPABILITIES_MAX) {
			log_err("%s: the list of capabilities is wrong at 0x%x: not used",
				dev->name, from);
			return false;
		}
		from = at + CAPABILITY_NEXT;
	}
	return true;
}

void pci_offer(struct device *dev)
{
	if (!device_has_driver(dev) || capabilities_are_sane(dev)) {
		device_add(dev);
		return;
	}
	kfree(dev->bus_data);
	device_discard(dev);
}

void pci_enable(const struct device *dev)
{
	u16 command = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND, command | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX);
}

bool pci_silence(const struct device *dev)
{
	u16 command = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND, command & ~COMMAND_MASTER);
	command = pci_read16(dev, PCI_COMMAND);
	return command == 0xffff || !(command & COMMAND_MASTER);
}

int pci_map_bar(struct device *dev, uint bar, u64 off, u64 len, struct io_region *out)
{
	const struct pci_bar *b = bar < PCI_BARS ? &to_pci(dev)->bar[bar] : NULL;

	if (!b || !b->base || b->is_io || len == 0 || off > b->size || len > b->size - off)
		return -EINVAL;
	return dev_map_range(dev, b->base + off, len, out);
}

/* ---- BARs ---- */

static bool window_take(struct pci_window *w, u64 size, u64 *base)
{
	u64 at = ALIGN_UP(w->next, size);

	if (!w->size || at < w->base || at - w->base > w->size || size > w->size - (at - w->base))
		return false;
	w->next = at + size;
	*base = at;
	return true;
}

/* The address bits that stick when all ones are written to the BAR at @off; decoding is off. */
static u32 bar_probe(const struct io_region *config, uint off, u32 *old)
{
	u32 mask;

	*old = io_read32(config, off);
	io_write32(config, off, ~0u);
	mask = io_read32(config, off);
	io_write32(config, off, *old);
	return mask;
}

static void bar_place(struct pci_host *host, const struct io_region *config, uint off,
		      bool is_64, struct pci_bar *bar)
{
	if (!(is_64 && window_take(&host->window64, bar->size, &bar->base)) &&
	    !window_take(&host->window32, bar->size, &bar->base)) {
		log_warn("no room for a BAR of 0x%llx bytes", (unsigned long long)bar->size);
		return;
	}
	io_write32(config, off, (u32)bar->base);
	if (is_64)
		io_write32(config, off + 4, (u32)(bar->base >> 32));
}

bool pci_bar_is_sane(const struct pci_bar *bar)
{
	u64 last = bar->base + bar->size - 1;

	if (!bar->size || bar->size & (bar->size - 1) || bar->base & (bar->size - 1) ||
	    last >> BAR_ADDRESS_BITS)
		return false;
	for (uint i = 0; i < boot_info.nram; i++)
		if (bar->base - boot_info.ram[i].base < boot_info.ram[i].size ||
		    boot_info.ram[i].base - bar->base < bar->size)
			return false;
	return true;
}

/* Read, size and place BAR @i.  Returns how many 32-bit BARs it took. */
static uint bar_set_up(struct pci_host *host, struct pci_function *f, uint i)
{
	uint off = PCI_BAR0 + 4 * i;
	struct pci_bar *bar = &f->bar[i];
	u32 low, high = 0, mask = bar_probe(&f->config, off, &low);
	u64 mask64 = mask & ~0xfu;
	bool is_64;

	if (mask == 0)
		return 1;
	if (low & BAR_IO) {
		*bar = (struct pci_bar){ low & ~3u, (u32)~(mask & ~3u) + 1u, true };
		return 1;
	}
	is_64 = (low & BAR_64) && i + 1 < PCI_BARS;
	if (is_64)
		mask64 |= (u64)bar_probe(&f->config, off + 4, &high) << 32;
	else
		mask64 |= 0xffffffffull << 32;
	bar->base = (u64)high << 32 | (low & ~0xfu);
	bar->size = ~mask64 + 1;
	if (!bar->base && bar->size)
		bar_place(host, &f->config, off, is_64, bar);
	if (bar->base && !pci_bar_is_sane(bar)) {
		log_err("%02x:%02x.%x: BAR %u of 0x%llx bytes at 0x%llx: not used", f->rid >> 8,
			f->rid >> 3 & 31, f->rid & 7, i, (unsigned long long)bar->size,
			(unsigned long long)bar->base);
		bar->base = 0;
	}
	return is_64 ? 2 : 1;
}

static void bars_set_up(struct pci_host *host, struct pci_function *f)
{
	u16 command = io_read16(&f->config, PCI_COMMAND);

	io_write16(&f->config, PCI_COMMAND, command & ~(COMMAND_IO | COMMAND_MEMORY));
	for (uint i = 0; i < PCI_BARS; )
		i += bar_set_up(host, f, i);
	io_write16(&f->config, PCI_COMMAND, command);
}

/* ---- enumeration ---- */

/* The functions of one bus in the scan. */
struct bus_scan {
	struct pci_host *host;
	u8 *config;             /* where this bus's ECAM is mapped */
	u8 bus;
	uint depth;
};

static void bus_scan(struct pci_host *host, u8 bus, uint depth);

static void function_add(const struct bus_scan *s, uint devfn, u32 id)
{
	struct pci_function *f;
	struct device *dev;
	char name[16];

	scnprintf(name, sizeof(name), "%02x:%02x.%x", s->bus, devfn >> 3, devfn & 7);
	dev = device_create(&pci_bus, s->host->dev, name);
	if (!dev)
		return;
	f = kzalloc(sizeof(*f));
	if (!f) {
		device_discard(dev);
		return;
	}
	f->config.base = (ulong)s->config + ((ulong)devfn << 12);
	f->config.size = 4096;
	f->rid = (u16)(s->bus << 8 | devfn);
	dev->bus_data = f;
	dev->vendor = id & 0xffff;
	dev->device = id >> 16;
	/* Without a driver it is only a line in a listing: leave it as firmware left it. */
	if (device_has_driver(dev))
		bars_set_up(s->host, f);
	pci_offer(dev);
}

static void bridge_scan(const struct bus_scan *s, uint devfn)
{
	struct io_region config = { .base = (ulong)s->config + ((ulong)devfn << 12), .size = 4096 };
	u8 secondary = io_read8(&config, PCI_SECONDARY_BUS);

	if (secondary <= s->bus || secondary > s->host->last_bus || s->depth >= BUS_DEPTH_MAX)
		return;
	bus_scan(s->host, secondary, s->depth + 1);
}

/* False: there is no function. */
static bool function_scan(const struct bus_scan *s, uint devfn, bool *is_multi)
{
	struct io_region config = { .base = (ulong)s->config + ((ulong)devfn << 12), .size = 4096 };
	u32 id = io_read32(&config, PCI_VENDOR);
	u8 header;

	if (id == ~0u || id == 0)
		return false;
	header = io_read8(&config, PCI_HEADER_TYPE);
	*is_multi = header & HEADER_MULTI;
	if ((header & ~HEADER_MULTI) == HEADER_BRIDGE &&
	    io_read32(&config, PCI_CLASS) >> 16 == CLASS_BRIDGE_PCI)
		bridge_scan(s, devfn);
	else
		function_add(s, devfn, id);
	return true;
}

static void bus_scan(struct pci_host *host, u8 bus, uint depth)
{
	struct bus_scan s = { .host = host, .bus = bus, .depth = depth };
	bool is_multi, unused;

	s.config = vmap_device(host->ecam + ((u64)(bus - host->first_bus) << 20), MIB(1));
	if (!s.config)
		return;
	for (uint slot = 0; slot < 32; slot++) {
		if (!function_scan(&s, slot << 3, &is_multi) || !is_multi)
			continue;
		for (uint fn = 1; fn < 8; fn++)
			function_scan(&s, slot << 3 | fn, &unused);
	}
}

int pci_host_add(const struct pci_host *host)
{
	struct pci_host *h = kalloc(sizeof(*h));

	if (!h)
		return -ENOMEM;
	*h = *host;
	bus_scan(h, h->first_bus, 0);
	return 0;
}

/* ---- MSI-X ---- */

uint pci_msix_count(const struct device *dev)
{
	uint cap = pci_next_capability(dev, 0, PCI_CAP_MSIX);

	return cap ? (pci_read16(dev, cap + MSIX_CONTROL) & MSIX_CONTROL_SIZE) + 1 : 0;
}

static void msix_disable(void *arg)
{
	struct device *dev = arg;
	uint cap = pci_next_capability(dev, 0, PCI_CAP_MSIX);

	pci_write16(dev, cap + MSIX_CONTROL, MSIX_CONTROL_MASK_ALL);
	to_pci(dev)->msix_table.size = 0;
}

/* Map the table, mask every entry, switch MSI-X on. */
static int msix_enable(struct device *dev, uint cap)
{
	struct pci_function *f = to_pci(dev);
	u32 where = pci_read32(dev, cap + MSIX_TABLE);
	uint count = pci_msix_count(dev);
	struct io_region table;
	int err;

	err = pci_map_bar(dev, where & 7, where & ~7u, (u64)count * MSIX_ENTRY, &table);
	if (err == -EINVAL) {
		log_err("%s: the MSI-X table is not in its BAR: not used", dev->name);
		return -ENODEV;
	}
	if (err < 0)
		return err;
	for (uint i = 0; i < count; i++)
		io_write32(&table, i * MSIX_ENTRY + MSIX_ENTRY_CONTROL, MSIX_ENTRY_MASKED);
	pci_write16(dev, cap + MSIX_CONTROL, MSIX_CONTROL_ENABLE);
	f->msix_table = table;
	return dev_on_release(dev, msix_disable, dev);
}

static void msix_entry_write(const struct io_region *table, uint index, const struct msi *msi)
{
	uint at = index * MSIX_ENTRY;

	io_write32(table, at + MSIX_ENTRY_ADDR, (u32)msi->addr);
	io_write32(table, at + MSIX_ENTRY_ADDR + 4, (u32)(msi->addr >> 32));
	io_write32(table, at + MSIX_ENTRY_DATA, msi->data);
	io_write32(table, at + MSIX_ENTRY_CONTROL, 0);
}

static int pci_irq(struct device *dev, uint index, void (*fn)(void *arg), void *arg)
{
	struct pci_function *f = to_pci(dev);
	uint cap = pci_next_capability(dev, 0, PCI_CAP_MSIX);
	struct msi msi;
	int err;

	if (!cap)
		return -ENOENT;
	if (!f->msix_table.size) {
		err = msix_enable(dev, cap);
		if (err < 0)
			return err;
	}
	if (index >= f->msix_table.size / MSIX_ENTRY)
		return -ENOENT;
	err = arch_msi_alloc(f->rid, 0, &msi);
	if (err < 0)
		return err;
	err = irq_request_msi(&msi, fn, arg, dev->name);
	if (err < 0)
		return err;
	err = dev_irq_on_release(dev, msi.irq, arg);
	if (err < 0)
		return err;
	msix_entry_write(&f->msix_table, index, &msi);
	return 0;
}
