package dev.flet.shell;

import android.content.res.AssetManager;
import android.net.Uri;
import android.webkit.MimeTypeMap;
import android.webkit.WebResourceRequest;
import android.webkit.WebResourceResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** The web folder of the APK, as https://appassets.androidplatform.net/ shows it. */
final class Site {
    static final String HOST = "appassets.androidplatform.net"; // reserved by Google for this: no server ever has it
    static final String ORIGIN = "https://" + HOST;
    private static final String ROOT = "web";
    private static final String PAGE = "/index.html";

    // Browsers refuse modules, streamed WebAssembly and style sheets of other types; Android's own table lacks many.
    private static final String[][] TYPES = {
        {"text/html", "html htm"},
        {"text/javascript", "js mjs"},
        {"text/css", "css"},
        {"text/plain", "txt md"},
        {"text/csv", "csv"},
        {"text/x-python", "py"},
        {"text/xml", "xml"},
        {"application/json", "json map"},
        {"application/manifest+json", "webmanifest"},
        {"application/wasm", "wasm"},
        {"application/zip", "zip whl"},
        {"application/gzip", "gz tgz"},
        {"application/x-tar", "tar"},
        {"application/pdf", "pdf"},
        {"application/octet-stream", "bin data so symbols frag"},
        {"image/png", "png"},
        {"image/jpeg", "jpg jpeg"},
        {"image/gif", "gif"},
        {"image/webp", "webp"},
        {"image/avif", "avif"},
        {"image/bmp", "bmp"},
        {"image/svg+xml", "svg"},
        {"image/x-icon", "ico"},
        {"font/ttf", "ttf"},
        {"font/otf", "otf"},
        {"font/woff", "woff"},
        {"font/woff2", "woff2"},
        {"font/collection", "ttc"},
        {"audio/mpeg", "mp3"},
        {"audio/mp4", "m4a"},
        {"audio/aac", "aac"},
        {"audio/ogg", "ogg oga opus"},
        {"audio/wav", "wav"},
        {"audio/flac", "flac"},
        {"video/mp4", "mp4 m4v"},
        {"video/webm", "webm"},
    };

    private final AssetManager assets;
    private final Map<String, String> types = new HashMap<String, String>();

    Site(AssetManager assets) {
        this.assets = assets;
        for (String[] row : TYPES) {
            for (String ending : row[1].split(" ")) {
                types.put(ending, row[0]);
            }
        }
    }

    /** Whether a URL is one of this app's own. */
    static boolean owns(Uri url) {
        return "https".equals(url.getScheme()) && HOST.equals(url.getHost()) && url.getPort() == -1;
    }

    /** The answer to a request for one of the app's own URLs; a page that is no file is a route of the app. */
    WebResourceResponse answer(WebResourceRequest request) {
        if (!"GET".equals(request.getMethod()) && !"HEAD".equals(request.getMethod())) {
            return refusal(405, "Method Not Allowed");
        }
        String path = request.getUrl().getPath();
        if (path == null || path.isEmpty() || path.equals("/")) {
            path = PAGE;
        }
        if (leaves(path)) {
            return refusal(404, "Not Found");
        }
        WebResourceResponse found = file(path);
        if (found == null && request.isForMainFrame()) {
            found = file(PAGE);
        }
        return found == null ? refusal(404, "Not Found") : found;
    }

    /** An answer that says why there is no other. */
    static WebResourceResponse refusal(int status, String reason) {
        InputStream content = new ByteArrayInputStream(reason.getBytes(StandardCharsets.UTF_8));
        return new WebResourceResponse("text/plain", "utf-8", status, reason, headers(), content);
    }

    /** The content type of a file name. */
    String type(String name) {
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        String known = types.get(ending);
        if (known == null) {
            known = MimeTypeMap.getSingleton().getMimeTypeFromExtension(ending);
        }
        return known == null ? "application/octet-stream" : known;
    }

    private WebResourceResponse file(String path) {
        try {
            InputStream content = assets.open(ROOT + path, AssetManager.ACCESS_STREAMING);
            String type = type(path);
            boolean text = type.startsWith("text/") || type.endsWith("json") || type.endsWith("+xml");
            return new WebResourceResponse(type, text ? "utf-8" : null, 200, "OK", headers(), content);
        } catch (IOException absent) {
            return null;
        }
    }

    /** Whether a path has a segment that could lead out of the folder; Uri has decoded it already. */
    private static boolean leaves(String path) {
        if (!path.startsWith("/") || path.indexOf('\\') >= 0 || path.indexOf('\0') >= 0) {
            return true;
        }
        for (String segment : path.substring(1).split("/", -1)) {
            if (segment.equals("..") || segment.equals(".")) {
                return true;
            }
        }
        return false;
    }

    private static Map<String, String> headers() {
        Map<String, String> headers = new HashMap<String, String>();
        headers.put("Cache-Control", "no-cache"); // an update of the app changes any file
        headers.put("X-Content-Type-Options", "nosniff");
        return headers;
    }
}
