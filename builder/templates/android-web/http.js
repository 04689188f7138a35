// Requests to the hosts that the project declares go through the app's shell, which no rule of browsers for foreign hosts
// (CORS) binds. The shell sees no body of a request, so all of it stands in headers.
{
  const HOSTS = new Set({{ hosts|tojson }});
  const SHELL = "/_shell/http";
  const ascii = (text) => text.replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

  // The URL as text where the shell is to fetch it, else "".
  const declared = (asked) => {
    try {
      const url = new URL(asked, location.href);
      return url.protocol === "https:" && HOSTS.has(url.hostname) ? url.href.split("#")[0] : "";
    } catch {
      return "";
    }
  };

  const base64 = (bytes) => {
    let text = "";
    for (let start = 0; start < bytes.length; start += 0x8000) {
      text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
    }
    return btoa(text);
  };

  const wrapped = (url, method, headers, body) => ({
    "X-Shell-Url": url,
    "X-Shell-Method": method,
    "X-Shell-Headers": ascii(JSON.stringify(headers)),
    ...(body.length ? { "X-Shell-Body": base64(body) } : {}),
  });

  const headersOf = (text) => new Headers(JSON.parse(text ?? "[]"));

  const fetchHere = self.fetch.bind(self);
  self.fetch = async (input, init) => {
    const url = declared(input instanceof Request ? input.url : input);
    if (!url) return fetchHere(input, init);
    const request = new Request(input, init);
    const body = new Uint8Array(await request.arrayBuffer());
    const headers = wrapped(url, request.method, Object.fromEntries(request.headers), body);
    const answer = await fetchHere(SHELL, { headers, signal: request.signal });
    const failure = answer.headers.get("X-Shell-Error");
    if (failure !== null) throw new TypeError(`${url}: ${failure}`);
    const status = Number(answer.headers.get("X-Shell-Status"));
    const response = new Response([204, 205, 304].includes(status) ? null : answer.body, {
      status,
      statusText: answer.statusText,
      headers: headersOf(answer.headers.get("X-Shell-Headers")),
    });
    return Object.defineProperty(response, "url", { value: answer.headers.get("X-Shell-Url") });
  };

  const bytesOf = (body) => {
    if (body === null || body === undefined) return new Uint8Array();
    if (body instanceof ArrayBuffer) return new Uint8Array(body);
    if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    if (body instanceof Blob || body instanceof FormData) {
      throw new TypeError("XMLHttpRequest through the app's shell sends text and bytes; use fetch for files and forms");
    }
    return new TextEncoder().encode(String(body));
  };

  self.XMLHttpRequest = class extends XMLHttpRequest {
    #asked = null;

    open(method, url, async = true, ...rest) {
      const target = declared(url);
      this.#asked = target ? { url: target, method: method.toUpperCase(), headers: {}, async } : null;
      return target ? super.open("GET", SHELL, async) : super.open(method, url, async, ...rest);
    }

    setRequestHeader(name, value) {
      if (!this.#asked) return super.setRequestHeader(name, value);
      const { headers } = this.#asked;
      const key = name.toLowerCase();
      headers[key] = key in headers ? `${headers[key]}, ${value}` : String(value);
    }

    send(body) {
      if (!this.#asked) return super.send(body);
      const { url, method, headers, async } = this.#asked;
      if (body instanceof URLSearchParams) headers["content-type"] ??= "application/x-www-form-urlencoded;charset=UTF-8";
      if (typeof body === "string") headers["content-type"] ??= "text/plain;charset=UTF-8";
      const all = wrapped(url, method, headers, bytesOf(body));
      for (const [name, value] of Object.entries(all)) super.setRequestHeader(name, value);
      super.send();
      const failure = async ? null : super.getResponseHeader("X-Shell-Error");
      if (failure !== null) throw new DOMException(`${url}: ${failure}`, "NetworkError");
    }

    get status() {
      return this.#asked ? Number(super.getResponseHeader("X-Shell-Status")) : super.status; // 0 where none came
    }

    get responseURL() {
      return this.#asked ? (super.getResponseHeader("X-Shell-Url") ?? "") : super.responseURL;
    }

    getResponseHeader(name) {
      if (!this.#asked) return super.getResponseHeader(name);
      return headersOf(super.getResponseHeader("X-Shell-Headers")).get(name);
    }

    getAllResponseHeaders() {
      if (!this.#asked) return super.getAllResponseHeaders();
      const headers = [...headersOf(super.getResponseHeader("X-Shell-Headers"))];
      return headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    }
  };
}
