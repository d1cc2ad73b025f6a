/* SPDX-License-Identifier: MIT */
/*
 * The console before there are drivers, and in a panic: the UART that
 * /chosen/stdout-path names, polled.  Before it is found nothing is printed.
 */
#include <arch/debug.h>

#include <arch/io.h>

#include <gemel/string.h>

#include "arm64.h"

#define PL011_DR        0x00
#define PL011_FR        0x18
#define PL011_FR_TXFF   0x20u

#define NS16550_THR     0
#define NS16550_LSR     5
#define NS16550_LSR_THRE 0x20u

/* A device that never becomes ready must not hang a panic. */
#define POLL_MAX        100000

static struct io_region uart;
static uint reg_shift;
static bool is_pl011;

/* The node that @path names: a path or an alias, options after ':' left out. */
static bool node_by_name(const struct fdt *fdt, const char *path, fdt_node_t *out)
{
	const char *end = strchr(path, ':');
	size_t len = end ? (size_t)(end - path) : strlen(path);
	char name[128];
	const char *alias;
	fdt_node_t aliases;

	if (len >= sizeof(name))
		return false;
	memcpy(name, path, len);
	name[len] = '\0';
	if (name[0] == '/')
		return fdt_find_path(fdt, name, out);
	return fdt_find_path(fdt, "/aliases", &aliases) &&
	       fdt_prop_string(fdt, aliases, name, &alias) && fdt_find_path(fdt, alias, out);
}

bool earlycon_find(const struct fdt *fdt, paddr_t *pa)
{
	const char *path;
	fdt_node_t chosen, node;
	u64 size;

	if (!fdt_find_path(fdt, "/chosen", &chosen) ||
	    !fdt_prop_string(fdt, chosen, "stdout-path", &path) ||
	    !node_by_name(fdt, path, &node))
		return false;
	is_pl011 = fdt_is_compatible(fdt, node, "arm,pl011");
	if (!is_pl011 && !fdt_is_compatible(fdt, node, "ns16550a"))
		return false;
	if (!fdt_prop_u32(fdt, node, "reg-shift", &reg_shift))
		reg_shift = 0;
	return fdt_reg(fdt, node, 0, pa, &size) == 0;
}

void earlycon_start(vaddr_t va)
{
	uart.base = va;
}

static bool uart_is_ready(void)
{
	if (is_pl011)
		return !(io_read32(&uart, PL011_FR) & PL011_FR_TXFF);
	return io_read8(&uart, (size_t)NS16550_LSR << reg_shift) & NS16550_LSR_THRE;
}

void arch_early_putc(char c)
{
	if (!uart.base)
		return;
	for (uint i = 0; i < POLL_MAX && !uart_is_ready(); i++)
		;
	if (is_pl011)
		io_write32(&uart, PL011_DR, (u8)c);
	else
		io_write8(&uart, (size_t)NS16550_THR << reg_shift, (u8)c);
}
