"""The README's table of measurements, made from `results/*.json` and from nothing else.

`python3 benchmarks/table.py` prints all; `python3 benchmarks/table.py README.md docs/benchmarks.md` fills the blocks between the two marks
in these files: in the README with the question that a newcomer asks, elsewhere with all.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
ORDER = (
    *("network", "films", "following", "naming", "drawing", "two_cards"),
    *("listening", "walking", "lyrics", "flashes", "replay", "handover", "blender"),
)
README_SHOWS = ("network", "drawing")
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
WHOLE_NUMBERS_FROM = 100


def main(files: Sequence[str]) -> int:
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in _result_files()}
    if not files:
        print(table([*results.values()]))
    for name in files:
        path = Path(name)
        shown = [results[question] for question in README_SHOWS] if path.name == "README.md" else [*results.values()]
        filled, count = fill(path.read_text(encoding="utf-8"), table(shown))
        if count != 1:
            print(f"{name} must hold one block {BEGIN} ... {END}; it holds {count}.", file=sys.stderr)
            return 1
        path.write_text(filled, encoding="utf-8")
    return 0


def table(results: Sequence[dict[str, Any]]) -> str:
    """Turn results into Markdown: one table for each question."""
    return "\n\n".join("\n".join(_one_question(result)) for result in results)


def fill(document: str, text: str) -> tuple[str, int]:
    """Put text between the marks; give the document, and how many blocks it has."""
    return re.subn(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{text}\n{END}", document, flags=re.DOTALL)


def _one_question(result: dict[str, Any]) -> Iterator[str]:
    yield f"**{result['question']}**"
    yield ""
    yield "| | median | IQR | repeats |"
    yield "|---|---:|---:|---:|"
    for figure in result["figures"]:
        verdict = f" ({figure['bar']}: {'kept' if figure['kept'] else '**missed**'})" if "bar" in figure else ""
        spread = _number(figure["iqr"]) if figure["repeats"] > 1 else ""
        yield f"| {figure['name']}{verdict} | {_number(figure['median'])} {figure['unit']} | {spread} | {figure['repeats']} |"
    yield ""
    yield f"{result['remarks']} {_where(result)}"


def _where(result: dict[str, Any]) -> str:
    versions = result["versions"]
    programs = [f"Python {versions['python']}", f"PyTorch {versions['torch']}"]
    programs += [f"Blender {versions['blender']}"] if "blender" in versions else []
    return f"({result['device']}, {result['cores']} cores; {', '.join(programs)}; commit {result['commit']}, {result['date']}.)"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= WHOLE_NUMBERS_FROM else f"{value:.2g}" if value < 1 else f"{value:.3g}"


def _result_files() -> list[Path]:
    found = {path.stem: path for path in sorted(RESULTS.glob("*.json"))}
    return sorted(found.values(), key=lambda path: (ORDER.index(path.stem) if path.stem in ORDER else len(ORDER), path.stem))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
