"""The recording: exchanges as Parquet slices in a folder or on S3, with a manifest that says what is there.

Law: this stage knows how exchanges are kept, not what is done with them. `acting`, `partition`, `traits` and `manifest`
are pure; `folder` and `s3` do I/O; `writer`, `reader` and `recording` join the two. Nothing is loaded here, so that the
pure parts come without pyarrow.
"""

__all__: list[str] = []
