/*
 * records - routes.conf as one structure.
 *
 * A record hangs at two things that every address it matches has: its domain (or the
 * end of it, where the pattern begins with a wildcard) and the beginning of its local
 * part up to the first wildcard. Both are looked up by hash, for every length that
 * any record has: a handful of probes for an address, then the few records that hang
 * there, in the order of the file. A hash that two share only costs a comparison,
 * for each record is matched as a whole.
 */
#include "routed/records.h"

#include <stdlib.h>

#include "common/scan.h"

#define NONE		UINT32_MAX
#define LENGTH_MAX	63	/* octets of a head or tail that are hashed */

/* From a hash to a number. */
struct index {
	struct entry {
		uint64_t	hash;		/* 0: free */
		uint32_t	value;
	}		*v;
	uint32_t	 size, n;	/* size: a power of two */
};

/* The records of one domain, or of one end of domains. */
struct bucket {
	uint64_t	lengths;	/* bit n: heads of n octets */
};

/* Those of a bucket with one head, linked in the order of the file. */
struct cell {
	uint32_t	first, last;
};

struct records {
	struct arena	*memory;
	char		*file;
	struct record	*v;
	uint32_t	 n, size;
	struct index	 domains, heads;
	struct bucket	*buckets;
	uint32_t	 nbuckets;
	struct cell	*cells;
	uint32_t	 ncells;
	uint64_t	 tails;		/* bit n: ends of n octets */
};

/* ---- hashes ---- */

#define FNV_BASIS	UINT64_C(14695981039346656037)
#define FNV_PRIME	UINT64_C(1099511628211)

static inline uint64_t
hash_step(uint64_t h, char c)
{
	return (h ^ scan_lower((unsigned char)c)) * FNV_PRIME;
}

/* Never 0, and with its last octets in all bits. */
static inline uint64_t
hash_end(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	return h != 0 ? h : 1;
}

/* What an exact domain begins its hash with, and what an end does. */
static const uint64_t	exact_basis = FNV_BASIS, tail_basis = FNV_BASIS ^ 0x5bd1e995;

static uint64_t
head_basis(uint32_t bucket)
{
	return (FNV_BASIS ^ bucket) * FNV_PRIME;
}

static struct entry *
index_slot(const struct index *x, uint64_t hash)
{
	uint32_t	i = (uint32_t)hash & (x->size - 1);

	while (x->v[i].hash != 0 && x->v[i].hash != hash)
		i = (i + 1) & (x->size - 1);
	return &x->v[i];
}

static uint32_t
index_find(const struct index *x, uint64_t hash)
{
	const struct entry	*e = x->size > 0 ? index_slot(x, hash) : NULL;

	return e != NULL && e->hash != 0 ? e->value : NONE;
}

static void
index_grow(struct index *x)
{
	struct index	old = *x;

	x->size = old.size > 0 ? 2 * old.size : 64;
	x->v = xcalloc(x->size, sizeof(*x->v));
	for (uint32_t i = 0; i < old.size; i++)
		if (old.v[i].hash != 0)
			*index_slot(x, old.v[i].hash) = old.v[i];
	free(old.v);
}

/* The value of hash; next becomes it when it is new. */
static uint32_t
index_put(struct index *x, uint64_t hash, uint32_t next)
{
	struct entry	*e;

	if (2 * (x->n + 1) > x->size)
		index_grow(x);
	e = index_slot(x, hash);
	if (e->hash == 0) {
		*e = (struct entry){ hash, next };
		x->n++;
	}
	return e->value;
}

/* ---- building ---- */

static size_t
hashed(size_t len)
{
	return len > LENGTH_MAX ? LENGTH_MAX : len;
}

static uint64_t
domain_hash(struct records *r, const struct pattern *p)
{
	struct str	text = p->wild ? pattern_tail(p) : pattern_head(p);
	uint64_t	h = p->wild ? tail_basis : exact_basis;
	size_t		n = p->wild ? hashed(text.len) : text.len;

	for (size_t i = 0; i < n; i++)
		h = hash_step(h, text.s[text.len - 1 - i]);
	if (p->wild)
		r->tails |= UINT64_C(1) << n;
	return hash_end(h);
}

/* Arrays that double: room for one more. */
static void *
room(void *v, uint32_t n, size_t size)
{
	return (n & (n - 1)) == 0 ? xrealloc(v, n > 0 ? 2 * (size_t)n : 1, size) : v;
}

static uint32_t
bucket_of(struct records *r, const struct record *one)
{
	uint32_t	b = index_put(&r->domains, domain_hash(r, &one->domain),
			    r->nbuckets);

	if (b == r->nbuckets) {
		r->buckets = room(r->buckets, b, sizeof(*r->buckets));
		r->buckets[r->nbuckets++] = (struct bucket){ 0 };
	}
	return b;
}

static void
hang(struct records *r, uint32_t number)
{
	struct record	*one = &r->v[number];
	uint32_t	 b = bucket_of(r, one), c;
	struct str	 head = pattern_head(&one->local);
	size_t		 n = hashed(head.len);
	uint64_t	 h = head_basis(b);

	for (size_t i = 0; i < n; i++)
		h = hash_step(h, head.s[i]);
	r->buckets[b].lengths |= UINT64_C(1) << n;
	c = index_put(&r->heads, hash_end(h), r->ncells);
	one->next = NONE;
	if (c < r->ncells) {
		r->v[r->cells[c].last].next = number;
		r->cells[c].last = number;
		return;
	}
	r->cells = room(r->cells, c, sizeof(*r->cells));
	r->cells[r->ncells++] = (struct cell){ number, number };
}

static void
read_lines(struct records *r, struct str text, struct str main,
    struct complaints *out)
{
	struct str	rest = text, line;
	uint32_t	number = 0;
	size_t		before;

	while (str_cut(&rest, '\n', &line)) {
		if (line.len > 0 && line.s[line.len - 1] == '\r')
			line.len--;
		before = out->n;
		r->v = room(r->v, r->n, sizeof(*r->v));
		if (record_parse(&r->v[r->n], r->file, ++number, line, main,
		    r->memory, out) > 0)
			r->n++;
		for (; before < out->n; before++)
			if (out->v[before].source == NULL)
				out->v[before].source = str_dup(line.len > 1000 ?
				    str_make(line.s, 1000) : line);
	}
}

struct records *
records_build(const char *file, struct str text, const struct settings *s,
    struct complaints *out)
{
	struct records	*r = xcalloc(1, sizeof(*r));
	size_t		 errors = out->errors;

	r->memory = arena_new();
	r->file = xstrdup(file);
	read_lines(r, text, s->domains.n > 0 ? str_of(s->domains.v[0]) : STR_NONE,
	    out);
	if (out->errors > errors) {
		records_free(r);
		return NULL;
	}
	for (uint32_t i = 0; i < r->n; i++)
		hang(r, i);
	return r;
}

void
records_free(struct records *r)
{
	if (r == NULL)
		return;
	arena_free(r->memory);
	free(r->file);
	free(r->v);
	free(r->domains.v);
	free(r->heads.v);
	free(r->buckets);
	free(r->cells);
	free(r);
}

uint32_t
records_count(const struct records *r)
{
	return r->n;
}

const struct record *
records_at(const struct records *r, uint32_t i)
{
	return &r->v[i];
}

const char *
records_file(const struct records *r)
{
	return r->file;
}

/* ---- finding ---- */

/* Of the chain, the first that is it and stands before best. */
static uint32_t
search_cell(const struct records *r, uint32_t cell, uint32_t best, records_is_it_fn *is_it,
    void *arg)
{
	uint32_t	i = cell != NONE ? r->cells[cell].first : NONE;

	for (; i != NONE && i < best; i = r->v[i].next)
		if (is_it(arg, &r->v[i]))
			return i;
	return best;
}

static uint32_t
search_bucket(const struct records *r, uint32_t bucket, struct str local,
    uint32_t best, records_is_it_fn *is_it, void *arg)
{
	uint64_t	h = head_basis(bucket), lengths;

	if (bucket == NONE)
		return best;
	lengths = r->buckets[bucket].lengths;
	for (size_t n = 0; lengths >> n != 0; n++) {
		if (lengths >> n & 1)
			best = search_cell(r, index_find(&r->heads, hash_end(h)),
			    best, is_it, arg);
		if (n == local.len || n == LENGTH_MAX)
			break;
		h = hash_step(h, local.s[n]);
	}
	return best;
}

const struct record *
records_search(const struct records *r, struct str local, struct str domain,
    bool exact, records_is_it_fn *is_it, void *arg)
{
	uint64_t	h = exact_basis, t = tail_basis;
	uint32_t	best = NONE;

	for (size_t i = 0; exact && i < domain.len; i++)
		h = hash_step(h, domain.s[domain.len - 1 - i]);
	if (exact)
		best = search_bucket(r, index_find(&r->domains, hash_end(h)), local,
		    best, is_it, arg);
	for (size_t n = 0; r->tails >> n != 0; n++) {
		if (r->tails >> n & 1)
			best = search_bucket(r, index_find(&r->domains,
			    hash_end(t)), local, best, is_it, arg);
		if (n == domain.len || n == LENGTH_MAX)
			break;
		t = hash_step(t, domain.s[domain.len - 1 - n]);
	}
	return best != NONE ? &r->v[best] : NULL;
}

struct wanted {
	const char		*local, *domain;
	enum record_class	 class;
	struct captures		 now, *taken;
};

static bool
matches(void *arg, const struct record *one)
{
	struct wanted	*w = arg;

	if ((one->classes & w->class) == 0 ||
	    !record_match(one, w->local, w->domain, &w->now))
		return false;
	*w->taken = w->now;
	return true;
}

const struct record *
records_find(const struct records *r, const char *local, const char *domain,
    enum record_class class, struct captures *taken)
{
	struct wanted	w = { .local = local, .domain = domain, .class = class,
			    .taken = taken };

	return records_search(r, str_of(local), str_of(domain), true, matches, &w);
}
