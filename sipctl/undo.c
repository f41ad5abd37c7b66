/*
 * undo - the last import taken back, part by part as regd gives them.
 */
#include <stdio.h>

#include "sipctl/accounts.h"
#include "sipctl/ask.h"
#include "sipctl/progress.h"

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
tell(const struct ctl *c, struct progress *p, const struct msg_user_undone *all)
{
	char	more[32];

	snprintf(more, sizeof(more), "%u as before", all->restored);
	progress_tell(p, c, all->removed + all->restored, 0, more);
}

int
import_undo(struct ctl *c, bool dry_run)
{
	struct msg_user_undone	all = { 0 };
	struct msg_user_undo	body = { .by = str_of(c->user), .dry_run = dry_run };
	struct question		q = { .daemon = "regd", .type = MSG_USER_UNDO,
				    .body = &body, .fn = take_part, .arg = &all };
	struct progress		progress;
	int			code;

	progress_begin(&progress, "undoing");
	do {
		body.cursor = all.next;
		all.next = 0;
		code = ask_one(c, &q, PART_MS, false);
		tell(c, &progress, &all);
	} while (code == CTL_DONE && all.next != 0);
	progress_end(&progress);
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
