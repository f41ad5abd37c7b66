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
#include "common/log.h"
#include "common/stats.h"
#include "sipd/msg.h"

#define TEXT_ROOM	980

/* CSeq at one side. It is raised for all requests that follow. */
struct toward {
	uint32_t	shift;		/* is so much higher there */
	uint32_t	top;		/* the highest there so far */
	uint32_t	invite;		/* of the last INVITE, here ... */
	uint32_t	invite_shift;	/* ... and what its ACK is shifted by */
};

/* Texts: From and To there, From and To here, each ended by a newline. */
struct entry {
	uint64_t	number;		/* of the call */
	struct toward	to[2];		/* [true]: the callee */
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
	entries = fdstore_memory("gateway-parties", size, &adopted);
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
	struct entry	*e = entries != NULL ? &entries[call_index(k)] : NULL;

	return e != NULL && e->number == call_number(k) && e->len <= TEXT_ROOM ? e : NULL;
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

static void
sent(struct toward *to, uint32_t cseq, uint32_t shift, bool invite)
{
	if (shift > to->shift)
		to->shift = shift;
	if (cseq + shift > to->top)
		to->top = cseq + shift;
	if (invite) {
		to->invite = cseq;
		to->invite_shift = shift;
	}
}

/* Others may have overtaken an INVITE before its ACK. */
static uint32_t
shift_of(const struct toward *to, const struct sip_msg *m)
{
	return m->request && m->method == METHOD_ACK && m->cseq == to->invite ?
	    to->invite_shift : to->shift;
}

void
trunks_put(const struct call *k, const struct trunk *t)
{
	struct entry	*e = entries != NULL ? &entries[call_index(k)] : NULL;
	struct text	 text;

	if (e == NULL)
		return;
	text_init(&text, e->text, sizeof(e->text));
	if (t != NULL && (t->from != NULL || t->to != NULL)) {
		text_printf(&text, "%s\n%s\n", t->from != NULL ? t->from : "",
		    t->to != NULL ? t->to : "");
		add_party(&text, t->here_from);
		add_party(&text, t->here_to);
	}
	if (text.full) {
		stats->trunks_too_long++;
		log_rate(LOG_PROBLEMS, "GW", "From and To of a call through a gateway are "
		    "longer than %u octets: its later requests have those of here",
		    (unsigned)sizeof(e->text));
		text.len = 0;
	}
	e->len = (uint16_t)text.len;
	if (e->number != call_number(k))
		e->to[0] = e->to[1] = (struct toward){ 0 };
	if (t != NULL)
		sent(&e->to[true], t->here_cseq, t->shift, true);
	e->number = call_number(k);
}

uint32_t
trunks_raise(const struct call *k, bool to_callee, const struct trunk *t, bool invite)
{
	struct entry	*e = entry_of(k);
	uint32_t	 shift = t->shift + 1;

	if (e == NULL)
		return shift;
	if (t->here_cseq + shift <= e->to[to_callee].top)
		shift = e->to[to_callee].top + 1 - t->here_cseq;
	sent(&e->to[to_callee], t->here_cseq, shift, invite);
	return shift;
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
		t->shift = shift_of(&e->to[from_caller], m);
		t->invite_shift = e->to[from_caller].invite_shift;
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
	struct trunk	*t;
	struct entry	*e;
	struct call	*k;
	bool		 from_caller;

	if (!gateways_any())
		return NULL;
	k = call_find(c, m->call_id, m->from_tag, m->to_tag, &from_caller);
	if (k == NULL || (t = trunks_of(k, m, from_caller)) == NULL)
		return NULL;
	if (m->method != METHOD_ACK && (e = entry_of(k)) != NULL)
		sent(&e->to[from_caller], m->cseq, t->shift, m->method == METHOD_INVITE);
	return t;
}
