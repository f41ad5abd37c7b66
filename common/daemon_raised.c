/*
 * daemon_raised - what sipctl names to be logged in detail: RAISE of every daemon,
 * the table of what is named, and its end when nobody says so.
 */
#include "common/daemon_parts.h"

#include <errno.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/raised_file.h"

static struct loop_timer	*timer;

static void
look(void *arg)
{
	int64_t	now = boot_ms(), next = raised_expire(now);

	if (next != 0)	/* one more, so that it has passed when we look */
		loop_timer_start(timer, (uint64_t)(next - now) + 1, 0);
}

void
raised_start(struct self *self)
{
	struct raised	list[RAISED_MAX];
	int		n = raised_read(&self->dirs, list);

	timer = loop_timer_new(self->loop, look, self);
	if (n < 0)
		log_problem("LOG", "cannot read what is to be logged in detail: %s",
		    strerror(-n));
	for (int i = 0; i < n; i++)
		(void)raised_put(&list[i], boot_ms());
	look(self);
}

void
raised_stop(void)
{
	raised_networks(NULL);
	loop_timer_free(timer);
	timer = NULL;
}

static void
on_raise(void *arg, struct bus_ticket t, const union msg *m)
{
	const struct msg_raise	*q = &m->raise;
	struct raised		 r = { .number = q->number, .by = (enum raised_by)q->by,
				    .level = q->level, .until_ms = q->until_ms };
	int			 error = 0;

	if (q->level == 0)
		(void)raised_del(q->number, boot_ms());
	else if (!str_copy(r.value, sizeof(r.value), q->value) ||
	    !str_copy(r.who, sizeof(r.who), q->who))
		error = -EINVAL;
	else
		error = raised_put(&r, boot_ms());
	if (error < 0)
		bus_refuse(t, -error, error == -ENOSPC ?
		    "%d things are logged in detail already; next: sipctl log raised" :
		    "this cannot be logged in detail", RAISED_MAX);
	else
		bus_done(t);
	look(arg);
}

const struct bus_handler raised_handlers[] = {
	{ MSG_RAISE, on_raise, false },
	{ 0 }
};

static uint64_t
show_raised(void *arg, struct show *s, uint64_t cursor)
{
	const struct raised	*r;

	for (unsigned i = 0; (r = raised_get(i)) != NULL; i++) {
		show_row(s);
		show_number(s, "number", (int64_t)r->number);
		show_text(s, "what", str_of(raised_kinds[r->by]));
		show_text(s, "value", str_of(r->value));
		show_number(s, "level", r->level);
		show_number(s, "left_s", (r->until_ms - boot_ms() + 999) / 1000);
		show_text(s, "who", str_of(r->who));
	}
	return 0;
}

const struct show_table raised_tables[] = {
	{ "raised", show_raised },
	{ 0 }
};
