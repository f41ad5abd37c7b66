/*
 * standalone - runs a fuzz harness over files, without a fuzzing engine.
 *
 * Each file (each file of a directory) is handed to LLVMFuzzerTestOneInput() as a
 * heap block of exactly its size, so that a read one past the end is seen by the
 * address sanitizer. gcc builds this into every harness for "make fuzz-seeds".
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX	(1 << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long ran;

static void
run_file(const char *path)
{
	FILE	*f = fopen(path, "rb");
	uint8_t	*whole, *exact;
	size_t	 n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	if ((whole = malloc(INPUT_MAX)) == NULL)
		abort();
	n = fread(whole, 1, INPUT_MAX, f);
	fclose(f);
	if ((exact = malloc(n > 0 ? n : 1)) == NULL)
		abort();
	memcpy(exact, whole, n);
	free(whole);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	ran++;
}

static void
run_path(const char *path)
{
	struct dirent	*e;
	struct stat	 st;
	DIR		*d;
	char		 sub[4096];

	if (stat(path, &st) < 0) {
		perror(path);
		exit(1);
	}
	if (S_ISREG(st.st_mode)) {
		/* named first: a crash then shows which one it was */
		fprintf(stderr, "%s\n", path);
		run_file(path);
		return;
	}
	if (!S_ISDIR(st.st_mode) || (d = opendir(path)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if ((size_t)snprintf(sub, sizeof(sub), "%s/%s", path,
		    e->d_name) < sizeof(sub))
			run_path(sub);
	}
	closedir(d);
}

int
main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("%lu inputs\n", ran);
	return 0;
}
