"""What the servers tell the test that started them: one JSON object a line on standard output."""

import json
import os
import sys
import threading
from urllib.parse import parse_qs, urlsplit


def listening(**members):
    print(json.dumps(members), flush=True)


def authorization_request(query, registered, location):
    """`query` and the answer's `location`, as they came; `registered`: the client's scope."""
    only = lambda name: query.get(name, [None])[0]
    record = {
        "clientId": only("client_id"),
        "redirectUri": only("redirect_uri"),
        "registered": registered,
        "requested": only("scope"),
        "error": parse_qs(urlsplit(location).query).get("error", [None])[0],
    }
    print(json.dumps(record), flush=True)


def end_with_parent():
    """Ends this program when its standard input does, however the test ended."""

    def wait():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
