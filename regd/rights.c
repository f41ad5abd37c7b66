/*
 * rights - groups of rights in memory, and the question whether one allows a thing.
 *
 * rights_asked.c changes them; credential.c asks. Groups nest; what would nest in
 * itself or too deep is refused when it is put.
 */
#include "regd/rights.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/map.h"
#include "common/method_rule.h"
#include "regd/slots.h"

struct group {
	uint32_t slot;
	char	*name, *rights, *groups;
};

struct rights {
	struct map	*map;
	struct slots	 slots;
};

static struct str
group_key(const void *object)
{
	return str_of(((const struct group *)object)->name);
}

struct rights *
rights_new(void)
{
	struct rights *r = xcalloc(1, sizeof(*r));

	r->map = map_new(group_key);
	return r;
}

static void
group_free(struct group *g)
{
	free(g->name);
	free(g->rights);
	free(g->groups);
	free(g);
}

void
rights_free(struct rights *r)
{
	struct group *g;

	if (r == NULL)
		return;
	for (uint64_t at = 0; (g = slots_next(&r->slots, &at)) != NULL; at++)
		group_free(g);
	map_free(r->map);
	slots_fini(&r->slots);
	free(r);
}

size_t
rights_count(const struct rights *r)
{
	return map_count(r->map);
}

/* ---- what may be written ---- */

static bool
name_ok(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.s[i] >= 'a' && s.s[i] <= 'z') ||
		    (s.s[i] >= 'A' && s.s[i] <= 'Z') ||
		    (s.s[i] >= '0' && s.s[i] <= '9') ||
		    (s.s[i] != '\0' && strchr("-_.", s.s[i]) != NULL)))
			return false;
	return s.len > 0 && s.len <= RIGHTS_NAME_MAX;
}

/* Is name in the groups, or in theirs? Too deep counts as yes. */
static bool
leads_to(const struct rights *r, struct str groups, struct str name, int depth)
{
	const struct group *g;
	struct str one;

	while (str_cut(&groups, ' ', &one)) {
		if (one.len == 0)
			continue;
		if (str_eq(one, name) || depth == 0)
			return true;
		g = map_find(r->map, one);
		if (g != NULL && leads_to(r, str_of(g->groups), name, depth - 1))
			return true;
	}
	return false;
}

bool
rights_check(const struct rights *r, const struct msg_rights *m, char *why,
    size_t size)
{
	struct str rest, one;

	if (!name_ok(m->name))
		(void)snprintf(why, size, "a group's name has up to %d letters, "
		    "digits, \"-\", \"_\", \".\"", RIGHTS_NAME_MAX);
	else if (m->rights.len > RIGHTS_TEXT_MAX || m->groups.len > RIGHTS_TEXT_MAX)
		(void)snprintf(why, size, "more than %d characters",
		    RIGHTS_TEXT_MAX);
	else if (leads_to(r, m->groups, m->name, RIGHTS_DEPTH_MAX - 1))
		(void)snprintf(why, size, "a group of itself, or groups in groups "
		    "more than %d deep", RIGHTS_DEPTH_MAX);
	else
		why[0] = '\0';
	for (rest = m->rights; why[0] == '\0' && str_cut(&rest, ' ', &one);)
		if (one.len > 0 && !method_rule_ok(one))
			(void)snprintf(why, size, "\"%.*s\" is no right like "
			    "INVITE, *:local or MESSAGE:other",
			    (int)(one.len < 80 ? one.len : 80), one.s);
	for (rest = m->groups; why[0] == '\0' && str_cut(&rest, ' ', &one);)
		if (one.len > 0 && map_find(r->map, one) == NULL)
			(void)snprintf(why, size, "there is no group \"%.*s\"",
			    (int)(one.len < 80 ? one.len : 80), one.s);
	return why[0] == '\0';
}

/* ---- the groups ---- */

bool
rights_drop(struct rights *r, struct str name)
{
	struct group *g = map_remove(r->map, name);

	if (g == NULL)
		return false;
	slots_drop(&r->slots, g->slot);
	group_free(g);
	return true;
}

void
rights_set(struct rights *r, const struct msg_rights *m)
{
	struct group *g = xcalloc(1, sizeof(*g));

	g->name = str_dup(m->name);
	g->rights = str_dup(m->rights);
	g->groups = str_dup(m->groups);
	(void)rights_drop(r, str_of(g->name));
	map_put(r->map, g);
	g->slot = slots_put(&r->slots, g);
}

static void
as_message(const struct group *g, struct msg_rights *out)
{
	*out = (struct msg_rights){ .name = str_of(g->name),
	    .rights = str_of(g->rights), .groups = str_of(g->groups) };
}

bool
rights_find(const struct rights *r, struct str name, struct msg_rights *out)
{
	const struct group *g = map_find(r->map, name);

	if (g != NULL)
		as_message(g, out);
	return g != NULL;
}

bool
rights_next(const struct rights *r, uint64_t *cursor, struct msg_rights *out)
{
	const struct group *g = slots_next(&r->slots, cursor);

	if (g != NULL)
		as_message(g, out);
	return g != NULL;
}

struct str
rights_named_by(const struct rights *r, struct str name)
{
	struct msg_rights m;
	struct str one;

	for (uint64_t at = 0; rights_next(r, &at, &m); at++)
		while (str_cut(&m.groups, ' ', &one))
			if (str_eq(one, name))
				return m.name;
	return STR_NONE;
}

/* ---- the question ---- */

static bool
allows(const struct rights *r, struct str name, struct str method, bool local,
    int depth)
{
	const struct group *g = map_find(r->map, name);
	struct str rest, one;

	if (g == NULL || depth == 0)
		return false;
	for (rest = str_of(g->rights); str_cut(&rest, ' ', &one);)
		if (method_rule_fits(one, method, local))
			return true;
	for (rest = str_of(g->groups); str_cut(&rest, ' ', &one);)
		if (allows(r, one, method, local, depth - 1))
			return true;
	return false;
}

bool
rights_allow(const struct rights *r, struct str name, struct str method,
    bool local)
{
	return name.len == 0 || allows(r, name, method, local, RIGHTS_DEPTH_MAX);
}
