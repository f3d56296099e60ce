"""What a ``[[sinks]]`` entry with ``use = "desktop"`` may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sendoff import seconds

LONGEST = (2**31 - 1) / 1000  # seconds; the specification counts milliseconds in 32 bits

Seconds = Annotated[float, BeforeValidator(lambda value: seconds(value) if isinstance(value, str) else value), Field(gt=0, le=LONGEST, allow_inf_nan=False)]


class Settings(BaseModel):
    """timeout: seconds that a notification is shown; as the desktop likes when left out. icon: the name of an icon, or its file, instead of one that fits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: Seconds | None = None
    icon: Annotated[str, Field(min_length=1)] | None = None
