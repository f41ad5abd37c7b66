#!/bin/sh
# lint.sh PAGE... - what can be said without running anything: manuals as they are
# installed by mandoc, shell scripts by sh -n (and shellcheck where it is installed).
cd "$(dirname "$0")/.." || exit 1
bad=0
ours()
{
	find . \( -name '.git' -o -name 'build*' -o -name var \) -prune -o -type f \( "$@" \) -print | sort
}
for m; do
	mandoc -Tlint -Wwarning "$m" || bad=1
done
for s in $(ours -name '*.sh' -o -path './.ci/run'); do
	case $(head -n 1 "$s") in
	*bash*) bash -n "$s" || bad=1 ;;
	*) sh -n "$s" || bad=1 ;;
	esac
	if command -v shellcheck >/dev/null; then
		shellcheck -S warning -x -P SCRIPTDIR "$s" || bad=1
	fi
done
exit $bad
