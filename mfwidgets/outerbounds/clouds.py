"""Exchanges a token of Outerbounds for credentials of a cloud, with the library of that cloud.

Each function takes the answer of the auth server, and returns what a credential provider of obstore returns. A missing
entry of the answer is a KeyError. Any other error is of the library.
"""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 3.05, 10.0

_DEFAULT_REGION = "us-east-1"
_AZURE_SCOPE = "https://storage.azure.com/.default"
_GOOGLE_SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
_JWT = "urn:ietf:params:oauth:token-type:jwt"


def aws(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Assume the role of the answer. The endpoint is that of its region."""
    import botocore.session
    from botocore import UNSIGNED
    from botocore.config import Config

    role, token = answer["role_arn"], answer["token"]
    session = botocore.session.get_session()
    session.set_config_variable("sts_regional_endpoints", "regional")
    region = answer.get("region") or session.get_config_variable("region") or _DEFAULT_REGION
    config = Config(
        signature_version=UNSIGNED,  # other credentials of the machine are not looked for
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": 2},
    )
    assumed = session.create_client("sts", region_name=region, config=config).assume_role_with_web_identity(
        RoleArn=role,
        RoleSessionName=os.environ.get("AWS_ROLE_SESSION_NAME") or "mfwidgets",
        WebIdentityToken=token,
    )["Credentials"]
    return {
        "access_key_id": assumed["AccessKeyId"],
        "secret_access_key": assumed["SecretAccessKey"],
        "token": assumed["SessionToken"],
        "expires_at": assumed["Expiration"],
    }


def azure(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Log in as the application of the answer."""
    from azure.identity import ClientAssertionCredential

    tenant, client, token = answer["azureTenantId"], answer["azureClientId"], answer["token"]
    credential = ClientAssertionCredential(
        tenant,
        client,
        lambda: token,
        connection_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retry_total=1,
    )
    with credential:
        access = credential.get_token(_AZURE_SCOPE)
    return {"token": access.token, "expires_at": datetime.fromtimestamp(access.expires_on, UTC)}


def google(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Impersonate the service account of the answer, for reading only."""
    from google.auth import identity_pool
    from google.auth.transport import requests

    pool = (
        f"//iam.googleapis.com/projects/{answer['gcpProjectNumber']}/locations/global/workloadIdentityPools/"
        f"{answer['gcpWorkloadIdentityPool']}/providers/{answer['gcpWorkloadIdentityPoolProvider']}"
    )
    account = answer["gcpServiceAccountEmail"]
    library: Any = identity_pool  # it has no types
    credentials = library.Credentials(
        audience=pool,
        subject_token_type=_JWT,
        token_url="https://sts.googleapis.com/v1/token",  # noqa: S106 - not a password
        service_account_impersonation_url=(
            f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        ),
        subject_token_supplier=_Supplier(answer["token"]),
        scopes=[_GOOGLE_SCOPE],
    )
    credentials.refresh(partial(requests.Request(), timeout=READ_TIMEOUT_S))
    return {"token": credentials.token, "expires_at": credentials.expiry.replace(tzinfo=UTC)}


class _Supplier:
    """Gives google-auth a token that is there already."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_subject_token(self, _context: object, _request: object) -> str:
        return self._token


EXCHANGES: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {"s3": aws, "azure": azure, "gs": google}
"""The function for each kind of datastore."""
