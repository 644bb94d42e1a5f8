# Have the real Kdenlive import an OpenTimelineIO file and save a project of its own, by its menus.
# usage: kdenlive_import.sh FILE.otio SAVED.kdenlive        (inside the root: a virtual screen, a session bus, a HOME without settings)
. "$(dirname "$0")/kdenlive.sh"
start "$2.log"
for _ in $(seq 240); do # its welcome has no name to wait for: “New From Profile” is pressed until there is a window
  xdotool search --onlyvisible --name "Untitled" >/dev/null 2>&1 && break
  xdotool mousemove 877 448 click --repeat 2 --delay 50 1
  sleep 0.5
done
wait_for_project "Untitled"
action import_project
window "OpenTimelineIO Import"
xdotool type "$1"
xdotool key Return
window "Untitled \*"
sleep 2
action file_save_as
window "Save As"
name_file "$2"
finish "$2"
