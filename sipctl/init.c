/*
 * init - a working configuration and the directories of a house. Asks nothing,
 * changes nothing that exists.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/generation.h"
#include "common/users.h"
#include "sipctl/lan.h"
#include "sipctl/selfsigned.h"
#include "sipctl/sipctl.h"

#define CONF_TEXT_MAX	65536

/* ---- directories ---- */

/* With all that is missing above it. 0 or -errno. */
static int
make_path(const char *path)
{
	char	buf[4096], *slash;

	if (!str_copy(buf, sizeof(buf), str_of(path)))
		return -ENAMETOOLONG;
	for (slash = strchr(buf + 1, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(buf, 0755) == -1 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(buf, 0755) == -1 && errno != EEXIST ? -errno : 0;
}

static int
make_dir(const char *base, const char *name, mode_t mode, gid_t gid)
{
	char	path[4096];
	int	e;

	if (name[0] == '\0')
		str_copy(path, sizeof(path), str_of(base));
	else
		dirs_path(path, base, "%s", name);
	e = make_path(path);
	if (e == 0 && geteuid() == 0 && chown(path, 0, gid) == -1)
		e = -errno;
	if (e == 0 && chmod(path, mode) == -1)
		e = -errno;
	if (e < 0)
		say("cannot make the directory %s: %s", path, strerror(-e));
	return e;
}

/* The same owners and modes as the daemons want (common/daemon.c). */
int
house_make_dirs(const struct ctl *c)
{
	const struct dirs *d = &c->dirs;
	gid_t		   sip = users_gid("sip", CORDBOARD_GID);
	gid_t		   monitor = users_gid("sip-monitor",
			       CORDBOARD_MONITOR_GID);

	if (make_dir(d->run, "", 0755, sip) < 0 ||
	    make_dir(d->run, "bus", 0750, sip) < 0 ||
	    make_dir(d->run, "monitor", 0750, monitor) < 0 ||
	    make_dir(d->log, "", 0755, sip) < 0 ||
	    make_dir(d->state, "", 0755, sip) < 0 ||
	    make_dir(d->state, "keys", 0700, sip) < 0 ||
	    make_dir(d->state, "generations", 02770, sip) < 0)
		return -1;
	return 0;
}

/* ---- the text ---- */

/*
 * The address by which others reach this machine, for media: that of the route to
 * the world; nothing is sent.
 */
static void
own_address(char *buf, size_t size)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET, .sin_port = htons(9) };
	socklen_t		len = sizeof(sin);
	int			fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(buf, size, "127.0.0.1");
	sin.sin_addr.s_addr = htonl(0xc0000201);	/* 192.0.2.1 */
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&sin, &len) == 0)
		inet_ntop(AF_INET, &sin.sin_addr, buf, (socklen_t)size);
	if (fd >= 0)
		close(fd);
}

/* The first listener's address, unless that is all addresses. */
static void
media_default(const struct line *l, char *buf, size_t size)
{
	const char	*listen = line_option(l, "listen");
	struct peer	 peer;
	char		 host[ADDR_TEXT_MAX];
	struct str	 h;

	if (listen != NULL && peer_parse(&peer, str_of(listen)) == 0 &&
	    !addr_is_wildcard(&peer.addr)) {
		h = addr_print_host(&peer.addr, host);
		snprintf(buf, size, peer.addr.sa.sa_family == AF_INET6 ?
		    "[%.*s]:30000-39998" : "%.*s:30000-39998", STR_ARG(h));
		return;
	}
	own_address(host, sizeof(host));
	snprintf(buf, size, "%s:30000-39998", host);
}

/* The first certificate of a house that shall listen for TLS. */
#define TLS_DIR		"tls"
#define TLS_CHAIN	"tls/first.pem"
#define TLS_KEY		"tls/first.key"

static bool
wants_tls(const struct line *l)
{
	const char	*v;
	struct peer	 p;
	size_t		 at = 0;

	while ((v = line_option_next(l, "listen", &at)) != NULL)
		if (peer_parse(&p, str_of(v)) == 0 && p.transport == TRANSPORT_TLS)
			return true;
	return false;
}

/* One that --set names is the administrator's. */
static bool
wants_certificate(const struct line *l)
{
	const char	*v;
	size_t		 at = 0;

	while ((v = line_option_next(l, "set", &at)) != NULL)
		if (str_prefix(str_of(v), STR("tls-certificate=")))
			return false;
	return wants_tls(l);
}

static void
write_listens(const struct line *l, struct text *t)
{
	const char	*v;
	size_t		 at = 0;

	if (line_option(l, "listen") == NULL) {
		text_add(t, STR("listen udp:0.0.0.0:5060\n"
		    "listen tcp:0.0.0.0:5060\n"));
		return;
	}
	while ((v = line_option_next(l, "listen", &at)) != NULL) {
		text_add(t, STR("listen "));
		text_add(t, str_of(v));
		text_ch(t, '\n');
	}
}

/* What the interfaces say; the comment tells what it is good for. */
static void
write_lan(struct text *t)
{
	char		buf[2048];
	struct text	lan;

	text_init(&lan, buf, sizeof(buf));
	lan_write(&lan);
	if (lan.len == 0 || lan.full)
		return;
	text_add(t, STR("# Networks of this machine that the Internet does not reach: media "
	    "between them\n# and the world outside are relayed.\nlan-networks ["));
	text_add(t, text_str(&lan));
	text_add(t, STR("]\n"));
}

static void
write_conf(const struct line *l, struct text *t)
{
	const char	*media;
	char		 buf[128];
	size_t		 at = 0;

	text_printf(t, "# sip.conf of %s. After an edit: sipctl config apply\n"
	    "# What can stand here: sipctl config describe\n\n", l->args[0]);
	text_add(t, STR("domain "));
	conf_quote(t, str_of(l->args[0]));
	text_ch(t, '\n');
	write_listens(l, t);
	if (wants_certificate(l))
		text_add(t, STR("# Signed by itself, for the first start: put the names of "
		    "your own files here.\n"
		    "tls-certificate " TLS_CHAIN " " TLS_KEY "\n"));
	if (line_option(l, "media") == NULL) {
		media_default(l, buf, sizeof(buf));
		text_printf(t, "media %s\n", buf);
	}
	while ((media = line_option_next(l, "media", &at)) != NULL)
		text_printf(t, "media %s\n", media);
	write_lan(t);
}

/* text with NAME=VALUE in it; takes text. NULL after complaining. */
static char *
set_one(char *text, const char *assignment, struct complaints *out)
{
	struct str	rest = str_of(assignment), name;
	char		n[128], *result;

	str_cut(&rest, '=', &name);
	if (rest.s == NULL || !str_copy(n, sizeof(n), name) || name.len == 0) {
		complain(out, false, "", 0, 0, "--set wants NAME=VALUE, not \"%s\"",
		    assignment);
		free(text);
		return NULL;
	}
	result = conf_edit("sip.conf", str_of(text), NULL, NULL, n, rest.s, out);
	free(text);
	return result;
}

/* The whole sip.conf, checked; NULL after saying what is wrong. */
static char *
conf_text(const struct ctl *c, const struct line *l)
{
	struct complaints out = { 0 };
	struct settings	 *s = NULL;
	struct conf	 *conf = NULL;
	struct text	  t;
	char		 *text = xcalloc(1, CONF_TEXT_MAX);
	const char	 *v;
	size_t		  at = 0;

	text_init(&t, text, CONF_TEXT_MAX - 1);
	write_conf(l, &t);
	text[t.len] = '\0';
	while (text != NULL && (v = line_option_next(l, "set", &at)) != NULL)
		text = set_one(text, v, &out);
	if (text != NULL)
		conf = conf_parse("sip.conf", str_of(text), &out);
	if (conf != NULL)
		s = settings_build(conf, &out);
	complaints_say(c, &out, "Nothing was written.");
	if (s == NULL) {
		free(text);
		text = NULL;
	}
	complaints_fini(&out);
	settings_free(s);
	conf_free(conf);
	return text;
}

/* ---- writing ---- */

static const char routes_text[] =
    "; routes.conf: where addresses go, the first record that matches wins.\n"
    "; [NoRelay:]pattern = target\n";

/* A house is there when it has a configuration or a history. */
static bool
in_use(const struct ctl *c)
{
	char	path[4096];

	return access(dirs_path(path, c->dirs.etc, "sip.conf"), F_OK) == 0 ||
	    generation_last(&c->dirs) > 0;
}

static int
write_file(const struct ctl *c, const char *name, const char *text)
{
	char	path[4096];
	int	e;

	e = file_replace(dirs_path(path, c->dirs.etc, "%s", name), str_of(text),
	    0644);
	if (e < 0)
		say("cannot write %s: %s", path, strerror(-e));
	return e;
}

static int
make_certificate(const struct ctl *c, const char *domain)
{
	char	chain[4096], key[4096];
	gid_t	sip = users_gid("sip", CORDBOARD_GID);
	int	e = make_dir(c->dirs.etc, TLS_DIR, 0750, sip);

	if (e < 0)
		return e;
	e = selfsigned_make(domain, dirs_path(chain, c->dirs.etc, "%s", TLS_CHAIN),
	    dirs_path(key, c->dirs.etc, "%s", TLS_KEY), sip);
	if (e < 0)
		say("cannot make a certificate in %s/" TLS_DIR ": %s", c->dirs.etc,
		    strerror(-e));
	return e;
}

COMMAND(cmd_init)
{
	char	*text, path[4096];
	int	 e;

	if (in_use(c))
		return no(CTL_NO, "%s is in use: there is a configuration already; "
		    "next: sipctl status", c->dirs.etc);
	if ((text = conf_text(c, l)) == NULL)
		return CTL_NO;
	e = make_dir(c->dirs.etc, "", 0755, 0);
	if (e == 0)
		e = make_dir(c->dirs.etc, "conf.d", 0755, 0);
	if (e == 0)
		e = house_make_dirs(c);
	if (e == 0 && access(dirs_path(path, c->dirs.etc, "routes.conf"), F_OK) != 0)
		e = write_file(c, "routes.conf", routes_text);
	if (e == 0 && wants_certificate(l))
		e = make_certificate(c, l->args[0]);
	if (e == 0)
		e = write_file(c, "sip.conf", text);
	free(text);
	if (e < 0)
		return e == -EACCES || e == -EPERM ? CTL_DENIED : CTL_NO;
	done(c, "wrote %s/sip.conf; next: sipctl up", c->dirs.etc);
	return CTL_DONE;
}
