"""The vocabulary of step scripts, which run inside Blender's own window.

A script is a generator of steps given to `run`; each `yield` gives Blender that many seconds to handle events and to draw. Clicks and
keys are real ones (xdotool), pictures are of the real screen (ffmpeg): `bpy.ops.screen.screenshot` is black with software OpenGL.

Points are (x, y) on the screen in pixels, counted from the top left as X11 counts, while Blender's regions count from the bottom left.
"""

from __future__ import annotations

import faulthandler
import json
import os
import subprocess
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import ModuleType

import bpy

Steps = Generator[float, None, None]
Point = tuple[int, int]

OUT = Path(os.environ["WINDOW_OUT"])
PATIENCE_SECONDS = 60
START = time.monotonic()
# Where `find_button` looks, as parts of a region's width: for full-width buttons, then halves and thirds, then icons from the right.
SEARCH = ((0.5,), (0.7, 0.3, 0.85), tuple(column / 20 for column in range(18, 0, -1)))
PASSED: list[str] = []
FAILED: list[str] = []


# --- steps and rules --------------------------------------------------------------------------------------------------------------------


def run(steps: Callable[[], Steps]) -> None:
    """Start the steps once Blender is up, write `result.json` at their end, and quit Blender.

    Parameters
    ----------
    steps : callable
        Generator function; an exception in it becomes the result's error.
    """
    preferences = bpy.context.preferences
    preferences.view.show_splash = False  # the splash screen eats the first click
    preferences.view.use_save_prompt = False
    left = float(os.environ["WINDOW_ENDS"]) - time.time()
    faulthandler.dump_traceback_later(max(left - 5, 1))  # says where a hanging script hangs
    bpy.utils.register_class(WINDOW_TEST_OT_pointer)
    generator = steps()
    bpy.app.timers.register(lambda: _advance(generator), first_interval=1.0, persistent=True)


def check(rule: str, holds: object, *found: object) -> None:
    """Note whether a rule holds, and what was found; the steps go on.

    Parameters
    ----------
    rule : str
        A full sentence.
    holds : object
        True where the rule holds.
    *found : object
        What the reader of a failure needs to know.
    """
    words = " ".join([rule, *(f"[{item}]" for item in found)])
    _log("PASS" if holds else "FAIL", words)
    (PASSED if holds else FAILED).append(words)


def wait_until(condition: Callable[[], object], seconds: float, *, every: float = 0.1) -> Generator[float, None, bool]:
    """Wait for a condition: ``check(rule, (yield from wait_until(condition, 10)))``.

    Parameters
    ----------
    condition : callable
        Asked between Blender's events.
    seconds : float
        Patience.
    every : float
        Seconds between two questions.

    Returns
    -------
    bool
        Whether the condition came true in time.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        yield every
    return True


def _advance(generator: Steps) -> float | None:
    try:
        return next(generator)
    except StopIteration:
        _finish(error="")
    except BaseException:  # noqa: BLE001 - nothing above this in the process could report it
        traceback.print_exc()
        _finish(error=traceback.format_exc())
    return None


def _finish(*, error: str) -> None:
    faulthandler.cancel_dump_traceback_later()
    partial = OUT / "result.part"
    partial.write_text(json.dumps({"passed": PASSED, "failed": FAILED, "error": error}, indent=1))
    partial.replace(OUT / "result.json")
    bpy.ops.wm.quit_blender()


def _log(*words: object) -> None:
    print(f"[{time.monotonic() - START:6.2f}]", *words, flush=True)


# --- the window -------------------------------------------------------------------------------------------------------------------------


def sequencer() -> tuple[bpy.types.Window, bpy.types.Area]:
    """Return the window and the area of the strips' timeline."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "SEQUENCE_EDITOR" and area.spaces.active.view_type != "PREVIEW":
                return window, area
    raise LookupError("no sequencer area in any window")


def region(area: bpy.types.Area, kind: str = "WINDOW") -> bpy.types.Region:
    """Return the first region of a kind: WINDOW (strips), UI (sidebar), HEADER, TOOLS."""
    return next(region for region in area.regions if region.type == kind)


def centre(area: bpy.types.Area, kind: str = "WINDOW") -> Point:
    """Return the middle of a region."""
    return _point(region(area, kind), 0.5, 0.5)


def open_sidebar(tab: str) -> Generator[float, None, bpy.types.Region]:
    """Open the sequencer's sidebar at a tab.

    Parameters
    ----------
    tab : str
        The `bl_category` of the panels.

    Returns
    -------
    bpy.types.Region
        The sidebar.
    """
    _, area = sequencer()
    area.spaces.active.show_region_ui = True
    yield 0.5
    sidebar = region(area, "UI")
    sidebar.active_panel_category = tab
    area.tag_redraw()
    yield 0.5
    if sidebar.width <= 1 or sidebar.active_panel_category != tab:
        raise LookupError(f"the sidebar shows {sidebar.active_panel_category}, not {tab} (width {sidebar.width})")
    return sidebar


def open_preferences() -> Generator[float, None, bpy.types.Area]:
    """Turn the preview above the strips into the preferences, at our add-on's page, and give them room.

    Returns
    -------
    bpy.types.Area
        Where they are.
    """
    window, strips = sequencer()
    area = max((area for area in window.screen.areas if area != strips), key=lambda area: area.width)
    area.type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Chromastrip"
    yield 0.5
    with bpy.context.temp_override(window=window, area=area, region=region(area)):
        bpy.ops.preferences.addon_expand(module=os.environ["WINDOW_MODULE"])
    x, edge = area.x + area.width // 2, window.height - area.y
    yield from drag((x, edge), (x, edge + 300))
    yield 1.0
    return area


def time_draws(module: ModuleType) -> list[float]:
    """Time each call of a module's `draw` from now on; give the list that the seconds go to."""
    seconds = []
    draw = module.draw

    def timed(*arguments: object, **options: object) -> None:
        began = time.perf_counter()
        draw(*arguments, **options)
        seconds.append(time.perf_counter() - began)

    module.draw = timed
    return seconds


def open_by_default(*panels: str) -> None:
    """Make sub-panels start open, which no API can do later; call it before their tab is first drawn.

    Parameters
    ----------
    *panels : str
        Class names of leaf panels, e.g. "CHROMASTRIP_PT_output", in the order of their drawing.
    """
    for panel in panels:
        kind = getattr(bpy.types, panel)
        bpy.utils.unregister_class(kind)
        kind.bl_options = set(kind.bl_options) - {"DEFAULT_CLOSED"}
        bpy.utils.register_class(kind)


def _point(region: bpy.types.Region, across: float, up: float) -> Point:
    window, _ = sequencer()
    return int(region.x + region.width * across), int(window.height - region.y - region.height * up)


# --- hands ------------------------------------------------------------------------------------------------------------------------------


class WINDOW_TEST_OT_pointer(bpy.types.Operator):
    """Note where Blender believes the pointer to be."""

    bl_idname = "window_test.pointer"
    bl_label = "Pointer"
    bl_options = {"INTERNAL"}
    at: Point = (-1, -1)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        WINDOW_TEST_OT_pointer.at = (event.mouse_x, context.window.height - event.mouse_y)
        return {"FINISHED"}


def pointer() -> Point:
    """Return the pointer's place of the last motion that Blender has handled: under load it lags behind the screen's."""
    with bpy.context.temp_override(window=sequencer()[0]):
        bpy.ops.window_test.pointer("INVOKE_DEFAULT")
    return WINDOW_TEST_OT_pointer.at


def move(x: int, y: int) -> Steps:
    """Move the pointer and wait until Blender has noticed.

    In two motions: the first one only leaves the last button, or enters the region; the second one reaches the button.
    """
    for step in (3, 0):
        _xdotool("mousemove", x, y - step)
        if not (yield from wait_until(lambda step=step: _near(pointer(), (x, y - step)), PATIENCE_SECONDS, every=0.002)):
            raise TimeoutError(f"Blender has the pointer at {pointer()}, not at {(x, y - step)}")


def _near(a: Point, b: Point) -> bool:
    return abs(a[0] - b[0]) <= 1 and abs(a[1] - b[1]) <= 1


def click(x: int, y: int, *, button: int = 1) -> Steps:
    """Click at a point: 1 left, 2 middle, 3 right."""
    yield from move(x, y)
    yield 0.2
    _xdotool("mousedown", button)
    yield 0.1
    _xdotool("mouseup", button)
    yield 0.3
    yield from _handled(x, y)


def drag(start: Point, end: Point, *, button: int = 1) -> Steps:
    """Press at one point, move, let go at another."""
    yield from move(*start)
    _xdotool("mousedown", button)
    for part in range(1, 11):
        yield 0.05
        _xdotool("mousemove", *(round(a + (b - a) * part / 10) for a, b in zip(start, end, strict=True)))
    yield 0.1
    _xdotool("mouseup", button)
    yield 0.3
    yield from _handled(*end)


def press(keys: str, *, at: Point | None = None) -> Steps:
    """Press keys as xdotool names them ("ctrl+z") with the pointer at a point, else over the strips."""
    place = at or centre(sequencer()[1])
    yield from move(*place)
    _xdotool("key", keys)
    yield 0.4
    yield from _handled(*place)


def _handled(x: int, y: int) -> Steps:
    """Wait until Blender has handled the last key or button: events come in order, and a motion can be seen to arrive.

    Not where a new window has come up under the pointer, which gets the motion: so, no longer than a few seconds.
    """
    for step in (3, 0):
        _xdotool("mousemove", x, y - step)
        yield from wait_until(lambda step=step: _near(pointer(), (x, y - step)), 3, every=0.01)


def _xdotool(*words: object) -> None:
    subprocess.run(["xdotool", *map(str, words)], env=_plain_environment(), check=True)


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LD_"))}


# --- eyes -------------------------------------------------------------------------------------------------------------------------------


def picture(name: str) -> Path:
    """Save a picture of the screen as `OUT/name.png`, and fail if it is of one colour.

    Parameters
    ----------
    name : str
        File name without suffix.

    Returns
    -------
    Path
        The picture.
    """
    path = OUT / f"{name}.png"
    window, _ = sequencer()
    grab = ["-f", "x11grab", "-draw_mouse", "1", "-video_size", f"{window.width}x{window.height}", "-i", os.environ["DISPLAY"]]
    small = ["-frames:v", "1", "-vf", "scale=64:36,format=gray", "-f", "rawvideo", "-"]
    command = ["ffmpeg", "-v", "error", "-y", *grab, "-frames:v", "1", str(path), *small]
    levels = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=_plain_environment(), check=True).stdout
    _log("picture", name, path.stat().st_size, f"levels {min(levels)}-{max(levels)}")
    if max(levels) - min(levels) < 16:  # Blender's dark theme alone spans about 24 to 200
        raise AssertionError(f"{path} is of one colour (levels {min(levels)} to {max(levels)})")
    return path


def hovered(area: bpy.types.Area, kind: str = "UI") -> str:
    """Return what lies under the pointer in a region: an operator's call (``bpy.ops.a.b(c=1)``), a property's path, or nothing.

    These are Blender's own "Copy Python Command" and "Copy Data Path", which act on the button under the pointer.
    """
    manager = bpy.context.window_manager
    window, _ = sequencer()
    manager.clipboard = ""
    with bpy.context.temp_override(window=window, area=area, region=region(area, kind)):
        for copy in (bpy.ops.ui.copy_python_command_button, bpy.ops.ui.copy_data_path_button):
            if copy.poll():
                copy()
    return manager.clipboard


def find_button(name: str, area: bpy.types.Area, *, kind: str = "UI", across: float | None = None) -> Generator[float, None, Point]:
    """Find a button on the screen, scrolling its region where need be.

    No API gives a button's rectangle: the pointer searches the region, and Blender says what is under it.

    Parameters
    ----------
    name : str
        An operator ("chromastrip.generate"), the start of its call ("chromastrip.set(mode='A'"), or a property's path as seen from the
        data-block ("render.filepath"). Grey buttons are found too.
    area : bpy.types.Area
        The area.
    kind : str
        The type of the region.
    across : float, optional
        Where the button lies, as a part of the region's width: much quicker than searching all of it.

    Returns
    -------
    tuple of int
        A point on the button, right until the next search, which may scroll.

    Raises
    ------
    LookupError
        Naming the buttons that are there.
    """
    seen: set[str] = set()
    for columns in SEARCH if across is None else ((across,),):
        yield from scroll(area, kind, up=True, clicks=60)
        while True:
            point = yield from _search(name, area, kind, columns, seen)
            if point:
                return point
            before = _scrolled(area, kind)
            yield from scroll(area, kind, up=False, clicks=max(region(area, kind).height // 50, 1))  # a click scrolls by 40 pixels
            if _scrolled(area, kind) == before:
                break
    raise LookupError(f"no button {name} in the {kind} region of {area.type}; there are {sorted(seen)}")


def _search(name: str, area: bpy.types.Area, kind: str, columns: Sequence[float], seen: set[str]) -> Generator[float, None, Point | None]:
    for across in columns:
        left, top = _point(region(area, kind), across, 1.0)
        for down in range(5, region(area, kind).height, 12):  # a button is 20 pixels high
            yield from move(left, top + down)
            found = hovered(area, kind)
            seen.add(found)
            if _is_button(name, found) and (yield from _stays(found, area, kind)):
                return left, top + down
    return None


def _stays(found: str, area: bpy.types.Area, kind: str) -> Generator[float, None, bool]:
    """Ask again a little later: under load the button just left may still have answered."""
    yield 0.1
    return hovered(area, kind) == found


def _is_button(name: str, found: str) -> bool:
    call = f"bpy.ops.{name}" if "(" in name else f"bpy.ops.{name}("
    return found == name or found.startswith(call)


def scroll(area: bpy.types.Area, kind: str, *, up: bool, clicks: int) -> Steps:
    """Turn the mouse's wheel over a region's margin; a click scrolls by 40 pixels. Over a list, the wheel would turn the list."""
    yield from move(*_point(region(area, kind), 0.03, 0.5))
    _xdotool("click", "--repeat", clicks, "--delay", 5, 4 if up else 5)
    yield 0.5


def _scrolled(area: bpy.types.Area, kind: str) -> tuple[float, float]:
    return region(area, kind).view2d.region_to_view(0, 0)
