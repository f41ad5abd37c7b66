/*
 * command_options - which options commands take, and what each means in a line of help.
 */
#include "sipctl/command_options.h"

const struct option global_options[] = {
	{ "directory", 'C', "DIR", false, "work on DIR/etc, run, state, log" },
	{ "output", 'o', "FORM", false, "table, wide, json, ndjson, csv, tsv, name" },
	{ "fields", 0, "A,B", false, "only these fields" },
	{ "no-header", 0, NULL, false, "tables and CSV without their first line" },
	{ "watch", 0, "T", true, "what shows: again every T (2s), until ^C" },
	{ "host", 'H', "HOST", false, "run this sipctl on HOST by ssh" },
	{ "color", 0, "WHEN", false, "auto, always, never" },
	{ "quiet", 'q', NULL, false, "say only what went wrong" },
	{ "help", 'h', NULL, false, "how this command is used" },
	{ "version", 'V', NULL, false, "the version" },
	{ NULL }
};

const struct option init_options[] = {
	{ "listen", 0, "T:ADDR:PORT", false, "a socket, udp, tcp or tls; may be repeated" },
	{ "media", 0, "ADDR:MIN-MAX", false, "address and ports of the media proxy; may be repeated" },
	{ "set", 0, "NAME=VALUE", false, "another setting; may be repeated" },
	{ NULL }
};
const struct option up_options[] = {
	{ "detach", 'd', NULL, false, "go to the background" },
	{ "wait", 0, "SECONDS", true, "until every daemon is ready (30)" },
	{ NULL }
};
const struct option drain_options[] = {
	{ "limit", 0, "T", false, "gives up after T (1h): calls are taken again" },
	{ "undo", 0, NULL, false, "calls are taken again" },
	{ NULL }
};
const struct option user_options[] = {
	{ "name", 0, "NAME", false, "the name that is shown" },
	{ "number", 0, "NUMBER", false, "telephone number, E.164" },
	{ "service", 0, "on|off", false, "may the account use SIP?" },
	{ "networks", 0, "NETS|any", false, "where its phones may be: \"10.0.0.0/8 192.0.2.7\"" },
	{ "set", 0, "NAME=VALUE", false, "one of its own settings, may be repeated; "
	    "without a value it is inherited again" },
	{ "password-file", 0, "FILE|-", false, "read the password from there" },
	{ "ask-password", 0, NULL, false, "ask for the password" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
const struct option passwd_options[] = {
	{ "password-file", 0, "FILE|-", false, "read the password from there" },
	{ "ask-password", 0, NULL, false, "ask for the password (the default)" },
	{ NULL }
};
const struct option user_import_options[] = {
	{ "format", 0, "FORM", false, "csv or ndjson; else by the file's name" },
	{ "update", 0, NULL, false, "change those that exist already" },
	{ "undo", 0, NULL, false, "take back the last import" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
const struct option import_options[] = {
	{ "format", 0, "FORM", false, "csv or ndjson; else by the file's name" },
	{ "update", 0, NULL, false, "change those that exist already" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
const struct option price_options[] = {
	{ "gateway", 0, "NAME", false, "all of them are this gateway's" },
	{ "format", 0, "FORM", false, "csv or ndjson; else by the file's name" },
	{ "update", 0, NULL, false, "change those that exist already" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
const struct option export_options[] = {
	{ "format", 0, "FORM", false, "csv (the default) or ndjson" },
	{ "with-ha1", 0, NULL, false, "with HA1 values: as good as passwords here" },
	{ NULL }
};
const struct option reg_add_options[] = {
	{ "q", 0, "Q", false, "0 to 1: those of the highest ring first" },
	{ "params", 0, "TEXT", false, "what it is for: 'audio;methods=\"INVITE,BYE\"', "
	    "'+sip.message'" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
const struct option rights_options[] = {
	{ "rights", 0, "LIST", false, "\"INVITE:local MESSAGE:all *:other\"" },
	{ "groups", 0, "LIST", false, "groups whose rights it has as well" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
const struct option ban_options[] = {
	{ "for", 0, "T", false, "for so long: 30m; else for good" },
	{ "reason", 0, "TEXT", false, "why, for those who come after" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
const struct option dry_options[] = {
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
const struct option calls_options[] = {
	{ "failed", 0, NULL, false, "only those that failed" },
	{ "one-way", 0, NULL, false, "only those in which one side hears nothing, and why" },
	{ NULL }
};
const struct option trace_options[] = {
	{ "call-id", 0, "X", false, "the call with this Call-ID" },
	{ "failed", 0, NULL, false, "in the list: only calls that failed" },
	{ "last", 0, "T", false, "in the list: only of the last T: 15m" },
	{ "since", 'S', "TIME", false, "from then on: 14:00, \"10 min ago\"" },
	{ "until", 'U', "TIME", false, "up to this time" },
	{ "all", 0, NULL, false, "registrations and the like, too, not only calls" },
	{ "msg", 0, "N", false, "message N in full" },
	{ "diff", 0, "A B", false, "what message B has otherwise than A" },
	{ "raw", 0, NULL, false, "all messages in full" },
	{ "svg", 0, "F|-", false, "the ladder as a picture" },
	{ "html", 0, "F|-", false, "a page with the ladder and all messages" },
	{ "mermaid", 0, NULL, false, "the ladder as a Mermaid diagram" },
	{ "pcap", 0, "F|-", false, "a capture for wireshark or sngrep, TLS in clear" },
	{ "hep", 0, "HOST:PORT", false, "the messages to a HEP collector" },
	{ "anonymize", 0, NULL, false, "with pseudonyms for people, hosts and addresses" },
	{ NULL }
};
/* What looks back and takes nothing else: span.c. */
const struct option span_options[] = {
	{ "last", 0, "T", false, "only of the last T: 15m" },
	{ "since", 'S', "TIME", false, "from then on: 14:00, \"10 min ago\"" },
	{ "until", 'U', "TIME", false, "up to this time" },
	{ NULL }
};
const struct option tx_options[] = {
	{ "side", 0, "SIDE", false, "only server (SIPS) or client (SIPC)" },
	{ "call-id", 0, "X", false, "of the call with this Call-ID" },
	{ "older", 0, "T", false, "only those that began more than T ago: 5s" },
	{ "method", 0, "METHOD", false, "INVITE, REGISTER ..." },
	{ "state", 0, "STATE", false, "trying, proceeding, completed, confirmed, accepted" },
	{ NULL }
};
const struct option top_options[] = {
	{ "batch", 0, NULL, false, "a line a second instead of a screen" },
	{ "lines", 'n', "N", false, "with --batch: only N lines" },
	{ NULL }
};
const struct option bundle_options[] = {
	{ "call", 0, "ID|CALL-ID", false, "the call, as \"sipctl trace\" names it" },
	{ NULL }
};
const struct option why_options[] = {
	{ "call-id", 0, "X", false, "the call with this Call-ID" },
	{ "anonymize", 0, NULL, false, "with pseudonyms for people, hosts and addresses" },
	{ NULL }
};
const struct option gw_options[] = {
	{ "domain", 0, "D", false, "the gateway's domain" },
	{ "via", 0, "V", false, "send to this domain, address or URI instead" },
	{ "username", 0, "U", false, "what is registered is U@D" },
	{ "password-file", 0, "FILE|-", false, "the password, copied beside sip.conf" },
	{ "auth-name", 0, "A", false, "name in the digest, when not U" },
	{ "register-every", 0, "T", false, "period of REGISTER: 10m" },
	{ "contact", 0, "URI", false, "address that is registered" },
	{ "calls-authenticate", 0, "WHICH", false,
	    "off, authorization, proxy-authorization" },
	{ "substitute-from", 0, "on|off", true, "calls show U as the caller" },
	{ "substitute-to", 0, "on|off", true, "To becomes the request URI" },
	{ "channels", 0, "N", false, "most concurrent calls, 0: no limit" },
	{ "realm", 0, "REALM", false, "answer only challenges for it" },
	{ "networks", 0, "NETS", false, "where its calls come from: \"192.0.2.0/24 198.51.100.7\"" },
	{ "challenge", 0, "on|off", true, "its calls must show a credential" },
	{ "account", 0, "U@D", false, "calls that sign in as this account are its" },
	{ "classes", 0, "WORDS", false, "accounts with one of these dial classes may use it" },
	{ "trusted", 0, "on|off", true, "its word on who calls is believed" },
	{ "group", 0, "GROUPS", false, "groups that it belongs to: \"pstn fax\"" },
	{ "priority", 0, "N", false, "its place in them, the lowest first" },
	{ "weight", 0, "N", false, "its share among the same priority" },
	{ "failover-codes", 0, "CODES", false, "answers that lead to the next: \"408 5xx\"" },
	{ "caller-id", 0, "PATTERN RESULT", false,
	    "a caller it is shown: \"+44* 0*\"; may be repeated" },
	{ "probe-every", 0, "T", false, "period of OPTIONS to it, 0: none" },
	{ "probe-failures", 0, "N", false, "so many failed in a row: it is down" },
	{ "probe-successes", 0, "N", false, "so many answered in a row: it is up" },
	{ "dry-run", 'n', NULL, false, "ask all daemons, change nothing" },
	{ NULL }
};
const struct option route_options[] = {
	{ "from", 0, "ADDRESS", false, "the caller" },
	{ "source", 0, "IP", false, "where the request comes from: IP or T:IP:PORT" },
	{ "at", 0, "TIME", false, "as if it were then: 2026-12-24T18:00:00Z" },
	{ "method", 0, "METHOD", false, "INVITE unless said otherwise" },
	{ "file", 0, "CANDIDATE", false, "these records instead of those in force" },
	{ "why-not", 0, "LINE", false, "of the records explain this line alone" },
	{ "expect", 0, "WHAT", false,
	    "gateway=G, aor=A, uri=U, code=N: exit 1 when it is not so; may be repeated" },
	{ NULL }
};
const struct option check_options[] = {
	{ "tests", 0, "FILE", false, "addresses, and where they are to go" },
	{ NULL }
};
const struct option apply_options[] = {
	{ "confirm", 0, "T", false, "goes back after T unless confirmed" },
	{ "message", 'm', "WHY", false, "for the history" },
	{ "based-on", 0, "N", false, "only if generation N is in force" },
	{ "dry-run", 'n', NULL, false, "ask all daemons, change nothing" },
	{ NULL }
};
const struct option config_apply_options[] = {
	{ "confirm", 0, "T", false, "goes back after T unless confirmed" },
	{ "message", 'm', "WHY", false, "for the history" },
	{ "based-on", 0, "N", false, "only if generation N is in force" },
	{ "retry", 0, "DAEMON", false, "only tell this daemon once more what is in force" },
	{ "dry-run", 'n', NULL, false, "ask all daemons, change nothing" },
	{ NULL }
};
const struct option show_options[] = {
	{ "changed", 0, NULL, false, "only what differs from the defaults" },
	{ NULL }
};
const struct option log_options[] = {
	{ "follow", 'f', NULL, false, "go on as records are written" },
	{ "last", 0, "T", false, "only the last T: 15m" },
	{ "lines", 'n', "N", false, "only the last N records" },
	{ "tag", 0, "TAGS", false, "SIPDATA,SIP,REG ..." },
	{ "level", 0, "LEVEL", false, "up to failure, major, problems, low-level, all" },
	{ "call-id", 0, "X", false, "of this call" },
	{ "user", 0, "U@D", false, "that name this user" },
	{ "from", 0, "TEXT", false, "of calls by whom this is part of" },
	{ "to", 0, "TEXT", false, "of calls to whom this is part of" },
	{ "ip", 0, "ADDRESS", false, "that name this address" },
	{ "gw", 0, "NAME", false, "that name this gateway" },
	{ "method", 0, "METHOD", false, "of messages of this method" },
	{ "status", 0, "CODE", false, "of responses with this code" },
	{ "since", 'S', "TIME", false, "from then on: 14:00, \"10 min ago\", "
	    "2026-11-28T14:00:00Z" },
	{ "until", 'U', "TIME", false, "up to this time" },
	{ "grep", 'g', "TEXT", false, "that contain TEXT" },
	{ "daemon", 0, "NAME", false, "of this daemon" },
	{ "query", 'q', "EXPR", false, "that fit: \"level <= 3 and user ~ ^anna\"" },
	{ "group", 0, "call", false, "one hit shows the whole call" },
	{ NULL }
};

const struct option raise_options[] = {
	{ "user", 0, "U[@D]", false, "calls and registrations of this user" },
	{ "ip", 0, "ADDRESS", false, "with this address or network" },
	{ "gw", 0, "NAME", false, "through this gateway" },
	{ "call-id", 0, "X", false, "this call" },
	{ "level", 0, "LEVEL", false, "low-level or all" },
	{ "for", 0, "T", false, "how long: 10m" },
	{ NULL }
};
