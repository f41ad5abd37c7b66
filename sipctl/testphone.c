/*
 * testphone - SIP as the self test's phones speak it: just enough for a registration
 * and a call, over UDP. RFC 3261 sections 8, 10, 13, 15, 22.
 */
#include "sipctl/testphone.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/digest.h"
#include "common/id.h"
#include "common/mono.h"
#include "sipctl/sip_text.h"

#define REPEAT_MS	500	/* timer A and E, without doubling: nobody is far away */

static int
socket_beside(const struct addr *server)
{
	struct addr	local = *server;
	int		fd = socket(server->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	addr_set_port(&local, 0);
	if (fd >= 0 && bind(fd, &local.sa, local.len) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int
local_of(int fd, struct addr *out)
{
	out->len = sizeof(out->in6);
	return fd < 0 ? -1 : getsockname(fd, &out->sa, &out->len);
}

int
testphone_open(struct testphone *p, const char *user, const char *domain,
    const char *password, const struct addr *server)
{
	struct addr	local;
	char		buf[ADDR_TEXT_MAX];

	*p = (struct testphone){ .server = *server };
	p->sip = socket_beside(server);
	p->rtp = socket_beside(server);
	if (local_of(p->sip, &local) < 0)
		return -errno;
	str_copy(p->contact, sizeof(p->contact), addr_print(&local, buf));
	if (local_of(p->rtp, &local) < 0)
		return -errno;
	p->media_port = addr_port(&local);
	/* A private address that is not ours: RFC 1918, or fc00::/7. */
	snprintf(p->media, sizeof(p->media), "%s", server->sa.sa_family == AF_INET ?
	    "10.255.255.1" : "fd00::ffff:1");
	snprintf(p->user, sizeof(p->user), "%s", user);
	snprintf(p->domain, sizeof(p->domain), "%s", domain);
	snprintf(p->password, sizeof(p->password), "%s", password);
	id_text(p->tag, 10);
	return 0;
}

void
testphone_close(struct testphone *p)
{
	if (p->sip >= 0)
		close(p->sip);
	if (p->rtp >= 0)
		close(p->rtp);
	explicit_bzero(p, sizeof(*p));
	p->sip = p->rtp = -1;
}

/* ---- the wire ---- */

static void
transmit(const struct testphone *p, struct str text)
{
	(void)sendto(p->sip, text.s, text.len, MSG_DONTWAIT, &p->server.sa, p->server.len);
}

/* The next message into p->got; false after ms of silence. */
static bool
receive(struct testphone *p, int64_t ms)
{
	struct pollfd	fd = { .fd = p->sip, .events = POLLIN };
	ssize_t		n;

	if (ms < 0 || poll(&fd, 1, (int)ms) <= 0 ||
	    (n = recv(p->sip, p->got, sizeof(p->got) - 1, MSG_DONTWAIT)) <= 0)
		return false;
	p->got[n] = '\0';
	p->len = (size_t)n;
	return true;
}

static struct str
got(const struct testphone *p)
{
	return str_make(p->got, p->len);
}

/* Of a response; 0: it is a request. */
static int
code_of(const struct testphone *p)
{
	return strncmp(p->got, "SIP/2.0 ", 8) == 0 ? atoi(p->got + 8) : 0;
}

/* Answers to that request only: by its CSeq. */
static bool
is_for(const struct testphone *p, unsigned cseq, const char *method)
{
	char	want[48];

	snprintf(want, sizeof(want), "%u %s", cseq, method);
	return code_of(p) > 0 && str_eq(sip_header(got(p), "CSeq", NULL), str_of(want));
}

/* Sends until something but 100 comes; provisional: that will do. */
static int
transact(struct testphone *p, struct str request, unsigned cseq, const char *method,
    bool provisional)
{
	struct mono	begin = mono_now();
	int64_t		left, next = 0, passed;

	while ((left = TESTPHONE_WAIT - mono_ms_between(begin, mono_now())) > 0) {
		passed = TESTPHONE_WAIT - left;
		if (request.len > 0 && passed >= next) {
			transmit(p, request);
			next = passed + REPEAT_MS;
		}
		if (receive(p, left < REPEAT_MS ? left : REPEAT_MS) &&
		    is_for(p, cseq, method) && code_of(p) >= (provisional ? 100 : 200))
			return code_of(p);
	}
	return -ETIMEDOUT;
}

static int
wait_request(struct testphone *p, const char *method)
{
	struct mono	begin = mono_now();
	int64_t		left;

	while ((left = TESTPHONE_WAIT - mono_ms_between(begin, mono_now())) > 0)
		if (receive(p, left) && strncmp(p->got, method, strlen(method)) == 0 &&
		    p->got[strlen(method)] == ' ')
			return 0;
	return -ETIMEDOUT;
}

/* ---- requests ---- */

/* Everything above the method's own headers. */
static void
begin_request(const struct testphone *p, struct text *t, const char *method,
    const char *uri, const char *to, const char *to_tag)
{
	char	branch[17] = "";

	id_text(branch, 16);
	text_printf(t, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=%s\r\nTo: <%s>%s%s\r\n"
	    "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:%s@%s>\r\n"
	    "User-Agent: sipctl selftest\r\n", method, uri, p->contact, branch, p->user,
	    p->domain, p->tag, to, to_tag[0] != '\0' ? ";tag=" : "", to_tag, p->call_id,
	    p->cseq, method, p->user, p->contact);
}

void
testphone_sdp(const struct testphone *p, struct text *t)
{
	const char	*family = strchr(p->media, ':') != NULL ? "IP6" : "IP4";

	text_printf(t, "v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n"
	    "m=audio %u RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n", family, p->media,
	    family, p->media, p->media_port);
}

static void
end_request(const struct testphone *p, struct text *t, bool sdp)
{
	char		buf[512];
	struct text	body;

	text_init(&body, buf, sizeof(buf));
	if (sdp) {
		testphone_sdp(p, &body);
		text_printf(t, "Content-Type: application/sdp\r\n");
	}
	text_printf(t, "Content-Length: %zu\r\n\r\n%s", body.len, buf);
}

/* The line that answers the challenge in p->got. */
static void
add_credential(const struct testphone *p, struct text *t, const char *method,
    const char *uri)
{
	bool			proxy = code_of(p) == 407, sess;
	struct str		c = sip_header(got(p), proxy ? "Proxy-Authenticate" :
				    "WWW-Authenticate", NULL);
	struct str		realm = sip_param(c, "realm"), nonce = sip_param(c, "nonce");
	enum digest_algorithm	a = digest_algorithm(sip_param(c, "algorithm"), &sess);
	char			cnonce[17] = "";
	struct digest_hex	ha1, response;
	struct digest_input	in = { .nonce = nonce, .nc = STR("00000001"),
				    .cnonce = str_make(cnonce, 16), .qop = STR("auth"),
				    .method = str_of(method), .uri = str_of(uri) };

	if (a == DIGEST_NONE || nonce.len == 0)
		return;
	id_text(cnonce, 16);
	digest_ha1(a, str_of(p->user), realm, str_of(p->password), &ha1);
	if (sess) {
		struct digest_hex	plain = ha1;

		digest_ha1_sess(a, str_make(plain.s, plain.len), nonce, in.cnonce, &ha1);
	}
	in.ha1 = str_make(ha1.s, ha1.len);
	digest_response(a, &in, &response);
	text_printf(t, "%s: Digest username=\"%s\", realm=\"%.*s\", nonce=\"%.*s\", uri=\"%s\", "
	    "qop=auth, nc=00000001, cnonce=\"%s\", response=\"%.*s\", algorithm=%s%s\r\n",
	    proxy ? "Proxy-Authorization" : "Authorization", p->user, STR_ARG(realm),
	    STR_ARG(nonce), uri, cnonce, (int)response.len, response.s,
	    digest_algorithm_name(a), sess ? "-sess" : "");
	explicit_bzero(&ha1, sizeof(ha1));
}

static void
new_call(struct testphone *p)
{
	id_text(p->call_id, 20);
	strcpy(p->call_id + 20, "@selftest");
	p->peer_tag[0] = p->routes[0] = '\0';
}

int
testphone_register(struct testphone *p, unsigned expires)
{
	char		buf[TESTPHONE_MAX], uri[160], aor[256];
	struct text	t;
	int		code = 0;

	snprintf(uri, sizeof(uri), "sip:%s", p->domain);
	snprintf(aor, sizeof(aor), "sip:%s@%s", p->user, p->domain);
	new_call(p);
	for (int i = 0; i < 2 && (i == 0 || code == 401); i++) {
		p->cseq++;
		text_init(&t, buf, sizeof(buf));
		begin_request(p, &t, "REGISTER", uri, aor, "");
		text_printf(&t, "Expires: %u\r\n", expires);
		if (i > 0)
			add_credential(p, &t, "REGISTER", uri);
		end_request(p, &t, false);
		code = transact(p, text_str(&t), p->cseq, "REGISTER", false);
	}
	return code;
}

/* ---- a call ---- */

/* RFC 3261 section 17.1.1.3: of the same branch as the INVITE, which p->got echoes. */
static void
ack_failure(const struct testphone *p, const char *uri)
{
	char		buf[2048];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_printf(&t, "ACK %s SIP/2.0\r\nVia: %.*s\r\nMax-Forwards: 70\r\nFrom: %.*s\r\n"
	    "To: %.*s\r\nCall-ID: %s\r\nCSeq: %u ACK\r\nContent-Length: 0\r\n\r\n", uri,
	    STR_ARG(sip_header(got(p), "Via", "v")), STR_ARG(sip_header(got(p), "From", "f")),
	    STR_ARG(sip_header(got(p), "To", "t")), p->call_id, p->cseq);
	transmit(p, text_str(&t));
}

int
testphone_invite(struct testphone *p, const char *aor)
{
	char		buf[TESTPHONE_MAX], uri[160];
	struct text	t;
	int		code = 0;

	new_call(p);
	snprintf(uri, sizeof(uri), "sip:%s", aor);
	snprintf(p->peer, sizeof(p->peer), "sip:%s", aor);
	for (int i = 0; i < 2 && (i == 0 || code == 407 || code == 401); i++) {
		if (i > 0)
			ack_failure(p, uri);
		p->cseq++;
		text_init(&t, buf, sizeof(buf));
		begin_request(p, &t, "INVITE", uri, uri, "");
		if (i > 0)
			add_credential(p, &t, "INVITE", uri);
		end_request(p, &t, true);
		code = transact(p, text_str(&t), p->cseq, "INVITE", true);
	}
	return code;
}

/* Of the request in p->got, as answers want them. */
static void
echo(const struct testphone *p, struct text *t, const char *line)
{
	static const char	*const names[][2] = { { "Via", "v" }, { "Record-Route", NULL },
				    { "From", "f" }, { "Call-ID", "i" }, { "CSeq", NULL } };
	struct str		 text, value;
	struct str		 to = sip_header(got(p), "To", "t");

	text_printf(t, "SIP/2.0 %s\r\n", line);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (text = got(p); sip_header_next(&text, names[i][0], names[i][1], &value); )
			text_printf(t, "%s: %.*s\r\n", names[i][0], STR_ARG(value));
	text_printf(t, "To: %.*s%s%s\r\n", STR_ARG(to), sip_param(to, "tag").len > 0 ? "" :
	    ";tag=", sip_param(to, "tag").len > 0 ? "" : p->tag);
}

static void
answer(const struct testphone *p, const char *line, bool sdp)
{
	char		buf[TESTPHONE_MAX];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	echo(p, &t, line);
	text_printf(&t, "Contact: <sip:%s@%s>\r\n", p->user, p->contact);
	end_request(p, &t, sdp);
	transmit(p, text_str(&t));
}

bool
testphone_take_sdp(struct testphone *p, struct str body)
{
	struct str	line, word, address = STR_NONE;
	uint32_t	port = 0;

	while (str_cut(&body, '\n', &line)) {
		line = str_trim(line);
		if (str_prefix(line, STR("c=IN IP")) && str_rchr(line, ' ') > 0)
			address = str_make(line.s + str_rchr(line, ' ') + 1,
			    line.len - (size_t)str_rchr(line, ' ') - 1);
		if (str_prefix(line, STR("m=audio ")) && str_cut(&line, ' ', &word) &&
		    str_cut(&line, ' ', &word))
			(void)str_u32(word, &port);
	}
	return port > 0 && port <= UINT16_MAX && addr_parse(&p->media_to, address,
	    (uint16_t)port) == 0;
}

int
testphone_answer(struct testphone *p)
{
	if (wait_request(p, "INVITE") < 0 || !testphone_take_sdp(p, sip_body(got(p))))
		return -ETIMEDOUT;
	answer(p, "180 Ringing", false);
	answer(p, "200 OK", true);
	return 0;
}

/* RFC 3261 section 12.1.2: the dialog, from the 200 in p->got. */
static void
take_dialog(struct testphone *p)
{
	struct str	text = got(p), value;
	struct str	routes[8];
	size_t		n = 0;
	struct text	t;

	while (n < 8 && sip_header_next(&text, "Record-Route", NULL, &value))
		routes[n++] = value;
	text_init(&t, p->routes, sizeof(p->routes));
	while (n > 0) {
		n--;
		text_printf(&t, "Route: %.*s\r\n", STR_ARG(routes[n]));
	}
	str_copy(p->peer_tag, sizeof(p->peer_tag), sip_param(sip_header(got(p), "To", "t"),
	    "tag"));
	str_copy(p->remote_target, sizeof(p->remote_target),
	    sip_uri(sip_header(got(p), "Contact", "m")));
}

static void
in_dialog(const struct testphone *p, struct text *t, const char *method)
{
	begin_request(p, t, method, p->remote_target, p->peer, p->peer_tag);
	text_printf(t, "%s", p->routes);
	end_request(p, t, false);
}

int
testphone_answered(struct testphone *p)
{
	char		buf[TESTPHONE_MAX];
	struct text	t;
	int		code = code_of(p) >= 200 ? code_of(p) :
			    transact(p, STR_NONE, p->cseq, "INVITE", false);

	if (code >= 300)
		ack_failure(p, p->peer);
	if (code < 200 || code >= 300)
		return code;
	take_dialog(p);
	text_init(&t, buf, sizeof(buf));
	in_dialog(p, &t, "ACK");
	transmit(p, text_str(&t));
	return testphone_take_sdp(p, sip_body(got(p))) ? code : -EBADMSG;
}

int
testphone_acked(struct testphone *p)
{
	return wait_request(p, "ACK");
}

int
testphone_bye(struct testphone *caller, struct testphone *callee)
{
	char		buf[TESTPHONE_MAX];
	struct text	t;

	caller->cseq++;
	text_init(&t, buf, sizeof(buf));
	in_dialog(caller, &t, "BYE");
	transmit(caller, text_str(&t));
	if (wait_request(callee, "BYE") < 0)
		return -ETIMEDOUT;
	answer(callee, "200 OK", false);
	return transact(caller, STR_NONE, caller->cseq, "BYE", false);
}

bool
testphone_proxied(const struct testphone *p, const struct testphone *other)
{
	struct addr	claimed;

	return addr_parse(&claimed, str_of(other->media), 0) == 0 &&
	    !addr_eq_host(&claimed, &p->media_to);
}
