"""What can go wrong between builder and a server, as errors that say how to mend it; URLs come in redacted."""

from urllib.parse import urlsplit

from builder.errors import BuilderError, Exit
from builder.network.mirrors import variable


def offline(url: str) -> BuilderError:
    """A request was wanted where none may be made."""
    return _error(f"builder is offline, and `{url}` is wanted", "run `builder fetch` while online, or drop --offline")


def plain(url: str) -> BuilderError:
    """A page led from https to http, or a link without TLS turned up."""
    hint = "use a mirror that serves https, or configure that host's own http:// base if you mean it"
    return _error(f"`{url}` is not https, and no configured base names that host so", hint)


def downgrade(url: str, further: str) -> BuilderError:
    """A redirect led away from TLS."""
    return _error(f"`{url}` redirects to `{further}`, which is not https", "mend the mirror, or use another one")


def loop(url: str) -> BuilderError:
    """Redirects had no end."""
    return _error(f"`{url}` is still redirected after 5 redirects", "check the mirror's address")


def broken(url: str) -> BuilderError:
    """The connection broke in the middle of the answer, each time."""
    return _error(
        f"the connection broke again and again while `{url}` came", "check the network or proxy, and run again"
    )


def busy(url: str, status: int, asked: float) -> BuilderError:
    """The server wants to be left alone, or fails, each time."""
    wait = f" and asks to wait {asked:.0f} s" if asked else ""
    return _error(f"`{url}` answers {status}{wait}", "run again later: what has come is kept; or use another mirror")


def refused(url: str, status: int) -> BuilderError:
    """The server answered, but not with what was asked for."""
    host = urlsplit(url).hostname
    if status in (401, 403):
        hint = f"put the user and password for `{host}` into ~/.netrc (or the file that NETRC names)"
        return _error(f"`{url}` may not be read: status {status}", hint)
    if status == 407:
        return _error(f"the proxy wants a password for `{url}`", "put user:password@ into the URL in HTTPS_PROXY")
    if status in (404, 410):
        hint = "check the name, or whether the mirror has it; a mirror is named with BUILDER_MIRROR_<ALIAS>"
        return _error(f"there is nothing at `{url}`: status {status}", hint)
    return _error(f"`{url}` answers with status {status}", "check the mirror's address, or use another one")


def differs(url: str, name: str, wanted: str, got: str) -> BuilderError:
    """The bytes have another hash than the registry itself states."""
    return BuilderError(
        f"`{url}` has {name} {got}, but its registry states {wanted}",
        hint="run again; if it stays, the mirror serves other bytes: use another one",
        code=Exit.MISMATCH,
    )


def unreachable(url: str, alias: str, error: Exception) -> BuilderError:
    """No answer came, and why (an exception of urllib3)."""
    from urllib3.exceptions import NameResolutionError, ProxyError, ReadTimeoutError, SSLError

    parts = urlsplit(url)
    mirror = variable(alias) if alias else "BUILDER_MIRROR_<ALIAS>"
    network = f"check the network and HTTPS_PROXY, or name a mirror with {mirror}"
    if isinstance(error, ProxyError):
        denied = "407" in str(error.original_error)
        return (
            refused(url, 407)
            if denied
            else _error(f"the proxy gives no way to `{url}`", "check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY")
        )
    if isinstance(error, SSLError):
        reason = getattr(error.args[0] if error.args else None, "verify_message", "") or "no TLS can be agreed on"
        hint = "let SSL_CERT_FILE name the certificate authority of your network, as a PEM file"
        return _error(f"`{url}` can't be trusted: {reason}", hint)
    if isinstance(error, NameResolutionError):
        return _error(f"the host `{parts.hostname}` can't be found", network)
    if isinstance(error, ReadTimeoutError):
        return _error(f"`{url}` does not answer in time", network)
    return _error(f"`{parts.scheme}://{parts.netloc}/` can't be reached", network)


def final(error: Exception) -> bool:
    """Whether another try can't help (no such name, no trust, no such URL) or would cost a long wait once more."""
    from urllib3 import exceptions as known

    if isinstance(error, known.NewConnectionError):
        return isinstance(error, known.NameResolutionError)
    return isinstance(error, known.SSLError | known.LocationValueError | known.TimeoutError)


def again(error: BuilderError) -> BuilderError:
    """The same error anew, for another request to the same host."""
    return BuilderError(error.message, hint=error.hint, code=error.code)


def _error(message: str, hint: str) -> BuilderError:
    return BuilderError(message, hint=hint, code=Exit.FETCH)
