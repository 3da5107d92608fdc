"""The engine: a schedule on a real clock and real sockets.

Law: knows exchanges, due times and connections; nothing of Locust's statistics, of comparing or of results. `causality`,
`schedule`, `loader` and `rows` are pure; `timer`, `chores`, `connection`, `target` and `engine` live in the gevent hub.
"""

__all__: list[str] = []
