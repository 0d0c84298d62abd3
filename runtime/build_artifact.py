# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the one file that gateways install: a zipapp of relais.

The same sources give the same bytes on any machine: entries are sorted, dated alike and stored
uncompressed (which spares the gateway the inflating, too). Needs the standard library only.

Prints ``{"path": ..., "sha256": ..., "version": ...}``. A file that is already right is left alone.
"""

from __future__ import annotations

import argparse
import ast
import fcntl
import hashlib
import io
import json
import os
import sys
import zipfile
from pathlib import Path

RUNTIME = Path(__file__).resolve().parent
ROOT = RUNTIME.parent
SOURCE = RUNTIME / "src"
BUILD = ROOT / "build"

# -I keeps the daemon deaf to PYTHON* variables and to the user's site-packages; the distribution's
# own modules, such as nftables, are still found.
SHEBANG = b"#!/usr/bin/python3 -I\n"
# The gateway reaches the file by a link, which an upgrade points elsewhere while the daemon runs.
MAIN = b"""\
import os
import sys

sys.path[0] = os.path.realpath(sys.path[0])
from relais.cli import main

raise SystemExit(main())
"""
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP entry can carry


def sha256(content: bytes) -> str:
    """Return a digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


class BuildError(Exception):
    """The artefact cannot be built; the message says what to do."""


def version() -> str:
    """Return ``__version__`` of the package without importing it."""
    init = SOURCE / "relais" / "__init__.py"
    for node in ast.parse(init.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__version__")], value=ast.Constant(value=str(v))):
                return v
    raise BuildError(f"{init}: no __version__ = '...' found")


def own_files() -> dict[str, bytes]:
    """Return the package with its data files, by name inside the archive."""
    return {
        path.relative_to(SOURCE).as_posix(): path.read_bytes()
        for path in (SOURCE / "relais").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def pack(files: dict[str, bytes]) -> bytes:
    """Return a zipapp of these files."""
    buffer = io.BytesIO(SHEBANG)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, FIXED_DATE)
            entry.create_system = 3  # Unix, whatever builds it
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def write(path: Path, content: bytes, mode: int) -> None:
    """Put content in place in one step, unless it is there already."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.chmod(mode)
    fresh.replace(path)


def build(folder: Path) -> dict[str, str]:
    """Build into a folder and return what was built."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "artifact.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        files = {"__main__.py": MAIN, **own_files()}
        content = pack(files)
        digest = sha256(content)
        artifact = folder / "relais.pyz"
        write(artifact, content, 0o755)
        write(folder / "relais.pyz.sha256", f"{digest}  relais.pyz\n".encode(), 0o644)
    return {"path": str(artifact), "sha256": digest, "version": version()}


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Build relais.pyz and its digest.")
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "roles" / "runtime" / "files",
        metavar="DIR",
        help="folder to build into (default: the files of the runtime role)",
    )
    try:
        print(json.dumps(build(parser.parse_args().output.resolve())))
    except BuildError as error:
        print(f"build_artifact: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
