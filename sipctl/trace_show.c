/*
 * trace_show - one call in the forms that people and their programs want.
 *
 * trace.c loads the records and asks; each form is a row of a table here, drawn by
 * ladder_*.c, capture.c and trace_html.c.
 */
#include "sipctl/trace_show.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "sipctl/capture.h"
#include "sipctl/diff.h"
#include "sipctl/ladder.h"
#include "sipctl/trace_html.h"
#include "sipctl/why.h"
#include "sipctl/why_facts.h"

struct showing {
	struct ctl		*c;
	const struct line	*l;
	const struct trace	*trace;
	const struct ladder	*ladder;
	const char		*name;
	const char		*value;		/* of the option */
};

/* ---- files ---- */

/* "-" is standard output. Nobody else reads what a call said; NULL after saying why. */
static FILE *
file_open(const char *path)
{
	int	fd;

	if (strcmp(path, "-") == 0)
		return stdout;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		say("%s: %s", path, strerror(errno));
		return NULL;
	}
	return fdopen(fd, "w");
}

static int
file_close(FILE *f, const char *path)
{
	if (f == stdout || fclose(f) == 0)
		return CTL_DONE;
	return no(CTL_NO, "%s: %s", path, strerror(errno));
}

static int
show_pcap(const struct showing *s)
{
	FILE	*f = file_open(s->value);

	if (f == NULL)
		return CTL_NO;
	if (f == stdout && s->c->out.tty)
		return no(CTL_USAGE, "a capture is no text: \"--pcap FILE\", or "
		    "\"--pcap - | sngrep -I -\"");
	capture_pcap(s->trace, f);
	return file_close(f, s->value);
}

static int
show_svg(const struct showing *s)
{
	FILE	*f = file_open(s->value);

	if (f == NULL)
		return CTL_NO;
	ladder_svg(s->ladder, f);
	return file_close(f, s->value);
}

static int
show_html(const struct showing *s)
{
	FILE	*f = file_open(s->value);

	if (f == NULL)
		return CTL_NO;
	trace_html(s->ladder, f);
	return file_close(f, s->value);
}

static int
show_mermaid(const struct showing *s)
{
	ladder_mermaid(s->ladder, stdout);
	return CTL_DONE;
}

static int
show_hep(const struct showing *s)
{
	int	n = capture_hep(s->trace, s->value);

	if (n == -EINVAL)
		return no(CTL_USAGE, "--hep wants HOST:PORT, like 127.0.0.1:9060");
	if (n < 0)
		return no(CTL_NO, "%s: %s", s->value, n == -ENOENT ? "no such host or port" :
		    strerror(-n));
	done(s->c, "%d messages sent to %s", n, s->value);
	return CTL_DONE;
}

/* ---- texts ---- */

/* On a terminal line by line, escaped; elsewhere as it was on the wire. */
static void
print_octets(const struct showing *s, struct str text)
{
	struct str	line;

	if (!s->c->out.tty) {
		fwrite(text.s, 1, text.len, stdout);
		return;
	}
	while (str_cut(&text, '\n', &line)) {
		if (line.len > 0 && line.s[line.len - 1] == '\r')
			line.len--;
		out_print(stdout, line);
		putchar('\n');
	}
}

static void
print_message(const struct showing *s, const struct ladder_row *r)
{
	struct record_message	m;
	struct str		text;
	char			when[40], local[PEER_TEXT_MAX], remote[PEER_TEXT_MAX];
	bool			in = r->record->c->kind == RECORD_IN;

	if (!record_read_message(r->record->c, &m, &text))
		return;
	trace_peer(&m, true, remote);
	trace_peer(&m, false, local);
	trace_time(r->record->c->wall_ms, true, when);
	printf("== %u  %s  %s -> %s%s\n", r->number, when, in ? remote : local,
	    in ? local : remote, m.flags & RECORD_CUT ? "  (only its begin)" : "");
	print_octets(s, text);
	if (text.len > 0 && text.s[text.len - 1] != '\n')
		putchar('\n');
}

/* NULL after saying what there is. */
static const struct ladder_row *
message_of(const struct showing *s, const char *number)
{
	const struct ladder_row	*r = NULL;
	uint32_t		 n;

	if (number != NULL && str_u32(str_of(number), &n) == 0)
		r = ladder_message(s->ladder, n);
	if (r == NULL)
		say("%s has no message %s; \"sipctl trace %s\" numbers them", s->name,
		    number != NULL ? number : "without number", s->name);
	return r;
}

static int
show_message(const struct showing *s)
{
	const struct ladder_row	*r = message_of(s, s->value);

	if (r == NULL)
		return CTL_NO;
	print_message(s, r);
	return CTL_DONE;
}

static int
show_raw(const struct showing *s)
{
	for (size_t i = 0; i < s->ladder->n; i++)
		if (s->ladder->rows[i].message)
			print_message(s, &s->ladder->rows[i]);
	return CTL_DONE;
}

static void
print_change(void *arg, char sign, uint32_t line, struct str text)
{
	const struct out	*o = arg;

	printf("%s%5u %c ", !o->color ? "" : sign == '+' ? "\033[32m" : "\033[31m", line,
	    sign);
	out_print(stdout, str_trim(text));
	printf("%s\n", o->color ? "\033[0m" : "");
}

/* --diff A B: B is the last word of the line. */
static int
show_diff(const struct showing *s)
{
	const struct ladder_row	*a = message_of(s, s->value), *b;
	const char		*second = s->l->nargs > 0 ?
				    s->l->args[s->l->nargs - 1] : NULL;
	struct record_message	 m;
	struct str		 before, after;
	char			 ta[40], tb[40];

	if (a == NULL || (b = message_of(s, second)) == NULL ||
	    !record_read_message(a->record->c, &m, &before) ||
	    !record_read_message(b->record->c, &m, &after))
		return CTL_NO;
	ladder_time(s->ladder, a, ta);
	ladder_time(s->ladder, b, tb);
	printf("- %u  %s  %s\n+ %u  %s  %s\n", a->number, ta, a->label, b->number, tb, b->label);
	return diff_lines(before, after, print_change, &s->c->out) > 0 ? CTL_NO : CTL_DONE;
}

/* The cause, for calls only: of others there is nothing to explain. */
static void
print_why(const struct showing *s)
{
	struct why	w;

	if (fact_first(s->ladder, CAME, "INVITE", REQUEST) == NULL)
		return;
	why_find(s->ladder, &w);
	if (strcmp(w.cause, "none") == 0)
		return;
	printf("WHY  ");
	out_print(stdout, str_of(w.sentence));
	if (w.command[0] != '\0')
		printf("  Try: ");
	out_print(stdout, str_of(w.command));
	printf("\n");
}

static int
show_ladder(const struct showing *s)
{
	unsigned	last = 0;

	ladder_text(s->ladder, s->c->out.utf8, stdout);
	print_why(s);
	for (size_t i = 0; i < s->ladder->n; i++)
		if (s->ladder->rows[i].message)
			last = s->ladder->rows[i].number;
	if (last > 1 && !s->c->quiet)
		printf("\nmessage %u in full: sipctl trace %s --msg %u      "
		    "compare 1 with %u: sipctl trace %s --diff 1 %u\n", last, s->name, last,
		    last, s->name, last);
	return CTL_DONE;
}

/* ---- which ---- */

static const struct {
	const char	*option;
	int		(*show)(const struct showing *s);
} forms[] = {
	{ "msg", show_message }, { "diff", show_diff }, { "raw", show_raw },
	{ "pcap", show_pcap }, { "hep", show_hep }, { "svg", show_svg },
	{ "html", show_html }, { "mermaid", show_mermaid },
};
#define FORMS	(sizeof(forms) / sizeof(forms[0]))

static const char *
our_name(const struct line *l, char buf[HOST_NAME_MAX + 1])
{
	buf[0] = buf[HOST_NAME_MAX] = '\0';
	if (!line_flag(l, "anonymize"))
		gethostname(buf, HOST_NAME_MAX);
	buf[strcspn(buf, ".")] = '\0';
	return buf[0] != '\0' ? buf : "server";
}

static bool
has_option(const struct line *l, const char *name)
{
	return line_flag(l, name) || line_option(l, name) != NULL;
}

bool
trace_has_form(const struct ctl *c, const struct line *l)
{
	for (size_t i = 0; i < FORMS; i++)
		if (has_option(l, forms[i].option))
			return true;
	return c->out.form == OUT_TABLE;
}

int
trace_show(struct ctl *c, const struct line *l, const struct trace *t, const char *name)
{
	struct ladder	 ladder;
	struct showing	 s = { c, l, t, &ladder, name, NULL };
	char		 host[HOST_NAME_MAX + 1];
	int		 (*show)(const struct showing *s) = show_ladder;
	int		 code;

	ladder_make(t, our_name(l, host), &ladder);
	for (size_t i = 0; i < FORMS; i++)
		if (has_option(l, forms[i].option)) {
			show = forms[i].show;
			s.value = line_option(l, forms[i].option);
			break;
		}
	code = show(&s);
	ladder_fini(&ladder);
	return code;
}

int
trace_why(struct ctl *c, const struct line *l, const struct trace *t)
{
	struct ladder	 ladder;
	struct why	 w;
	json_t		*answer;
	char		 host[HOST_NAME_MAX + 1];
	bool		 well;

	ladder_make(t, our_name(l, host), &ladder);
	why_find(&ladder, &w);
	well = strcmp(w.cause, "none") == 0;
	if (out_for_people(&c->out)) {
		out_print(stdout, str_of(w.sentence));
		printf("%s", w.command[0] != '\0' ? "\nTry: " : "");
		out_print(stdout, str_of(w.command));
		printf("\n");
	} else {
		answer = json_pack("{s:o,s:s,s:o,s:o}", "call_id",
		    json_text(str_of(ladder.call_id)), "cause", w.cause, "sentence",
		    json_text(str_of(w.sentence)), "command", json_text(str_of(w.command)));
		out_json(&c->out, answer);
		json_decref(answer);
	}
	ladder_fini(&ladder);
	return well ? CTL_DONE : CTL_NO;
}
