/*
 * bundle - one call as an archive that may be sent to a provider or attached to a bug
 * report: messages, decisions, log, settings, with pseudonyms for who and where. Secrets
 * are in none of it: the recorder and the log leave them out as they write.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "sipctl/anonymize.h"
#include "sipctl/capture.h"
#include "sipctl/edition.h"
#include "sipctl/tar.h"
#include "sipctl/trace_html.h"
#include "sipctl/why.h"

#define LOG_MAX	(64 * 1024 * 1024)	/* octets of a file looked at */

static const char readme[] =
    "One call of a Cordboard SIP server.\n\n"
    "why.txt       what went wrong, as far as it is known\n"
    "ladder.txt    messages and decisions in order\n"
    "call.html     the same as a page, with every message in full\n"
    "call.pcap     the messages for wireshark or sngrep, TLS in clear\n"
    "log.txt       what the daemons logged about it\n"
    "settings.txt  settings that differ from their defaults\n\n"
    "People, numbers, hosts and addresses have pseudonyms, the same in all files.\n";

struct bundle {
	struct ctl		*c;
	struct trace		 trace;
	struct ladder		 ladder;
	struct pseudonyms	*names;
	uint64_t		 call;
	FILE			*out;
};

/* ---- files ---- */

typedef void draw_fn(const struct bundle *b, FILE *f);

static void
add(const struct bundle *b, const char *name, draw_fn *draw)
{
	char	*text = NULL;
	size_t	 n = 0;
	FILE	*f = open_memstream(&text, &n);

	if (f == NULL)
		return;
	draw(b, f);
	fclose(f);
	tar_add(b->out, name, str_make(text, n));
	free(text);
}

static void
draw_readme(const struct bundle *b, FILE *f)
{
	(void)b;
	fputs(readme, f);
}

static void
draw_why(const struct bundle *b, FILE *f)
{
	struct why	w;

	why_find(&b->ladder, &w);
	fprintf(f, "%s\n%s\ncordboard %s\n", w.sentence, w.command, VERSION);
}

static void
draw_ladder(const struct bundle *b, FILE *f)
{
	ladder_text(&b->ladder, true, f);
}

static void
draw_page(const struct bundle *b, FILE *f)
{
	trace_html(&b->ladder, f);
}

static void
draw_capture(const struct bundle *b, FILE *f)
{
	capture_pcap(&b->trace, f);
}

static void
draw_hidden(const struct bundle *b, struct str text, FILE *f)
{
	char	*hidden = anonymize_text(text, b->names);

	fputs(hidden, f);
	free(hidden);
}

/* Lines with the key of the call, which stands behind the tag. */
static void
draw_log_of(const struct bundle *b, const char *daemon, FILE *f)
{
	char		 path[4096], key[32], *text;
	size_t		 n;
	struct str	 all, line;
	int		 fd = open(dirs_path(path, b->c->dirs.log, "%s.log", daemon),
			    O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read_all(fd, LOG_MAX, &text, &n) < 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	close(fd);
	snprintf(key, sizeof(key), "-%llx ", (unsigned long long)b->call);
	for (all = str_make(text, n); str_cut(&all, '\n', &line); )
		if (str_find(line, str_of(key)) >= 0) {
			fprintf(f, "%-7s ", daemon);
			draw_hidden(b, line, f);
			fputc('\n', f);
		}
	free(text);
}

static void
draw_log(const struct bundle *b, FILE *f)
{
	for (size_t i = 0; i < DAEMONS; i++)
		draw_log_of(b, daemon_names[i], f);
}

static void
draw_settings(const struct bundle *b, FILE *f)
{
	struct edition		 e;
	struct generation	 g;
	char			*buf = xcalloc(1, 65536);
	struct text		 t;

	if (edition_in_force(&e, b->c, &g) == 0 && e.settings != NULL)
		for (const struct setting_info *i = settings_table; i->name != NULL; i++) {
			if (i->block != BLOCK_NONE)
				continue;
			text_init(&t, buf, 65536);
			setting_print(e.settings, i, &t);
			if (str_eq(text_str(&t), str_of(i->def)))
				continue;
			fprintf(f, "%s ", i->name);
			draw_hidden(b, text_str(&t), f);
			fputc('\n', f);
		}
	edition_fini(&e);
	free(buf);
}

/* ---- the whole ---- */

static void
write_all(const struct bundle *b)
{
	static const struct {
		const char	*name;
		draw_fn		*draw;
	} files[] = {
		{ "README", draw_readme }, { "why.txt", draw_why },
		{ "ladder.txt", draw_ladder }, { "call.html", draw_page },
		{ "call.pcap", draw_capture }, { "log.txt", draw_log },
		{ "settings.txt", draw_settings },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		add(b, files[i].name, files[i].draw);
	tar_end(b->out);
}

static int
open_out(struct bundle *b, const char *path)
{
	int	fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO) :
		    open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return no(CTL_NO, "%s: %s", path, strerror(errno));
	b->out = fdopen(fd, "w");
	return CTL_DONE;
}

COMMAND(cmd_bundle)
{
	struct bundle	 b = { .c = c };
	const char	*call = line_option(l, "call");
	const char	*path = l->nargs > 0 ? l->args[0] : "bundle.tar";
	int		 code;

	if (call == NULL)
		return no(CTL_USAGE, "which call? \"sipctl bundle --call ID\"; \"sipctl trace\" "
		    "lists them");
	if ((code = trace_key(c, call, &b.call)) != CTL_DONE)
		return code;
	code = trace_load(c, b.call, &b.trace);
	if (code == CTL_DONE && b.trace.n == 0)
		code = no(CTL_NO, "the flight recorder has nothing of %s", call);
	if (code == CTL_DONE && (code = open_out(&b, path)) == CTL_DONE) {
		b.names = pseudonyms_new();
		anonymize(&b.trace, b.names);
		ladder_make(&b.trace, "server", &b.ladder);
		write_all(&b);
		if (fclose(b.out) != 0)
			code = no(CTL_NO, "%s: %s", path, strerror(errno));
		else if (strcmp(path, "-") != 0)
			done(c, "%s: what is known of the call, with pseudonyms", path);
		ladder_fini(&b.ladder);
		pseudonyms_free(b.names);
	}
	trace_fini(&b.trace);
	return code;
}
