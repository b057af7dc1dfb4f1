"""A lock is on the file that is there, not on one that its holder has deleted."""

from __future__ import annotations

import os
from pathlib import Path

from srgan_edge.files.locks import open_locked


def test_a_file_deleted_by_its_holder_is_made_anew(tmp_path: Path) -> None:
    """Whoever locked the deleted one would work beside the next, who makes and locks another."""
    path = tmp_path / "claim"
    holder = open_locked(path)
    assert holder is not None and open_locked(path) is None
    waits = []

    def ends() -> None:
        waits.append(path)
        path.unlink()
        holder.close()

    file = open_locked(path, ends)
    assert file is not None and waits == [path]
    assert os.path.samestat(os.fstat(file.fileno()), path.stat())
    assert open_locked(path) is None
    file.close()
