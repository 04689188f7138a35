package dev.flet.shell;

import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.ClipData;
import android.content.Intent;
import android.net.Uri;
import android.webkit.MimeTypeMap;
import android.webkit.ValueCallback;
import android.webkit.WebChromeClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The files that a page asks the user for. */
final class Chooser {
    static final int CODE = 1;

    private final Activity activity;
    private ValueCallback<Uri[]> waiting;

    Chooser(Activity activity) {
        this.activity = activity;
    }

    /** Show Android's own choice of files. */
    void open(ValueCallback<Uri[]> callback, WebChromeClient.FileChooserParams asked) {
        answer(null); // a page has one at a time
        waiting = callback;
        Intent intent = new Intent(Intent.ACTION_GET_CONTENT);
        intent.addCategory(Intent.CATEGORY_OPENABLE);
        intent.setType("*/*");
        String[] types = types(asked.getAcceptTypes());
        if (types.length == 1) {
            intent.setType(types[0]);
        } else if (types.length > 1) {
            intent.putExtra(Intent.EXTRA_MIME_TYPES, types);
        }
        boolean many = asked.getMode() == WebChromeClient.FileChooserParams.MODE_OPEN_MULTIPLE;
        intent.putExtra(Intent.EXTRA_ALLOW_MULTIPLE, many);
        try {
            activity.startActivityForResult(intent, CODE);
        } catch (ActivityNotFoundException nobody) {
            answer(null);
        }
    }

    /** What the user chose. */
    void chosen(int result, Intent data) {
        List<Uri> found = new ArrayList<Uri>();
        if (result == Activity.RESULT_OK && data != null) {
            ClipData clip = data.getClipData();
            for (int index = 0; clip != null && index < clip.getItemCount(); index++) {
                add(found, clip.getItemAt(index).getUri());
            }
            if (clip == null) {
                add(found, data.getData());
            }
        }
        answer(found.isEmpty() ? null : found.toArray(new Uri[0]));
    }

    private void answer(Uri[] files) {
        ValueCallback<Uri[]> callback = waiting;
        waiting = null;
        if (callback != null) {
            callback.onReceiveValue(files);
        }
    }

    /** Only what another app provides: a path could be one of this app's own private files. */
    private static void add(List<Uri> found, Uri file) {
        if (file != null && "content".equals(file.getScheme())) {
            found.add(file);
        }
    }

    /** The types of an input's `accept`, where Android has one for each entry; else none, for all files. */
    private static String[] types(String[] accepted) {
        List<String> types = new ArrayList<String>();
        for (String entry : accepted == null ? new String[0] : accepted) {
            for (String part : entry.toLowerCase(Locale.ROOT).split("[,;]")) {
                String name = part.trim();
                String type = name;
                if (name.startsWith(".")) {
                    type = MimeTypeMap.getSingleton().getMimeTypeFromExtension(name.substring(1));
                }
                if (type == null || !type.isEmpty() && type.indexOf('/') < 0) {
                    return new String[0];
                }
                if (!type.isEmpty() && !types.contains(type)) {
                    types.add(type);
                }
            }
        }
        return types.toArray(new String[0]);
    }
}
