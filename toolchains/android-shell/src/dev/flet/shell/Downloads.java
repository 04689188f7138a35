package dev.flet.shell;

import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.net.Uri;
import android.os.Bundle;
import android.util.Base64;
import android.util.Log;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Queue;

/** Files that a page saves: they gather in the app's cache, then the user says where each one goes. */
final class Downloads {
    static final int CODE = 2;
    private static final String STATE = "dev.flet.shell.download";
    private static final int CHUNK = 1 << 16;

    private final Activity activity;
    private final Queue<String[]> waiting = new ArrayDeque<String[]>(); // path in the cache, name, type
    private boolean asking;

    Downloads(Activity activity, Bundle state) {
        this.activity = activity;
        String[] last = state == null ? null : state.getStringArray(STATE);
        if (last != null) { // Android ended the app while it asked the user
            waiting.add(last);
            asking = true;
        }
    }

    void keep(Bundle state) {
        if (asking) {
            state.putStringArray(STATE, waiting.peek());
        }
    }

    /** The path of a new, empty file in the cache. */
    String begin() throws IOException {
        return File.createTempFile("download", null, activity.getCacheDir()).getPath();
    }

    /** Add bytes (base64) to a file of begin. */
    void write(String path, String bytes) throws IOException {
        OutputStream stream = new FileOutputStream(path, true);
        try {
            stream.write(Base64.decode(bytes, Base64.DEFAULT));
        } finally {
            stream.close();
        }
    }

    /** Ask the user where a whole file goes. */
    void end(String path, String name, String type) {
        String plain = name.replaceAll("[\\x00-\\x1f\\x7f/\\\\]", "_").trim();
        boolean typed = type.matches("[\\w.+-]+/[\\w.+-]+");
        waiting.add(new String[] {path, plain.isEmpty() ? "download" : plain, typed ? type : "application/octet-stream"});
        next();
    }

    /** Where the user wants it; no answer means nowhere. */
    void chosen(int result, Intent data) {
        asking = false;
        final String[] done = waiting.poll();
        final Uri place = result == Activity.RESULT_OK && data != null ? data.getData() : null;
        if (done != null && place != null) {
            new Thread("download") {
                @Override
                public void run() {
                    copy(new File(done[0]), place);
                }
            }.start();
        } else if (done != null) {
            new File(done[0]).delete();
        }
        next();
    }

    private void next() {
        if (asking || waiting.isEmpty()) {
            return;
        }
        Intent intent = new Intent(Intent.ACTION_CREATE_DOCUMENT);
        intent.addCategory(Intent.CATEGORY_OPENABLE);
        intent.setType(waiting.peek()[2]);
        intent.putExtra(Intent.EXTRA_TITLE, waiting.peek()[1]);
        asking = true;
        try {
            activity.startActivityForResult(intent, CODE);
        } catch (ActivityNotFoundException nobody) {
            chosen(Activity.RESULT_CANCELED, null);
        }
    }

    private void copy(File from, Uri to) {
        try {
            InputStream source = new FileInputStream(from);
            try {
                OutputStream place = activity.getContentResolver().openOutputStream(to, "wt");
                if (place == null) {
                    throw new IOException("the app that has " + to + " does not answer");
                }
                try {
                    byte[] chunk = new byte[CHUNK];
                    for (int size = source.read(chunk); size >= 0; size = source.read(chunk)) {
                        place.write(chunk, 0, size);
                    }
                } finally {
                    place.close();
                }
            } finally {
                source.close();
            }
        } catch (IOException broken) {
            Log.e("flet", "the file was not saved", broken);
        } catch (SecurityException closed) {
            Log.e("flet", "the file was not saved", closed);
        }
        from.delete();
    }
}
