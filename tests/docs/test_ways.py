"""The README's ways to run a replay, as they are written, but for the names of other people's machines."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from replay_users.testing import ScriptedTarget, handshake, serve
from tests.docs.pages import PAGES, ROOT, Block, Page
from tests.docs.test_commands import environment
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.server


def _is_quick(page: Page, block: Block) -> bool:
    return page.name == "README.md" and "--worker" not in block.text


WAYS = [
    pytest.param(block, id=f"{page.name}:{block.line}", marks=() if _is_quick(page, block) else pytest.mark.slow)
    for page in PAGES
    for block in page.blocks
    if "test_ways.py" in block.note
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader would type: a folder with a recording and our locustfiles in it."""
    folder = tmp_path_factory.mktemp("ways")
    capture = str(ROOT / "tests" / "data" / "capture-small.jsonl.gz")
    command = ["replay-users", "ingest", capture, "--to", "recordings/shop"]
    subprocess.run(command, cwd=folder, env=environment(folder), check=True, capture_output=True)
    (folder / "locustfiles").symlink_to(ROOT / "locustfiles")
    return folder


@pytest.fixture(scope="module")
def target(folder: Path) -> Iterator[ScriptedTarget]:
    """A staging that has TLS for those who want it, with an authority of its own."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "staging-ca.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "staging.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "staging.key"))
    with ScriptedTarget() as target:
        target.use_tls(folder / "staging.pem", folder / "staging.key")
        yield target


def localised(text: str, target: ScriptedTarget) -> str:
    """A command with this machine's names in it."""
    port, meeting = target.url.rpartition(":")[2], str(free_port())
    names = {
        "http://staging.example.com:8080": target.url,
        "https://shop.staging.example.com": f"https://localhost:{port}",
        "shop.example.com": "flights.example.test",
        "s3://traffic/shop": "recordings/shop",
        "--master-host master.example.com": f"--master-port {meeting}",
        "--master ": f"--master --master-bind-host 127.0.0.1 --master-bind-port {meeting} ",
    }
    for name, ours in names.items():
        text = text.replace(name, ours)
    return re.sub(r" --out \S+", "", text)


def run(text: str, folder: Path, out: Path) -> list[int]:
    """Run the lines at once, as on machines of their own; gives their exit codes."""
    env = {**environment(folder), "REPLAY_PACE": "100x", "REPLAY_MAX_LAG": "1m", "REPLAY_OUT": str(out)}
    running = [
        subprocess.Popen(line.split(), cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in text.splitlines()
    ]
    try:
        return [each.wait(100) for each in running]
    finally:
        for each in running:
            each.kill()
            each.communicate()


@pytest.mark.parametrize("block", WAYS)
def test_a_way_to_run_it_works(block: Block, folder: Path, target: ScriptedTarget, tmp_path: Path) -> None:
    """Whoever copies these lines gets a result of all that was to be sent, from as many workers as the page says."""
    target.play([handshake(), serve()] if "--ca-file" in block.text else [serve()])
    codes = run(localised(block.text, target), folder, tmp_path / "run")
    result: Any = json.loads((tmp_path / "run" / "result.json").read_bytes())
    assert codes == [3, *[0] * (len(codes) - 1)]
    assert (result["totals"]["sent"], result["totals"]["failed"]) == (100, 0)
    assert len(target.received()) == 100
    assert len(result["workers"]) == (2 if "--worker" in block.text or "--processes" in block.text else 0)
