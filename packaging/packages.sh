#!/bin/sh
# packages.sh PACKAGE... - installs those of Debian's packages that are missing.
# Nothing is asked of the network when all are there. Services that come along
# with a package (kamailio) are not started: only its program is wanted.
set -eu
command -v dpkg-query >/dev/null || {
	echo "this is no Debian; needed are: $*" >&2
	exit 1
}
have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^ii *//p') || :
missing=
for p in "$@"; do
	echo "$have" | grep -qx "$p" || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "missing packages; as root: apt-get install$missing" >&2
	exit 1
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing:$missing" >&2
apt-get -q update >&2
# shellcheck disable=SC2086
apt-get -q install -y --no-install-recommends $missing >&2
