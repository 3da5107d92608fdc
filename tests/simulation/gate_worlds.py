"""The worlds in which the gate must not cry wolf, and those in which it must find something.

Law: values only; each says in its name what is going on. In the first ones nothing is wrong with the release.
"""

from __future__ import annotations

from tests.simulation.gate_world import Regression, Side, Traffic, World

__all__ = ["FINDS", "FINE", "UNIFORM", "WORLDS"]

FINE = (
    World(name="nothing changed"),
    World(name="staging 1.4x slower than production", both=Side(factor=1.4)),
    World(name="staging 1.4x slower than in the baseline run", candidate=Side(factor=1.4)),
    World(name="staging faster, 0.6x of the baseline run", candidate=Side(factor=0.6)),
    World(name="+2 ms hop in both runs", both=Side(hop_ms=2)),
    World(name="+6 ms hop in both runs", both=Side(hop_ms=6)),
    World(name="+2 ms hop since the baseline run", candidate=Side(hop_ms=2)),
    World(name="+6 ms hop since the baseline run", candidate=Side(hop_ms=6)),
    World(name="+6 ms hop behind a load balancer since the baseline run", candidate=Side(unseen_hop_ms=6)),
    World(name="one stall of 5 % of the run", candidate=Side(stall=0.05)),
    World(
        name="one stall of 5 %, and every fourth endpoint asked in a burst of 10 %",
        traffic=Traffic(burst=0.1),
        candidate=Side(stall=0.05),
    ),
    World(name="bimodal: half of the answers from a cache", both=Side(cache=0.5)),
    World(name="noise that lasts: 0.9 from request to request", both=Side(requests_ar=0.9)),
    World(name="noise that lasts: 0.95, 60 to 150 requests", traffic=Traffic(most=150), both=Side(requests_ar=0.95)),
    World(name="noise that lasts: of all endpoints, fading in 5 % of the run", both=Side(time_ar=0.05)),
    World(name="cold first third: 3x on half of the endpoints", candidate=Side(cold=3)),
    World(name="every endpoint up to a fifth off by itself in each run", both=Side(spread=0.1)),
    World(name="one session asks 30 %, and is 3x slower", traffic=Traffic(heavy=0.3), candidate=Side(heavy=3)),
    World(name="2 % of answers are quick 503s", candidate=Side(errors=0.02)),
    World(name="40 endpoints of 5 to 60 requests", traffic=Traffic(fewest=5, most=60)),
    World(
        name="staging 1.4x slower, and every endpoint a twentieth off by itself; four fifths of them take 1 ms",
        traffic=Traffic(fast_others=True),
        candidate=Side(factor=1.4, spread=0.05),
    ),
    World(
        name="a quiet service, 1.4x: noise of 1 % that lasts for half of the run",
        traffic=Traffic(noise=0.01),
        both=Side(time_ar=0.5),
        candidate=Side(factor=1.4, time_ar=0.5),
    ),
)
"""Nothing of this is the release's doing."""

_TWICE = Regression(factor=2)

UNIFORM = (
    World(name="everything 2x", candidate=Side(factor=2)),
    World(
        name="everything 2x, two endpoints of 40 to 80 in a quiet service: noise of 0.5 % that lasts for half of the run",
        traffic=Traffic(endpoints=2, fewest=40, most=80, noise=0.005),
        both=Side(time_ar=0.5),
        candidate=Side(factor=2, time_ar=0.5),
    ),
)
"""What no single endpoint is blamed for."""

FINDS = (
    World(name="2x on one endpoint of 50", traffic=Traffic(first=(50, 20)), regression=_TWICE),
    World(name="2x on one endpoint of 200", traffic=Traffic(first=(200, 20)), regression=_TWICE),
    World(
        name="2x on one endpoint of 50, staging 1.4x slower and 6 ms further",
        traffic=Traffic(first=(50, 20)),
        candidate=Side(factor=1.4, hop_ms=6),
        regression=_TWICE,
    ),
    World(
        name="2x on the endpoint with 60 % of traffic",
        traffic=Traffic(most=130, first=(5_500, 20)),
        regression=_TWICE,
    ),
    World(
        name="30 % timeouts on one endpoint of 100",
        traffic=Traffic(first=(100, 20)),
        regression=Regression(timeouts=0.3),
    ),
    World(
        name="30 % timeouts on one endpoint of 200",
        traffic=Traffic(first=(200, 20)),
        regression=Regression(timeouts=0.3),
    ),
    World(
        name="2x at 80 ms beside 60 % of traffic at 1 ms, and +1 ms hop",
        traffic=Traffic(first=(200, 80), fast_others=True),
        candidate=Side(hop_ms=1),
        regression=_TWICE,
    ),
    World(
        name="tail only: 8 % of 1,000 requests 6x",
        traffic=Traffic(first=(1_000, 40)),
        regression=Regression(factor=6, share=0.08),
    ),
    *UNIFORM,
)
"""The first endpoint is worse, or all are."""

WORLDS = {world.name: world for world in (*FINE, *FINDS)}
