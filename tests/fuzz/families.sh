#!/bin/sh
# families.sh - sourced: which folders of the corpus are inputs of which harness.
# families NAME prints those that exist, the harness's own seeds first.
families()
{
	dirs="tests/fuzz/seeds/$1"
	case $1 in
	message|sip*)
		dirs="$dirs $CORPUS/rfc4475 $CORPUS/rfc5118 $CORPUS/kamailio-misc $CORPUS/sipgo-fuzz \
		    $CORPUS/rfc-callflows $CORPUS/pjsip-fuzz-seeds/sip" ;;
	stream)
		dirs="$dirs $CORPUS/stream-framing $CORPUS/rfc4475" ;;
	sdp*)
		dirs="$dirs $CORPUS/sdp-transform $CORPUS/pjsip-fuzz-seeds/sdp" ;;
	uri*)
		dirs="$dirs $CORPUS/pjsip-fuzz-seeds/uri" ;;
	esac
	for d in $dirs; do
		if [ -e "$d" ]; then
			echo "$d"
		fi
	done
}
