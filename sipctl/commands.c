/*
 * commands - the table of everything sipctl can do: the parser, usage, help and
 * hints are made from it, and so are completion and the manual.
 */
#include "sipctl/sipctl.h"

#include "sipctl/command_options.h"

#define ROW(noun, verb, args, min, max, options, by_default, run, help, one, two) \
	{ noun, verb, args, min, max, options, by_default, help, { one, two }, run }

/* What routed's directory keeps of a kind: all commands but import. */
#define DIRECTORY(noun, key, value, most, list, add, set, k1, k2, e1, e2)		\
	ROW(noun, "list", "", 0, 0, NULL, true, cmd_directory_list, list,		\
	    "sipctl " noun, "sipctl " noun " list -o json"),				\
	ROW(noun, "show", key, 1, 1, NULL, false, cmd_directory_show, "one of them",	\
	    "sipctl " noun " show " k1, "sipctl " noun " show " k2 " -o json"),		\
	ROW(noun, "add", key " " value " [--dry-run]", 2, most, dry_options, false,	\
	    cmd_directory_add, add, "sipctl " noun " add " e1, "sipctl " noun " add " e2), \
	ROW(noun, "set", key " " value " [--dry-run]", 2, most, dry_options, false,	\
	    cmd_directory_set, set, "sipctl " noun " set " e1,				\
	    "sipctl " noun " set " e2 " --dry-run"),					\
	ROW(noun, "del", key " [--dry-run]", 1, 1, dry_options, false,			\
	    cmd_directory_del, "removes one", "sipctl " noun " del " k1,		\
	    "sipctl " noun " del " k2 " --dry-run"),					\
	ROW(noun, "export", "[--format csv|ndjson]", 0, 0, export_options, false,	\
	    cmd_directory_export, "all of them, for import", "sipctl " noun " export",	\
	    "sipctl " noun " export --format ndjson")
#define DIRECTORY_IMPORT(noun, value)							\
	ROW(noun, "import", "FILE|- [--format csv|ndjson] [--update] [--dry-run]", 1, 1, \
	    import_options, false, cmd_directory_import,				\
	    "adds those of a file; columns " noun "," value,				\
	    "sipctl " noun " import " noun ".csv --dry-run",				\
	    "sipctl " noun " import - --format ndjson")

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
	ROW("drain", NULL, "[--limit T] [--undo]", 0, 0, drain_options, false, cmd_drain,
	    "takes no new calls, waits until those of now are over, and ends all daemons",
	    "sipctl drain --limit 30m", "sipctl drain --undo"),
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
	ROW("slow", NULL, "[--last T | -S TIME [-U TIME]]", 0, 0, span_options, false, cmd_slow,
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
	ROW("reload", NULL, "[--confirm T] [-m WHY] [--dry-run]", 0, 0, apply_options, false,
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
	    "--undo [--dry-run]", 0, 1, user_import_options, false, cmd_user_import,
	    "adds the accounts of a file; columns user,domain,password,ha1_md5,"
	    "ha1_sha256,ha1_sha512_256,ha1b_md5,ha1b_sha256,ha1b_sha512_256,name,"
	    "number,service,networks,settings (ha1b: of user@domain)",
	    "sipctl user import staff.csv --dry-run", "sipctl user import --undo"),
	ROW("user", "export", "[--format csv|ndjson] [--with-ha1]", 0, 0, export_options, false,
	    cmd_user_export, "all accounts, for import", "sipctl user export",
	    "sipctl user export --format ndjson"),

	ROW("reg", "list", "", 0, 0, NULL, true, cmd_reg_list,
	    "who is registered", "sipctl reg", "sipctl reg list -o json"),
	ROW("reg", "show", "U@D", 1, 1, NULL, false, cmd_reg_show,
	    "the contacts of one user", "sipctl reg show anna",
	    "sipctl reg show anna@example.com -o json"),
	ROW("reg", "failures", "[--last T | -S TIME [-U TIME]]", 0, 0, span_options, false,
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
	ROW("gw", "del", "NAME [--dry-run]", 1, 1, dry_options, false, cmd_gw_del,
	    "removes a gateway and applies", "sipctl gw del teleco1",
	    "sipctl gw del lab"),
	ROW("gw", "test", "NAME", 1, 1, NULL, false, cmd_gw_do,
	    "registers at once", "sipctl gw test teleco1", "sipctl gw test lab"),
	ROW("gw", "enable", "NAME [--dry-run]", 1, 1, dry_options, false, cmd_gw_switch,
	    "uses a disabled gateway again", "sipctl gw enable lab",
	    "sipctl gw enable teleco1"),
	ROW("gw", "disable", "NAME [--dry-run]", 1, 1, dry_options, false, cmd_gw_switch,
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

	ROW("route", "diff", "CANDIDATE [--last T | -S TIME [-U TIME]]", 1, 1, span_options, false,
	    cmd_route_diff, "which recorded requests would go elsewhere by other records: 0 none, "
	    "1 some, 2 the records are faulty", "sipctl route diff routes.new --last 1h",
	    "sipctl route diff routes.new -o json"),

	DIRECTORY("alias", "ALIAS", "TARGET", 2,
	    "the aliases",
	    "makes an address mean another",
	    "changes one",
	    "sales", "100@example.com", "sales anna", "100@example.com anna@example.com"),
	DIRECTORY_IMPORT("alias", "target"),
	DIRECTORY("forwarder", "NAME", "ADDRESS", 2,
	    "the forwarders",
	    "sends calls for a name to any address, also elsewhere",
	    "changes one",
	    "boss", "boss@example.com", "boss boss@elsewhere.example", "boss@example.com sip:boss@elsewhere.example"),
	DIRECTORY_IMPORT("forwarder", "target"),
	DIRECTORY("group", "GROUP", "MEMBER...", LINE_ARGS_MAX,
	    "the groups",
	    "calls several addresses at once",
	    "changes one",
	    "all", "all@example.com", "all anna bo", "all@example.com anna +442071234567"),
	DIRECTORY_IMPORT("group", "members"),
	DIRECTORY("number", "NUMBER", "ADDRESS", 2,
	    "the telephone numbers",
	    "gives a number of the world to an address",
	    "changes one",
	    "+442071234567", "+442071234567", "+442071234567 anna", "+442071234567 anna@example.com"),
	DIRECTORY_IMPORT("number", "target"),
	DIRECTORY("price", "GATEWAY/PREFIX", "PRICE", 2,
	    "what gateways charge, by prefix of the number",
	    "a price of a gateway, in any currency; groups that least-cost names go by it",
	    "another price for one that exists",
	    "teleco1/4420", "teleco1/4420", "teleco1/4420 0.0125", "\"teleco1/*\" 0.9"),
	ROW("price", "import", "FILE|- [--gateway NAME] [--format csv|ndjson] [--update] [--dry-run]", 1, 1,
	    price_options, false, cmd_directory_import,
	    "adds those of a file; columns prefix,price, where a prefix is GATEWAY/PREFIX "
	    "unless --gateway says whose they are",
	    "sipctl price import teleco1.csv --gateway teleco1 --update",
	    "sipctl price import prices.csv --dry-run"),
	ROW("domain", "list", "", 0, 0, NULL, true, cmd_domain_list,
	    "the domains that are served; the first is the main one",
	    "sipctl domain",
	    "sipctl domain list -o name"),
	ROW("domain", "show", "DOMAIN", 1, 1, NULL, false, cmd_domain_show,
	    "one domain, and how much of the directory is its",
	    "sipctl domain show example.com",
	    "sipctl domain show example.com -o json"),
	ROW("domain", "add", "DOMAIN... [--dry-run]", 1, LINE_ARGS_MAX, dry_options, false,
	    cmd_domain_add,
	    "serves more domains: edits etc/ and applies",
	    "sipctl domain add second.example",
	    "sipctl domain add second.example third.example"),
	ROW("domain", "del", "DOMAIN... [--dry-run]", 1, LINE_ARGS_MAX, dry_options, false,
	    cmd_domain_del,
	    "serves a domain no longer: edits etc/ and applies",
	    "sipctl domain del second.example",
	    "sipctl domain del second.example third.example"),
	ROW("domain", "import", "FILE|- [--dry-run]", 1, 1, dry_options, false, cmd_domain_import,
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
	ROW("config", "set", "NAME VALUE [--dry-run]", 2, LINE_ARGS_MAX, dry_options, false,
	    cmd_config_set, "edits sip.conf in place; apply follows",
	    "sipctl config set timer-b 8s",
	    "sipctl config set lan-networks \"[10.0.0.0/8, 192.168.0.0/16]\""),
	ROW("config", "diff", "[N]", 0, 1, NULL, false, cmd_config_diff,
	    "what apply would change", "sipctl config diff", "sipctl config diff 40"),
	ROW("config", "apply", "[--confirm T] [-m WHY] [--dry-run] | --retry DAEMON", 0, 0,
	    config_apply_options, false,
	    cmd_config_apply, "puts etc/ in force",
	    "sipctl config apply -m \"faster failover\"",
	    "sipctl config apply --confirm 60s"),
	ROW("config", "confirm", "", 0, 0, NULL, false, cmd_config_confirm,
	    "keeps what was applied with --confirm", "sipctl config confirm",
	    "sipctl config apply --confirm 60s && sipctl config confirm"),
	ROW("config", "rollback", "[N] [--confirm T] [-m WHY] [--dry-run]", 0, 1, apply_options, false,
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

	ROW("log", "show", "[-f] [--last T | -S TIME [-U TIME]] [FILTERS]", 0, 0, log_options, true,
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
	ROW("trace", NULL, "[ID|CALL-ID|--call-id X] [FORM] [--failed] [--last T | -S TIME [-U TIME]] [--all]", 0, 2,
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
