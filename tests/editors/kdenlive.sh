# What the scripts share that press the real Kdenlive's menus: sourced by them, inside the root, on a virtual screen with a session bus.
set -u

window() { # wait until a window with this in its name is seen
  for _ in $(seq 240); do
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

start() { # start it, for the first time in this HOME, with a log and perhaps a file
  mkdir -p "$HOME/.config" "$HOME/Videos" "$HOME/Documents"
  printf '[version]\nversion=26.08.2\n' >"$HOME/.config/kdenliverc" # else it begins with questions
  openbox &
  log=$1
  shift
  kdenlive "$@" >"$log" 2>&1 &
  kdenlive=$!
}

wait_for_project() { # wait for the window of a project; an error may come before it: it misses a folder that it has not made yet
  for _ in $(seq 240); do
    xdotool search --onlyvisible --name "$1" >/dev/null 2>&1 && break
    sleep 0.5
    error=$(xdotool search --onlyvisible --name "Error — Kdenlive" | head -1)
    [ -z "$error" ] || { xdotool windowfocus "$error"; sleep 0.2; xdotool key Return; }
  done
  window "$1"
}

name_file() { # type a path into the dialog that is open, and wait until that file is written
  xdotool key ctrl+a
  xdotool type "$1"
  xdotool key Return
  size=0
  for _ in $(seq 240); do
    sleep 1
    [ "$size" -gt 0 ] && [ "$size" = "$(size_of "$1")" ] && break # nothing has been added for a while
    size=$(size_of "$1")
  done
}

size_of() { # in bytes; 0: there is no such file
  stat -c %s "$1" 2>/dev/null || echo 0
}

finish() { # end it; well if the file was written
  kill "$kdenlive"
  [ -s "$1" ]
}
