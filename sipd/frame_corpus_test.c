/*
 * frame_corpus_test - a stream of 227 messages, whole and in pieces, and the
 * messages of the RFCs' call flows. The folder is $CORPUS or ../shared/corpus;
 * where there is none, the test says so and is skipped.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sipd/msg.h"

#define STREAM		"stream-framing/generic-227.txt"
#define MESSAGES	227
#define CUT		97
#define FILE_MAX	(1024 * 1024)

static struct sip_msg	m;

static const char *
corpus(void)
{
	const char	*dir = getenv("CORPUS");

	return dir != NULL ? dir : "../shared/corpus";
}

/* The caller frees it. */
static char *
load(const char *path, size_t *len)
{
	char	*bytes = malloc(FILE_MAX);
	FILE	*f = fopen(path, "rb");

	if (f == NULL || bytes == NULL)
		fail_msg("%s", path);
	*len = fread(bytes, 1, FILE_MAX, f);
	fclose(f);
	return bytes;
}

static int
setup(void **state)
{
	char	path[1024];

	snprintf(path, sizeof(path), "%s/" STREAM, corpus());
	if (access(path, R_OK) == 0)
		return 0;
	print_message("SKIPPED: no stream of messages at %s\n", corpus());
	exit(0);
}

/* ---- the stream ----------------------------------------------------------- */

struct cuts {
	unsigned	n;
	size_t		used;
	size_t		end[MESSAGES];		/* of each message, in the stream */
};

/* All that is whole in the first len octets, from an exact-size copy. */
static void
take(struct cuts *c, const char *stream, size_t len)
{
	char			*copy = malloc(len - c->used + 1);
	struct str		 in = str_make(copy, len - c->used), msg;
	enum sip_frame_kind	 kind;
	ssize_t			 n;

	memcpy(copy, stream + c->used, in.len);
	while ((n = sip_frame(in, 65536, &kind, &msg)) > 0) {
		in.s += n;
		in.len -= (size_t)n;
		c->used += (size_t)n;
		if (kind != SIP_FRAME_MESSAGE)
			continue;
		assert_true(c->n < MESSAGES);
		c->end[c->n++] = c->used;
	}
	assert_int_equal(n, 0);
	free(copy);
}

static void
test_stream(void **state)
{
	struct cuts	whole = { 0 }, pieces;
	char		path[1024], *stream;
	size_t		size, len;

	snprintf(path, sizeof(path), "%s/" STREAM, corpus());
	stream = load(path, &size);
	take(&whole, stream, size);
	assert_int_equal(whole.n, MESSAGES);
	for (size_t first = 0; first < CUT; first++) {
		pieces = (struct cuts){ 0 };
		for (len = first; len < size; len += CUT)
			take(&pieces, stream, len);
		take(&pieces, stream, size);
		assert_int_equal(pieces.n, MESSAGES);
		assert_memory_equal(pieces.end, whole.end, sizeof(whole.end));
	}
	free(stream);
}

/* ---- the call flows ------------------------------------------------------- */

/* One block of a YAML list, from its first line on, without the indent of two. */
static struct str
block(char **text, char *out)
{
	char	*line = *text, *next, *to = out;

	for (; *line != '\0' && strncmp(line, "- ", 2) != 0; line = next) {
		next = strchr(line, '\n');
		next = next != NULL ? next + 1 : line + strlen(line);
		if (strncmp(line, "  ", 2) == 0)
			line += 2;
		while (*line != '\n' && *line != '\0')
			*to++ = *line++;
		*to++ = '\r';
		*to++ = '\n';
	}
	*text = line;
	if (memmem(out, (size_t)(to - out), "\r\n\r\n", 4) == NULL) {
		*to++ = '\r';		/* YAML has cut it */
		*to++ = '\n';
	}
	return str_make(out, (size_t)(to - out));
}

/*
 * Content-Length is that of the RFC's text: a body may look too short. RFC 5626
 * section 9 prints its requests without Via, which RFC 3261 section 8.1.1 wants in
 * each: such a one has nowhere to be answered to, and is dropped.
 */
static bool
as_expected(struct str in)
{
	int	error = sip_parse(&m, in);

	if (memmem(in.s, in.len, "\r\nVia:", 6) == NULL &&
	    memmem(in.s, in.len, "\r\nv:", 4) == NULL)
		return error == -EBADMSG;
	return error == 0 && (m.bad == NULL || m.truncated);
}

static unsigned
check_flow(const char *path)
{
	static char	out[FILE_MAX];
	size_t		len;
	char		*file = load(path, &len), *p = file;
	unsigned	n = 0;
	struct str	in;

	file[len < FILE_MAX ? len : FILE_MAX - 1] = '\0';
	while ((p = strstr(p, "- |")) != NULL) {
		if (p > file && p[-1] != '\n') {
			p++;
			continue;
		}
		p = strchr(p, '\n') + 1;
		in = block(&p, out);
		if (!as_expected(in))
			fail_msg("%s, message %u: %s", path, n + 1,
			    m.bad != NULL ? m.bad : "dropped");
		n++;
	}
	free(file);
	return n;
}

static unsigned
check_folder(const char *folder)
{
	char		 path[2048];
	struct dirent	*e;
	unsigned	 n = 0;
	DIR		*d = opendir(folder);

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		size_t	len = strlen(e->d_name);

		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			n += check_folder(path);
		else if (len > 5 && strcmp(e->d_name + len - 5, ".yaml") == 0)
			n += check_flow(path);
	}
	closedir(d);
	return n;
}

static void
test_flows(void **state)
{
	char	path[1024];

	snprintf(path, sizeof(path), "%s/rfc-callflows", corpus());
	assert_true(check_folder(path) > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_flows),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
