/* SPDX-License-Identifier: MIT */
#include <gemel/bitmap.h>

#include <gemel/ktest.h>

KTEST(bitmap, ranges_and_searches)
{
	ulong map[BITMAP_LONGS(200)] = { 0 };

	EXPECT_EQ(200, bitmap_first_set(map, 200));
	EXPECT_EQ(0, bitmap_first_clear(map, 200));
	bitmap_set_range(map, 10, 150);
	EXPECT_EQ(150, bitmap_count(map, 200));
	EXPECT_EQ(10, bitmap_first_set(map, 200));
	EXPECT_EQ(160, bitmap_next_clear(map, 200, 10));
	bitmap_clear_range(map, 64, 64);
	EXPECT_EQ(64, bitmap_next_clear(map, 200, 10));
	EXPECT_EQ(128, bitmap_next_set(map, 200, 64));
	EXPECT_EQ(86, bitmap_count(map, 200));
	bitmap_set_range(map, 0, 200);
	EXPECT_EQ(200, bitmap_first_clear(map, 200));
	EXPECT_EQ(70, bitmap_count(map, 70));
	bitmap_clear(map, 199);
	EXPECT_EQ(199, bitmap_first_clear(map, 200));
	EXPECT_EQ(199, bitmap_first_clear(map, 199));
}

KTEST(bitmap, clear_runs)
{
	ulong map[BITMAP_LONGS(128)] = { 0 };

	bitmap_set(map, 5);
	bitmap_set(map, 70);
	EXPECT_EQ(0, bitmap_find_clear_run(map, 128, 0, 5));
	EXPECT_EQ(6, bitmap_find_clear_run(map, 128, 0, 64));
	EXPECT_EQ(7, bitmap_find_clear_run(map, 128, 7, 57));
	EXPECT_EQ(71, bitmap_find_clear_run(map, 128, 14, 57));
	EXPECT_EQ(128, bitmap_find_clear_run(map, 128, 0, 65));
}

KTEST(bits, helpers)
{
	EXPECT_EQ(0, ilog2(1));
	EXPECT_EQ(63, ilog2(~0ULL));
	EXPECT_EQ(1, roundup_pow2(1));
	EXPECT_EQ(4, roundup_pow2(3));
	EXPECT_EQ(4, roundup_pow2(4));
	EXPECT_EQ(1L << 40, roundup_pow2((1UL << 39) + 1));
	EXPECT(is_pow2(64) && !is_pow2(0) && !is_pow2(65));
	EXPECT_EQ(0x01020304, get_be32("\1\2\3\4"));
	EXPECT_EQ(0x04030201, get_le32("\1\2\3\4"));
}
