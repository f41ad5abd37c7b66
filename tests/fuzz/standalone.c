/*
 * standalone - runs a fuzz harness without a fuzzing engine.
 *
 * Linked with one harness (LLVMFuzzerTestOneInput), so that gcc builds and
 * "make fuzz-seeds" can run it over files and whole folders:
 *
 *	message [-mt] [-n spots] file|folder ...
 *
 * Every file is run as it is, then cut short and with single octets changed to
 * each value of odd[], at as many evenly spread spots as -n says (default
 * SPOTS; all there are when it says more than the file is long). -m leaves the
 * cuts and changes out. Inputs are heap blocks of exact size, so the address
 * sanitizer sees a read one past the end.
 *
 * Prints "N inputs, M runs", with -t also "slowest: N us, FILE: CHANGE"; just "0
 * inputs" when there were none. When a run dies, the last line on standard error
 * names the file and the change.
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
#include <time.h>
#include <unistd.h>

#define FILE_MAX	(1024 * 1024)
#define SPOTS		64

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a parser is most likely to trip over. */
static const uint8_t odd[] = { 0x00, '\r', '\n', ' ', '"', '<', ',', 0xff };

static bool	whole_only, timed;
static size_t	spots = SPOTS;
static unsigned long runs, files;

static char	at_work[PATH_MAX + 64], at_slowest[PATH_MAX + 64];
static int64_t	slowest_ns;

/* Where there is a sanitizer: called after its report. */
void	__sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static void
say_at_work(void)
{
	ssize_t n;

	n = write(STDERR_FILENO, at_work, strlen(at_work));
	(void)n;
}

static void
on_signal(int sig)
{
	say_at_work();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Of this thread: others that run meanwhile do not count. */
static int64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void
run_timed(const uint8_t *data, size_t size)
{
	int64_t ns = INT64_MAX, begin, took;

	/* What the machine does meanwhile is counted, too, but not each time. */
	for (int i = 0; i < 5 && ns > slowest_ns; i++) {
		begin = cpu_ns();
		LLVMFuzzerTestOneInput(data, size);
		took = cpu_ns() - begin;
		ns = took < ns ? took : ns;
	}
	if (ns <= slowest_ns)
		return;
	slowest_ns = ns;
	memcpy(at_slowest, at_work, sizeof(at_slowest));
}

static void
run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		err(1, "malloc");
	if (size > 0)
		memcpy(copy, data, size);
	if (timed)
		run_timed(copy, size);
	else
		LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	runs++;
}

static void
run_cuts(const char *path, const uint8_t *data, size_t size)
{
	size_t step = size / spots + 1;

	for (size_t n = 0; n < size; n += step) {
		snprintf(at_work, sizeof(at_work), "%s: cut at %zu\n", path, n);
		run(data, n);
	}
}

static void
run_changes(const char *path, uint8_t *data, size_t size)
{
	size_t step = size / spots + 1;

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
	if (S_ISREG(st.st_mode)) {
		run_file(path);
		return;
	}
	if (!S_ISDIR(st.st_mode))
		return;
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

	while ((c = getopt(argc, argv, "mtn:")) != -1) {
		switch (c) {
		case 'm':
			whole_only = true;
			break;
		case 't':
			timed = true;
			break;
		case 'n':
			spots = strtoul(optarg, NULL, 10);
			if (spots == 0)
				errx(2, "-n: at least 1");
			break;
		default:
			fprintf(stderr, "usage: %s [-mt] [-n spots] file|folder ...\n",
			    argv[0]);
			return 2;
		}
	}
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(say_at_work);
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	run(NULL, 0);
	for (int i = optind; i < argc; i++)
		run_path(argv[i]);
	if (files == 0)
		printf("0 inputs\n");
	else
		printf("%lu inputs, %lu runs\n", files, runs);
	if (timed)
		printf("slowest: %lld us, %s", (long long)slowest_ns / 1000,
		    at_slowest);
	return 0;
}
