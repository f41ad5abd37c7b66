/*
 * record_decision - what others decided for sipd, as the flight recorder has it.
 */
#include "common/route.h"
#include "sipd/record.h"

#define PARTS_MAX	64
#define NUMBER_MAX	24

struct parts {
	struct str	v[PARTS_MAX];
	size_t		n;
	char		numbers[8][NUMBER_MAX];
	size_t		nnumbers;
};

/* The counts alone: the rest is long, and was seen in the cost of a call. */
static void
parts_init(struct parts *p)
{
	p->n = p->nnumbers = 0;
}

static void
add(struct parts *p, struct str s)
{
	if (p->n < PARTS_MAX)
		p->v[p->n++] = s;
}

static void
add_number(struct parts *p, uint64_t v)
{
	struct text	t;

	if (p->nnumbers == sizeof(p->numbers) / sizeof(p->numbers[0]))
		return;
	text_init(&t, p->numbers[p->nnumbers++], NUMBER_MAX);
	text_u64(&t, v);
	add(p, text_str(&t));
}

static void
add_target(struct parts *p, const struct rec_target *t)
{
	static const struct str	arrows[] = {
		[TARGET_AOR] = STR("; to user "), [TARGET_URI] = STR("; to "),
		[TARGET_GATEWAY] = STR("; to gateway "),
	};

	if (t->kind < TARGET_AOR || t->kind > TARGET_GATEWAY)
		return;
	add(p, arrows[t->kind]);
	add(p, t->value);
	if (t->next_hop.len > 0) {
		add(p, STR(" via "));
		add(p, t->next_hop);
	}
}

static void
add_step(struct parts *p, const struct rec_step *s)
{
	if (!s->matched)
		return;
	add(p, STR("; "));
	if (s->file.len > 0) {
		add(p, s->file);
		add(p, STR(":"));
		add_number(p, s->line);
		add(p, STR(" "));
	}
	add(p, s->text);
	if (s->why.len > 0) {
		add(p, STR(" ("));
		add(p, s->why);
		add(p, STR(")"));
	}
}

void
record_routed(struct worker *w, int error, const struct msg_routed *m)
{
	struct parts	p;

	if (w->recorder == NULL && !record_logs_some())
		return;
	if (error != 0 || m == NULL) {
		record_note(w, RECORD_FAILURE, 0, "ROUTER", STR("routed gave no answer"));
		return;
	}
	parts_init(&p);
	if (m->targets.n > 0)
		add(&p, STR("routed"));
	else {
		add(&p, STR("refused: "));
		add(&p, m->reason);
	}
	for (uint32_t i = 0; i < m->steps.n; i++)
		add_step(&p, &m->steps.v[i]);
	for (uint32_t i = 0; i < m->targets.n; i++) {
		add_target(&p, &m->targets.v[i]);
		if (raised_some())
			record_look_target(w, (enum target_kind)m->targets.v[i].kind,
			    m->targets.v[i].value);
	}
	record_parts(w, RECORD_DECISION, (uint16_t)m->if_not, RECORD_TAG("ROUTER"), p.v, p.n);
}

void
record_judged(struct worker *w, int error, const struct msg_judged *m)
{
	if (w->recorder == NULL && !record_logs_some())
		return;
	if (error != 0 || m == NULL)
		record_note(w, RECORD_FAILURE, 0, "AUTH", STR("regd gave no answer"));
	else if (m->verdict == VERDICT_GOOD) {
		if (raised_some())
			record_look_target(w, TARGET_AOR, m->aor);
		record_note(w, RECORD_DECISION, 0, "AUTH", STR("signed in as "), m->aor);
	} else
		record_note(w, RECORD_DECISION, 0, "AUTH",
		    m->verdict == VERDICT_STALE ? STR("the nonce is too old") :
		    m->verdict == VERDICT_FORBIDDEN ?
		    STR("good, but without the right to that") :
		    m->verdict == VERDICT_MUTE ?
		    STR("too many wrong passwords from there: no answer") :
		    STR("unknown user or wrong password"));
}

void
record_registered(struct worker *w, int error, const struct msg_registered *m)
{
	struct parts	p;

	if (w->recorder == NULL && !record_logs_some())
		return;
	if (error != 0 || m == NULL) {
		record_note(w, RECORD_FAILURE, 0, "REG", STR("regd gave no answer"));
		return;
	}
	parts_init(&p);
	add(&p, m->aor);
	if (m->code == 200) {
		add(&p, STR(" has contacts: "));
		add_number(&p, m->bindings.n);
	} else {
		add(&p, STR(" refused: "));
		add(&p, m->reason);
	}
	record_parts(w, RECORD_DECISION, (uint16_t)m->code, RECORD_TAG("REG"), p.v, p.n);
}

void
record_media(struct worker *w, int error, const struct msg_media_rewritten *m)
{
	struct parts	p;

	if (w->recorder == NULL && !record_logs_some())
		return;
	if (error != 0 || m == NULL) {
		record_note(w, RECORD_FAILURE, 0, "MEDIA", STR("mediad gave no answer"));
		return;
	}
	parts_init(&p);
	if (m->code == 200) {
		add(&p, STR("through mediad, session "));
		add_number(&p, m->session);
	} else {
		add(&p, STR("mediad refused: "));
		add(&p, m->reason);
	}
	record_parts(w, RECORD_DECISION, (uint16_t)m->code, RECORD_TAG("MEDIA"), p.v, p.n);
}
