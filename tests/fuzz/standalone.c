/*
 * standalone - runs a fuzz harness without a fuzzing engine.
 *
 * Linked with one harness (LLVMFuzzerTestOneInput), so that gcc builds and
 * "make check" can run it over its seeds:
 *
 *	sip_fuzz [-m] [-n mutants] file|folder ...
 *
 * Every file is run as it is, cut at every length (at most CUTS evenly spread
 * ones for a long file), and with single octets changed: each octet, or with -n
 * at most that many evenly spread ones, takes every value of odd[]. -m leaves
 * the cuts and changes out. The harness copies its input to the heap itself;
 * the bytes given to it are of exact size anyway.
 *
 * Prints one line; a crash is the harness's or the sanitizer's own report, and
 * the file and change at work are in the last line of standard error then.
 */
#include <dirent.h>
#include <err.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX	(1024 * 1024)
#define CUTS		4096

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a parser is most likely to trip over. */
static const uint8_t odd[] = { 0x00, '\r', '\n', ' ', '"', '<', ',', 0xff };

static bool	whole_only;
static size_t	mutants_max = SIZE_MAX;
static unsigned long runs, files;

static char	at_work[PATH_MAX + 64];

static void
say_at_work(int sig)
{
	ssize_t n;

	n = write(STDERR_FILENO, at_work, strlen(at_work));
	(void)n;
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		err(1, "malloc");
	if (size > 0)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	runs++;
}

static void
run_cuts(const char *path, const uint8_t *data, size_t size)
{
	size_t step = size / CUTS + 1;

	for (size_t n = 0; n < size; n += step) {
		snprintf(at_work, sizeof(at_work), "%s: cut at %zu\n", path, n);
		run(data, n);
	}
}

static void
run_changes(const char *path, uint8_t *data, size_t size)
{
	size_t step = mutants_max < size ? size / mutants_max + 1 : 1;

	for (size_t i = 0; i < size; i += step) {
		uint8_t was = data[i];

		for (size_t k = 0; k < sizeof(odd); k++) {
			snprintf(at_work, sizeof(at_work),
			    "%s: octet %zu = 0x%02x\n", path, i, odd[k]);
			data[i] = odd[k];
			run(data, size);
		}
		data[i] = was;
	}
}

static void
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	size_t size;

	if (f == NULL)
		err(1, "%s", path);
	if ((data = malloc(FILE_MAX)) == NULL)
		err(1, "malloc");
	size = fread(data, 1, FILE_MAX, f);
	if (ferror(f))
		err(1, "%s", path);
	fclose(f);

	files++;
	snprintf(at_work, sizeof(at_work), "%s: as it is\n", path);
	run(data, size);
	if (!whole_only) {
		run_cuts(path, data, size);
		run_changes(path, data, size);
	}
	free(data);
}

static void
run_path(const char *path)
{
	char sub[PATH_MAX];
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (stat(path, &st) < 0)
		err(1, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		run_file(path);
		return;
	}
	if ((d = opendir(path)) == NULL)
		err(1, "%s", path);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name) >=
		    (int)sizeof(sub))
			errx(1, "%s: path too long", path);
		run_path(sub);
	}
	closedir(d);
}

int
main(int argc, char *argv[])
{
	int c;

	while ((c = getopt(argc, argv, "mn:")) != -1) {
		switch (c) {
		case 'm':
			whole_only = true;
			break;
		case 'n':
			mutants_max = strtoul(optarg, NULL, 10);
			if (mutants_max == 0)
				errx(2, "-n: at least 1");
			break;
		default:
			fprintf(stderr, "usage: %s [-m] [-n mutants] file|folder ...\n",
			    argv[0]);
			return 2;
		}
	}
	/* The sanitizers end by abort() where ASAN_OPTIONS=abort_on_error=1. */
	signal(SIGABRT, say_at_work);
	run(NULL, 0);
	for (int i = optind; i < argc; i++)
		run_path(argv[i]);
	printf("%s: %lu runs over %lu files\n", argv[0], runs, files);
	return 0;
}
