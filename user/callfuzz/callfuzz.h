/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the files of callfuzz share.
 *
 * A program is a list of calls.  An argument is a number, an earlier call's result, our own
 * pid, a name of a file, or a place in the arena and what is written there before the call.
 * A program is plain data and means the same in every run; its text form is
 *
 *	user|root
 *	NAME ARGUMENT...		#HEX, rSTEP, sSTEP (second result), self, /NAME,
 *					@OFFSET:STYLE:SEED
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	STEPS = 24,
	ARENA = 64 << 10,
	TEXT = 8192,                    /* a program's text is shorter */
	PRESETS = 18,                   /* descriptors that a program has at first */
	FIRST_UID = 65000,              /* a worker's own user */
};
#define ARENA_AT ((char *)0x20000000ul) /* the same everywhere; behind it a page of nothing */

/* What stands in the arena. */
enum style {
	RAW, INTS, TIMES, VECTOR, SIGNALS, FDS, EVENT, ACTION, OFFSETS, HOW, CLONE, STRINGS,
	SOCKADDR, EVENT_SIGNAL, SCHEDULING, CAPABILITY, ROBUST, STACK, MASK, WORDS,
	OPTIONS,
	STYLES,
};

enum arg_kind { NUMBER, RESULT, SECOND, SELF, PATH, DATA };

struct arg {
	uint8_t kind, style;
	uint32_t seed;
	uint64_t value;                 /* number, step, index of path, offset */
};

struct step {
	uint16_t call;
	struct arg arg[6];
};

struct program {
	uint8_t n, is_root;
	struct step step[STEPS];
};

/* ---- grammar.c: the kernel's table of calls ---- */
enum what { W_NUMBER, W_FD, W_PID, W_UID, W_SIGNAL, W_LENGTH, W_ADDRESS, W_MODE, W_PATH, W_DATA,
	    W_FLAGS };

/* Where a descriptor of the right kind comes from. */
struct source {
	const char *call, *arg;
	const char *maker;              /* in the name of a call; NULL: any that makes one */
	uint64_t preset;                /* one that is there from the start: files_make() */
};

struct argument {
	enum what what;
	enum style style;
	const struct flags *flags;      /* W_PATH: which of paths[]; NULL: any */
	const struct source *source;    /* NULL: any descriptor is as good */
};

struct call {
	const char *name;
	int nr, nargs;
	const char *text[6];            /* type and name */
	struct argument arg[6];
	enum what makes;                /* W_FD, W_PID, W_ADDRESS; W_NUMBER: nothing */
	bool makes_two;                 /* two descriptors, where its first pointer says */
	bool not_for_root, ends_it;
};

/* Values that an argument may have: one of them, or some together. */
struct flags {
	const char *call, *arg;
	bool is_mask;
	const uint64_t *value;
	size_t n;
};

extern struct call calls[];
extern const size_t ncalls;
extern const char *const paths[];
extern const size_t npaths, npaths_of_root, npaths_here;
void grammar_init(void);
bool has(const char *text, const char *word);

/* ---- program.c ---- */
/* Numbers that depend on the seed alone. */
struct rng {
	uint64_t state;
};
void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
uint64_t below(struct rng *r, uint64_t n);
bool chance(struct rng *r, unsigned percent);
uint64_t any_number(struct rng *r);

void program_make(struct program *p, struct rng *r, bool is_root);
/* Change @p; @other is one to take from. */
void program_mutate(struct program *p, const struct program *other, struct rng *r);
void program_remove(struct program *p, unsigned at);
bool program_is_sane(const struct program *p);
/* Writes at most TEXT bytes. */
size_t program_print(const struct program *p, char *text);
/* The program at *@text, which moves behind it.  False: there is none. */
bool program_parse(struct program *p, const char **text);

/* ---- run.c ---- */
struct outcome {
	uint32_t fresh;                 /* edges that nobody had seen */
	uint32_t last_fresh;            /* steps up to the last that met one */
};

/* Shared by all workers. */
struct coverage {
	uint64_t edges;
	uint8_t seen[1 << 21];          /* a bit for an address of the kernel's code */
};

/* Open /dev/kcov; false: this kernel has none, and runs are blind. */
bool coverage_open(void);
/* In a child: run @p, telling @out and @all.  Does not return. */
void program_run(const struct program *p, uid_t uid, struct outcome *out, struct coverage *all)
	__attribute__((noreturn));
