package dev.flet.shell;

import android.util.Log;
import android.webkit.JavascriptInterface;
import java.io.IOException;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.json.JSONObject;

/**
 * What the app's page can ask of the shell. Every frame sees this object, so each call must show the token, which is
 * given to the main frame alone.
 */
final class Bridge {
    static final String NAME = "FletShell";

    // Files are handed over in parts, since one message can't hold a large one. Links are caught when they are clicked:
    // the page may revoke a blob's URL at once.
    private static final String SCRIPT =
            "(function (token) {"
                    + "if (window.fletShell) return;"
                    + "var shell = window." + NAME + ";"
                    + "function part(blob) {"
                    + "  return new Promise(function (done, failed) {"
                    + "    var reader = new FileReader();"
                    + "    reader.onload = function () { done(reader.result.split(',')[1] || ''); };"
                    + "    reader.onerror = function () { failed(reader.error); };"
                    + "    reader.readAsDataURL(blob);"
                    + "  });"
                    + "}"
                    + "function save(url, wished) {"
                    + "  var last = /^https?:/.test(url) ? url.split(/[?#]/)[0].split('/').pop() : '';"
                    + "  var name = wished || last || 'download';"
                    + "  return fetch(url).then(function (answer) { return answer.blob(); }).then(function (blob) {"
                    + "    var path = shell.begin(token);"
                    + "    function from(start) {"
                    + "      if (start >= blob.size) return shell.end(token, path, name, blob.type);"
                    + "      return part(blob.slice(start, start + 786432)).then(function (text) {"
                    + "        shell.write(token, path, text);"
                    + "        return from(start + 786432);"
                    + "      });"
                    + "    }"
                    + "    return from(0);"
                    + "  });"
                    + "}"
                    + "function ours(link) {"
                    + "  return link.hasAttribute('download')"
                    + "    && (/^(blob|data):/.test(link.href) || link.origin === location.origin);"
                    + "}"
                    + "var click = HTMLAnchorElement.prototype.click;"
                    + "HTMLAnchorElement.prototype.click = function () {"
                    + "  if (ours(this)) save(this.href, this.download); else click.call(this);"
                    + "};"
                    + "document.addEventListener('click', function (event) {"
                    + "  var link = event.target.closest && event.target.closest('a[download]');"
                    + "  if (!link || !ours(link)) return;"
                    + "  event.preventDefault();"
                    + "  save(link.href, link.download);"
                    + "}, true);"
                    + "window.close = function () { shell.close(token); };"
                    + "window.addEventListener('flutter-first-frame', function () { shell.drawn(token); });"
                    + "Object.defineProperty(window, 'fletShell', {value: {save: save}});"
                    + "})";

    private final MainActivity activity;
    private final Downloads downloads;
    private final String token = UUID.randomUUID().toString();
    private final Set<String> open = Collections.synchronizedSet(new HashSet<String>());

    Bridge(MainActivity activity, Downloads downloads) {
        this.activity = activity;
        this.downloads = downloads;
    }

    /** What gives a page of the app its side of the bridge. */
    String script() {
        return SCRIPT + "(" + JSONObject.quote(token) + ")";
    }

    /** What has a page save a URL of its own. */
    static String saving(String url, String name) {
        return "window.fletShell && fletShell.save(" + quote(url) + ", " + quote(name) + ")";
    }

    /** What shows a route of the app without starting it anew. */
    static String showing(String place) {
        return "history.pushState(null, '', " + quote(place) + ");"
                + "dispatchEvent(new PopStateEvent('popstate', {state: null}))";
    }

    @JavascriptInterface
    public String begin(String shown) throws IOException {
        if (!token.equals(shown)) {
            return "";
        }
        String path = downloads.begin();
        open.add(path);
        return path;
    }

    @JavascriptInterface
    public void write(String shown, String path, String bytes) {
        if (!token.equals(shown) || !open.contains(path)) {
            return;
        }
        try {
            downloads.write(path, bytes);
        } catch (IOException full) {
            open.remove(path); // what can't be whole is not offered
            Log.e("flet", "the file was not saved", full);
        }
    }

    @JavascriptInterface
    public void end(String shown, final String path, final String name, final String type) {
        if (!token.equals(shown) || !open.remove(path)) {
            return;
        }
        activity.runOnUiThread(new Runnable() {
            @Override
            public void run() {
                downloads.end(path, name, type);
            }
        });
    }

    @JavascriptInterface
    public void drawn(String shown) {
        if (!token.equals(shown)) {
            return;
        }
        activity.runOnUiThread(new Runnable() {
            @Override
            public void run() {
                activity.drawn();
            }
        });
    }

    @JavascriptInterface
    public void close(String shown) {
        if (!token.equals(shown)) {
            return;
        }
        activity.runOnUiThread(new Runnable() {
            @Override
            public void run() {
                activity.finish();
            }
        });
    }

    private static String quote(String text) {
        return JSONObject.quote(text).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029");
    }
}
