# Have the real Kdenlive open a project, and say which windows are seen then.
# usage: kdenlive_windows.sh FILE.kdenlive OUT        (inside the root: a virtual screen, a session bus, a HOME without settings)
. "$(dirname "$0")/kdenlive.sh"
start "$2.log" "$1"
wait_for_project "$(basename "$1" .kdenlive)"
sleep 5
xdotool search --onlyvisible --name . getwindowname %@ >"$2"
finish "$2"
