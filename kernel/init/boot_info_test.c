/* SPDX-License-Identifier: MIT */
#include <gemel/boot_info.h>

#include <gemel/ktest.h>
#include <gemel/string.h>

#define PAGE 4096ull

/* Too large for a kernel stack. */
static struct boot_info bi;

static void machine_with_16_mib(void)
{
	memset(&bi, 0, sizeof(bi));
	boot_add_ram(&bi, 0x100000, 0x800000);
	boot_add_ram(&bi, 0x100, 0x9fb00);
	boot_add_ram(&bi, 0x900000, 0x800000);
}

KTEST(boot_info, ram_is_sorted_merged_and_whole_pages)
{
	machine_with_16_mib();
	boot_add_ram(&bi, 0x5000000, 100);
	boot_memory_ready(&bi);
	EXPECT_EQ(2, bi.nram);
	EXPECT_EQ(PAGE, bi.ram[0].base);
	EXPECT_EQ(0x9e000, bi.ram[0].size);
	EXPECT_EQ(0x100000, bi.ram[1].base);
	EXPECT_EQ(0x1000000, bi.ram[1].size);
}

KTEST(boot_info, reservations_grow_outwards_and_merge)
{
	machine_with_16_mib();
	boot_reserve(&bi, 0x200010, 1);
	boot_reserve(&bi, 0x202000, PAGE);
	EXPECT_EQ(2, bi.nreserved);
	boot_reserve(&bi, 0x200fff, 2);
	EXPECT_EQ(1, bi.nreserved);
	EXPECT_EQ(0x200000, bi.reserved[0].base);
	EXPECT_EQ(3 * PAGE, bi.reserved[0].size);
}

KTEST(boot_info, alloc_comes_from_the_top_around_reservations)
{
	machine_with_16_mib();
	boot_reserve(&bi, 0x10fe000, PAGE);
	boot_memory_ready(&bi);
	EXPECT_EQ(0x10ff000, boot_alloc(&bi, 1, PAGE));
	EXPECT_EQ(0x10fc000, boot_alloc(&bi, 2 * PAGE, PAGE));
	EXPECT_EQ(0x1000000, boot_alloc(&bi, PAGE, 0x100000));
	bi.alloc_limit = 0xa0000;
	EXPECT_EQ(0x9e000, boot_alloc(&bi, PAGE, PAGE));
	EXPECT_EQ(0, boot_alloc(&bi, 0x9e000, PAGE));
	bi.alloc_limit = 0;
	EXPECT_EQ(0, boot_alloc(&bi, 0x1000000, PAGE));
}

KTEST(boot_info, words_of_the_command_line)
{
	static char saved[BOOT_CMDLINE];
	char buf[8];

	memcpy(saved, boot_info.cmdline, sizeof(saved));
	strscpy(boot_info.cmdline, "a=1 init=/bin/longer  quiet a=2 initx=3", BOOT_CMDLINE);
	EXPECT(cmdline_get("a", buf, sizeof(buf)));
	EXPECT_EQ(0, strcmp(buf, "2"));
	EXPECT(cmdline_get("init", buf, sizeof(buf)));
	EXPECT_EQ(0, strcmp(buf, "/bin/lo"));
	EXPECT(cmdline_get("quiet", buf, sizeof(buf)));
	EXPECT_EQ(0, buf[0]);
	EXPECT(!cmdline_has("qui"));
	EXPECT(!cmdline_has("longer"));
	memcpy(boot_info.cmdline, saved, sizeof(saved));
}
