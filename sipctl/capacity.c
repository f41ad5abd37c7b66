/*
 * capacity - every limit of the house with what is used of it, the one that will be
 * reached first at the top.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "sipctl/edition.h"
#include "sipctl/overview.h"

static const struct column columns[] = {
	{ "what", "WHAT", COLUMN_TEXT },
	{ "used", "USED", COLUMN_NUMBER },
	{ "limit", "LIMIT", COLUMN_NUMBER },
	{ "left", "LEFT", COLUMN_NUMBER },
	{ "share", "SHARE", COLUMN_SHARE },
	{ "setting", "LIMITED BY", COLUMN_TEXT },
	{ NULL }
};

/* A gauge of a daemon and the setting that bounds it. */
static const struct {
	const char	*what, *daemon, *figure, *setting;
	bool		 of_worker;	/* each of sipd's workers may have so many */
} limits[] = {
	{ "server transactions", "sipd", "txn_server", "server-transactions-limit", true },
	{ "client transactions", "sipd", "txn_client", "client-transactions-limit", true },
	{ "calls", "sipd", "calls", "calls-limit", false },
	{ "TCP and TLS connections", "sipd", "tcp_connections", "tcp-connections-limit", false },
	{ "media sessions", "mediad", "media_sessions", "media-sessions-limit", false },
};

static int64_t
setting_number(const struct settings *s, const char *name)
{
	const struct setting_info	*i = setting_find(str_of(name), BLOCK_NONE);
	char				 buf[64];
	struct text			 t;

	if (s == NULL || i == NULL)
		return 0;
	text_init(&t, buf, sizeof(buf));
	setting_print(s, i, &t);
	return atoll(buf);
}

/* Pairs of RTP and RTCP ports in all ranges, as single ports. */
static int64_t
media_ports(const struct settings *s)
{
	int64_t	n = 0;

	for (size_t i = 0; s != NULL && i < s->media.n; i++)
		n += s->media.v[i].port_max - s->media.v[i].port_min + 2;
	return n;
}

static void
add(json_t *rows, const char *what, int64_t used, int64_t limit, const char *setting)
{
	if (limit > 0)
		json_array_append_new(rows, json_pack("{s:s,s:I,s:I,s:I,s:f,s:s}", "what", what,
		    "used", (json_int_t)used, "limit", (json_int_t)limit, "left",
		    (json_int_t)(limit > used ? limit - used : 0), "share",
		    (double)used / (double)limit, "setting", setting));
}

/* Descriptors of a process, as far as we may see them; -1: we may not. */
static int64_t
descriptors_of(uint32_t pid, int64_t *limit)
{
	char		 path[64], line[256];
	long long	 soft = 0;
	int64_t		 n = -2;	/* "." and ".." */
	FILE		*f;
	DIR		*dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	if ((dir = opendir(path)) == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	snprintf(path, sizeof(path), "/proc/%u/limits", pid);
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Max open files %lld", &soft) == 1)
			*limit = soft;
	fclose(f);
	return n;
}

static void
add_descriptors(json_t *rows, const struct daemon_view *d)
{
	char	what[64];
	int64_t	limit = 0, used;

	if (d->pid == 0 || (used = descriptors_of(d->pid, &limit)) < 0)
		return;
	snprintf(what, sizeof(what), "descriptors of %s", d->name);
	add(rows, what, used, limit, "LimitNOFILE, ulimit -n");
}

static int
fullest_first(const void *a, const void *b)
{
	double	x = json_real_value(json_object_get(*(json_t *const *)a, "share"));
	double	y = json_real_value(json_object_get(*(json_t *const *)b, "share"));

	return x > y ? -1 : x < y;
}

static json_t *
sorted(json_t *rows)
{
	size_t	 n = json_array_size(rows);
	json_t	**v = xcalloc(n + 1, sizeof(v[0])), *out = json_array();

	for (size_t i = 0; i < n; i++)
		v[i] = json_array_get(rows, i);
	qsort(v, n, sizeof(v[0]), fullest_first);
	for (size_t i = 0; i < n; i++)
		json_array_append(out, v[i]);
	free(v);
	json_decref(rows);
	return out;
}

COMMAND(cmd_capacity)
{
	struct overview		 o;
	struct edition		 e;
	struct generation	 g;
	json_t			*rows = json_array();
	int64_t			 workers;

	(void)l;
	overview_look(&o, c);
	edition_in_force(&e, c, &g);
	if ((workers = house_figure(&o.house, "sipd", "workers")) == 0)
		workers = 1;		/* sipd is down: nothing is used either */
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		add(rows, limits[i].what, house_figure(&o.house, limits[i].daemon,
		    limits[i].figure), setting_number(e.settings, limits[i].setting) *
		    (limits[i].of_worker ? workers : 1), limits[i].setting);
	add(rows, "media ports", house_figure(&o.house, "mediad", "media_ports"),
	    media_ports(e.settings), "media");
	for (size_t i = 0; i < DAEMONS; i++)
		add_descriptors(rows, &o.house.daemons[i]);
	rows = sorted(rows);
	out_rows(&c->out, rows, columns);
	if (out_for_people(&c->out) && json_array_size(rows) > 0)
		printf("\nfirst to be reached: %s\n", json_string_value(json_object_get(
		    json_array_get(rows, 0), "what")));
	json_decref(rows);
	edition_fini(&e);
	overview_fini(&o);
	return CTL_DONE;
}
