/* SPDX-License-Identifier: MIT */
/* Making programs, changing them, and their text. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "callfuzz.h"

static const uint64_t odd_numbers[] = {
	0, 1, 2, 3, 4, 7, 8, 16, 63, 64, 65, 127, 255, 256, 4095, 4096, 4097, 8192, 65535, 65536,
	0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
	(uint64_t)-1, (uint64_t)-2, (uint64_t)-4096,
};
static const uint64_t bad_pointers[] = {
	0, 1, 8, 0x1000, 0x7fffffffffff, 0xffff800000000000, 0xffffffff80000000, (uint64_t)-1,
	(uint64_t)-4096, 0x0000800000000000, 0x0001000000000000,
};

void rng_seed(struct rng *r, uint64_t seed)
{
	r->state = (seed + 1) * 0x9e3779b97f4a7c15ull | 1;
	(void)rng_next(r);
	(void)rng_next(r);
}

uint64_t rng_next(struct rng *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state * 0x2545f4914f6cdd1dull;
}

uint64_t below(struct rng *r, uint64_t n)
{
	return (rng_next(r) >> 11) % n;
}

bool chance(struct rng *r, unsigned percent)
{
	return below(r, 100) < percent;
}

uint64_t any_number(struct rng *r)
{
	switch (below(r, 5)) {
	case 0:
		return odd_numbers[below(r, sizeof(odd_numbers) / sizeof(odd_numbers[0]))];
	case 1:
		return 1ull << below(r, 64);
	case 2:
		return rng_next(r);
	case 3:
		return rng_next(r) >> below(r, 64);
	default:
		return below(r, 17);
	}
}

static struct arg number(uint64_t value)
{
	return (struct arg){ .kind = NUMBER, .value = value };
}

static uint64_t any_bits(struct rng *r)
{
	uint64_t v = 0;

	if (chance(r, 50))
		return below(r, chance(r, 50) ? 8 : 64);
	for (uint64_t n = below(r, 4) + 1; n; n--)
		v |= 1ull << below(r, chance(r, 90) ? 24 : 64);
	return v;
}

static uint64_t any_flags(const struct flags *f, struct rng *r)
{
	uint64_t v = 0;

	if (!f->is_mask)
		return f->value[below(r, f->n)];
	for (uint64_t n = below(r, 4); n; n--)
		v |= f->value[below(r, f->n)];
	return chance(r, 3) ? v | any_bits(r) : v;
}

/* A place in the arena; the last bytes before the hole now and then. */
static struct arg any_data(enum style style, struct rng *r)
{
	struct arg a = { .kind = DATA, .style = style, .seed = (uint32_t)rng_next(r) };

	if (chance(r, 6))
		return number(bad_pointers[below(r, sizeof(bad_pointers) / sizeof(uint64_t))]);
	a.value = chance(r, 5) ? ARENA - below(r, 40) : below(r, ARENA / 256 - 4) * 256;
	if (chance(r, 2))
		a.value += below(r, 8);
	return a;
}

static bool is_maker(const struct call *c, const struct argument *spec)
{
	return c->makes == spec->what &&
	       (!spec->source || !spec->source->maker || has(c->name, spec->source->maker));
}

/* A step before @at whose result is what @spec wants; false: none.  The later the likelier. */
static bool find_maker(const struct program *p, unsigned at, const struct argument *spec,
		       struct rng *r, struct arg *a)
{
	for (unsigned i = at; i-- > 0;) {
		const struct call *c = &calls[p->step[i].call];

		if (!is_maker(c, spec) || chance(r, 30))
			continue;
		*a = (struct arg){ .kind = c->makes_two && chance(r, 50) ? SECOND : RESULT,
				   .value = i };
		return true;
	}
	return false;
}

static struct arg any_argument(const struct program *p, unsigned at, const struct argument *spec,
			       struct rng *r)
{
	struct arg a;

	if (chance(r, 2))
		return number(any_number(r));
	switch (spec->what) {
	case W_FD:
		if (spec->source && chance(r, 50))
			return number(spec->source->preset);
		if (chance(r, 75) && find_maker(p, at, spec, r, &a))
			return a;
		return number(chance(r, 10) ? (uint64_t)AT_FDCWD : below(r, PRESETS));
	case W_PID:
		if (chance(r, 50) && find_maker(p, at, spec, r, &a))
			return a;
		if (chance(r, 70))
			return (struct arg){ .kind = SELF };
		return number(chance(r, 70) ? 0 : 99999);
	case W_ADDRESS:
		if (chance(r, 60) && find_maker(p, at, spec, r, &a))
			return a;
		return number((uintptr_t)ARENA_AT + below(r, ARENA / 4096) * 4096);
	case W_PATH:
		a = (struct arg){ .kind = PATH };
		a.value = spec->flags ? any_flags(spec->flags, r) :
			  below(r, chance(r, 60) ? npaths_here :
				p->is_root ? npaths_of_root : npaths);
		return a;
	case W_DATA:
		return any_data(spec->style, r);
	case W_FLAGS:
		return number(any_flags(spec->flags, r));
	case W_SIGNAL:
		return number(below(r, chance(r, 95) ? 65 : 200));
	case W_LENGTH:
		if (chance(r, 15))
			return number(any_number(r));
		return number(below(r, chance(r, 50) ? 64 : 3 * 4096));
	case W_MODE:
		return number(chance(r, 60) ? S_IFREG | below(r, 01000) : any_bits(r));
	case W_UID:
		return number(chance(r, 80) ? FIRST_UID + below(r, 4) : any_number(r));
	default:
		if (chance(r, 25))
			return any_data(INTS, r);
		return number(chance(r, 60) ? any_bits(r) : any_number(r));
	}
}

/* One that makes what @spec wants; NULL: any. */
static unsigned any_call(const struct program *p, const struct argument *spec, struct rng *r)
{
	for (;;) {
		unsigned i = (unsigned)below(r, ncalls);

		if ((p->is_root && calls[i].not_for_root) || (calls[i].ends_it && !chance(r, 2)))
			continue;
		if (!spec || is_maker(&calls[i], spec))
			return i;
	}
}

/* Make room for a step at @at: later steps' references move along. */
static void open_gap(struct program *p, unsigned at)
{
	memmove(p->step + at + 1, p->step + at, (p->n - at) * sizeof(p->step[0]));
	p->n++;
	for (unsigned i = at + 1; i < p->n; i++)
		for (int k = 0; k < 6; k++) {
			struct arg *a = &p->step[i].arg[k];

			if ((a->kind == RESULT || a->kind == SECOND) && a->value >= at)
				a->value++;
		}
}

void program_remove(struct program *p, unsigned at)
{
	memmove(p->step + at, p->step + at + 1, (p->n - at - 1) * sizeof(p->step[0]));
	p->n--;
	for (unsigned i = at; i < p->n; i++)
		for (int k = 0; k < 6; k++) {
			struct arg *a = &p->step[i].arg[k];

			if (a->kind != RESULT && a->kind != SECOND)
				continue;
			if (a->value == at)
				*a = number(3 + i % 8);
			else if (a->value > at)
				a->value--;
		}
}

static void fill_step(struct program *p, unsigned at, struct rng *r)
{
	struct step *s = &p->step[at];
	const struct call *c = &calls[s->call];

	for (int k = 0; k < 6; k++)
		s->arg[k] = k < c->nargs ? any_argument(p, at, &c->arg[k], r) :
			    number(any_number(r));
}

static void insert(struct program *p, unsigned at, const struct argument *spec, struct rng *r)
{
	unsigned call = any_call(p, spec, r);

	if (p->n == STEPS)
		return;
	open_gap(p, at);
	p->step[at].call = (uint16_t)call;
	fill_step(p, at, r);
}

/* A call at @at, and now and then what it needs before it. */
static void insert_with_need(struct program *p, unsigned at, struct rng *r)
{
	unsigned call = any_call(p, NULL, r);
	struct arg unused;

	for (int k = 0; k < calls[call].nargs; k++) {
		const struct argument *spec = &calls[call].arg[k];

		if ((spec->what == W_FD || spec->what == W_PID || spec->what == W_ADDRESS) &&
		    chance(r, 40) && p->n + 1 < STEPS && !find_maker(p, at, spec, r, &unused))
			insert(p, at++, spec, r);
	}
	if (p->n == STEPS)
		return;
	open_gap(p, at);
	p->step[at].call = (uint16_t)call;
	fill_step(p, at, r);
}

void program_make(struct program *p, struct rng *r, bool is_root)
{
	unsigned n = 2 + (unsigned)below(r, STEPS - 6);

	memset(p, 0, sizeof(*p));
	p->is_root = is_root;
	while (p->n < n)
		insert_with_need(p, p->n, r);
}

static void append(struct program *p, const struct program *other, struct rng *r)
{
	unsigned base = p->n, n = 1 + (unsigned)below(r, other->n);

	if (other->is_root && !p->is_root)
		return;
	for (unsigned i = 0; i < n && p->n < STEPS; i++) {
		struct step *s = &p->step[p->n];

		*s = other->step[i];
		if (p->is_root && calls[s->call].not_for_root)
			return;
		for (int k = 0; k < 6; k++) {
			if (s->arg[k].kind == RESULT || s->arg[k].kind == SECOND)
				s->arg[k].value += base;
			if (p->is_root && s->arg[k].kind == PATH)
				s->arg[k].value %= npaths_of_root;
		}
		p->n++;
	}
}

void program_mutate(struct program *p, const struct program *other, struct rng *r)
{
	unsigned at = (unsigned)below(r, p->n), what = (unsigned)below(r, 100);
	const struct call *c = &calls[p->step[at].call];

	if (what < 50 && c->nargs) {
		int k = (int)below(r, (uint64_t)c->nargs);

		p->step[at].arg[k] = any_argument(p, at, &c->arg[k], r);
	} else if (what < 75) {
		insert_with_need(p, (unsigned)below(r, p->n + 1u), r);
	} else if (what < 85 && p->n > 1) {
		program_remove(p, at);
	} else if (what < 92) {
		fill_step(p, at, r);
	} else {
		append(p, other, r);
	}
}

bool program_is_sane(const struct program *p)
{
	if (!p->n || p->n > STEPS)
		return false;
	for (unsigned i = 0; i < p->n; i++) {
		if (p->step[i].call >= ncalls)
			return false;
		for (int k = 0; k < 6; k++) {
			const struct arg *a = &p->step[i].arg[k];

			if (a->kind > DATA || a->style >= STYLES ||
			    ((a->kind == RESULT || a->kind == SECOND) && a->value >= i) ||
			    (a->kind == PATH && a->value >= npaths) ||
			    (a->kind == DATA && a->value > ARENA))
				return false;
		}
	}
	return true;
}

/* ---- text ---- */

static int print_arg(const struct arg *a, char *at)
{
	switch (a->kind) {
	case RESULT:
		return sprintf(at, " r%d", (int)a->value);
	case SECOND:
		return sprintf(at, " s%d", (int)a->value);
	case SELF:
		return sprintf(at, " self");
	case PATH:
		return sprintf(at, " /%s", paths[a->value]);
	case DATA:
		return sprintf(at, " @%lx:%x:%x", (long)a->value, a->style, a->seed);
	default:
		return sprintf(at, " #%lx", (long)a->value);
	}
}

size_t program_print(const struct program *p, char *text)
{
	char *at = text + sprintf(text, "%s\n", p->is_root ? "root" : "user");

	for (unsigned i = 0; i < p->n; i++) {
		const struct call *c = &calls[p->step[i].call];

		at += sprintf(at, "%s", c->name);
		for (int k = 0; k < c->nargs; k++)
			at += print_arg(&p->step[i].arg[k], at);
		*at++ = '\n';
	}
	*at = '\0';
	return (size_t)(at - text);
}

static bool parse_arg(struct arg *a, const char *word)
{
	unsigned style;

	*a = number(0);
	switch (word[0]) {
	case '#':
		a->value = strtoull(word + 1, NULL, 16);
		return true;
	case 'r':
	case 's':
		a->kind = strcmp(word, "self") == 0 ? SELF : word[0] == 'r' ? RESULT : SECOND;
		a->value = a->kind == SELF ? 0 : strtoull(word + 1, NULL, 10);
		return true;
	case '/':
		a->kind = PATH;
		while (a->value < npaths && strcmp(paths[a->value], word + 1) != 0)
			a->value++;
		return a->value < npaths;
	case '@':
		a->kind = DATA;
		if (sscanf(word + 1, "%lx:%x:%x", (unsigned long *)&a->value, &style,
			   &a->seed) != 3)
			return false;
		a->style = (uint8_t)style;
		return true;
	default:
		return false;
	}
}

static bool parse_step(struct step *s, char *line)
{
	char *save, *word = strtok_r(line, " ", &save);

	for (s->call = 0; s->call < ncalls; s->call++)
		if (word && strcmp(calls[s->call].name, word) == 0)
			break;
	if (s->call == ncalls)
		return false;
	for (int k = 0; k < calls[s->call].nargs; k++) {
		word = strtok_r(NULL, " ", &save);
		if (!word || !parse_arg(&s->arg[k], word))
			return false;
	}
	return true;
}

/* The next line of *@text in @line; false: the end, or too long a line. */
static bool next_line(const char **text, char *line, size_t size)
{
	size_t n = strcspn(*text, "\n");

	if (!**text || n >= size)
		return false;
	memcpy(line, *text, n);
	line[n] = '\0';
	*text += n + ((*text)[n] != '\0');
	return true;
}

bool program_parse(struct program *p, const char **text)
{
	char line[512];
	const char *at = *text;

	memset(p, 0, sizeof(*p));
	if (!next_line(&at, line, sizeof(line)) ||
	    (strcmp(line, "root") != 0 && strcmp(line, "user") != 0))
		return false;
	p->is_root = line[0] == 'r';
	*text = at;
	while (p->n < STEPS && next_line(&at, line, sizeof(line)) &&
	       parse_step(&p->step[p->n], line)) {
		p->n++;
		*text = at;
	}
	return program_is_sane(p);
}
