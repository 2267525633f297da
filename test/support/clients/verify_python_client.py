"""Drives the emulator with Twilio's Python client: start, resend, check, cancel, fetch, errors.

    pip install twilio
    python test/support/clients/verify_python_client.py http://127.0.0.1:3001

Exits 0 where everything is as Twilio answers it, else 1 with what was not.
"""

import json
import sys
import urllib.request
from urllib.parse import quote, urlsplit

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

ZEROS = "0" * 32
PREFIXES = {"verify.twilio.com": "", "lookups.twilio.com": "/lookups", "iam.twilio.com": "/iam"}


class EmulatorHttpClient(TwilioHttpClient):
    """Leads every call to the emulator instead of Twilio's hosts."""

    def __init__(self, origin):
        super().__init__()
        self.origin = origin

    def request(self, method, url, *args, **kwargs):
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return super().request(
            method, f"{self.origin}{PREFIXES[parts.netloc]}{parts.path}{query}", *args, **kwargs
        )


def control(origin, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{origin}/_emulator/{path}", data=data) as reply:
        return json.load(reply)


def refused(call, status, code):
    try:
        call()
    except TwilioRestException as error:
        assert (error.status, error.code) == (status, code), f"{error.status}/{error.code}, not {status}/{code}"
    else:
        raise AssertionError(f"not refused with {status}/{code}")


def main(origin):
    control(origin, "reset", {})
    http = EmulatorHttpClient(origin)
    client = Client(f"SK{ZEROS}", "emulator-secret", f"AC{ZEROS}", http_client=http)
    service = client.verify.v2.services(f"VA{ZEROS}")
    verifications, checks = service.verifications, service.verification_checks
    to = "+14155552671"

    def code():
        return control(origin, f"messages?to={quote(to)}")[-1]["code"]

    def wrong():
        return f"{(int(code()[0]) + 1) % 10}{code()[1:]}"

    started = verifications.create(to=to, channel="sms")
    assert (started.status, started.valid, started.channel) == ("pending", False, "sms")
    first = code()
    resent = verifications.create(to=to, channel="call")
    assert (resent.sid, resent.channel, code()) == (started.sid, "call", first)
    assert resent.date_created == started.date_created and len(resent.send_code_attempts) == 2

    judged = checks.create(to=to, code=wrong())
    assert (judged.status, judged.valid) == ("pending", False)
    approved = checks.create(to=to, code=first)
    assert (approved.sid, approved.status, approved.valid) == (started.sid, "approved", True)
    refused(lambda: checks.create(to=to, code=first), 404, 20404)
    refused(lambda: verifications(started.sid).fetch(), 404, 20404)

    second = verifications.create(to=to, channel="sms")
    assert second.sid != started.sid
    assert verifications(to).fetch().sid == second.sid
    assert verifications(second.sid).update(status="canceled").status == "canceled"
    assert verifications(second.sid).fetch().status == "canceled"

    third = verifications.create(to=to, channel="sms")
    for _ in range(5):
        assert checks.create(to=to, code=wrong()).status == "pending"
    refused(lambda: checks.create(to=to, code=code()), 429, 60202)
    assert verifications(third.sid).fetch().status == "max_attempts_reached"
    control(origin, "clock", {"advance_ms": 600_000})
    refused(lambda: verifications(third.sid).fetch(), 404, 20404)

    for _ in range(5):
        verifications.create(to=to, channel="sms")
    refused(lambda: verifications.create(to=to, channel="sms"), 429, 60203)

    refused(lambda: verifications.create(to="+19995551234", channel="sms"), 400, 60200)
    refused(lambda: verifications.create(to=to, channel="SMS"), 400, 60200)
    refused(lambda: checks.create(to=to, code="123"), 400, 60200)
    refused(lambda: checks.create(code="123456"), 400, 60221)
    refused(lambda: client.verify.v2.services(f"VA{'1' * 32}").fetch(), 404, 20404)
    stranger = Client(f"AC{ZEROS}", "wrong", http_client=http)
    refused(lambda: stranger.verify.v2.services(f"VA{ZEROS}").fetch(), 401, 20003)

    attempts = client.verify.v2.verification_attempts.list(verify_service_sid=f"VA{ZEROS}", page_size=3)
    assert len(attempts) == 9, f"{len(attempts)} attempts"
    summary = client.verify.v2.verification_attempts_summary().fetch()
    assert (summary.total_attempts, summary.total_converted) == (9, 2)
    number = client.lookups.v2.phone_numbers(to).fetch(fields="line_type_intelligence")
    assert number.valid and number.line_type_intelligence["type"] == "mobile"


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
    print("the Python client found everything as Twilio answers it")
