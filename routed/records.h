#ifndef ROUTED_RECORDS_H
#define ROUTED_RECORDS_H

#include "routed/record.h"

/*
 * The table of routes.conf: the first record that matches an address, in a time
 * that does not grow with their number while they differ in their domains or in
 * what stands before their first wildcard.
 */
struct records;

/*
 * Of a whole file; NULL after errors, all of which are told. s: which domain is the
 * main one.
 */
struct records *records_build(const char *file, struct str text,
	    const struct settings *s, struct complaints *out);
void	records_free(struct records *r);		/* NULL is fine */
uint32_t records_count(const struct records *r);
/* i from 0, in the order of the file. */
const struct record *records_at(const struct records *r, uint32_t i);
const char *records_file(const struct records *r);
/* The first that matches, or NULL. */
const struct record *records_find(const struct records *r, const char *local,
	    const char *domain, enum record_class class, struct captures *taken);

/*
 * The first that is_it says it is, of those that may match an address which begins
 * with local; its domain is domain (exact), or ends with it.
 */
typedef bool	records_is_it_fn(void *arg, const struct record *one);
const struct record *records_search(const struct records *r, struct str local,
	    struct str domain, bool exact, records_is_it_fn *is_it, void *arg);

/*
 * suspect.c. Warns of what is in order but hardly meant: records that are never
 * reached, that open a gateway to strangers, that name a gateway that there is not.
 */
void	records_suspect(const struct records *r, const struct settings *s,
	    struct complaints *out);

#endif
