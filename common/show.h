#ifndef COMMON_SHOW_H
#define COMMON_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"

/*
 * Tables for sipctl: a daemon registers what it can show, and builds rows cell by
 * cell; the JSON key is the cell's name. A table is answered in parts: the row
 * function starts at cursor and returns the next cursor, or 0 at the end. It
 * stops when show_full() says so.
 */
enum cell_kind {
	CELL_TEXT,
	CELL_NUMBER,
	CELL_BOOL,
	CELL_NULL,
	CELL_LIST,
};

struct show;			/* rows being built */

void	show_row(struct show *s);		/* begins a row */
/* name must live as long as the program; v is copied, cut at 4096 octets. */
void	show_text(struct show *s, const char *name, struct str v);
void	show_number(struct show *s, const char *name, int64_t v);
void	show_bool(struct show *s, const char *name, bool v);
void	show_null(struct show *s, const char *name);
void	show_text_or_null(struct show *s, const char *name, struct str v);	/* "": null */
/* Elements joined and each ended by \n. */
void	show_list(struct show *s, const char *name, struct str joined);
bool	show_full(const struct show *s);	/* 256 rows, 256 KiB, 16384 cells */
/* Argument i of the question, or the empty slice. */
struct str show_arg(const struct show *s, unsigned i);

typedef uint64_t show_fn(void *arg, struct show *s, uint64_t cursor);
/*
 * Instead: answers t later by show_answer(), with rows of its own show_new(); the
 * arguments are valid until it returns.
 */
struct msg_show;
typedef void show_later_fn(void *arg, struct bus_ticket t, const struct msg_show *q);

struct show_table {
	const char	*what;
	show_fn		*fn;
	show_later_fn	*later;
};
struct show *show_new(void);
void	show_free(struct show *s);		/* NULL is fine */
/* All rows, in the thread of t's bus. next: as of show_fn. */
void	show_answer(struct show *s, struct bus_ticket t, uint64_t next);
/* Tables end with { 0 }; up to 16 may be added to a server, bus or monitor. */
void	show_serve(struct bus_server *server, const struct show_table *tables,
	    void *arg);

#endif
