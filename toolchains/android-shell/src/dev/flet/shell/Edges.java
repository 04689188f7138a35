package dev.flet.shell;

import android.app.Activity;
import android.graphics.Insets;
import android.view.View;
import android.view.WindowInsets;
import android.view.WindowInsetsController;

/** The room of system bars, keyboard and cut-outs, from Android 11 on; before, the system itself leaves it free. */
final class Edges {
    private static final int LIGHT =
            WindowInsetsController.APPEARANCE_LIGHT_STATUS_BARS | WindowInsetsController.APPEARANCE_LIGHT_NAVIGATION_BARS;

    private Edges() {}

    /** Keep what a view shows clear of them. */
    static void keep(View root) {
        root.setOnApplyWindowInsetsListener(new View.OnApplyWindowInsetsListener() {
            @Override
            public WindowInsets onApplyWindowInsets(View view, WindowInsets insets) {
                int kinds = WindowInsets.Type.systemBars() | WindowInsets.Type.displayCutout() | WindowInsets.Type.ime();
                Insets room = insets.getInsets(kinds);
                view.setPadding(room.left, room.top, room.right, room.bottom);
                return WindowInsets.CONSUMED;
            }
        });
    }

    /** Draw the signs in the bars so that they can be seen on a dark or light ground. */
    static void shade(Activity activity, boolean dark) {
        WindowInsetsController bars = activity.getWindow().getInsetsController();
        if (bars != null) {
            bars.setSystemBarsAppearance(dark ? 0 : LIGHT, LIGHT);
        }
    }
}
