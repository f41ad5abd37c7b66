/*
 * undo - the last import taken back, part by part as regd gives them.
 */
#include <stdio.h>
#include <unistd.h>

#include "common/mono.h"
#include "sipctl/accounts.h"
#include "sipctl/ask.h"

#define PART_MS	30000

static void
take_part(void *arg, enum msg_type type, const union msg *m)
{
	struct msg_user_undone	*all = arg;

	if (type != MSG_USER_UNDONE)
		return;
	all->next = m->user_undone.next;
	all->removed += m->user_undone.removed;
	all->restored += m->user_undone.restored;
}

static void
tell(const struct ctl *c, const struct msg_user_undone *all, struct mono begin,
    struct mono *told)
{
	bool	tty = isatty(STDERR_FILENO);

	if (c->quiet || mono_ms_between(begin, mono_now()) < 500 ||
	    mono_ms_between(*told, mono_now()) < (tty ? 200 : 10000))
		return;
	*told = mono_now();
	fprintf(stderr, "%sundoing  %u removed, %u as before%s", tty ? "\r" : "",
	    all->removed, all->restored, tty ? "\033[K" : "\n");
}

int
import_undo(struct ctl *c, bool dry_run)
{
	struct msg_user_undone	all = { 0 };
	struct msg_user_undo	body = { .by = str_of(c->user), .dry_run = dry_run };
	struct question		q = { .daemon = "regd", .type = MSG_USER_UNDO,
				    .body = &body, .fn = take_part, .arg = &all };
	struct mono		begin = mono_now(), told = begin;
	int			code;

	do {
		body.cursor = all.next;
		all.next = 0;
		code = ask_one(c, &q, PART_MS, false);
		tell(c, &all, begin, &told);
	} while (code == CTL_DONE && all.next != 0);
	if (told.ns != begin.ns && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	if (code != CTL_DONE) {
		say("stopped: %u removed, %u as before; run it again to go on",
		    all.removed, all.restored);
		return code;
	}
	if (all.removed + all.restored == 0)
		return no(CTL_NO, "there is no import to take back");
	done(c, "%u account%s %sremoved, %u %sas before the import", all.removed,
	    all.removed == 1 ? "" : "s", dry_run ? "would be " : "", all.restored,
	    dry_run ? "would be " : "");
	return CTL_DONE;
}
