/* raised_file - "NUMBER KIND LEVEL UNTIL BOOT WHO VALUE" a line. */
#include "common/raised_file.h"

#include <errno.h>
#include <stdlib.h>

#include "common/conf.h"
#include "common/mono.h"

#define LINE_OCTETS	(RAISED_VALUE_MAX + 256)
#define FILE_MAX	(RAISED_MAX * LINE_OCTETS)

static int
kind_of(struct str word)
{
	for (int i = 0; i < RAISED_KINDS; i++)
		if (str_eq(word, str_of(raised_kinds[i])))
			return i;
	return -1;
}

static bool
line_read(struct str line, int64_t now_ms, struct raised *r)
{
	struct str	word[6];
	uint32_t	level;
	uint64_t	until;
	int		by;

	*r = (struct raised){ 0 };
	for (size_t i = 0; i < 6; i++)
		if (!str_cut(&line, ' ', &word[i]))
			return false;
	if (str_u64(word[0], &r->number) < 0 || (by = kind_of(word[1])) < 0 ||
	    str_u32(word[2], &level) < 0 || level > UINT8_MAX ||
	    str_u64(word[3], &until) < 0 || until > INT64_MAX ||
	    !str_eq(word[4], str_of(boot_id())) ||
	    !str_copy(r->who, sizeof(r->who), word[5]) ||
	    !str_copy(r->value, sizeof(r->value), line))
		return false;
	r->by = (enum raised_by)by;
	r->level = (uint8_t)level;
	r->until_ms = (int64_t)until;
	return r->until_ms > now_ms;
}

int
raised_read(const struct dirs *d, struct raised out[RAISED_MAX])
{
	char		 path[4096], *text;
	struct str	 rest, line;
	size_t		 len;
	int		 n = 0, error;

	error = file_read(dirs_path(path, d->state, RAISED_FILE), FILE_MAX, &text, &len);
	if (error < 0)
		return error == -ENOENT ? 0 : error;
	rest = str_make(text, len);
	while (n < RAISED_MAX && str_cut(&rest, '\n', &line))
		n += line_read(line, boot_ms(), &out[n]);
	free(text);
	return n;
}

int
raised_write(const struct dirs *d, const struct raised *list, size_t n)
{
	char		 path[4096], *buf = xcalloc(1, FILE_MAX);
	struct text	 t;
	int		 error;

	text_init(&t, buf, FILE_MAX);
	for (size_t i = 0; i < n; i++)
		text_printf(&t, "%llu %s %u %lld %s %s %s\n",
		    (unsigned long long)list[i].number, raised_kinds[list[i].by],
		    list[i].level, (long long)list[i].until_ms, boot_id(),
		    list[i].who[0] != '\0' ? list[i].who : "-", list[i].value);
	error = file_replace(dirs_path(path, d->state, RAISED_FILE), text_str(&t), 0660);
	free(buf);
	return error;
}
