"""Access to an AWS account: calls signed with Signature Version 4.

botocore signs, the one HTTP client sends; botocore is imported with the first call.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from dataclasses import replace

from pydantic import Field, SecretStr

from handlers.http.outgoing import Call
from handlers.provider import ApiAccess

REGION = r"[a-z0-9-]{3,40}"


class AwsAccess(ApiAccess):
    """`[sources.X.api]` of an AWS source: keys of an IAM user, and where the API is.

    `base_url` and `sns_base_url` replace the addresses of SES and SNS (FIPS or VPC endpoints, a
    stand-in); the first serves both where the second is not given. An empty `region` is the one
    of the topic.
    """

    access_key_id: str = Field(min_length=1)
    secret_access_key: SecretStr = Field(min_length=1)
    session_token: SecretStr = SecretStr("")
    region: str = Field("", pattern=rf"^({REGION})?$")
    sns_base_url: str = ""

    def ses_url(self, region: str) -> str:
        """Return where SES of a region is."""
        return self.base_url or f"https://email.{region}.{_domain(region)}"

    def sns_url(self, region: str) -> str:
        """Return where SNS of a region is."""
        return self.sns_base_url or self.base_url or f"https://sns.{region}.{_domain(region)}"


def signed(call: Call, access: AwsAccess, service: str, region: str) -> Call:
    """Return the call with its signature; a body must be given as bytes."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    credentials = Credentials(
        access.access_key_id,
        access.secret_access_key.get_secret_value(),
        access.session_token.get_secret_value() or None,
    )
    request = AWSRequest(call.method, call.url, headers=dict(call.headers), data=call.body)
    SigV4Auth(credentials, service, region).add_auth(request)
    return replace(call, headers=dict(request.headers.items()), allow_private=access.allow_private)


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
