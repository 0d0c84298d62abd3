# SPDX-License-Identifier: GPL-3.0-or-later
"""Files come back byte for byte, wherever the restoration was interrupted."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.relais.continuity.plugins.module_utils._rollback import files

PATTERNS = ["/etc/relais", "/etc/net/05-relais-*.network", "/opt/relais", "/usr/local/bin/relais"]


class Snapshot:
    """What was kept of a machine."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = str(root), folder
        self.entries = [files.describe(self.root, p) for p in files.present(self.root, PATTERNS)]
        self.parents = files.absent_parents(self.root, PATTERNS)
        for entry in self.entries:
            if entry["kind"] == "file":
                files.keep(self.root, entry, folder)

    def restore(self) -> list[str]:
        return files.restore(self.root, self.entries, PATTERNS, self.parents, self.folder)

    def differences(self) -> list[str]:
        return files.differences(self.root, self.entries, PATTERNS)


@pytest.fixture
def snapshot(root: Path) -> Snapshot:
    folder = root / "var"
    folder.mkdir()
    return Snapshot(root, folder)


def look(root: Path) -> dict[str, Any]:
    """Everything below a folder, without the help of what is tested."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_relative_to(root / "var"):
            continue
        seen = path.lstat()
        content = os.readlink(path) if path.is_symlink() else None
        if path.is_file() and not path.is_symlink():
            content = (path.read_bytes(), seen.st_mtime_ns)
        found[str(path)] = (seen.st_mode, seen.st_uid, seen.st_gid, content)
    return found


def overwrite(root: Path) -> None:
    (root / "etc/relais/config.json").write_text('{"a": 2}')


def replace_by_rename(root: Path) -> None:
    (root / "new").write_text("other")
    os.rename(root / "new", root / "opt/relais/releases/1/relais.pyz")


def remove(root: Path) -> None:
    (root / "etc/net/05-relais-wan1.network").unlink()


def remove_folder(root: Path) -> None:
    shutil.rmtree(root / "opt/relais")


def add(root: Path) -> None:
    (root / "etc/net/05-relais-wan2.network").write_text("new")
    (root / "etc/relais/more/deep").mkdir(parents=True)
    (root / "etc/relais/more/deep/file").write_text("new")


def add_outside(root: Path) -> None:
    (root / "usr/local/bin").mkdir(parents=True)
    (root / "usr/local/bin/relais").symlink_to("/opt/relais/current/relais.pyz")


def rights(root: Path) -> None:
    (root / "etc/relais/anchor.key").chmod(0o644)
    (root / "etc/relais").chmod(0o700)


def swap_kinds(root: Path) -> None:
    (root / "etc/relais/config.json").unlink()
    (root / "etc/relais/config.json").mkdir()
    (root / "opt/relais/current").unlink()
    (root / "opt/relais/current").write_text("a file")


def point_elsewhere(root: Path) -> None:
    (root / "opt/relais/current").unlink()
    (root / "opt/relais/current").symlink_to("releases/2")


CHANGES: list[Callable[[Path], None]] = [
    overwrite, replace_by_rename, remove, remove_folder, add, add_outside, rights, swap_kinds,
    point_elsewhere,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_each_change_is_seen_and_taken_back(
    root: Path, snapshot: Snapshot, change: Callable[[Path], None]
) -> None:
    before = look(root)
    change(root)
    assert look(root) != before
    assert snapshot.differences()
    assert snapshot.restore() == []
    assert look(root) == before
    assert snapshot.differences() == []


def change_all(root: Path) -> None:
    for change in (overwrite, replace_by_rename, remove, add, add_outside, rights, point_elsewhere):
        change(root)


@pytest.mark.parametrize("step", range(12))
def test_an_interrupted_restoration_is_taken_up_again(
    root: Path, snapshot: Snapshot, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = look(root)
    change_all(root)
    left = step

    class Cut(BaseException):
        """The power fails."""

    def count(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Cut
            left -= 1
            return real(*args, **options)

        return call

    with monkeypatch.context() as patch, pytest.raises(Cut):
        for name in ("rename", "unlink", "chmod", "chown"):
            patch.setattr(os, name, count(getattr(os, name)))
        snapshot.restore()
    assert snapshot.restore() == []
    assert look(root) == before


def test_nothing_is_touched_where_nothing_has_changed(root: Path, snapshot: Snapshot) -> None:
    inodes = {path: path.lstat().st_ctime_ns for path in (root / "etc").rglob("*")}
    assert snapshot.restore() == []
    assert {path: path.lstat().st_ctime_ns for path in (root / "etc").rglob("*")} == inodes


def test_what_is_not_ours_stays(root: Path, snapshot: Snapshot) -> None:
    (root / "etc/net/50-other.network").write_text("changed by somebody else")
    snapshot.restore()
    assert (root / "etc/net/50-other.network").read_text() == "changed by somebody else"


def test_a_disk_without_room_is_no_hindrance(
    root: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = look(root)
    change_all(root)

    def full(*_unused: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    assert snapshot.restore() == []
    assert look(root) == before


def test_a_damaged_copy_is_told_and_the_rest_restored(root: Path, snapshot: Snapshot) -> None:
    overwrite(root)
    remove(root)
    config = next(e for e in snapshot.entries if e["path"] == "/etc/relais/config.json")
    (snapshot.folder / config["sha256"]).write_text("damaged")
    assert snapshot.restore() == ["/etc/relais/config.json: its copy in the snapshot is damaged"]
    assert snapshot.differences() == ["/etc/relais/config.json"]


def test_extended_attributes_come_back(root: Path, tmp_path: Path) -> None:
    target = root / "etc/relais/config.json"
    try:
        os.setxattr(target, "user.relais", b"one")
    except OSError:
        pytest.skip("the file system of the temporary folder has no extended attributes")
    folder = root / "var"
    folder.mkdir()
    kept = Snapshot(root, folder)
    os.setxattr(target, "user.relais", b"two")
    os.setxattr(target, "user.more", b"three")
    assert kept.restore() == []
    assert os.listxattr(target) == ["user.relais"]
    assert os.getxattr(target, "user.relais") == b"one"


def test_nobody_else_can_read_what_is_kept(snapshot: Snapshot) -> None:
    small = [e for e in snapshot.entries if e["kind"] == "file" and e["size"] < 1000]
    assert {(snapshot.folder / e["sha256"]).stat().st_mode & 0o777 for e in small} == {0o600}
