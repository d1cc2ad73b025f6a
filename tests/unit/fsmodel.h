/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A file system, as a user knows it: names, contents, link counts.  Random operations
 * go to the real one below a directory and to the model, and must agree in every
 * result; then all of both is compared.
 */
#include <gemel/ktest.h>

enum { MODEL_SLOTS = 7, MODEL_NODES = 40, MODEL_FILE_MAX = 320 << 10 };

struct model_node {
	mode_t type;                    /* S_IFMT bits; 0: free */
	u32 nlink;
	u32 parent;                     /* of directories */
	u32 child[MODEL_SLOTS];         /* of directories: node + 1, 0: none */
	u32 size;                       /* of files and links */
	u8 *data;                       /* MODEL_FILE_MAX bytes, zero beyond size */
};

struct model {
	struct ktest_run *kt;
	const char *at;                 /* where the file system is mounted */
	u32 seed, seed0;                /* now, and at the start */
	u32 steps;
	/* A fault has struck: an operation may fail with -ENOMEM or -EIO, and is over then. */
	bool may_fail;
	struct model_node node[MODEL_NODES];    /* [0] is the root */
};

struct model *model_create(struct ktest_run *kt, const char *at, u32 seed);
void model_destroy(struct model *m);
/* One random operation.  0, or the errno of a fault (then the model and the file system
 * may disagree about its subject). */
int model_step(struct model *m);
/* Compare all. */
void model_compare(struct model *m);
