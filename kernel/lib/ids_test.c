/* SPDX-License-Identifier: MIT */
#include <gemel/ids.h>

#include <uapi/errno.h>

#include <gemel/ktest.h>

KTEST(ids, lowest_first_up_to_the_limit)
{
	struct ids ids;
	uint id = 99;

	ids_init(&ids, 600);
	for (uint i = 0; i < 600; i++) {
		EXPECT_EQ(0, ids_alloc(&ids, 0, &id));
		EXPECT_EQ(i, id);
	}
	EXPECT_EQ(-ENOSPC, ids_alloc(&ids, 0, &id));
	ids_free(&ids, 300);
	ids_free(&ids, 20);
	EXPECT_EQ(0, ids_alloc(&ids, 100, &id));
	EXPECT_EQ(300, id);
	EXPECT_EQ(-ENOSPC, ids_alloc(&ids, 100, &id));
	EXPECT_EQ(0, ids_alloc(&ids, 0, &id));
	EXPECT_EQ(20, id);
	ids_fini(&ids);
}

KTEST(ids, cyclic_wraps_to_low)
{
	struct ids ids;
	uint id = 0;

	ids_init(&ids, 10);
	EXPECT_EQ(0, ids_alloc_cyclic(&ids, 2, 9, &id));
	EXPECT_EQ(9, id);
	EXPECT_EQ(0, ids_alloc_cyclic(&ids, 2, 10, &id));
	EXPECT_EQ(2, id);
	for (uint i = 3; i < 9; i++)
		EXPECT_EQ(0, ids_take(&ids, i));
	EXPECT_EQ(-EEXIST, ids_take(&ids, 5));
	EXPECT_EQ(-EINVAL, ids_take(&ids, 10));
	EXPECT_EQ(-ENOSPC, ids_alloc_cyclic(&ids, 2, 6, &id));
	ids_free(&ids, 4);
	EXPECT(!ids_is_used(&ids, 4) && ids_is_used(&ids, 5) && !ids_is_used(&ids, 5000));
	EXPECT_EQ(0, ids_alloc_cyclic(&ids, 2, 6, &id));
	EXPECT_EQ(4, id);
	ids_fini(&ids);
}

KTEST(ids, survives_every_oom)
{
	FOR_EACH_OOM(n) {
		struct ids ids;
		uint id;
		int err;

		ids_init(&ids, 5000);
		err = ids_alloc(&ids, 0, &id);
		if (err == 0)
			err = ids_alloc(&ids, 1000, &id);
		EXPECT_EQ(fault_hit(), err == -ENOMEM);
		ids_fini(&ids);
	}
}
