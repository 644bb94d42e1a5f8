# Have the real Kdenlive open a project and export it as OpenTimelineIO, by its menus.
# usage: kdenlive_export.sh FILE.kdenlive EXPORTED.otio        (inside the root: a virtual screen, a session bus, a HOME without settings)
set -u
file=$1 exported=$2

window() { # wait until a window with this in its name is seen
  for _ in $(seq 40); do
    xdotool search --onlyvisible --name "$1" >/dev/null 2>&1 && sleep 1 && return
    sleep 0.5
  done
  echo "no window “$1”; there are:"
  xdotool search --onlyvisible --name . getwindowname %@
  exit 1
}

mkdir -p "$HOME/.config" "$HOME/Videos" "$HOME/Documents"
printf '[version]\nversion=26.08.2\n' >"$HOME/.config/kdenliverc" # else it begins with questions
openbox &
kdenlive "$file" >"$exported.log" 2>&1 &
kdenlive=$!
for _ in $(seq 40); do # an error may come before the window: it misses a folder that it has not made yet
  xdotool search --onlyvisible --name "$(basename "$file" .kdenlive)" >/dev/null 2>&1 && break
  sleep 0.5
  error=$(xdotool search --onlyvisible --name "Error — Kdenlive" | head -1)
  [ -z "$error" ] || { xdotool windowfocus "$error"; sleep 0.2; xdotool key Return; }
done
window "$(basename "$file" .kdenlive)"
sleep 3
gdbus call --session -d "org.kde.kdenlive-$kdenlive" -o /kdenlive/MainWindow_1 -m org.kde.KMainWindow.activateAction export_project >/dev/null &
window "OpenTimelineIO Export"
xdotool key ctrl+a
xdotool type "$exported"
xdotool key Return
for _ in $(seq 40); do
  [ -s "$exported" ] && break
  sleep 0.5
done
sleep 1
kill "$kdenlive"
[ -s "$exported" ]
