/*
 * manual - the parts of the manuals that come from tables: the commands of sipctl(1)
 * and the settings of sip.conf(5), in mdoc(7).
 *
 * "sipctl __manual PART" prints one; packaging/manual.sh puts it where a page has
 * a line .\" @PART@. Nobody else calls it, so help does not list it.
 */
#include <stdio.h>
#include <string.h>

#include "common/setting_types.h"
#include "sipctl/sipctl.h"

/* Text of ours between macros: what mdoc would take for its own is escaped. */
static void
print_text(const char *s)
{
	const char	*begin = s;

	printf("\\&");
	for (; *s != '\0'; s++)
		if (*s == '\\')
			printf("\\e");
		else if (*s == '-')
			printf("\\-");
		else if (*s == ' ' && s > begin && s[-1] == '.')
			putchar('\n');		/* a sentence is a line */
		else
			putchar(*s);
}

/* As an argument of a macro. */
static void
print_argument(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++)
		if (*s == '"')
			printf("\"\"");
		else if (*s == '\\')
			printf("\\e");
		else
			putchar(*s);
	putchar('"');
}

/* ---- sipctl(1) ---- */

static void
print_options(const struct option *o)
{
	printf(".Bl -tag -width \"XX\" -compact\n");
	for (; o->name != NULL; o++) {
		printf(".It ");
		if (o->letter != 0)
			printf("Fl %c , ", o->letter);
		printf("Fl Fl %s", o->name);
		if (o->value != NULL) {
			printf(" Ar ");
			print_argument(o->value);
		}
		printf("\n");
		print_text(o->help);
		printf(".\n");
	}
	printf(".El\n");
}

static bool
is_hidden(const char *noun)
{
	return strncmp(noun, "__", 2) == 0;
}

static void
print_commands(void)
{
	const struct command	*k;
	const struct option	*shown = NULL;

	printf(".Bl -tag -width \"XX\"\n");
	for (k = commands; k->noun != NULL; k++) {
		if (is_hidden(k->noun))
			continue;
		printf(".It Ic %s", k->noun);
		if (k->verb != NULL)
			printf(" %s", k->verb);
		if (k->args[0] != '\0') {
			printf(" Ar ");
			print_argument(k->args);
		}
		printf("\n");
		print_text(k->help);
		printf(".%s\n", k->by_default ? "\nThe verb may be left out." : "");
		if (k->options != NULL && k->options != shown)
			print_options(k->options);
		shown = k->options;
	}
	printf(".El\n");
}

/* ---- sip.conf(5) ---- */

static void
print_range(const struct setting_info *i)
{
	char		buf[256];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	setting_range(i, &t);
	if (t.len > 0) {
		printf("Range:\n.Ql ");
		print_argument(buf);
		printf(" .\n");
	}
}

static void
print_setting(const struct setting_info *i)
{
	printf(".It Ic %s Ar %s\n", i->name, setting_fields[i - settings_table].type->name);
	print_text(i->help);
	printf("\n");
	print_range(i);
	if (i->def != NULL && i->def[0] != '\0') {
		printf("Default:\n.Ql ");
		print_argument(i->def);
		printf(" .\n");
	}
	if (i->restart)
		printf("A change restarts\n.Xr %s 8 .\n", i->daemon);
}

/* Those of one daemon, or of one kind of block. */
static void
print_group(const char *heading, const char *daemon, enum setting_block block)
{
	printf(".Ss %s\n.Bl -tag -width \"XX\"\n", heading);
	for (const struct setting_info *i = settings_table; i->name != NULL; i++)
		if (i->block == block && (block != BLOCK_NONE || strcmp(i->daemon, daemon) == 0))
			print_setting(i);
	printf(".El\n");
}

static void
print_settings(void)
{
	print_group("Settings of all daemons", "all", BLOCK_NONE);
	for (size_t i = 0; i < DAEMONS; i++) {
		char	heading[64];

		for (const struct setting_info *k = settings_table; k->name != NULL; k++)
			if (k->block == BLOCK_NONE && strcmp(k->daemon, daemon_names[i]) == 0) {
				snprintf(heading, sizeof(heading), "Settings of %s",
				    daemon_names[i]);
				print_group(heading, daemon_names[i], BLOCK_NONE);
				break;
			}
	}
	print_group("In a block \"gateway NAME { }\"", NULL, BLOCK_GATEWAY);
	print_group("In a block \"listen T:ADDR:PORT { }\"", NULL, BLOCK_LISTEN);
	print_group("In a block \"domain NAME { }\"", NULL, BLOCK_DOMAIN);
}

COMMAND(cmd_manual)
{
	static const struct {
		const char	*part;
		void		(*print)(void);
	} parts[] = { { "commands", print_commands }, { "settings", print_settings } };

	(void)c;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(l->args[0], parts[i].part) == 0) {
			parts[i].print();
			return CTL_DONE;
		}
	if (strcmp(l->args[0], "options") == 0) {
		print_options(global_options);
		return CTL_DONE;
	}
	return no(CTL_USAGE, "the manuals have no part \"%s\"", l->args[0]);
}
