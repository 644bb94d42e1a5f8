# Have the real Shotcut open a project and save it again, by its keys.
# usage: shotcut_save.sh FILE.mlt        (inside the root: a virtual screen, a session bus, a HOME without settings)
set -u
file=$1
before=$(md5sum "$file")
openbox &
shotcut --noupgrade "$file" >"$file.shotcut.log" 2>&1 &
shotcut=$!
for _ in $(seq 240); do
  xdotool search --onlyvisible --name "$(basename "$file" .mlt).* - Shotcut" >/dev/null 2>&1 && break
  sleep 0.5
done
sleep 3
for _ in $(seq 120); do
  xdotool key ctrl+s
  sleep 1
  [ "$(md5sum "$file")" != "$before" ] && break
done
ffmpeg -v error -y -f x11grab -video_size 1600x900 -i "$DISPLAY" -frames:v 1 "$file.png"
xdotool search --onlyvisible --name . getwindowname %@
kill "$shotcut"
[ "$(md5sum "$file")" != "$before" ]
