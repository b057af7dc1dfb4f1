"""The list of faults to plant fits the code; `make planted` plants them."""

from __future__ import annotations

from planted_faults import faults
from planting import ROOT


def test_each_is_a_line_of_the_code() -> None:
    """Code that was rewritten or moved takes its faults along."""
    found = faults([])
    assert len({fault.name for fault in found}) == len(found) > 80
    for fault in found:
        assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) == 1, fault.name
        assert fault.new != fault.old
        assert all((ROOT / test.split("::")[0]).exists() for test in fault.tests), fault.name
