"""FastMCP: an MCP server with an authorization server of its own, at one origin.

It registers clients for the scopes that they send, if they are among the valid ones, and refuses every scope that a
client did not register. Its own check of a tool's scopes answers inside the MCP protocol; here a middleware puts
FastMCP's check of an endpoint's scopes before single tools, which then answers 403 with a challenge (RFC 6750 §3.1).
"""

import json
import socket
from urllib.parse import parse_qs

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth.auth import ClientRegistrationOptions, RevocationOptions
from fastmcp.server.auth.middleware import RequireAuthMiddleware
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from starlette.middleware import Middleware

import reports

REQUIRED = ["profile"]
FURTHER = {"write_file": ["files:write"]}

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
origin = f"http://127.0.0.1:{listener.getsockname()[1]}"

provider = InMemoryOAuthProvider(
    base_url=origin,
    required_scopes=REQUIRED,
    client_registration_options=ClientRegistrationOptions(
        enabled=True, valid_scopes=REQUIRED + FURTHER["write_file"], default_scopes=REQUIRED
    ),
    revocation_options=RevocationOptions(enabled=True),
)
mcp = FastMCP("protected-resource", auth=provider)


@mcp.tool
def whoami() -> str:
    return "whoami: done"


@mcp.tool
def write_file() -> str:
    return "write_file: done"


class FurtherScopes:
    """Lets a request through to a tool only if its token carries the scopes that this tool needs."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != "/mcp":
            return await self.app(scope, receive, send)
        received, body = [], b""
        while not received or received[-1].get("more_body"):
            received.append(await receive())
            body += received[-1].get("body", b"")

        async def receive_again():
            return received.pop(0) if received else await receive()

        message = json.loads(body)
        called = message["params"]["name"] if message.get("method") == "tools/call" else None
        required = REQUIRED + FURTHER.get(called, [])
        metadata = f"{origin}/.well-known/oauth-protected-resource/mcp"
        await RequireAuthMiddleware(self.app, required, metadata)(scope, receive_again, send)


class Report:
    """Tells of every authorization request, and how it was answered."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] != "/authorize":
            return await self.app(scope, receive, send)
        query = parse_qs(scope["query_string"].decode())
        client = await provider.get_client(query["client_id"][0])

        async def send_and_report(message):
            if message["type"] == "http.response.start":
                location = dict(message["headers"]).get(b"location", b"").decode()
                reports.authorization_request(query, client.scope if client else None, location)
            await send(message)

        await self.app(scope, receive, send_and_report)


app = mcp.http_app(middleware=[Middleware(Report), Middleware(FurtherScopes)])
reports.end_with_parent()
reports.listening(url=f"{origin}/mcp", issuer=f"{origin}/")
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
