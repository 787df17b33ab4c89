"""Django OAuth Toolkit: an authorization server with dynamic registration and its management (RFC 7591, RFC 7592).

It ignores `scope` when a client registers, and leaves it to a scopes backend which scopes a client may request. This
one permits what the client registered, which a middleware remembers. Errors come back without description, and
without the `iss` that the metadata announces.
"""

import json
import secrets
from socketserver import ThreadingMixIn
from threading import Lock
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

SCOPES = {name: name for name in ["profile", "files:write", "files:delete", "files:share", "introspection"]}
LOGIN_PAGE = "<form method='post'>{% csrf_token %}{{ form }}<button>Log in</button></form>"

settings.configure(
    SECRET_KEY=secrets.token_urlsafe(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        f"{__name__}.remember_scopes",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": ["django.template.context_processors.request"],
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN_PAGE}),
                    "django.template.loaders.app_directories.Loader",
                ],
            },
        }
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:all?mode=memory&cache=shared"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    LOGIN_URL="/login/",
    USE_TZ=True,
    OAUTH2_PROVIDER={
        "SCOPES": SCOPES,
        "SCOPES_BACKEND_CLASS": f"{__name__}.RegisteredScopes",
        "DCR_ENABLED": True,
        "DCR_REGISTRATION_PERMISSION_CLASSES": ["oauth2_provider.dcr.AllowAllDCRPermission"],
        "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402
from oauth2_provider.scopes import SettingsScopes  # noqa: E402

import reports  # noqa: E402

registered = {}


class RegisteredScopes(SettingsScopes):
    def get_available_scopes(self, application=None, request=None, *args, **kwargs):
        own = application and registered.get(application.client_id)
        return own.split() if own else super().get_available_scopes(application, request, *args, **kwargs)


def remember_scopes(get_response):
    def middleware(request):
        body = request.body
        response = get_response(request)
        if request.path.startswith("/register/") and request.method in ("POST", "PUT") and response.status_code < 300:
            registered[json.loads(response.content)["client_id"]] = json.loads(body).get("scope")
        location = response.get("Location", "")
        if request.path == "/authorize/" and request.method == "GET" and not location.startswith(settings.LOGIN_URL):
            query = dict(request.GET.lists())
            reports.authorization_request(query, registered.get(query["client_id"][0]), location)
        return response

    return middleware


urlpatterns = [
    path("login/", LoginView.as_view()),
    path("", include("oauth2_provider.urls", namespace="oauth2_provider")),
]


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """A thread for every connection, since clients open some in advance."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def one_at_a_time(application):
    """The database in memory would refuse a writer while somebody reads."""
    turn = Lock()

    def in_turn(environ, start_response):
        with turn:
            return application(environ, start_response)

    return in_turn


call_command("migrate", verbosity=0)
User.objects.create_user("alice", password="any")
secret = secrets.token_urlsafe()
resource_server = Application.objects.create(
    name="protected-resource",
    client_type=Application.CLIENT_CONFIDENTIAL,
    authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    client_secret=secret,
)
server = make_server("127.0.0.1", 0, one_at_a_time(get_wsgi_application()), ThreadingServer, QuietHandler)
origin = f"http://127.0.0.1:{server.server_port}"
reports.end_with_parent()
reports.listening(
    issuer=origin,
    introspectionEndpoint=f"{origin}/introspect/",
    clientId=resource_server.client_id,
    clientSecret=secret,
)
server.serve_forever()
