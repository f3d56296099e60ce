"""Standard input, kept safe before its upload gets an id."""

from __future__ import annotations

from sendoff.desk.incoming import Incoming, incoming

__all__ = ["Incoming", "incoming"]
