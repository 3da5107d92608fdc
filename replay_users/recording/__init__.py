"""The recording: exchanges as Parquet slices on a folder or S3, with a manifest that says what is there.

Law: this stage knows how exchanges are kept, not what is done with them. `partition`, `traits` and `manifest` are pure; `store`
does I/O; `writer` and `reader` join the two.
"""

from replay_users.recording.manifest import Manifest
from replay_users.recording.recording import Recording, open_recording
from replay_users.recording.store import S3Options, open_store

__all__ = ["Manifest", "Recording", "S3Options", "open_recording", "open_store"]
