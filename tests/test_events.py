"""Event hooks: everybody is told, and nobody's listener can hurt a run."""

from __future__ import annotations

import pytest

from replay_users.events import EventHook, ListenerFailure, ReplayEvents, events


class Broken:
    """A listener that always raises."""

    def __call__(self, **_: object) -> None:
        """Raise."""
        raise RuntimeError("no")


def test_listeners_are_called_in_order_with_the_facts() -> None:
    """Every listener gets the same keyword arguments, in the order they were added."""
    heard: list[tuple[str, object]] = []
    hook = EventHook("outcomes")
    hook.add_listener(lambda outcomes: heard.append(("first", outcomes)))
    hook.add_listener(lambda outcomes: heard.append(("second", outcomes)))
    hook.fire(outcomes=[1])
    assert heard == [("first", [1]), ("second", [1])]


def test_add_listener_is_a_decorator() -> None:
    """Decorating a function with add_listener registers it and leaves it callable."""
    hook = EventHook()

    @hook.add_listener
    def double(n: int) -> int:
        return 2 * n

    assert double(n=2) == 4
    assert hook


def test_a_removed_listener_hears_no_more() -> None:
    """A removed listener is not called, and removing it twice does no harm."""
    heard: list[str] = []
    hook = EventHook()
    first = hook.add_listener(lambda **_: heard.append("first"))
    hook.add_listener(lambda **_: heard.append("second"))
    hook.remove_listener(first)
    hook.remove_listener(first)
    hook.fire(outcomes=[1])
    assert heard == ["second"]


def test_a_listener_takes_the_place_of_those_before() -> None:
    """Who wants to be the only one finds all others and removes them."""
    heard: list[str] = []
    hook = EventHook()
    hook.add_listener(lambda **_: heard.append("first"))
    hook.add_listener(lambda **_: heard.append("second"))
    for listener in hook.listeners:
        hook.remove_listener(listener)
    mine = hook.add_listener(lambda **_: heard.append("mine"))
    hook.fire(outcomes=[1])
    assert (heard, hook.listeners) == (["mine"], (mine,))


def test_a_hook_without_listeners_is_false() -> None:
    """Whether anybody listens is a truth test, so that batches need not be built for nobody."""
    hook = EventHook()
    assert not hook
    hook.add_listener(print)
    assert hook


def test_a_listener_that_raises_is_reported_once_and_counted_each_time() -> None:
    """Each broken listener is reported with its first error only; the count goes on."""
    reports: list[ListenerFailure] = []
    hook = EventHook("outcomes", reports.append)
    for listener in (Broken(), Broken()):
        hook.add_listener(listener)
    for _ in range(3):
        hook.fire(outcomes=[])
    assert hook.failures == 6
    assert [(r.hook, type(r.error)) for r in reports] == [("outcomes", RuntimeError)] * 2
    assert "Broken" in reports[0].listener


def test_a_listener_that_raises_does_not_stop_the_next() -> None:
    """Listeners after a broken one are still called."""
    heard: list[object] = []
    hook = EventHook()
    hook.add_listener(Broken())
    hook.add_listener(lambda **facts: heard.append(facts))
    hook.fire(outcomes=[1])
    assert heard == [{"outcomes": [1]}]


def test_a_failure_nobody_could_hear_of_yet_is_reported_later() -> None:
    """An exception before a report was set is counted, and the next one is reported."""
    hooks = ReplayEvents()
    hooks.mismatches.add_listener(Broken())
    hooks.mismatches.fire(mismatches=[])
    reports: list[ListenerFailure] = []
    hooks.report_to(reports.append)
    hooks.mismatches.fire(mismatches=[])
    assert (hooks.failures, len(reports)) == (2, 1)


def test_an_exit_passes_through() -> None:
    """Ctrl-C inside a listener is not swallowed."""
    hook = EventHook()

    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    hook.add_listener(interrupted)
    with pytest.raises(KeyboardInterrupt):
        hook.fire()


def test_the_process_has_five_hooks() -> None:
    """The module's `events` has the five documented hooks, each under its name."""
    assert [hook.name for hook in events.hooks] == [
        "outcomes",
        "mismatches",
        "run_started",
        "progress",
        "run_finished",
    ]
