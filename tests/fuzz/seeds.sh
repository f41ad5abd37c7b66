#!/bin/sh
# seeds.sh SECONDS PROGRAM... - each fuzz harness once over its seeds and its
# folders of the corpus. Ends with "N passed, N failed", counted in harnesses.
. "$(dirname "$0")/families.sh"
limit=$1
shift
passed=0
failed=0
begin=$(date +%s)
[ -d "$CORPUS" ] || echo "no corpus at $CORPUS: the harnesses' own seeds only"
for f; do
	left=$((limit - $(date +%s) + begin))
	[ $left -gt 0 ] || left=1
	name=${f##*/}
	# shellcheck disable=SC2046
	if said=$(timeout -k 5 $left "$f" $(families "$name") 2>"$f.log") && [ "$said" != "0 inputs" ]; then
		passed=$((passed + 1))
		printf '%-20s %s\n' "$name" "$said"
	else
		failed=$((failed + 1))
		printf '%-20s FAILED: %s\n' "$name" "${said:-crash or out of time}"
		tail -n 40 "$f.log"
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
