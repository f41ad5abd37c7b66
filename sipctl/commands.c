/*
 * commands - the table of everything sipctl can do: the parser, usage, help and
 * hints are made from it, and so are completion and the manual.
 */
#include "sipctl/sipctl.h"

#define ROW(noun, verb, args, min, max, options, by_default, run, help, one, two) \
	{ noun, verb, args, min, max, options, by_default, help, { one, two }, run }

const struct option global_options[] = {
	{ "directory", 'C', "DIR", false, "work on DIR/etc, run, state, log" },
	{ "output", 'o', "FORM", false, "table, wide, json, ndjson, csv, tsv, name" },
	{ "fields", 0, "A,B", false, "only these fields" },
	{ "no-header", 0, NULL, false, "tables and CSV without their first line" },
	{ "host", 'H', "HOST", false, "run this sipctl on HOST by ssh" },
	{ "color", 0, "WHEN", false, "auto, always, never" },
	{ "quiet", 'q', NULL, false, "say only what went wrong" },
	{ "help", 'h', NULL, false, "how this command is used" },
	{ "version", 'V', NULL, false, "the version" },
	{ NULL }
};

static const struct option init_options[] = {
	{ "listen", 0, "T:ADDR:PORT", false, "a socket, udp, tcp or tls; may be repeated" },
	{ "media", 0, "ADDR:MIN-MAX", false, "address and ports of the media proxy; may be repeated" },
	{ "set", 0, "NAME=VALUE", false, "another setting; may be repeated" },
	{ NULL }
};
static const struct option up_options[] = {
	{ "detach", 'd', NULL, false, "go to the background" },
	{ "wait", 0, "SECONDS", true, "until every daemon is ready (30)" },
	{ NULL }
};
static const struct option user_options[] = {
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
static const struct option passwd_options[] = {
	{ "password-file", 0, "FILE|-", false, "read the password from there" },
	{ "ask-password", 0, NULL, false, "ask for the password (the default)" },
	{ NULL }
};
static const struct option import_options[] = {
	{ "format", 0, "FORM", false, "csv or ndjson; else by the file's name" },
	{ "update", 0, NULL, false, "change those that exist already" },
	{ "undo", 0, NULL, false, "take back the last import" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
static const struct option price_options[] = {
	{ "gateway", 0, "NAME", false, "all of them are this gateway's" },
	{ "format", 0, "FORM", false, "csv or ndjson; else by the file's name" },
	{ "update", 0, NULL, false, "change those that exist already" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
static const struct option export_options[] = {
	{ "format", 0, "FORM", false, "csv (the default) or ndjson" },
	{ "with-ha1", 0, NULL, false, "with HA1 values: as good as passwords here" },
	{ NULL }
};
static const struct option failures_options[] = {
	{ "last", 0, "T", false, "only of the last T: 1h" },
	{ NULL }
};
static const struct option reg_add_options[] = {
	{ "q", 0, "Q", false, "0 to 1: those of the highest ring first" },
	{ "params", 0, "TEXT", false, "what it is for: 'audio;methods=\"INVITE,BYE\"', "
	    "'+sip.message'" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
static const struct option rights_options[] = {
	{ "rights", 0, "LIST", false, "\"INVITE:local MESSAGE:all *:other\"" },
	{ "groups", 0, "LIST", false, "groups whose rights it has as well" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
static const struct option ban_options[] = {
	{ "for", 0, "T", false, "for so long: 30m; else for good" },
	{ "reason", 0, "TEXT", false, "why, for those who come after" },
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
static const struct option dry_options[] = {
	{ "dry-run", 'n', NULL, false, "check, change nothing" },
	{ NULL }
};
static const struct option calls_options[] = {
	{ "failed", 0, NULL, false, "only those that failed" },
	{ "one-way", 0, NULL, false, "only those in which one side hears nothing, and why" },
	{ NULL }
};
static const struct option trace_options[] = {
	{ "call-id", 0, "X", false, "the call with this Call-ID" },
	{ "failed", 0, NULL, false, "in the list: only calls that failed" },
	{ "last", 0, "T", false, "in the list: only of the last T: 15m" },
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
static const struct option slow_options[] = {
	{ "last", 0, "T", false, "only of the last T: 15m" },
	{ NULL }
};
static const struct option tx_options[] = {
	{ "side", 0, "SIDE", false, "only server (SIPS) or client (SIPC)" },
	{ "call-id", 0, "X", false, "of the call with this Call-ID" },
	{ "older", 0, "T", false, "only those that began more than T ago: 5s" },
	{ "method", 0, "METHOD", false, "INVITE, REGISTER ..." },
	{ "state", 0, "STATE", false, "trying, proceeding, completed, confirmed, accepted" },
	{ NULL }
};
static const struct option top_options[] = {
	{ "batch", 0, NULL, false, "a line a second instead of a screen" },
	{ "lines", 'n', "N", false, "with --batch: only N lines" },
	{ NULL }
};
static const struct option bundle_options[] = {
	{ "call", 0, "ID|CALL-ID", false, "the call, as \"sipctl trace\" names it" },
	{ NULL }
};
static const struct option why_options[] = {
	{ "call-id", 0, "X", false, "the call with this Call-ID" },
	{ "anonymize", 0, NULL, false, "with pseudonyms for people, hosts and addresses" },
	{ NULL }
};
static const struct option gw_options[] = {
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
	{ NULL }
};
static const struct option route_options[] = {
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
static const struct option check_options[] = {
	{ "tests", 0, "FILE", false, "addresses, and where they are to go" },
	{ NULL }
};
static const struct option apply_options[] = {
	{ "confirm", 0, "T", false, "goes back after T unless confirmed" },
	{ "message", 'm', "WHY", false, "for the history" },
	{ "based-on", 0, "N", false, "only if generation N is in force" },
	{ NULL }
};
static const struct option show_options[] = {
	{ "changed", 0, NULL, false, "only what differs from the defaults" },
	{ NULL }
};
static const struct option log_options[] = {
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
	{ "since", 'S', "TIME", false, "from this time on: 2026-11-28T14:00:00Z" },
	{ "until", 'U', "TIME", false, "up to this time" },
	{ "grep", 'g', "TEXT", false, "that contain TEXT" },
	{ "daemon", 0, "NAME", false, "of this daemon" },
	{ "query", 'q', "EXPR", false, "that fit: \"level <= 3 and user ~ ^anna\"" },
	{ "group", 0, "call", false, "one hit shows the whole call" },
	{ NULL }
};

static const struct option raise_options[] = {
	{ "user", 0, "U[@D]", false, "calls and registrations of this user" },
	{ "ip", 0, "ADDRESS", false, "with this address or network" },
	{ "gw", 0, "NAME", false, "through this gateway" },
	{ "call-id", 0, "X", false, "this call" },
	{ "level", 0, "LEVEL", false, "low-level or all" },
	{ "for", 0, "T", false, "how long: 10m" },
	{ NULL }
};

const struct command commands[] = {
	ROW("init", NULL, "DOMAIN [--listen T:ADDR:PORT]... [--media ADDR:MIN-MAX]... "
	    "[--set NAME=VALUE]...", 1, 1, init_options, false, cmd_init,
	    "writes a working configuration",
	    "sipctl init example.com",
	    "sipctl -C /srv/sip init example.com --listen udp:127.0.0.1:5060"),
	ROW("up", NULL, "[--detach] [--wait[=SECONDS]]", 0, 1, up_options, false,
	    cmd_up, "starts all daemons and keeps them running",
	    "sipctl up --detach --wait", "sipctl -C /srv/sip up"),
	ROW("down", NULL, "", 0, 0, NULL, false, cmd_down,
	    "ends all daemons, in order", "sipctl down", "sipctl -C /srv/sip down"),
	ROW("status", NULL, "", 0, 0, NULL, false, cmd_status,
	    "is everything fine?", "sipctl status", "sipctl status -o json"),
	ROW("check", NULL, "", 0, 0, NULL, false, cmd_check,
	    "is everything fine? One line and the exit codes of monitoring plugins: 0 OK, "
	    "1 WARNING, 2 CRITICAL, 3 UNKNOWN", "sipctl check", "sipctl -C /srv/sip check"),
	ROW("stats", NULL, "", 0, 0, NULL, false, cmd_stats,
	    "the counters of all daemons and what they mean", "sipctl stats",
	    "sipctl stats -o csv"),
	ROW("metrics", NULL, "", 0, 0, NULL, false, cmd_metrics,
	    "the counters for Prometheus, in the text format of OpenMetrics", "sipctl metrics",
	    "sipctl metrics >/var/lib/prometheus/node-exporter/cordboard.prom"),
	ROW("top", NULL, "[--batch] [-n N]", 0, 0, top_options, false, cmd_top,
	    "what happens now: rates, the busiest sources and users, the last failures",
	    "sipctl top", "sipctl top --batch -n 10"),
	ROW("slow", NULL, "[--last T]", 0, 0, slow_options, false, cmd_slow,
	    "the requests that stayed longest in this house, and where", "sipctl slow",
	    "sipctl slow --last 15m -o json"),
	ROW("tx", NULL, "[FILTERS]", 0, 0, tx_options, false, cmd_tx,
	    "the transactions under way, the oldest first: requests that came in (SIPS) and "
	    "that went out (SIPC)", "sipctl tx", "sipctl tx --side client --older 5s -o json"),
	ROW("capacity", NULL, "", 0, 0, NULL, false, cmd_capacity,
	    "every limit, what is used of it, and which is reached first", "sipctl capacity",
	    "sipctl capacity -o json"),
	ROW("doctor", NULL, "", 0, 0, NULL, false, cmd_doctor,
	    "looks for what people forget: buffers, clock, DNS, certificates, ports, disk",
	    "sipctl doctor", "sipctl doctor -o json"),
	ROW("selftest", NULL, "", 0, 0, NULL, false, cmd_selftest,
	    "two phones of our own register, talk through the media proxy and hang up",
	    "sipctl selftest", "sipctl selftest -o json"),
	ROW("restart", NULL, "NAME", 1, 1, NULL, false, cmd_restart,
	    "restarts one daemon; calls and registrations stay",
	    "sipctl restart routed", "sipctl restart sipd"),
	ROW("reload", NULL, "[--confirm T] [-m WHY]", 0, 0, apply_options, false,
	    cmd_reload, "config apply, and files that settings name are read again",
	    "sipctl reload", "sipctl reload -m \"new certificate\""),

	ROW("user", "list", "", 0, 0, NULL, true, cmd_user_list,
	    "all accounts", "sipctl user", "sipctl user list -o name"),
	ROW("user", "show", "U@D", 1, 1, NULL, false, cmd_user_show,
	    "one account, its settings and where each comes from",
	    "sipctl user show anna", "sipctl user show anna@example.com"),
	ROW("user", "add", "U@D [--name NAME] [--number N] [--service on|off] "
	    "[--networks NETS] [--set NAME=VALUE]... --password-file F|-", 1, 1,
	    user_options, false, cmd_user_add, "adds an account",
	    "sipctl user add anna@example.com --ask-password",
	    "sipctl user add anna --name \"Anna Berg\" --password-file -"),
	ROW("user", "set", "U@D [--name NAME] [--number N] [--service on|off] "
	    "[--networks NETS|any] [--set NAME=VALUE]... [--password-file F|-]", 1, 1,
	    user_options, false, cmd_user_set, "changes an account",
	    "sipctl user set anna --number +15551230101",
	    "sipctl user set anna --set max-contacts=3 --set pstn=off"),
	ROW("user", "passwd", "U@D [--password-file F|-]", 1, 1, passwd_options, false,
	    cmd_user_passwd, "gives a new password", "sipctl user passwd anna",
	    "sipctl user passwd anna --password-file anna.secret"),
	ROW("user", "del", "U@D [--dry-run]", 1, 1, dry_options, false, cmd_user_del,
	    "removes an account", "sipctl user del anna",
	    "sipctl user del anna@example.com"),
	ROW("user", "import", "FILE|- [--format csv|ndjson] [--update] [--dry-run] | "
	    "--undo [--dry-run]", 0, 1, import_options, false, cmd_user_import,
	    "adds the accounts of a file; columns user,domain,password,ha1_md5,"
	    "ha1_sha256,name,number,service,networks,settings",
	    "sipctl user import staff.csv --dry-run", "sipctl user import --undo"),
	ROW("user", "export", "[--format csv|ndjson] [--with-ha1]", 0, 0, export_options, false,
	    cmd_user_export, "all accounts, for import", "sipctl user export",
	    "sipctl user export --format ndjson"),

	ROW("reg", "list", "", 0, 0, NULL, true, cmd_reg_list,
	    "who is registered", "sipctl reg", "sipctl reg list -o json"),
	ROW("reg", "show", "U@D", 1, 1, NULL, false, cmd_reg_show,
	    "the contacts of one user", "sipctl reg show anna",
	    "sipctl reg show anna@example.com -o json"),
	ROW("reg", "failures", "[--last T]", 0, 0, failures_options, false,
	    cmd_reg_failures, "wrong passwords: from where, for whom",
	    "sipctl reg failures --last 1h",
	    "sipctl reg failures -o json"),
	ROW("reg", "add", "U@D URI [--q Q] [--params TEXT] [--dry-run]", 2, 2,
	    reg_add_options, false, cmd_reg_add,
	    "sets a contact for good, beside those of the user's phones",
	    "sipctl reg add anna sip:anna@desk.example.net",
	    "sipctl reg add anna sip:anna@192.0.2.7 --params 'methods=\"MESSAGE\"'"),
	ROW("reg", "del", "U@D [CONTACT] [--dry-run]", 1, 2, dry_options, false, cmd_reg_del,
	    "removes the contacts of a user, or one", "sipctl reg del anna",
	    "sipctl reg del anna sip:anna@10.1.4.20:5062"),

	ROW("rights", "list", "", 0, 0, NULL, true, cmd_rights_list,
	    "groups of rights; an account has one by user set --set rights=GROUP",
	    "sipctl rights", "sipctl rights list -o json"),
	ROW("rights", "add", "GROUP [--rights LIST] [--groups LIST] [--dry-run]", 1, 1,
	    rights_options, false, cmd_rights_add, "makes a group of rights",
	    "sipctl rights add house --rights \"REGISTER:all *:local\"",
	    "sipctl rights add staff --groups house --rights INVITE:other"),
	ROW("rights", "set", "GROUP [--rights LIST] [--groups LIST] [--dry-run]", 1, 1,
	    rights_options, false, cmd_rights_set, "changes a group of rights",
	    "sipctl rights set staff --rights \"INVITE:other MESSAGE:all\"",
	    "sipctl rights set staff --groups \"house lobby\""),
	ROW("rights", "del", "GROUP [--dry-run]", 1, 1, dry_options, false,
	    cmd_rights_del, "removes a group of rights", "sipctl rights del staff",
	    "sipctl rights del lobby"),

	ROW("ban", "list", "", 0, 0, NULL, true, cmd_ban_list,
	    "the networks that are not listened to", "sipctl ban",
	    "sipctl ban list -o json"),
	ROW("ban", "add", "NETWORK [--for T] [--reason TEXT] [--dry-run]", 1, 1,
	    ban_options, false, cmd_ban_add, "bans an address or a network",
	    "sipctl ban add 198.51.100.77 --for 1d",
	    "sipctl ban add 203.0.113.0/24 --reason \"scanners\""),
	ROW("ban", "del", "NETWORK [--dry-run]", 1, 1, dry_options, false, cmd_ban_del,
	    "listens to a banned network again", "sipctl ban del 198.51.100.77",
	    "sipctl ban del 203.0.113.0/24"),

	ROW("calls", "list", "[--failed] [--one-way]", 0, 0, calls_options, true, cmd_calls,
	    "the calls", "sipctl calls", "sipctl calls -o json"),
	ROW("calls", "end", "NUMBER", 1, 1, NULL, false, cmd_calls_end,
	    "ends a call: BYE to both sides", "sipctl calls end 3", "sipctl calls end 1204"),
	ROW("nat", NULL, "", 0, 0, NULL, false, cmd_nat,
	    "addresses from which pinged contacts are seen: how often, and how often "
	    "a NAT forgot one", "sipctl nat", "sipctl nat -o json"),
	ROW("media", NULL, "", 0, 0, NULL, false, cmd_media,
	    "the sessions of the media proxy", "sipctl media", "sipctl media -o json"),

	ROW("gw", "list", "", 0, 0, NULL, true, cmd_gw_list,
	    "the gateways and their state", "sipctl gw", "sipctl gw list -o json"),
	ROW("gw", "show", "NAME", 1, 1, NULL, false, cmd_gw_show,
	    "one gateway", "sipctl gw show teleco1", "sipctl gw show teleco1 -o json"),
	ROW("gw", "add", "NAME --domain D [--via V] [--username U --password-file F|-] "
	    "[--auth-name A] [--register-every T] [--contact URI] "
	    "[--calls-authenticate off|authorization|proxy-authorization] "
	    "[--substitute-from] [--substitute-to] [--channels N] [OPTIONS]", 1, 1, gw_options,
	    false, cmd_gw_add, "adds a gateway and applies",
	    "sipctl gw add teleco1 --domain teleco.example",
	    "sipctl gw add teleco1 --domain teleco.example --username 12345 "
	    "--password-file -"),
	ROW("gw", "set", "NAME [OPTIONS of add]", 1, 1, gw_options, false, cmd_gw_set,
	    "changes a gateway and applies", "sipctl gw set teleco1 --channels 30",
	    "sipctl gw set teleco1 --via sip:192.0.2.10"),
	ROW("gw", "del", "NAME", 1, 1, NULL, false, cmd_gw_del,
	    "removes a gateway and applies", "sipctl gw del teleco1",
	    "sipctl gw del lab"),
	ROW("gw", "test", "NAME", 1, 1, NULL, false, cmd_gw_do,
	    "registers at once", "sipctl gw test teleco1", "sipctl gw test lab"),
	ROW("gw", "enable", "NAME", 1, 1, NULL, false, cmd_gw_switch,
	    "uses a disabled gateway again", "sipctl gw enable lab",
	    "sipctl gw enable teleco1"),
	ROW("gw", "disable", "NAME", 1, 1, NULL, false, cmd_gw_switch,
	    "unregisters a gateway and does not use it", "sipctl gw disable lab",
	    "sipctl gw disable teleco1"),

	ROW("cert", "show", "", 0, 0, NULL, true, cmd_cert_show,
	    "the certificates that TLS shows, and when they end",
	    "sipctl cert show", "sipctl cert show -o json"),

	ROW("route", "test", "ADDRESS [--from A] [--source IP] [--method M] "
	    "[--file CANDIDATE] [--why-not LINE] [--expect WHAT]...", 1, 1,
	    route_options, false, cmd_route_test,
	    "where would this call go? Nothing is sent",
	    "sipctl route test anna@example.com",
	    "sipctl route test sip:+442071234567@example.com --from anna -o json"),
	ROW("route", "check", "FILE [--tests FILE]", 1, 1, check_options, false,
	    cmd_route_check, "checks router records; no daemon is needed",
	    "sipctl route check routes.conf",
	    "sipctl route check routes.conf --tests routes.test"),

	ROW("route", "diff", "CANDIDATE [--last T]", 1, 1, slow_options, false,
	    cmd_route_diff, "which recorded requests would go elsewhere by other records: 0 none, "
	    "1 some, 2 the records are faulty", "sipctl route diff routes.new --last 1h",
	    "sipctl route diff routes.new -o json"),

	ROW("alias", "list", "", 0, 0, NULL, true, cmd_directory_list,
	    "the aliases",
	    "sipctl alias",
	    "sipctl alias list -o json"),
	ROW("alias", "show", "ALIAS", 1, 1, NULL, false, cmd_directory_show,
	    "one of them",
	    "sipctl alias show sales",
	    "sipctl alias show 100@example.com -o json"),
	ROW("alias", "add", "ALIAS TARGET [--dry-run]", 2, 2, dry_options, false, cmd_directory_add,
	    "makes an address mean another",
	    "sipctl alias add sales anna",
	    "sipctl alias add 100@example.com anna@example.com"),
	ROW("alias", "set", "ALIAS TARGET [--dry-run]", 2, 2, dry_options, false, cmd_directory_set,
	    "changes one",
	    "sipctl alias set sales anna",
	    "sipctl alias set 100@example.com anna@example.com --dry-run"),
	ROW("alias", "del", "ALIAS [--dry-run]", 1, 1, dry_options, false, cmd_directory_del,
	    "removes one",
	    "sipctl alias del sales",
	    "sipctl alias del 100@example.com --dry-run"),
	ROW("alias", "import", "FILE|- [--format csv|ndjson] [--update] [--dry-run]", 1, 1, import_options, false, cmd_directory_import,
	    "adds those of a file; columns alias,target",
	    "sipctl alias import alias.csv --dry-run",
	    "sipctl alias import - --format ndjson"),
	ROW("alias", "export", "[--format csv|ndjson]", 0, 0, export_options, false, cmd_directory_export,
	    "all of them, for import",
	    "sipctl alias export",
	    "sipctl alias export --format ndjson"),
	ROW("forwarder", "list", "", 0, 0, NULL, true, cmd_directory_list,
	    "the forwarders",
	    "sipctl forwarder",
	    "sipctl forwarder list -o json"),
	ROW("forwarder", "show", "NAME", 1, 1, NULL, false, cmd_directory_show,
	    "one of them",
	    "sipctl forwarder show boss",
	    "sipctl forwarder show boss@example.com -o json"),
	ROW("forwarder", "add", "NAME ADDRESS [--dry-run]", 2, 2, dry_options, false, cmd_directory_add,
	    "sends calls for a name to any address, also elsewhere",
	    "sipctl forwarder add boss boss@elsewhere.example",
	    "sipctl forwarder add boss@example.com sip:boss@elsewhere.example"),
	ROW("forwarder", "set", "NAME ADDRESS [--dry-run]", 2, 2, dry_options, false, cmd_directory_set,
	    "changes one",
	    "sipctl forwarder set boss boss@elsewhere.example",
	    "sipctl forwarder set boss@example.com sip:boss@elsewhere.example --dry-run"),
	ROW("forwarder", "del", "NAME [--dry-run]", 1, 1, dry_options, false, cmd_directory_del,
	    "removes one",
	    "sipctl forwarder del boss",
	    "sipctl forwarder del boss@example.com --dry-run"),
	ROW("forwarder", "import", "FILE|- [--format csv|ndjson] [--update] [--dry-run]", 1, 1, import_options, false, cmd_directory_import,
	    "adds those of a file; columns forwarder,target",
	    "sipctl forwarder import forwarder.csv --dry-run",
	    "sipctl forwarder import - --format ndjson"),
	ROW("forwarder", "export", "[--format csv|ndjson]", 0, 0, export_options, false, cmd_directory_export,
	    "all of them, for import",
	    "sipctl forwarder export",
	    "sipctl forwarder export --format ndjson"),
	ROW("group", "list", "", 0, 0, NULL, true, cmd_directory_list,
	    "the groups",
	    "sipctl group",
	    "sipctl group list -o json"),
	ROW("group", "show", "GROUP", 1, 1, NULL, false, cmd_directory_show,
	    "one of them",
	    "sipctl group show all",
	    "sipctl group show all@example.com -o json"),
	ROW("group", "add", "GROUP MEMBER... [--dry-run]", 2, LINE_ARGS_MAX, dry_options, false, cmd_directory_add,
	    "calls several addresses at once",
	    "sipctl group add all anna bo",
	    "sipctl group add all@example.com anna +442071234567"),
	ROW("group", "set", "GROUP MEMBER... [--dry-run]", 2, LINE_ARGS_MAX, dry_options, false, cmd_directory_set,
	    "changes one",
	    "sipctl group set all anna bo",
	    "sipctl group set all@example.com anna +442071234567 --dry-run"),
	ROW("group", "del", "GROUP [--dry-run]", 1, 1, dry_options, false, cmd_directory_del,
	    "removes one",
	    "sipctl group del all",
	    "sipctl group del all@example.com --dry-run"),
	ROW("group", "import", "FILE|- [--format csv|ndjson] [--update] [--dry-run]", 1, 1, import_options, false, cmd_directory_import,
	    "adds those of a file; columns group,members",
	    "sipctl group import group.csv --dry-run",
	    "sipctl group import - --format ndjson"),
	ROW("group", "export", "[--format csv|ndjson]", 0, 0, export_options, false, cmd_directory_export,
	    "all of them, for import",
	    "sipctl group export",
	    "sipctl group export --format ndjson"),
	ROW("number", "list", "", 0, 0, NULL, true, cmd_directory_list,
	    "the telephone numbers",
	    "sipctl number",
	    "sipctl number list -o json"),
	ROW("number", "show", "NUMBER", 1, 1, NULL, false, cmd_directory_show,
	    "one of them",
	    "sipctl number show +442071234567",
	    "sipctl number show +442071234567 -o json"),
	ROW("number", "add", "NUMBER ADDRESS [--dry-run]", 2, 2, dry_options, false, cmd_directory_add,
	    "gives a number of the world to an address",
	    "sipctl number add +442071234567 anna",
	    "sipctl number add +442071234567 anna@example.com"),
	ROW("number", "set", "NUMBER ADDRESS [--dry-run]", 2, 2, dry_options, false, cmd_directory_set,
	    "changes one",
	    "sipctl number set +442071234567 anna",
	    "sipctl number set +442071234567 anna@example.com --dry-run"),
	ROW("number", "del", "NUMBER [--dry-run]", 1, 1, dry_options, false, cmd_directory_del,
	    "removes one",
	    "sipctl number del +442071234567",
	    "sipctl number del +442071234567 --dry-run"),
	ROW("number", "import", "FILE|- [--format csv|ndjson] [--update] [--dry-run]", 1, 1, import_options, false, cmd_directory_import,
	    "adds those of a file; columns number,target",
	    "sipctl number import number.csv --dry-run",
	    "sipctl number import - --format ndjson"),
	ROW("number", "export", "[--format csv|ndjson]", 0, 0, export_options, false, cmd_directory_export,
	    "all of them, for import",
	    "sipctl number export",
	    "sipctl number export --format ndjson"),
	ROW("price", "list", "", 0, 0, NULL, true, cmd_directory_list,
	    "what gateways charge, by prefix of the number",
	    "sipctl price",
	    "sipctl price list -o json"),
	ROW("price", "show", "GATEWAY/PREFIX", 1, 1, NULL, false, cmd_directory_show,
	    "one of them",
	    "sipctl price show teleco1/4420",
	    "sipctl price show teleco1/4420 -o json"),
	ROW("price", "add", "GATEWAY/PREFIX PRICE [--dry-run]", 2, 2, dry_options, false, cmd_directory_add,
	    "a price of a gateway, in any currency; groups that least-cost names go by it",
	    "sipctl price add teleco1/4420 0.0125",
	    "sipctl price add \"teleco1/*\" 0.9"),
	ROW("price", "set", "GATEWAY/PREFIX PRICE [--dry-run]", 2, 2, dry_options, false, cmd_directory_set,
	    "another price for one that exists",
	    "sipctl price set teleco1/4420 0.0119",
	    "sipctl price set teleco1/4420 0.0119 --dry-run"),
	ROW("price", "del", "GATEWAY/PREFIX [--dry-run]", 1, 1, dry_options, false, cmd_directory_del,
	    "removes one",
	    "sipctl price del teleco1/4420",
	    "sipctl price del teleco1/4420 --dry-run"),
	ROW("price", "import", "FILE|- [--gateway NAME] [--format csv|ndjson] [--update] [--dry-run]", 1, 1, price_options, false, cmd_directory_import,
	    "adds those of a file; columns prefix,price, where a prefix is GATEWAY/PREFIX "
	    "unless --gateway says whose they are",
	    "sipctl price import teleco1.csv --gateway teleco1 --update",
	    "sipctl price import prices.csv --dry-run"),
	ROW("price", "export", "[--format csv|ndjson]", 0, 0, export_options, false, cmd_directory_export,
	    "all of them, for import",
	    "sipctl price export",
	    "sipctl price export --format ndjson"),
	ROW("domain", "list", "", 0, 0, NULL, true, cmd_domain_list,
	    "the domains that are served; the first is the main one",
	    "sipctl domain",
	    "sipctl domain list -o name"),
	ROW("domain", "show", "DOMAIN", 1, 1, NULL, false, cmd_domain_show,
	    "one domain, and how much of the directory is its",
	    "sipctl domain show example.com",
	    "sipctl domain show example.com -o json"),
	ROW("domain", "add", "DOMAIN...", 1, LINE_ARGS_MAX, NULL, false, cmd_domain_add,
	    "serves more domains: edits etc/ and applies",
	    "sipctl domain add second.example",
	    "sipctl domain add second.example third.example"),
	ROW("domain", "del", "DOMAIN...", 1, LINE_ARGS_MAX, NULL, false, cmd_domain_del,
	    "serves a domain no longer: edits etc/ and applies",
	    "sipctl domain del second.example",
	    "sipctl domain del second.example third.example"),
	ROW("domain", "import", "FILE|-", 1, 1, NULL, false, cmd_domain_import,
	    "adds the domains of a file, one a line",
	    "sipctl domain import domains.txt",
	    "sipctl domain import -"),
	ROW("domain", "export", "", 0, 0, NULL, false, cmd_domain_list,
	    "the domains, as list shows them; -o name for import",
	    "sipctl domain export -o name",
	    "sipctl domain export -o csv"),
	ROW("rules", "list", "", 0, 0, NULL, true, cmd_rules_list,
	    "who has signal rules: *, @domain, accounts",
	    "sipctl rules",
	    "sipctl rules list -o name"),
	ROW("rules", "show", "SCOPE", 1, 1, NULL, false, cmd_rules_show,
	    "the rules of *, @domain or an account, as they were set",
	    "sipctl rules show anna",
	    "sipctl rules show @example.com"),
	ROW("rules", "set", "SCOPE FILE|- [--dry-run]", 2, 2, dry_options, false, cmd_rules_set,
	    "what happens to calls for an account, a domain, or all (*)",
	    "sipctl rules set anna anna.rules",
	    "sipctl rules set @example.com - --dry-run"),
	ROW("rules", "del", "SCOPE [--dry-run]", 1, 1, dry_options, false, cmd_rules_del,
	    "removes the rules",
	    "sipctl rules del anna",
	    "sipctl rules del @example.com"),

	ROW("config", "check", "[DIR]", 0, 1, NULL, true, cmd_config_check,
	    "checks etc/, or another directory; no daemon is needed",
	    "sipctl config check", "sipctl config check ./etc"),
	ROW("config", "set", "NAME VALUE", 2, LINE_ARGS_MAX, NULL, false,
	    cmd_config_set, "edits sip.conf in place; apply follows",
	    "sipctl config set timer-b 8s",
	    "sipctl config set lan-networks \"[10.0.0.0/8, 192.168.0.0/16]\""),
	ROW("config", "diff", "[N]", 0, 1, NULL, false, cmd_config_diff,
	    "what apply would change", "sipctl config diff", "sipctl config diff 40"),
	ROW("config", "apply", "[--confirm T] [-m WHY]", 0, 0, apply_options, false,
	    cmd_config_apply, "puts etc/ in force",
	    "sipctl config apply -m \"faster failover\"",
	    "sipctl config apply --confirm 60s"),
	ROW("config", "confirm", "", 0, 0, NULL, false, cmd_config_confirm,
	    "keeps what was applied with --confirm", "sipctl config confirm",
	    "sipctl config apply --confirm 60s && sipctl config confirm"),
	ROW("config", "rollback", "[N]", 0, 1, apply_options, false,
	    cmd_config_rollback, "puts an earlier generation in force",
	    "sipctl config rollback", "sipctl config rollback 40"),
	ROW("config", "history", "", 0, 0, NULL, false, cmd_config_history,
	    "the generations", "sipctl config history", "sipctl config history -o json"),
	ROW("config", "describe", "[NAME]", 0, 1, NULL, false, cmd_config_describe,
	    "what a setting means", "sipctl config describe timer-b",
	    "sipctl config describe -o json"),
	ROW("config", "show", "[NAME] [--changed]", 0, 1, show_options, false,
	    cmd_config_show, "what is in force", "sipctl config show --changed",
	    "sipctl config show timer-b"),

	ROW("log", "show", "[-f] [--last T] [FILTERS]", 0, 0, log_options, true,
	    cmd_log, "reads the logs of all daemons; with -f, --level all or low-level and "
	    "somebody named, that is logged in detail meanwhile",
	    "sipctl log --last 15m --level problems -o ndjson",
	    "sipctl log -f --user anna --level all"),
	ROW("log", "raise", "--user U|--ip ADDRESS|--gw NAME|--call-id X [--level LEVEL] "
	    "[--for T]", 0, 0, raise_options, false, cmd_log_raise,
	    "logs in detail what somebody is in, for ten minutes unless told otherwise",
	    "sipctl log raise --user anna",
	    "sipctl log raise --ip 192.0.2.0/24 --for 1h"),
	ROW("log", "raised", "", 0, 0, NULL, false, cmd_log_raised,
	    "what is logged in detail for a while", "sipctl log raised",
	    "sipctl log raised -o json"),
	ROW("log", "lower", "NUMBER", 1, 1, NULL, false, cmd_log_lower,
	    "ends what log raise began", "sipctl log lower 1", "sipctl log lower 12"),
	ROW("trace", NULL, "[ID|CALL-ID|--call-id X] [FORM] [--failed] [--last T] [--all]", 0, 2,
	    trace_options, false, cmd_trace,
	    "the calls that the flight recorder holds, or one as a ladder of its messages, "
	    "decisions and timers; no daemon is needed",
	    "sipctl trace --failed --last 15m",
	    "sipctl trace 4b514bc0@10.1.4.20 --pcap - | sngrep -I -"),
	ROW("why", NULL, "[ID|CALL-ID|--call-id X] [--anonymize]", 0, 1, why_options, false, cmd_why,
	    "why a call failed or was bad, in one sentence, with the command to run next; the "
	    "last that failed unless one is named", "sipctl why",
	    "sipctl why 4b514bc0@10.1.4.20"),
	ROW("bundle", NULL, "--call ID|CALL-ID [FILE|-]", 0, 1, bundle_options, false, cmd_bundle,
	    "one call as an archive for others: messages, log, settings, with pseudonyms",
	    "sipctl bundle --call 4b514bc0@10.1.4.20",
	    "sipctl bundle --call 1 - | ssh support 'cat >case7.tar'"),
	ROW("help", NULL, "[NOUN [VERB]]", 0, 2, NULL, false, cmd_help,
	    "how a command is used", "sipctl help", "sipctl help gw add"),

	/* For our own scripts: no help lists them. */
	ROW("__manual", NULL, "PART", 1, 1, NULL, false, cmd_manual,
	    "prints a part of the manuals", "sipctl __manual commands",
	    "sipctl __manual settings"),
	ROW("__complete", NULL, "-- WORD...", 0, LINE_ARGS_MAX, NULL, false, cmd_complete,
	    "prints what may follow", "sipctl __complete -- re", "sipctl __complete -- user show a"),
	{ NULL }
};
