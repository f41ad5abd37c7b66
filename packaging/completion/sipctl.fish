# Completion of sipctl for fish: the words come from "sipctl __complete".
complete -c sipctl -a '(sipctl __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
