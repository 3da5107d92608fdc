"""The results of a run: counted while it goes, judged when it ends, and told to people and programs.

Law: pure, but for the edge `rundir`, which is imported by its name. Everything counted merges by addition and survives
JSON. Nothing planned is lost without a counter: the account must balance, or the result says by how much it does not.
"""

from replay_users.results.conservation import broken_laws
from replay_users.results.endpoint_tally import EndpointTally
from replay_users.results.fidelity import Fidelity
from replay_users.results.gate import Check, Decision, coverage
from replay_users.results.progress import progress_line
from replay_users.results.result import RunEvent, RunFacts, RunResult, conclude, exit_code, result_json
from replay_users.results.sessions import SessionSketch
from replay_users.results.signatures import Exemplar, SignatureCount, SignatureTable
from replay_users.results.slow import Speed, speed
from replay_users.results.summary import summary_text
from replay_users.results.tally import Tally, Totals
from replay_users.results.validity import CheckKind, Validity, validate

__all__ = [
    "Check",
    "CheckKind",
    "Decision",
    "EndpointTally",
    "Exemplar",
    "Fidelity",
    "RunEvent",
    "RunFacts",
    "RunResult",
    "SessionSketch",
    "SignatureCount",
    "SignatureTable",
    "Speed",
    "Tally",
    "Totals",
    "Validity",
    "broken_laws",
    "conclude",
    "coverage",
    "exit_code",
    "progress_line",
    "result_json",
    "speed",
    "summary_text",
    "validate",
]
