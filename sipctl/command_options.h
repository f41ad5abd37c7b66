#ifndef SIPCTL_COMMAND_OPTIONS_H
#define SIPCTL_COMMAND_OPTIONS_H

#include "sipctl/line.h"

/* The options of the rows of commands.c; each ends with name NULL. */
extern const struct option
	init_options[], drain_options[], up_options[], user_options[], passwd_options[],
	user_import_options[], import_options[], price_options[], export_options[],
	reg_add_options[], rights_options[], ban_options[], dry_options[],
	calls_options[], trace_options[], span_options[], tx_options[],
	top_options[], bundle_options[], why_options[], gw_options[],
	route_options[], check_options[], apply_options[], config_apply_options[], show_options[],
	log_options[], raise_options[];

#endif
