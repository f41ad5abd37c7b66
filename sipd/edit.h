#ifndef SIPD_EDIT_H
#define SIPD_EDIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/addr.h"
#include "common/str.h"
#include "sipd/msg.h"

/*
 * Changes to a message on its way through (RFC 3261 sections 16.6 and 16.7): a
 * list of places and new texts over the original bytes, written once. What is
 * not named stays byte-exact and in its order. The storage is the caller's;
 * texts given must live until edits_write(). Functions have no result: what
 * does not fit (more than EDITS_MAX, a place that does not exist) is remembered
 * and edits_write() says -EMSGSIZE.
 *
 * Texts are inserted as they are: they must hold no CR, LF or NUL but folds of
 * the same message.
 */
#define EDITS_MAX	32

struct edit {
	uint32_t	at;		/* offset in m->text */
	uint32_t	cut;		/* octets left out there */
	struct str	name;		/* not empty: "name: with CRLF" is written */
	struct str	with;
};

struct edits {
	const struct sip_msg *m;
	unsigned	n;
	bool		failed;
	struct edit	edit[EDITS_MAX];
	struct text	scratch;
	char		scratch_buf[256];	/* texts made here */
};

void	edits_init(struct edits *e, const struct sip_msg *m);
/* Appends the changed message to out. 0, or -EMSGSIZE. */
int	edits_write(struct edits *e, struct text *out);
/* Octets that edits_write() would append. */
size_t	edits_size(const struct edits *e);

/* Any slice of m's text, by another. */
void	edit_replace(struct edits *e, struct str old, struct str with);
void	edit_request_uri(struct edits *e, struct str uri);
/* value without name: a new first Via line. */
void	edit_prepend_via(struct edits *e, struct str value);
/*
 * A new first line of this header, before those there are; when there are none
 * behind the Vias. Later calls for the same header come before earlier ones.
 */
void	edit_prepend(struct edits *e, enum header id, struct str value);
#define edit_prepend_record_route(e, value)	\
	edit_prepend((e), HDR_RECORD_ROUTE, (value))
/* received= and rport= in the top Via: see via_stamp(). */
void	edit_via_received(struct edits *e, const struct addr *source);
/* The top value (responses): the line when it is alone there. */
void	edit_remove_top_via(struct edits *e);
/* The first n values of Route. */
void	edit_remove_routes(struct edits *e, unsigned n);
#define edit_remove_first_route(e)	edit_remove_routes((e), 1)
/* All lines of this header. */
void	edit_remove_header(struct edits *e, enum header id);
/* One line. */
void	edit_remove_line(struct edits *e, const struct sip_line *l);
/* A new line at the end of the head, before Content-Length if that is last. */
void	edit_add_header(struct edits *e, struct str name, struct str value);
/* Replaces the value or adds the line. */
void	edit_max_forwards(struct edits *e, unsigned value);
void	edit_max_breadth(struct edits *e, unsigned value);
/*
 * Another body: replaces the body and Content-Length (all copies by one), adds
 * it if missing. Content-Type stays.
 */
void	edit_body(struct edits *e, struct str body);
/* Adds Content-Length if there is none: what goes to a stream needs it. */
void	edit_content_length(struct edits *e);

#endif
