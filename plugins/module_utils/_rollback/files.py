# Copyright (c) 2026, relais contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as they were: content, mode, owner, extended attributes, time of change."""

from __future__ import annotations

import base64
import errno
import glob
import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO, Iterable

from .programs import Failed

Entry = dict  # one file of a snapshot: path, kind, mode, uid, gid, and what its kind needs
LINK_FROM_BYTES = 256 * 1024
"""Larger files are releases, which are replaced and never written to: they are linked."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_TEMPORARY = ".relais-rollback-new"


class Moved(Failed):
    """A file that was replaced while it was copied, as the daemon does with the live choice."""


def present(root: str, patterns: Iterable[str]) -> list[str]:
    """Return every path that a pattern names, and all that is below it, parents first."""
    found: set[str] = set()
    for pattern in patterns:
        for path in glob.glob(root + pattern):
            found.add(path)
            if os.path.isdir(path) and not os.path.islink(path):
                for folder, folders, files in os.walk(path):
                    found.update(os.path.join(folder, name) for name in folders + files)
    return sorted(path[len(root) :] for path in found)


def absent_parents(root: str, patterns: Iterable[str]) -> list[str]:
    """Return the folders that patterns need and that are not there, parents first."""
    absent = set()
    for pattern in patterns:
        for parent in Path(pattern).parents:
            if not glob.has_magic(str(parent)) and not os.path.lexists(f"{root}{parent}"):
                absent.add(str(parent))
    return sorted(absent)


def describe(root: str, path: str) -> Entry:
    """Return what a file is. Raises OSError when it is gone."""
    full = f"{root}{path}"
    seen = os.lstat(full)
    entry: Entry = {
        "path": path,
        "mode": stat.S_IMODE(seen.st_mode),
        "uid": seen.st_uid,
        "gid": seen.st_gid,
        "xattrs": _xattrs(full),
    }
    if stat.S_ISLNK(seen.st_mode):
        return dict(entry, kind="link", target=os.readlink(full))
    if stat.S_ISDIR(seen.st_mode):
        return dict(entry, kind="folder")
    if stat.S_ISREG(seen.st_mode):
        return dict(
            entry,
            kind="file",
            size=seen.st_size,
            mtime_ns=seen.st_mtime_ns,
            sha256=digest(full),
        )
    raise Failed(f"{path} is neither a file, a link nor a folder; remove it")


def digest(path: str) -> str:
    """Return the SHA-256 of a file."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def keep(root: str, entry: Entry, store: Path) -> None:
    """Store the content of a file under its digest, on the disk for good."""
    target = store / entry["sha256"]
    if target.exists():
        return
    source = f"{root}{entry['path']}"
    if entry["size"] >= LINK_FROM_BYTES:
        try:
            os.link(source, str(target))
            return
        except OSError:  # on another file system
            pass
    with open(source, "rb") as given, _private(str(target)) as kept:
        shutil.copyfileobj(given, kept)
        kept.flush()
        os.fsync(kept.fileno())
    if digest(str(target)) != entry["sha256"]:
        raise Moved(f"{entry['path']} changed while it was copied; run again")


def _private(path: str) -> BinaryIO:
    """Open a new file that nobody else can read: there are keys among what is kept."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def differences(root: str, entries: Iterable[Entry], patterns: Iterable[str]) -> list[str]:
    """Return the paths that are not as they were: changed, gone or new."""
    wanted = {entry["path"]: entry for entry in entries}
    return sorted(
        path
        for path in set(wanted) | set(present(root, patterns))
        if not _same(root, path, wanted.get(path))
    )


def _same(root: str, path: str, entry: Entry | None) -> bool:
    if entry is None:
        return False
    try:
        return describe(root, path) == entry
    except (OSError, Failed):
        return False


def restore(
    root: str,
    entries: list[Entry],
    patterns: list[str],
    parents: Iterable[str],
    store: Path,
) -> list[str]:
    """Make every file what it was; return what could not be done, in words."""
    problems = []
    wanted = {entry["path"] for entry in entries}
    for entry in sorted(entries, key=_order):
        try:
            try:
                _put(root, entry, store)
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                _remove_new(root, wanted, patterns)
                _put(root, entry, store)
        except (OSError, Failed) as error:
            problems.append(f"{entry['path']}: {error}")
    problems += _remove_new(root, wanted, patterns)
    for parent in sorted(parents, reverse=True):
        try:
            os.rmdir(f"{root}{parent}")
        except OSError:
            continue  # somebody else's files are in it, or it is not there
    os.sync()
    return problems


def _order(entry: Entry) -> tuple[int, str]:
    """Folders first, links last: a link then never leads to what is not there yet."""
    return (["folder", "file", "link"].index(entry["kind"]), entry["path"])


def _put(root: str, entry: Entry, store: Path) -> None:
    path = entry["path"]
    if _same(root, path, entry):
        return
    full = f"{root}{path}"
    if entry["kind"] == "folder":
        if not os.path.isdir(full) or os.path.islink(full):
            _remove(full)
            os.makedirs(full)
        _set_rights(full, entry)
        return
    os.makedirs(os.path.dirname(full), exist_ok=True)
    if os.path.isdir(full) and not os.path.islink(full):
        _remove(full)
    new = full + _TEMPORARY
    _remove(new)
    if entry["kind"] == "link":
        os.symlink(entry["target"], new)
    else:
        _copy(store / entry["sha256"], new, entry)
    _set_rights(new, entry)
    os.rename(new, full)


def _copy(kept: Path, new: str, entry: Entry) -> None:
    """Copy a kept file, or link it where there is no room for a copy."""
    if digest(str(kept)) != entry["sha256"]:
        raise Failed("its copy in the snapshot is damaged")
    try:
        if entry["size"] >= LINK_FROM_BYTES:
            raise OSError(errno.ENOSPC, "large files are linked")
        with open(str(kept), "rb") as given, _private(new) as file:
            shutil.copyfileobj(given, file)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _remove(new)
        try:
            os.link(str(kept), new)
        except OSError:
            shutil.copyfile(str(kept), new)


def _set_rights(path: str, entry: Entry) -> None:
    os.chown(path, entry["uid"], entry["gid"], follow_symlinks=False)
    if entry["kind"] == "link":
        return
    os.chmod(path, entry["mode"])
    wanted, there = entry["xattrs"], _xattrs(path)
    for name in set(there) - set(wanted):
        os.removexattr(path, name)
    for name, value in wanted.items():
        if there.get(name) != value:
            os.setxattr(path, name, base64.b64decode(value))
    if entry["kind"] == "file":
        os.utime(path, ns=(entry["mtime_ns"], entry["mtime_ns"]))


def _xattrs(path: str) -> dict[str, str]:
    """Return extended attributes, access control lists among them, as base64."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
        return {
            name: base64.b64encode(os.getxattr(path, name, follow_symlinks=False)).decode()
            for name in names
        }
    except OSError:  # a file system without them
        return {}


def _remove_new(root: str, wanted: set[str], patterns: Iterable[str]) -> list[str]:
    problems = []
    for path in reversed(present(root, patterns)):
        if path not in wanted:
            try:
                _remove(f"{root}{path}")
            except OSError as error:
                problems.append(f"{path}: {error}")
    return problems


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
