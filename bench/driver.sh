#!/bin/bash
# driver.sh start|info|mem - Cordboard under the measuring harness: DRIVER=bench/driver.sh ./run-sip.sh ours SCENARIO
#
# start is called inside the measuring cgroup and returns when the server is ready. Environment from the harness: RUN, BENCH,
# HOST, PORT, NGPORT (when set, mediad speaks the ng protocol there), TRANSPORT, NUSERS, AUTH=mem|db|none, PINCPU, KEEPDB. Our own: BIN (programs, default build/bin of this tree),
# STATE_DIR (where the house lies; default RUN: it must be a real disk, a registration is durable before its 200),
# SET ("NAME=VALUE ...": more settings).
set -e
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=${BIN:-$top/build/bin}
dir=${STATE_DIR:-$RUN}/ours
sipctl=("$bin/sipctl" -C "$dir")

disk() { stat -f -c %T "$1"; }

case $1 in
info)
	echo "cordboard $(git -C "$top" rev-parse --short HEAD 2>/dev/null)  auth=${AUTH:-mem} transport=${TRANSPORT:-udp} state on $(disk "${STATE_DIR:-$RUN}")"
	;;
mem)
	"${sipctl[@]}" status -o json 2>/dev/null | tr ',{' '\n\n' | grep -E '"(name|rss_bytes)"' | tr -d '"\n'
	echo
	;;
start)
	mkdir -p "$dir"
	case $(disk "$dir") in
	tmpfs | ramfs)
		echo "$dir is on $(disk "$dir"): set STATE_DIR to a real disk" >&2
		exit 1
		;;
	esac
	echo "state: $dir on $(disk "$dir")" >&2
	pin=()
	[ -z "$PINCPU" ] || pin=(taskset -c "$PINCPU")
	case ${AUTH:-mem} in
	none) authenticate=none ;;
	*) authenticate=local ;;
	esac
	settings=("authenticate=$authenticate" "log-level=problems" "media-policy=never" "min-expires=1s")
	[ -z "$PINCPU" ] || settings+=("processors=$(awk -F, '{n=0; for(i=1;i<=NF;i++){split($i,a,"-"); n+=(a[2]==""?1:a[2]-a[1]+1)} print n}' <<<"$PINCPU")")
	[ -z "$NGPORT" ] || settings+=("ng-listen=udp:$HOST:$NGPORT" "media-sessions-limit=4999")
	# shellcheck disable=SC2206
	settings+=($SET)
	fresh=1
	[ -n "$KEEPDB" ] && [ -e "$dir/etc/sip.conf" ] && fresh=
	if [ -n "$fresh" ]; then
		rm -rf "${dir:?}"/*
		chmod 755 "$dir" "$RUN"
		set_args=()
		for s in "${settings[@]}"; do set_args+=(--set "$s"); done
		"${sipctl[@]}" init bench.test --listen "${TRANSPORT:-udp}:$HOST:$PORT" --media "$HOST:40000-59998" "${set_args[@]}"
	fi
	"${pin[@]}" "${sipctl[@]}" up --detach --wait >"$RUN/ours.log" 2>&1 </dev/null || {
		cat "$RUN/ours.log" >&2
		exit 1
	}
	if [ -n "$fresh" ]; then
		{
			echo user,domain,ha1_md5
			"$BENCH/build/sipcred" "$NUSERS" bench.test csv | awk -F, -v OFS=, '{ print $1, $2, $4 }'
		} >"$RUN/ours-users.csv"
		"${pin[@]}" "${sipctl[@]}" user import "$RUN/ours-users.csv" >>"$RUN/ours.log" 2>&1 || {
			tail -n 5 "$RUN/ours.log" >&2
			exit 1
		}
	fi
	;;
*)
	echo "usage: driver.sh start|info|mem" >&2
	exit 2
	;;
esac
