package dev.flet.shell;

import android.net.Uri;
import android.util.Base64;
import android.webkit.WebResourceRequest;
import android.webkit.WebResourceResponse;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * Requests to hosts that send no CORS headers, made by Android itself: only to hosts that the project declares, only over
 * https, without cookies.
 *
 * <p>Asked for at /_shell/http by the headers X-Shell-Url, X-Shell-Method, X-Shell-Headers (JSON, name to value) and
 * X-Shell-Body (base64). Status, headers and body are those of the answer, with more in X-Shell-Status (WebView can't
 * hold 3xx, it has 200 then), X-Shell-Headers (JSON, pairs of name and value: each one, cookies too) and X-Shell-Url
 * (where redirects led). Where no answer came, X-Shell-Error says why.
 */
final class Http {
    static final String PATH = "/_shell/http";
    private static final int CONNECT = 30000; // milliseconds
    private static final int READ = 120000;
    private static final int REDIRECTS = 20; // as the Fetch standard has it

    // What the connection sets itself.
    private static final Set<String> OWN =
            words("accept-encoding connection content-length host keep-alive te trailer transfer-encoding upgrade");
    // What of an answer would not be true of the body that is handed on, or would bind the app's own origin.
    private static final Set<String> KEPT_BACK =
            words("clear-site-data content-encoding content-length connection keep-alive nel report-to set-cookie "
                    + "set-cookie2 strict-transport-security trailer transfer-encoding upgrade");
    // What no other origin may learn (Fetch standard, HTTP-redirect fetch).
    private static final Set<String> SECRET = words("authorization cookie proxy-authorization");
    private static final Set<String> BODY = words("content-encoding content-language content-location content-type");

    private final Set<String> hosts;

    /** Answers for hosts that a comma separates. */
    Http(String declared) {
        hosts = words(declared.replace(',', ' '));
    }

    /** The answer of the host that a request names; it comes on the caller's thread. */
    WebResourceResponse answer(WebResourceRequest request) {
        Map<String, String> asked = new HashMap<String, String>();
        for (Map.Entry<String, String> header : request.getRequestHeaders().entrySet()) {
            asked.put(header.getKey().toLowerCase(Locale.ROOT), header.getValue());
        }
        String referrer = asked.get("referer"); // WebView sets it, no script can; it holds frames of others off
        if (referrer == null || !Site.owns(Uri.parse(referrer))) {
            return failure(403, "only the app itself may ask");
        }
        try {
            return fetch(asked);
        } catch (Refused refused) {
            return failure(403, refused.getMessage());
        } catch (JSONException wrong) {
            return failure(400, String.valueOf(wrong.getMessage()));
        } catch (IllegalArgumentException wrong) { // of a header or of base64
            return failure(400, String.valueOf(wrong.getMessage()));
        } catch (IOException broken) {
            return failure(502, broken.toString());
        } catch (SecurityException forbidden) { // the app has no permission for the network
            return failure(502, forbidden.toString());
        }
    }

    private WebResourceResponse fetch(Map<String, String> asked) throws IOException, JSONException {
        URL url = new URL(given(asked, "x-shell-url", ""));
        String method = given(asked, "x-shell-method", "GET").toUpperCase(Locale.ROOT);
        Map<String, String> headers = headers(given(asked, "x-shell-headers", "{}"));
        byte[] body = Base64.decode(given(asked, "x-shell-body", ""), Base64.DEFAULT);
        for (int hop = 0; hop <= REDIRECTS; hop++) {
            HttpURLConnection connection = connect(url, method, headers, body);
            int status = connection.getResponseCode();
            String place = connection.getHeaderField("Location");
            if (!redirects(status) || place == null) {
                return answer(connection, status, method);
            }
            connection.disconnect();
            URL next = new URL(url, place);
            if (status == 303 && !method.equals("HEAD") || status < 303 && method.equals("POST")) {
                method = "GET";
                body = new byte[0];
                headers.keySet().removeAll(BODY);
            }
            if (!next.getAuthority().equals(url.getAuthority())) {
                headers.keySet().removeAll(SECRET);
            }
            url = next;
        }
        throw new IOException("more than " + REDIRECTS + " redirects");
    }

    private HttpURLConnection connect(URL url, String method, Map<String, String> headers, byte[] body)
            throws IOException {
        if (!url.getProtocol().equals("https")) {
            throw new Refused("only https is asked for, not " + url.getProtocol());
        }
        if (!hosts.contains(url.getHost().toLowerCase(Locale.ROOT))) {
            throw new Refused("the app does not declare the host " + url.getHost());
        }
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        connection.setInstanceFollowRedirects(false); // each host on the way must be declared
        connection.setConnectTimeout(CONNECT);
        connection.setReadTimeout(READ);
        connection.setUseCaches(false);
        connection.setRequestMethod(method);
        for (Map.Entry<String, String> header : headers.entrySet()) {
            connection.setRequestProperty(header.getKey(), header.getValue());
        }
        if (body.length > 0 && !method.equals("GET") && !method.equals("HEAD")) {
            if (!headers.containsKey("content-type")) { // else the connection says that it is a form
                connection.setRequestProperty("content-type", "application/octet-stream");
            }
            connection.setDoOutput(true);
            connection.setFixedLengthStreamingMode(body.length);
            OutputStream stream = connection.getOutputStream();
            stream.write(body);
            stream.close();
        }
        return connection;
    }

    private static WebResourceResponse answer(HttpURLConnection connection, int status, String method)
            throws IOException {
        Map<String, String> headers = new HashMap<String, String>();
        JSONArray pairs = new JSONArray();
        for (Map.Entry<String, List<String>> header : connection.getHeaderFields().entrySet()) {
            String name = header.getKey();
            if (name == null || name.startsWith("X-Android-") || name.startsWith("X-Shell-")) {
                continue; // the status line; what the connection adds; what only this class says
            }
            for (String value : header.getValue()) {
                pairs.put(new JSONArray().put(name).put(value));
            }
            if (!KEPT_BACK.contains(name.toLowerCase(Locale.ROOT))) {
                headers.put(name, joined(header.getValue()));
            }
        }
        headers.put("X-Shell-Status", Integer.toString(status));
        headers.put("X-Shell-Headers", ascii(pairs.toString()));
        headers.put("X-Shell-Url", ascii(connection.getURL().toString()));
        boolean held = status >= 200 && status < 300 || status >= 400 && status <= 599;
        String reason = held ? connection.getResponseMessage() : "OK";
        if (reason == null || reason.isEmpty() || !ascii(reason).equals(reason)) {
            reason = "-"; // WebView takes no empty one
        }
        InputStream body = body(connection, status, method);
        return new WebResourceResponse(type(connection), null, held ? status : 200, reason, headers, body);
    }

    private static InputStream body(HttpURLConnection connection, int status, String method) throws IOException {
        InputStream stream = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        if (stream == null || method.equals("HEAD")) {
            return new ByteArrayInputStream(new byte[0]);
        }
        final int length = Math.max(0, connection.getContentLength());
        return new FilterInputStream(stream) {
            @Override
            public int available() {
                return length; // WebView takes what it is told first for the whole length
            }
        };
    }

    private static WebResourceResponse failure(int status, String why) {
        Map<String, String> headers = new HashMap<String, String>();
        headers.put("Cache-Control", "no-store");
        headers.put("X-Shell-Error", ascii(why));
        InputStream nothing = new ByteArrayInputStream(new byte[0]);
        return new WebResourceResponse("text/plain", "utf-8", status, "Not Asked", headers, nothing);
    }

    private static boolean redirects(int status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    private static String type(HttpURLConnection connection) {
        String type = connection.getContentType();
        String bare = type == null ? "" : type.split(";", 2)[0].trim();
        return bare.isEmpty() ? "application/octet-stream" : bare;
    }

    private static Map<String, String> headers(String text) throws JSONException {
        JSONObject given = new JSONObject(text);
        Map<String, String> headers = new HashMap<String, String>();
        for (Iterator<String> names = given.keys(); names.hasNext(); ) {
            String name = names.next();
            if (!OWN.contains(name.toLowerCase(Locale.ROOT))) {
                headers.put(name.toLowerCase(Locale.ROOT), given.getString(name));
            }
        }
        return headers;
    }

    private static String joined(List<String> values) {
        StringBuilder joined = new StringBuilder();
        for (String value : values) {
            joined.append(joined.length() == 0 ? "" : ", ").append(value);
        }
        return ascii(joined.toString());
    }

    private static String given(Map<String, String> asked, String name, String otherwise) {
        String value = asked.get(name);
        return value == null ? otherwise : value;
    }

    /** A text for a header: what is no printable ASCII is written as JSON escapes it. */
    private static String ascii(String text) {
        StringBuilder safe = new StringBuilder(text.length());
        for (char sign : text.toCharArray()) {
            if (sign >= 0x20 && sign < 0x7f) {
                safe.append(sign);
            } else {
                safe.append(String.format(Locale.ROOT, "\\u%04x", (int) sign));
            }
        }
        return safe.toString();
    }

    private static Set<String> words(String text) {
        Set<String> words = new HashSet<String>();
        for (String word : text.split(" ")) {
            if (!word.isEmpty()) {
                words.add(word.toLowerCase(Locale.ROOT));
            }
        }
        return words;
    }

    /** A request that the app may not make. */
    private static final class Refused extends IOException {
        Refused(String why) {
            super(why);
        }
    }
}
