/* notes - the ring of a daemon that has one, and its notes in the log. */
#include "common/notes.h"

#include "common/daemon.h"
#include "common/log.h"
#include "common/recorder.h"
#include "common/sandbox.h"

#define SHARE		16	/* of "recorder-size" */
#define LINE_OCTETS	1024

static struct recorder	*ring;

void
notes_open(struct self *self)
{
	char	path[4096];
	int	error;

	if (self->daemon->recorder || self->settings->recorder_size == 0)
		return;
	dirs_path(path, self->dirs.run, "recorder/%s.0", self->daemon->name);
	error = recorder_open(&ring, path, self->settings->recorder_size / SHARE,
	    sandbox_uid(self->daemon), sandbox_gid());
	if (error < 0) {
		log_problem("START", "%s: no flight recorder: %s", path, strerror(-error));
		return;
	}
	recorder_note_start(ring, self->daemon->name);
}

void
notes_close(void)
{
	recorder_close(ring);
	ring = NULL;
}

static void
tell_log(uint64_t call, const char *tag, const struct str *parts, size_t n)
{
	char		buf[LINE_OCTETS];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < n; i++)
		text_add(&t, parts[i]);
	log_at(LOG_LOW, tag, call, "%.*s", STR_ARG(text_str(&t)));
}

void
note_parts(uint16_t code, uint64_t call, struct mono now, const char *tag,
    const struct str *parts, size_t n)
{
	recorder_note(ring, RECORD_DECISION, code, call, now, tag, parts, n);
	if (raised_level(call) >= LOG_LOW)
		tell_log(call, tag, parts, n);
}
