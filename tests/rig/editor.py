"""An editor's random actions in one headless Blender, for hours: run by Blender's Python.

After each reopening it notes what both processes take: memory, open files, threads, temporary files. At the end it tells what the timeline
shows, for a fresh Blender to be held against.
"""

import hashlib
import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))
from inside import Session, say

MOST_STRIPS = 24
TWO_DAYS = 2 * 86_400
"""What Clean Up may take is older than an hour, and what broken writing left, than a day."""
FORMATS = (".otio", ".fcpxml", ".xml", ".edl", ".mlt", ".kdenlive")


class Editor:
    """Somebody at work in a .blend."""

    def __init__(self, session: Session, blend: Path, rng: random.Random) -> None:
        self._session, self._blend, self._rng = session, blend, rng
        self.refusals: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        """What was really undone, redone, and cleaned up."""

    def act(self) -> None:
        """Do one thing that an editor does; what a button refuses is counted, what fails without a cure is an error."""
        name = self._rng.choices([*ACTIONS], weights=[weight for weight, _ in ACTIONS.values()])[0]
        self.actions[name] += 1
        try:
            ACTIONS[name][1](self)
        except RuntimeError as error:  # a greyed button, or one that says why not
            self.refusals[f"{name}: {str(error).splitlines()[0][:90]}"] += 1
        self._session.advance()
        state = self._session.jobs.state
        assert not state.details, (name, state.details)
        if state.error is not None:
            assert state.error.cause, name
            assert state.error.cure, name
            assert "Something went wrong" not in state.error.cause, state.error
            self.refusals[f"{name}: {state.error.cause[:90]}"] += 1
            state.error = None
        self._look_whether_whole(name)
        if name != "undo":
            bpy.ops.ed.undo_push(message=name)  # as the window does after each of a user's actions; in the background, nobody does

    def _look_whether_whole(self, name: str) -> None:
        """See that each finished film shows files that are there: what Undo brings back, Clean Up has not taken."""
        for strip in self._session.films():
            if not strip.chromastrip.unfinished:
                folder = bpy.path.abspath(strip.directory)
                missing = [one.filename for one in strip.elements if not os.path.exists(os.path.join(folder, one.filename))]  # noqa: PTH110, PTH118
                assert not missing, (name, strip.name, folder, missing[:3])

    def _select(self, strip) -> None:
        for other in self._session.strips:
            other.select = other == strip
        self._session.scene.sequence_editor.active_strip = strip

    def _any_film(self):
        films = self._session.films()
        if not films:
            raise RuntimeError("there is no film")
        strip = self._rng.choice(films)
        self._select(strip)
        return strip

    def generate(self) -> None:
        """Draw a film, perhaps with another seed."""
        sound = next(strip for strip in self._session.strips if strip.type == "SOUND")
        self._select(sound)
        sound.chromastrip.seed = self._rng.randint(1, 4)
        bpy.ops.chromastrip.generate()

    def cancel(self) -> None:
        """Begin with a film, and think better of it."""
        self.generate()
        self._session.advance(until=lambda: self._session.jobs.state.progress is not None)
        bpy.ops.chromastrip.cancel()

    def split(self) -> None:
        """Cut a film where the playhead may be."""
        strip = self._any_film()
        first, last = int(strip.frame_final_start), int(strip.frame_final_end)
        if last - first > 4:
            strip.split(frame=self._rng.randint(first + 1, last - 1), split_method="SOFT")

    def change(self) -> None:
        """Turn a knob."""
        own = self._any_film().chromastrip
        name = self._rng.choice(("seed", "tempo_sensitivity", "depth", "truncation"))
        value = {"seed": self._rng.randint(1, 9)}.get(name, self._rng.uniform(0.2, 0.9))
        setattr(own, name, value)

    def render(self) -> None:
        """Have what was changed drawn anew."""
        self._any_film()
        self._rng.choice((bpy.ops.chromastrip.render, bpy.ops.chromastrip.render_stale))()

    def undo(self) -> None:
        """Take some steps back, and some of them forth."""
        self._step(bpy.ops.ed.undo, self._rng.randint(1, 6), "undone")
        self._step(bpy.ops.ed.redo, self._rng.randint(0, 4), "redone")

    def undo_while_drawing(self) -> None:
        """Begin with a film, take that back, and perhaps forth again."""
        self.generate()
        bpy.ops.ed.undo_push(message="generate")
        self._session.advance(until=lambda: bool(self._session.jobs.state.progress and self._session.jobs.state.progress.done))
        self._step(bpy.ops.ed.undo, self._rng.randint(1, 2), "undone while drawing")
        self._step(bpy.ops.ed.redo, self._rng.randint(0, 2), "redone while drawing")

    def _step(self, go, count: int, name: str) -> None:
        for _ in range(count):
            if go.poll() and go() == {"FINISHED"}:
                self.done[name] += 1
            self._session.jobs.tick()

    def save(self) -> None:
        """Save the .blend."""
        bpy.ops.wm.save_mainfile()

    def reopen(self) -> None:
        """Save and open the .blend."""
        bpy.ops.wm.save_mainfile()
        self._session.open(self._blend)
        bpy.ops.ed.undo_push(message="opened")

    def export(self) -> None:
        """Write the timeline for another program."""
        path = self._blend.with_name(f"export{self._rng.choice(FORMATS)}")
        bpy.ops.chromastrip.export(filepath=str(path), check_existing=False)

    def bring_in(self) -> None:
        """Read such a timeline, into a scene of its own, that goes again."""
        paths = [path for path in self._blend.parent.glob("export.*") if path.suffix in FORMATS]
        if not paths or len(self._session.strips) > MOST_STRIPS:
            raise RuntimeError("nothing to bring in")
        bpy.ops.chromastrip.import_timeline(filepath=str(self._rng.choice(sorted(paths))))

    def clean_up(self) -> None:
        """Two days later: let go of what nobody shows; mostly after opening the file anew, when Undo cannot bring it back."""
        self.delete()
        for path in self._films_folder.rglob("*"):
            os.utime(path, (time.time() - TWO_DAYS,) * 2)
        if self._rng.random() < 0.7:
            self.reopen()
        bpy.ops.chromastrip.take_stock()
        self._session.advance()
        bpy.ops.chromastrip.clean_up()
        before = kept(self._films_folder)
        self._session.advance()
        after = kept(self._films_folder)
        for name in before:
            self.done[f"{name} cleaned up"] += before[name] - after[name]

    @property
    def _films_folder(self) -> Path:
        return self._blend.parent / "chromastrip"

    def delete(self) -> None:
        """Delete strips, more of them the more there are."""
        films = [strip for strip in self._session.strips if strip.name != "song"]
        for strip in self._rng.sample(films, max(0, min(len(films), len(films) - MOST_STRIPS // 2))):
            self._session.strips.remove(strip)

    def release(self) -> None:
        """Let the engine go; the next film starts another."""
        bpy.ops.chromastrip.release_memory()


ACTIONS = {
    "generate": (6, Editor.generate),
    "cancel": (2, Editor.cancel),
    "split": (5, Editor.split),
    "change": (8, Editor.change),
    "render": (6, Editor.render),
    "undo": (5, Editor.undo),
    "undo while drawing": (2, Editor.undo_while_drawing),
    "save": (2, Editor.save),
    "reopen": (1, Editor.reopen),
    "export": (3, Editor.export),
    "import": (2, Editor.bring_in),
    "clean up": (2, Editor.clean_up),
    "delete": (4, Editor.delete),
    "release": (0.3, Editor.release),
}
"""Each with how often, beside the others."""


def taken(pid: int) -> dict:
    """Give what a process takes: memory in MB, open files, threads."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    files = len([*Path(f"/proc/{pid}/fd").iterdir()])
    return {"MB": int(status["VmRSS"].split()[0]) // 1024, "files": files, "threads": int(status["Threads"])}


def kept(folder: Path) -> dict[str, int]:
    """Count films, pictures of the cache, and megabytes of files (one with several names once)."""
    files = {(found.st_dev, found.st_ino): found.st_size for path in folder.rglob("*") if path.is_file() and (found := path.stat())}
    pictures = sum(path.is_file() for path in folder.glob("cache/pictures/*/*"))
    return {"films": sum(1 for _ in folder.glob("*/film.json")), "pictures": pictures, "MB": sum(files.values()) // 10**6}


def shown(session: Session) -> list:
    """Give what the timeline shows: each strip's place and settings, and the bytes of its pictures."""
    told = []
    for strip in sorted(session.strips, key=lambda strip: strip.name):
        own = strip.chromastrip
        place = [strip.name, strip.type, strip.channel, int(strip.frame_final_start), int(strip.frame_final_end), bool(strip.mute)]
        pictures = hashlib.sha256()
        for element in strip.elements if strip.type == "IMAGE" else ():
            path = Path(bpy.path.abspath(strip.directory), element.filename)
            pictures.update(path.read_bytes() if path.is_file() else b"missing")
        told.append([*place, own.seed, round(own.depth, 5), own.model, pictures.hexdigest()[:16]])
    return told


def main(said: str) -> None:
    """Work for so many seconds or actions, or (`look`) only say what the .blend shows."""
    plan = json.loads(said)
    blend = Path(plan["blend"])
    session = Session(archive=plan["archive"], python=plan["python"])
    session.start_file(blend, Path(plan["song"]), plan["settings"])
    bpy.ops.ed.undo_push(message="opened")  # in the background, Undo is off until then
    editor = Editor(session, blend, random.Random(plan["seed"]))
    if not plan.get("look"):
        _work(editor, session, plan)
    say(shown=shown(session), actions=editor.actions, done=editor.done, refusals=editor.refusals.most_common(12))
    sys.stdout.flush()
    session.jobs._drop_worker()
    os._exit(0)


def _work(editor: Editor, session: Session, plan: dict) -> None:
    end, done = time.monotonic() + plan["seconds"], 0
    while (done < plan["actions"]) if plan["actions"] else (time.monotonic() < end):
        editor.act()
        done += 1
        if done % plan["every"] == 0:
            before = shown(session)
            editor.reopen()
            assert shown(session) == before, (before, shown(session))
            worker = session.jobs.worker_pid()
            temporary = [path.name for path in Path(os.environ["TMPDIR"]).iterdir() if not path.name.startswith("blender_")]
            blends = Path(plan["blend"]).parent
            half = [str(path) for path in blends.rglob(".writing-*")]
            processes = {"blender": taken(os.getpid()), "worker": taken(worker) if worker else {}}
            say(done=done, **processes, temporary=temporary, half=half, scenes=len(bpy.data.scenes), disk=kept(blends / "chromastrip"))
    editor.delete()
    editor.reopen()


if __name__ == "__main__":
    main(sys.argv[1])
