from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

import replay_users
from replay_users.demo import shop
from replay_users.demo.shop import find_shop, serve_shop
from replay_users.errors import ReplayError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.server
def test_a_version_is_served_and_captured(tmp_path: Path) -> None:
    """The shop answers on its port in the version asked for, and writes a capture line for each exchange."""
    capture, log = tmp_path / "capture.jsonl", tmp_path / "log"
    with serve_shop(find_shop(), 1, env=os.environ, log=log, capture=capture) as port:
        url = f"http://127.0.0.1:{port}/search?q=oak&sort=price"
        with urlopen(url) as answer:
            assert json.load(answer)["sort"] == "price"
    (line,) = capture.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["path"] == "/search?q=oak&sort=price"
    assert log.read_text(encoding="utf-8") == ""


@pytest.mark.server
def test_a_shop_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A wrong switch is an error that quotes the shop."""
    env = {**os.environ, "SHOP_PLANTED": "prise"}
    with pytest.raises(ReplayError, match=r"(?s)version 2 of the shop did not start.*SHOP_PLANTED"):
        serve_shop(find_shop(), 2, env=env, log=tmp_path / "log").__enter__()


def test_outside_a_checkout_there_is_no_demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the examples are not beside the package, the sentence says where the demo is to be had."""
    monkeypatch.setattr(replay_users, "__file__", str(tmp_path / "replay_users" / "__init__.py"))
    with pytest.raises(UsageError, match="run `make demo` in a checkout"):
        find_shop()


def test_without_uvicorn_there_is_no_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where uvicorn is missing, the sentence says what to install."""
    monkeypatch.setattr(shop, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"replay-users\[demo\]"):
        find_shop()
