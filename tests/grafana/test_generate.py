from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from k8s.grafana import generate
from k8s.grafana.picture import picture

FILES = {str(path.relative_to(generate.FOLDER.parents[2])): (path, text) for path, text in generate.files().items()}


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_what_the_generator_makes(name: str) -> None:
    """After a change of the generator: `python -m k8s.grafana.generate`."""
    path, text = FILES[name]
    assert path.read_text("utf-8") == text


def test_there_are_no_other_files() -> None:
    """A dashboard that was renamed leaves none behind."""
    assert {path.stem for path in generate.FOLDER.iterdir()} == {board["uid"] for board in generate.dashboards()}


@pytest.mark.parametrize("board", generate.dashboards(), ids=lambda board: board["uid"])
def test_a_picture_names_every_panel(board: dict[str, str]) -> None:
    """It is XML, whatever a title has in it, and asks for nothing from elsewhere."""
    drawn = ET.fromstring(picture(board))  # noqa: S314 - our own
    texts = {element.text for element in drawn.iter() if element.tag.endswith("text")}
    assert {panel["title"] for panel in board["panels"] if panel["type"] != "row"} <= texts  # type: ignore[index]
    assert picture(board).count("http") == 1
