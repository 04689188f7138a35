package android.view;

import android.content.Context;

public class View {
    public static final int SYSTEM_UI_FLAG_LIGHT_NAVIGATION_BAR = 0x00000010;
    public static final int SYSTEM_UI_FLAG_LIGHT_STATUS_BAR = 0x00002000;

    public View(Context context) {}

    public native void setBackgroundColor(int color);

    public native void setOnApplyWindowInsetsListener(OnApplyWindowInsetsListener listener);

    public native void setPadding(int left, int top, int right, int bottom);

    public native void setSystemUiVisibility(int visibility);

    public interface OnApplyWindowInsetsListener {
        WindowInsets onApplyWindowInsets(View v, WindowInsets insets);
    }
}
