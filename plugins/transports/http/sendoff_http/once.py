"""One question, one answer: what was asked already is not asked again."""

from __future__ import annotations

from collections.abc import Mapping

from sendoff import Answer, Exchange, Into, Secret, SendoffError, Span


class Once:
    """An exchange that puts the same bodiless question only once: several protocols are announced in one answer."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._answers: dict[tuple[str, str, str], Answer] = {}

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str | Secret] = {}, body: bytes | Span | None = None, into: Into | None = None
    ) -> Answer:
        """As ``Exchange`` says."""
        if body is not None or into is not None:
            return self._exchange(method, url, headers=headers, body=body, into=into)
        asked = (method, url, repr(sorted(headers.items())))
        if asked not in self._answers:
            self._answers[asked] = self._exchange(method, url, headers=headers)
        return self._answers[asked]

    def refusal(self, answer: Answer) -> SendoffError:
        """As ``Exchange`` says."""
        return self._exchange.refusal(answer)
