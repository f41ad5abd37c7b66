# Completion of sipctl for bash: the words come from "sipctl __complete".
_sipctl()
{
	local IFS=$'\n'
	# shellcheck disable=SC2207
	COMPREPLY=($(sipctl __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
# An AOR is one word.
COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}
complete -o default -F _sipctl sipctl
