/*
 * trunks - calls through gateways, beside the call table.
 *
 * relay.c writes an entry when a call begins, proxy.c, dialog.c and stray.c read it
 * for what comes later. An entry belongs to the call of its number: it needs no
 * clearing. One worker writes it, that of the call, and nobody else reads it.
 */
#include "sipd/trunks.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>

#include "common/fdstore.h"
#include "sipd/msg.h"

#define TEXT_ROOM	1000

/* Texts: From and To there, From and To here, each ended by a newline. */
struct entry {
	uint64_t	number;		/* of the call */
	uint32_t	to_callee;	/* CSeq is so much higher there */
	uint32_t	to_caller;
	uint16_t	len;
	char		text[TEXT_ROOM];
};

static struct entry	*entries;
static size_t		 size;

int
trunks_open(void)
{
	int	adopted;

	size = calls_room() * sizeof(struct entry);
	entries = fdstore_memory("gateway-calls", size, &adopted);
	return entries != NULL ? 0 : -errno;
}

void
trunks_close(void)
{
	if (entries != NULL)
		munmap(entries, size);
	entries = NULL;
}

/* NULL: there is none of this call. */
static struct entry *
entry_of(const struct call *k)
{
	struct call_facts	 f;
	struct entry		*e;

	if (entries == NULL)
		return NULL;
	call_read(k, &f);
	e = &entries[call_index(k)];
	return e->number == f.number && e->len <= TEXT_ROOM ? e : NULL;
}

/* The name-addr without parameters, as a URI in brackets. */
static void
add_party(struct text *t, const char *value)
{
	struct nameaddr	na;

	if (nameaddr_parse(&na, str_of(value)) == 0) {
		text_ch(t, '<');
		text_add(t, na.uri.text);
		text_ch(t, '>');
	}
	text_ch(t, '\n');
}

void
trunks_put(const struct call *k, const struct trunk *t)
{
	struct call_facts	 f;
	struct entry		*e;
	struct text		 text;

	if (entries == NULL)
		return;
	call_read(k, &f);
	e = &entries[call_index(k)];
	text_init(&text, e->text, sizeof(e->text));
	if (t != NULL && (t->from != NULL || t->to != NULL)) {
		text_printf(&text, "%s\n%s\n", t->from != NULL ? t->from : "",
		    t->to != NULL ? t->to : "");
		add_party(&text, t->here_from);
		add_party(&text, t->here_to);
	}
	e->len = text.full ? 0 : (uint16_t)text.len;
	e->to_callee = t != NULL ? t->shift : 0;
	if (e->number != f.number)
		e->to_caller = 0;
	e->number = f.number;
}

void
trunks_shift(const struct call *k, bool to_callee, uint32_t shift)
{
	struct entry	*e = entry_of(k);

	if (e != NULL)
		*(to_callee ? &e->to_callee : &e->to_caller) = shift;
}

uint32_t
trunks_raised(const struct call *k, bool to_callee)
{
	const struct entry	*e = gateways_any() ? entry_of(k) : NULL;

	return e == NULL ? 0 : to_callee ? e->to_callee : e->to_caller;
}

/* Our user knows the parties as they were here, the gateway as they were there. */
static void
take_parties(struct trunk *t, const struct entry *e, bool to_callee)
{
	struct str	rest = str_make(e->text, e->len), there_from, there_to;
	struct str	here_from, here_to;

	if (!str_cut(&rest, '\n', &there_from) || !str_cut(&rest, '\n', &there_to) ||
	    !str_cut(&rest, '\n', &here_from) || !str_cut(&rest, '\n', &here_to))
		return;
	if (there_from.len > 0) {
		if (to_callee)
			t->from = str_dup(there_from);
		else
			t->to = str_dup(here_from);
	}
	if (there_to.len > 0) {
		if (to_callee)
			t->to = str_dup(there_to);
		else
			t->from = str_dup(here_to);
	}
}

struct trunk *
trunks_of(const struct call *k, const struct sip_msg *m, bool from_caller)
{
	struct gateway_facts	 facts;
	struct call_facts	 f;
	struct entry		*e;
	struct trunk		*t;

	call_read(k, &f);
	if (f.gateway.len == 0 && f.came_by.len == 0)
		return NULL;
	t = trunk_new(gateway_named(from_caller ? f.gateway : f.came_by), m);
	if ((e = entry_of(k)) != NULL) {
		take_parties(t, e, from_caller);
		t->shift = from_caller ? e->to_callee : e->to_caller;
	}
	if (t->gateway != NULL) {
		gateway_read(t->gateway, &facts);
		t->signs = facts.authenticate != CALLS_AUTH_OFF;
		t->trusted = facts.trusted;
	}
	return t;
}

/* The name-addr and the tag that the response has. */
static void
put_party(char **field, struct str party, struct str tag)
{
	char		buf[TEXT_ROOM + 300];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_add(&t, party);
	if (tag.len > 0) {
		text_add(&t, STR(";tag="));
		text_add(&t, tag);
	}
	if (t.full || party.len == 0)
		return;
	free(*field);
	*field = str_dup(text_str(&t));
}

struct trunk *
trunks_back(const struct call *k, const struct sip_msg *m, bool from_caller)
{
	struct entry	*e = gateways_any() ? entry_of(k) : NULL;
	struct str	 rest, here_from, here_to;
	struct trunk	*t;

	if (e == NULL || (t = trunks_of(k, m, from_caller)) == NULL)
		return NULL;
	t->here_cseq = m->cseq - t->shift;
	rest = str_make(e->text, e->len);
	if (!from_caller || !str_cut(&rest, '\n', &here_from) ||
	    !str_cut(&rest, '\n', &here_from) || !str_cut(&rest, '\n', &here_from) ||
	    !str_cut(&rest, '\n', &here_to))
		return t;
	put_party(&t->here_from, here_from, m->from_tag);
	put_party(&t->here_to, here_to, m->to_tag);
	return t;
}

struct trunk *
trunks_find(struct calls *c, const struct sip_msg *m)
{
	struct call	*k;
	bool		 from_caller;

	if (!gateways_any())
		return NULL;
	k = call_find(c, m->call_id, m->from_tag, m->to_tag, &from_caller);
	return k != NULL ? trunks_of(k, m, from_caller) : NULL;
}
