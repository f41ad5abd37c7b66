#ifndef COMMON_ROUTE_H
#define COMMON_ROUTE_H

/* Words of the ROUTE, JUDGED, REGISTER and GATEWAY messages. Numbers never change. */

enum target_kind {
	TARGET_AOR = 1,		/* expand from the bindings */
	TARGET_URI,		/* send there */
	TARGET_GATEWAY,		/* USER@GATEWAY: sign and send */
};

enum stage_when {
	STAGE_NOW,
	STAGE_AFTER,		/* after_ms without answer */
	STAGE_BUSY,
	STAGE_NO_ANSWER,
	STAGE_ERROR,
	STAGE_UNREGISTERED,
};

enum media_kind {
	MEDIA_KIND_UNKNOWN,
	MEDIA_KIND_AV,
	MEDIA_KIND_IM,
};

/* What a decision consulted besides the callee. */
enum route_depends {
	DEPENDS_CALLER	= 1,
	DEPENDS_SOURCE	= 2,
	DEPENDS_METHOD	= 4,
	DEPENDS_MEDIA	= 8,
	DEPENDS_TO	= 16,
};

enum verdict {
	VERDICT_GOOD = 1,
	VERDICT_BAD,		/* unknown user, wrong password: not told apart */
	VERDICT_STALE,		/* challenge again with stale=true */
	VERDICT_MUTE,		/* too many wrong ones: not judged, not to be answered */
	VERDICT_FORBIDDEN,	/* good, but the account may not do that */
};

enum gateway_state {
	GATEWAY_OFF,		/* disabled, or nothing to register */
	GATEWAY_TRYING,
	GATEWAY_REGISTERED,
	GATEWAY_FAILED,		/* backing off */
};

/* Of the OPTIONS that a gateway is sent. */
enum probe_state {
	PROBE_NONE,		/* not probed, or not yet answered */
	PROBE_UP,
	PROBE_DOWN,
};

/* Of accounts and of the directory's entries. */
enum user_mode {
	USER_ADD = 1,		/* refused when it exists */
	USER_SET,		/* refused when it does not */
	USER_ADD_OR_SET,
	USER_REMOVE,		/* of the directory only */
};

/* What a name of routed's directory is. */
enum entry_kind {
	ENTRY_ALIAS = 1,
	ENTRY_FORWARDER,
	ENTRY_GROUP,
	ENTRY_NUMBER,
	ENTRY_RULES,
	ENTRY_PRICE,		/* of a prefix at a gateway */
	ENTRY_KINDS
};

#endif
