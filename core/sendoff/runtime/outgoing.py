"""The headers of an operation as they go out: configured, asked, secret and fetched."""

from __future__ import annotations

from sendoff.hookspecs import Change
from sendoff.model.form import check_own_type
from sendoff.model.header import Headers, checked_header, joined
from sendoff.model.operation import Record
from sendoff.model.secret import STARS, Secret
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.secrets import Sealed, Secrets


class Outgoing:
    """Puts headers together at each use; what they refer to is looked up then."""

    def __init__(self, secrets: Secrets, credentials: Credentials) -> None:
        self._secrets, self._credentials = secrets, credentials

    def headers(self, record: Record, sealed: Sealed, change: Change | None = None) -> Headers:
        """Each once; those of ``change``, this try's own, take the place of others of their name. Errors: ``CredentialNeeded``."""
        own = tuple(checked_header(name, value) for name, value in change.headers) if change else ()
        if record.spec.source.form is not None:
            check_own_type(name for name, _ in own)
        replaced = {name.lower() for name, _ in own}
        environment = self._secrets.environment(record.environment) if sealed.references else {}
        public = [(name, value) for name, value in record.spec.headers if value != STARS]
        secret = [(name, Secret(value)) for name, value in sealed.headers]
        fetched = [(name, self._credentials.get(reference, environment=environment).secret) for name, reference in sealed.references]
        lasting: Headers = (*public, *secret, *fetched)
        return joined((*(one for one in lasting if one[0].lower() not in replaced), *own))
