/* route_print - where a call would go and why, for people and for programs. */
#include "sipctl/route_answer.h"

#include <stdio.h>

#define PLACE_MAX	24
#define TEXT_MAX	40

json_t *
route_targets_now(const struct route_answer *a)
{
	return json_object_get(json_array_get(a->stages, 0), "targets");
}

static void
print_padded(const json_t *v, int width)
{
	char		buf[4096];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	out_escape(&t, str_of(json_string_value(v)));
	printf("%-*.*s", width, STR_ARG(text_str(&t)));
}

static void
print_escaped(const json_t *v)
{
	print_padded(v, 0);
}

/* "routes.conf:12", or nothing for what stands in no file. */
static size_t
place_text(const json_t *s, char buf[300])
{
	const char	*file = json_string_value(json_object_get(s, "file"));
	struct text	 t;

	text_init(&t, buf, 300);
	if (file != NULL && file[0] != '\0') {
		out_escape(&t, str_of(file));
		text_printf(&t, ":%d", (int)json_integer_value(json_object_get(s, "line")));
	}
	return t.len;
}

/* Columns of the records: places and texts as wide as the widest, within reason. */
struct widths {
	int	place, text;
};

static struct widths
widths_of(const json_t *steps)
{
	struct widths	 w = { 0, 0 };
	const json_t	*one;
	char		 buf[300];
	size_t		 i, place, text;

	json_array_foreach((json_t *)steps, i, one) {
		if ((place = place_text(one, buf)) == 0)
			continue;
		text = json_string_length(json_object_get(one, "text"));
		if ((int)place > w.place && place <= PLACE_MAX)
			w.place = (int)place;
		if ((int)text > w.text && text <= TEXT_MAX)
			w.text = (int)text;
	}
	return w;
}

static void
print_step(size_t number, const json_t *s, const struct widths *w)
{
	bool	matched = json_is_true(json_object_get(s, "matched"));
	char	place[300];

	printf("%2zu  ", number);
	if (place_text(s, place) == 0) {
		print_padded(json_object_get(s, "text"), 10);
		printf("  %s", matched ? "" : "no   ");
	} else {
		printf("%-*s  ", w->place, place);
		print_padded(json_object_get(s, "text"), w->text);
		printf("  %s  ", matched ? "YES" : "no ");
	}
	print_padded(json_object_get(s, "why"), 0);
	printf("\n");
}

static void
print_target(const json_t *t)
{
	const json_t	*gateway = json_object_get(t, "gateway");
	const json_t	*hop = json_object_get(t, "next_hop");
	const json_t	*transport = json_object_get(t, "transport");

	printf("RESULT  ");
	if (json_is_string(gateway)) {
		printf("gateway ");
		print_escaped(gateway);
		printf(", ");
	} else if (json_is_string(hop)) {
		if (json_is_string(transport)) {
			print_escaped(transport);
			printf(":");
		}
		print_escaped(hop);
		printf(", ");
	}
	printf("Request-URI ");
	print_escaped(json_object_get(t, "uri"));
	printf("\n");
}

static void
print_stage(const json_t *stage)
{
	const json_t	*code = json_object_get(stage, "code");
	const json_t	*one;
	size_t		 i;

	printf("LATER   %s", json_string_value(json_object_get(stage, "when")));
	if (json_is_number(json_object_get(stage, "after_s")))
		printf(" %.0f s", json_number_value(json_object_get(stage, "after_s")));
	if (json_is_integer(code)) {
		printf(": refused with %d\n", (int)json_integer_value(code));
		return;
	}
	printf(":%s\n", json_is_true(json_object_get(stage, "replaces")) ?
	    " instead" : " as well");
	json_array_foreach(json_object_get(stage, "targets"), i, one)
		print_target(one);
}

void
route_print(const struct route_answer *a, unsigned code, uint64_t generation)
{
	const struct widths	 w = widths_of(a->steps);
	const json_t		*one;
	size_t			 i;

	printf("%s, generation %llu. Nothing was sent.\n\n",
	    code == 0 ? "routed" : "rejected", (unsigned long long)generation);
	json_array_foreach(a->steps, i, one)
		print_step(i + 1, one, &w);
	printf("\n");
	if (code != 0) {
		printf("RESULT  %u %s\n", code, a->reason);
		return;
	}
	json_array_foreach(route_targets_now(a), i, one)
		print_target(one);
	for (i = 1; i < json_array_size(a->stages); i++)
		print_stage(json_array_get(a->stages, i));
}

void
route_print_json(const struct ctl *c, const struct route_answer *a, unsigned code,
    uint64_t generation)
{
	json_t	*later = json_copy(a->stages), *all;

	json_array_remove(later, 0);
	all = json_pack("{s:s,s:o,s:o,s:o,s:I,s:O?,s:o,s:O}", "result",
	    code == 0 ? "route" : "reject",
	    "code", code == 0 ? json_null() : json_integer(code),
	    "reason", json_text(str_of(a->reason)),
	    "uri", json_text(str_of(a->uri)),
	    "generation", (json_int_t)generation,
	    "targets", route_targets_now(a), "later", later, "steps", a->steps);
	if (route_targets_now(a) == NULL)
		json_object_set_new(all, "targets", json_array());
	out_json(&c->out, all);
	json_decref(all);
}
