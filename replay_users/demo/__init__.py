"""The demo: a shop is recorded, changed, and asked the same again; the replay must find the changes and nothing else.

Law: what a person does with `replay-users`, done by a program; every part of the tool runs as its own process, as its
users start it. Nothing outside `cli.demo` imports this.
"""

__all__: list[str] = []
