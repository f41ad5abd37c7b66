/*
 * keep - the small file of a gateway.
 *
 * gateway.c reads it at start and writes it whenever something was sent or
 * granted. One word and its value a line; a file that does not read well is as
 * good as none.
 */
#include "gwregd/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/mono.h"
#include "common/str.h"

#define FILE_MAX	8192

/* ---- reading ---- */

struct line {
	const char	*word;
	enum { L_TEXT, L_TIME, L_NUMBER } kind;
	size_t		 at, size;
};
#define TEXT_(w, f)	{ w, L_TEXT, offsetof(struct keep, f), \
			    sizeof(((struct keep *)0)->f) }
#define TIME_(w, f)	{ w, L_TIME, offsetof(struct keep, f), 0 }
#define NUMBER_(w, f)	{ w, L_NUMBER, offsetof(struct keep, f), 0 }

static const struct line lines[] = {
	TEXT_("call-id", call_id),
	TEXT_("from-tag", from_tag),
	TEXT_("settings", print),
	NUMBER_("cseq", cseq),
	TIME_("sent", sent_ms),
	TIME_("until", until_ms),
	TIME_("refresh", refresh_ms),
	TIME_("nonce-at", nonce_at_ms),
	NUMBER_("nonce-life", nonce_life_ms),
	NUMBER_("nonce-once", nonce_once),
	TIME_("wake", wake_ms),
	NUMBER_("failures", failures),
	NUMBER_("refused", refused),
	TEXT_("error", error),
	TEXT_("accepted-realm", realm),
	TEXT_("moved", moved),
	TEXT_("service-route", service_route),
	TEXT_("realm", sign.realm),
	TEXT_("nonce", sign.nonce),
	TEXT_("opaque", sign.opaque),
	NUMBER_("nc", sign.nc),
};
#define NLINES	(sizeof(lines) / sizeof(lines[0]))

/* Our clock minus the clock of the file's boot. */
static bool
shift_read(struct str boot, struct str stamp, int64_t *shift)
{
	uint64_t then_boot, then_wall;
	struct str a;

	if (!str_cut(&stamp, ' ', &a) || str_u64(a, &then_boot) < 0 ||
	    str_u64(stamp, &then_wall) < 0 || then_boot > INT64_MAX / 2 ||
	    then_wall > INT64_MAX / 2)
		return false;
	*shift = boot.len > 0 && str_eq(boot, str_of(boot_id())) ? 0 :
	    (boot_ms() - wall_ms()) - ((int64_t)then_boot - (int64_t)then_wall);
	return true;
}

static bool
line_read(struct keep *k, struct str word, struct str value, int64_t shift)
{
	uint64_t number;
	char *at;

	for (size_t i = 0; i < NLINES; i++) {
		if (!str_eq(word, str_of(lines[i].word)))
			continue;
		at = (char *)k + lines[i].at;
		if (lines[i].kind == L_TEXT)
			return str_copy(at, lines[i].size, value);
		if (str_u64(value, &number) < 0 || number > INT64_MAX / 2)
			return false;
		if (lines[i].kind == L_NUMBER)
			*(uint32_t *)(void *)at = (uint32_t)number;
		else
			*(int64_t *)(void *)at = number == 0 ? 0 :
			    (int64_t)number + shift;
		return true;
	}
	return true;			/* of a newer version: skipped */
}

static bool
sign_read(struct keep *k, struct str how)
{
	struct str word;
	bool sess;

	if (!str_cut(&how, ' ', &word))
		return true;
	k->sign.algorithm = digest_algorithm(word, &sess);
	k->sign.valid = k->sign.algorithm != DIGEST_NONE && k->sign.nonce[0];
	while (str_cut(&how, ' ', &word)) {
		k->sign.named |= str_eq(word, STR("named"));
		k->sign.qop |= str_eq(word, STR("qop"));
		k->sign.proxy |= str_eq(word, STR("proxy"));
	}
	return true;
}

static int
parse(struct keep *k, struct str text)
{
	struct str line, word, boot = STR_NONE, how = STR_NONE;
	int64_t shift = 0;

	while (str_cut(&text, '\n', &line)) {
		if (!str_cut(&line, ' ', &word))
			continue;
		if (str_eq(word, STR("boot")))
			boot = line;
		else if (str_eq(word, STR("stamp"))) {
			if (!shift_read(boot, line, &shift))
				return -EBADMSG;
		} else if (str_eq(word, STR("how")))
			how = line;
		else if (!line_read(k, word, line, shift))
			return -EBADMSG;
	}
	if (k->call_id[0] == '\0' || k->from_tag[0] == '\0')
		return -EBADMSG;
	return sign_read(k, how) ? 0 : -EBADMSG;
}

static int
path_make(char path[4096], const char *dir, const char *begin, const char *name)
{
	int n = snprintf(path, 4096, "%s/%s%s", dir, begin, name);

	return n < 0 || n >= 4096 ? -ENAMETOOLONG : 0;
}

int
keep_parse(struct keep *k, struct str text)
{
	struct keep *in = xcalloc(1, sizeof(*in));
	int error = parse(in, text);

	if (error == 0)
		*k = *in;
	free(in);
	return error;
}

int
keep_read(struct keep *k, const char *dir, const char *name)
{
	char path[4096], *text;
	size_t len;
	int error;

	if ((error = path_make(path, dir, "", name)) < 0 ||
	    (error = file_read(path, FILE_MAX, &text, &len)) < 0)
		return error;
	error = keep_parse(k, str_make(text, len));
	free(text);
	return error;
}

/* ---- writing ---- */

static void
print(const struct keep *k, struct text *t)
{
	const char *at;

	text_printf(t, "boot %s\nstamp %" PRId64 " %" PRId64 "\n", boot_id(),
	    boot_ms(), wall_ms());
	for (size_t i = 0; i < NLINES; i++) {
		at = (const char *)k + lines[i].at;
		text_printf(t, "%s ", lines[i].word);
		if (lines[i].kind == L_TEXT)
			text_add(t, str_of(at));
		else if (lines[i].kind == L_NUMBER)
			text_u64(t, *(const uint32_t *)(const void *)at);
		else
			text_printf(t, "%" PRId64,
			    *(const int64_t *)(const void *)at);
		text_ch(t, '\n');
	}
	if (k->sign.valid)
		text_printf(t, "how %s%s%s%s\n",
		    digest_algorithm_name(k->sign.algorithm),
		    k->sign.named ? " named" : "", k->sign.qop ? " qop" : "",
		    k->sign.proxy ? " proxy" : "");
}

static int
write_all(int fd, const char *s, size_t len)
{
	ssize_t n = write(fd, s, len);

	return n == (ssize_t)len ? 0 : n < 0 ? -errno : -ENOSPC;
}

int
keep_write(const struct keep *k, const char *dir, const char *name)
{
	char path[4096], new[4096], buf[FILE_MAX];
	struct text t;
	int fd, error;

	if ((error = path_make(path, dir, "", name)) < 0 ||
	    (error = path_make(new, dir, ".new-", name)) < 0)
		return error;
	text_init(&t, buf, sizeof(buf));
	print(k, &t);
	if (t.full)
		return -EMSGSIZE;
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = write_all(fd, buf, t.len);
	close(fd);
	if (error == 0 && rename(new, path) < 0)
		error = -errno;
	return error;
}

void
keep_remove(const char *dir, const char *name)
{
	char path[4096];

	if (path_make(path, dir, "", name) == 0)
		(void)unlink(path);
}

unsigned
keep_clean(const char *dir, bool (*wanted)(void *arg, struct str name), void *arg)
{
	unsigned n = 0;
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    wanted(arg, str_of(e->d_name)))
			continue;
		n += unlinkat(dirfd(d), e->d_name, 0) == 0;
	}
	if (d != NULL)
		closedir(d);
	return n;
}
