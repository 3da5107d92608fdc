"""In front of Locust's form: what it may choose, and what it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, jsonify

from replay_users.errors import UsageError
from replay_users.swarm import web as module
from replay_users.swarm.web import form_options, guard, refuse_unallowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.swarm.conftest import MakeOptions

HOST = "http://staging:8000"


class FakeFace:
    """A face that takes whatever it is given."""

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.is_busy = self.is_over = False
        self.made: list[tuple[Any, str]] = []
        self.announced: list[str] = []
        self.lacks: str | None = None

    def refuse_start(self) -> None:
        """Refuse what lacks something."""
        if self.lacks:
            raise UsageError(self.lacks)

    def make_ready(self, chosen: Any, target: str) -> str:
        """Plan."""
        if chosen.pace == "fast":
            raise UsageError("unknown pace 'fast'")
        self.made.append((chosen, target))
        return "a plan"

    def announce(self, prepared: str) -> None:
        """Show."""
        self.announced.append(prepared)


@pytest.fixture
def face(options: MakeOptions) -> Any:
    """A face of an environment with a host and a recording."""
    environment = type("E", (), {"parsed_options": options(recording="recs/a", max_rate="400/s"), "host": HOST})()
    return FakeFace(environment)


@pytest.fixture
def swarm(face: Any) -> Callable[..., Any]:
    """Posts the form to an app whose own `/swarm` always succeeds, as Locust's does with a shape."""
    app = Flask("locust")
    app.add_url_rule("/swarm", "swarm", lambda: jsonify({"success": True}), methods=["GET", "POST"])
    guard(type("W", (), {"app": app})(), face)
    client = app.test_client()
    return lambda **form: client.post("/swarm", data=form).get_json()


def test_a_good_form_makes_a_run_ready(face: Any, swarm: Callable[..., Any]) -> None:
    """The operator's options with the form's changes are planned and shown, and Locust goes on."""
    assert swarm(pace="2x", host=HOST) == {"success": True}
    [(chosen, target)] = face.made
    assert (chosen.pace, chosen.recording, target) == ("2x", "recs/a", HOST)
    assert face.announced == ["a plan"]


def test_a_bad_form_is_answered_with_the_reason(face: Any, swarm: Callable[..., Any]) -> None:
    """What cannot be is answered as Locust answers, and never reaches it."""
    assert swarm(pace="fast") == {"success": False, "message": "unknown pace 'fast'", "host": HOST}
    assert face.announced == []


def test_what_the_face_lacks_is_the_answer(face: Any, swarm: Callable[..., Any]) -> None:
    """A face that cannot start anything says why before anything is opened."""
    face.lacks = "no worker is connected"
    assert swarm(pace="2x", host=HOST)["message"] == "no worker is connected"
    assert face.made == []


def test_other_pages_are_none_of_our_business(face: Any) -> None:
    """Only the start of a test is looked at."""
    app = Flask("locust")
    app.add_url_rule("/stop", "stop", lambda: "stopped", methods=["POST"])
    guard(type("W", (), {"app": app})(), face)
    assert app.test_client().post("/stop", data={"pace": "fast"}).text == "stopped"


def test_one_run_at_a_time(face: Any, swarm: Callable[..., Any]) -> None:
    """While a run is on, another one is refused."""
    face.is_busy = True
    assert "a replay is running: stop it" in swarm()["message"]


def test_a_run_that_is_ending_is_waited_for(
    face: Any, swarm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the last run is over and only Locust does not know yet, the start waits for that moment, not for ever."""
    face.is_busy = face.is_over = True
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        face.is_busy = len(waits) < 3

    monkeypatch.setattr("gevent.sleep", wait)
    assert swarm() == {"success": True}
    assert len(waits) == 3
    face.is_busy = True
    monkeypatch.setattr("gevent.sleep", lambda _: None)
    assert swarm()["success"] is False


def test_what_locust_started_with_stays_the_operators(face: Any, swarm: Callable[..., Any]) -> None:
    """Locust writes the form into its options; what is allowed is what it was started with all the same."""
    face.environment.parsed_options.allow_target = ["http://prod.example"]
    face.environment.host = "http://prod.example"
    assert "is not allowed here" in swarm(host="http://prod.example")["message"]
    face.environment.parsed_options.pace = "3x"
    swarm()
    assert face.made[-1][0].pace == "1x"


def test_the_form_changes_only_what_it_offers(options: MakeOptions) -> None:
    """Options that are the operator's alone are not taken from a form, however it was made."""
    operator = options(header=["X-Team: blue"], out="runs/{id}", allow_target=[])
    form = {"pace": " 2x ", "header": "Authorization: x", "out": "/etc", "allow_target": "http://prod", "clip": "true"}
    chosen = form_options(operator, form)
    assert (chosen.pace, chosen.clip) == ("2x", True)
    assert (chosen.header, chosen.out, chosen.allow_target) == (["X-Team: blue"], "runs/{id}", [])
    assert operator.pace == "1x"


def test_a_switch_can_be_switched_off(options: MakeOptions) -> None:
    """What the operator switched on, the form can switch off; a form without the switch leaves it."""
    operator = options(preserve_host=True)
    assert form_options(operator, {"preserve_host": "false"}).preserve_host is False
    assert form_options(operator, {}).preserve_host is True


def test_the_form_cannot_allow_writes(options: MakeOptions) -> None:
    """Whether writes may be sent is the operator's word."""
    assert form_options(options(), {"allow_writes": "true"}).allow_writes is False


def test_the_forms_time_limit_is_taken(options: MakeOptions) -> None:
    """The run time of the form replaces the operator's, an empty one does not."""
    operator = options(run_time=60)
    assert form_options(operator, {"run_time": "10m"}).run_time == "10m"
    assert form_options(operator, {"run_time": ""}).run_time == 60


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        pytest.param(HOST, True, id="the host"),
        pytest.param("HTTP://STAGING.:8000/", True, id="the host, spelt otherwise"),
        pytest.param("http://other", True, id="an allowed one"),
        pytest.param("http://staging:8001", False, id="another port"),
        pytest.param("http://staging", False, id="no port"),
        pytest.param("http://prod.example", False, id="another one"),
    ],
)
def test_targets_are_the_operators_choice(options: MakeOptions, target: str, allowed: bool) -> None:
    """A form may choose the host that Locust was started with and those of `--allow-target`."""
    assert _passes(options(recording="recs/a", allow_target=["http://other"]), "recs/a", target) is allowed


@pytest.mark.parametrize(
    ("recording", "allowed"),
    [
        pytest.param("../recs/own", True, id="the operator's own, wherever it is"),
        pytest.param("../recs/own/", True, id="with a slash"),
        pytest.param("../recs/own/date=2026-11-05", True, id="a part of it"),
        pytest.param("s3://bucket/recs/a", True, id="below an allowed prefix"),
        pytest.param("s3://bucket/recs", True, id="the prefix"),
        pytest.param("s3://bucket/recs2", False, id="a name that begins like it"),
        pytest.param("s3://bucket/recs/../secret", False, id="out of it again"),
        pytest.param("../recs/own/../other", False, id="out of the operator's own"),
        pytest.param("s3://bucket/recs/a..b", True, id="dots within a name"),
        pytest.param("/etc", False, id="elsewhere"),
        pytest.param("", False, id="none"),
    ],
)
def test_recordings_are_the_operators_choice(options: MakeOptions, recording: str, allowed: bool) -> None:
    """A form may choose the recording that Locust was started with, those below `--allow-recording`, and parts of them."""
    operator = options(recording="../recs/own", allow_recording=["s3://bucket/recs/"])
    assert _passes(operator, recording, HOST) is allowed


def test_without_a_recording_none_is_allowed(options: MakeOptions) -> None:
    """An operator who named no recording allows none."""
    with pytest.raises(UsageError, match=r"start Locust with --allow-recording for it \(allowed: none\)"):
        refuse_unallowed(options(), HOST, "/etc", HOST)


def test_a_form_without_a_target_means_the_operators_maps(options: MakeOptions) -> None:
    """Where hosts are mapped, nothing needs to be chosen; another target is as forbidden as ever."""
    operator = options(map=["shop=http://staging"], recording="rec")
    refuse_unallowed(operator, None, "rec", "")
    with pytest.raises(UsageError, match="is not allowed here"):
        refuse_unallowed(operator, None, "rec", "http://shop")
    with pytest.raises(UsageError, match="http://HOST:PORT"):
        refuse_unallowed(options(recording="rec"), None, "rec", "")


def _passes(operator: Any, recording: str, target: str) -> bool:
    try:
        refuse_unallowed(operator, HOST, recording, target)
    except UsageError:
        return False
    return True


@pytest.mark.parametrize(
    ("chosen", "allowed"), [("400/s", True), ("100/s", True), ("401/s", False), ("", False), ("25000/m", False)]
)
def test_the_ceiling_is_the_operators(face: Any, swarm: Callable[..., Any], chosen: str, allowed: bool) -> None:
    """A form may lower `--max-rate`, and neither raise it nor take it away."""
    assert swarm(max_rate=chosen)["success"] is allowed
    assert bool(face.made) is allowed


def test_without_a_ceiling_the_form_may_set_one(face: Any, swarm: Callable[..., Any]) -> None:
    """Where the operator set none, any is fine."""
    module._refuse_faster("", "900/s")
    module._refuse_faster("", "")
    assert swarm(max_rate="400/s") == {"success": True}
    assert face.made
