/*
 * route_pstn - may this account call through that gateway, and is a channel free?
 *
 * routed knows where a number leads; what the account may is regd's to say and sipd's
 * to carry out (decision.c, targets.c). "route test" asks both, and says it as steps.
 */
#include "sipctl/route_answer.h"

#include <stdarg.h>
#include <string.h>

#include "common/dial_class.h"
#include "sipctl/ask.h"
#include "sipctl/edition.h"

static void
step(struct route_answer *a, const char *text, bool matched, const char *fmt, ...)
{
	char	why[512];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	json_array_append_new(a->steps, json_pack("{s:s,s:i,s:s,s:b,s:s}", "file", "",
	    "line", 0, "text", text, "matched", matched, "why", why));
}

static void
refuse(struct route_answer *a, const char *reason)
{
	a->if_confirmed = 403;
	snprintf(a->reason, sizeof(a->reason), "%s", reason);
}

/* The row of a table whose key is value, or NULL; *rows is the caller's to free. */
static json_t *
find(struct ctl *c, const char *daemon, const char *table, const char *key,
    const char *value, const char *const *args, json_t **rows)
{
	const char	*is;
	json_t		*row;
	size_t		 i;

	*rows = NULL;
	if (ask_show(c, daemon, table, args, rows) != CTL_DONE)
		return NULL;
	json_array_foreach(*rows, i, row)
		if ((is = json_string_value(json_object_get(row, key))) != NULL &&
		    strcmp(is, value) == 0)
			return row;
	return NULL;
}

static bool
admits(const struct settings *s, const char *gateway, const char *classes)
{
	for (size_t i = 0; s != NULL && i < s->ngateways; i++)
		if (strcmp(s->gateways[i].name, gateway) == 0)
			return dial_class_fits(&s->gateways[i].classes,
			    str_of(classes));
	return true;
}

static void
show_channels(struct ctl *c, struct route_answer *a, const char *gateway)
{
	json_t		*rows, *row = find(c, "sipd", "channels", "name", gateway, NULL, &rows);
	json_int_t	 used = json_integer_value(json_object_get(row, "used"));
	json_int_t	 limit = json_integer_value(json_object_get(row, "channels"));

	if (row != NULL && limit > 0)
		step(a, "channels", used < limit, "%s: %lld of %lld are busy", gateway,
		    (long long)used, (long long)limit);
	json_decref(rows);
}

/* One gateway after the other; those that he may not use are left out. */
static void
judge_each(struct ctl *c, struct route_answer *a, const char *aor, const char *classes)
{
	struct edition		 now;
	struct generation	 g;
	const struct settings	*s = edition_in_force(&now, c, &g) == 0 ?
				    now.settings : NULL;
	json_t			*targets = route_targets_now(a), *one;
	const char		*gateway;

	for (size_t i = 0; i < json_array_size(targets); i++) {
		one = json_array_get(targets, i);
		gateway = json_string_value(json_object_get(one, "gateway"));
		if (gateway == NULL)
			continue;
		if (admits(s, gateway, classes)) {
			show_channels(c, a, gateway);
			continue;
		}
		step(a, "dial-classes", false, "%s has \"%s\": gateway %s wants one of its "
		    "classes", aor, classes, gateway);
		json_array_remove(targets, i--);
		if (json_array_size(targets) == 0)
			refuse(a, "Not In Your Dial Classes");
	}
	edition_fini(&now);
}

static bool
leads_out(const struct route_answer *a)
{
	json_t	*one;
	size_t	 i;

	json_array_foreach(route_targets_now(a), i, one)
		if (json_is_string(json_object_get(one, "gateway")))
			return true;
	return false;
}

void
route_pstn(struct ctl *c, struct route_answer *a, const char *aor)
{
	const char	*args[] = { aor, NULL }, *pstn, *classes;
	json_t		*rows, *row;

	if (!leads_out(a))
		return;
	row = find(c, "regd", "users", "aor", aor, args, &rows);
	pstn = json_string_value(json_object_get(row, "pstn"));
	classes = json_string_value(json_object_get(row, "dial_classes"));
	if (row != NULL && pstn != NULL && strcmp(pstn, "off") == 0) {
		step(a, "pstn", false, "%s may not call through gateways", aor);
		refuse(a, "No Calls Through Gateways For You");
	} else if (row != NULL) {
		step(a, "pstn", true, "%s may call through gateways", aor);
		judge_each(c, a, aor, classes != NULL ? classes : "");
	}
	json_decref(rows);
}
