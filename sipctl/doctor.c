/*
 * doctor - looks for what people forget, and says it in one sentence and one command
 * each.
 */
#include "sipctl/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "sipctl/edition.h"

static const struct column columns[] = {
	{ "check", "CHECK", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ "text", "FOUND", COLUMN_TEXT },
	{ "command", "TRY", COLUMN_TEXT },
	{ NULL }
};

static void (*const checks[])(struct doctor *d) = {
	doctor_udp_drops, doctor_buffers, doctor_ports, doctor_clock, doctor_dns,
	doctor_certificates, doctor_relay, doctor_alg, doctor_mtu, doctor_disk,
};

static void
add(struct doctor *d, const char *check, const char *command, const char *fmt, va_list ap)
{
	char	text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	json_array_append_new(d->rows, json_pack("{s:s,s:s,s:o,s:o}", "check", check,
	    "state", command == NULL ? "ok" : "!", "text", json_text(str_of(text)),
	    "command", command == NULL ? json_null() : json_text(str_of(command))));
	d->bad |= command != NULL;
}

void
doctor_fine(struct doctor *d, const char *check, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	add(d, check, NULL, fmt, ap);
	va_end(ap);
}

void
doctor_finding(struct doctor *d, const char *check, const char *command, const char *fmt,
    ...)
{
	va_list	ap;

	va_start(ap, fmt);
	add(d, check, command, fmt, ap);
	va_end(ap);
}

/* What is in force; before the first start what would be. */
static bool
read_settings(struct ctl *c, struct edition *e)
{
	struct complaints	none = { 0 };
	struct generation	g;

	if (edition_in_force(e, c, &g) < 0) {
		edition_fini(e);
		edition_read(e, c, NULL, &none);
		complaints_fini(&none);
	}
	return e->settings != NULL;
}

COMMAND(cmd_doctor)
{
	struct doctor		d = { .c = c };
	struct edition		e;

	(void)l;
	if (!read_settings(c, &e)) {
		edition_fini(&e);
		return no(CTL_NO, "there is no configuration that can be read; \"sipctl config "
		    "check\"");
	}
	d.settings = e.settings;
	d.rows = json_array();
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](&d);
	out_rows(&c->out, d.rows, columns);
	json_decref(d.rows);
	edition_fini(&e);
	return d.bad ? CTL_NO : CTL_DONE;
}
