"""What is new in how far an operation is, to one who has been told of it before."""

from __future__ import annotations

from dataclasses import replace

from sendoff.model.progress import UploadProgress


class News:
    """One who is told of progress: that it begins anew, or that there is another answer, is said once."""

    def __init__(self) -> None:
        self._attempt, self._answers = 0, 0

    def of(self, progress: UploadProgress) -> UploadProgress:
        """The same, with what this one has not been told yet."""
        anew = progress.has_restarted and progress.attempt != self._attempt
        answered = progress.answers > self._answers
        if progress.attempt:
            self._attempt = progress.attempt if progress.has_restarted else 0
        self._answers = progress.answers
        return replace(progress, has_restarted=anew, has_response_changed=answered)
