#ifndef GWREGD_FAR_TEST_H
#define GWREGD_FAR_TEST_H

/*
 * gwregd in a house of the test's own, with a far server that answers as it is told: begun,
 * ended, killed, asked, waited for.
 */
#include "gwregd/far_server_test.h"

/* ---- the house ---- */

__attribute__((unused)) static void
up(void)
{
	char path[4200];

	self_begin(&h.self, &daemon_, &h.settings, h.dir);
	h.far = bus_new(h.self.context, h.self.loop, h.self.epoch + 1);
	assert_int_equal(bus_serve(h.far, dirs_bus(path, &h.self.dirs, "sipd"),
	    false, &h.server), 0);
	bus_handlers_add(h.server, far_handlers, NULL);
	h.peer = bus_peer_new(h.far, "gwregd", dirs_bus(path, &h.self.dirs,
	    "gwregd"));
	assert_int_equal(gwregd_start(&h.self), 0);
	h.g = h.self.own;
	assert_int_equal(gwregd_run(&h.self), 0);
}

__attribute__((unused)) static void
bus_down(void)
{
	bus_free(h.far);
	self_end(&h.self);
}

__attribute__((unused)) static void
down(void)
{
	gwregd_stop(&h.self);
	bus_down();
}

/* As kill -9 does: no sign-off, the small file as it is. */
__attribute__((unused)) static void
killed(void)
{
	size_t cursor = 0;
	struct gateway *w;

	while ((w = map_next(h.g->gateways, &cursor)) != NULL)
		gateway_free(w);
	map_free(h.g->gateways);
	free(h.g);
	bus_down();
}

__attribute__((unused)) static void
secret_write(const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/etc/far.secret", h.dir);
	assert_int_equal(file_replace(path, str_of(text), 0600), 0);
}

__attribute__((unused)) static char t_name[] = "far", t_domain[] = "far.example", t_user[] = "line7",
    t_file[] = "far.secret", t_via[] = "192.0.2.10:5070", t_empty[] = "",
    t_other[] = "line8", t_auth[] = "auth-name",
    t_contact[] = "sip:desk@198.51.100.1:5080", t_ours[] = "example.com",
    t_routes[] = "", t_realm[] = "far";
static char *domains[] = { t_ours };
static struct listen listens[2];

static const char *first_secret = "secret";
static enum reply first_reply = R_CHECK;
static char *first_realm = t_empty;

__attribute__((unused)) static int
setup(void **state)
{
	static const char *const names[] = { "run", "run/bus", "run/monitor", "state",
	    "state/gwregd", "etc", NULL };

	memset(&h, 0, sizeof(h));
	h.reply = first_reply;
	snprintf(h.dir, sizeof(h.dir), "/tmp/gwregd-house-XXXXXX");
	self_dirs_make(h.dir, names);
	secret_write(first_secret);
	h.one = (struct gateway_settings){
		.name = t_name, .domain = t_domain, .via = t_via,
		.username = t_user, .password_file = t_file,
		.auth_name = t_empty, .realm = first_realm, .contact = t_empty,
		.register_every = 600000, .channels = 30,
		.probe_failures = 3, .probe_successes = 2,
	};
	listens[0].transport = TRANSPORT_TCP;
	addr_parse(&listens[0].addr, STR("198.51.100.1"), 5060);
	listens[1].transport = TRANSPORT_UDP;
	addr_parse(&listens[1].addr, STR("198.51.100.1"), 5062);
	h.settings = (struct settings){
		.gateways = &h.one, .ngateways = 1, .routes = t_routes,
		.domains = { domains, 1 }, .listen = { listens, 2 },
	};
	up();
	return 0;
}

__attribute__((unused)) static int
teardown(void **state)
{
	down();
	buf_fini(&h.a.packed);
	return self_dirs_remove(h.dir);
}

__attribute__((unused)) static void
ask(enum msg_type type, void *question)
{
	answer_ask(&h.a, h.self.loop, h.peer, type, question);
}

/* The value of a cell of the only gateway, as text. */
__attribute__((unused)) static const char *
cell(const char *name)
{
	static char buf[300];
	struct msg_show m = { .what = STR("gateways") };
	const struct rec_cell *c;

	ask(MSG_SHOW, &m);
	assert_int_equal(h.a.m.rows.rows.n, 1);
	for (uint32_t i = 0; i < h.a.m.rows.rows.v[0].cells.n; i++) {
		c = &h.a.m.rows.rows.v[0].cells.v[i];
		if (!str_eq(c->name, str_of(name)))
			continue;
		if (c->kind == CELL_NUMBER)
			snprintf(buf, sizeof(buf), "%lld", (long long)c->number);
		else
			snprintf(buf, sizeof(buf), "%.*s", STR_ARG(c->text));
		return buf;
	}
	fail_msg("no cell %s", name);
	return "";
}

__attribute__((unused)) static void
until_state(const char *state)
{
	struct mono end = mono_add_ms(mono_now(), 10000);

	while (strcmp(cell("state"), state) != 0) {
		if (mono_before(end, mono_now()))
			fail_msg("not %s but %s", state, cell("state"));
		loop_once(h.self.loop, 100);
	}
}

__attribute__((unused)) static void
commit(void)
{
	gwregd_commit(&h.self, &h.settings);
}

__attribute__((unused)) static void
disable(bool on)
{
	h.one.disabled = on;
	commit();
}

__attribute__((unused)) static enum msg_type
order(const char *action)
{
	struct msg_gateway_do m = {
		.by = STR("t"), .name = STR("far"), .action = str_of(action),
	};

	ask(MSG_GATEWAY_DO, &m);
	return h.a.type;
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
