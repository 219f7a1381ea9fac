"""The catalogue of pyiceberg for queries, which does not wait for ever: by itself the library has no time-outs."""

from typing import Any

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.utils.config import Config, merge_config
from requests import Session
from requests.adapters import HTTPAdapter

from . import store


def load_impatient(name: str, **properties: Any) -> RestCatalog:
    """As the library's, with what its own configuration says of that name."""
    known: Any = merge_config(Config().get_catalog_config(name) or {}, properties)
    return ImpatientCatalog(name, **known)


class ImpatientCatalog(RestCatalog):
    """Each connection and each wait for bytes has a time-out."""

    def _config_headers(self, session: Session) -> None:
        """Called for a new session, before its first request, which may be for a token."""
        super()._config_headers(session)
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter())


class _Adapter(HTTPAdapter):
    def send(self, request: Any, *given: Any, **named: Any) -> Any:
        """Where the library says nothing of it."""
        if not given and not named.get("timeout"):
            named["timeout"] = (store.CONNECT_SECONDS, store.READ_SECONDS)
        return super().send(request, *given, **named)
