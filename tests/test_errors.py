from __future__ import annotations

import pickle

from srgan_edge.errors import UnknownNameError


def test_a_few_known_names_are_listed() -> None:
    error = UnknownNameError("command", "trian", ["train", "run"])
    assert str(error) == "unknown command 'trian': did you mean 'train'? known: run, train"
    assert str(UnknownNameError("command", "xyz", [])) == "unknown command 'xyz': known: none"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_of_many_those_that_are_near() -> None:
    names = ["div2k", "div2k_x2", *(f"set{i}" for i in range(900))]
    text = str(UnknownNameError("data set", "div2kk", names))
    assert text == "unknown data set 'div2kk': did you mean 'div2k'? known: div2k, div2k_x2, 900 more"
    assert str(UnknownNameError("data set", "q", names)) == "unknown data set 'q': known: 902 more"
