/* SPDX-License-Identifier: MIT */
#include <gemel/radix.h>

#include <uapi/errno.h>

#include <gemel/ktest.h>

static int values[1000];

KTEST(radix, finds_what_was_inserted)
{
	static const u64 keys[] = {
		0, 1, 63, 64, 4095, 4096, 1 << 20, 1ULL << 40, ~0ULL, ~0ULL - 1
	};
	struct radix tree = RADIX_INIT;

	for (uint i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT(!radix_lookup(&tree, keys[i]));
		EXPECT_EQ(0, radix_insert(&tree, keys[i], &values[i]));
		EXPECT_EQ(-EEXIST, radix_insert(&tree, keys[i], &values[0]));
	}
	for (uint i = 0; i < ARRAY_SIZE(keys); i++)
		EXPECT(radix_lookup(&tree, keys[i]) == &values[i]);
	EXPECT(!radix_lookup(&tree, 2));
	EXPECT(!radix_lookup(&tree, 1ULL << 63));
	EXPECT_EQ(ARRAY_SIZE(keys), tree.count);
	for (uint i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT(radix_remove(&tree, keys[i]) == &values[i]);
		EXPECT(!radix_remove(&tree, keys[i]));
	}
	EXPECT(radix_is_empty(&tree) && !tree.root);
}

KTEST(radix, walks_in_order)
{
	struct radix tree = RADIX_INIT;
	u64 key = 0;
	uint n = 0;

	for (uint i = 0; i < 1000; i++)
		EXPECT_EQ(0, radix_insert(&tree, (u64)i * i * 37, &values[i]));
	while (radix_next(&tree, &key)) {
		EXPECT_EQ((long)n * n * 37, key);
		EXPECT(radix_lookup(&tree, key) == &values[n]);
		n++;
		key++;
	}
	EXPECT_EQ(1000, n);
	radix_fini(&tree);
	EXPECT(!tree.root);
}

KTEST(radix, walk_ends_at_the_last_key)
{
	struct radix tree = RADIX_INIT;
	u64 key = 5;

	EXPECT(!radix_next(&tree, &key));
	EXPECT_EQ(0, radix_insert(&tree, ~0ULL, &values[0]));
	EXPECT(radix_next(&tree, &key) == &values[0]);
	EXPECT(key == ~0ULL);
	radix_remove(&tree, ~0ULL);
	EXPECT_EQ(0, radix_insert(&tree, 3, &values[0]));
	key = 4;
	EXPECT(!radix_next(&tree, &key));
	radix_fini(&tree);
}

KTEST(radix, tags_follow_their_entries)
{
	struct radix tree = RADIX_INIT;
	u64 key = 0;
	uint n = 0;

	for (uint i = 0; i < 1000; i++)
		EXPECT_EQ(0, radix_insert(&tree, (u64)i * 100, &values[i]));
	EXPECT(!radix_is_tagged(&tree, RADIX_DIRTY));
	for (uint i = 0; i < 1000; i += 10)
		radix_set_tag(&tree, (u64)i * 100, RADIX_DIRTY);
	radix_set_tag(&tree, 7, RADIX_DIRTY);           /* nothing there: no effect */
	/* Growing the tree keeps the tags. */
	EXPECT_EQ(0, radix_insert(&tree, 1ULL << 50, &values[1]));
	while (radix_next_tagged(&tree, &key, RADIX_DIRTY)) {
		EXPECT_EQ((long)n * 1000, key);
		n++;
		key++;
	}
	EXPECT_EQ(100, n);
	EXPECT(!radix_is_tagged(&tree, RADIX_WRITEBACK));
	EXPECT(radix_has_tag(&tree, 1000, RADIX_DIRTY) && !radix_has_tag(&tree, 1100, RADIX_DIRTY));
	for (uint i = 0; i < 1000; i += 20)
		radix_clear_tag(&tree, (u64)i * 100, RADIX_DIRTY);
	for (uint i = 10; i < 1000; i += 20)
		radix_remove(&tree, (u64)i * 100);
	EXPECT(!radix_is_tagged(&tree, RADIX_DIRTY));
	radix_fini(&tree);
}

KTEST(radix, replace_keeps_tags)
{
	struct radix tree = RADIX_INIT;

	EXPECT_EQ(0, radix_insert(&tree, 9, &values[0]));
	radix_set_tag(&tree, 9, RADIX_TOWRITE);
	EXPECT(radix_replace(&tree, 9, &values[1]) == &values[0]);
	EXPECT(radix_lookup(&tree, 9) == &values[1] && radix_has_tag(&tree, 9, RADIX_TOWRITE));
	EXPECT(!radix_replace(&tree, 8, &values[1]));
	radix_fini(&tree);
}

KTEST(radix, insert_survives_every_oom)
{
	FOR_EACH_OOM(n) {
		struct radix tree = RADIX_INIT;
		int first = radix_insert(&tree, 5, &values[0]);
		int second = first < 0 ? first : radix_insert(&tree, 1ULL << 62, &values[1]);

		EXPECT_EQ(fault_hit(), second == -ENOMEM);
		EXPECT_EQ(first == 0, radix_lookup(&tree, 5) == &values[0]);
		EXPECT_EQ(second == 0, radix_lookup(&tree, 1ULL << 62) == &values[1]);
		radix_fini(&tree);
	}
}
