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

void
trace_step(struct trace *t, const char *what, bool matched, const char *why, ...)
{
	char	line[512];
	size_t	begin = t->text.len;
	va_list	ap;
	int	n;

	if (t->n == TRACE_STEPS || t->text.full)
		return;
	va_start(ap, why);
	n = vsnprintf(line, sizeof(line), why, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	text_add(&t->text, str_make(line, n));
	t->v[t->n++] = (struct rec_step){
		.text = str_of(what), .matched = matched,
		.why = str_make(t->buf + begin, t->text.len - begin),
	};
}
