#!/bin/sh
# manual.sh SIPCTL PAGE - the page whole: a line .\" @PART@ is replaced by common/PART.mdoc
# if that exists, else by what sipctl makes of its tables (sipctl/manual.c).
set -eu
while IFS= read -r line; do
	case $line in
	'.\" @'*@)
		part=${line#'.\" @'} part=${part%@}
		if [ -e "common/$part.mdoc" ]; then
			cat "common/$part.mdoc"
		else
			"$1" __manual "$part"
		fi ;;
	*)
		printf '%s\n' "$line" ;;
	esac
done <"$2"
