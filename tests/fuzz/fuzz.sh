#!/bin/sh
# fuzz.sh SECONDS PROGRAM... - libFuzzer on each harness. What it learns is kept
# in build-fuzz/found/NAME, what crashes it in build-fuzz/crash-*; a crash worth
# keeping becomes a file in tests/fuzz/seeds/NAME.
. "$(dirname "$0")/families.sh"
seconds=$1
shift
failed=0
for f; do
	name=${f##*/}
	found=${f%/fuzz/*}/found/$name
	mkdir -p "$found"
	echo "== $name, $seconds s"
	# shellcheck disable=SC2046
	"$f" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
	    -artifact_prefix="${f%/fuzz/*}/crash-$name-" "$found" $(families "$name") >"$f.log" 2>&1 || {
		failed=$((failed + 1))
		tail -n 60 "$f.log"
	}
	grep -E 'stat::(number_of_executed_units|peak_rss_mb)|^#.* DONE' "$f.log" || :
done
[ $failed -eq 0 ]
