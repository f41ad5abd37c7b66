/*
 * trace_fuzz - a call of messages and notes that anybody wrote: drawn as text, as
 * pictures, as a page and a capture, as it is and with pseudonyms.
 *
 * Records are separated by 0xff; the first octet of each says what it is: bit 0 sent,
 * bits 1 and 2 to whom, bit 3 a note. Slices are where the next three octets say.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sipctl/anonymize.h"
#include "sipctl/capture.h"
#include "sipctl/ladder.h"
#include "sipctl/trace_html.h"
#include "sipctl/why.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)
#define RECORDS_MAX	32

static struct record *
record_new(const uint8_t *head, const uint8_t *text, size_t n, unsigned number)
{
	struct record_message	 m = { .transport = TRANSPORT_UDP };
	struct record_note	 note = { "ROUTER" };
	bool			 is_note = head[0] & 8;
	size_t			 len = is_note ? sizeof(note) : sizeof(m);
	struct record		*c = calloc(1, sizeof(*c) + len + n);

	MUST(c != NULL);
	m.family = head[0] & 6 ? 4 : 6;
	m.remote[0] = m.remote[3] = head[0] & 6;
	m.label = (struct record_slice){ head[1], head[2] };
	m.from = (struct record_slice){ head[2], head[3] };
	m.call_id = (struct record_slice){ head[3], head[1] };
	c->kind = is_note ? RECORD_DECISION : head[0] & 1 ? RECORD_OUT : RECORD_IN;
	c->code = head[0] & 16 ? 200 : 0;
	c->mono_ns = (int64_t)number * 1000000;
	c->wall_ms = number;
	c->length = (uint32_t)(len + n);
	memcpy((char *)(c + 1), is_note ? (void *)&note : (void *)&m, len);
	if (n > 0)
		memcpy((char *)(c + 1) + len, text, n);
	return c;
}

/* No control octet gets out but the ends of lines. */
static void
check(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		MUST((unsigned char)text[i] >= ' ' || text[i] == '\n');
}

static void
draw(const struct trace *t)
{
	struct ladder	l;
	struct why	w;
	char		*text = NULL;
	size_t		 n = 0, visible;
	FILE		*f = open_memstream(&text, &n);

	MUST(f != NULL);
	ladder_make(t, "sip1", &l);
	why_find(&l, &w);
	MUST(w.cause != NULL && w.sentence[0] != '\0');
	ladder_text(&l, true, f);
	ladder_text(&l, false, f);
	ladder_mermaid(&l, f);
	ladder_svg(&l, f);
	trace_html(&l, f);
	fflush(f);
	visible = n;
	capture_pcap(t, f);
	fclose(f);
	check(text, visible);
	free(text);
	ladder_fini(&l);
}

static void
hide(struct trace *t)
{
	struct pseudonyms	*a = pseudonyms_new();

	anonymize(t, a);
	pseudonyms_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_record	 v[RECORDS_MAX];
	struct trace		 t = { .v = v };
	const uint8_t		*end;

	while (size >= 4 && t.n < RECORDS_MAX) {
		size_t	n;

		end = memchr(data + 4, 0xff, size - 4);
		n = end != NULL ? (size_t)(end - data) - 4 : size - 4;
		v[t.n] = (struct trace_record){ .c = record_new(data, data + 4, n,
		    (unsigned)t.n), .daemon = "sipd", .ring = "sipd.0" };
		t.n++;
		n += 4 + (end != NULL);
		data += n;
		size -= n;
	}
	if (t.n == 0)
		return 0;
	draw(&t);
	hide(&t);
	draw(&t);
	for (size_t i = 0; i < t.n; i++)
		free((void *)(uintptr_t)v[i].c);
	return 0;
}
