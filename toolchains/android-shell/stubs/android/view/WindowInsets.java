package android.view;

import android.graphics.Insets;

public final class WindowInsets {
    public static final WindowInsets CONSUMED = null;

    public native Insets getInsets(int typeMask);

    public static final class Type {
        public static native int displayCutout();

        public static native int ime();

        public static native int systemBars();
    }
}
