#ifndef SIPCTL_SIPCTL_H
#define SIPCTL_SIPCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/dirs.h"
#include "sipctl/line.h"
#include "sipctl/output.h"

/* What sipctl exits with (SIPCTL.md 1.4). */
enum {
	CTL_DONE = 0,
	CTL_NO = 1,		/* not found, check failed, degraded */
	CTL_USAGE = 2,
	CTL_UNREACHABLE = 3,	/* a daemon: its name is said */
	CTL_DENIED = 4,
	CTL_CONFLICT = 5,	/* the configuration changed since you looked */
	CTL_PARTLY = 6,		/* a bulk job: rejects are in a file */
};

#define DAEMONS	5
extern const char *const daemon_names[DAEMONS];	/* in the order they end */
bool	is_daemon(const char *name);

struct ask;

/* One run of sipctl: what every command is given. */
struct ctl {
	struct dirs	 dirs;
	const char	*dir;		/* of -C, or NULL */
	struct out	 out;
	char		 user[64];	/* Unix user name, for logs */
	bool		 quiet;
	struct ask	*ask;		/* made with the first question */
};

/* To stderr: "sipctl: ..." */
void	say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, then returns code. */
int	no(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* To stdout unless -q: what was done. */
void	done(const struct ctl *c, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * All complaints to stderr; after errors "N errors, N warnings." and the sentence
 * then, which may be NULL.
 */
void	complaints_say(const struct ctl *c, const struct complaints *out,
	    const char *then);

/*
 * An AOR as typed: with the main domain of etc/ when it has none. Canonical, in
 * buf; false after saying what is wrong.
 */
bool	aor_arg(const struct ctl *c, const char *typed, char buf[256]);

/*
 * The password of --password-file F|- or --ask-password, malloc'd; NULL after
 * saying why. *given is false when neither was there (then NULL and silence).
 */
char	*password_arg(const struct line *l, bool *given);

/* Everything from a descriptor, at most max octets. As file_read(). */
int	read_all(int fd, size_t max, char **text, size_t *len);

/* "2 h", "03:12", "4d 02:11": as status shows durations. */
void	duration_text(double seconds, char *buf, size_t size);
/* Wall clock as RFC 3339 in UTC. */
void	time_text(long long ms, char *buf, size_t size);
/* That, or with whole seconds, to milliseconds since 1970. False: it is none. */
bool	time_parse(const char *text, int64_t *ms);
/* A pid from run/NAME.pid when that process lives and is called so; else 0. */
int	pid_of(const struct ctl *c, const char *name);

/* Are our daemons units of systemd? Then there is no keeper. */
bool	run_by_systemd(const struct ctl *c);
/* init.c: run, state and log with what is below them; -1 after saying why. */
int	house_make_dirs(const struct ctl *c);

/* ---- the commands, by file ---- */

#define COMMAND(name)	int name(struct ctl *c, const struct line *l)
COMMAND(cmd_help);
COMMAND(cmd_init);
COMMAND(cmd_up);
COMMAND(cmd_down);
COMMAND(cmd_drain);
COMMAND(cmd_status);
COMMAND(cmd_check);
COMMAND(cmd_stats);
COMMAND(cmd_metrics);
COMMAND(cmd_top);
COMMAND(cmd_slow);
COMMAND(cmd_tx);
COMMAND(cmd_selftest);
COMMAND(cmd_capacity);
COMMAND(cmd_doctor);
COMMAND(cmd_user_add);
COMMAND(cmd_user_set);
COMMAND(cmd_user_passwd);
COMMAND(cmd_user_del);
COMMAND(cmd_user_show);
COMMAND(cmd_user_list);
COMMAND(cmd_user_import);
COMMAND(cmd_user_export);
COMMAND(cmd_reg_list);
COMMAND(cmd_reg_show);
COMMAND(cmd_reg_failures);
COMMAND(cmd_nat);
COMMAND(cmd_reg_del);
COMMAND(cmd_reg_add);
COMMAND(cmd_rights_list);
COMMAND(cmd_rights_add);
COMMAND(cmd_rights_set);
COMMAND(cmd_rights_del);
COMMAND(cmd_ban_list);
COMMAND(cmd_ban_add);
COMMAND(cmd_ban_del);
COMMAND(cmd_calls);
COMMAND(cmd_calls_end);
COMMAND(cmd_media);
COMMAND(cmd_gw_list);
COMMAND(cmd_gw_show);
COMMAND(cmd_gw_add);
COMMAND(cmd_gw_set);
COMMAND(cmd_gw_del);
COMMAND(cmd_gw_do);
COMMAND(cmd_gw_switch);
COMMAND(cmd_route_test);
COMMAND(cmd_route_check);
COMMAND(cmd_route_diff);
COMMAND(cmd_directory_list);
COMMAND(cmd_directory_show);
COMMAND(cmd_directory_add);
COMMAND(cmd_directory_set);
COMMAND(cmd_directory_del);
COMMAND(cmd_directory_import);
COMMAND(cmd_directory_export);
COMMAND(cmd_domain_list);
COMMAND(cmd_domain_show);
COMMAND(cmd_domain_add);
COMMAND(cmd_domain_del);
COMMAND(cmd_domain_import);
COMMAND(cmd_rules_list);
COMMAND(cmd_rules_show);
COMMAND(cmd_rules_set);
COMMAND(cmd_rules_del);
COMMAND(cmd_config_check);
COMMAND(cmd_config_set);
COMMAND(cmd_config_diff);
COMMAND(cmd_config_apply);
COMMAND(cmd_config_confirm);
COMMAND(cmd_config_rollback);
COMMAND(cmd_config_history);
COMMAND(cmd_config_describe);
COMMAND(cmd_config_show);
COMMAND(cmd_reload);
COMMAND(cmd_cert_show);
COMMAND(cmd_log);
COMMAND(cmd_log_raise);
COMMAND(cmd_log_raised);
COMMAND(cmd_log_lower);
COMMAND(cmd_restart);
COMMAND(cmd_trace);
COMMAND(cmd_why);
COMMAND(cmd_bundle);
COMMAND(cmd_manual);
COMMAND(cmd_complete);

#endif
