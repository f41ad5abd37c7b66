/*
 * txn_key - what identifies a transaction: RFC 3261 sections 17.1.3 and 17.2.3.
 */
#include "sipd/txn.h"

#include "common/map.h"
#include "sipd/core.h"
#include "sipd/msg.h"

/* The bounds of core.h on identifiers, method and URI make it enough. */
#define KEY_TEXT_MAX	(4 * ID_MAX + METHOD_MAX + URI_MAX + 32)

static txn_key
key_hash(struct text *t)
{
	txn_key	k = hash_str(text_str(t));

	return k != 0 ? k : 1;		/* 0 is wire_send()'s "not interested" */
}

txn_key
txn_server_key(const struct sip_msg *m, struct str method)
{
	char		buf[KEY_TEXT_MAX];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_add(&t, method);
	text_ch(&t, '\n');
	text_add(&t, m->via.sent_by);
	text_ch(&t, '\n');
	text_add(&t, m->via.branch);
	text_ch(&t, '\n');
	text_add(&t, m->call_id);
	text_ch(&t, '\n');
	text_add(&t, m->from_tag);
	text_ch(&t, '\n');
	text_u64(&t, m->cseq);
	/* RFC 3261 section 17.2.3: what RFC 2543 compared. */
	if (!str_prefix(m->via.branch, STR("z9hG4bK"))) {
		text_ch(&t, '\n');
		text_add(&t, m->uri);
	}
	return key_hash(&t);
}

txn_key
txn_client_key(struct str branch, struct str method)
{
	char		buf[KEY_TEXT_MAX];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_add(&t, method);
	text_ch(&t, '\n');
	text_add(&t, branch);
	return key_hash(&t);
}
