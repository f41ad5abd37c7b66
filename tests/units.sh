#!/bin/sh
# units.sh PROGRAM... - runs unit test programs; the output of a failed one is
# shown, and its lines "SKIPPED: reason". The last line is "N passed, N failed",
# counted in tests of cmocka, before it "N skipped" if any were.
passed=0
failed=0
skipped=0
for t; do
	log=$t.log
	if timeout -k 5 "${UNIT_SECONDS:-120}" "$t" >"$log" 2>&1; then
		result=ok
	else
		result="FAILED ($?)"
		cat "$log"
	fi
	p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
	f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
	# A program that died or leaked has failed even when each of its tests passed.
	[ "$result" = ok ] || [ "$f" -gt 0 ] || f=1
	printf '%-40s %3d passed  %s\n' "${t##*/}" "$p" "$result"
	sed -n '/^SKIPPED: /p' "$log"
	skipped=$((skipped + $(grep -c '^SKIPPED: ' "$log")))
	passed=$((passed + p))
	failed=$((failed + f))
done
[ $skipped -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
