/*
 * trace_read - the rings of the house, and what one call left in them.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "common/addr.h"
#include "sipctl/trace.h"

#define RINGS_MAX	256
#define KEPT		".kept"

struct rings {
	char	*names[RINGS_MAX];	/* "sipd.0", "sipd.0.kept" */
	size_t	 n;
};

static void
rings_fini(struct rings *g)
{
	while (g->n > 0)
		free(g->names[--g->n]);
}

/* Kept copies are older: their ring comes first, which is the last by name. */
static int
by_name_backwards(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

static int
rings_find(const struct ctl *c, struct rings *g)
{
	char		 path[4096];
	struct dirent	*e;
	DIR		*dir = opendir(dirs_path(path, c->dirs.run, "recorder"));

	g->n = 0;
	if (dir == NULL)
		return errno == EACCES ?
		    no(CTL_DENIED, "%s: you may not read the flight recorder; who may "
		    "is in group sip", path) :
		    no(CTL_NO, "%s: %s: has this house been up?", path, strerror(errno));
	while ((e = readdir(dir)) != NULL && g->n < RINGS_MAX)
		if (e->d_name[0] != '.')
			g->names[g->n++] = xstrdup(e->d_name);
	closedir(dir);
	qsort(g->names, g->n, sizeof(g->names[0]), by_name_backwards);
	return CTL_DONE;
}

/* ---- all records ---- */

/* "sipd" and "sipd.0" of "sipd.0.kept"; true: of kept copies. */
static bool
name_split(const char *name, char daemon[64], char ring[64])
{
	struct str	rest = str_of(name), first;
	size_t		suffix = sizeof(KEPT) - 1;
	bool		kept = rest.len > suffix && str_eq(str_of(rest.s + rest.len -
			    suffix), STR(KEPT));

	str_copy(ring, 64, str_make(rest.s, kept ? rest.len - suffix : rest.len));
	str_cut(&rest, '.', &first);
	str_copy(daemon, 64, first);
	return kept;
}

static int
ring_each(const char *path, const char *name, trace_fn *fn, void *arg, bool *lost)
{
	struct recorder_reader	*d;
	struct trace_record	 r;
	char			 daemon[64], ring[64];
	bool			 kept = name_split(name, daemon, ring);
	int			 error = recorder_reader_open(&d, path);

	if (error < 0)
		return error;
	r.daemon = daemon;
	r.ring = ring;
	while ((r.c = recorder_next(d)) != NULL) {
		r.position = kept ? r.c->before : recorder_position(d, r.c);
		fn(arg, &r);
	}
	*lost |= recorder_lost(d);
	recorder_reader_close(d);
	return 0;
}

int
trace_each(const struct ctl *c, trace_fn *fn, void *arg, bool *lost)
{
	struct rings	g;
	char		path[4096];
	size_t		i, read = 0;
	int		code, error, denied = 0;

	*lost = false;
	if ((code = rings_find(c, &g)) != CTL_DONE)
		return code;
	for (i = 0; i < g.n; i++) {
		dirs_path(path, c->dirs.run, "recorder/%s", g.names[i]);
		error = ring_each(path, g.names[i], fn, arg, lost);
		denied |= error == -EACCES;
		read += error == 0;
		if (error == -EBADMSG)
			say("%s: not a flight recorder of this version", path);
		else if (error < 0 && error != -ESTALE)
			say("%s: %s", path, strerror(-error));
	}
	rings_fini(&g);
	if (denied)
		return CTL_DENIED;
	return read > 0 ? CTL_DONE : no(CTL_NO, "%s/recorder holds nothing: no daemon "
	    "has recorded since this machine started, or recorder-size is 0",
	    c->dirs.run);
}

/* ---- one call ---- */

struct loading {
	uint64_t	 call;
	struct trace	*trace;
};

static void
take(void *arg, const struct trace_record *r)
{
	struct loading		*l = arg;
	struct trace		*t = l->trace;
	struct trace_record	*copy;
	struct record		*c;

	if (r->c->call != l->call)
		return;
	if (t->n == t->size) {
		t->size = t->size == 0 ? 64 : t->size * 2;
		t->v = xrealloc(t->v, t->size, sizeof(t->v[0]));
	}
	c = xrealloc(NULL, 1, sizeof(*c) + r->c->length);
	memcpy(c, r->c, sizeof(*c) + r->c->length);
	copy = &t->v[t->n++];
	*copy = *r;
	copy->c = c;
	copy->daemon = xstrdup(r->daemon);
	copy->ring = xstrdup(r->ring);
}

static int
by_time(const void *pa, const void *pb)
{
	const struct trace_record	*a = pa, *b = pb;
	int				 ring = strcmp(a->ring, b->ring);

	if (ring == 0)
		return a->position < b->position ? -1 : a->position > b->position;
	if (a->c->mono_ns != b->c->mono_ns)
		return a->c->mono_ns < b->c->mono_ns ? -1 : 1;
	return ring;
}

static void
record_free(struct trace_record *r)
{
	free((void *)(uintptr_t)r->c);
	free((void *)(uintptr_t)r->daemon);
	free((void *)(uintptr_t)r->ring);
}

/* A kept copy whose original is still there. */
static void
drop_doubles(struct trace *t)
{
	size_t	n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (n > 0 && t->v[n - 1].position == t->v[i].position &&
		    strcmp(t->v[n - 1].ring, t->v[i].ring) == 0)
			record_free(&t->v[i]);
		else
			t->v[n++] = t->v[i];
	t->n = n;
}

int
trace_load(const struct ctl *c, uint64_t call, struct trace *out)
{
	struct loading	l = { call, out };
	int		code;

	*out = (struct trace){ NULL };
	code = trace_each(c, take, &l, &out->lost);
	if (out->n > 0) {
		qsort(out->v, out->n, sizeof(out->v[0]), by_time);
		drop_doubles(out);
	}
	return code;
}

void
trace_fini(struct trace *t)
{
	for (size_t i = 0; i < t->n; i++)
		record_free(&t->v[i]);
	free(t->v);
	*t = (struct trace){ NULL };
}

/* ---- words ---- */

void
trace_time(int64_t wall_ms, bool day, char buf[40])
{
	time_t		t = (time_t)(wall_ms / 1000);
	struct tm	tm;
	size_t		n = 0;

	if (gmtime_r(&t, &tm) != NULL)
		n = strftime(buf, 40, day ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
	snprintf(buf + n, 40 - n, ".%03d%s", (int)(wall_ms % 1000), day ? "Z" : "");
}

struct str
trace_gateway(const char *tag, struct str note)
{
	static const struct str	to_gateway = STR("; to gateway ");
	ptrdiff_t		at = str_find(note, to_gateway);
	struct str		rest, name;

	if (strcmp(tag, "ROUTER") != 0 || at < 0)
		return STR_NONE;
	rest = str_make(note.s + at + to_gateway.len, note.len - (size_t)at - to_gateway.len);
	str_cut(&rest, ' ', &name);
	if (name.len > 0 && name.s[name.len - 1] == ';')
		name.len--;
	at = str_rchr(name, '@');		/* "+442071234567@teleco1" */
	return str_make(name.s + at + 1, name.len - (size_t)(at + 1));
}

struct str
trace_peer(const struct record_message *m, bool remote, char buf[PEER_TEXT_MAX])
{
	const uint8_t	*octets = remote ? m->remote : m->local;
	struct peer	 p = { .transport = m->transport };

	if (m->family == 4) {
		p.addr.in.sin_family = AF_INET;
		memcpy(&p.addr.in.sin_addr, octets, 4);
		p.addr.len = sizeof(p.addr.in);
	} else if (m->family == 6) {
		p.addr.in6.sin6_family = AF_INET6;
		memcpy(&p.addr.in6.sin6_addr, octets, 16);
		p.addr.len = sizeof(p.addr.in6);
	}
	if (p.addr.len == 0 || p.transport > TRANSPORT_TLS ||
	    p.transport == TRANSPORT_NONE)
		return STR("-");
	addr_set_port(&p.addr, remote ? m->remote_port : m->local_port);
	return peer_print(&p, buf);
}
