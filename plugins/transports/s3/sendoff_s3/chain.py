"""boto3's own chain: read in a child process that sees the submitter's environment, and nobody else's."""

from __future__ import annotations

import os
from typing import Any

from sendoff import ConfigurationError, CredentialNeeded, SendoffError


def looked_up(profile: str | None) -> dict[str, Any]:
    """What this process's environment and configuration files say: credentials with their expiry, region, address, and the ``s3`` keys of the profile.

    Nothing is remembered from one child to the next, so what is told is fresh.
    Errors: ``ConfigurationError`` for a profile that does not exist, ``CredentialNeeded`` where the chain breaks.
    """
    from botocore.configprovider import ConfiguredEndpointProvider  # type: ignore[import-untyped]
    from botocore.exceptions import ProfileNotFound  # type: ignore[import-untyped]
    from botocore.session import Session  # type: ignore[import-untyped]

    session = Session(profile=profile)
    try:
        scoped = session.get_scoped_config()
        endpoint = ConfiguredEndpointProvider(full_config=session.full_config, scoped_config=scoped, client_name="s3", environ=os.environ).provide()
        nested = scoped.get("s3")
        return {
            "credentials": _credentials(session),
            "region": os.environ.get("AWS_REGION") or session.get_config_variable("region"),  # the other SDKs' word; botocore knows only AWS_DEFAULT_REGION
            "endpoint_url": endpoint,
            "s3": dict(nested) if isinstance(nested, dict) else {},
        }
    except ProfileNotFound as cause:
        raise ConfigurationError(f"{cause}", hint="write [profile NAME] into ~/.aws/config, or correct `profile`") from cause
    except SendoffError:
        raise
    except Exception as cause:
        raise CredentialNeeded(f"boto3's chain of credentials broke: {told(cause)}", hint="log in anew (aws sso login), or correct the profile") from cause


def told(error: BaseException) -> str:
    """What may be told of an error of botocore's: its words where they are its own, else only what kind it is.

    It quotes what a request could not be sent with, and what a ``credential_process`` has said.
    """
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, CredentialRetrievalError, HTTPClientError, ParamValidationError

    own = isinstance(error, BotoCoreError | ClientError) or type(error) is RuntimeError  # a bare one for what is refreshed and still expired
    if not own or isinstance(error, ParamValidationError) or (isinstance(error, HTTPClientError) and not isinstance(error, ConnectionError)):
        return type(error).__name__
    if isinstance(error, CredentialRetrievalError) and error.kwargs.get("provider") == "custom-process":
        return "its credential_process gives none; start that by hand to see what it lacks"
    return str(error)


def _credentials(session: Any) -> dict[str, Any] | None:
    found = session.get_credentials()
    if found is None:
        return None
    frozen = found.get_frozen_credentials()
    expiry = getattr(found, "_expiry_time", None)  # botocore has no public word for it; without one they count as lasting, and are asked for anew once refused
    return {
        "access_key": frozen.access_key,
        "secret_key": frozen.secret_key,
        "token": frozen.token,
        "expires_at": expiry.timestamp() if expiry is not None else None,
        "method": found.method,
    }
