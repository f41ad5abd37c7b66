#!/bin/sh
# check.sh - what "make check" runs on a build with sanitizers: units, stories,
# fuzz seeds. All three run whatever fails; the closing line counts them all.
# From the environment: B (build directory), UNITS, FUZZERS, CORPUS, PYTHON.
cd "$(dirname "$0")/.." || exit 1
export ASAN_OPTIONS="${ASAN_OPTIONS-detect_leaks=1:abort_on_error=0}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS-print_stacktrace=1}"
out=$B/check
rm -rf "$out"
mkdir -p "$out"

# part NAME COMMAND... - runs it, shows it, keeps its output and counts.
part()
{
	name=$1
	shift
	echo "== $name"
	"$@" 2>&1 | tee "$out/$name.log"
}

# count NAME WORD - the last "N WORD" of a part's output.
count()
{
	grep -oE "[0-9]+ $2" "$out/$1.log" | tail -n 1 | sed 's/ .*//' | grep . || echo 0
}

begin=$(date +%s)
# shellcheck disable=SC2086
part units tests/units.sh $UNITS
part stories env BIN="$B/bin" CORPUS="$CORPUS" "$PYTHON" -m pytest -p no:cacheprovider -n "${WORKERS:-2}" \
    --dist load -q -rs -m 'not long' ${PYTEST_ARGS:-} tests/stories
# shellcheck disable=SC2086
part seeds tests/fuzz/seeds.sh 120 $FUZZERS

passed=$(($(count units passed) + $(count stories passed) + $(count seeds passed)))
failed=$(($(count units failed) + $(count stories failed) + $(count stories error) + $(count seeds failed)))
grep -q ' passed' "$out/stories.log" || failed=$((failed + 1))
skipped=$(($(count units skipped) + $(count stories skipped)))
[ "$skipped" = 0 ] || echo "$skipped skipped: see above why"
echo "took $(($(date +%s) - begin)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
