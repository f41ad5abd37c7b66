/* trace - why a request goes where it goes. */
#include "routed/trace.h"

#include <stdarg.h>
#include <stdio.h>

void
trace_init(struct trace *t)
{
	t->n = 0;
	text_init(&t->text, t->buf, sizeof(t->buf));
}

static void
add(struct trace *t, struct rec_step step, const char *why, va_list ap)
{
	char	line[512];
	size_t	begin = t->text.len;
	int	n;

	if (t->n == TRACE_STEPS || t->text.full)
		return;
	n = vsnprintf(line, sizeof(line), why, ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	text_add(&t->text, str_make(line, n));
	step.why = str_make(t->buf + begin, t->text.len - begin);
	t->v[t->n++] = step;
}

void
trace_step(struct trace *t, const char *what, bool matched, const char *why, ...)
{
	va_list	ap;

	va_start(ap, why);
	add(t, (struct rec_step){ .text = str_of(what), .matched = matched }, why,
	    ap);
	va_end(ap);
}

void
trace_line(struct trace *t, const char *file, uint32_t line, const char *what,
    bool matched, const char *why, ...)
{
	va_list	ap;

	va_start(ap, why);
	add(t, (struct rec_step){ .file = str_of(file), .line = line,
	    .text = str_of(what), .matched = matched }, why, ap);
	va_end(ap);
}
