/*
 * log_levels - how much each component logs, from the settings.
 *
 * setting_checks.c asks whether the lines can be read, daemon_config.c puts them in
 * force.
 */
#include "common/log_levels.h"

#include "common/conf.h"
#include "common/log.h"
#include "common/settings.h"

/* The index of the tag. -1 after complaining. */
static int
read_line(const struct set_line *line, enum log_level *level, struct complaints *out)
{
	struct words	w;
	struct str	word;
	int		tag;

	words_init(&w, line, out);
	if (!words_want(&w, "a tag", &word) ||
	    (tag = words_one_of(&w, word, log_tags)) < 0 ||
	    !words_want(&w, "a level", &word))
		return -1;
	if (!log_level_parse(word, level)) {
		words_complain(&w, "\"%.*s\" is no level: failure, major, problems, "
		    "low-level or all", STR_ARG(word));
		return -1;
	}
	if (words_next(&w, &word)) {
		words_complain(&w, "nothing follows the level");
		return -1;
	}
	return tag;
}

void
log_levels_check(const struct settings *s, struct complaints *out)
{
	enum log_level	level;

	for (size_t i = 0; i < s->log_tags.n; i++)
		(void)read_line(&s->log_tags.v[i], &level, out);
}

void
log_levels_set(const struct settings *s)
{
	struct complaints	none = { 0 };
	enum log_level		level;
	int			tag;

	log_level_set((enum log_level)(s->log_level + 1));
	for (size_t i = 0; log_tags[i] != NULL; i++)
		log_tag_level_set(i, 0);
	for (size_t i = 0; i < s->log_tags.n; i++)
		if ((tag = read_line(&s->log_tags.v[i], &level, &none)) >= 0)
			log_tag_level_set((size_t)tag, level);
	complaints_fini(&none);
	raised_networks(&s->debug_networks);
}
