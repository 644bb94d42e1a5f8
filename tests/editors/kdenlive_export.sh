# Have the real Kdenlive open a project and export it as OpenTimelineIO, by its menus.
# usage: kdenlive_export.sh FILE.kdenlive EXPORTED.otio        (inside the root: a virtual screen, a session bus, a HOME without settings)
. "$(dirname "$0")/kdenlive.sh"
start "$2.log" "$1"
wait_for_project "$(basename "$1" .kdenlive)"
sleep 3
action export_project
window "OpenTimelineIO Export"
name_file "$2"
finish "$2"
