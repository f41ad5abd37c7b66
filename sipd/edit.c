/*
 * edit - changes to a message on its way through, written once: RFC 3261
 * sections 16.6, 16.7 and 18.2.1, RFC 3581.
 *
 * An edit is a place, what is cut there, and what is written instead. They are
 * kept in the order of their places; of two at one place the earlier call is
 * written first, but what is prepended comes before it.
 */
#include "sipd/edit.h"

#include <errno.h>
#include <string.h>

#include "common/scan.h"
#include "sipd/line.h"

void
edits_init(struct edits *e, const struct sip_msg *m)
{
	e->m = m;
	e->n = 0;
	e->failed = false;
	text_init(&e->scratch, e->scratch_buf, sizeof(e->scratch_buf));
}

/* first: before the edits that are already at this place. */
static void
edit_put(struct edits *e, const char *at, size_t cut, struct str name,
    struct str with, bool first)
{
	struct str	all = e->m->text;
	size_t		place, i;

	if (e->n == EDITS_MAX || at == NULL || at < all.s ||
	    at > all.s + all.len || cut > (size_t)(all.s + all.len - at)) {
		e->failed = true;
		return;
	}
	place = (size_t)(at - all.s);
	for (i = e->n++; i > 0 && (e->edit[i - 1].at > place ||
	    (first && e->edit[i - 1].at == place)); i--)
		e->edit[i] = e->edit[i - 1];
	e->edit[i] = (struct edit){
		.at = (uint32_t)place,
		.cut = (uint32_t)cut,
		.name = name,
		.with = with,
	};
}

static void
edit_at(struct edits *e, const char *at, size_t cut, struct str name,
    struct str with)
{
	edit_put(e, at, cut, name, with, false);
}

/* ---- writing ------------------------------------------------------------- */

static size_t
edit_size(const struct edit *d)
{
	return d->with.len + (d->name.len > 0 ? d->name.len + 4 : 0);
}

static void
edit_write(const struct edit *d, struct text *out)
{
	if (d->name.len == 0) {
		text_add(out, d->with);
		return;
	}
	line_write(out, d->name, d->with);
}

size_t
edits_size(const struct edits *e)
{
	size_t	size = 0, done = 0;

	for (unsigned i = 0; i < e->n; i++) {
		const struct edit	*d = &e->edit[i];

		if (d->at > done) {
			size += d->at - done;
			done = d->at;
		}
		size += edit_size(d);
		if (d->at + d->cut > done)
			done = d->at + d->cut;
	}
	return size + e->m->text.len - done;
}

int
edits_write(struct edits *e, struct text *out)
{
	struct str	all = e->m->text;
	size_t		done = 0;

	for (unsigned i = 0; i < e->n; i++) {
		const struct edit	*d = &e->edit[i];

		if (d->at > done) {
			text_add(out, str_make(all.s + done, d->at - done));
			done = d->at;
		}
		edit_write(d, out);
		if (d->at + d->cut > done)
			done = d->at + d->cut;
	}
	text_add(out, str_make(all.s + done, all.len - done));
	return e->failed || out->full ? -EMSGSIZE : 0;
}

/* ---- what may be changed ------------------------------------------------- */

void
edit_replace(struct edits *e, struct str old, struct str with)
{
	edit_at(e, old.s, old.len, STR_NONE, with);
}

void
edit_request_uri(struct edits *e, struct str uri)
{
	edit_replace(e, e->m->uri, uri);
}

static const char *
line_behind(const struct sip_line *l)
{
	return l->text.s + l->text.len;
}

/* Where the empty line begins; the end of the head if that is missing. */
static const char *
head_end(const struct sip_msg *m)
{
	size_t	n = m->head.len;

	if (n >= 4 && memcmp(m->head.s + n - 4, "\r\n\r\n", 4) == 0)
		n -= 2;
	return m->head.s + n;
}

void
edit_prepend(struct edits *e, enum header id, struct str value)
{
	const struct sip_msg	*m = e->m;
	const char		*at = head_end(m);

	if (m->first[id] != SIP_NO_LINE)
		at = m->line[m->first[id]].text.s;
	else if (m->first[HDR_VIA] != SIP_NO_LINE)
		at = line_behind(&m->line[m->last[HDR_VIA]]);
	edit_put(e, at, 0, header_name(id), value, true);
}

void
edit_prepend_via(struct edits *e, struct str value)
{
	edit_prepend(e, HDR_VIA, value);
}

void
edit_via_received(struct edits *e, const struct addr *source)
{
	struct via_patch	p[VIA_PATCHES];
	char			buf[VIA_PATCH_BUF];
	unsigned		n;

	if (e->m->via.text.s == NULL) {
		e->failed = true;
		return;
	}
	n = via_stamp(&e->m->via, source, p, buf);
	for (unsigned i = 0; i < n; i++) {
		struct text	*t = &e->scratch;
		size_t		 start = t->len;

		text_add(t, p[i].with);
		edit_replace(e, p[i].old,
		    str_make(t->s + start, t->len - start));
		if (t->full)
			e->failed = true;
	}
}

/* Lines that go together are one edit, however many a stranger sent (S17). */
void
edit_remove_line(struct edits *e, const struct sip_line *l)
{
	size_t	place = (size_t)(l->text.s - e->m->text.s);

	for (unsigned i = 0; i < e->n; i++) {
		struct edit	*d = &e->edit[i];

		if (d->name.len == 0 && d->with.len == 0 &&
		    d->at + d->cut == place) {
			d->cut += (uint32_t)l->text.len;
			return;
		}
	}
	edit_replace(e, l->text, STR_NONE);
}

void
edit_remove_header(struct edits *e, enum header id)
{
	const struct sip_line	*l;

	for (l = sip_first(e->m, id); l != NULL; l = sip_next(e->m, l))
		edit_remove_line(e, l);
}

/* Up to *n values of a line; it goes when none is left. Counts *n down. */
static void
remove_values(struct edits *e, const struct sip_line *l, unsigned *n)
{
	struct str	rest = l->value, value;

	while (*n > 0 && list_next(&rest, &value))
		(*n)--;
	if (rest.s == NULL) {
		edit_remove_line(e, l);
		return;
	}
	scan_blanks(&rest);
	edit_replace(e, str_make(l->value.s, (size_t)(rest.s - l->value.s)),
	    STR_NONE);
}

void
edit_remove_top_via(struct edits *e)
{
	const struct sip_line	*l = sip_first(e->m, HDR_VIA);
	struct str		 top = e->m->via.text, rest;

	if (l == NULL || top.s == NULL) {
		e->failed = true;
		return;
	}
	rest = str_make(top.s + top.len,
	    (size_t)(l->value.s + l->value.len - top.s) - top.len);
	if (scan_sep(&rest, ','))
		edit_replace(e, str_make(l->value.s,
		    (size_t)(rest.s - l->value.s)), STR_NONE);
	else
		edit_remove_line(e, l);
}

void
edit_remove_routes(struct edits *e, unsigned n)
{
	const struct sip_line	*l = sip_first(e->m, HDR_ROUTE);

	for (; n > 0 && l != NULL; l = sip_next(e->m, l))
		remove_values(e, l, &n);
	if (n > 0)
		e->failed = true;
}

void
edit_add_header(struct edits *e, struct str name, struct str value)
{
	const struct sip_msg	*m = e->m;
	const char		*at = head_end(m);
	const struct sip_line	*l = sip_first(m, HDR_CONTENT_LENGTH);

	if (l != NULL && line_behind(l) == at)
		at = l->text.s;
	edit_at(e, at, 0, name, value);
}

/* The number as text that lives as long as e. */
static struct str
number(struct edits *e, uint64_t n)
{
	size_t	start = e->scratch.len;

	text_u64(&e->scratch, n);
	if (e->scratch.full)
		e->failed = true;
	return str_make(e->scratch.s + start, e->scratch.len - start);
}

static void
set_number(struct edits *e, enum header id, unsigned value)
{
	const struct sip_line	*l = sip_first(e->m, id);

	if (l != NULL)
		edit_replace(e, l->value, number(e, value));
	else
		edit_add_header(e, header_name(id), number(e, value));
}

void
edit_max_forwards(struct edits *e, unsigned value)
{
	set_number(e, HDR_MAX_FORWARDS, value);
}

void
edit_max_breadth(struct edits *e, unsigned value)
{
	set_number(e, HDR_MAX_BREADTH, value);
}

static void
set_length(struct edits *e, size_t n)
{
	const struct sip_line	*l = sip_first(e->m, HDR_CONTENT_LENGTH);

	if (l == NULL) {
		edit_add_header(e, header_name(HDR_CONTENT_LENGTH), number(e, n));
		return;
	}
	edit_replace(e, l->value, number(e, n));
	while ((l = sip_next(e->m, l)) != NULL)
		edit_remove_line(e, l);
}

void
edit_body(struct edits *e, struct str body)
{
	set_length(e, body.len);
	edit_replace(e, e->m->body, body);
}

void
edit_content_length(struct edits *e)
{
	if (sip_first(e->m, HDR_CONTENT_LENGTH) == NULL)
		set_length(e, e->m->body.len);
}
