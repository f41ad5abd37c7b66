/*
 * remotes - remote targets and Route sets, beside the call table.
 *
 * route_set.c learns them from what goes through, hangup.c reads them. An entry belongs
 * to the call of its number: it needs no clearing. Its number is written last, so what
 * a process that was killed left half written belongs to no call.
 */
#include "sipd/remotes.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/calls.h"

#define SHORT_ROOM	236

/* Texts: Contacts of caller and callee, then their Route sets; a newline between. */
enum part { CONTACT, ROUTE = 2, NPARTS = 4 };	/* + 1: the callee's */

struct entry {
	_Atomic uint64_t number;	/* of the call */
	uint32_t	cseq[2];	/* the highest of caller and callee */
	uint8_t		by_flow[2];
	uint16_t	len;		/* > SHORT_ROOM: the text is in the other table */
	char		text[SHORT_ROOM];
};
_Static_assert(sizeof(struct entry) == 256, "four to the kilobyte");

struct long_entry {
	char		text[REMOTES_TEXT_MAX];
};

static struct entry		*entries;
static struct long_entry	*longs;

int
remotes_open(void)
{
	int	adopted;

	entries = fdstore_memory("remote-targets", calls_room() * sizeof(*entries), &adopted);
	longs = fdstore_memory("route-sets", calls_room() * sizeof(*longs), &adopted);
	return entries != NULL && longs != NULL ? 0 : -errno;
}

void
remotes_close(void)
{
	if (entries != NULL)
		munmap(entries, calls_room() * sizeof(*entries));
	if (longs != NULL)
		munmap(longs, calls_room() * sizeof(*longs));
	entries = NULL;
	longs = NULL;
}

/* NULL: there is none of this call. */
static struct entry *
entry_of(const struct call *k)
{
	struct entry	*e = entries != NULL ? &entries[call_index(k)] : NULL;

	return e != NULL && atomic_load(&e->number) == call_number(k) &&
	    e->len <= REMOTES_TEXT_MAX ? e : NULL;
}

static char *
text_of(const struct call *k, struct entry *e, size_t len)
{
	return len > SHORT_ROOM ? longs[call_index(k)].text : e->text;
}

static bool
read_parts(const struct call *k, struct entry *e, struct str parts[NPARTS])
{
	struct str	rest = str_make(text_of(k, e, e->len), e->len);

	for (unsigned i = 0; i < NPARTS - 1; i++)
		if (!str_cut(&rest, '\n', &parts[i]))
			return false;
	parts[NPARTS - 1] = rest;
	return true;
}

static void
write_parts(const struct call *k, struct entry *e, const struct str parts[NPARTS])
{
	char		buf[REMOTES_TEXT_MAX + 1];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	for (unsigned i = 0; i < NPARTS; i++) {
		if (i > 0)
			text_ch(&t, '\n');
		text_add(&t, parts[i]);
	}
	atomic_store(&e->number, 0);
	if (t.full) {
		stats->remotes_too_long++;
		log_rate(LOG_PROBLEMS, "SIP", "a call's Contacts and Route sets are longer "
		    "than %u octets: a BYE of ours goes to its hops", REMOTES_TEXT_MAX);
		return;
	}
	e->len = (uint16_t)t.len;
	memcpy(text_of(k, e, t.len), buf, t.len);
	atomic_store(&e->number, call_number(k));
}

void
remotes_put(const struct call *k, const struct remote *caller,
    const struct remote *callee)
{
	struct entry	*e = entries != NULL ? &entries[call_index(k)] : NULL;

	if (e == NULL)
		return;
	atomic_store(&e->number, 0);
	e->cseq[0] = e->cseq[1] = 0;
	e->by_flow[0] = caller->by_flow;
	e->by_flow[1] = callee->by_flow;
	write_parts(k, e, (const struct str [NPARTS]){ caller->contact, callee->contact,
	    caller->route, callee->route });
}

void
remotes_moved(const struct call *k, bool caller, struct str contact)
{
	struct entry	*e = entry_of(k);
	struct str	 parts[NPARTS];

	if (e == NULL || contact.len == 0 || !read_parts(k, e, parts) ||
	    str_eq(parts[CONTACT + !caller], contact))
		return;
	parts[CONTACT + !caller] = contact;
	write_parts(k, e, parts);
}

void
remotes_sent(const struct call *k, bool from_caller, uint32_t cseq)
{
	struct entry	*e = entry_of(k);

	if (e != NULL && cseq > e->cseq[!from_caller])
		e->cseq[!from_caller] = cseq;
}

uint32_t
remotes_cseq(const struct call *k, bool from_caller)
{
	const struct entry	*e = entry_of(k);

	return e != NULL ? e->cseq[!from_caller] : 0;
}

bool
remotes_read(const struct call *k, bool caller, struct remote *out)
{
	struct entry	*e = entry_of(k);
	struct str	 parts[NPARTS];

	if (e == NULL || !read_parts(k, e, parts))
		return false;
	*out = (struct remote){ parts[CONTACT + !caller], parts[ROUTE + !caller],
	    e->by_flow[!caller] != 0 };
	return true;
}
