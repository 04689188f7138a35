"""The way to a host: straight or through a proxy, over TLS with the system's and a company's certificates."""

import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from builder.errors import BuilderError, Exit
from builder.network.mirrors import redacted

if TYPE_CHECKING:
    import ssl

    import urllib3

_AUTHORITIES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR")
_TIMES = {"connect": 10.0, "read": 20.0}  # seconds


class Connections:
    """Pools of connections, one set a proxy; may be used from many threads."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """`environ` names proxies and certificates, as for curl and pip."""
        self._environ = environ
        self._pools: dict[tuple[str, str], urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def pool(self, url: str) -> "urllib3.PoolManager":
        """What carries a request to a URL. Raises BuilderError (fetch) for an unusable proxy or certificate."""
        key = (self.proxy(url), urlsplit(url).scheme)
        with self._lock:
            if key not in self._pools:
                self._pools[key] = self._made(*key)
            return self._pools[key]

    def proxy(self, url: str) -> str:
        """The proxy for a URL after HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; "" for none."""
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # absent from typeshed

        parts = urlsplit(url)
        proxy = self._either(f"{parts.scheme}_proxy") or self._either("all_proxy")
        if not proxy or proxy_bypass_environment(parts.netloc, {"no": self._either("no_proxy")}):
            return ""
        return proxy if "://" in proxy else f"http://{proxy}"

    def _either(self, name: str) -> str:
        return (self._environ.get(name) or self._environ.get(name.upper()) or "").strip()

    def _made(self, proxy: str, scheme: str) -> "urllib3.PoolManager":
        import urllib3

        secure = self._tls if scheme == "https" else None
        timeout = urllib3.Timeout(**_TIMES)
        if not proxy:
            return urllib3.PoolManager(num_pools=20, maxsize=8, timeout=timeout, ssl_context=secure)
        parts = urlsplit(proxy)
        if parts.scheme not in ("http", "https"):
            raise BuilderError(
                f"the proxy `{redacted(proxy)}` is no HTTP proxy",
                hint="name an HTTP proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or none in NO_PROXY",
                code=Exit.FETCH,
            )
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
        return urllib3.ProxyManager(
            parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
            num_pools=20,
            maxsize=8,
            timeout=timeout,
            ssl_context=secure,
            proxy_headers=urllib3.make_headers(proxy_basic_auth=login),
            proxy_ssl_context=self._tls if parts.scheme == "https" else None,
        )

    @cached_property
    def _tls(self) -> "ssl.SSLContext":
        import ssl

        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for path, name in {self._environ[name]: name for name in _AUTHORITIES if self._environ.get(name)}.items():
            place = {"capath": path} if Path(path).is_dir() else {"cafile": path}
            try:
                context.load_verify_locations(**place)
            except OSError as error:  # ssl.SSLError is one
                raise BuilderError(
                    f"{name} names `{path}`, which holds no certificates: {error.strerror or 'not PEM'}",
                    hint=f"let {name} name a PEM file of the certificate authorities to trust, or unset it",
                    code=Exit.FETCH,
                ) from error
        return context
