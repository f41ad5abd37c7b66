/*
 * conf_fuzz - a configuration from anywhere: parsed, typed, printed, read again,
 * edited in place, flattened; and the flat form itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)

static char	printed[4 * CONF_MAX], again[4 * CONF_MAX], flat[CONF_FLAT_MAX];

static void
show(struct complaints *c)
{
	char		buf[2048];
	struct text	t;
	size_t		i;

	for (i = 0; i < c->n; i++) {
		text_init(&t, buf, sizeof(buf));
		complaint_print(&c->v[i], i % 2 == 0, &t);
	}
	complaints_fini(c);
}

static struct settings *
build(struct str text, struct complaints *c)
{
	struct conf	*conf = conf_parse("sip.conf", text, c);
	struct settings	*s = conf != NULL ? settings_build(conf, c) : NULL;

	conf_free(conf);
	return s;
}

/* What is printed parses back, and prints the same. */
static void
check_settings(struct str text)
{
	struct complaints c = { 0 }, none = { 0 };
	struct settings	 *s = build(text, &c), *t;
	struct text	  a, b;

	if (s != NULL) {
		text_init(&a, printed, sizeof(printed));
		settings_print(s, text.len % 2 == 0, &a);
		t = build(text_str(&a), &none);
		MUST(t != NULL);
		text_init(&b, again, sizeof(again));
		settings_print(t, text.len % 2 == 0, &b);
		MUST(str_eq(text_str(&a), text_str(&b)));
		settings_free(t);
	}
	settings_free(s);
	show(&none);
	show(&c);
}

/* An edit of what parses parses, and removing it again is possible. */
static void
check_edit(struct str text)
{
	struct complaints c = { 0 };
	struct conf	 *conf = conf_parse("x", text, &c);
	char		 *edited, *back;

	if (conf != NULL) {
		edited = conf_edit("x", text, NULL, NULL, "timer-b", "8s", &c);
		MUST(edited != NULL);
		back = conf_edit("x", str_of(edited), NULL, NULL, "timer-b", NULL,
		    &c);
		MUST(back != NULL);
		free(edited);
		edited = conf_edit_block("x", str_of(back), "gateway", "fuzz",
		    "gateway fuzz {\n    domain x.y\n}\n", &c);
		MUST(edited != NULL);
		free(back);
		back = conf_edit("x", str_of(edited), "gateway", "fuzz", "channels",
		    "3", &c);
		MUST(back != NULL);
		free(back);
		free(edited);
	}
	conf_free(conf);
	show(&c);
}

static void
check_flat(struct str text)
{
	struct complaints c = { 0 };
	struct conf	 *conf = conf_unflatten(text, &c), *d;
	struct text	  t;

	if (conf != NULL) {
		text_init(&t, flat, sizeof(flat));
		conf_flatten(conf, true, &t);
		MUST(!t.full);
		d = conf_unflatten(text_str(&t), &c);
		MUST(d != NULL && d->nnodes == conf->nnodes);
		conf_free(d);
	}
	conf_free(conf);
	show(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*copy;
	struct str	 text;

	if (size > 65536 || memchr(data, '\0', size) != NULL)
		return 0;	/* file_read's caller refuses these */
	copy = malloc(size + 1);
	MUST(copy != NULL);
	memcpy(copy, data, size);
	text = str_make(copy, size);
	check_flat(text);
	check_settings(text);
	check_edit(text);
	free(copy);
	return 0;
}
