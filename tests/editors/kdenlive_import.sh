# Have the real Kdenlive import an OpenTimelineIO file and save a project of its own, by its menus.
# usage: kdenlive_import.sh FILE.otio SAVED.kdenlive        (inside the root: a virtual screen, a session bus, a HOME without settings)
set -u
imported=$1 saved=$2

window() { # wait until a window with this in its name is seen
  for _ in $(seq 20); do
    xdotool search --onlyvisible --name "$1" >/dev/null 2>&1 && sleep 1 && return
    sleep 0.5
  done
  echo "no window “$1”; there are:"
  xdotool search --onlyvisible --name . getwindowname %@
  exit 1
}
action() { # choose a menu's entry; it answers when its dialog is closed
  gdbus call --session -d "org.kde.kdenlive-$kdenlive" -o /kdenlive/MainWindow_1 -m org.kde.KMainWindow.activateAction "$1" >/dev/null &
}

mkdir -p "$HOME/.config" "$HOME/Videos" "$HOME/Documents"
printf '[version]\nversion=26.08.2\n' >"$HOME/.config/kdenliverc" # else it begins with questions
openbox &
kdenlive >"$saved.log" 2>&1 &
kdenlive=$!
for _ in $(seq 40); do # its welcome has no name to wait for: “New From Profile” is pressed until there is a window
  xdotool search --onlyvisible --name "Kdenlive$" >/dev/null 2>&1 && break
  xdotool mousemove 877 448 click --repeat 2 --delay 50 1
  sleep 0.5
done
for _ in $(seq 20); do # an error may come before the window: it misses a folder that it has not made yet
  xdotool search --onlyvisible --name "Untitled" >/dev/null 2>&1 && break
  sleep 0.5
  error=$(xdotool search --onlyvisible --name "Error — Kdenlive" | head -1)
  [ -z "$error" ] || { xdotool windowfocus "$error"; sleep 0.2; xdotool key Return; }
done
window "Untitled"
action import_project
window "OpenTimelineIO Import"
xdotool type "$imported"
xdotool key Return
window "Untitled \*"
sleep 2
action file_save_as
window "Save As"
xdotool key ctrl+a
xdotool type "$saved"
xdotool key Return
for _ in $(seq 40); do
  [ -s "$saved" ] && break
  sleep 0.5
done
sleep 1
kill "$kdenlive"
[ -s "$saved" ]
