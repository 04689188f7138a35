package dev.flet.shell;

import android.app.Activity;
import android.content.pm.PackageManager;
import java.util.ArrayDeque;
import java.util.Queue;

/** The permissions of the app that a page needs; Android asks the user for one set after the other. */
final class Permissions {
    /** What follows once the user has answered. */
    interface Then {
        void then();
    }

    private static final int CODE = 3;

    private final Activity activity;
    private final Queue<String[]> wanted = new ArrayDeque<String[]>();
    private final Queue<Then> waiting = new ArrayDeque<Then>();

    Permissions(Activity activity) {
        this.activity = activity;
    }

    boolean has(String permission) {
        return activity.checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED;
    }

    /** Ask the user for what is missing; Android refuses at once what the manifest does not name. */
    void ask(String[] permissions, Then then) {
        boolean all = true;
        for (String permission : permissions) {
            all = all && has(permission);
        }
        if (all) {
            then.then();
            return;
        }
        wanted.add(permissions);
        waiting.add(then);
        if (waiting.size() == 1) {
            activity.requestPermissions(permissions, CODE);
        }
    }

    /** Android's answer. */
    void answered(int code) {
        if (code != CODE || waiting.isEmpty()) {
            return;
        }
        wanted.remove();
        waiting.remove().then();
        if (!wanted.isEmpty()) {
            activity.requestPermissions(wanted.peek(), CODE);
        }
    }
}
