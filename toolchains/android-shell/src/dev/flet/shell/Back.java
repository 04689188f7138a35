package dev.flet.shell;

import android.window.OnBackInvokedCallback;
import android.window.OnBackInvokedDispatcher;

/** The back gesture from Android 13 on, where the manifest enables its callback. */
final class Back implements OnBackInvokedCallback {
    private final MainActivity activity;

    private Back(MainActivity activity) {
        this.activity = activity;
    }

    static void follow(MainActivity activity) {
        int priority = OnBackInvokedDispatcher.PRIORITY_DEFAULT;
        activity.getOnBackInvokedDispatcher().registerOnBackInvokedCallback(priority, new Back(activity));
    }

    @Override
    public void onBackInvoked() {
        activity.onBackPressed();
    }
}
