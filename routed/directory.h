#ifndef ROUTED_DIRECTORY_H
#define ROUTED_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/loop.h"
#include "common/route.h"
#include "common/str.h"

/*
 * The directory: names that mean something else, and the rules of who is called.
 *
 *   alias      sales@example.com  means anna@example.com
 *              @old.example       means the same user @new.example
 *   forwarder  boss@example.com   means any address, also of others
 *   group      all@example.com    means several addresses, one a line
 *   number     +442071234567      means the address that it belongs to
 *   price      teleco1/4420       means what a gateway takes for such a number
 *   rules      "*", "@example.com", "anna@example.com": their text, see rules.h
 *
 * All in memory; changes are on disk before they hold, written by a thread of their
 * own. An address has one meaning: names are unique over all but rules.
 */
struct directory;

struct entry {
	uint8_t		 kind;		/* enum entry_kind */
	char		*name;		/* canonical */
	char		*value;
	void		*meaning;	/* of rules, kept by rules.c; else NULL */
	uint32_t	 place;
};

#define DIRECTORY_MAX		1000000
#define DIRECTORY_WAITING	1024	/* changes on their way to the disk */
#define ENTRY_VALUE_MAX		8000	/* octets */

/* Frees what hangs at entries as meaning; may be NULL. */
struct directory *directory_new(void (*free_meaning)(void *));
/* Stops the writer after what is under way. NULL is fine. */
void	directory_free(struct directory *d);
/* Reads the database at path, makes it if missing, starts the writer. */
int	directory_open(struct directory *d, struct loop *l, const char *path);
/* An alias, forwarder, group or number. */
const struct entry *directory_find(const struct directory *d, struct str name);
struct entry *directory_rules(const struct directory *d, struct str scope);
uint32_t directory_count(const struct directory *d, enum entry_kind kind);
/* The entry at *at or the next one of this kind, and *at its number. */
const struct entry *directory_next(const struct directory *d,
	    enum entry_kind kind, uint64_t *at);

/* error: 0, or -errno of the disk, and nothing has changed. */
typedef void directory_done_fn(void *arg, int error, enum entry_kind kind,
	    struct str name);
/*
 * Sets an entry, or removes it (value empty), durably: done comes later. name and
 * value are canonical. 0; -EAGAIN: too many changes wait; -ENOSPC: too many.
 */
int	directory_change(struct directory *d, enum entry_kind kind,
	    struct str name, struct str value, directory_done_fn *done, void *arg);
uint32_t directory_waiting(const struct directory *d);
/* In memory only; the tests' way in. */
void	directory_apply(struct directory *d, enum entry_kind kind, struct str name,
	    struct str value);

#endif
