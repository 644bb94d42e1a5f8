# Have the real Kdenlive open a project and save it under another name, by its menus.
# usage: kdenlive_save.sh FILE.kdenlive SAVED.kdenlive        (inside the root: a virtual screen, a session bus, a HOME without settings)
. "$(dirname "$0")/kdenlive.sh"
start "$2.log" "$1"
wait_for_project "$(basename "$1" .kdenlive)"
sleep 3
action file_save_as
window "Save As"
name_file "$2"
ffmpeg -v error -y -f x11grab -video_size 1600x900 -i "$DISPLAY" -frames:v 1 "$2.png"
finish "$2"
