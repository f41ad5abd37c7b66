/*
 * output_text - texts and figures as people may see them: escaped, rounded, with
 * units.
 */
#include <stdlib.h>
#include <time.h>

#include "sipctl/sipctl.h"

/* Octets of the UTF-8 character at s that a terminal may see; 0: none. */
static size_t
utf8_length(const unsigned char *s, size_t n)
{
	size_t	len, i;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (len > n)
		return 0;
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xc2 && s[1] < 0xa0) ||		/* C1 controls */
	    (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	/* Bidirectional controls can turn a line around. */
	if (s[0] == 0xe2 && ((s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) ||
	    (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)))
		return 0;
	return len;
}

/*
 * In the form of vis(3) with VIS_OCTAL, which itself depends on the locale and lets
 * C1 controls through in one.
 */
void
out_escape(struct text *t, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.s;
	size_t		     i, len;

	for (i = 0; i < s.len; i += len) {
		len = 1;
		if (p[i] >= ' ' && p[i] < 0x7f)
			text_ch(t, s.s[i]);
		else if ((len = utf8_length(p + i, s.len - i)) > 0)
			text_add(t, str_make(s.s + i, len));
		else {
			len = 1;
			text_printf(t, "\\%03o", p[i]);
		}
	}
}

void
out_print(FILE *f, struct str s)
{
	char		*buf = xcalloc(1, s.len * 4 + 1);
	struct text	 t;

	text_init(&t, buf, s.len * 4 + 1);
	out_escape(&t, s);
	fwrite(t.s, 1, t.len, f);
	free(buf);
}

json_t *
json_text(struct str s)
{
	json_t		*j = json_stringn(s.s != NULL ? s.s : "", s.len);
	struct text	 t;
	char		*buf;

	if (j != NULL)
		return j;
	buf = xcalloc(1, s.len * 4 + 1);
	text_init(&t, buf, s.len * 4 + 1);
	out_escape(&t, s);
	j = json_stringn(t.s, t.len);
	free(buf);
	return j != NULL ? j : json_string("");
}

/* ---- figures for people ---- */

void
bytes_text(double n, char *buf, size_t size)
{
	static const char	units[] = "BKMGT";
	int			u = 0;

	while (n >= 1024 && units[u + 1] != '\0') {
		n /= 1024;
		u++;
	}
	if (u == 0)
		snprintf(buf, size, "%.0f", n);
	else
		snprintf(buf, size, n < 10 ? "%.1f%c" : "%.0f%c", n, units[u]);
}

void
count_text(long long n, char *buf, size_t size)
{
	char		digits[32];
	struct text	t;
	size_t		i, len;

	snprintf(digits, sizeof(digits), "%lld", n < 0 ? -n : n);
	len = strlen(digits);
	text_init(&t, buf, size);
	if (n < 0)
		text_ch(&t, '-');
	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text_ch(&t, ',');
		text_ch(&t, digits[i]);
	}
	buf[t.len < size ? t.len : size - 1] = '\0';
}

void
time_text(long long ms, char *buf, size_t size)
{
	time_t		t = (time_t)(ms / 1000);
	struct tm	tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, size, "%lld", ms);
}

bool
time_parse(const char *text, int64_t *ms)
{
	struct tm	 tm = { 0 };
	const char	*end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t		 t = timegm(&tm);

	if (end != NULL && *end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	if (end == NULL || strcmp(end, "Z") != 0 || t <= 0)
		return false;
	*ms = (int64_t)t * 1000;
	return true;
}

void
ago_text(double seconds, char *buf, size_t size)
{
	long long	s = seconds < 0 ? 0 : (long long)seconds;

	if (s < 60)
		snprintf(buf, size, "%lld s", s);
	else if (s < 3600)
		snprintf(buf, size, "%lld min", s / 60);
	else if (s < 2 * 86400)
		snprintf(buf, size, "%lld h", s / 3600);
	else
		snprintf(buf, size, "%lld d", s / 86400);
}

void
when_text(int64_t ms, int64_t now_ms, char *buf, size_t size)
{
	time_t		t = (time_t)(ms / 1000), now = (time_t)(now_ms / 1000);
	struct tm	tm, today;

	if (gmtime_r(&t, &tm) == NULL || gmtime_r(&now, &today) == NULL)
		snprintf(buf, size, "-");
	else
		strftime(buf, size, tm.tm_yday == today.tm_yday &&
		    tm.tm_year == today.tm_year ? "%H:%M" : "%Y-%m-%d %H:%M", &tm);
}

void
duration_text(double seconds, char *buf, size_t size)
{
	long long	s = seconds < 0 ? 0 : (long long)seconds;

	if (s < 3600)
		snprintf(buf, size, "%02lld:%02lld", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60,
		    s % 60);
	else
		snprintf(buf, size, "%lldd %02lld:%02lld", s / 86400,
		    s / 3600 % 24, s / 60 % 60);
}
