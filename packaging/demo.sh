#!/bin/sh
# demo.sh DIR - a house to look at: init in DIR if it is new, two accounts, then
# "sipctl up" in the foreground. "make run" calls it after the build.
# From the environment: BIN (directory of the programs), LISTEN (ADDRESS:PORT).
set -eu
dir=${1:-var}
bin=${BIN:-build/bin}
listen=${LISTEN:-127.0.0.1:5060}
domain=demo.test
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
sipctl="$bin/sipctl -C $dir"
passwords=$dir/passwords	# one "user password" a line, for you alone
address=${listen%:*}

if [ ! -e "$dir/etc/sip.conf" ]; then
	mkdir -p "$dir"
	chmod 755 "$dir"
	$sipctl init $domain --listen "udp:$listen" --listen "tcp:$listen" --media "$address:30000-30998"
fi
if [ ! -e "$passwords" ]; then
	(umask 077 && for user in anna bert; do
		echo "$user $(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')"
	done >"$passwords.new")
	mv "$passwords.new" "$passwords"
fi
in_force=$(sed -n 's/^[[:space:]]*listen[[:space:]]*udp://p' "$dir/etc/sip.conf" | head -n 1)
if [ "$in_force" != "$listen" ]; then
	echo "$dir/etc/sip.conf listens on $in_force; to have LISTEN=$listen change it there or remove $dir" >&2
	listen=$in_force
fi

# The accounts need a running regd; the foreground is for up, which becomes the
# keeper under this process's number. A house that runs already is none of ours.
(
	tries=0
	until [ "$(cat "$dir/run/keeper.pid" 2>/dev/null)" = $$ ] && $sipctl status >/dev/null 2>&1; do
		tries=$((tries + 1))
		kill -0 $$ 2>/dev/null && [ $tries -lt 150 ] || exit 0	# up has said why
		sleep 0.2
	done
	while read -r user password; do
		$sipctl user show "$user@$domain" >/dev/null 2>&1 ||
		    echo "$password" | $sipctl user add "$user@$domain" --password-file - >/dev/null
	done <"$passwords"
	echo
	$sipctl selftest || :
	echo
	echo "Cordboard runs. Domain $domain, UDP and TCP on $listen, everything in $dir."
	echo
	echo "In a phone: user and password as below, domain $domain, outbound proxy $listen"
	while read -r user password; do
		echo "    $user@$domain    $password"
	done <"$passwords"
	echo "For baresip, a line in ~/.baresip/accounts:"
	while read -r user password; do
		echo "    <sip:$user@$domain>;auth_pass=$password;outbound=\"sip:$listen\";regint=600"
	done <"$passwords"
	echo
	echo "Look at what happens, from another terminal:"
	echo "    $sipctl status"
	echo "    $sipctl reg list"
	echo "    $sipctl calls"
	echo "    $sipctl media"
	echo "    $sipctl log -f"
	echo
	echo "Ctrl-C ends it; registrations are kept in $dir."
) &
exec $sipctl up
