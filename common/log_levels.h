#ifndef COMMON_LOG_LEVELS_H
#define COMMON_LOG_LEVELS_H

struct complaints;
struct settings;

/*
 * Levels of the log's components: lines of a tag and a level ("log-tag SIPC all"),
 * FEATURES row 24.
 */
void	log_levels_check(const struct settings *s, struct complaints *out);
/* s is in force: "log-level" for all, another one for those with a line. */
void	log_levels_set(const struct settings *s);

#endif
