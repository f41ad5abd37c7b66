#ifndef SIPD_HEADER_H
#define SIPD_HEADER_H

#include <stdint.h>

#include "common/str.h"

/*
 * The names of header fields (RFC 3261 sections 7.3.1, 7.3.3 and 20), and
 * methods: numbers for those that sipd knows.
 */
enum header {
	HDR_OTHER,
#define HDR(ID, name, compact)	HDR_##ID,
#include "sipd/headers.def"
	HDR_COUNT
};

/* Any case, compact forms too; without blanks. HDR_OTHER if unknown. Takes a CR for '-'. */
enum header header_id(struct str name);
/* "Via"; "" for HDR_OTHER. */
struct str header_name(enum header id);

enum method {
	METHOD_OTHER,
	METHOD_INVITE,
	METHOD_ACK,
	METHOD_BYE,
	METHOD_CANCEL,
	METHOD_REGISTER,
	METHOD_OPTIONS,
	METHOD_PRACK,
	METHOD_UPDATE,
	METHOD_INFO,
	METHOD_REFER,
	METHOD_SUBSCRIBE,
	METHOD_NOTIFY,
	METHOD_PUBLISH,
	METHOD_MESSAGE,
	METHOD_COUNT
};

/* Methods are case-sensitive. */
enum method method_id(struct str name);
/* "INVITE"; "" for METHOD_OTHER. */
struct str method_name(enum method m);

#endif
