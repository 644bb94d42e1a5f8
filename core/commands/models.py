"""``models``: the networks on this machine: listed, downloaded, added from a folder, verified, removed."""

import argparse
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..protocol import UserError, encode, printable
from ..protocol.models import UPSCALER_PREFIX, ModelEntry, ModelProgress, ModelState
from ..upscaling.store import Upscalers
from .asking import cache_folder
from .telling import BAR_WIDTH, say

if TYPE_CHECKING:
    from ..models.store import Checkpoint, ModelStore

MB = 10**6


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("models", help="the networks on this machine: list, download, add, verify, remove")
    actions = command.add_subparsers(required=True, metavar="ACTION")
    _add_action(actions, "list", _list, "say which networks there are, and how they are here")
    downloading = _add_action(actions, "download", _download, "fetch a published network, or the rest of it")
    downloading.add_argument("name", metavar="NAME", help="such as biggan-deep-512")
    downloading.add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="a folder on the web that has the published files, or an address with {name} and {file} in it; asked before those in"
        " CHROMASTRIP_MIRRORS and the networks' own source; may be given several times",
    )
    adding = _add_action(actions, "add", _add, "copy weights from a folder")
    adding.add_argument("folder", type=Path, metavar="FOLDER", help="with pytorch_model.bin and config.json; or a file of weights")
    adding.add_argument("--name", default="", metavar="NAME", help="what to call it (as published, or as its folder is called)")
    adding.add_argument("--upscaler", action="store_true", help="an ESRGAN's weights, .safetensors or .pth, for --upscale")
    verifying = _add_action(actions, "verify", _verify, "read all of a network again and check it")
    verifying.add_argument("name", nargs="?", default="", metavar="NAME", help="one of them (all that are here)")
    removing = _add_action(actions, "remove", _remove, "delete a network from this machine")
    removing.add_argument("name", metavar="NAME")


def _add_action(actions: Any, name: str, act: Any, explanation: str) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=explanation)
    action.add_argument("--models", type=Path, metavar="FOLDER", help="where networks are kept (CHROMASTRIP_MODELS, or the user's data)")
    action.add_argument("--json", action="store_true", help="progress and result as JSON lines on standard error")
    action.set_defaults(run=run, act=act, mirror=[])
    return action


def run(options: Namespace) -> None:
    """Do what the action's word says."""
    store = open_store(options)
    upscalers = Upscalers(folder=store.folder, cache_folder=store.cache_folder)
    if options.act is _add and options.upscaler:
        say(upscalers.add(options.folder.expanduser(), name=options.name))
    elif options.act is _verify and options.name.startswith(UPSCALER_PREFIX):
        say(upscalers.verify(options.name))
    elif options.act is _remove and options.name.startswith(UPSCALER_PREFIX):
        say(f"{options.name} is removed: {upscalers.remove(options.name) // MB} MB are free again.")
    else:
        options.act(store, options)


def open_store(options: Namespace) -> "ModelStore":
    """Give the store that the words name."""
    from ..models.model_jobs import users_store

    folder = options.models.expanduser().absolute() if options.models else None
    return users_store(cache_folder=cache_folder(), folder=folder, mirrors=options.mirror)


def _list(store: "ModelStore", options: Namespace) -> None:
    entries = [*store.entries(), *Upscalers(folder=store.folder, cache_folder=store.cache_folder).entries()]
    if options.json:
        for entry in entries:
            say(encode(entry))
        return
    for entry in entries:
        sys.stdout.write(printable(_line(entry)) + "\n")  # the list is what was asked for; it may go into a pipe
    say(f"in {store.folder}")


def _line(entry: ModelEntry) -> str:
    network = f"{entry.size_px} px, {entry.class_count} classes" if entry.size_px else ""
    if entry.state == ModelState.PARTIAL:
        size = f"{entry.bytes_here // MB} of {entry.bytes_total // MB} MB"
    else:
        size = f"{entry.bytes_total // MB} MB"
    return f"{entry.name:<20} {entry.state:<16} {size:<14} {network}{entry.note}".rstrip()


def _download(store: "ModelStore", options: Namespace) -> None:
    checkpoint = store.download(options.name, report=_progress(options, options.name))
    _tell(store, options, [checkpoint])


def _add(store: "ModelStore", options: Namespace) -> None:
    checkpoints = store.add(options.folder.expanduser(), name=options.name, report=_progress(options, options.name or options.folder.name))
    _tell(store, options, checkpoints)


def _verify(store: "ModelStore", options: Namespace) -> None:
    here = [entry.name for entry in store.entries() if entry.state in {ModelState.READY, ModelState.UNFIT}]
    unfit: list[tuple[str, UserError]] = []
    for name in [options.name] if options.name else here:
        try:
            _tell(store, options, [store.verify(name, report=_progress(options, name))])
        except UserError as error:
            unfit.append((name, error))
    if len(unfit) == 1:
        raise unfit[0][1]
    if unfit:
        raise UserError(" ".join(error.cause for _, error in unfit), unfit[0][1].cure)
    if not options.name and not here and not options.json:
        say("There are no networks here yet.")


def _remove(store: "ModelStore", options: Namespace) -> None:
    freed = store.remove(options.name)
    if not options.json:
        say(f"{options.name} is removed: {freed // MB} MB are free again.")
        return
    for entry in store.entries():
        if entry.name == options.name:
            say(encode(entry))


# Telling --------------------------------------------------------------------------------------------------------------------------------


def _progress(options: Namespace, name: str) -> Any:
    from ..working import ModelReporter

    return ModelReporter(name, _show_json if options.json else _show_bar)


def _show_json(progress: ModelProgress) -> None:
    say(encode(progress))


def _show_bar(progress: ModelProgress) -> None:
    done, total = progress.done_bytes, progress.total_bytes
    filled = BAR_WIDTH * done // max(total, done, 1)
    bar = f"{'█' * filled}{'░' * (BAR_WIDTH - filled)}"
    rate = f"{progress.bytes_per_second / MB:5.1f} MB/s, {progress.seconds_left:4.0f} s left" if progress.bytes_per_second else ""
    sys.stderr.write(f"\r{progress.name:<16} {bar} {done // MB}/{total // MB} MB {rate:<28}")
    if total and done >= total:
        sys.stderr.write("\n")
    sys.stderr.flush()


def _tell(store: "ModelStore", options: Namespace, checkpoints: "list[Checkpoint]") -> None:
    for checkpoint in checkpoints:
        if options.json:
            say(encode(next(entry for entry in store.entries() if entry.name == checkpoint.name)))
        else:
            size = checkpoint.architecture.output_dim
            say(f"{checkpoint.name} is whole ({size} px, SHA-256 {checkpoint.sha256}) in {checkpoint.weights.parent}")
