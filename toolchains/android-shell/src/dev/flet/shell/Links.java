package dev.flet.shell;

import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.net.Uri;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** What a page links to outside of the app. */
final class Links {
    // What reaches into an app instead of asking one: no page may have Android open these.
    private static final Set<String> CLOSED = new HashSet<String>(Arrays.asList(
            "about", "android-app", "blob", "content", "data", "file", "filesystem", "intent", "javascript"));

    private Links() {}

    /** Have Android open a URL, in the browser or the app that is for it. */
    static void open(Activity activity, Uri url) {
        String scheme = url.getScheme();
        if (scheme == null || CLOSED.contains(scheme.toLowerCase(Locale.ROOT))) {
            return;
        }
        Intent intent = new Intent(Intent.ACTION_VIEW, url.normalizeScheme());
        intent.addCategory(Intent.CATEGORY_BROWSABLE);
        try {
            activity.startActivity(intent);
        } catch (ActivityNotFoundException nobody) {
            return; // no app for it: the page stays as it is
        } catch (SecurityException closed) {
            return; // the app for it is not for others
        }
    }

    /** The app's own route that a deep link names: path, query and fragment of its URL; null where it names none. */
    static String route(Intent intent) {
        Uri link = Intent.ACTION_VIEW.equals(intent.getAction()) ? intent.getData() : null;
        if (link == null || !link.isHierarchical()) {
            return null;
        }
        String path = link.getEncodedPath();
        String query = link.getEncodedQuery();
        String fragment = link.getEncodedFragment();
        return (path == null || !path.startsWith("/") ? "/" : path.replaceFirst("^/+", "/"))
                + (query == null ? "" : "?" + query)
                + (fragment == null ? "" : "#" + fragment);
    }
}
